/*
 * Handlers that let interrupts in. Each raises the next one, which is more urgent, and one that is not: six deep, two more than
 * there are list registers; what has no room waits for an end. First SGIs, then SPIs, whose end the distributor must hear of too.
 */
#include "irqs.h"

#define LEVELS 6

static u64 base; /* of INTIDs: level n is base + n, the least urgent of all base + LEVELS */
static u64 number, active[LEVELS + 1]; /* which levels are active, the least urgent first */
static volatile u64 came, ended, depth, deepest, fifth, wrong;

static void raise(u64 level)
{
	if (hv8_raise_irq((u64)hv8_getpid(), base + level))
		wrong += 100;
}

static void nest(u64 intid)
{
	const u64 level = intid - base;

	if (level > LEVELS || (depth && (level == LEVELS || level <= active[depth - 1]))) {
		wrong++;
		return;
	}
	active[depth++] = level == LEVELS ? 0 : level;
	deepest = depth > deepest ? depth : deepest;
	fifth = level == 4 ? depth : fifth;
	came = came << 4 | digit(number, level);
	if (level == 0)
		raise(LEVELS); /* must wait till the last */
	if (level + 1 < LEVELS)
		raise(level + 1);
	irq_window();
	depth--;
	ended++;
}

/*
 * Three are active and raise two at once, both more urgent. When the first ends it is the other's turn, not that of the handlers behind:
 * who does not hear of that end lets it wait.
 */
static void pair(u64 intid)
{
	const u64 level = intid - base;

	depth++;
	came = came << 4 | digit(number, level);
	deepest = level == 4 ? depth : deepest;
	if (level < 3)
		raise(level + 1);
	if (level == 2)
		raise(4);
	irq_window();
	depth--;
	ended++;
}

/* Raised again in its own handler, and another that is as urgent. */
static void again(u64 intid)
{
	static volatile u64 inside;

	wrong += inside != 0;
	inside++;
	came = came << 4 | digit(number, ended++);
	if (ended == 1) {
		raise(intid - base);
		raise(intid - base); /* pending is not more than pending */
		raise((intid - base) ^ 1);
	}
	irq_window();
	inside--;
}

/* What must be @p digits of the number came; the others are added here. */
static void result(const char *what, u64 digits)
{
	const u64 shift = 64 - 4 * digits;

	print(what);
	print(": came ");
	print_hex(came << shift | (number & ((1UL << shift) - 1)));
	print(", ended ");
	print_decimal((i64)ended);
	line_decimal(", wrongly", (i64)wrong);
	came = ended = wrong = 0;
}

static void run(const char *what, u64 first, u64 word)
{
	u64 level;

	base = first;
	number = word;
	depth = 0;
	deepest = 0;
	for (level = 0; level <= LEVELS; level++)
		hv8_irq_priority(base + level, level < LEVELS ? 0xe8 - 0x18 * level : 0xf0);
	raise(0);
	irq_window();
	result(what, LEVELS + 1);
	line_decimal("  at least four deep", deepest >= 4);
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce");
	u64 i;

	irq_begin_or_end(nest);
	run("SGIs", 3, nonce);
	line_decimal("  the fifth, when one had ended", fifth >= 4);
	run("SGIs again", 8, nonce * 3);
	line_decimal("  the fifth, when one had ended", fifth >= 4);
	for (i = 0; i <= LEVELS; i++)
		wrong += hv8_alloc_irq(SPI + i, 0) != 0;
	run("SPIs", SPI, nonce * 5);
	run("SPIs again", SPI, nonce * 7);

	irq_begin_or_end(pair);
	base = 7;
	number = nonce * 13;
	deepest = 0;
	for (i = 0; i < 5; i++)
		hv8_irq_priority(base + i, i == 4 ? 0x60 : i == 3 ? 0x40 : 0xe0 - 16 * i);
	raise(0);
	irq_window();
	result("two at once", 5);
	line_decimal("  the second, when the first had ended", deepest >= 4);

	irq_begin_or_end(again);
	base = 4;
	number = nonce * 9;
	hv8_irq_priority(4, 0x80);
	hv8_irq_priority(5, 0x80);
	raise(0);
	irq_window();
	result("SGIs, again while active", 3);
	base = SPI;
	number = nonce * 11;
	hv8_irq_priority(SPI, 0x80);
	hv8_irq_priority(SPI + 1, 0x80);
	raise(0);
	irq_window_again();
	result("SPIs, again while active", 3);
	return 0;
}
