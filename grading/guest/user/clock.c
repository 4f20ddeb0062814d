/* The driver of a real device: its line stays high until the handler makes the device quiet, and the distributor must see that. */
#include "rtc.h"

static volatile u64 taken, inside, wrong, value, quiet_at;

static void handler(u64 intid)
{
	wrong += intid != RTC_INTID || inside;
	inside = 1;
	value *= 3;
	if (++taken == quiet_at)
		quiet();
	irq_window(); /* the line may still be high: it must not come in here */
	inside = 0;
}

static void result(const char *what)
{
	int i;

	for (i = 0; i < 8; i++)
		irq_window_again();
	print(what);
	print(": ");
	print_decimal((i64)taken);
	line_decimal(", wrongly", (i64)wrong);
	taken = wrong = 0;
}

/* The device is its parent's to touch, but the interrupt is its own; it sleeps when it comes. */
static int owner(void)
{
	quiet_at = 100;
	irq_begin_or_end(handler);
	line_decimal("owner: alloc_irq", hv8_alloc_irq(RTC_INTID, IRQ_EDGE));
	while (!taken) {
		hv8_wait();
		irq_window();
	}
	line_decimal("owner: wrongly", (i64)wrong);
	return (int)taken;
}

int main(const char *arguments)
{
	i64 pid;

	value = argument(arguments, "nonce");
	irq_begin_or_end(handler);
	line_decimal("level: alloc_irq", hv8_alloc_irq(RTC_INTID, 0));
	result("  quiet");
	quiet_at = 1;
	match();
	result("  quiet at the first");
	match();
	result("  and again");
	quiet_at = 5;
	match();
	result("  quiet at the fifth");
	hv8_reclaim_irq(RTC_INTID);
	match();
	result("  given back");
	quiet_at = 2;
	hv8_alloc_irq(RTC_INTID, 0);
	result("  taken again while the line is high");
	hv8_reclaim_irq(RTC_INTID);

	line_decimal("edge: alloc_irq", hv8_alloc_irq(RTC_INTID, IRQ_EDGE));
	quiet_at = 100;
	match();
	result("  the line stays high");
	quiet();
	result("  the line falls");
	match();
	result("  and rises");
	quiet();
	match();
	quiet();
	match();
	result("  twice while it is masked");
	quiet();
	hv8_reclaim_irq(RTC_INTID);

	pid = fork_or_end();
	if (pid == 0)
		return owner();
	while (PROCS[pid].state != PROC_SLEEPING)
		yield();
	match();
	while (PROCS[pid].state != PROC_ZOMBIE)
		yield();
	line_decimal("owner: came", PROCS[pid].status);
	result("here");
	quiet();
	line_decimal("bury", bury((u64)pid));
	line_hex("all that came", value);
	return 0;
}
