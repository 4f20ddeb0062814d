/*
 * Process 1 gives what is left of its slice to process 2, by switch and by call; process 3 spins. Process 2 says how long it ran
 * whenever that is not a whole slice, in hundredths.
 */
#include "together.h"

static u64 hundredths(const struct slices *s, u64 time)
{
	return (time * 100 + s->tick / 2) / s->tick;
}

static void receiver(const char *arguments)
{
	struct slices s;
	u64 run, word;

	slices_begin(&s, arguments);
	while (PROCS[INIT_PID].state != PROC_WAITING) {
		if (!slices_look(&s))
			continue;
		run = hundredths(&s, s.last_run);
		if (run < 96 || run > 104)
			say("  process 2 ran %ld", run);
	}
	word = reply_wait(INIT_PID, 0).word; /* from here on it runs when it is called */
	slices_begin(&s, arguments);
	while (!slices_look(&s))
		continue;
	say("  process 2 ran %ld", hundredths(&s, s.last_run));
	reply_wait(INIT_PID, 3 * word);
}

/* A new slice begins; a part of it is spent. */
static void spend(const struct slices *s, u64 percent)
{
	yield();
	spin_until(timer_now() + s->tick * percent / 100);
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid();
	struct slices s;
	u64 percent;

	together(3);
	if (me == 2) {
		receiver(arguments);
	} else if (me == 3) {
		for (;;)
			continue;
	}
	slices_begin(&s, arguments);
	for (percent = 20; percent < 100; percent += 30) {
		spend(&s, percent);
		say("spent %ld, switch", percent);
		hv8_switch(2);
	}
	spend(&s, 60);
	say("spent 60, yield");
	yield();
	for (slices_begin(&s, arguments); !slices_look(&s);)
		continue;
	say("then had %ld", hundredths(&s, s.last_run));
	receive(2, NONE, NONE);
	spend(&s, 40);
	say("spent 40, call");
	say("answered: %016lx", call(2, argument(arguments, "nonce")).word);
	hv8_kill(2);
	hv8_kill(3);
	return 0;
}
