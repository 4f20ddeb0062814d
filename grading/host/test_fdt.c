/*
 * The device tree reader against libfdt, on trees that dtc compiles from dts/, and against trees
 * that are damaged in every way we can name, then at random. A damaged tree lies in a buffer of
 * exactly its size, so that reading one byte too far is seen, and a loop without an end is too.
 */
#include "unit.h"
#include "oracle.h"
#include "tree.h"

#include <hv8/board.h>
#include <hv8/fdt.h>
#include <machine.h>
#include <stdlib.h>
#include <string.h>

TREE(virt);
TREE(hikey);
TREE(buses);
TREE(broken);
TREE(endless);
TREE(loader);
TREE(unplaced);

static const struct {
	const char *name;
	const u8 *start, *end;
} trees[] = {
	{ "virt", tree_virt, tree_virt_end },
	{ "hikey", tree_hikey, tree_hikey_end },
	{ "buses", tree_buses, tree_buses_end },
	{ "broken", tree_broken, tree_broken_end },
};

static u32 be32(const u8 *at)
{
	return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
}

static void set_be32(u8 *at, u32 value)
{
	at[0] = (u8)(value >> 24);
	at[1] = (u8)(value >> 16);
	at[2] = (u8)(value >> 8);
	at[3] = (u8)value;
}

/* A copy of exactly @p size bytes. */
static u8 *copy_of(const u8 *tree, size_t size)
{
	return memcpy(malloc(size), tree, size);
}

/* A copy of exactly its size with one property set, or deleted if @p value is NULL. */
static u8 *copy_with(const u8 *tree, const char *path, const char *name, const void *value,
                     int length)
{
	void *large;
	size_t size = oracle_set(tree, &large, path, name, value, length);
	u8 *exact = copy_of(large, size);

	free(large);
	return exact;
}

static struct fdt opened(const void *tree)
{
	struct fdt fdt;
	const char *problem = fdt_open(&fdt, pointer_pa(tree));

	if (problem)
		fail_msg("a sound tree is refused: %s", problem);
	return fdt;
}

/* ---- sound trees ----------------------------------------------------------------------------- */

static void same_properties(const struct fdt *fdt, const void *tree, int node)
{
	const char *name;
	const void *expected;
	int index, length;
	u32 found_length;

	for (index = 0; (expected = oracle_each(tree, node, index, &name, &length)); index++) {
		const u8 *found = fdt_property(fdt, node, name, &found_length);

		assert_ptr_equal(found, expected);
		assert_int_equal(found_length, length);
		if (length == 4)
			assert_int_equal(fdt_u32(fdt, node, name, 77), be32(found));
		else
			assert_int_equal(fdt_u32(fdt, node, name, 77), 77);
	}
	assert_null(fdt_property(fdt, node, "no-such", &found_length));
	assert_null(fdt_property(fdt, node, "", &found_length));
	assert_int_equal(fdt_u32(fdt, node, "no-such", 77), 77);
}

/* "reg" where no bus translates: children of the root. */
static void same_reg(const struct fdt *fdt, const void *tree, int node)
{
	int bus = oracle_parent(tree, node), length;
	int addresses = oracle_cells(tree, bus, "#address-cells", 2);
	int sizes = oracle_cells(tree, bus, "#size-cells", 1);
	const u8 *reg = oracle_property(tree, node, "reg", &length);
	u32 index, count = reg ? (u32)(length / 4 / (addresses + sizes)) : 0;
	pa_t start;
	u64 size;

	for (index = 0; index < count; index++) {
		assert_true(fdt_reg(fdt, node, index, &start, &size));
		assert_int_equal(start,
		                 addresses == 2 ? (u64)be32(reg) << 32 | be32(reg + 4) : be32(reg));
		reg += 4 * addresses;
		assert_int_equal(size,
		                 sizes == 2 ? (u64)be32(reg) << 32 | be32(reg + 4) : be32(reg));
		reg += 4 * sizes;
	}
	assert_false(fdt_reg(fdt, node, count, &start, &size));
	assert_false(fdt_reg(fdt, node, 0xffffffff, &start, &size));
}

static void every_node_as_libfdt_sees_it(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(trees); i++) {
		const u8 *tree = trees[i].start;
		struct fdt fdt = opened(tree);
		int node = 0, depth = 0, expected, expected_depth = 0;
		char path[256];

		assert_true(oracle_sound(tree, (size_t)(trees[i].end - tree)));
		assert_int_equal(fdt.size, trees[i].end - tree);
		while (node >= 0) {
			u32 phandle = (u32)oracle_cells(tree, node, "phandle", 0);

			assert_string_equal(fdt_name(&fdt, node), oracle_name(tree, node));
			assert_int_equal(fdt_parent(&fdt, node),
			                 node ? oracle_parent(tree, node) : -1);
			assert_int_equal(oracle_full_path(tree, node, path, sizeof(path)), 0);
			assert_int_equal(fdt_path(&fdt, path), node);
			same_properties(&fdt, tree, node);
			if (depth == 1)
				same_reg(&fdt, tree, node);
			if (phandle)
				assert_int_equal(fdt_phandle(&fdt, phandle), node);
			expected = oracle_next(tree, node, &expected_depth);
			if (expected < 0 || expected_depth < 0)
				expected = -1; /* libfdt stops behind the root */
			assert_int_equal(fdt_next_node(&fdt, node, NULL), expected);
			node = fdt_next_node(&fdt, node, &depth);
			assert_int_equal(node, expected);
			assert_true(node < 0 || depth == expected_depth);
		}
		assert_int_equal(fdt_phandle(&fdt, 0), -1);
		assert_int_equal(fdt_phandle(&fdt, 0x12345), -1);
		assert_int_equal(fdt_parent(&fdt, 2), -1); /* not a node */
	}
}

/*
 * Up to the entry of which both halves are 0; libfdt stops at any size of 0, which the
 * specification (5.3.2) does not.
 */
static void every_reservation(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(trees); i++) {
		struct fdt fdt = opened(trees[i].start);
		const u8 *entry = trees[i].start + be32(trees[i].start + 16);
		u64 start, size;
		u32 index;

		for (index = 0; memcmp(entry, (u8[16]){ 0 }, 16); index++, entry += 16) {
			assert_true(fdt_reservation(&fdt, index, &start, &size));
			assert_int_equal(start, (u64)be32(entry) << 32 | be32(entry + 4));
			assert_int_equal(size, (u64)be32(entry + 8) << 32 | be32(entry + 12));
		}
		assert_false(fdt_reservation(&fdt, index, &start, &size));
		assert_false(fdt_reservation(&fdt, index + 1, &start, &size));
	}
}

static void paths(void **state)
{
	struct fdt fdt = opened(tree_hikey);
	int uart = oracle_path(tree_hikey, "/soc/uart@f7113000");

	assert_true(uart > 0);
	assert_int_equal(fdt_path(&fdt, "/soc/uart@f7113000"), uart);
	assert_int_equal(fdt_path(&fdt, "/soc/uart@f7113000:115200n8"), uart);
	assert_int_equal(fdt_path(&fdt, "//soc//uart@f7113000/"), uart);
	assert_int_equal(fdt_path(&fdt, "/soc/uart"),
	                 oracle_path(tree_hikey, "/soc/uart@f8015000"));
	assert_int_equal(fdt_path(&fdt, "/"), 0);
	assert_int_equal(fdt_path(&fdt, "/:x"), 0);
	assert_int_equal(fdt_path(&fdt, "/soc/uart@f711300"), -1);
	assert_int_equal(fdt_path(&fdt, "/soc/uart@f71130000"), -1);
	assert_int_equal(fdt_path(&fdt, "/soc/uar"), -1);
	assert_int_equal(fdt_path(&fdt, "/uart@f7113000"), -1);      /* a grandchild */
	assert_int_equal(fdt_path(&fdt, "/memory@0/soc"), -1);       /* a later sibling */
	assert_int_equal(fdt_path(&fdt, "/cpus/uart@f7113000"), -1); /* a nephew */
	assert_int_equal(fdt_path(&fdt, "soc"), -1);
	assert_int_equal(fdt_path(&fdt, ""), -1);
}

static void compatible_and_not_disabled(void **state)
{
	static const char *const names[] = { "arm,pl011", "arm,primecell", "arm,psci-0.2", "arm",
		                             "arm,pl0" };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(trees); i++) {
		struct fdt fdt = opened(trees[i].start);
		int node, length;

		for (node = 0; node >= 0; node = fdt_next_node(&fdt, node, NULL))
			for (j = 0; j < ARRAY_SIZE(names); j++) {
				const char *status =
					oracle_property(trees[i].start, node, "status", &length);
				bool enabled =
					!status || !strcmp(status, "okay") || !strcmp(status, "ok");
				const char *list = oracle_property(trees[i].start, node,
				                                   "compatible", &length);
				/* libfdt looks for the last word's end behind the property */
				bool ends = list && list[length - 1] == '\0';

				assert_int_equal(
					fdt_is(&fdt, node, names[j]),
					ends && enabled &&
						oracle_compatible(trees[i].start, node, names[j]));
			}
	}
}

static void numbers_of_cells(void **state)
{
	const u8 value[] = {
		0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x10, 0x32, 0x54, 0x76
	};

	assert_int_equal(fdt_cells(value, 0), 0);
	assert_int_equal(fdt_cells(value, 1), 0x01234567);
	assert_int_equal(fdt_cells(value, 2), 0x0123456789abcdef);
	assert_int_equal(fdt_cells(value, 3), 0x89abcdef10325476); /* higher ones are cut off */
}

static void reg_of(const char *path, u32 index, bool exists, pa_t expected_start, u64 expected_size)
{
	struct fdt fdt = opened(tree_buses);
	int node = fdt_path(&fdt, path);
	pa_t start = 0;
	u64 size = 0;

	assert_true(node > 0);
	if (fdt_reg(&fdt, node, index, &start, &size) != exists)
		fail_msg("%s entry %u %s", path, index,
		         exists ? "has no address" : "has an address");
	if (exists && (start != expected_start || size != expected_size))
		fail_msg("%s entry %u is at 0x%lx, 0x%lx bytes", path, index, start, size);
}

static void addresses_behind_buses(void **state)
{
	reg_of("/memory", 0, true, 0x80000000, 0x10000000);
	reg_of("/memory", 1, true, 0xa0000000, 0x08000000);
	reg_of("/memory", 2, false, 0, 0);
	reg_of("/soc/serial@7e201000", 0, true, 0x3f201000, 0x200);
	reg_of("/soc/far@7e800000/serial@2,4000", 0, true, 0xf0104000, 0x1000);
	reg_of("/soc/far@7e800000/outside@3,0", 0, false, 0, 0);
	reg_of("/soc/opaque/inside@7e201000", 0, false, 0, 0);
	reg_of("/soc/three/wide@1000", 0, false, 0, 0);
	reg_of("/soc/three/narrow/leaf@10", 0, true, 0x3f000810, 0x10);
	reg_of("/soc/three/narrow/leaf@10", 1, true, 0x3f0008ff, 1);
	reg_of("/soc/three/narrow/leaf@10", 2, false, 0, 0);
	reg_of("/defaults/none@0", 0, true, 0, 1); /* #address-cells 2, #size-cells 1 */
	reg_of("/soc", 0, false, 0, 0);
}

static int console_of(const void *tree)
{
	struct fdt fdt = opened(tree);

	return fdt_console(&fdt);
}

static void the_console(void **state)
{
	assert_int_equal(console_of(tree_virt), oracle_path(tree_virt, "/pl011@9000000"));
	assert_int_equal(console_of(tree_hikey), oracle_path(tree_hikey, "/soc/uart@f7113000"));
	assert_int_equal(console_of(tree_buses),
	                 oracle_path(tree_buses, "/soc/far@7e800000/serial@2,4000"));
	assert_int_equal(console_of(tree_broken), oracle_path(tree_broken, "/uart@4000"));
}

/* Whatever stdout-path says, the console is the node it names or the first enabled PL011. */
static void the_console_by_every_stdout_path(void **state)
{
	const char *named = "/soc/uart@f7113000", *first = "/soc/uart@f7111000";
	const struct {
		const char *value;
		int length;
		const char *console;
	} cases[] = {
		{ "/soc/uart@f7113000", 19, named },
		{ "/soc/uart@f7113000:115200n8r", 29, named },
		{ "serial3", 8, named },
		{ "serial3:", 9, named },
		{ "serial3:115200", 15, named },
		{ "serial3\0serial0", 16, named },
		{ "serial3", 7, first }, /* not terminated */
		{ "/soc/uart@f7113000", 18, first },
		{ "", 0, first },
		{ "", 1, first },
		{ ":115200", 8, first },
		{ "/", 2, first },
		{ "serial", 7, first },
		{ "serial33", 9, first },
		{ "serial0", 8, first }, /* disabled */
		{ "/soc", 5, first },    /* not a PL011 */
		{ "/soc/no-such", 13, first },
		{ "soc/uart@f7113000", 18, first }, /* not absolute, and no alias */
		{ "a-name-that-is-longer-than-any-alias-can-be", 44, first },
		{ NULL, 0, first },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u8 *exact = copy_with(tree_hikey, "/chosen", "stdout-path", cases[i].value,
		                      cases[i].length);
		int console = console_of(exact);

		if (console != oracle_path(exact, cases[i].console))
			fail_msg("stdout-path \"%s\" leads to node %d", cases[i].value, console);
		free(exact);
	}
}

static void no_console(void **state)
{
	u8 *exact = copy_with(tree_virt, "/pl011@9000000", "status", "disabled", 9);

	assert_int_equal(console_of(exact), -1);
	assert_null(board_read(&board, pointer_pa(exact)));
	assert_int_equal(board.uart.start, 0);
	assert_int_equal(board.uart.end, 0);
	free(exact);
}

/* ---- board.c --------------------------------------------------------------------------------- */

static void is_range(struct range range, pa_t start, pa_t end)
{
	assert_int_equal(range.start, start);
	assert_int_equal(range.end, end);
}

static void board_virt(void **state)
{
	assert_null(board_read(&board, pointer_pa(tree_virt)));
	assert_int_equal(board.nmemory, 1);
	is_range(board.memory[0], 0x40000000, 0x60000000);
	assert_int_equal(board.nreserved, 0);
	is_range(board.uart, 0x9000000, 0x9001000);
	assert_int_equal(board.uart_clock, 24000000);
	assert_int_equal(board.psci, PSCI_SMC);
	is_range(board.fdt, pointer_pa(tree_virt), pointer_pa(tree_virt_end));
	is_range(board.initrd, 0x48000000, 0x48010000);
	assert_string_equal(board.bootargs, "test=board nonce=1f init=one,two");
}

static void board_hikey(void **state)
{
	int i;
	static const struct range reserved[] = {
		{ 0x05e00000, 0x05f00000 }, { 0x06e00000, 0x06e0f000 }, { 0x06dff000, 0x06e00000 },
		{ 0x21f00000, 0x22000000 }, { 0x30000800, 0x30001100 }, { 0x31000000, 0x31000001 },
	};

	assert_null(board_read(&board, pointer_pa(tree_hikey)));
	assert_int_equal(board.nmemory, 2);
	is_range(board.memory[0], 0x0, 0x07400000);
	is_range(board.memory[1], 0x07410000, 0x40000000);
	assert_int_equal(board.nreserved, ARRAY_SIZE(reserved));
	for (i = 0; i < board.nreserved; i++)
		is_range(board.reserved[i], reserved[i].start, reserved[i].end);
	is_range(board.uart, 0xf7113000, 0xf7114000);
	assert_int_equal(board.uart_clock, 0);
	is_range(board.initrd, 0x0a000000, 0x0a123456);
	assert_string_equal(board.bootargs, "");
}

static void board_buses(void **state)
{
	assert_null(board_read(&board, pointer_pa(tree_buses)));
	assert_int_equal(board.nmemory, 2);
	is_range(board.memory[0], 0x80000000, 0x90000000);
	is_range(board.memory[1], 0xa0000000, 0xa8000000);
	is_range(board.uart, 0xf0104000, 0xf0105000);
	assert_int_equal(board.uart_clock, 48000000);
	assert_int_equal(board.psci, PSCI_HVC);
	is_range(board.initrd, 0, 0);
}

static void board_with_endless_ranges(void **state)
{
	assert_string_equal(board_read(&board, pointer_pa(tree_endless)), "no memory node");
}

static void board_from_a_loader(void **state)
{
	assert_null(board_read(&board, pointer_pa(tree_loader)));
	is_range(board.initrd, 0x48000000, 0x4800fff0);
	/* The initrd is to be read; what lies behind it is not to be touched. */
	assert_int_equal(board.nreserved, 1);
	is_range(board.reserved[0], 0x50000000, -PAGE_SIZE);
	is_range(board.uart, 0x9000000, 0x9001000);
	assert_int_equal(board.uart_clock, 0);
}

static void board_with_an_unplaced_reservation(void **state)
{
	assert_string_equal(board_read(&board, pointer_pa(tree_unplaced)),
	                    "a memory reservation without a physical address");
}

static void board_broken(void **state)
{
	assert_null(board_read(&board, pointer_pa(tree_broken)));
	assert_int_equal(board.nmemory, 1); /* not the empty range, nor the one that wraps */
	is_range(board.memory[0], 0x100000000, 0x101000000);
	is_range(board.uart, 0x4000, 0x5000);
	assert_int_equal(board.uart_clock, 0);
	assert_int_equal(board.psci, PSCI_UNKNOWN);
	is_range(board.initrd, 0, 0);
	assert_string_equal(board.bootargs, "no end");
}

static const char *board_with(const char *path, const char *name, const void *value, int length)
{
	u8 *exact = copy_with(tree_virt, path, name, value, length);
	const char *problem;

	memset(&board, 0, sizeof(board));
	problem = board_read(&board, pointer_pa(exact));
	free(exact);
	return problem;
}

static void long_boot_arguments_are_cut(void **state)
{
	char text[1000];

	memset(text, 'x', sizeof(text));
	assert_null(board_with("/chosen", "bootargs", text, sizeof(text)));
	assert_int_equal(strlen(board.bootargs), BOOTARGS_MAX - 1);
	text[BOOTARGS_MAX - 1] = '\0';
	assert_string_equal(board.bootargs, text);
	assert_null(board_with("/chosen", "bootargs", text, BOOTARGS_MAX));
	assert_string_equal(board.bootargs, text);
	assert_null(board_with("/chosen", "bootargs", "", 0));
	assert_string_equal(board.bootargs, "");
	assert_null(board_with("/chosen", "bootargs", NULL, 0));
	assert_string_equal(board.bootargs, "");
}

static void initrd_limits(void **state)
{
	/* One cell here, two there; an end that is not behind the start is no initrd. */
	assert_null(board_with("/chosen", "linux,initrd-end", "\0\0\0\1\0\0\0\0", 8));
	is_range(board.initrd, 0x48000000, 0x100000000);
	assert_null(board_with("/chosen", "linux,initrd-end", "\x48\0\0\0", 4));
	is_range(board.initrd, 0, 0);
	assert_null(board_with("/chosen", "linux,initrd-end", "\x47\0\0\0", 4));
	is_range(board.initrd, 0, 0);
	assert_null(board_with("/chosen", "linux,initrd-end", "\x49\0\0", 3));
	is_range(board.initrd, 0, 0);
}

static void psci_method(void **state)
{
	assert_null(board_with("/psci", "method", "hvc", 4));
	assert_int_equal(board.psci, PSCI_HVC);
	assert_null(board_with("/psci", "method", "hvc", 3));
	assert_int_equal(board.psci, PSCI_UNKNOWN);
	assert_null(board_with("/psci", "method", "hvcX", 4));
	assert_int_equal(board.psci, PSCI_UNKNOWN);
	assert_null(
		board_with("/psci", "compatible", "arm,psci", 9)); /* 0.1: other function numbers */
	assert_int_equal(board.psci, PSCI_UNKNOWN);
}

static void a_clock_that_is_not_fixed(void **state)
{
	assert_null(board_with("/pl011@9000000", "clocks", "\0\0\0", 3));
	assert_int_equal(board.uart_clock, 0);
	assert_null(board_with("/pl011@9000000", "clocks", NULL, 0));
	assert_int_equal(board.uart_clock, 0);
	assert_null(board_with("/apb-pclk", "clock-frequency", "\0\0\0\0\1\0\0\0", 8));
	assert_int_equal(board.uart_clock, 0);
}

static void no_memory_is_refused(void **state)
{
	assert_string_equal(board_with("/memory@40000000", "device_type", "memorY", 7),
	                    "no memory node");
	assert_string_equal(board_with("/memory@40000000", "status", "disabled", 9),
	                    "no memory node"); /* the secure world's, say */
	assert_null(board_with("/memory@40000000", "status", "okay", 5));
	assert_string_equal(board_with("/memory@40000000", "device_type", "memory", 6),
	                    "no memory node");
	assert_string_equal(board_with("/memory@40000000", "reg", "\0\0\0", 3), "no memory node");
}

static void more_ranges_than_fit_are_refused(void **state)
{
	static const struct {
		int count;
		const char *problem;
	} cases[] = {
		{ BOARD_NMEMORY, NULL },
		{ BOARD_NMEMORY + 1, "too many memory ranges" },
		{ BOARD_NRESERVED, "too many memory ranges" },
		{ BOARD_NRESERVED + 1, "too many memory reservations" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		void *tree;
		const char *problem;

		oracle_many(&tree, cases[i].count);
		memset(&board, 0, sizeof(board));
		problem = board_read(&board, pointer_pa(tree));
		if (cases[i].problem)
			assert_string_equal(problem ? problem : "accepted", cases[i].problem);
		else
			assert_null(problem);
		free(tree);
	}
}

static void boot_arguments(void **state)
{
	char value[8];

	strcpy(board.bootargs, "  one=1 xtwo=no two=22  two=3 long=0123456789 empty= name last=l");
	assert_true(bootarg("one", value, sizeof(value)));
	assert_string_equal(value, "1");
	assert_true(bootarg("two", value, sizeof(value)));
	assert_string_equal(value, "22");
	assert_true(bootarg("long", value, sizeof(value)));
	assert_string_equal(value, "0123456");
	assert_true(bootarg("empty", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(bootarg("last", value, sizeof(value)));
	assert_string_equal(value, "l");
	assert_true(bootarg("last", value, 1));
	assert_string_equal(value, "");
	assert_false(bootarg("name", value, sizeof(value)));
	assert_false(bootarg("wo", value, sizeof(value)));
	assert_false(bootarg("on", value, sizeof(value)));
	assert_false(bootarg("lastl", value, sizeof(value)));
	board.bootargs[0] = '\0';
	assert_false(bootarg("one", value, sizeof(value)));
}

/* ---- damaged trees --------------------------------------------------------------------------- */

/* Use everything of a tree that was accepted; what comes out does not matter, that it ends does. */
static void use(const struct fdt *fdt)
{
	int node, depth = 0;
	u32 index, length;
	pa_t start;
	u64 size;

	for (node = 0; node >= 0; node = fdt_next_node(fdt, node, &depth)) {
		assert_in_range(depth, 0, FDT_MAX_DEPTH - 1);
		assert_in_range(node, 0, fdt->structure_size);
		for (index = 0; index < 100 && fdt_reg(fdt, node, index, &start, &size); index++)
			continue;
		fdt_property(fdt, node, "compatible", &length);
	}
	fdt_path(fdt, "/soc/uart@f7113000");
	fdt_phandle(fdt, 1);
	for (index = 0; index < 100 && fdt_reservation(fdt, index, &start, &size); index++)
		continue;
}

/* Open and read the damaged tree of @p size bytes at @p tree; the header may claim another size. */
static bool survives(const u8 *tree, size_t size)
{
	u32 claimed = be32(tree + 4);
	struct fdt fdt;
	bool accepted;
	u8 *exact;

	if (claimed <= FDT_MAX_SIZE) {
		/* The caller vouches for as many bytes as the header says, at least for a header. */
		size_t room = claimed < 8 ? 8 : claimed;

		exact = calloc(1, room);
		memcpy(exact, tree, size < room ? size : room);
	} else {
		exact = copy_of(tree, 8);
	}
	accepted = fdt_open(&fdt, pointer_pa(exact)) == NULL;
	if (accepted)
		use(&fdt);
	memset(&board, 0, sizeof(board));
	board_read(&board, pointer_pa(exact));
	assert_in_range(board.nmemory, 0, BOARD_NMEMORY);
	assert_in_range(board.nreserved, 0, BOARD_NRESERVED);
	free(exact);
	return accepted;
}

static void refused(const u8 *tree, size_t size, const char *why)
{
	u8 *exact = copy_of(tree, size);
	struct fdt fdt;
	const char *problem = fdt_open(&fdt, pointer_pa(exact));

	assert_string_equal(problem ? problem : "accepted", why);
	memset(&board, 0, sizeof(board));
	assert_string_equal(board_read(&board, pointer_pa(exact)), why);
	free(exact);
}

/* A tree with one field of the header (its number among 32-bit words) set to @p value. */
static void header_refused(int field, u32 value, const char *why)
{
	size_t size = (size_t)(tree_virt_end - tree_virt);
	u8 *tree = copy_of(tree_virt, size);

	set_be32(tree + 4 * field, value);
	refused(tree, size, why);
	free(tree);
}

static void each_header_field(void **state)
{
	u32 size = (u32)(tree_virt_end - tree_virt), structure = be32(tree_virt + 8),
	    strings = be32(tree_virt + 12), reservations = be32(tree_virt + 16);
	struct fdt fdt;

	assert_string_equal(fdt_open(&fdt, 0), "no device tree: x0 is 0 at entry");
	assert_string_equal(fdt_open(&fdt, pointer_pa(tree_virt) + 4),
	                    "the device tree is not aligned to 8 bytes");
	header_refused(0, 0xedfe0dd0, "bad magic number");
	header_refused(0, 0, "bad magic number");
	header_refused(1, 0, "impossible size");
	header_refused(1, 39, "impossible size");
	header_refused(1, FDT_MAX_SIZE + 1, "impossible size");
	header_refused(1, 0xffffffff, "impossible size");
	header_refused(2, 0, "structure block outside the tree");
	header_refused(2, 36, "structure block outside the tree"); /* in the header */
	header_refused(2, structure + 2, "structure block outside the tree");
	header_refused(2, size, "structure block outside the tree");
	header_refused(2, 0xfffffffc, "structure block outside the tree");
	header_refused(2, structure + 4, "an unknown token"); /* the empty name of the root */
	header_refused(3, 0, "strings block outside the tree");
	header_refused(3, strings + 1, "strings block outside the tree");
	header_refused(3, 0xffffffff, "strings block outside the tree");
	header_refused(4, 0, "reservation block outside the tree");
	header_refused(4, 32, "reservation block outside the tree");
	header_refused(4, reservations + 4, "reservation block outside the tree");
	header_refused(4, 0xfffffff8, "reservation block outside the tree");
	header_refused(5, 16, "unsupported version");
	header_refused(6, 18, "unsupported version");
	header_refused(8, size, "strings block outside the tree");
	header_refused(8, 0xffffffff, "strings block outside the tree");
	header_refused(8, 0, "a property name outside the strings block");
	header_refused(9, 0, "no end token");
	header_refused(9, 3, "no end token");
	header_refused(9, size, "structure block outside the tree");
	header_refused(9, 0xffffffff, "structure block outside the tree");
	header_refused(9, be32(tree_virt + 36) - 4, "no end token");
}

/*
 * A small tree written token by token, with the strings "a" and "no end". The structure block comes
 * last: behind it is nothing.
 */
static void structure_is(const u32 *tokens, u32 count, const char *why)
{
	const u32 size = 64 + 4 * count;
	u8 *tree = calloc(1, size);
	const u32 header[] = { 0xd00dfeed, size, 64, 56, 40, 17, 16, 0, 8, 4 * count };
	struct fdt fdt;
	const char *problem;
	u32 i;

	for (i = 0; i < 10; i++)
		set_be32(tree + 4 * i, header[i]);
	for (i = 0; i < count; i++)
		set_be32(tree + 64 + 4 * i, tokens[i]);
	memcpy(tree + 56, "a\0no end", 8);
	problem = fdt_open(&fdt, pointer_pa(tree));
	assert_string_equal(problem ? problem : "sound", why);
	if (!problem)
		use(&fdt);
	free(tree);
}
#define STRUCTURE(why, ...) \
	structure_is((const u32[]){ __VA_ARGS__ }, sizeof((u32[]){ __VA_ARGS__ }) / 4, why)

static void each_defect_of_the_structure(void **state)
{
	enum {
		BEGIN = 1,
		END_NODE = 2,
		PROP = 3,
		NOP = 4,
		END = 9,
		NAME = 0x6e616d65,
		SHORT = 0x61000000
	};

	STRUCTURE("sound", BEGIN, 0, END_NODE, END);
	STRUCTURE("sound", BEGIN, 0, NOP, PROP, 3, 0, 0xffffffff, NOP, BEGIN, SHORT, END_NODE, NOP,
	          END_NODE, NOP, END);
	STRUCTURE("sound", BEGIN, 0, PROP, 0, 0, END_NODE, END);
	STRUCTURE("sound", BEGIN, 0, END_NODE, END,
	          0xffffffff); /* behind the end anything may stand */
	STRUCTURE("no root node", NOP, BEGIN, 0, END_NODE, END);
	STRUCTURE("the tree ends inside a node", END);
	STRUCTURE("the tree ends inside a node", BEGIN, 0, END);
	STRUCTURE("a second root node", BEGIN, 0, END_NODE, BEGIN, SHORT, END_NODE, END);
	STRUCTURE("a node name without an end", BEGIN, NAME);
	STRUCTURE("a node name without an end", BEGIN);
	STRUCTURE("no end token", BEGIN, 0);
	STRUCTURE("no end token", BEGIN, 0, END_NODE);
	STRUCTURE("more node ends than nodes", END_NODE, END);
	STRUCTURE("more node ends than nodes", BEGIN, 0, END_NODE, END_NODE, END);
	STRUCTURE("a property outside any node", PROP, 0, 0, END);
	STRUCTURE("a property outside any node", BEGIN, 0, END_NODE, PROP, 0, 0, END);
	STRUCTURE("a property longer than the tree", BEGIN, 0, PROP);
	STRUCTURE("a property longer than the tree", BEGIN, 0, PROP, 0);
	STRUCTURE("a property longer than the tree", BEGIN, 0, PROP, 9, 0, END_NODE, END);
	STRUCTURE("no end token", BEGIN, 0, PROP, 8, 0, END_NODE, END);
	STRUCTURE("a property longer than the tree", BEGIN, 0, PROP, 0xffffffff, 0, END_NODE, END);
	STRUCTURE("a property longer than the tree", BEGIN, 0, PROP, 0xfffffff0, 0, END_NODE, END);
	STRUCTURE("a property name outside the strings block", BEGIN, 0, PROP, 0, 2, END_NODE, END);
	STRUCTURE("a property name outside the strings block", BEGIN, 0, PROP, 0, 8, END_NODE, END);
	STRUCTURE("a property name outside the strings block", BEGIN, 0, PROP, 0, 0xffffffff,
	          END_NODE, END);
	STRUCTURE("an unknown token", BEGIN, 0, 0, END_NODE, END);
	STRUCTURE("an unknown token", BEGIN, 0, 5, END_NODE, END);
}

static void a_reservation_block_without_an_end(void **state)
{
	size_t size = (size_t)(tree_virt_end - tree_virt);
	u8 *tree = copy_of(tree_virt, size);
	u32 at = ((u32)size - 16) & ~7u;

	/* The last place where one entry fits: the strings, which are not zero. */
	set_be32(tree + 16, at);
	refused(tree, size, "reservation block without an end");
	free(tree);
}

static void nesting(void **state)
{
	struct fdt fdt;
	void *tree;
	int node, depth = 0;
	size_t size;

	oracle_nested(&tree, FDT_MAX_DEPTH);
	fdt = opened(tree);
	for (node = 0; fdt_next_node(&fdt, node, NULL) >= 0;)
		node = fdt_next_node(&fdt, node, &depth);
	assert_int_equal(depth, FDT_MAX_DEPTH - 1);
	assert_int_equal(fdt_parent(&fdt, node), oracle_parent(tree, node));
	use(&fdt);
	free(tree);
	size = oracle_nested(&tree, FDT_MAX_DEPTH + 1);
	refused(tree, size, "nodes nested too deeply");
	free(tree);
	size = oracle_nested(&tree, 1000);
	refused(tree, size, "nodes nested too deeply");
	free(tree);
}

/* Cut anywhere; and cut with a header that admits it. */
static void truncated_at_every_length(void **state)
{
	size_t i, length;

	for (i = 0; i < ARRAY_SIZE(trees); i++) {
		size_t size = (size_t)(trees[i].end - trees[i].start);
		u8 *tree = copy_of(trees[i].start, size);

		for (length = 8; length < size; length++) {
			model_progress("length", length);
			set_be32(tree + 4, (u32)length);
			if (survives(tree, length) && length < be32(tree + 12))
				fail_msg("%s, cut to %zu bytes, is accepted", trees[i].name,
				         length);
		}
		free(tree);
	}
}

static void every_word_replaced(void **state)
{
	static const u32 values[] = { 0,          1,          2,          3,          4,     9,
		                      0xffffffff, 0x7fffffff, 0x80000000, 0xfffffffc, 0x1000 };
	size_t i, at, v;

	for (i = 0; i < ARRAY_SIZE(trees); i++) {
		size_t size = (size_t)(trees[i].end - trees[i].start);
		u8 *tree = copy_of(trees[i].start, size);

		for (at = 0; at + 4 <= size; at += 4)
			for (v = 0; v < ARRAY_SIZE(values); v++) {
				model_progress("word", at);
				set_be32(tree + at, values[v]);
				survives(tree, size);
				memcpy(tree + at, trees[i].start + at, 4);
			}
		free(tree);
	}
}

static void every_byte_replaced(void **state)
{
	static const u8 values[] = { 0, 3, '/', 0xff };
	size_t i, at, v;

	for (i = 0; i < ARRAY_SIZE(trees); i++) {
		size_t size = (size_t)(trees[i].end - trees[i].start);
		u8 *tree = copy_of(trees[i].start, size);

		for (at = 8; at < size; at++)
			for (v = 0; v < ARRAY_SIZE(values); v++) {
				model_progress("byte", at);
				tree[at] = values[v];
				survives(tree, size);
				tree[at] = trees[i].start[at];
			}
		free(tree);
	}
}

/* What a liar would write: small numbers, tokens, lengths around the block sizes. */
static u32 interesting(size_t size)
{
	switch (model_random() % 5) {
	case 0:
		return (u32)(model_random() % 10);
	case 1:
		return (u32)(model_random() % (size + 16));
	case 2:
		return (u32) - (model_random() % 20);
	case 3:
		return 1u << model_random() % 32;
	default:
		return (u32)model_random();
	}
}

static void mutate(u8 *tree, size_t size)
{
	size_t at = model_random() % 8 ? 56 + model_random() % (size - 56 - 16)
	                               : model_random() % (size - 16);

	switch (model_random() % 6) {
	case 0:
		tree[at] ^= (u8)(1 << model_random() % 8);
		break;
	case 1:
		tree[at] = (u8)model_random();
		break;
	case 2:
	case 3:
		set_be32(tree + (at & ~3UL), interesting(size));
		break;
	case 4: /* a piece moved over another */
		memmove(tree + (at & ~3UL), tree + (model_random() % (size - 16) & ~3UL),
		        model_random() % 5 * 4);
		break;
	default: /* the number of cells, or an empty or missing ranges: what addresses are made of */
		for (at &= ~3UL; at + 16 < size; at += 4)
			if (be32(tree + at) == 3 && be32(tree + at + 4) == 4) {
				set_be32(tree + at + 12, (u32)(model_random() % 4));
				break;
			}
	}
}

static void random_mutants(void **state)
{
	u32 accepted = 0, mutant;

	for (mutant = 0; mutant < 200000; mutant++) {
		size_t i = model_random() % ARRAY_SIZE(trees),
		       size = (size_t)(trees[i].end - trees[i].start);
		u8 tree[4096];
		int changes = (int)(model_random() % 4) + 1;

		memcpy(tree, trees[i].start, size);
		while (changes--)
			mutate(tree, size);
		model_progress("mutant", mutant);
		accepted += survives(tree, size);
	}
	assert_in_range(accepted, 20000, 190000); /* neither all noise nor all harmless */
}

static const struct CMUnitTest tests[] = {
	TEST(every_node_as_libfdt_sees_it),
	TEST(every_reservation),
	TEST(paths),
	TEST(compatible_and_not_disabled),
	TEST(numbers_of_cells),
	TEST(addresses_behind_buses),
	TEST(the_console),
	TEST(the_console_by_every_stdout_path),
	TEST(no_console),
	TEST(board_virt),
	TEST(board_hikey),
	TEST(board_buses),
	TEST(board_with_endless_ranges),
	TEST(board_from_a_loader),
	TEST(board_with_an_unplaced_reservation),
	TEST(board_broken),
	TEST(long_boot_arguments_are_cut),
	TEST(initrd_limits),
	TEST(psci_method),
	TEST(a_clock_that_is_not_fixed),
	TEST(no_memory_is_refused),
	TEST(more_ranges_than_fit_are_refused),
	TEST(boot_arguments),
	TEST(each_header_field),
	TEST(each_defect_of_the_structure),
	TEST(a_reservation_block_without_an_end),
	TEST(nesting),
	TEST(truncated_at_every_length),
	TEST(every_word_replaced),
	TEST(every_byte_replaced),
	TEST(random_mutants),
};

MODEL_MAIN("fdt", tests)
