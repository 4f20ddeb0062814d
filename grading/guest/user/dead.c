/*
 * A child dies with interrupts: in the handler of one, another pending here, pending at the distributor, and a device that calls after
 * its death. Nothing of it reaches anyone, till its heir takes them; and a child with the same pid finds nothing either.
 */
#include "rtc.h"

#define LINES 4

static volatile u64 taken, wrong, value;
static const u64 lines[LINES] = { RTC_INTID, SPI, SPI + 1, SPI + 2 };

static void deadly(u64 intid)
{
	if (intid != SPI)
		print("child: another one\n");
	hv8_raise_irq((u64)hv8_getpid(), SPI);
	hv8_raise_irq((u64)hv8_getpid(), 2); /* more urgent */
	hv8_exit(9);
}

static int child(void)
{
	const u64 me = (u64)hv8_getpid();
	int i;

	irq_begin_or_end(deadly);
	for (i = 0; i < LINES; i++)
		wrong += hv8_alloc_irq(lines[i], 0) != 0;
	line_decimal("child: wrong", (i64)wrong);
	hv8_irq_priority(2, 0x08);
	hv8_irq_priority(SPI, 0x10);
	hv8_irq_priority(SPI + 1, 0x20);
	hv8_raise_irq(me, SPI);
	hv8_raise_irq(me, SPI + 1);
	hv8_raise_irq(me, SPI + 1);
	irq_window();
	print("child: survived\n");
	return 0;
}

static void handler(u64 intid)
{
	taken++;
	value *= 3;
	if (intid == RTC_INTID)
		quiet();
}

/* The second with the pid: nothing is pending or active, and its interrupts have the priorities of birth. */
static int heir(void)
{
	irq_begin_or_end(handler);
	irq_window();
	line_decimal("heir: inherited", (i64)taken);
	irq_mask(0x80);
	irq_send(2);
	irq_window();
	line_decimal("heir: behind the mask", (i64)taken);
	irq_mask(0xff);
	irq_window();
	line_decimal("heir: came", (i64)taken);
	return 0;
}

static void result(const char *what)
{
	irq_window_again();
	print(what);
	print(": ");
	print_decimal((i64)taken);
	line_decimal(", wrongly", (i64)wrong);
	taken = wrong = 0;
}

int main(const char *arguments)
{
	i64 pid, second;
	int i;

	value = argument(arguments, "nonce");
	irq_begin_or_end(handler);
	pid = fork_or_end();
	if (pid == 0)
		return child();
	while (PROCS[pid].state != PROC_ZOMBIE)
		yield();
	line_decimal("status", PROCS[pid].status);
	print("the device calls\n");
	match();
	result("heard");
	hv8_lseek(NOFILE, 0); /* refused: the grader stops the machine here */
	line_decimal("interrupts that nobody wanted", hv8_stat(STAT_UNOWNED));
	irq_send(3);
	result("an SGI of my own");
	line_decimal("take one", hv8_alloc_irq(SPI, 0));
	line_decimal("an SGI to the dead", hv8_raise_irq((u64)pid, 3));
	line_decimal("reap", hv8_reap((u64)pid));
	line_decimal("bury", bury((u64)pid));
	for (i = 0; i < LINES; i++)
		wrong += IRQS[lines[i]].type != IRQ_FREE;
	result("free again");

	for (i = 1; i < LINES; i++)
		wrong += hv8_alloc_irq(lines[i], 0) != 0;
	result("mine");
	wrong += hv8_alloc_irq(RTC_INTID, 0) != 0;
	result("with the device, which is calling still");
	for (i = 1; i < LINES; i++)
		wrong += hv8_raise_irq(1, lines[i]) != 0;
	result("raised");
	match();
	result("the device calls again");
	for (i = 0; i < LINES; i++)
		wrong += hv8_reclaim_irq(lines[i]) != 0;

	second = fork_or_end();
	if (second == 0)
		return heir();
	while (PROCS[second].state != PROC_ZOMBIE)
		yield();
	line_decimal("the same pid", second == pid);
	line_decimal("bury", bury((u64)second));
	line_hex("all that came", value);
	return 0;
}
