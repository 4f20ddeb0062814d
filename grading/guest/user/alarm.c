/*
 * Process 1 takes alarms of its timer through its own vectors: 20 while nobody else runs, then 40 while another spins and has every
 * second slice. In each it takes its word times 3 plus 1; there must be neither more nor fewer.
 */
#include "together.h"

static volatile u64 word, taken, early, latest, strays;
static u64 next, period, wanted;
static const char *boot_arguments;

static void handler(u64 intid)
{
	const u64 late = timer_now() - next;

	if (intid != IRQ_TIMER) {
		strays++;
		return;
	}
	if ((i64)late < 0)
		early++;
	else
		latest = late > latest ? late : latest;
	word = word * 3 + 1;
	if (++taken < wanted)
		timer_set(next += period);
	else
		timer_off();
}

/* @p rival says whether another process has every second slice. */
static void alarms(const char *what, u64 count, bool rival)
{
	const u64 tick = tick_of(boot_arguments), before = timer_now();
	const u64 ticks = (u64)hv8_stat(STAT_TICKS);
	u64 due;

	wanted += count;
	latest = 0;
	next = timer_now() + period;
	timer_set(next);
	while (taken < wanted)
		continue;
	spin_until(timer_now() + 4 * period); /* for one that is too many */
	due = rival ? (timer_now() - before) / tick : 0;
	say("%s: %ld alarms, %ld early, the latest %ld us, %ld ticks too many", what, taken, early,
	    to_us(latest), (u64)hv8_stat(STAT_TICKS) - ticks - due);
}

int main(const char *arguments)
{
	boot_arguments = arguments;
	if (hv8_getpid() != INIT_PID) {
		receive(INIT_PID, NONE, NONE);
		for (;;)
			continue;
	}
	await_state(2, PROC_WAITING);
	end_of_slice(arguments);
	word = argument(arguments, "nonce");
	period = from_us(130);
	irq_begin(handler);
	irq_on();
	alarms("alone", 20, false);
	hv8_send(2, 0, NONE, NONE);
	alarms("beside a spinner", 40, true);
	say("word: %016lx, %ld strays", word, strays);
	hv8_kill(2);
	return 0;
}
