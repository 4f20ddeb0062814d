/*
 * What is true of processes, the ready list and files before and after every hypercall; and the list of all
 * invariants, which checked kernels and host tests go through.
 */
#include <hv8/hypercall.h>
#include <hv8/inv.h>
#include <hv8/page.h>
#include <hv8/proc.h>
#include <hv8/string.h>
#if LAB >= 5
#include <hv8/irq.h>
#endif

#if LAB >= 5
#define LAST_STATE PROC_SLEEPING
#else
#define LAST_STATE PROC_ZOMBIE
#endif

static struct {
	u32 pages[NPROC], fds[NPROC], children[NPROC], waiting[NPROC], refs[NFILE];
#if LAB >= 5
	u32 irqs[NPROC];
#endif
} counted;
static u32
	ready_length; /* of the list, going through it from its head; NPROC if it does not come back */

void inv_count(void)
{
	u32 i, fd;

	memset(&counted, 0, sizeof(counted));
	for (i = 0; i < page_high; i++)
		counted.pages[pages[i].owner % NPROC]++;
	for (i = 1; i < NPROC; i++) {
		counted.children[procs[i].parent % NPROC]++;
		counted.waiting[procs[i].wait_from % NPROC]++;
		for (fd = 0; fd < NOFILE; fd++) {
			counted.fds[i] += procs[i].fd[fd] != 0;
			counted.refs[procs[i].fd[fd] % NFILE]++;
		}
	}
#if LAB >= 5
	for (i = 0; i < NIRQ; i++)
		counted.irqs[irqs[i].type == IRQ_OWNED ? irqs[i].owner % NPROC : 0]++;
#endif
	ready_length = 0;
	for (i = procs[0].next; i && ready_length < NPROC; i = procs[i % NPROC].next)
		ready_length++;
}

static bool is_frame(pn_t pn, u32 pid)
{
	return pn < page_count() && pages[pn].type == PAGE_FRAME && pages[pn].owner == pid;
}

bool inv_proc(u32 pid)
{
	static const struct proc nothing;
	const struct proc *proc = &procs[pid];

	if (pid == 0)
		return proc->state == PROC_FREE && proc->npages == 0 && proc->nfiles == 0;
	if (proc->state == PROC_FREE)
		return !memcmp(proc, &nothing, sizeof(nothing));
	if (proc->state > LAST_STATE || contexts[pid].pid != (pid_t)pid)
		return false;
	if (proc->parent >= NPROC || proc->parent == pid ||
	    (proc->parent && procs[proc->parent].state == PROC_FREE))
		return false;
	if (proc->state == PROC_WAITING) {
		if (proc->wait_from >= NPROC || proc->wait_from == pid)
			return false;
		if (proc->wait_page != NONE && !is_frame(proc->wait_page, pid))
			return false;
		if (proc->wait_fd != NONE && (proc->wait_fd >= NOFILE || proc->fd[proc->wait_fd]))
			return false;
	} else if (proc->wait_from || proc->wait_page || proc->wait_fd) {
		return false;
	}
	return proc->state == PROC_ZOMBIE ||
	       (proc->root < page_count() && pages[proc->root].type == PAGE_L0 &&
	        pages[proc->root].owner == pid);
}

bool inv_ready(u32 pid)
{
	const u32 next = procs[pid].next, prev = procs[pid].prev;
	u32 i, runnable = 0;

	if (pid && (procs[pid].state == PROC_RUNNING) != (&contexts[pid] == current))
		return false;
	if (pid && procs[pid].state != PROC_RUNNABLE)
		return next == 0 && prev == 0;
	if (next >= NPROC || prev >= NPROC || procs[next].prev != pid || procs[prev].next != pid)
		return false;
	for (i = 1; pid == 0 && i < NPROC; i++)
		runnable += procs[i].state == PROC_RUNNABLE;
	return pid || runnable == ready_length;
}

bool inv_counts(u32 pid)
{
	const struct proc *proc = &procs[pid];

#if LAB >= 5
	if (pid && proc->nirqs != counted.irqs[pid])
		return false;
#endif
	return pid == 0 ||
	       (proc->npages == counted.pages[pid] && proc->nfiles == counted.fds[pid] &&
	        proc->nchildren == counted.children[pid] && proc->nwaiting == counted.waiting[pid]);
}

bool inv_file(u32 file)
{
	const struct file *f = &files[file];

	if (file == 0 || f->type == 0)
		return f->type == 0 && f->refs == 0 && (file == 0 || counted.refs[file] == 0);
	return f->refs != 0 && f->refs == counted.refs[file];
}

const char *invariants_check(u32 *index)
{
	static const struct {
		const char *name;
		bool (*holds)(u32 index);
		u32 count; /* 0: the pages that were ever given */
	} invariants[] = {
		{ "inv_page_owner", inv_page_owner, 0 },
		{ "inv_proc", inv_proc, NPROC },
		{ "inv_ready", inv_ready, NPROC },
		{ "inv_counts", inv_counts, NPROC },
		{ "inv_file", inv_file, NFILE },
		{ "inv_page_entered", inv_page_entered, 0 },
		{ "inv_table", inv_table, 0 },
		{ "inv_asid", inv_asid, NPROC },
#if LAB >= 5
		{ "inv_irq", inv_irq, NIRQ },
		{ "inv_vgic", inv_vgic, NPROC },
#endif
	};
	u32 i;

	inv_count();
	for (i = 0; i < ARRAY_SIZE(invariants); i++) {
		const u32 count = invariants[i].count ? invariants[i].count : page_high;

		for (*index = 0; *index < count; (*index)++)
			if (!invariants[i].holds(*index))
				return invariants[i].name;
	}
	return NULL;
}
