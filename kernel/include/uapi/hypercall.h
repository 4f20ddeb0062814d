/* Hypercall numbers, and the limits and addresses that kernel and processes agree on. */
#pragma once

#include <uapi/limits.h>

#define HYPERCALL(number, name, ...) HC_##name = number,
/* HC_NAME, what x8 holds. */
enum hypercall_number {
#include <uapi/hypercall.def>
	NHYPERCALL /* how many numbers there are */
};
#undef HYPERCALL

/* Permissions of a mapping. EL0 has them only with VM_EL0. There is no "write and execute". */
enum vm_perm {
	VM_R = 1,   /* read */
	VM_RW = 2,  /* read, write */
	VM_RX = 3,  /* read, execute */
	VM_EL0 = 4, /* EL0 may, too */
};

#if LAB >= 4
/* What came with a message: x2 of recv, call and reply_wait. */
#define IPC_PAGE 1 /* a page, in the frame that was offered */
#define IPC_FD   2 /* a descriptor */

/* What the stat hypercall counts. */
enum statistic {
	STAT_SWITCHES,    /* another process became current */
	STAT_FP_SWITCHES, /* FP and SIMD registers were moved */
	STAT_FLUSH_PAGE,  /* TLB maintenance by page */
	STAT_FLUSH_ASID,  /* by ASID, because it is used again */
#if LAB >= 5
	STAT_IRQS,        /* physical interrupts taken */
	STAT_SPURIOUS,    /* interrupts that were gone when they were to be taken */
	STAT_UNOWNED,     /* interrupts that nobody owned: each was masked */
	STAT_MAINTENANCE, /* maintenance interrupts: list registers had been too few */
	STAT_INPUT_LOST,  /* times that the console's receive FIFO ran over */
#endif
#if LAB >= 6
	STAT_TICKS, /* interrupts of the EL2 timer */
#endif
	NSTAT /* how many there are */
};
#endif

/* Where things are in a process at birth. Everything else is not mapped. */
#define UVA_VECTORS \
	0x10000UL /* the kernel's vector page: reports a fault that the process does not handle */
#define UVA_PROGRAM   0x400000UL   /* ELF segments lie in [UVA_PROGRAM, UVA_STACK) */
#define UVA_STACK     0x7fff0000UL /* the stack's lowest page */
#define UVA_STACK_TOP 0x80000000UL /* sp at entry; less, with boot arguments */
#if LAB >= 4
#define UVA_PAGES 0x80200000UL /* the kernel's tables, read-only: struct page[NPAGE] */
#define UVA_PROCS 0x80300000UL /* struct proc[NPROC] */
#define UVA_FILES 0x80310000UL /* struct file[NFILE] */
#endif
#if LAB >= 5
#define UVA_IRQS 0x80320000UL /* struct irq[NIRQ] */
#define UVA_GICV 0x80330000UL /* where user/lib maps a GICv2's virtual CPU interface */
#endif
