/* Interrupts are given back while they are active, pending here, and pending at the distributor. Who takes them next hears nothing. */
#include "irqs.h"

static volatile u64 taken, wrong, value;
static volatile enum { NOTHING, GIVE_BACK, AND_TAKE_AGAIN } in_handler;
static u64 me;

static void handler(u64 intid)
{
	taken++;
	value *= 3;
	wrong += intid < SPI || intid > SPI + 7;
	if (in_handler) {
		hv8_raise_irq(me, intid); /* pending and active */
		wrong += hv8_reclaim_irq(intid) != 0;
	}
	if (in_handler == AND_TAKE_AGAIN) {
		wrong += hv8_alloc_irq(intid, 0) != 0;
		wrong += hv8_raise_irq(me, intid) != 0;
	}
	in_handler = NOTHING;
}

static void result(const char *what)
{
	print(what);
	print(": ");
	print_decimal((i64)taken);
	line_decimal(", wrongly", (i64)wrong);
	taken = wrong = 0;
}

/* Nothing of its past is left in SPI @p intid; and it is as good as new. */
static void anew(u64 intid)
{
	wrong += IRQS[intid].type != IRQ_FREE || IRQS[intid].owner != 0;
	wrong += hv8_raise_irq(me, intid) != -EPERM;
	wrong += hv8_alloc_irq(intid, 0) != 0;
	irq_window_again();
	result("  anew");
	wrong += hv8_raise_irq(me, intid) != 0;
	irq_window();
	wrong += hv8_raise_irq(me, intid) != 0;
	irq_window();
	result("  raised twice");
}

int main(const char *arguments)
{
	u64 k;

	me = (u64)hv8_getpid();
	value = argument(arguments, "nonce");
	irq_begin_or_end(handler);
	line_decimal("alloc_irq", hv8_alloc_irq(SPI, 0));

	in_handler = GIVE_BACK;
	hv8_raise_irq(me, SPI);
	irq_window();
	result("in its handler");
	anew(SPI);

	in_handler = AND_TAKE_AGAIN;
	hv8_raise_irq(me, SPI);
	irq_window();
	result("and taken again there");
	line_decimal("give back", hv8_reclaim_irq(SPI));
	anew(SPI);

	hv8_raise_irq(me, SPI);
	line_decimal("give back while it is pending", hv8_reclaim_irq(SPI));
	anew(SPI);
	hv8_raise_irq(me, SPI);
	hv8_raise_irq(me, SPI);
	line_decimal("give back while it is pending twice", hv8_reclaim_irq(SPI));
	anew(SPI);

	for (k = 1; k < 8; k++)
		wrong += hv8_alloc_irq(SPI + k, k % 2) != 0;
	for (k = 0; k < 8; k++)
		hv8_raise_irq(me, SPI + k);
	for (k = 0; k < 8; k += 2)
		wrong += hv8_reclaim_irq(SPI + k) != 0;
	irq_window();
	result("four of eight that are pending");
	for (k = 1; k < 8; k += 2)
		wrong += hv8_reclaim_irq(SPI + k) != 0;
	for (k = 0; k < 8; k++)
		wrong += hv8_alloc_irq(SPI + k, 0) != 0;
	irq_window_again();
	result("all of them anew");
	line_decimal("mine", PROCS[me].nirqs);
	for (k = 0; k < 8; k++)
		wrong += hv8_reclaim_irq(SPI + k) != 0;
	line_decimal("mine", PROCS[me].nirqs);
	line_hex("all that came", value);
	hv8_wake(0); /* refused: the grader stops the machine here */
	return 0;
}
