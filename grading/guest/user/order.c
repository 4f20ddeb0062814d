/*
 * Sixteen SGIs, four times as many as there are list registers. The handler gives each a digit and writes these down in the order in
 * which it is called: the number that must come out is there only if every SGI came once, in the order of its priority.
 */
#include "irqs.h"

static const u8 first[16] = { 11, 2, 14, 7, 0, 9, 4, 13, 6, 1, 15, 8, 3, 12, 5, 10 };
static const u8 changed[16] = { 1, 3, 5, 7, 14, 12, 9, 10, 8, 11, 6, 4, 13, 2, 0, 15 };
static u8 turn[16]; /* which SGI is the k-th to come */
static volatile u64 digits[16], came, taken;
static volatile bool raise_all;

/* By the system register and by hypercall, in turn. */
static void raise(u64 intid)
{
	if (intid % 2)
		irq_send(intid);
	else
		hv8_raise_irq((u64)hv8_getpid(), intid);
}

static void handler(u64 intid)
{
	u64 k;

	came = came << 4 | digits[intid & 15];
	taken += intid < 16 ? 1 : 100;
	if (!raise_all)
		return;
	raise_all = false;
	for (k = 16; k > 0; k--)
		if (turn[k - 1] != intid || k == 16)
			raise(turn[k - 1]);
}

/* The k-th of this round gets digit k of @p number; where it begins in first[], and how it goes on, makes the rounds differ. */
static void prepare(u64 number, u64 start, u64 step)
{
	u64 k;

	for (k = 0; k < 16; k++) {
		turn[k] = first[(start + k * step) % 16];
		hv8_irq_priority(turn[k], 16 * k);
		digits[turn[k]] = digit(number, k);
	}
	came = 0;
	taken = 0;
}

static void result(const char *what)
{
	irq_window();
	print(what);
	print(": ");
	print_decimal((i64)taken);
	line_hex(", came", came);
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce");
	u64 k;

	irq_begin_or_end(handler);

	prepare(nonce, 0, 1);
	for (k = 16; k > 0; k--)
		raise(turn[k - 1]);
	result("the most urgent last");

	prepare(nonce * 3, 5, 3);
	for (k = 0; k < 16; k++)
		raise(turn[k]);
	result("the most urgent first");

	prepare(nonce * 5, 9, 7);
	for (k = 0; k < 48; k++) /* what is pending is not pending twice */
		raise(turn[k * 5 % 16]);
	result("each three times");

	prepare(nonce * 7, 2, 13);
	raise_all = true;
	raise(turn[0]);
	result("all others in a handler");

	prepare(nonce * 11, 7, 9);
	raise_all = true;
	raise(turn[15]);
	result("in the handler of the last");

	prepare(0, 3, 1);
	for (k = 0; k < 16;
	     k += 2) /* now these are interleaved with the others, the other way round */
		hv8_irq_priority(turn[k], 0xe8 - 8 * k);
	for (k = 0; k < 16; k++)
		digits[turn[changed[k]]] = digit(nonce * 9, k);
	for (k = 0; k < 16; k++)
		raise(turn[k]);
	result("priorities changed");
	return 0;
}
