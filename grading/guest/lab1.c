/* In-kernel tests of lab 1: UART, printk, device tree, self-relocation. Chosen by test=NAME; see
 * grading/lab1/. */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/ktest.h>
#include <hv8/pl011.h>
#include <machine.h>

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
	u32 line;

	pl011_init(board.uart.start, 19200000); /* a HiKey's: 10 + 27/64 when rounded */
	ktest_stop();
	line = mmio_read32(board.uart.start + 0x2c);
	pl011_init(board.uart.start, 0); /* unknown: what is set stays */
	printk("kept: %u %u %s\n", mmio_read32(board.uart.start + 0x24),
	       mmio_read32(board.uart.start + 0x28),
	       mmio_read32(board.uart.start + 0x2c) == line ? "line" : "changed line");
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
	u32 sum = 0, count = 0;
	char c;

	printk("paste\n");
	while ((c = read_char()) != '.') {
		sum = sum * 31 + (u8)c;
		count++;
	}
	printk("got %u characters, sum %08x\n", count, sum);
}

KTEST(1, no_input)
{
	printk("nothing typed: %d\n", pl011_getc());
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

__attribute__((noinline)) static void give_up(u64 nonce)
{
	panic("asked to, code %lx", nonce);
}

KTEST(1, panic)
{
	give_up(nonce);
	printk("still alive\n"); /* never: also keeps the call above from being the last */
}

/* The frame pointer is rubbish too: the backtrace must not follow it. */
KTEST(1, brk)
{
	__asm__ volatile("mov x9, %0\n\tmov x29, %0\n\tbrk #7" : : "r"(nonce) : "x9");
}
