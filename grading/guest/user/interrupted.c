/*
 * Who waits for a message of anyone is woken by its timer, and its recv says so; who waits for a named process is not: there the
 * interrupt is pending when the message comes. Process 2 answers late.
 */
#include "together.h"

static volatile u64 taken;

static void handler(u64 intid)
{
	taken += intid == IRQ_TIMER;
	timer_off();
}

/* What @p m says, how long it took since @p before, and how many interrupts came. */
static void told(const char *what, struct message m, u64 before)
{
	say("%s: %ld, word %016lx, %ld us, interrupts %ld", what, m.from, m.from > 0 ? m.word : 0,
	    to_us(timer_now() - before) / 10 * 10, taken);
}

static void answer(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce");
	struct message m;

	/* This one uses no interrupts but to sleep. */
	receive(INIT_PID, NONE, NONE);
	timer_sleep(timer_now() + from_us(1000));
	hv8_send(INIT_PID, nonce + 1, NONE, NONE);
	for (m = receive(0, NONE, NONE);; m = reply_wait(INIT_PID, m.word * 3))
		if (m.from > 0)
			timer_sleep(timer_now() + from_us(1000));
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce");
	u64 before;

	if (hv8_getpid() != INIT_PID)
		answer(arguments);
	irq_begin(handler);
	await_state(2, PROC_WAITING);
	before = timer_now();
	timer_set(before + from_us(500));
	told("recv from anyone", receive(0, NONE, NONE), before);
	told("recv again, masked", receive(0, NONE, NONE), before);
	irq_on();
	told("taken", (struct message){ 0, 0, 0 }, before);

	before = timer_now();
	hv8_send(2, 0, NONE, NONE);
	timer_set(before + from_us(500));
	told("recv from one", receive(2, NONE, NONE), before);

	before = timer_now();
	await_state(2, PROC_WAITING);
	timer_set(before + from_us(500));
	told("call", call(2, nonce), before);

	await_state(2, PROC_WAITING);
	before = timer_now();
	timer_set(before + from_us(300));
	told("reply_wait", reply_wait(2, nonce + 2), before);
	told("its answer", receive(0, NONE, NONE), before);
	hv8_kill(2);
	return 0;
}
