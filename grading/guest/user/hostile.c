/*
 * Process 1 has memory and builds an embryo; process 2 tries everything that it must not do to them, to the kernel and
 * to itself. Each refusal is printed, and behind each one the kernel's tables are compared with before.
 */
#include "fault.h"

#define HEAP    0x50000000UL
#define VICTIM  1UL
#define ME      2UL
#define EMBRYO  7UL /* of the victim */
#define OWN     8UL /* of process 2 */
#define NONSUCH 9UL
#define SOME    4096 /* pages; all that are in use are among them */

static u64 before, tried, wrong;

/* A number that any change of the tables changes. */
static u64 sum_of_tables(u64 npages)
{
	const volatile u64 *at;
	u64 sum = 0;

	for (at = (const volatile u64 *)PAGES; at < (const volatile u64 *)(PAGES + npages); at++)
		sum = (sum ^ *at) * 0x100000001b3;
	for (at = (const volatile u64 *)PROCS; at < (const volatile u64 *)(PROCS + NPROC); at++)
		sum = (sum ^ *at) * 0x100000001b3;
	for (at = (const volatile u64 *)FILES; at < (const volatile u64 *)(FILES + NFILE); at++)
		sum = (sum ^ *at) * 0x100000001b3;
	return sum;
}

static void refused(const char *what, i64 result)
{
	u64 now = sum_of_tables(SOME);

	tried++;
	print("  ");
	print(what);
	print(": ");
	print_decimal(result);
	print(now == before ? "\n" : ", and the tables have changed\n");
	wrong += result >= 0 || now != before;
	before = now;
}

static int victim(u64 nonce)
{
	u64 frame, table;

	map_page(VICTIM, HEAP, VM_RW);
	*(volatile u64 *)HEAP = nonce;
	hv8_clone(EMBRYO, (u64)free_page());
	frame = (u64)map_page(EMBRYO, HEAP, VM_RW);
	table = (u64)page_of(EMBRYO, PAGE_L3, HEAP);
	hv8_create(4, 11, 5, nonce, 0);
	while (PROCS[ME].state != PROC_ZOMBIE && PROCS[ME].state != PROC_FREE)
		yield();
	print("the victim has ");
	print_hex(*(volatile u64 *)HEAP * 3);
	line_decimal(", and its embryo is as it was",
	             PROCS[EMBRYO].state == PROC_EMBRYO && PAGES[frame].owner == EMBRYO &&
	                     PAGES[table].used == 1 && PROCS[EMBRYO].npages == 5);
	return 0;
}

static void tables(u64 root, u64 l2, u64 l3, u64 frame, u64 spare)
{
	const u64 his = PROCS[VICTIM].root, hers = PROCS[EMBRYO].root, mine = PROCS[OWN].root;
	const u64 hole = 300; /* an empty entry of root, l2 and l3 */

	print("alloc_table\n");
	refused("level 0", hv8_alloc_table(ME, 0, root, hole, spare));
	refused("level 0, in a frame", hv8_alloc_table(ME, 0, frame, hole, spare));
	refused("level 4", hv8_alloc_table(ME, 4, l3, hole, spare));
	refused("level -1", hv8_alloc_table(ME, ~0UL, root, hole, spare));
	refused("level 2 in the root", hv8_alloc_table(ME, 2, root, hole, spare));
	refused("level 1 in a level 2 table", hv8_alloc_table(ME, 1, l2, hole, spare));
	refused("in a frame", hv8_alloc_table(ME, 1, frame, hole, spare));
	refused("in a free page", hv8_alloc_table(ME, 1, spare, hole, spare));
	refused("in a page that does not exist", hv8_alloc_table(ME, 1, NPAGE, hole, spare));
	refused("in page root + 2^32", hv8_alloc_table(ME, 1, root + (1UL << 32), hole, spare));
	refused("entry 512", hv8_alloc_table(ME, 1, root, 512, spare));
	refused("entry -1", hv8_alloc_table(ME, 1, root, ~0UL, spare));
	refused("a page that does not exist", hv8_alloc_table(ME, 1, root, hole, NPAGE));
	refused("page + 2^32", hv8_alloc_table(ME, 1, root, hole, spare + (1UL << 32)));
	refused("for process 64", hv8_alloc_table(NPROC, 1, root, hole, spare));
	refused("for process 2 + 2^32", hv8_alloc_table(ME + (1UL << 32), 1, root, hole, spare));
	refused("in another's root", hv8_alloc_table(VICTIM, 1, his, hole, spare));
	refused("in another's root, for me", hv8_alloc_table(ME, 1, his, hole, spare));
	refused("in my root, for another", hv8_alloc_table(VICTIM, 1, root, hole, spare));
	refused("in my root, for nobody", hv8_alloc_table(0, 1, root, hole, spare));
	refused("in another's embryo", hv8_alloc_table(EMBRYO, 1, hers, hole, spare));
	refused("in my embryo, for me", hv8_alloc_table(ME, 1, mine, hole, spare));
	refused("in my root, for my embryo", hv8_alloc_table(OWN, 1, root, hole, spare));
	refused("entry taken", hv8_alloc_table(ME, 3, l2, table_index(HEAP, 2), spare));
	refused("page taken", hv8_alloc_table(ME, 1, root, hole, frame));
	refused("the root below itself", hv8_alloc_table(ME, 1, root, hole, root));
	refused("another's root below mine", hv8_alloc_table(ME, 1, root, hole, his));
}

static void frames(u64 root, u64 l2, u64 l3, u64 frame, u64 spare)
{
	const u64 his = (u64)page_of(VICTIM, PAGE_L3, HEAP),
		  hers = (u64)page_of(EMBRYO, PAGE_L3, HEAP),
		  prey = (u64)page_of(VICTIM, PAGE_FRAME, HEAP),
		  unborn = (u64)page_of(EMBRYO, PAGE_FRAME, HEAP);
	const u64 hole = 300, at = table_index(HEAP, 3);

	/* With two mistakes at once the first error of the documentation counts. */
	refused("in another's root, of no page",
	        hv8_alloc_table(VICTIM, 1, PROCS[VICTIM].root, hole, NPAGE));

	print("alloc_frame\n");
	refused("no right", hv8_alloc_frame(ME, l3, hole, spare, 0));
	refused("no right, EL0", hv8_alloc_frame(ME, l3, hole, spare, VM_EL0));
	refused("right 8", hv8_alloc_frame(ME, l3, hole, spare, 8 | VM_RW));
	refused("right 2^32 + rw-", hv8_alloc_frame(ME, l3, hole, spare, 1UL << 32 | VM_RW));
	refused("in a level 2 table", hv8_alloc_frame(ME, l2, hole, spare, VM_RW));
	refused("in the root", hv8_alloc_frame(ME, root, hole, spare, VM_RW));
	refused("in a frame", hv8_alloc_frame(ME, frame, hole, spare, VM_RW));
	refused("in a page that does not exist", hv8_alloc_frame(ME, NPAGE, hole, spare, VM_RW));
	refused("entry 512", hv8_alloc_frame(ME, l3, 512, spare, VM_RW));
	refused("entry 2^61", hv8_alloc_frame(ME, l3, 1UL << 61, spare, VM_RW));
	refused("a page that does not exist", hv8_alloc_frame(ME, l3, hole, NPAGE, VM_RW));
	refused("page -1", hv8_alloc_frame(ME, l3, hole, ~0UL, VM_RW));
	refused("page + 2^32", hv8_alloc_frame(ME, l3, hole, spare + (1UL << 32), VM_RW));
	refused("in table + 2^32", hv8_alloc_frame(ME, l3 + (1UL << 32), hole, spare, VM_RW));
	refused("for process 64", hv8_alloc_frame(NPROC, l3, hole, spare, VM_RW));
	refused("in another's table", hv8_alloc_frame(VICTIM, his, hole, spare, VM_RW));
	refused("in another's table, for me", hv8_alloc_frame(ME, his, hole, spare, VM_RW));
	refused("in my table, for another", hv8_alloc_frame(VICTIM, l3, hole, spare, VM_RW));
	refused("in another's embryo", hv8_alloc_frame(EMBRYO, hers, hole, spare, VM_RW));
	refused("in my table, for my embryo", hv8_alloc_frame(OWN, l3, hole, spare, VM_RW));
	refused("entry taken", hv8_alloc_frame(ME, l3, at, spare, VM_RW));
	refused("my frame twice", hv8_alloc_frame(ME, l3, hole, frame, VM_RW));
	refused("another's frame", hv8_alloc_frame(ME, l3, hole, prey, VM_R));
	refused("an embryo's frame", hv8_alloc_frame(ME, l3, hole, unborn, VM_R));
	refused("my root, to write it", hv8_alloc_frame(ME, l3, hole, root, VM_RW));
	refused("another's table, to write it", hv8_alloc_frame(ME, l3, hole, his, VM_RW));

	refused("in another's table, without a right",
	        hv8_alloc_frame(VICTIM, his, hole, spare, 0));
	refused("in another's table, of no page", hv8_alloc_frame(VICTIM, his, hole, NPAGE, VM_RW));
	refused("in another's table, of a page taken",
	        hv8_alloc_frame(VICTIM, his, hole, frame, VM_RW));

	print("protect_frame\n");
	refused("no right", hv8_protect_frame(l3, at, frame, 0));
	refused("right 10", hv8_protect_frame(l3, at, frame, 8 | VM_RW));
	refused("empty entry", hv8_protect_frame(l3, hole, frame, VM_RW));
	refused("another entry", hv8_protect_frame(l3, at + 1, frame, VM_RW));
	refused("entry 512", hv8_protect_frame(l3, 512, frame, VM_RW));
	refused("not a table", hv8_protect_frame(frame, at, frame, VM_RW));
	refused("level 2", hv8_protect_frame(l2, table_index(HEAP, 2), l3, VM_RW));
	refused("a page that does not exist", hv8_protect_frame(l3, at, NPAGE, VM_RW));
	refused("page + 2^32", hv8_protect_frame(l3, at, frame + (1UL << 32), VM_R));
	refused("another's frame in my table", hv8_protect_frame(l3, at, prey, VM_RW));
	refused("another's", hv8_protect_frame(his, at, prey, VM_RW));
	refused("another's embryo", hv8_protect_frame(hers, at, unborn, VM_R));

	refused("another's, without a right", hv8_protect_frame(his, at, prey, 0));
	refused("another's, with my frame", hv8_protect_frame(his, at, frame, VM_RW));

	print("free_frame\n");
	refused("empty entry", hv8_free_frame(l3, hole, frame));
	refused("another entry", hv8_free_frame(l3, at + 1, frame));
	refused("entry 512", hv8_free_frame(l3, 512, frame));
	refused("not a table", hv8_free_frame(frame, at, frame));
	refused("a table", hv8_free_frame(l2, table_index(HEAP, 2), l3));
	refused("a page that does not exist", hv8_free_frame(l3, at, NPAGE));
	refused("page + 2^32", hv8_free_frame(l3, at, frame + (1UL << 32)));
	refused("another's frame in my table", hv8_free_frame(l3, at, prey));
	refused("another's", hv8_free_frame(his, at, prey));
	refused("another's embryo", hv8_free_frame(hers, at, unborn));

	refused("another's, with my frame", hv8_free_frame(his, at, frame));

	print("free_table\n");
	refused("not empty", hv8_free_table(l2, table_index(HEAP, 2), l3));
	refused("empty entry", hv8_free_table(l2, hole, l3));
	refused("a frame", hv8_free_table(l3, at, frame));
	refused("another's",
	        hv8_free_table(PROCS[VICTIM].root, 0, (u64)page_of(VICTIM, PAGE_L1, 0)));

	print("copy_frame, reclaim_page, kernel pages\n");
	refused("copy from another", hv8_copy_frame(prey, ME, frame));
	refused("copy to another", hv8_copy_frame(frame, VICTIM, prey));
	refused("copy to another's embryo", hv8_copy_frame(frame, EMBRYO, unborn));
	refused("copy to a table", hv8_copy_frame(frame, ME, l3));
	refused("reclaim my own", hv8_reclaim_page(frame));
	refused("reclaim another's", hv8_reclaim_page(prey));
	refused("reclaim a free page", hv8_reclaim_page(spare));
	refused("reclaim no page", hv8_reclaim_page(NPAGE));
	refused("map part 256 of the pages", hv8_map_pages(l3, hole, PAGES_PAGES));
	refused("map over a frame", hv8_map_procs(l3, at, 0));
	refused("map into another", hv8_map_procs(his, hole, 0));
	refused("map vectors in level 2", hv8_map_vectors(l2, hole));
	refused("unmap a frame", hv8_unmap_kernel(l3, at));
	refused("unmap nothing", hv8_unmap_kernel(l3, hole));
}

static void processes(u64 root, u64 spare)
{
	print("processes\n");
	refused("clone to a living pid", hv8_clone(VICTIM, spare));
	refused("clone to nobody", hv8_clone(0, spare));
	refused("clone to process 64", hv8_clone(NPROC, spare));
	refused("clone with a taken page", hv8_clone(NONSUCH, root));
	refused("clone with no page", hv8_clone(NONSUCH, NPAGE));
	refused("start another's embryo", hv8_set_runnable(EMBRYO));
	refused("start the running", hv8_set_runnable(ME));
	refused("name another's embryo", hv8_set_name(EMBRYO, 'x', 0));
	refused("switch to an embryo", hv8_switch(EMBRYO));
	refused("kill another", hv8_kill(VICTIM));
	refused("kill another's embryo", hv8_kill(EMBRYO));
	refused("kill nobody", hv8_kill(0));
	refused("reap another's embryo", hv8_reap(EMBRYO));
	refused("adopt out another's embryo", hv8_reparent(EMBRYO));
	refused("close another's descriptor", hv8_close(VICTIM, 4));
	refused("power off", hv8_poweroff());
	refused("take the console", hv8_console_give(ME));
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce");
	u64 root, l2, l3, frame, spare, whole;

	if (hv8_getpid() == VICTIM)
		return victim(nonce);
	root = PROCS[ME].root;
	frame = (u64)map_page(ME, HEAP, VM_RW);
	map_page(ME, HEAP + 4096, VM_RW);
	l2 = (u64)page_of(ME, PAGE_L2, 0x40000000);
	l3 = (u64)page_of(ME, PAGE_L3, HEAP);
	*(volatile u64 *)HEAP = nonce;
	hv8_clone(OWN, (u64)free_page());
	spare = (u64)free_page();
	whole = sum_of_tables(NPAGE);
	before = sum_of_tables(SOME);
	tables(root, l2, l3, frame, spare);
	frames(root, l2, l3, frame, spare);
	processes(root, spare);
	line_decimal("tried", (i64)tried);
	line_decimal("not refused, or with effect", (i64)wrong);
	line_decimal("all tables are as before", sum_of_tables(NPAGE) == whole);
	line_hex("my own page holds", *(volatile u64 *)HEAP + tried);
	/* And the page that was refused so often is to be had. */
	line_decimal("at last", hv8_alloc_frame(ME, l3, 300, spare, VM_RW));
	line_decimal("its owner", PAGES[spare].owner);
	return 0;
}
