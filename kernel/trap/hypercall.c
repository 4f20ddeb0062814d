/*
 * The hypercall table, made from uapi/hypercall.def, and the calls that belong nowhere else: identity, console,
 * power. Handlers take and return integers, check every argument before the first write, contain no loop
 * without a constant bound, and change nothing when they refuse.
 */
#include <hv8/console.h>
#include <hv8/hypercall.h>
#include <hv8/pl011.h>
#include <hv8/proc.h>
#if LAB >= 4
#include <hv8/page.h>
#include <hv8/stat.h>
#endif
#if LAB >= 5
#include <hv8/irq.h>
#endif
#include <machine.h>
#include <uapi/errno.h>

#if LAB >= 4
u64 stats[NSTAT];
static pid_t console_owner = INIT_PID;

static void console_set(pid_t pid)
{
	console_owner = pid;
#if LAB >= 5
	irq_console(pid);
#endif
}

void console_orphan(pid_t pid)
{
	const u32 parent = procs[pid].parent;

	if (console_owner == pid)
		console_set(parent && procs[parent].state != PROC_ZOMBIE ? (pid_t)parent
		                                                         : INIT_PID);
}
#endif

i64 hc_getpid(void)
{
	return current->pid;
}

i64 hc_exit(i64 code)
{
#if LAB >= 4
	if (procs[current->pid].parent == 0) /* otherwise its parent looks */
#endif
		printk("hv8: process %d (%s) exited with %ld\n", current->pid,
		       procs[current->pid].name, (long)code);
	proc_end(code);
	return 0;
}

i64 hc_poweroff(void)
{
#if LAB >= 4
	if (current->pid != INIT_PID)
		return -EPERM;
#endif
	power_off();
}

i64 hc_console_write(uva_t text, u64 length)
{
	u8 bytes[CONSOLE_WRITE_MAX];
	u64 i;

	if (length == 0 || length > CONSOLE_WRITE_MAX)
		return -EINVAL;
	if (copy_from_process(bytes, text, length))
		return -EFAULT;
	for (i = 0; i < length; i++)
		printk("%c", bytes[i]);
	return (i64)length;
}

i64 hc_console_read(void)
{
	int byte;

#if LAB >= 4
	if (current->pid != console_owner)
		return -EPERM;
#endif
#if LAB >= 5
	byte = console_input();
#else
	byte = pl011_getc();
#endif
	return byte < 0 ? -EAGAIN : byte;
}

#if LAB >= 4
i64 hc_console_give(u64 pid)
{
	if (pid >= NPROC || procs[pid].state == PROC_FREE || procs[pid].state == PROC_ZOMBIE)
		return -EINVAL;
	if (current->pid != console_owner)
		return -EPERM;
	console_set((pid_t)pid);
	return 0;
}

i64 hc_dmesg(u64 frame, u64 part)
{
	if (frame >= page_count() || pages[frame].type != PAGE_FRAME || part >= DMESG_PAGES)
		return -EINVAL;
	if (current->pid != console_owner || pages[frame].owner != current->pid)
		return -EPERM;
	page_copy(page_pa((pn_t)frame), console_log((u32)part));
	return console_log_length((u32)part);
}

i64 hc_stat(u64 what)
{
	return what < NSTAT ? (i64)stats[what] : -EINVAL;
}
#endif

#define HANDLER(name) hc_##name

#if LAB >= 4
#if CHECKED
/* A checked kernel looks at all its state behind each call, and dies where a call has broken something. */
static i64 checked(const char *name, i64 result)
{
	u32 index;
	const char *broken = invariants_check(&index);

	if (broken)
		panic("%s(%u) does not hold behind hypercall %s = %ld", broken, index, name,
		      (long)result);
	return result;
}

#define NAMES0()
#define NAMES1(t1, a1)                                         a1
#define NAMES2(t1, a1, t2, a2)                                 a1, a2
#define NAMES3(t1, a1, t2, a2, t3, a3)                         a1, a2, a3
#define NAMES4(t1, a1, t2, a2, t3, a3, t4, a4)                 a1, a2, a3, a4
#define NAMES5(t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)         a1, a2, a3, a4, a5
#define NAMES6(t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) a1, a2, a3, a4, a5, a6
#define HYPERCALL(number, name, count, ...)                                  \
	static i64 checked_##name(PARAMETERS##count(__VA_ARGS__))            \
	{                                                                    \
		return checked(#name, hc_##name(NAMES##count(__VA_ARGS__))); \
	}
#include <uapi/hypercall.def>
#undef HYPERCALL
#undef HANDLER
#define HANDLER(name) checked_##name
#endif

/* clone.S: completes the caller's frame, then clone_saved(). */
extern i64 hypercall_clone(u64 pid, u64 root);
i64 clone_saved(u64 pid, u64 root);

i64 clone_saved(u64 pid, u64 root)
{
	return HANDLER(clone)(pid, root);
}
#endif

#define HYPERCALL(number, name, count, ...)       [number] = (void (*)(void))HANDLER(name),
#define HYPERCALL_SAVED(number, name, count, ...) [number] = (void (*)(void))hypercall_##name,
void (*const hypercall_table[NHYPERCALL])(void) = {
#include <uapi/hypercall.def>
};
