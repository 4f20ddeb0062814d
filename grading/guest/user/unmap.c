/* What is unmapped is gone with the return of the call: behind free_frame the very next access faults. */
#include "fault.h"

#define HEAP  0x50000000UL
#define COUNT 64

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), nonce = argument(arguments, "nonce");
	const uva_t at = HEAP + (nonce & 0x7f) * 4096, beside = at + 4096;
	u64 table, index = table_index(at, 3), frame, value = 0, i, faults = 0, esr;
	u64 frames[COUNT];
	i64 flushes, error;

	faults_begin();
	frame = (u64)map_page(me, at, VM_RW);
	map_page(me, beside, VM_RW);
	table = (u64)table_of(me, 3, at);
	*(volatile u64 *)at = nonce;
	*(volatile u64 *)beside = nonce + 1;
	line_hex("mapped, holds", *(volatile u64 *)at * 3);

	error = hv8_free_frame(table, index, frame);
	esr = try_read(at, &value);
	line_decimal("freed", error);
	line_fault("next read", esr, at);
	line_fault("next write", try_write(at, nonce), at);

	/* The same frame elsewhere, then another one at the same address: the first must not shine through. */
	error = hv8_alloc_frame(me, table, index + 2, frame, VM_RW);
	*(volatile u64 *)(at + 2 * 4096) = nonce + 2;
	line_decimal("the frame elsewhere", error);
	line_fault("still there", try_read(at, &value), at);
	frame = (u64)map_page(me, at, VM_RW);
	esr = try_read(at, &value);
	line_hex("mapped anew, reads", value);
	*(volatile u64 *)at = nonce + 3;
	error = hv8_free_frame(table, index, frame);
	esr = try_read(at, &value);
	line_decimal("freed again", error);
	line_fault("next read", esr, at);
	line_hex("beside it", *(volatile u64 *)beside);
	line_hex("elsewhere", *(volatile u64 *)(at + 2 * 4096));

	flushes = hv8_stat(STAT_FLUSH_PAGE);
	for (i = 0; i < COUNT; i++) {
		frames[i] = (u64)map_page(me, HEAP + 0x100000 + i * 4096, VM_RW);
		*(volatile u64 *)(HEAP + 0x100000 + i * 4096) = nonce * i;
	}
	for (i = 0; i < COUNT; i++) {
		uva_t one = HEAP + 0x100000 + i * 4096;

		hv8_free_frame(table, table_index(one, 3), frames[i]);
		faults += try_read(one, &value) >> 26 == 0x25 && attempt.far == one;
	}
	line_decimal("of 64 freed pages fault", (i64)faults);
	line_decimal("flushes", hv8_stat(STAT_FLUSH_PAGE) - flushes);
	line_decimal("entries left", PAGES[table].used);
	line_decimal("the page is free", PAGES[frames[63]].type == PAGE_FREE);
	return 0;
}
