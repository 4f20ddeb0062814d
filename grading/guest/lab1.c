/* In-kernel tests of lab 1: UART, printk, device tree, self-relocation. Chosen by test=NAME; see
 * grading/lab1/. */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/fdt.h>
#include <hv8/ktest.h>
#include <hv8/pl011.h>
#include <hv8/string.h>
#include <machine.h>

/* @p word with one more result in it: in the end it is right only if the nonce and each result is, and their order. */
static u64 fold(u64 word, u64 result)
{
	return word * 31 + result;
}

KTEST(1, hello)
{
	printk("nonce: %lx\n", nonce);
	printk("successor: %016lx\n", nonce + 1);
}

static u64 twice(u64 value)
{
	return value << 1;
}

static u64 flipped(u64 value)
{
	return ~value;
}

/* Pointers in initialised data: right only if the image was relocated. */
static const struct {
	const char *name;
	u64 (*function)(u64 value);
} pointers[] = { { "twice", twice }, { "flipped", flipped } };

KTEST(1, pointers)
{
	const volatile u64 last = nonce & 1; /* the compiler must go through the table */
	u64 i;

	for (i = 0; i < 2; i++)
		printk("%s: %016lx\n", pointers[i ^ last ^ (nonce & 1)].name,
		       pointers[i ^ last ^ (nonce & 1)].function(nonce));
}

extern const char boot[]; /* start.S */

KTEST(1, again)
{
	static u64 entered
		__attribute__((section(".data"))); /* not .bss: it survives the second boot */

	if (!entered++)
		((void (*)(pa_t fdt))pa_pointer(pointer_pa(boot)))(board.fdt.start);
	printk("%s: %016lx\n", pointers[1].name, pointers[1].function(nonce));
}

KTEST(1, numbers)
{
	printk("zero [%d] [%u] [%x]\n", 0, 0, 0);
	printk("int [%d] [%d] [%d]\n", 2147483647, -2147483647 - 1, -7);
	printk("unsigned [%u] [%x]\n", 4294967295u, 0xdeadbeefu);
	printk("long [%ld] [%lu] [%lx]\n", -9223372036854775807L - 1, 18446744073709551615UL,
	       0x123456789abcdefUL);
	printk("padded [%8d] [%-8d] [%08x] [%04d]\n", 42, 42, 0x2a, -42);
	printk("text [%s] [%5s] [%-5s] [%c] [%%]\n", "hv8", "ab", "ab", 'z');
	printk("pointer [%p]\n", pa_pointer(nonce));
	printk("nonce %lu\n", nonce);
}

KTEST(1, uart)
{
	ktest_stop(); /* the grader reads the UART's registers here */
	printk("uart: configured\n");
}

KTEST(1, clocks)
{
	const pa_t lcr_h = board.uart.start + 0x2c;
	const u32 fifos = 1 << 4; /* FEN */
	u32 line, kept;

	pl011_init(board.uart.start, 19200000); /* a HiKey's: 10 + 27/64 when rounded */
	ktest_stop();
	line = mmio_read32(lcr_h);
	mmio_write32(lcr_h, line & ~fifos); /* as a firmware may leave it */
	pl011_init(board.uart.start, 0);    /* unknown: what is set stays, but the FIFOs go on */
	kept = mmio_read32(lcr_h);
	printk("kept: %u %u %s\n", mmio_read32(board.uart.start + 0x24),
	       mmio_read32(board.uart.start + 0x28),
	       kept == line             ? "line"
	       : (kept | fifos) == line ? "line, FIFOs off"
	                                : "changed line");
}

static char read_char(void)
{
	int byte;

	while ((byte = pl011_getc()) < 0)
		continue;
	return (char)byte;
}

KTEST(1, typed)
{
	char line[80];
	int length = 0;

	printk("type a line\n");
	while ((line[length] = read_char()) != '\r' && length < 79)
		length++;
	printk("reversed: ");
	while (length)
		printk("%c", line[--length]);
	printk("\n");
}

KTEST(1, paste)
{
	u64 sum = nonce;
	u32 count = 0;
	char c;

	printk("paste\n");
	while ((c = read_char()) != '.') {
		sum = fold(sum, (u8)c);
		count++;
	}
	printk("got %u characters, sum %016lx\n", count, sum);
}

KTEST(1, no_input)
{
	const int byte = pl011_getc();

	printk("nothing typed: %d, word: %016lx\n", byte, fold(nonce, (u64)(i64)byte));
}

KTEST(1, board)
{
	const u8 *initrd = pa_pointer(board.initrd.start);
	int i;

	for (i = 0; i < board.nmemory; i++)
		printk("memory 0x%lx-0x%lx\n", board.memory[i].start, board.memory[i].end);
	printk("uart 0x%lx, %u Hz\n", board.uart.start, board.uart_clock);
	printk("bootargs: %s\n", board.bootargs);
	printk("initrd: %lu bytes: ", board.initrd.end - board.initrd.start);
	for (i = 0; i < 16; i++)
		printk("%c", initrd[i]);
	printk("\n");
}

/* A device tree made on the spot: header, one empty reservation, structure from byte 64, strings. */
static u8 tree[1024] __attribute__((aligned(8)));
static u32 tree_end;
static const char tree_strings[] = "compatible\0status\0stdout-path\0serial1";
enum { COMPATIBLE = 0, STATUS = 11, STDOUT_PATH = 18, SERIAL1 = 30 }; /* offsets into them */

static void put_cell(u32 cell)
{
	int shift;

	for (shift = 24; shift >= 0; shift -= 8)
		tree[tree_end++] = (u8)(cell >> shift);
}

static void put_text(const char *text)
{
	do
		tree[tree_end++] = (u8)*text;
	while (*text++);
	while (tree_end % 4)
		tree[tree_end++] = 0;
}

static void put_property(u32 name, const char *value)
{
	put_cell(3);
	put_cell((u32)strlen(value) + 1);
	put_cell(name);
	put_text(value);
}

/* A node with at most one property, closed at once unless it is the root. */
static void put_node(const char *node, u32 name, const char *value, const char *status)
{
	put_cell(1);
	put_text(node);
	if (value)
		put_property(name, value);
	if (status)
		put_property(STATUS, status);
	if (*node)
		put_cell(2);
}

/* Which console a tree with two PL011s has; the second may have a status. @return @p word with its name */
static u64 console_of(u64 word, const char *stdout_path, const char *uart, const char *status)
{
	struct fdt fdt;
	const char *problem, *name;
	u32 structure_end;
	int node;

	memset(tree, 0, sizeof(tree));
	tree_end = 64;
	put_node("", 0, NULL, NULL);
	put_node("aliases", SERIAL1, "/uart@3000", NULL);
	put_node("chosen", STDOUT_PATH, stdout_path, NULL);
	put_node("uart@1000", COMPATIBLE, uart, NULL);
	put_node("other@2000", COMPATIBLE, "ns16550a", NULL);
	put_node("uart@3000", COMPATIBLE, uart, status);
	put_cell(2);
	put_cell(9);
	structure_end = tree_end;
	memcpy(tree + structure_end, tree_strings, sizeof(tree_strings));
	tree_end = 0;
	put_cell(0xd00dfeed);
	put_cell(structure_end + sizeof(tree_strings));
	put_cell(64);
	put_cell(structure_end);
	put_cell(40);
	put_cell(17);
	put_cell(16);
	put_cell(0);
	put_cell(sizeof(tree_strings));
	put_cell(structure_end - 64);
	problem = fdt_open(&fdt, pointer_pa(tree));
	if (problem)
		panic("the test's own tree: %s", problem);
	node = fdt_console(&fdt);
	name = node < 0 ? "none" : fdt_name(&fdt, node);
	printk("stdout-path %s%s%s: %s\n", stdout_path ? stdout_path : "missing",
	       status ? ", " : "", status ? status : "", name);
	while (*name)
		word = fold(word, (u8)*name++);
	return word;
}

KTEST(1, consoles)
{
	u64 word = nonce;

	word = console_of(word, "/uart@3000", "arm,pl011", NULL);
	word = console_of(word, "/uart@3000:115200n8", "arm,pl011", NULL);
	word = console_of(word, "serial1", "arm,pl011", NULL);
	word = console_of(word, "serial1:115200n8", "arm,pl011", "okay");
	word = console_of(word, "serial2", "arm,pl011", NULL);
	word = console_of(word, "/nowhere", "arm,pl011", NULL);
	word = console_of(word, "/other@2000", "arm,pl011", NULL);
	word = console_of(word, NULL, "arm,pl011", NULL);
	word = console_of(word, "/uart@3000", "arm,pl011", "disabled");
	word = console_of(word, "/uart@3000", "arm,pl010", NULL);
	printk("word: %016lx\n", word);
}

__attribute__((noinline)) static void give_up(u64 nonce)
{
	panic("asked to, code %016lx", 5 * nonce);
}

KTEST(1, panic)
{
	give_up(nonce);
	printk("still alive\n"); /* never: also keeps the call above from being the last */
}

/* The frame pointer is rubbish too, though aligned: the backtrace must not follow it. */
KTEST(1, brk)
{
	__asm__ volatile("mov x9, %0\n\tmov x10, %1\n\tmvn x11, %0\n\tand x29, %0, #~15\n\tbrk #7"
	                 :
	                 : "r"(nonce), "r"(3 * nonce)
	                 : "x9", "x10", "x11");
}
