/*
 * Life and death of processes by hypercall. A parent clones an embryo, builds it, starts it; at its end it
 * becomes a zombie, from which its pages and descriptors are collected one by one; then it is reaped. Each
 * step is a call, so that none needs a loop.
 */
#include <hv8/asid.h>
#include <hv8/hypercall.h>
#include <hv8/page.h>
#include <hv8/proc.h>
#include <hv8/string.h>
#include <uapi/errno.h>
#if LAB >= 5
#include <hv8/irq.h>
#endif

bool proc_yours(u64 pid)
{
	return pid == (u64)current->pid || (pid < NPROC && procs[pid].state == PROC_EMBRYO &&
	                                    procs[pid].parent == (u32)current->pid);
}

/* Whether @p pid is the caller's to end: its child, or nobody's and the caller is init. */
static bool proc_child(u64 pid)
{
	return procs[pid].parent == (u32)current->pid ||
	       (procs[pid].parent == 0 && current->pid == INIT_PID && pid != INIT_PID);
}

void proc_die(pid_t pid, i64 status)
{
	fp_drop(&contexts[pid]);
	procs[pid].state = PROC_ZOMBIE;
	procs[pid].status = status;
	wait_end(pid);
	console_orphan(pid);
}

i64 hc_clone(u64 pid, u64 root)
{
	if (pid == 0 || pid >= NPROC || root >= page_count())
		return -EINVAL;
	if (procs[pid].state != PROC_FREE || pages[root].type != PAGE_FREE)
		return -EBUSY;
	procs[pid].state = PROC_EMBRYO;
	procs[pid].parent = (u32)current->pid;
	procs[pid].root = (pn_t)root;
	procs[current->pid].nchildren++;
	page_give((pn_t)root, (pid_t)pid, PAGE_L0, 0);
	contexts[pid].pid = (pid_t)pid;
	contexts[pid].el1.ttbr0_el1 = asid_start((pid_t)pid);
	context_clone(&contexts[pid]);
#if LAB >= 5
	vgic_reset((pid_t)pid);
#endif
	return (i64)pid;
}

i64 hc_set_name(u64 pid, u64 first, u64 last)
{
	const u64 words[2] = { first, last };
	bool ended = false;
	int i;

	for (i = 0; i < PROC_NAME; i++) {
		u8 c = (u8)(words[i / 8] >> 8 * (i % 8));

		if (c == 0)
			ended = true;
		else if (ended || c < ' ' || c > '~')
			return -EINVAL;
	}
	if (!ended || pid >= NPROC)
		return -EINVAL;
	if (!proc_yours(pid))
		return -EPERM;
	for (i = 0; i < PROC_NAME; i++)
		procs[pid].name[i] = (char)(words[i / 8] >> 8 * (i % 8));
	return 0;
}

i64 hc_set_runnable(u64 pid)
{
	if (pid >= NPROC)
		return -EINVAL;
	if (procs[pid].state != PROC_EMBRYO || procs[pid].parent != (u32)current->pid)
		return -EPERM;
	ready_add((pid_t)pid);
	return 0;
}

i64 hc_switch(u64 pid)
{
	if (pid == 0 || pid >= NPROC)
		return -EINVAL;
	if (pid == (u64)current->pid)
		return 0;
	if (procs[pid].state != PROC_RUNNABLE)
		return -EAGAIN;
	ready_remove((pid_t)pid);
	ready_add(current->pid);
	proc_run((pid_t)pid);
	return 0;
}

i64 hc_kill(u64 pid)
{
	if (pid >= NPROC || procs[pid].state == PROC_FREE)
		return -EINVAL;
	if (!proc_child(pid))
		return -EPERM;
	if (procs[pid].state == PROC_ZOMBIE)
		return -ESRCH;
	if (procs[pid].state == PROC_RUNNABLE)
		ready_remove((pid_t)pid);
	proc_die((pid_t)pid, STATUS_KILLED);
	return 0;
}

i64 hc_reap(u64 pid)
{
	if (pid >= NPROC || procs[pid].state == PROC_FREE)
		return -EINVAL;
	if (!proc_child(pid))
		return -EPERM;
	if (procs[pid].state != PROC_ZOMBIE)
		return -EAGAIN;
	if (procs[pid].npages || procs[pid].nfiles || procs[pid].nchildren || procs[pid].nwaiting)
		return -EBUSY;
#if LAB >= 5
	if (procs[pid].nirqs)
		return -EBUSY;
#endif
	if (procs[pid].parent)
		procs[procs[pid].parent].nchildren--;
	memset(&procs[pid], 0, sizeof(procs[pid]));
	memset(&contexts[pid], 0, sizeof(contexts[pid]));
	return 0;
}

i64 hc_reparent(u64 pid)
{
	u32 parent;

	if (pid >= NPROC || procs[pid].state == PROC_FREE)
		return -EINVAL;
	parent = procs[pid].parent;
	if (parent == 0 || procs[parent].state != PROC_ZOMBIE)
		return -EPERM;
	procs[parent].nchildren--;
	procs[pid].parent = 0;
	return 0;
}
