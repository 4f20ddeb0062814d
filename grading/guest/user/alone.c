/*
 * Two processes. While the second waits for a message the first is alone: no interrupt may come, so that a spin over 20 ticks
 * sees nothing but its own instructions. Then the second spins too, for 10 slices, and waits again.
 */
#include "together.h"

/* Spin for @p ticks; say how many interrupts the kernel took, and what was seen. @return the sum of all that */
static u64 spin(const char *arguments, const char *what, u64 ticks)
{
	struct slices s;
	const i64 taken = hv8_stat(STAT_TICKS), all = hv8_stat(STAT_IRQS);
	const u64 end = timer_now() + ticks * tick_of(arguments);
	u64 pause = 0, last, more;

	slices_begin(&s, arguments);
	last = s.seen;
	while (s.seen < end) {
		slices_look(&s);
		pause = s.seen - last > pause ? s.seen - last : pause;
		last = s.seen;
	}
	more = (u64)(hv8_stat(STAT_TICKS) - taken);
	last = (u64)(hv8_stat(STAT_IRQS) - all);
	say("%s: %ld ticks, %ld interrupts, %ld waits", what, more, last, s.waits);
	say("  the longest pause: %ld us", to_us(pause));
	return more + last + s.waits + (u64)to_us(pause);
}

int main(const char *arguments)
{
	struct slices s;
	u64 word =
		argument(arguments, "nonce"); /* times 3, and what disturbed, for each time alone */

	if (hv8_getpid() != INIT_PID) {
		receive(INIT_PID, NONE, NONE);
		for (slices_begin(&s, arguments); s.waits < 10;)
			slices_look(&s);
		receive(INIT_PID, NONE, NONE);
		return 0;
	}
	await_state(2, PROC_WAITING);
	end_of_slice(arguments);
	word = 3 * word + spin(arguments, "alone", 20);
	hv8_send(2, 0, NONE, NONE);
	spin(arguments, "beside another", 30);
	say("which waits: %ld", (i64)(PROCS[2].state == PROC_WAITING));
	word = 3 * word + spin(arguments, "alone again", 20);
	hv8_wake(0); /* refused: the grader stops the machine here */
	hv8_kill(2);
	word = 3 * word + spin(arguments, "the other is dead", 20);
	say("word: %016lx", word);
	return 0;
}
