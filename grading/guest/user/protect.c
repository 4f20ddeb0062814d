/* A right that is taken away is gone with the return of the call. */
#include "fault.h"

#define HEAP 0x50000000UL

static uva_t at;
static u64 table, frame, nonce;

/* Change the right; the very next access is a write, then a read. */
static void change(const char *to, u64 perm)
{
	i64 error = hv8_protect_frame(table, table_index(at, 3), frame, perm);
	u64 wrote = try_write(at, nonce * perm), value = 0, read = try_read(at, &value);

	print(to);
	print(": ");
	print_decimal(error);
	print(", ");
	print_fault(wrote, at);
	print(", ");
	print_fault(read, at);
	print(", holds ");
	print_hex(value);
	print(PAGES[frame].perm == perm ? "\n" : ", and the table of pages says another right\n");
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid();
	i64 flushes, i;
	u64 value;

	nonce = argument(arguments, "nonce");
	at = HEAP + (nonce & 0xff) * 4096;
	faults_begin();
	frame = (u64)map_page(me, at, VM_RW);
	table = (u64)table_of(me, 3, at);
	map_page(me, at + 4096, VM_RW);
	*(volatile u64 *)at = nonce;
	*(volatile u64 *)(at + 4096) = nonce;
	flushes = hv8_stat(STAT_FLUSH_PAGE);
	change("rw- to r--", VM_R);
	change("r-- to rw-", VM_RW);
	change("rw- to r-x", VM_RX);
	change("r-x to rw- EL0", VM_RW | VM_EL0);
	change("rw- EL0 to r-- EL0", VM_R | VM_EL0);
	change("r-- EL0 to rw-", VM_RW);
	change("rw- to r--", VM_R);
	line_decimal("flushes", hv8_stat(STAT_FLUSH_PAGE) - flushes);
	line_fault("beside it", try_write(at + 4096, nonce + 1), at + 4096);

	/* And unmapped, and mapped read-only at once: a new frame has a right of its own. */
	hv8_free_frame(table, table_index(at, 3), frame);
	frame = (u64)map_page(me, at, VM_R);
	value = nonce;
	line_fault("new frame", try_write(at, nonce), at);
	try_read(at, &value);
	line_hex("new frame holds", value);
	for (i = 0; i < 100; i++) { /* back and forth: the last right counts */
		hv8_protect_frame(table, table_index(at, 3), frame, VM_RW);
		if (try_write(at, nonce + (u64)i))
			break;
		hv8_protect_frame(table, table_index(at, 3), frame, VM_R);
		if (!try_write(at, 0))
			break;
	}
	line_decimal("rounds", i);
	line_hex("holds", *(volatile u64 *)at);
	return 0;
}
