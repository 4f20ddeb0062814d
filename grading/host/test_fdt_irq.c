/*
 * What the device tree says of interrupts: the controller, the timers, the console; of a machine like QEMU's, of a HiKey, and of
 * trees in which a part is missing or makes no sense.
 */
#include "unit.h"
#include "oracle.h"
#include "tree.h"

#include <hv8/board.h>
#include <machine.h>
#include <stdlib.h>
#include <string.h>

TREE(virt);
TREE(hikey);

#define VIRT_GIC   "/intc@8000000"
#define VIRT_UART  "/pl011@9000000"
#define HIKEY_GIC  "/soc/interrupt-controller@f6801000"
#define HIKEY_UART "/soc/uart@f7113000"

static void is_range(struct range range, pa_t start, pa_t end)
{
	assert_int_equal(range.start, start);
	assert_int_equal(range.end, end);
}

static void read_tree(const void *tree)
{
	memset(&board, 0, sizeof(board));
	assert_null(board_read(&board, pointer_pa(tree)));
}

/* @p tree with one property changed; cells are in the tree's byte order. */
static void with(const void *tree, const char *path, const char *name, const void *value,
                 int length)
{
	void *copy;

	oracle_set(tree, &copy, path, name, value, length);
	read_tree(copy);
	free(copy);
}

#define CELLS(...) ((u32[]){ __VA_ARGS__ })
static void with_cells(const void *tree, const char *path, const char *name, const u32 *cells,
                       int count)
{
	u32 big[32];
	int i;

	for (i = 0; i < count; i++)
		big[i] = __builtin_bswap32(cells[i]);
	with(tree, path, name, big, 4 * count);
}

static void a_machine_like_qemus(void **state)
{
	read_tree(tree_virt);
	assert_int_equal(board.gic.version, 3);
	is_range(board.gic.dist, 0x8000000, 0x8010000);
	assert_int_equal(board.gic.nredist, 1);
	is_range(board.gic.redist[0], 0x80a0000, 0x9000000);
	is_range(board.gic.cpu, 0, 0);
	assert_int_equal(board.gic.maintenance, 25);
	assert_int_equal(board.gic.uart, 33);
	assert_int_equal(board.gic.el1_timer, 30);
	assert_int_equal(board.gic.el2_timer, 26);
	assert_int_equal(board.timer_clock, 0);
}

static void a_hikey(void **state)
{
	read_tree(tree_hikey);
	assert_int_equal(board.gic.version, 2);
	is_range(board.gic.dist, 0xf6801000, 0xf6802000);
	is_range(board.gic.cpu, 0xf6802000, 0xf6804000);
	is_range(board.gic.hyp, 0xf6804000, 0xf6806000);
	is_range(board.gic.vcpu, 0xf6806000, 0xf6808000);
	assert_int_equal(board.gic.nredist, 0);
	assert_int_equal(board.gic.maintenance, 25);
	assert_int_equal(board.gic.uart, 32 + 39);
	assert_int_equal(board.gic.el1_timer, 30);
	assert_int_equal(board.gic.el2_timer, 26);
}

static void an_interrupt_is_three_cells(void **state)
{
	const struct {
		u32 cells[3];
		intid_t intid;
	} cases[] = {
		{ { 0, 0, 4 }, 32 },  { { 0, 987, 4 }, 1019 }, { { 0, 988, 4 }, 0 },
		{ { 0, ~0U, 4 }, 0 }, { { 1, 0, 4 }, 16 },     { { 1, 15, 4 }, 31 },
		{ { 1, 16, 4 }, 0 },  { { 1, ~0U, 4 }, 0 },    { { 2, 1, 4 }, 0 },
		{ { ~0U, 1, 4 }, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		with_cells(tree_virt, VIRT_UART, "interrupts", cases[i].cells, 3);
		assert_int_equal(board.gic.uart, cases[i].intid);
		with_cells(tree_hikey, HIKEY_GIC, "interrupts", cases[i].cells, 3);
		assert_int_equal(board.gic.maintenance, cases[i].intid);
	}
}

static void interrupts_that_are_missing_are_0(void **state)
{
	int cells;

	with(tree_virt, VIRT_GIC, "interrupts", NULL, 0);
	assert_int_equal(board.gic.maintenance, 0);
	assert_int_equal(board.gic.uart, 33);
	with(tree_virt, VIRT_UART, "interrupts", NULL, 0);
	assert_int_equal(board.gic.uart, 0);
	with(tree_virt, VIRT_UART, "interrupts", "\0\0\0\0\0\0\0\1\0\0\0",
	     11); /* half a cell is none */
	assert_int_equal(board.gic.uart, 0);
	with(tree_virt, VIRT_UART, "interrupts", "", 0);
	assert_int_equal(board.gic.uart, 0);
	for (cells = 0; cells < 12; cells++) {
		with_cells(tree_virt, "/timer", "interrupts",
		           CELLS(1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4), cells);
		assert_int_equal(board.gic.el1_timer, cells < 6 ? 0 : 30);
		assert_int_equal(board.gic.el2_timer, 0);
	}
	with(tree_virt, "/timer", "compatible", "arm,armv7-timer", 16);
	assert_int_equal(board.gic.el1_timer + board.gic.el2_timer, 0);
	with(tree_virt, VIRT_UART, "compatible", "ns16550a", 9); /* no console that we know */
	assert_int_equal(board.gic.uart, 0);
	assert_int_equal(board.gic.version, 3);
}

static void the_interrupt_is_that_of_the_console(void **state)
{
	void *copy;

	oracle_set(tree_hikey, &copy, "/soc/uart@f8015000", "status", "okay", 5);
	with(copy, "/chosen", "stdout-path", "serial0", 8);
	assert_int_equal(board.uart.start, 0xf8015000);
	assert_int_equal(board.gic.uart, 32 + 36);
	free(copy);
}

static void the_counters_frequency_may_be_told(void **state)
{
	with_cells(tree_virt, "/timer", "clock-frequency", CELLS(1200000), 1);
	assert_int_equal(board.timer_clock, 1200000);
	with_cells(tree_virt, "/timer", "clock-frequency", CELLS(0), 1);
	assert_int_equal(board.timer_clock, 0);
	with(tree_virt, "/timer", "clock-frequency", "\0\1", 2);
	assert_int_equal(board.timer_clock, 0);
}

static void controllers_by_their_names(void **state)
{
	static const struct {
		const char *name;
		int length, version;
	} cases[] = {
		{ "arm,gic-400", 12, 2 }, { "arm,cortex-a15-gic", 19, 2 },
		{ "arm,gic-v3", 11, 3 },  { "vendor,gic\0arm,gic-v3", 22, 3 },
		{ "arm,gic-v5", 11, 0 },  { "arm,gic-v", 10, 0 },
		{ "arm,gic-v3x", 12, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		with(tree_hikey, HIKEY_GIC, "compatible", cases[i].name, cases[i].length);
		assert_int_equal(board.gic.version, cases[i].version);
	}
	assert_int_equal(board.gic.uart, 0); /* without a controller there is no interrupt */
}

static void regions_that_are_missing_are_empty(void **state)
{
	with_cells(tree_hikey, HIKEY_GIC, "reg", CELLS(0, 0xf6801000, 0, 0x1000), 4);
	is_range(board.gic.dist, 0xf6801000, 0xf6802000);
	is_range(board.gic.cpu, 0, 0);
	is_range(board.gic.hyp, 0, 0);
	is_range(board.gic.vcpu, 0, 0);
	with_cells(
		tree_hikey, HIKEY_GIC, "reg",
		CELLS(0, 0xf6801000, 0, 0x1000, 0, 0xf6802000, 0, 0x2000, 0, 0xf6804000, 0, 0x2000),
		12);
	is_range(board.gic.hyp, 0xf6804000, 0xf6806000);
	is_range(board.gic.vcpu, 0, 0);
	with_cells(tree_virt, VIRT_GIC, "reg", CELLS(0, 0x8000000, 0, 0x10000), 4);
	is_range(board.gic.redist[0], 0, 0);
	with(tree_virt, VIRT_GIC, "reg", NULL, 0);
	is_range(board.gic.dist, 0, 0);
}

static void redistributors_may_have_several_regions(void **state)
{
	const u32 three[] = { 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x20000,
		              1, 0,         0, 0x40000, 2, 0x1000,    0, 0x60000 };
	void *copy;

	/* Their number is told first, then where they are. */
	oracle_set(tree_virt, &copy, VIRT_GIC, "#redistributor-regions", "\0\0\0\3", 4);
	with_cells(copy, VIRT_GIC, "reg", three, 16);
	assert_int_equal(board.gic.nredist, 3);
	is_range(board.gic.redist[0], 0x80a0000, 0x80c0000);
	is_range(board.gic.redist[1], 0x100000000, 0x100040000);
	is_range(board.gic.redist[2], 0x200001000, 0x200061000);
	free(copy);
	with_cells(tree_virt, VIRT_GIC, "#redistributor-regions", CELLS(~0U), 1);
	assert_int_equal(board.gic.nredist, BOARD_NREDIST);
	with_cells(tree_virt, VIRT_GIC, "#redistributor-regions", CELLS(0), 1);
	assert_int_equal(board.gic.nredist, 0);
	with(tree_virt, VIRT_GIC, "#redistributor-regions", NULL, 0);
	assert_int_equal(board.gic.nredist, 1);
}

static const struct CMUnitTest tests[] = {
	TEST(a_machine_like_qemus),
	TEST(a_hikey),
	TEST(an_interrupt_is_three_cells),
	TEST(interrupts_that_are_missing_are_0),
	TEST(the_interrupt_is_that_of_the_console),
	TEST(the_counters_frequency_may_be_told),
	TEST(controllers_by_their_names),
	TEST(regions_that_are_missing_are_empty),
	TEST(redistributors_may_have_several_regions),
};

MODEL_MAIN("interrupts in the device tree", tests)
