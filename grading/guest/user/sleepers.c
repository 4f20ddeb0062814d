/*
 * Processes 2 to 7 sleep to six different times, and wake in their order: process p is the (p - 1) * ROUND mod 7th. The nonce
 * shifts each time a little. Process 1 sleeps too, or, with the boot argument busy=1, spins and never gives the CPU away.
 */
#include "together.h"

#define SLEEPERS 6
#define STEP     400 /* us */

static const u64 rounds[] = { 3, 5, 1 };

static int sleeper(u64 me, u64 start, u64 nonce)
{
	u64 latest = 0, early = 0, word = 0, i;

	for (i = 0; i < ARRAY_SIZE(rounds); i++) {
		const u64 place = (me - 1) * rounds[i] % 7 + 7 * i;
		const u64 time = start + from_us(STEP * place + (nonce >> 6 * me & 0x3f));
		u64 late;

		timer_set(time);
		hv8_wait();
		late = timer_now() - time;
		timer_off();
		hv8_ack_irq(IRQ_TIMER);
		if ((i64)late < 0)
			early++;
		else
			word += nonce * me;
		if ((i64)late > (i64)latest)
			latest = late;
		say("round %ld: process %ld", rounds[i], me);
	}
	say("process %ld: %ld too early, the latest %ld us, word: %016lx", me, early, to_us(latest),
	    word);
	report(0);
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), nonce = argument(arguments, "nonce");
	const u64 start = together(1 + SLEEPERS);
	u64 pid;

	if (me != INIT_PID)
		return sleeper(me, start, nonce);
	if (argument(arguments, "busy"))
		spin_until(start + from_us(STEP * 7 * ARRAY_SIZE(rounds)));
	for (pid = 2; pid < 2 + SLEEPERS; pid++)
		reported(pid);
	return 0;
}
