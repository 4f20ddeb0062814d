/*
 * A process that is alone sleeps: to a time that has passed, for times of the nonce, for 10 seconds. It must wake when its timer is due,
 * not before, and the 10 seconds must cost nearly no instructions. A second one has its timer masked: it waits for messages and for the
 * timer, and costs no interrupt.
 */
#include "together.h"

/* Sleep once, to @p time. @return how late, in microseconds; -1: too early */
static i64 nap(u64 time)
{
	u64 woken;

	timer_set(time);
	hv8_wait();
	woken = timer_now();
	timer_off();
	hv8_ack_irq(IRQ_TIMER);
	return to_us(woken - time);
}

/* Masked at its source the timer wakes nobody, also when its time has passed. */
static void masked(void)
{
	struct message m;
	int i;

	__asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb"
	                 :
	                 : "r"(timer_now()), "r"(3UL));
	m = receive(0, NONE, NONE);
	for (i = 0; i < 10; i++)
		m = reply_wait(INIT_PID, m.word * 3 + 1);
	hv8_wait();
	say("woken by a masked timer");
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce");
	u64 word = nonce, before, i;
	i64 earliest = 1000000, latest = 0, ticks;

	if (hv8_getpid() != INIT_PID)
		masked();
	while (PROCS[2].state != PROC_WAITING)
		yield();
	spin_until(timer_now() + 2 * tick_of(arguments)); /* the slice that was running ends */
	ticks = hv8_stat(STAT_TICKS);
	for (i = 0; i < 10; i++)
		word = call(2, word).word;
	say("10 answers: %016lx, %ld ticks", word, hv8_stat(STAT_TICKS) - ticks);
	hv8_send(2, 0, NONE, NONE);
	while (PROCS[2].state != PROC_SLEEPING)
		yield();
	before = timer_now();
	nap(before - from_us(100));
	say("to the past: %ld us", to_us(timer_now() - before));
	before = timer_now();
	nap(0);
	say("to time 0: %ld us", to_us(timer_now() - before));

	before = timer_now();
	for (i = 0; i < 16; i++) {
		const i64 late = nap(timer_now() + from_us(20 + (nonce >> 4 * i & 0x3ff)));

		earliest = late < earliest ? late : earliest;
		latest = late > latest ? late : latest;
	}
	say("16 naps: %ld us early or late at least, %ld at most", earliest, latest);

	before = timer_now();
	ticks = hv8_stat(STAT_TICKS);
	latest = nap(before + 10 * timer_hz());
	say("a long one: %ld s, %ld us late, %ld ticks", (timer_now() - before) / timer_hz(),
	    latest, hv8_stat(STAT_TICKS) - ticks);
	return 0;
}
