/*
 * Pages arrive empty: what their last owner left is gone, be it this process or a dead one, and whether the page
 * becomes a frame or a table.
 */
#include "fault.h"

#define HEAP 0x50000000UL

static u64 nonce, me;

static void dirty(uva_t at)
{
	u64 i;

	for (i = 0; i < 512; i++)
		((volatile u64 *)at)[i] = nonce + i;
}

/* All bits of a page, ORed: 0 only if every word is. */
static u64 bits(uva_t at)
{
	u64 i, all = 0;

	for (i = 0; i < 512; i++)
		all |= ((volatile u64 *)at)[i];
	return all;
}

/* The physical address of what is mapped at @p at, by the walker that EL1 can ask. */
static u64 physical(uva_t at)
{
	u64 par;

	__asm__ volatile("at s1e1r, %1\n\tisb\n\tmrs %0, par_el1" : "=r"(par) : "r"(at));
	return par & 0xfffffffff000;
}

int main(const char *arguments)
{
	u64 frame, table, i, first, value = 0;
	i64 child, mine;
	uva_t at;

	me = (u64)hv8_getpid();
	nonce = argument(arguments, "nonce");
	at = HEAP + (nonce & 0x7f) * 4096;
	faults_begin();

	frame = (u64)map_page(me, at, VM_RW);
	table = (u64)table_of(me, 3, at);
	dirty(at);
	line_hex("dirty, word 511", ((volatile u64 *)at)[511]);
	hv8_free_frame(table, table_index(at, 3), frame);
	line_decimal("the same page elsewhere",
	             hv8_alloc_frame(me, table, table_index(at, 3) + 1, frame, VM_RW));
	line_hex("its bits", bits(at + 4096));

	/* A child dirties a page, dies, and leaves it. */
	child = fork_or_end();
	if (child == 0) {
		mine = map_page((u64)hv8_getpid(), HEAP + 0x180000, VM_RW);
		dirty(HEAP + 0x180000);
		return (int)mine;
	}
	while (PROCS[child].state != PROC_ZOMBIE)
		yield();
	frame = (u64)PROCS[child].status;
	line_decimal("the child's page is its own", PAGES[frame].owner == (u64)child);
	line_decimal("taken as it is",
	             hv8_alloc_frame(me, table, table_index(at, 3) + 2, frame, VM_RW));
	line_decimal("reclaimed", hv8_reclaim_page(frame));
	line_decimal("taken", hv8_alloc_frame(me, table, table_index(at, 3) + 2, frame, VM_RW));
	line_hex("its bits", bits(at + 2 * 4096));
	line_decimal("buried", bury((u64)child));

	/* Forged entries, each a valid page descriptor for this process's root table, on a page that becomes a table. */
	dirty(at + 2 * 4096);
	first = physical(at + 2 * 4096) - frame * 4096;
	for (i = 0; i < 512; i++)
		((volatile u64 *)(at + 2 * 4096))[i] = (first + PROCS[me].root * 4096) | 0xf43;
	hv8_free_frame(table, table_index(at, 3) + 2, frame);
	line_decimal("a table of forged entries",
	             hv8_alloc_table(me, 3, (u64)table_of(me, 2, 0x60000000),
	                             table_index(0x60000000, 2), frame));
	value = nonce;
	line_fault("through them", try_read(0x60000000 + (nonce & 0x1ff) * 4096, &value),
	           0x60000000 + (nonce & 0x1ff) * 4096);
	line_hex("seen", value);
	line_decimal("entries", PAGES[frame].used);
	return 0;
}
