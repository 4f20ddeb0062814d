/*
 * Messages: a word, a page and a descriptor, from a process that runs to one that waits. Nothing is queued: who
 * sends to a process that does not wait is told so. call and reply_wait let the receiver run at once; the
 * scheduler is not asked. All here is inline, down to fd_share(), so that a call without a page or a descriptor neither
 * saves registers nor moves arguments.
 */
#include <hv8/hypercall.h>
#include <hv8/page.h>
#include <hv8/proc.h>
#include <machine.h>
#include <uapi/errno.h>
#if LAB >= 5
#include <hv8/irq.h>
#endif

/* Whether the caller may send this to @p to. */
static inline i64 check_send(u64 to, u64 page, u64 fd)
{
	const u32 me = (u32)current->pid;

	if (to == 0 || to >= NPROC)
		return -EINVAL;
	if (page != NONE && (page >= page_count() || pages[page].type != PAGE_FRAME))
		return -EINVAL;
	if (fd != NONE && (fd >= NOFILE || !procs[me].fd[fd]))
		return -EINVAL;
	if (page != NONE && pages[page].owner != me)
		return -EPERM;
	if (procs[to].state != PROC_WAITING || (procs[to].wait_from && procs[to].wait_from != me))
		return -EAGAIN;
	if ((page != NONE && procs[to].wait_page == NONE) ||
	    (fd != NONE && procs[to].wait_fd == NONE))
		return -EAGAIN;
	return 0;
}

/* Whether the caller may wait like this. */
static inline i64 check_wait(u64 from, u64 page, u64 fd)
{
	const u32 me = (u32)current->pid;

	if (from >= NPROC || from == me)
		return -EINVAL;
	if (page != NONE && (page >= page_count() || pages[page].type != PAGE_FRAME))
		return -EINVAL;
	if (fd != NONE && fd >= NOFILE)
		return -EINVAL;
	if (page != NONE && pages[page].owner != me)
		return -EPERM;
	if (fd != NONE && procs[me].fd[fd])
		return -EBUSY;
	if (from && (procs[from].state == PROC_FREE || procs[from].state == PROC_ZOMBIE))
		return -ESRCH;
	return 0;
}

/* The receiver @p to, which waits, gets a message, and its call returns. The caller decides when it runs. */
static inline void deliver(u64 to, u64 word, u64 page, u64 fd)
{
	struct trap_frame *frame = &contexts[to].frame;
	u64 came = 0;

	if (page != NONE) {
		page_copy(page_pa(procs[to].wait_page), page_pa((pn_t)page));
		came |= IPC_PAGE;
	}
	if (fd != NONE) {
		fd_share(current->pid, fd, (pid_t)to, procs[to].wait_fd);
		came |= IPC_FD;
	}
	frame->x[0] = (u64)current->pid;
	frame->x[1] = word;
	frame->x[2] = came;
	wait_end((pid_t)to);
}

/* The caller waits from now on. */
static inline void await(u64 from, u64 page, u64 fd)
{
	struct proc *me = &procs[current->pid];

	me->state = PROC_WAITING;
	me->wait_from = (u32)from;
	me->wait_page = (pn_t)page;
	me->wait_fd = (u32)fd;
	if (from)
		procs[from].nwaiting++;
}

i64 hc_send(u64 to, u64 word, u64 page, u64 fd)
{
	i64 error = check_send(to, page, fd);

	if (error)
		return error;
	deliver(to, word, page, fd);
	ready_add((pid_t)to);
	return 0;
}

i64 hc_recv(u64 from, u64 page, u64 fd)
{
	i64 error = check_wait(from, page, fd);

	if (error)
		return error;
#if LAB >= 5
	/* Who uses interrupts does not wait for anyone while one is pending. */
	if (from == 0 && current->uses && vgic_is_pending(current->pid))
		return -EINTR;
#endif
	await(from, page, fd);
	proc_run_next();
	return 0;
}

#if LAB >= 5
/* The end of exchange() for a caller that uses interrupts, and waits for anyone. */
static __attribute__((noinline)) i64 exchange_end(u64 to, u64 into_page, u64 into_fd)
{
	const bool interrupted = vgic_is_pending(current->pid);

	if (interrupted)
		ready_add(current->pid);
	else
		await(0, into_page, into_fd);
	proc_run((pid_t)to);
	return interrupted ? -EINTR : 0;
}
#endif

/* Send to @p to, wait for @p from, and let @p to run. */
static inline i64 exchange(u64 to, u64 word, u64 page, u64 fd, u64 from, u64 into_page, u64 into_fd)
{
	i64 error = check_send(to, page, fd);

	if (!error)
		error = check_wait(from, into_page, into_fd);
	if (error)
		return error;
	deliver(to, word, page, fd);
#if LAB >= 5
	if (from == 0 && current->uses)
		return exchange_end(to, into_page, into_fd);
#endif
	await(from, into_page, into_fd);
	proc_run((pid_t)to);
	return 0;
}

i64 hc_call(u64 to, u64 word, u64 page, u64 fd, u64 into_page, u64 into_fd)
{
	return exchange(to, word, page, fd, to, into_page, into_fd);
}

i64 hc_reply_wait(u64 to, u64 word, u64 page, u64 fd, u64 into_page, u64 into_fd)
{
	return exchange(to, word, page, fd, 0, into_page, into_fd);
}

i64 hc_wake(u64 pid)
{
	u32 from;

	if (pid == 0 || pid >= NPROC)
		return -EINVAL;
	from = procs[pid].wait_from;
	if (procs[pid].state != PROC_WAITING || from == 0 || procs[from].state != PROC_ZOMBIE)
		return -EAGAIN;
	contexts[pid].frame.x[0] = (u64)-ESRCH;
	wait_end((pid_t)pid);
	ready_add((pid_t)pid);
	return 0;
}

void wake_orphans(void)
{
	u64 pid;

	for (pid = 1; pid < NPROC; pid++)
		hc_wake(pid);
}
