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

/* Sleep a second by WFI. @return how late, in microseconds; in the upper half how often it woke */
static u64 doze(void)
{
	const u64 time = timer_now() + timer_hz();
	u64 woken = 0;

	timer_set(time);
	for (; timer_now() < time; woken++)
		yield();
	timer_off();
	hv8_ack_irq(IRQ_TIMER);
	return woken << 32 | (u64)to_us(timer_now() - time);
}

/* The second process. Masked at its source the timer wakes nobody, also when its time has passed. */
static void serve(void)
{
	struct message m;
	int i;

	__asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb"
	                 :
	                 : "r"(timer_now()), "r"(3UL));
	m = receive(0, NONE, NONE);
	for (i = 0; i < 10; i++)
		m = reply_wait(INIT_PID, m.word * 3 + 1);
	reply_wait(INIT_PID, doze());
	__asm__ volatile("msr cntp_ctl_el0, %0\n\tisb" : : "r"(3UL));
	hv8_wait();
	say("woken by a masked timer");
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce");
	u64 word = nonce, before, i;
	i64 earliest = 1000000, latest = 0, ticks;

	if (hv8_getpid() != INIT_PID)
		serve();
	await_state(2, PROC_WAITING);
	end_of_slice(arguments);
	ticks = hv8_stat(STAT_TICKS);
	for (i = 0; i < 10; i++)
		word = call(2, word).word;
	say("10 answers: %016lx, %ld ticks", word, hv8_stat(STAT_TICKS) - ticks);
	word = call(2, 0).word;
	say("dozed for a second: %ld us late, woke %ld times", word & 0xffffffff, word >> 32);
	hv8_send(2, 0, NONE, NONE);
	await_state(2, PROC_SLEEPING);
	end_of_slice(arguments);
	before = timer_now();
	nap(before - from_us(100));
	say("to the past: %ld us", to_us(timer_now() - before));
	before = timer_now();
	nap(0);
	say("to time 0: %ld us", to_us(timer_now() - before));

	ticks = hv8_stat(STAT_TICKS);
	for (i = 0; i < 16; i++) {
		const i64 late = nap(timer_now() + from_us(20 + (nonce >> 4 * i & 0x3ff)));

		earliest = late < earliest ? late : earliest;
		latest = late > latest ? late : latest;
	}
	say("16 naps: %ld us early or late at least, %ld at most, %ld ticks", earliest, latest,
	    hv8_stat(STAT_TICKS) - ticks);

	before = timer_now();
	ticks = hv8_stat(STAT_TICKS);
	latest = nap(before + 10 * timer_hz());
	say("a long one: %ld s, %ld us late, %ld ticks", (timer_now() - before) / timer_hz(),
	    latest, hv8_stat(STAT_TICKS) - ticks);
	return 0;
}
