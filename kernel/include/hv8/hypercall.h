/* The handlers hc_NAME, one for each line of uapi/hypercall.def, where they are documented; and what they have of each
 * other. */
#pragma once

#if LAB >= 4
#include <hv8/proc.h>
#endif
#include <hv8/types.h>
#include <uapi/hypercall.h>

/* The parameters of a call, by their count */
#define PARAMETERS0()                                       void
#define PARAMETERS1(t1, a1)                                 t1 a1
#define PARAMETERS2(t1, a1, t2, a2)                         t1 a1, t2 a2
#define PARAMETERS3(t1, a1, t2, a2, t3, a3)                 t1 a1, t2 a2, t3 a3
#define PARAMETERS4(t1, a1, t2, a2, t3, a3, t4, a4)         t1 a1, t2 a2, t3 a3, t4 a4
#define PARAMETERS5(t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) t1 a1, t2 a2, t3 a3, t4 a4, t5 a5
#define PARAMETERS6(t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) \
	t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6

#define HYPERCALL(number, name, count, ...) i64 hc_##name(PARAMETERS##count(__VA_ARGS__));
#include <uapi/hypercall.def>
#undef HYPERCALL

extern void (*const hypercall_table[NHYPERCALL])(void); /* the handlers, by number */

#if LAB >= 4
extern struct file files[NFILE]; /* files[0] is none */

/** Process @p pid is dead: if it owned the console, its parent does now, or init if that is dead too. */
void console_orphan(pid_t pid);

/** The free descriptor @p to_fd of @p to leads where @p fd of @p from does. */
static inline void fd_share(pid_t from, u64 fd, pid_t to, u64 to_fd)
{
	const u16 file = procs[from].fd[fd];

	procs[to].fd[to_fd] = file;
	procs[to].nfiles++;
	files[file].refs++;
}

/**
 * Run every invariant: checked kernels (make CHECKED=1) do so behind each hypercall.
 *
 * @return NULL, or the name of the first that does not hold, and for which page, process or file in *@p index
 */
const char *invariants_check(u32 *index);
#endif
