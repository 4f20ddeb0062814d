/* Takes a path of tables down again, from below: a table goes when it is empty, not before, and its page is a page
 * like any other. */
#include "fault.h"

#define FAR 0x654321000000UL

static u64 me;

static void free_table(const char *what, u64 from, uva_t uva, int level, u64 to)
{
	print(what);
	print(": ");
	print_decimal(hv8_free_table(from, table_index(uva, level), to));
	print(", used ");
	print_decimal(PAGES[from].used);
	print(PAGES[to].type == PAGE_FREE ? ", the table is free\n" : "\n");
}

int main(const char *arguments)
{
	u64 nonce = argument(arguments, "nonce"), root, l1, l2, l3, before, value = 0;
	i64 frame;
	uva_t at;

	me = (u64)hv8_getpid();
	root = PROCS[me].root;
	at = FAR + (nonce & 0x7fff) * 4096;
	before = PROCS[me].npages;
	faults_begin();
	frame = map_page(me, at, VM_RW);
	l3 = (u64)table_of(me, 3, at);
	l2 = (u64)table_of(me, 2, at);
	l1 = (u64)table_of(me, 1, at);
	*(volatile u64 *)at = nonce;
	line_hex("mapped, holds", *(volatile u64 *)at ^ 1);
	line_decimal("pages", (i64)(PROCS[me].npages - before));
	free_table("level 3, not empty", l2, at, 2, l3);
	free_table("level 2, not empty", l1, at, 1, l2);
	free_table("level 1, not empty", root, at, 0, l1);
	line_hex("still holds", *(volatile u64 *)at);
	line_decimal("frame", hv8_free_frame(l3, table_index(at, 3), (u64)frame));
	free_table("level 3, not there", l2, at ^ 0x200000, 2, l3);
	free_table("level 3, another", l1, at, 1, l3);
	free_table("level 3", l2, at, 2, l3);
	line_fault("read", try_read(at, &value), at);
	free_table("level 3 again", l2, at, 2, l3);
	free_table("level 2", l1, at, 1, l2);
	line_fault("read", try_read(at, &value), at);
	free_table("level 1", root, at, 0, l1);
	line_fault("read", try_read(at, &value), at);
	line_decimal("pages", (i64)(PROCS[me].npages - before));

	/* The same pages in other roles: the level 1 table is a frame now, the others are tables the other way around. */
	line_decimal("level 1", hv8_alloc_table(me, 1, root, table_index(at, 0), (u64)frame));
	line_decimal("level 2", hv8_alloc_table(me, 2, (u64)frame, table_index(at, 1), l3));
	line_decimal("level 3", hv8_alloc_table(me, 3, l3, table_index(at, 2), l2));
	line_decimal("frame", hv8_alloc_frame(me, l2, table_index(at, 3), l1, VM_RW));
	line_hex("holds", *(volatile u64 *)at);
	*(volatile u64 *)at = nonce * 5;
	line_hex("holds", *(volatile u64 *)at);
	return 0;
}
