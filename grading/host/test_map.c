/*
 * EL2's map: every page of a board, as the table walker translates it, against a rule that knows
 * nothing of tables; and map_range() on its own.
 */
#include "unit.h"

#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/map.h>
#include <hv8/pl011.h>
#include <machine.h>
#include <uapi/errno.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 0x200000UL

/* ---- leaves and ranges ----------------------------------------------------------------------- */

static void a_leaf_of_each_kind(void **state)
{
	/* Valid, AF, AP[1]; table or page bit at level 3; attribute index; SH; AP[2]; XN. */
	assert_int_equal(map_leaf(0x40200000, 2, MAP_TEXT), 0x40200000 | 0x7c1);
	assert_int_equal(map_leaf(0x40200000, 2, MAP_RODATA), 0x0040000040200000 | 0x7c1);
	assert_int_equal(map_leaf(0x40200000, 2, MAP_DATA), 0x0040000040200000 | 0x741);
	assert_int_equal(map_leaf(0x40200000, 2, MAP_DEVICE), 0x0040000040200000 | 0x445);
	assert_int_equal(map_leaf(0xfffffffff000, 3, MAP_TEXT), 0xfffffffff000 | 0x7c3);
	assert_int_equal(map_leaf(0x1000, 3, MAP_RODATA), 0x0040000000001000 | 0x7c3);
	assert_int_equal(map_leaf(0x1000, 3, MAP_DATA), 0x0040000000001000 | 0x743);
	assert_int_equal(map_leaf(0x1000, 3, MAP_DEVICE), 0x0040000000001000 | 0x447);
}

static void what_each_kind_allows(void **state)
{
	static const struct {
		enum map_kind kind;
		bool write, execute;
		u8 memory;
	} kinds[] = {
		{ MAP_TEXT, false, true, 0xff },
		{ MAP_RODATA, false, false, 0xff },
		{ MAP_DATA, true, false, 0xff },
		{ MAP_DEVICE, true, false, 0x04 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		pa_t at = BLOCK * (2 + 2 * i);
		struct model_translation t;
		int page;

		assert_int_equal(map_range(at, at + BLOCK + PAGE_SIZE, kinds[i].kind), 0);
		mmu_enable();
		for (page = 0; page < 2; page++) {
			t = model_translate(2, at + page * BLOCK + 0x123);
			assert_null(t.fault);
			assert_int_equal(t.level, page ? 3 : 2);
			assert_int_equal(t.pa, at + page * BLOCK + 0x123);
			assert_true(t.read);
			assert_int_equal(t.write, kinds[i].write);
			assert_int_equal(t.execute, kinds[i].execute);
			assert_int_equal(t.memory, kinds[i].memory);
			assert_true(t.memory == 0x04 || t.shareability == 3); /* inner shareable */
		}
		assert_non_null(model_translate(2, at + BLOCK + PAGE_SIZE).fault);
		assert_non_null(model_translate(2, at - 1).fault);
	}
}

static void check_range(pa_t start, pa_t end)
{
	pa_t at, leaf_size;
	int level;

	for (at = start; at < end; at += PAGE_SIZE) {
		struct model_translation t = model_translate(2, at);
		bool fits = (at & ~(BLOCK - 1)) >= start && (at | (BLOCK - 1)) < end;

		if (t.fault || t.pa != at || t.level != (fits ? 2 : 3))
			fail_msg("in 0x%lx-0x%lx, 0x%lx: %s, level %d, at 0x%lx", start, end, at,
			         t.fault ? t.fault : "mapped", t.level, t.pa);
		leaf_size = t.level == 2 ? BLOCK : PAGE_SIZE;
		assert_int_equal(map_lookup(at, &level) & 0x0000fffffffff000,
		                 at & ~(leaf_size - 1));
		assert_int_equal(level, t.level);
	}
	assert_non_null(model_translate(2, start - PAGE_SIZE).fault);
	assert_non_null(model_translate(2, end).fault);
}

static void blocks_where_they_fit_and_pages_elsewhere(void **state)
{
	static const u64 offsets[] = { 0,
		                       PAGE_SIZE,
		                       BLOCK - PAGE_SIZE,
		                       BLOCK,
		                       BLOCK + PAGE_SIZE,
		                       2 * BLOCK,
		                       3 * BLOCK - PAGE_SIZE };
	/* Also across the edges of a level 2 and a level 1 table. */
	static const pa_t bases[] = { 0x40000000, 0x7fe00000, 0x7fffc00000 };
	size_t i, j, k;

	for (i = 0; i < ARRAY_SIZE(bases); i++)
		for (j = 0; j < ARRAY_SIZE(offsets); j++)
			for (k = 0; k < ARRAY_SIZE(offsets); k++) {
				if (offsets[j] >= offsets[k])
					continue;
				model_reset();
				assert_int_equal(map_range(bases[i] + offsets[j],
				                           bases[i] + offsets[k], MAP_DATA),
				                 0);
				mmu_enable();
				check_range(bases[i] + offsets[j], bases[i] + offsets[k]);
			}
}

static void the_last_page_of_48_bits(void **state)
{
	model_sysreg_set("id_aa64mmfr0_el1", 0x1125);
	assert_int_equal(map_range((1UL << 48) - PAGE_SIZE, 1UL << 48, MAP_DATA), 0);
	mmu_enable();
	assert_null(model_translate(2, (1UL << 48) - 1).fault);
	assert_non_null(model_translate(2, 1UL << 48).fault);
	assert_non_null(model_translate(2, (1UL << 48) - PAGE_SIZE - 1).fault);
}

static void malformed_ranges(void **state)
{
	assert_int_equal(map_range(0x1001, 0x3000, MAP_DATA), -EINVAL);
	assert_int_equal(map_range(0x1000, 0x3001, MAP_DATA), -EINVAL);
	assert_int_equal(map_range(0x1800, 0x2800, MAP_DATA), -EINVAL);
	assert_int_equal(map_range(0x1000, 0x1000, MAP_DATA), -EINVAL);
	assert_int_equal(map_range(0, 0, MAP_DATA), -EINVAL);
	assert_int_equal(map_range(0x2000, 0x1000, MAP_DATA), -EINVAL);
	assert_int_equal(map_range(0x1000, (1UL << 48) + PAGE_SIZE, MAP_DATA), -EINVAL);
	assert_int_equal(map_range(1UL << 48, (1UL << 48) + PAGE_SIZE, MAP_DATA), -EINVAL);
	assert_int_equal(map_range(-PAGE_SIZE, 0, MAP_DATA), -EINVAL);
	assert_int_equal(model.stores, 0);
	assert_int_equal(map_table_count(), 1);
}

static void what_is_mapped_stays(void **state)
{
	assert_int_equal(map_range(BLOCK, 2 * BLOCK, MAP_TEXT), 0);
	assert_int_equal(map_range(3 * BLOCK + PAGE_SIZE, 3 * BLOCK + 2 * PAGE_SIZE, MAP_TEXT), 0);
	assert_int_equal(map_range(BLOCK, 2 * BLOCK, MAP_DATA), -EBUSY); /* block on block */
	assert_int_equal(map_range(BLOCK + PAGE_SIZE, BLOCK + 2 * PAGE_SIZE, MAP_DATA),
	                 -EBUSY); /* page in block */
	assert_int_equal(map_range(3 * BLOCK + PAGE_SIZE, 3 * BLOCK + 2 * PAGE_SIZE, MAP_DATA),
	                 -EBUSY);                                            /* page on page */
	assert_int_equal(map_range(3 * BLOCK, 4 * BLOCK, MAP_DATA), -EBUSY); /* block on table */
	assert_int_equal(map_range(2 * BLOCK, 3 * BLOCK + 2 * PAGE_SIZE, MAP_DATA),
	                 -EBUSY); /* its tail */
	mmu_enable();
	assert_true(model_translate(2, BLOCK).execute);
	assert_true(model_translate(2, 3 * BLOCK + PAGE_SIZE).execute);
}

static void tables_run_out(void **state)
{
	pa_t at;
	int before = 0, error = 0;

	/* A page in each GiB: a level 2 and a level 3 table each time. */
	for (at = 0; !error && at < 200UL << 30; at += 1UL << 30) {
		assert_in_range(map_table_count(), before, 64);
		before = map_table_count();
		error = map_range(at, at + PAGE_SIZE, MAP_DATA);
	}
	assert_int_equal(error, -ENOMEM);
	assert_int_equal(map_table_count(), 64);
	/* What needs no table still works, and so does what was mapped. */
	assert_int_equal(map_range(PAGE_SIZE, 2 * PAGE_SIZE, MAP_DATA), 0);
	assert_int_equal(map_range(1UL << 40, (1UL << 40) + PAGE_SIZE, MAP_DATA), -ENOMEM);
	mmu_enable();
	assert_null(model_translate(2, 0).fault);
	assert_null(model_translate(2, 1UL << 30).fault);
}

/* The root is one; then one for each 512 GiB, GiB and 2 MiB that is not mapped by blocks. */
static void tables_are_counted(void **state)
{
	assert_int_equal(map_table_count(), 1);
	assert_int_equal(map_range(BLOCK, 2 * BLOCK, MAP_DATA), 0);
	assert_int_equal(map_table_count(), 3);
	assert_int_equal(map_range(2 * BLOCK, 2 * BLOCK + PAGE_SIZE, MAP_DATA), 0);
	assert_int_equal(map_table_count(), 4);
	assert_int_equal(map_range(2 * BLOCK + PAGE_SIZE, 4 * BLOCK, MAP_DATA), 0);
	assert_int_equal(map_table_count(), 4);
	assert_int_equal(map_range(1UL << 30, (1UL << 30) + BLOCK, MAP_DATA), 0);
	assert_int_equal(map_table_count(), 5);
	assert_int_equal(map_range(1UL << 39, (1UL << 39) + PAGE_SIZE, MAP_DATA), 0);
	assert_int_equal(map_table_count(), 8);
}

static void lookup_tells_the_level(void **state)
{
	static const struct {
		u64 address;
		int level;
		bool mapped;
	} cases[] = {
		{ BLOCK, 2, true },
		{ 2 * BLOCK - 1, 2, true },
		{ 2 * BLOCK, 3, true },
		{ 2 * BLOCK + 0xfff, 3, true },
		{ 2 * BLOCK + 0x1000, 3, false },
		{ 0, 2, false },
		{ 3 * BLOCK, 2, false },
		{ 1UL << 30, 1, false },
		{ 1UL << 39, 0, false },
		{ 1UL << 48, 0, false },
		{ (1UL << 48) + BLOCK, 0, false },
		{ ~0UL, 0, false },
	};
	size_t i;
	int level;

	map_range(BLOCK, 2 * BLOCK + PAGE_SIZE, MAP_DATA);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(map_lookup(cases[i].address, &level) != 0, cases[i].mapped);
		assert_int_equal(level, cases[i].level);
	}
}

static void lookup_is_what_the_walker_does(void **state)
{
	int i, level;

	for (i = 0; i < 30; i++) {
		pa_t start = (model_random() % 4 << 30) + model_random() % 2048 * PAGE_SIZE;

		map_range(start, start + (model_random() % 1500 + 1) * PAGE_SIZE,
		          (enum map_kind)(model_random() % 4));
	}
	mmu_enable();
	for (i = 0; i < 200000; i++) {
		u64 address = model_random() % 2 ? model_random() >> model_random() % 40
		                                 : model_random() % (5UL << 30) & ~0x3f800000UL;
		struct model_translation t = model_translate(2, address);
		pte_t leaf = map_lookup(address, &level);

		assert_int_equal(leaf == 0, t.fault != NULL);
		assert_int_equal(level, t.level);
		if (leaf)
			assert_int_equal(leaf & 0xffffffe00000 & ~(t.level == 3 ? 0UL : BLOCK - 1),
			                 t.pa & 0xffffffe00000);
	}
}

static void tcr(void **state)
{
	u64 range;

	for (range = 0; range < 7; range++) {
		model_sysreg_set("id_aa64mmfr0_el1", 0xf0f0f0f0 << 4 | range);
		/* RES1 31 and 23; T0SZ 16; inner and outer write-back; inner shareable; 4 KiB; PS */
		assert_int_equal(map_tcr(), 0x80803510 | range << 16);
	}
}

/* ---- the kernel's map ------------------------------------------------------------------------ */

static void add(struct range *ranges, int *count, pa_t start, pa_t end)
{
	ranges[(*count)++] = (struct range){ start, end };
}

static void place(pa_t image, pa_t uart)
{
	model_reset();
	model.image = image;
	model.uart.base = uart;
	board.image = (struct range){ image, image + MODEL_END };
	board.uart = (struct range){ uart, uart + 0x1000 };
	pl011_init(uart, 24000000);
}

/* Like dts/hikey.dts: the image at address 0, holes of every shape. */
static void board_like_hikey(void)
{
	place(0, 0xf7113000);
	add(board.memory, &board.nmemory, 0x00000000, 0x07400000);
	add(board.memory, &board.nmemory, 0x07410000, 0x40000000);
	add(board.reserved, &board.nreserved, 0x05e00000, 0x05f00000);
	add(board.reserved, &board.nreserved, 0x06e00000, 0x06e0f000);
	add(board.reserved, &board.nreserved, 0x06dff000,
	    0x06e00000); /* adjacent, and out of order */
	add(board.reserved, &board.nreserved, 0x21f00000, 0x22000000); /* up to a block's end */
	add(board.reserved, &board.nreserved, 0x22000000, 0x22200000); /* exactly a block */
	add(board.reserved, &board.nreserved, 0x22200000, 0x22201000); /* one more page */
	add(board.reserved, &board.nreserved, 0x07410000, 0x07411000); /* a memory's first page */
	add(board.reserved, &board.nreserved, 0x30000800, 0x30001100); /* no page of its own */
	add(board.reserved, &board.nreserved, 0x31000000, 0x31000001); /* one byte */
	add(board.reserved, &board.nreserved, 0x32000fff, 0x32001000); /* the last byte of a page */
	add(board.reserved, &board.nreserved, 0x33000000, 0x33300000); /* overlapping: */
	add(board.reserved, &board.nreserved, 0x33100000, 0x33500000);
	add(board.reserved, &board.nreserved, 0x33200000, 0x33201000); /* inside another */
	add(board.reserved, &board.nreserved, 0x07300000,
	    0x07500000); /* across the gap between memories */
	add(board.reserved, &board.nreserved, 0x3ffff000, 0x50000000); /* beyond the end */
	add(board.reserved, &board.nreserved, 0x80000000, 0x90000000); /* where no memory is */
	add(board.reserved, &board.nreserved, 0xfffffffffff00000, 0xfffffffffffff000);
}

static void board_like_virt(void)
{
	place(0x40200000, 0x9000000);
	add(board.memory, &board.nmemory, 0x40000000, 0x60000000);
}

/* Memory from address 0 on, and the image elsewhere. */
static void board_like_versal(void)
{
	place(0x200000, 0xff000000);
	add(board.memory, &board.nmemory, 0x00000000, 0x01000000);
}

/* Memory that begins and ends in the middle of a page, and memories that touch within a block. */
static void board_with_ragged_memory(void)
{
	place(0x80200000, 0x10000000);
	add(board.memory, &board.nmemory, 0x80000400, 0x80ffffff);
	add(board.memory, &board.nmemory, 0x81100000, 0x81300000);
	add(board.memory, &board.nmemory, 0x81300000, 0x81500000);
	add(board.memory, &board.nmemory, 0x900000000, 0x900400000);
	add(board.memory, &board.nmemory, 0x90000, 0x90800); /* not a whole page */
}

enum use { NOTHING, TEXT, RODATA, DATA, DEVICE };
static const char *const use_names[] = { "nothing", "text", "read-only data", "data", "a device" };

static enum use in_image(u64 offset)
{
	if (offset < MODEL_TEXT)
		return NOTHING; /* the header */
	if (offset < MODEL_ETEXT)
		return TEXT;
	if (offset < MODEL_ERODATA)
		return RODATA;
	if (offset < MODEL_EDATA)
		return DATA;
	return offset < MODEL_STACK         ? NOTHING
	       : offset < MODEL_STACK_TOP   ? DATA
	       : offset < MODEL_PANIC_STACK ? NOTHING
	                                    : DATA;
}

/* The rule: what a page must be mapped as, and which memory it is in (-1 if none). */
static enum use expected_use(pa_t page, int *memory)
{
	int i;

	*memory = -1;
	if (page < PAGE_SIZE)
		return NOTHING;
	if (page >= board.image.start && page < board.image.end)
		return in_image(page - board.image.start);
	if (page >= board.uart.start && page < board.uart.end)
		return DEVICE;
	for (i = 0; i < board.nreserved; i++)
		if (board.reserved[i].start < page + PAGE_SIZE && board.reserved[i].end > page)
			return NOTHING;
	for (i = 0; i < board.nmemory; i++)
		if (board.memory[i].start <= page && board.memory[i].end >= page + PAGE_SIZE) {
			*memory = i;
			return DATA;
		}
	return NOTHING;
}

static enum use found_use(const struct model_translation *t)
{
	if (t->fault)
		return NOTHING;
	if (t->memory == 0x04)
		return t->write && !t->execute ? DEVICE : NOTHING;
	return t->execute ? TEXT : t->write ? DATA : RODATA;
}

static void check_page(pa_t page)
{
	struct model_translation t = model_translate(2, page);
	int memory, level;
	enum use expected = expected_use(page, &memory), found = found_use(&t);
	pte_t leaf = map_lookup(page, &level);

	if (t.fault && !strstr(t.fault, "translation fault"))
		fail_msg("0x%lx: %s", page, t.fault);
	if (found != expected)
		fail_msg("0x%lx is mapped as %s, should be %s", page, use_names[found],
		         use_names[expected]);
	if (found != NOTHING && t.pa != page)
		fail_msg("0x%lx is mapped to 0x%lx", page, t.pa);
	if (found != NOTHING && t.memory == 0xff && t.shareability != 3)
		fail_msg("0x%lx is not inner shareable", page);
	if ((leaf != 0) != (found != NOTHING) || level != t.level)
		fail_msg("map_lookup(0x%lx) finds level %d, 0x%lx", page, level, leaf);
}

/* Blocks of 2 MiB: one leaf exactly where all 512 pages are data of the same memory. */
static void check_block(pa_t block)
{
	int first = -1, memory;
	bool whole = true;
	pa_t page;

	for (page = block; page < block + BLOCK; page += PAGE_SIZE) {
		check_page(page);
		if (expected_use(page, &memory) != DATA || memory < 0 ||
		    (page != block && memory != first))
			whole = false;
		first = memory;
	}
	for (page = block; page < block + BLOCK; page += PAGE_SIZE) {
		struct model_translation t = model_translate(2, page);

		if (!t.fault && t.level != (whole ? 2 : 3))
			fail_msg("0x%lx is mapped at level %d", page, t.level);
	}
}

static void check_board(pa_t from, pa_t to)
{
	int i;
	pa_t block;

	map_kernel();
	mmu_enable();
	for (block = from; block < to; block += BLOCK) {
		model_progress("block", block);
		check_block(block);
	}
	check_block(board.uart.start & ~(BLOCK - 1));
	for (i = 0; i < board.nmemory; i++)
		check_block(board.memory[i].start & ~(BLOCK - 1));
	for (i = 0; i < 20000; i++)
		check_page((model_random() >> model_random() % 50) & 0xfffffffff000);
	assert_non_null(model_translate(2, 1UL << 48).fault);
	assert_non_null(model_translate(2, ~0UL).fault);
}

static void every_page_of_a_board_like_virt(void **state)
{
	board_like_virt();
	check_board(0x3f000000, 0x61000000);
	assert_int_equal(board.uart.start, 0x9000000);
}

static void every_page_of_a_board_like_versal(void **state)
{
	board_like_versal();
	check_board(0, 0x02000000);
}

static void every_page_of_a_board_like_hikey(void **state)
{
	board_like_hikey();
	check_board(0, 0x42000000);
}

static void every_page_of_a_board_with_ragged_memory(void **state)
{
	board_with_ragged_memory();
	check_board(0x7fe00000, 0x82000000);
}

/* Registers of the UART that are less than a page, or that begin within one. */
static void a_small_uart(void **state)
{
	place(0x40200000, 0x3f201200);
	add(board.memory, &board.nmemory, 0x40000000, 0x40400000);
	board.uart.end = 0x3f201280;
	map_kernel();
	mmu_enable();
	assert_null(model_translate(2, 0x3f201000).fault);
	assert_int_equal(model_translate(2, 0x3f201fff).memory, 0x04);
	assert_non_null(model_translate(2, 0x3f200fff).fault);
	assert_non_null(model_translate(2, 0x3f202000).fault);
}

static void do_map_kernel(void *unused)
{
	map_kernel();
}

static void panics(const char *text)
{
	const char *output;

	assert_int_equal(model_run(do_map_kernel, NULL), MODEL_OFF);
	output = model_output();
	if (!strstr(output, text))
		fail_msg("no \"%s\" in: %s", text, output);
}

/* 100 GiB: there are tables for about half of it. The rest is not used, and the UART is mapped. */
static void memory_without_tables_is_left_alone(void **state)
{
	pa_t end;
	int level;

	board_like_virt();
	board.memory[0].end = board.memory[0].start + (100UL << 30);
	map_kernel();
	end = board.memory[0].end;
	assert_in_range(end, 50UL << 30, 64UL << 30);
	assert_non_null(strstr(model.uart.sent, "on is not used: no table is left for it"));
	assert_true(map_lookup(end - PAGE_SIZE, &level) != 0);
	assert_true(map_lookup(end, &level) == 0);
	assert_true(map_lookup(0x9000000, &level) != 0);
}

static void a_map_that_cannot_be_is_a_panic(void **state)
{
	board_like_virt();
	add(board.memory, &board.nmemory, 0x50000000, 0x70000000); /* twice the same memory */
	panics("hv8: panic: cannot map memory at 0x50000000-0x70000000: error -16");

	board_like_virt();
	board.uart = (struct range){ 0x48000000, 0x48001000 }; /* inside memory */
	panics("hv8: panic: cannot map memory at 0x40217000-0x60000000: error -16");

	board_like_virt();
	add(board.memory, &board.nmemory, 1UL << 48, (1UL << 48) + BLOCK);
	panics("hv8: panic: cannot map memory at 0x1000000000000-0x1000000200000: error -22");

	board_like_virt();
	board.uart = (struct range){ 0x9000000, 0x9000000 };
	panics("hv8: panic: cannot map UART at 0x9000000-0x9000000: error -22");
}

static void the_image_is_invalidated_before_caches_go_on(void **state)
{
	board_like_virt();
	mmu_enable();
	assert_int_equal(model.dcache_start, 0x40200000 + MODEL_RODATA);
	assert_int_equal(model.dcache_end, 0x40200000 + MODEL_END);
}

static void regions_in_words(void **state)
{
	static const struct {
		u64 address;
		const char *region;
	} cases[] = {
		{ 0, "page 0 (a null pointer)" },
		{ 0xfff, "page 0 (a null pointer)" },
		{ 0x1000, "no region" },
		{ 0x40200000, "image header" },
		{ 0x40200000 + MODEL_TEXT, "kernel text" },
		{ 0x40200000 + MODEL_RODATA - 1, "kernel text" },
		{ 0x40200000 + MODEL_RODATA, "kernel read-only data" },
		{ 0x40200000 + MODEL_DATA, "kernel data" },
		{ 0x40200000 + MODEL_GUARD, "guard page of the kernel stack (stack overflow)" },
		{ 0x40200000 + MODEL_STACK - 1, "guard page of the kernel stack (stack overflow)" },
		{ 0x40200000 + MODEL_STACK, "kernel stack" },
		{ 0x40200000 + MODEL_PANIC_GUARD, "guard page of the panic stack" },
		{ 0x40200000 + MODEL_PANIC_STACK, "panic stack" },
		{ 0x40200000 + MODEL_END - 1, "panic stack" },
		{ 0x40200000 + MODEL_END, "memory" },
		{ 0x9000000, "UART" },
		{ 0x9001000, "no region" },
		{ 0x50000000, "memory reserved by the device tree" },
		{ 0x50000fff, "memory reserved by the device tree" },
		{ 0x50001000, "memory" },
		{ 0x3fffffff, "no region" },
		{ 0x60000000, "no region" },
	};
	size_t i;

	board_like_virt();
	add(board.reserved, &board.nreserved, 0x50000000, 0x50001000);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(map_region(cases[i].address), cases[i].region);
}

static void addresses_in_words(void **state)
{
	board_like_virt();
	print_address("FAR_EL2", 0);
	assert_string_equal(model_output(), ""); /* the MMU is off: there is no map */
	map_kernel();
	mmu_enable();
	print_address("FAR_EL2", 8);
	assert_string_equal(model_output(),
	                    "  FAR_EL2 is in: page 0 (a null pointer); mapped: not mapped\r\n");
	print_address("x1", 0x40200000 + MODEL_TEXT);
	assert_string_equal(model_output(),
	                    "  x1 is in: kernel text; mapped: read and execute\r\n");
	print_address("x1", 0x40200000 + MODEL_RODATA);
	assert_string_equal(model_output(),
	                    "  x1 is in: kernel read-only data; mapped: read only\r\n");
	print_address("x1", 0x50000000);
	assert_string_equal(model_output(), "  x1 is in: memory; mapped: read and write\r\n");
	print_address("x1", ~0UL);
	assert_string_equal(model_output(), "  x1 is in: no region; mapped: not mapped\r\n");
}

static const struct CMUnitTest tests[] = {
	TEST(a_leaf_of_each_kind),
	TEST(what_each_kind_allows),
	TEST(blocks_where_they_fit_and_pages_elsewhere),
	TEST(the_last_page_of_48_bits),
	TEST(malformed_ranges),
	TEST(what_is_mapped_stays),
	TEST(tables_run_out),
	TEST(tables_are_counted),
	TEST(lookup_tells_the_level),
	TEST(lookup_is_what_the_walker_does),
	TEST(tcr),
	TEST(every_page_of_a_board_like_virt),
	TEST(every_page_of_a_board_like_versal),
	TEST(every_page_of_a_board_like_hikey),
	TEST(every_page_of_a_board_with_ragged_memory),
	TEST(a_small_uart),
	TEST(memory_without_tables_is_left_alone),
	TEST(a_map_that_cannot_be_is_a_panic),
	TEST(the_image_is_invalidated_before_caches_go_on),
	TEST(regions_in_words),
	TEST(addresses_in_words),
};

MODEL_MAIN("map", tests)
