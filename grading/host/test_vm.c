/*
 * Process memory: which pages there are, who owns each, and what the walker makes of the tables
 * that vm_map() builds of them; and what of a process's memory the kernel may read.
 */
#include "unit.h"

#include <hv8/board.h>
#include <hv8/page.h>
#include <hv8/pl011.h>
#include <hv8/proc.h>
#include <hv8/vm.h>
#include <machine.h>
#include <uapi/errno.h>
#include <uapi/hypercall.h>
#include <stdlib.h>
#include <string.h>

static void add(struct range *ranges, int *count, pa_t start, pa_t end)
{
	ranges[(*count)++] = (struct range){ start, end };
}

static void small_board(u64 size)
{
	model_reset();
	add(board.memory, &board.nmemory, MODEL_DRAM, MODEL_DRAM + size * PAGE_SIZE);
	page_init();
}

/* ---- page.c ---------------------------------------------------------------------------------- */

static void pages_are(pa_t start, u32 count)
{
	page_init();
	assert_int_equal(page_count(), count);
	assert_int_equal(page_pa(0), start);
	assert_int_equal(page_pa(count - 1), start + (count - 1) * PAGE_SIZE);
}

static void the_largest_free_piece(void **state)
{
	add(board.memory, &board.nmemory, 0x40000000, 0x42000000);
	board.image = (struct range){ 0x40200000, 0x40217000 };
	board.fdt = (struct range){ 0x41800000, 0x41800678 };
	pages_are(0x40217000, 0x15e9);
	model_reset();
	add(board.memory, &board.nmemory, 0x40000000, 0x42000000);
	board.fdt = (struct range){ 0x40000010, 0x40000700 };
	board.initrd = (struct range){ 0x41801001, 0x41ffffff };
	pages_are(0x40001000,
	          0x1800); /* pages that the device tree or the initrd touch are not free */
	model_reset();
	add(board.memory, &board.nmemory, 0x40000800, 0x40003800);
	pages_are(0x40001000, 2);
}

static void reserved_memory_is_not_taken(void **state)
{
	add(board.memory, &board.nmemory, 0x40000000, 0x40010000);
	add(board.memory, &board.nmemory, 0x50000000, 0x50010000);
	add(board.reserved, &board.nreserved, 0x40003000, 0x40008000);
	add(board.reserved, &board.nreserved, 0x40001000,
	    0x40005000); /* overlapping, out of order */
	add(board.reserved, &board.nreserved, 0x40004000, 0x40004001);
	add(board.reserved, &board.nreserved, 0x50004800, 0x50004801);
	add(board.reserved, &board.nreserved, 0x5000ffff, 0x60000000);
	add(board.reserved, &board.nreserved, 0x40001000, 0x40001000); /* empty */
	pages_are(0x50005000, 10);
}

static void every_hole_against_a_rule(void **state)
{
	int round, i, pn;

	for (round = 0; round < 2000; round++) {
		bool used[64] = { false };
		u32 longest = 0, run = 0;

		model_reset();
		model_random();
		for (i = 0; i < round % 5000; i++)
			model_random(); /* another series each time */
		add(board.memory, &board.nmemory, MODEL_DRAM, MODEL_DRAM + 64 * PAGE_SIZE);
		for (i = 0; i < 4; i++) {
			u64 start = model_random() % (64 * PAGE_SIZE),
			    size = model_random() % (8 * PAGE_SIZE) + 1;
			u64 at;

			add(board.reserved, &board.nreserved, MODEL_DRAM + start,
			    MODEL_DRAM + start + size);
			for (at = start / PAGE_SIZE;
			     at < 64 && at <= (start + size - 1) / PAGE_SIZE; at++)
				used[at] = true;
		}
		for (i = 0; i < 64; i++) {
			run = used[i] ? 0 : run + 1;
			longest = run > longest ? run : longest;
		}
		page_init();
		assert_int_equal(page_count(), longest);
		for (pn = 0; pn < (int)page_count(); pn++)
			assert_false(used[(page_pa((pn_t)pn) - MODEL_DRAM) / PAGE_SIZE]);
	}
}

static void page_0_is_not_taken(void **state)
{
	add(board.memory, &board.nmemory, 0, 0x8000);
	pages_are(0x1000, 7);
}

static void pages_that_the_board_lacks_are_not_free(void **state)
{
	u32 pn;

	small_board(100);
	for (pn = 0; pn < NPAGE; pn++)
		assert_int_equal(pages[pn].type, pn < 100 ? PAGE_FREE : PAGE_NONE);
}

static void no_more_pages_than_the_table_has(void **state)
{
	add(board.memory, &board.nmemory, 0x80000000, 0x8000000000);
	pages_are(0x80000000, NPAGE);
	assert_int_equal(page_at(0x80000000 + NPAGE * PAGE_SIZE), -1);
	assert_int_equal(page_at(0x80000000 + NPAGE * PAGE_SIZE - 1), NPAGE - 1);
}

static void do_page_init(void *unused)
{
	page_init();
}

static void no_memory_is_a_panic(void **state)
{
	board.uart = (struct range){ model.uart.base, model.uart.base + PAGE_SIZE };
	pl011_init(model.uart.base, 24000000);
	add(board.memory, &board.nmemory, 0x40000000, 0x40002000);
	add(board.reserved, &board.nreserved, 0x40000fff, 0x40001001);
	assert_int_equal(model_run(do_page_init, NULL), MODEL_OFF);
	assert_non_null(strstr(model_output(), "hv8: panic: no memory is left for processes"));
}

static void page_numbers_and_addresses(void **state)
{
	small_board(100);
	assert_int_equal(page_at(MODEL_DRAM), 0);
	assert_int_equal(page_at(MODEL_DRAM + PAGE_SIZE - 1), 0);
	assert_int_equal(page_at(MODEL_DRAM + PAGE_SIZE), 1);
	assert_int_equal(page_at(page_pa(99) + 0xfff), 99);
	assert_int_equal(page_at(page_pa(99) + 0x1000), -1);
	assert_int_equal(page_at(MODEL_DRAM - 1), -1);
	assert_int_equal(page_at(0), -1);
	assert_int_equal(page_at(~0UL), -1);
}

static bool all_zero(pa_t pa)
{
	static const u8 zeros[PAGE_SIZE];

	return !memcmp(pa_pointer(pa), zeros, PAGE_SIZE);
}

static void pages_are_given_once_and_zeroed(void **state)
{
	bool seen[50] = { false };
	int i, pn;

	small_board(50);
	memset((void *)MODEL_DRAM, 0xa5, 51 * PAGE_SIZE);
	for (i = 0; i < 50; i++) {
		pn = page_take((pid_t)(i % 7 + 1), i % 2 ? PAGE_FRAME : PAGE_L3, (u64)i << 12);
		assert_in_range(pn, 0, 49);
		assert_false(seen[pn]);
		seen[pn] = true;
		assert_int_equal(pages[pn].owner, i % 7 + 1);
		assert_int_equal(pages[pn].type, i % 2 ? PAGE_FRAME : PAGE_L3);
		assert_int_equal(pages[pn].va, (u64)i << 12);
		assert_true(all_zero(page_pa((pn_t)pn)));
		/* and in memory too: its owner may throw cached lines away */
		assert_int_equal(model.cleaned_start, page_pa((pn_t)pn));
		assert_int_equal(model.cleaned_end, page_pa((pn_t)pn) + PAGE_SIZE);
		memset(pa_pointer(page_pa((pn_t)pn)), i, PAGE_SIZE);
	}
	assert_int_equal(page_take(1, PAGE_FRAME, 0), -ENOMEM);
	assert_int_equal(*(u8 *)(MODEL_DRAM + 50 * PAGE_SIZE), 0xa5);
}

static void pages_given_back_are_zeroed_again(void **state)
{
	int i, taken = 0;

	small_board(20);
	for (i = 0; i < 20; i++)
		memset(pa_pointer(page_pa((pn_t)page_take((pid_t)(i % 2 + 1), PAGE_FRAME, 0))),
		       0x5a, PAGE_SIZE);
	page_free_all(2);
	for (i = 0; i < 20; i++)
		assert_true(pages[i].owner == 1
		                    ? pages[i].type == PAGE_FRAME
		                    : pages[i].owner == 0 && pages[i].type == PAGE_FREE);
	while ((i = page_take(3, PAGE_L1, 0)) >= 0) {
		assert_true(all_zero(page_pa((pn_t)i)));
		taken++;
	}
	assert_int_equal(i, -ENOMEM);
	assert_int_equal(taken, 10);
	page_free_all(5); /* nobody's */
	assert_int_equal(page_take(3, PAGE_L1, 0), -ENOMEM);
}

/* ---- vm.c ------------------------------------------------------------------------------------ */

static pn_t new_root(pid_t pid)
{
	int root = page_take(pid, PAGE_L0, 0);

	assert_true(root >= 0);
	model_sysreg_set("ttbr0_el1", page_pa((pn_t)root));
	model_sysreg_set("tcr_el1", vm_tcr());
	model_sysreg_set("mair_el1", 0x04ff);
	model_sysreg_set("sctlr_el1", 1);
	return (pn_t)root;
}

static void what_each_permission_allows(void **state)
{
	static const struct {
		int perm;
		bool write, execute, el0_read, el0_write, el0_execute;
	} cases[] = {
		{ VM_R, false, false, false, false, false },
		{ VM_RW, true, false, false, false, false },
		{ VM_RX, false, true, false, false, false },
		{ VM_R | VM_EL0, false, false, true, false, false },
		{ VM_RW | VM_EL0, true, false, true, true, false },
		{ VM_RX | VM_EL0, false, true, true, false, true },
	};
	size_t i;
	pn_t root;

	small_board(32);
	root = new_root(1);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		uva_t uva = 0x400000 + i * PAGE_SIZE;
		struct model_translation t;

		assert_int_equal(vm_map(1, root, uva, 0x50000000 + i * PAGE_SIZE, cases[i].perm),
		                 0);
		t = model_translate(1, uva + 5);
		assert_null(t.fault);
		assert_int_equal(t.level, 3);
		assert_int_equal(t.pa, 0x50000005 + i * PAGE_SIZE);
		assert_true(t.read);
		assert_int_equal(t.write, cases[i].write);
		assert_int_equal(t.execute, cases[i].execute);
		assert_int_equal(t.el0_read, cases[i].el0_read);
		assert_int_equal(t.el0_write, cases[i].el0_write);
		assert_int_equal(t.el0_execute, cases[i].el0_execute);
		assert_int_equal(t.memory, 0xff);
		assert_int_equal(t.shareability, 3);
		assert_false(t.global);
		assert_int_equal(vm_lookup(root, uva),
		                 vm_leaf(0x50000000 + i * PAGE_SIZE, cases[i].perm));
	}
}

/* Nothing writable is executable at any level, whatever the permission's number. */
static void never_write_and_execute(void **state)
{
	int perm;

	small_board(32);
	for (perm = 0; perm < 16; perm++) {
		pn_t root = new_root(1);
		struct model_translation t;

		assert_int_equal(vm_map(1, root, 0, 0x50000000, perm), 0);
		t = model_translate(1, 0);
		assert_false(t.write && (t.execute || t.el0_execute));
		assert_true(!t.el0_read || perm & VM_EL0);
		assert_true(!t.el0_execute || perm & VM_EL0);
		page_free_all(1);
	}
}

static void refused_mappings(void **state)
{
	pn_t root;
	int stores;

	small_board(32);
	root = new_root(1);
	assert_int_equal(vm_map(1, root, 0x400000, 0x50000000, VM_R), 0);
	stores = model.stores;
	assert_int_equal(vm_map(1, root, 0x400001, 0x50001000, VM_R), -EINVAL);
	assert_int_equal(vm_map(1, root, 0x400800, 0x50001000, VM_R), -EINVAL);
	assert_int_equal(vm_map(1, root, 1UL << 48, 0x50001000, VM_R), -EINVAL);
	assert_int_equal(vm_map(1, root, -PAGE_SIZE, 0x50001000, VM_R), -EINVAL);
	assert_int_equal(vm_map(1, root, 0x400000, 0x50001000, VM_RW), -EBUSY);
	assert_int_equal(vm_map(1, root, 0x400000, 0x50000000, VM_R), -EBUSY);
	assert_int_equal(model.stores, stores);
	assert_int_equal(vm_lookup(root, 0x400000), vm_leaf(0x50000000, VM_R));
	assert_int_equal(vm_map(1, root, (1UL << 48) - PAGE_SIZE, 0x50001000, VM_R), 0);
	assert_null(model_translate(1, (1UL << 48) - 1).fault);
}

static void no_page_for_a_table(void **state)
{
	u64 pages_left;

	/* A root and three tables are needed; with one less, whichever is missing. */
	for (pages_left = 1; pages_left <= 4; pages_left++) {
		pn_t root;

		small_board(pages_left);
		root = new_root(1);
		assert_int_equal(vm_map(1, root, 0x400000, 0x50000000, VM_R),
		                 pages_left < 4 ? -ENOMEM : 0);
		assert_int_equal(vm_lookup(root, 0x400000) != 0, pages_left == 4);
	}
	/* The next page needs no table, one 2 MiB further does. */
	assert_int_equal(vm_map(1, 0, 0x401000, 0x50000000, VM_R), 0);
	assert_int_equal(vm_map(1, 0, 0x600000, 0x50000000, VM_R), -ENOMEM);
}

static void tables_belong_to_the_process(void **state)
{
	pn_t root;
	int pn, tables[4] = { 0 };

	small_board(32);
	root = new_root(9);
	assert_int_equal(vm_map(9, root, 0x400000, 0x50000000, VM_R), 0);
	assert_int_equal(vm_map(9, root, 0x7fff0000, 0x50000000, VM_R), 0);
	for (pn = 0; pn < 32; pn++)
		if (pages[pn].type >= PAGE_L0) {
			assert_int_equal(pages[pn].owner, 9);
			tables[pages[pn].type - PAGE_L0]++;
		}
	assert_int_equal(tables[0], 1);
	assert_int_equal(tables[1], 1); /* 512 GiB */
	assert_int_equal(tables[2], 2); /* of 1 GiB */
	assert_int_equal(tables[3], 2); /* of 2 MiB */
}

static void lookup_is_what_the_walker_does(void **state)
{
	static const uva_t bases[] = { 0,         0x400000,  0x7fff0000,
		                       1UL << 30, 1UL << 39, (1UL << 48) - 16 * PAGE_SIZE };
	pn_t root;
	int i;

	small_board(200);
	root = new_root(1);
	for (i = 0; i < 60; i++)
		vm_map(1, root, bases[model_random() % 6] + model_random() % 16 * PAGE_SIZE,
		       0x50000000 + (u64)i * PAGE_SIZE,
		       (int)(model_random() % 3 + 1 + model_random() % 2 * 4));
	for (i = 0; i < 100000; i++) {
		uva_t uva = bases[model_random() % 6] + model_random() % (20 * PAGE_SIZE);
		struct model_translation t = model_translate(1, uva);
		pte_t leaf = vm_lookup(root, uva);

		assert_int_equal(leaf == 0, t.fault != NULL);
		if (leaf)
			assert_int_equal((leaf & 0xfffffffff000) | (uva & 0xfff), t.pa);
	}
	assert_int_equal(vm_lookup(root, 1UL << 48), 0);
	assert_int_equal(vm_lookup(root, ~0UL), 0);
}

/* Two processes with the same addresses see different pages, and neither sees a table. */
static void address_spaces_are_apart(void **state)
{
	pn_t roots[2];
	int who, i;

	small_board(100);
	for (who = 0; who < 2; who++) {
		roots[who] = new_root(who + 1);
		for (i = 0; i < 8; i++) {
			int pn = page_take(who + 1, PAGE_FRAME, 0);

			assert_int_equal(vm_map(who + 1, roots[who], 0x400000 + (u64)i * BLOCK_SIZE,
			                        page_pa((pn_t)pn), VM_RW),
			                 0);
		}
	}
	for (who = 0; who < 2; who++) {
		model_sysreg_set("ttbr0_el1", page_pa(roots[who]));
		for (i = 0; i < 8; i++) {
			int pn = page_at(model_translate(1, 0x400000 + (u64)i * BLOCK_SIZE).pa);

			assert_int_equal(pages[pn].owner, who + 1);
			assert_int_equal(pages[pn].type, PAGE_FRAME);
		}
	}
}

static void tcr(void **state)
{
	u64 range;

	for (range = 0; range < 7; range++) {
		model_sysreg_set("id_aa64mmfr0_el1", 0xf0f0f0f0 << 4 | range);
		/* T0SZ and T1SZ 16; write-back, inner shareable; 4 KiB; EPD1; TG1 4 KiB; IPS */
		assert_int_equal(vm_tcr(), 0x80903510 | range << 32);
	}
}

/* ---- copy_from_process() --------------------------------------------------------------------- */

static void start_process(u64 mapped_pages)
{
	u64 i;

	small_board(100);
	board.uart = (struct range){ model.uart.base, model.uart.base + PAGE_SIZE };
	pl011_init(model.uart.base, 24000000);
	current = &contexts[3];
	current->pid = 3;
	procs[3] = (struct proc){ .name = "tester", .state = PROC_RUNNING, .root = new_root(3) };
	/* Neighbours at UVA_PROGRAM that are not neighbours in memory. */
	for (i = 0; i < mapped_pages; i++) {
		pn_t pn = (pn_t)page_take(3, PAGE_FRAME, 0);
		u64 at;

		page_take(4, PAGE_FRAME, 0);
		assert_int_equal(
			vm_map(3, procs[3].root, UVA_PROGRAM + i * PAGE_SIZE, page_pa(pn), VM_R),
			0);
		for (at = 0; at < PAGE_SIZE; at++)
			((u8 *)pa_pointer(page_pa(pn)))[at] = (u8)('a' + (i * PAGE_SIZE + at) % 23);
	}
}

static void copies_from_a_process(void **state)
{
	static const u64 sizes[] = { 0, 1, 2, 255, 256, 4095, 4096, 4097, 8192, 8193 };
	size_t i, at;
	u64 from;

	start_process(3);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (from = 0; from < 3 * PAGE_SIZE; from += 511) {
			u8 *to = malloc(sizes[i] + 1);
			int result = copy_from_process(to, UVA_PROGRAM + from, sizes[i]);

			assert_int_equal(result, from + sizes[i] <= 3 * PAGE_SIZE ? 0 : -EFAULT);
			for (at = 0; result == 0 && at < sizes[i]; at++)
				assert_int_equal(to[at], 'a' + (from + at) % 23);
			free(to);
		}
	assert_int_equal(copy_from_process(NULL, UVA_PROGRAM - 1, 1), -EFAULT);
	assert_int_equal(copy_from_process(NULL, 0, 1), -EFAULT);
	assert_int_equal(copy_from_process(NULL, ~0UL, 1), -EFAULT);
	assert_int_equal(copy_from_process(NULL, MODEL_DRAM, 1),
	                 -EFAULT); /* a physical address means nothing */
}

static const struct CMUnitTest tests[] = {
	TEST(the_largest_free_piece),
	TEST(reserved_memory_is_not_taken),
	TEST(every_hole_against_a_rule),
	TEST(page_0_is_not_taken),
	TEST(pages_that_the_board_lacks_are_not_free),
	TEST(no_more_pages_than_the_table_has),
	TEST(no_memory_is_a_panic),
	TEST(page_numbers_and_addresses),
	TEST(pages_are_given_once_and_zeroed),
	TEST(pages_given_back_are_zeroed_again),
	TEST(what_each_permission_allows),
	TEST(never_write_and_execute),
	TEST(refused_mappings),
	TEST(no_page_for_a_table),
	TEST(tables_belong_to_the_process),
	TEST(lookup_is_what_the_walker_does),
	TEST(address_spaces_are_apart),
	TEST(tcr),
	TEST(copies_from_a_process),
};

MODEL_MAIN("vm", tests)
