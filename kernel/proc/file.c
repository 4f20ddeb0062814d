/*
 * Files: what descriptors lead to. The kernel knows nothing of their contents; it counts who has them, so that
 * a server in user space can trust a descriptor that arrives in a message.
 */
#include <hv8/hypercall.h>
#include <hv8/proc.h>
#include <uapi/errno.h>

struct file files[NFILE] __attribute__((aligned(PAGE_SIZE)));

static void fd_close(pid_t pid, u64 fd)
{
	struct file *file = &files[procs[pid].fd[fd]];

	procs[pid].fd[fd] = 0;
	procs[pid].nfiles--;
	if (--file->refs == 0)
		*file = (struct file){ 0, 0, 0, 0, 0 };
}

/* Whether descriptor @p fd of the caller may go to descriptor @p to of @p pid, be that free or not. */
static i64 check_share(u64 fd, u64 pid, u64 to)
{
	if (pid >= NPROC || fd >= NOFILE || to >= NOFILE || !procs[current->pid].fd[fd])
		return -EINVAL;
	if (!proc_yours(pid))
		return -EPERM;
	return 0;
}

i64 hc_create(u64 fd, u64 file, u64 type, u64 value, u64 mode)
{
	struct proc *me = &procs[current->pid];

	if (fd >= NOFILE || file == 0 || file >= NFILE || type == 0 || type >> 32)
		return -EINVAL;
	if (me->fd[fd] || files[file].type)
		return -EBUSY;
	files[file] = (struct file){ (u32)type, 1, value, 0, mode };
	me->fd[fd] = (u16)file;
	me->nfiles++;
	return 0;
}

i64 hc_close(u64 pid, u64 fd)
{
	if (pid >= NPROC || fd >= NOFILE)
		return -EINVAL;
	if (pid != (u64)current->pid && procs[pid].state != PROC_ZOMBIE)
		return -EPERM;
	if (!procs[pid].fd[fd])
		return -EINVAL;
	fd_close((pid_t)pid, fd);
	return 0;
}

i64 hc_dup(u64 fd, u64 pid, u64 to)
{
	i64 error = check_share(fd, pid, to);

	if (error)
		return error;
	if (procs[pid].fd[to])
		return -EBUSY;
	fd_share(current->pid, fd, (pid_t)pid, to);
	return 0;
}

i64 hc_dup2(u64 fd, u64 pid, u64 to)
{
	i64 error = check_share(fd, pid, to);

	if (error)
		return error;
	if (pid == (u64)current->pid && to == fd)
		return 0;
	if (procs[pid].fd[to])
		fd_close((pid_t)pid, to);
	fd_share(current->pid, fd, (pid_t)pid, to);
	return 0;
}

i64 hc_transfer(u64 fd, u64 pid, u64 to)
{
	i64 error = hc_dup(fd, pid, to);

	if (!error)
		fd_close(current->pid, fd);
	return error;
}

i64 hc_lseek(u64 fd, u64 offset)
{
	if (fd >= NOFILE || !procs[current->pid].fd[fd])
		return -EINVAL;
	files[procs[current->pid].fd[fd]].offset = offset;
	return 0;
}
