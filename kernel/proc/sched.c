/*
 * Whose turn it is. A handler changes `current`, and the way out (el1.S, proc_switch) moves the CPU.
 * The current process is PROC_RUNNING; contexts[0] is current while nobody can run. The runnable ones stand in
 * the ready list, a ring of pids through procs[0].
 */
#include <hv8/console.h>
#include <hv8/proc.h>
#if LAB >= 5
#include <hv8/irq.h>
#include <machine.h>
#endif
#if LAB >= 6
#include <hv8/timer.h>
#endif

struct proc procs[NPROC] __attribute__((aligned(PAGE_SIZE)));
struct context contexts[NPROC];
struct context *current;

void ready_add(pid_t pid)
{
	u32 last = procs[0].prev;

	procs[pid].state = PROC_RUNNABLE;
	procs[pid].prev = last;
	procs[pid].next = 0;
	procs[last].next = (u32)pid;
	procs[0].prev = (u32)pid;
#if LAB >= 6
	slice_begin();
#endif
}

void ready_remove(pid_t pid)
{
	u32 next = procs[pid].next, prev = procs[pid].prev;

	procs[prev].next = next;
	procs[next].prev = prev;
	procs[pid].next = 0;
	procs[pid].prev = 0;
}

void proc_run_next(void)
{
	const pid_t next = (pid_t)procs[0].next;

	if (next == 0) {
		current = &contexts[0];
		return;
	}
	ready_remove(next);
	proc_run(next);
#if LAB >= 6
	slice_renew();
#endif
}

void proc_yield(void)
{
#if LAB >= 5
	const struct context *self = current;

	irq_idle();
	if (current != self)
		return; /* its slice was over meanwhile */
#endif
	if (procs[0].next == 0)
		return;
	ready_add(current->pid);
	proc_run_next();
}

/* Nobody is ready, and never will be. */
static _Noreturn void nobody_left(void)
{
	pid_t pid;

	for (pid = 1; pid < NPROC; pid++) {
		if (procs[pid].state == PROC_WAITING)
			printk("hv8: process %d (%s) waits for process %u, and nobody can run\n",
			       pid, procs[pid].name, procs[pid].wait_from);
#if LAB >= 5
		if (procs[pid].state == PROC_SLEEPING)
			printk("hv8: process %d (%s) waits for an interrupt, and none can come\n",
			       pid, procs[pid].name);
#endif
	}
	printk("hv8: no process is left\n");
	power_off();
}

/* Nobody is current: wait until somebody is. */
static void idle(void)
{
#if LAB >= 4
	wake_orphans(); /* nobody else will */
#endif
#if LAB >= 5
	while (procs[0].next == 0 && irq_expected()) {
		wfi();
		irq_handle();
	}
#endif
	if (procs[0].next == 0)
		nobody_left();
	proc_run_next();
}

#if LAB >= 5
/* Interrupt hardware is to be moved, or nobody is current. Apart from proc_switch(), so that messages do not pay for it. */
static __attribute__((noinline)) void switch_slowly(struct context *from)
{
	irq_leave(from);
	if (current == &contexts[0])
		idle();
	if (from != current)
		context_switch(from, current);
	irq_enter(current);
}
#endif

void proc_switch(struct context *from)
{
	struct context *to = current;

	if (from == to)
		return;
#if LAB >= 5
	if (from->uses | to->uses) {
		switch_slowly(from);
		return;
	}
#else
	if (to == &contexts[0]) {
		idle();
		to = current;
	}
#endif
	context_switch(from, to);
}
