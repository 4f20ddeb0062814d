/*
 * A sleeper's deadline that comes with the end of a slice, when nobody runs: one interrupt for both. Process 1 moves its deadline
 * through the end of its slice in steps of the counter, so that it meets every instruction of the kernel's on the way.
 */
#include "together.h"

#define STEPS 256

int main(const char *arguments)
{
	const u64 tick = tick_of(arguments), nonce = argument(arguments, "nonce");
	u64 step, latest = 0, early = 0, word = 0;

	if (hv8_getpid() != INIT_PID) {
		while (receive(INIT_PID, NONE, NONE).from > 0)
			continue;
		return 0;
	}
	await_state(2, PROC_WAITING);
	for (step = 0; step < STEPS; step++) {
		u64 deadline, late;

		hv8_send(2, 0, NONE, NONE);
		await_state(
			2,
			PROC_WAITING); /* it waits again; a slice begins, and will end although nobody else is ready */
		deadline = timer_now() + tick - from_us(3) + step;
		timer_set(deadline);
		hv8_wait();
		late = timer_now() - deadline;
		timer_off();
		hv8_ack_irq(IRQ_TIMER);
		if ((i64)late < 0)
			early++;
		else
			word += nonce;
		if ((i64)late > (i64)latest)
			latest = late;
	}
	say("%ld naps to the end of a slice: %ld early, the latest %ld us", step, early,
	    to_us(latest));
	say("word: %016lx", word);
	return 0;
}
