/* In-kernel tests of lab 2: EL2's translation tables and the MMU. Chosen by test=NAME; see
 * grading/lab2/. */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/ktest.h>
#include <hv8/map.h>
#include <hv8/sysreg.h>
#include <machine.h>

extern const char _text[];

KTEST(2, mmu)
{
	volatile u64 *memory = pa_pointer(ROUND_DOWN(board.memory[0].end, BLOCK_SIZE) - 64);

	ktest_stop(); /* the grader reads registers and tables here */
	*memory = nonce;
	printk("through the MMU: %016lx\n", *memory ^ 0xffff);
}

/* Far above memory: nothing else is mapped there, and nobody accesses it. */
#define NOWHERE 0x10000000000UL

KTEST(2, blocks)
{
	printk("mapped: %d\n", map_range(NOWHERE + 0x1ff000, NOWHERE + 0x401000, MAP_DATA));
	printk("read-only: %d\n", map_range(NOWHERE + 0x600000, NOWHERE + 0x601000, MAP_RODATA));
	printk("text: %d\n", map_range(NOWHERE + 0x601000, NOWHERE + 0x602000, MAP_TEXT));
	printk("device: %d\n", map_range(NOWHERE + 0x602000, NOWHERE + 0x603000, MAP_DEVICE));
	ktest_stop();
}

/* Print a result; the word is right in the end only if the nonce and each result is, and their order. */
static u64 result(u64 word, const char *what, int value)
{
	printk("%s: %d\n", what, value);
	return word * 31 + (u64)(i64)value;
}

KTEST(2, refused)
{
	const int before = map_table_count();
	u64 word = nonce;

	word = result(word, "unaligned start", map_range(NOWHERE + 8, NOWHERE + 0x1000, MAP_DATA));
	word = result(word, "unaligned end", map_range(NOWHERE, NOWHERE + 0x1008, MAP_DATA));
	word = result(word, "empty", map_range(NOWHERE, NOWHERE, MAP_DATA));
	word = result(word, "too high", map_range(1UL << 48, (1UL << 48) + 0x1000, MAP_DATA));
	word = result(word, "nothing mapped yet", map_table_count() - before);
	word = result(word, "first", map_range(NOWHERE, NOWHERE + BLOCK_SIZE, MAP_DATA));
	word = result(word, "block again", map_range(NOWHERE, NOWHERE + BLOCK_SIZE, MAP_DATA));
	word = result(word, "page in the block",
	              map_range(NOWHERE + 0x1000, NOWHERE + 0x2000, MAP_TEXT));
	word = result(word, "too many tables",
	              map_range(NOWHERE + 0x40000000UL, NOWHERE + (200UL << 30), MAP_DATA));
	word = result(word, "tables taken", map_table_count());
	printk("word: %016lx\n", word);
}

static void look_up(const char *what, u64 address)
{
	int level = -1;
	pte_t leaf = map_lookup(address, &level);

	if (leaf)
		printk("%s: level %d, 0x%lx, %s, %s\n", what, level, leaf & PTE_ADDRESS,
		       leaf & PTE_AP2_RO ? "read-only" : "writable",
		       leaf & PTE_XN ? "no execute" : "execute");
	else
		printk("%s: not mapped\n", what);
}

/* Through the leaf: its output address, and the offset that its level leaves alone. */
static u64 translate(u64 address)
{
	int level;
	pte_t leaf = map_lookup(address, &level);
	u64 offset = level == 2 ? BLOCK_SIZE - 1 : PAGE_SIZE - 1;

	return (leaf & PTE_ADDRESS & ~offset) | (address & offset);
}

KTEST(2, lookup)
{
	look_up("memory", board.memory[0].start + 0x10123456);
	look_up("uart", board.uart.start + 0x18);
	look_up("text", board.image.start + 0x1abc);
	look_up("null", 8);
	look_up("nowhere", NOWHERE);
	look_up("beyond", (1UL << 48) + board.memory[0].start + 0x10123456);
	printk("translated nonce: %016lx\n",
	       translate(board.memory[0].start + (nonce & 0xfffffff)) - board.memory[0].start);
}

KTEST(2, null_write)
{
	volatile pa_t null = 0x10; /* the compiler must not know, or it refuses */

	__asm__ volatile("mov x9, %1\n\tstr x9, [%0]"
	                 :
	                 : "r"(pa_pointer(null)), "r"(3 * nonce)
	                 : "x9", "memory");
}

KTEST(2, text_write)
{
	__asm__ volatile("mov x9, %1\n\tstr w9, [%0]"
	                 :
	                 : "r"(pa_pointer(pointer_pa(_text))), "r"(5 * nonce)
	                 : "x9", "memory");
}

KTEST(2, data_execute)
{
	static u32 code[] = { 0xd65f03c0 }; /* ret */

	__asm__ volatile("mov x9, %1\n\tblr %0"
	                 :
	                 : "r"(pa_pointer(pointer_pa(code))), "r"(7 * nonce)
	                 : "x9", "x30", "memory");
	printk("executed data\n");
}

/* Calls itself for ever, with 256 bytes of stack each time. */
__asm__("	.pushsection .text\n"
        "	.type	dig, %function\n"
        "dig:	stp	x29, x30, [sp, #-256]!\n"
        "	mov	x29, sp\n"
        "	bl	dig\n"
        "	.popsection\n");

KTEST(2, stack_overflow)
{
	__asm__ volatile("mov x9, %0\n\tbl dig" : : "r"(9 * nonce) : "x9", "x30", "memory");
}

extern const char boot[]; /* start.S; the header page before it is not mapped */

KTEST(2, reenter)
{
	static u64 entered
		__attribute__((section(".data"))); /* not .bss: it must survive the second boot */

	if (entered) {
		printk("entered again: %016lx\n", entered + nonce);
		return;
	}
	entered = 3 * nonce;
	printk("entering again with the MMU on\n");
	((void (*)(pa_t fdt))pa_pointer(pointer_pa(boot)))(board.fdt.start);
}

KTEST(2, nested)
{
	const char *volatile unmapped = (const char *)0x10;

	panic("%016lx %s", 7 * nonce, unmapped);
}
