/*
 * Interrupts: who owns each, and what a process has of them. irq.c routes physical interrupts, vgic.c makes them
 * virtual ones.
 */
#pragma once

#include <hv8/gic.h>
#include <hv8/proc.h>
#include <uapi/tables.h>

/* What of the interrupt hardware a process uses (struct context, `uses`): a switch moves only that. */
#define USES_GIC    1 /* the virtual CPU interface */
#define USES_TIMER  2 /* the EL1 physical timer */
#define USES_NOBODY 4 /* contexts[0]: it is no process, and somebody else must be found */

/* The virtual interrupts of a process. While it runs its list registers are in the CPU, and `lr` is what was written there. */
struct vgic {
	u64 lr[GIC_NLR_MAX];    /* list registers */
	u64 pending[NIRQ / 64]; /* by INTID: not in a list register yet */
	u32 words;              /* which of pending[] are not 0: bit n */
	u32 used;               /* which list registers may be valid: bit n */
	struct gic_virtual cpu; /* its CPU interface while another runs */
	u8 priority[32];        /* of SGIs and the timer; an SPI's is in irqs[] */
} __attribute__((aligned(512)));

extern struct vgic vgics[NPROC]; /* by pid */
extern struct irq irqs[NIRQ];    /* by INTID; processes see it */
extern bool irq_on;              /* set by irq_init(): interrupts are used */

/** Set up interrupts, unless the boot argument irq=off or the device tree prevents it; then the kernel polls, as in lab 4. */
void irq_init(void);

/** Take the interrupt that is signalled, if one is. Called by irq.S with the process's registers saved, and by those who idle. */
void irq_handle(void);

/** Nobody is ready beside the current process: sleep until somebody is, or an interrupt is pending for it; not if neither can be. */
void irq_idle(void);

/** Nobody is ready: whether an interrupt may wake somebody. */
bool irq_expected(void);

/** Process @p pid has an interrupt: if it sleeps, or waits for a message of anyone and uses interrupts, it is ready. */
void irq_wake(pid_t pid);

/** Whether process @p pid would be ready if it got an interrupt. */
bool irq_wakes(pid_t pid);

/** Whether the virtual interrupt @p intid stands for a physical one, which is active until the process ends it. */
bool irq_is_physical(intid_t intid);

/** The process of @p context stops running: move what it uses of the interrupt hardware out of the CPU. */
void irq_leave(struct context *context);

/** The process of @p context runs from now on: move it in. */
void irq_enter(struct context *context);

/** The process of @p context may use the virtual CPU interface from now on. */
void irq_open(struct context *context);

/** A trapped access to system register @p encoding (as in ESR_ELx.ISS) by a process that has not used interrupts yet: what it uses is
 * open from now on. @return whether the access may be tried again */
bool irq_first_use(u32 encoding);

/** The current process writes @p value to ICC_SGI1R_EL1 (IHI 0069 12.2): it may mean itself. @return whether it may at all */
bool irq_send_sgi(u64 value);

/** Process @p pid owns the console now: its interrupt is that one's. */
void irq_console(pid_t pid);

/** Interrupt @p intid is pending for process @p pid, which wakes. */
void vgic_pend(pid_t pid, intid_t intid);

/** Move what fits from the pending set of the process whose list registers are in the CPU to them; ask to be told when more will fit. */
void vgic_fill(void);

/** The maintenance interrupt: list registers are free. */
void vgic_maintain(void);

/** Whether an interrupt is pending for process @p pid, which it has not acknowledged. */
bool vgic_is_pending(pid_t pid);

/**
 * Interrupt @p intid of process @p pid is pending no more.
 *
 * @param also_active  nor active
 * @return whether it was pending
 */
bool vgic_withdraw(pid_t pid, intid_t intid, bool also_active);

/** Whether @p intid of process @p pid is pending or active. */
bool vgic_is_outstanding(pid_t pid, intid_t intid);

/** Move the list registers and the virtual CPU interface of process @p pid out of the CPU. */
void vgic_leave(pid_t pid);

/** Move those of process @p pid into the CPU. */
void vgic_enter(pid_t pid);

/** Process @p pid is new: nothing is pending, every priority is IRQ_PRIORITY. */
void vgic_reset(pid_t pid);
