/*
 * SPIs that the distributor raises as a device would, level-sensitive ones and edge-triggered ones: each comes once, stays active till
 * its handler ends it, and comes again only then.
 */
#include "irqs.h"

static volatile u64 came, taken, wrong, inside, during;
static volatile bool raise_again;
static u64 nonce;

static void raise(u64 intid)
{
	wrong += hv8_raise_irq((u64)hv8_getpid(), intid) != 0;
}

static void handler(u64 intid)
{
	wrong += intid < SPI || intid > SPI + 7 || inside;
	inside = 1;
	came = came << 4 | ((intid - SPI) ^ digit(nonce, taken & 15));
	taken++;
	if (raise_again) {
		const u64 irqs = (u64)hv8_stat(STAT_IRQS);

		raise_again = false;
		raise(intid);
		irq_window(); /* it must not come in here, nor interrupt the kernel */
		during += (u64)hv8_stat(STAT_IRQS) - irqs;
	}
	inside = 0;
}

static void result(const char *what)
{
	print(what);
	print(": ");
	print_decimal((i64)taken);
	line_decimal(", wrongly", (i64)wrong);
	taken = wrong = 0;
}

static void both(const char *what, u64 trigger)
{
	const u64 intid = SPI + trigger, irqs = (u64)hv8_stat(STAT_IRQS);

	print(what);
	line_decimal(": alloc_irq", hv8_alloc_irq(intid, trigger));
	raise(intid);
	result("  masked");
	line_decimal("  physical ones", hv8_stat(STAT_IRQS) - (i64)irqs);
	irq_window();
	result("  let in");
	raise_again = true;
	during = 0;
	raise(intid);
	irq_window_again();
	result("  raised again in its handler");
	line_decimal("  interrupts in it", (i64)during);
	raise(intid);
	raise(intid);
	raise(intid);
	irq_window_again();
	result("  raised three times");
	irq_mask(0x80);
	raise(intid);
	irq_window();
	result("  as urgent as the mask");
	irq_mask(0x88);
	irq_window();
	result("  more urgent");
	irq_mask(0xff);
}

int main(const char *arguments)
{
	u64 k;

	nonce = argument(arguments, "nonce");
	irq_begin_or_end(handler);
	both("level", 0);
	both("edge", IRQ_EDGE);
	for (k = 2; k < 8; k++)
		wrong += hv8_alloc_irq(SPI + k, k % 2) != 0;

	came = 0;
	for (k = 0; k < 16; k++) {
		raise(SPI + k % 2);
		irq_window();
	}
	line_hex("in turn", 3 * (came ^ 0x0101010101010101));
	result("in turn");
	came = 0;
	for (k = 0; k < 8; k++)
		hv8_irq_priority(SPI + k, 0xc0 - 8 * k);
	for (k = 0; k < 16; k++) {
		raise(SPI + k % 8);
		if (k % 8 == 7)
			irq_window();
	}
	line_hex("eight at a time", 5 * (came ^ 0x7654321076543210));
	result("eight at a time");
	for (k = 0; k < 8; k++)
		wrong += hv8_reclaim_irq(SPI + k) != 0;
	result("given back");
	return 0;
}
