/*
 * What interrupts cost a process. Two of these run, `init=interrupts,interrupts`: process 1 measures, process 2 is who else
 * wants the CPU. With typed=1 one runs, and waits for keys: when these come is nothing that a second run repeats. The time slice is short, tick=20, so that there are enough slice ends.
 */
#include "irq.h"
#include "rows.h"

#define KEYS 101 /* bytes that bench.py types, one for each "bench: type" */
#define STEP 5   /* instructions between two looks at the counter */
#define GAP  40  /* more than a process spends between two */

static volatile u64 taken, at;

static void count(u64 intid)
{
	taken++;
}

/* An SGI to oneself: raised, taken, acknowledged and ended. */
static void self(void)
{
	u64 i;

	check(irq_begin(count));
	irq_on();
	for (i = 0; i < SAMPLES; i++) {
		start();
		check(hv8_raise_irq(me, 3));
		samples[i] = stop();
	}
	irq_off();
	broken |= taken != SAMPLES;
	report("virq_self_round_trip");
}

/* Looks at the counter every STEP instructions until there were more: how many more. */
static u64 next_theft(void)
{
	u64 now, before, passed;

	__asm__ volatile("	mrs	%0, pmccntr_el0\n"
	                 "1:	mov	%1, %0\n"
	                 "	mrs	%0, pmccntr_el0\n"
	                 "	sub	%2, %0, %1\n"
	                 "	cmp	%2, %3\n"
	                 "	b.ls	1b"
	                 : "=&r"(now), "=&r"(before), "=&r"(passed)
	                 : "i"(STEP)
	                 : "cc", "memory");
	return passed - STEP;
}

/*
 * Resets the counter again and again, until it finds a gap: what the kernel, and the other process, which runs the same loop, have spent
 * since either's last reset. An interrupt between reading and resetting is overlooked: another slice ends soon.
 */
static u64 next_gap(void)
{
	u64 count;

	__asm__ volatile("msr	pmccntr_el0, xzr\n"
	                 "1:	mrs	%0, pmccntr_el0\n"
	                 "	msr	pmccntr_el0, xzr\n"
	                 "	cmp	%0, %1\n"
	                 "	b.lo	1b"
	                 : "=&r"(count)
	                 : "i"(GAP)
	                 : "cc", "memory");
	return count;
}

/* As soon as it waits. */
static void wake_other(void)
{
	while (hv8_send(OTHER(me), 0, NONE, NONE) == -EAGAIN)
		yield();
}

/* The slice ends, and nobody else is ready: process 2 woke, so that a slice began, and waits again. */
static void stolen(void)
{
	u64 i;

	for (i = 0; i < SAMPLES; i++) {
		wake_other();
		hv8_switch(OTHER(me)); /* refused if the slice has ended already, and it has run */
		samples[i] = next_theft();
	}
	report("tick_stolen");
	wake_other(); /* its last */
}

/* The slice ends, and the other process is ready: from one's last instruction to the other's first. */
static void preempted(void)
{
	u64 i;

	for (i = 0; i < SAMPLES; i++)
		samples[i] = next_gap();
	if (me == INIT_PID)
		report("process_switch_preempted");
}

static volatile bool spins; /* the counter is reset every few instructions */

static void note(u64 intid)
{
	u64 count;

	__asm__ volatile("isb\n\tmrs %0, pmccntr_el0" : "=r"(count) : : "memory");
	at = spins ? count : 0;
	taken++;
	while (hv8_console_read() >= 0)
		continue;
}

/*
 * A byte is typed: from the instruction that the UART interrupts to the first of the C handler, registers saved and acknowledged. A
 * byte that came before the loop says nothing, and another is asked for.
 */
static void typed(void)
{
	u64 keys = 0, tries, i, key[KEYS];

	check(irq_begin(note));
	irq_on();
	for (tries = 0; keys < KEYS && tries < 2 * KEYS; tries++) {
		const u64 before = taken;

		print("bench: type\n");
		spins = true;
		while (taken == before)
			start();
		spins = false;
		key[keys] = at - nothing;
		keys += at != 0;
	}
	irq_off();
	broken |= keys < KEYS;
	for (i = 0; i < SAMPLES; i++)
		samples[i] = key[i % KEYS];
	report("irq_to_process");
}

int main(const char *arguments)
{
	u64 i;

	me = (u64)hv8_getpid();
	if (me != INIT_PID) {
		for (i = 0; i <= SAMPLES; i++)
			receive(INIT_PID, NONE, NONE);
		for (;;)
			preempted();
	}
	measure_nothing();
	if (argument(arguments, "typed")) {
		typed();
	} else {
		self();
		stolen();
		preempted();
	}
	print(broken ? "bench: broken\n" : "bench: done\n");
	hv8_poweroff();
	return 0;
}
