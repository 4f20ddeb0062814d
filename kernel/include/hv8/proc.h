/* Processes: who exists, who runs, and what of the CPU belongs to each. */
#pragma once

#include <hv8/trap.h>
#include <hv8/types.h>
#include <uapi/tables.h>

/*
 * The EL1 and EL0 system registers that a process owns; moved only when another process runs, two at a time (ldp, stp).
 * TTBR0_EL1 is here too. SCTLR_EL1, TCR_EL1, MAIR_EL1 are the same for all and never change.
 */
#define EL1_REGISTERS(X)              \
	X(ttbr0_el1, vbar_el1)        \
	X(sp_el0, sp_el1)             \
	X(elr_el1, spsr_el1)          \
	X(esr_el1, far_el1)           \
	X(afsr0_el1, afsr1_el1)       \
	X(par_el1, cpacr_el1)         \
	X(contextidr_el1, csselr_el1) \
	X(cntkctl_el1, tpidr_el0)     \
	X(tpidrro_el0, tpidr_el1)     \
	X(cntv_cval_el0, cntv_ctl_el0)

/* These registers of one process. */
struct el1_state {
#define X(a, b) u64 a, b;
	EL1_REGISTERS(X)
#undef X
	u64 vdisr_el2; /* what EL1 reads as DISR_EL1, on CPUs with RAS */
};

/* FP and SIMD registers. fp.S knows the layout: q0..q31, then FPSR and FPCR. */
struct fp_state {
	u64 q[64];      /* q0..q31, the low half first */
	u64 fpsr, fpcr; /* status and control */
} __attribute__((aligned(16)));

/* What the CPU holds of a process while it runs, and what is kept of it meanwhile: nobody else's business, unlike
 * struct proc. */
struct context {
	struct trap_frame frame; /* first: SP_EL2 points here while the process runs */
	struct el1_state el1;    /* while another runs */
	struct fp_state fp;      /* while another has used the FP registers */
	pid_t pid;               /* its index in contexts[] and procs[] */
#if LAB >= 5
	u32 uses; /* USES_: what of the interrupt hardware is moved with it (hv8/irq.h) */
#endif
#if LAB >= 6
	u64 timer_ctl, timer_cval; /* CNTP_CTL_EL0, CNTP_CVAL_EL0 */
#endif
} __attribute__((aligned(1024))); /* so that indexing is a shift */

extern struct proc procs[NPROC];       /* procs[0] is nobody, and the head of the ready list */
extern struct context contexts[NPROC]; /* by pid; contexts[0]: nobody runs */
extern struct context *current; /* the process that runs, or that the exit path will switch to */

/** Prepare for processes: their memory, and what EL1 may do. */
void proc_init(void);

/** Load the programs that the boot argument init=NAME,NAME... names ("init" if there is none) and
 * run them. */
_Noreturn void proc_start(void);

/**
 * Make a process from the program @p name of the initrd.
 *
 * @return NULL and the pid in *@p pid, or why it was refused; then nothing is left of it
 */
const char *proc_load(const char *name, pid_t *pid);

/** The current process is over, with @p status, and another is current. Powers off behind the last. */
void proc_end(i64 status);

/** Kill the current process, saying @p why (printf-like) and dumping its registers. */
void proc_kill(const char *why, ...) __attribute__((format(printf, 1, 2)));

/** The ready list, first in, first out: @p pid becomes runnable, at its end. */
void ready_add(pid_t pid);

/** Take the runnable process @p pid out of the ready list. */
void ready_remove(pid_t pid);

/** Let @p pid, which is in no list, run: it is current. */
static inline void proc_run(pid_t pid)
{
	procs[pid].state = PROC_RUNNING;
	current = &contexts[pid];
}

/** The current process does not go on: let the first of the ready list run; nobody, contexts[0], if there is none. */
void proc_run_next(void);

/** Let the first of the ready list run, and the current process behind all others. */
void proc_yield(void);

/** Called on the way out, when the process @p from was interrupted: if another is current now,
 * switch the CPU to it; if nobody is, wait for somebody, or power off. */
void proc_switch(struct context *from);

/** Put the registers of a fresh process in place in @p context: it begins at @p entry with stack pointer @p sp and x0 =
 * @p arguments, and nothing of any other process is in them. */
void context_init(struct context *context, uva_t entry, uva_t sp, uva_t arguments);

/** Find out what a switch must do on this CPU, with these boot arguments. */
void context_prepare(void);

/** Exchange the CPU's EL1 state: save it to @p from, unless NULL, and load @p to. */
void context_switch(struct context *from, const struct context *to);

/** Give the current process the FP and SIMD registers, which hold another's until it first uses
 * them. */
void fp_take(void);

/** Process @p context is gone: its FP and SIMD registers need not be saved. */
void fp_drop(const struct context *context);

#if LAB >= 4
/** Give @p child the registers of the current process, all but TTBR0_EL1 and x0; its frame must be complete. */
void context_clone(struct context *child);

/** Process @p pid is dead: a zombie with @p status. It must be in no list; if it is current, another must run next. */
void proc_die(pid_t pid, i64 status);

/** Process @p pid waits no longer: nothing is left of what it waited for. */
static inline void wait_end(pid_t pid)
{
	struct proc *proc = &procs[pid];

	if (proc->wait_from)
		procs[proc->wait_from].nwaiting--;
	proc->wait_from = 0;
	proc->wait_page = 0;
	proc->wait_fd = 0;
}

/** Wake those that wait for a message of a zombie, as the wake hypercall does one. */
void wake_orphans(void);

/** Whether @p pid is a process that the caller builds: itself, or an embryo of its own. */
bool proc_yours(u64 pid);
#endif

/** What a process may not do, set up: HCR_EL2, CPTR_EL2, MDCR_EL2, CNTHCTL_EL2, SCTLR_EL1, TCR_EL1,
 * MAIR_EL1 and others. */
void el1_configure(void);

/** Leave the kernel: run `current`. Takes no stack with it. */
_Noreturn void el1_return(void);

/** An exception from a process, of @p kind TRAP_SYNC, TRAP_IRQ or TRAP_SERROR; @p frame is its saved state. Called by
 * el1.S. */
void trap_el1(struct trap_frame *frame, u64 kind);

/** A trapped access to a system register, with syndrome @p iss, by the process whose state is @p frame: emulated, or the
 * process is killed with the register's name. */
void sysreg_trap(struct trap_frame *frame, u64 iss);

/**
 * Copy @p size bytes at @p from in the current process to kernel memory.
 *
 * @return 0, or -EFAULT with nothing promised about @p to
 */
int copy_from_process(void *to, uva_t from, size_t size);
