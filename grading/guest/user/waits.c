/*
 * A parent raises SGIs for its child, which does not run then: an embryo, ready to run, asleep with interrupts masked, asleep with
 * interrupts on. The child answers each with an SGI of its parent's. Which SGI it is the number says, digit by digit.
 */
#include "irqs.h"

static volatile u64 came, taken, answers, wrong;

static void child_handler(u64 intid)
{
	came = came << 4 | intid;
	taken++;
	hv8_raise_irq(1, 1);
}

static void parent_handler(u64 intid)
{
	answers++;
	wrong += intid != 1;
}

static int child(void)
{
	irq_begin_or_end(child_handler);
	irq_window();
	line_decimal("child: raised before it was born", (i64)taken);
	while (taken < 6) {
		yield();
		irq_window();
	}
	while (taken < 11) {
		hv8_wait();
		irq_window();
	}
	irq_on(); /* nothing comes but while it is asleep */
	while (taken < 16)
		hv8_wait();
	irq_off();
	line_hex("child: came", 3 * came);
	return 0;
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce");
	i64 pid;
	u64 k;

	irq_begin_or_end(parent_handler);
	pid = fork_embryo(PAGES_PAGES);
	if (pid == 0)
		return child();
	for (k = 0; k < 16; k++) {
		const u32 state = k == 0 ? PROC_EMBRYO : k < 6 ? PROC_RUNNABLE : PROC_SLEEPING;

		while (PROCS[pid].state != state)
			yield();
		wrong += hv8_raise_irq((u64)pid, digit(nonce, k)) != 0;
		if (k == 0) {
			wrong += PROCS[pid].state != PROC_EMBRYO;
			hv8_set_runnable((u64)pid);
		}
		while (answers <= k) {
			hv8_wait();
			irq_window();
		}
	}
	while (PROCS[pid].state != PROC_ZOMBIE)
		yield();
	line_decimal("answers", (i64)answers);
	line_decimal("wrong", (i64)wrong);
	line_decimal("to a zombie", hv8_raise_irq((u64)pid, 1));
	line_decimal("bury", bury((u64)pid));
	return 0;
}
