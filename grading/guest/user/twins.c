/*
 * All sleep to the same time, while nobody runs; the nonce says when. From then on they spin: each must have its slices, although
 * all became ready at once.
 */
#include "together.h"

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), count = processes();
	const u64 time = together(count) + from_us(300 + (argument(arguments, "nonce") & 0x3f));
	struct slices s;
	u64 woken, pid, word;

	timer_set(time);
	hv8_wait();
	woken = timer_now();
	timer_off();
	slices_begin(&s, arguments);
	while (s.seen < time + 10 * count * s.tick)
		slices_look(&s);
	word = argument(arguments, "nonce") * 31 + (u64)in_ticks(&s, woken - time);
	word = (word * 31 + (u64)in_ticks(&s, s.longest_run)) * 31 +
	       (u64)in_ticks(&s, s.longest_wait);
	say("process %ld: woke %ld ticks late, ran %ld at most, waited %ld at most, word: %016lx",
	    me, in_ticks(&s, woken - time), in_ticks(&s, s.longest_run),
	    in_ticks(&s, s.longest_wait), word);
	if (me != INIT_PID)
		report(0);
	for (pid = 2; pid <= count; pid++)
		reported(pid);
	return 0;
}
