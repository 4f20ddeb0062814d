/* Interrupts are given back while they are active, pending here, and pending at the distributor. Who takes them next hears nothing. */
#include "irqs.h"

static volatile u64 taken, wrong, value;
static volatile enum { NOTHING, GIVE_BACK, AND_TAKE_AGAIN, HAND_OVER } in_handler;
static u64 me;
static i64 heir;

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
	if (in_handler == HAND_OVER) {
		hv8_send((u64)heir, intid, NONE, NONE);
		receive((u64)heir, NONE, NONE); /* when it is active there */
	}
	in_handler = NOTHING;
}

/* Its parent's end of the same interrupt must not end this one. */
static void heirs(u64 intid)
{
	if (++taken > 1)
		return;
	while (PROCS[1].state != PROC_WAITING)
		yield();
	hv8_send(1, 0, NONE, NONE);
	receive(1, NONE, NONE); /* when it has ended there */
	wrong += hv8_raise_irq(me, intid) != 0;
	wrong += hv8_ack_irq(intid) != -EAGAIN; /* the distributor keeps it, while it is active */
}

static int child(void)
{
	struct message m;

	me = (u64)hv8_getpid();
	irq_begin_or_end(heirs);
	m = receive(1, NONE, NONE);
	wrong += hv8_alloc_irq(m.word, 0) != 0;
	wrong += hv8_raise_irq(me, m.word) != 0;
	irq_window_again();
	print("heir: ");
	print_decimal((i64)taken);
	line_decimal(", wrongly", (i64)wrong);
	return 0;
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

	heir = fork_or_end();
	if (heir == 0)
		return child();
	while (PROCS[heir].state != PROC_WAITING)
		yield();
	wrong += hv8_alloc_irq(SPI, 0) != 0;
	in_handler = HAND_OVER;
	hv8_raise_irq(me, SPI);
	irq_window();
	result("handed over");
	while (PROCS[heir].state != PROC_WAITING)
		yield();
	hv8_send((u64)heir, 0, NONE, NONE);
	while (PROCS[heir].state != PROC_ZOMBIE)
		yield();
	line_decimal("bury", bury((u64)heir));
	line_hex("all that came", value);
	hv8_lseek(NOFILE, 0); /* refused: the grader stops the machine here */
	return 0;
}
