/*
 * Who waits for a message of anyone is interrupted; who waits for one of a certain process, or does not use interrupts, is not. The
 * parent uses them; it meets a child that helps and one that does not use them.
 */
#include "irqs.h"

static u64 nonce;
static volatile u64 taken;

static void handler(u64 intid)
{
	taken++;
}

static void until(i64 pid, u32 state)
{
	while (PROCS[pid].state != state)
		yield();
}

static void result(const char *what, struct message m)
{
	print(what);
	print(": ");
	print_decimal(m.from);
	if (m.from > 0)
		line_hex(", word", m.word);
	else
		print("\n");
	irq_window();
	line_decimal("  then came", (i64)taken);
	taken = 0;
}

static int helper(void)
{
	struct message m;

	until(1, PROC_WAITING);
	hv8_raise_irq(1, 3);
	until(1, PROC_WAITING); /* for the helper */
	hv8_raise_irq(1, 4);
	yield();
	line_decimal("helper: it waits still", PROCS[1].state == PROC_WAITING);
	hv8_send(1, nonce * 3, NONE, NONE);
	m = receive(0, NONE, NONE);        /* the parent's call */
	m = call((u64)m.from, m.word * 5); /* answers it, and waits */
	line_hex("helper: reply", m.word);
	return 0;
}

/* Never begins to use interrupts. */
static int deaf(void)
{
	struct message m = receive(0, NONE, NONE);

	line_hex("deaf: word", m.word);
	line_decimal("deaf: pending", hv8_ack_irq(9));
	return 0;
}

int main(const char *arguments)
{
	struct message m;
	i64 pid, other;

	nonce = argument(arguments, "nonce");
	irq_begin_or_end(handler);
	hv8_raise_irq(1, 3);
	result("pending before recv", receive(0, NONE, NONE));
	pid = fork_or_end();
	if (pid == 0)
		return helper();
	result("raised in recv", receive(0, NONE, NONE));
	hv8_raise_irq(1, 3);
	result("recv of the helper", receive((u64)pid, NONE, NONE));
	until(pid, PROC_WAITING);
	hv8_raise_irq(1, 3);
	m = call((u64)pid, nonce);
	result("call", m);
	hv8_raise_irq(1, 3);
	m = reply_wait((u64)pid, m.word + nonce);
	result("reply_wait", m);
	while (PROCS[pid].state != PROC_ZOMBIE)
		yield();

	other = fork_or_end();
	if (other == 0)
		return deaf();
	until(other, PROC_WAITING);
	line_decimal("raise", hv8_raise_irq((u64)other, 9));
	line_decimal("it waits still", PROCS[other].state == PROC_WAITING);
	line_decimal("sent", hv8_send((u64)other, nonce * 7, NONE, NONE));
	while (PROCS[other].state != PROC_ZOMBIE)
		yield();
	line_decimal("bury", bury((u64)pid));
	line_decimal("bury", bury((u64)other));
	return 0;
}
