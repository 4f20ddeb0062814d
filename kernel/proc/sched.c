/*
 * Whose turn it is. A handler changes `current`, and the way out (el1.S, proc_switch) moves the CPU.
 * Exactly one process is PROC_RUNNING while any lives: the current one. The runnable ones stand in
 * the ready list, a ring of pids through procs[0].
 */
#include <hv8/console.h>
#include <hv8/proc.h>

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
	pid_t next, pid;

#if LAB >= 4
	if (procs[0].next == 0)
		wake_orphans(); /* nobody else will */
#endif
	next = (pid_t)procs[0].next;
	if (next) {
		ready_remove(next);
		proc_run(next);
		return;
	}
	for (pid = 1; pid < NPROC; pid++)
		if (procs[pid].state == PROC_WAITING)
			printk("hv8: process %d (%s) waits for process %u, and nobody can run\n",
			       pid, procs[pid].name, procs[pid].wait_from);
	printk("hv8: no process is left\n");
	power_off();
}

void proc_yield(void)
{
	if (procs[0].next == 0)
		return;
	ready_add(current->pid);
	proc_run_next();
}

void proc_switch(struct context *from)
{
	if (from == current)
		return;
	context_switch(from, current);
}
