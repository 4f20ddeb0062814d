/*
 * From a process to the kernel and back. While a process runs, SP_EL2 points at current->frame
 * (struct trap_frame, the first member of struct context): registers are saved straight to where they
 * belong, and the kernel stack is empty.
 *
 *	el1_sync	  a synchronous exception: which of the next two?
 *	hypercall_entry	  `hvc #0`: the fast path; saves only what a C function may clobber
 *	el1_entry	  everything else: saves all, calls trap_el1()
 *	el1_return	  restores all of `current`, erets
 *
 * x9 and x10 are already in the frame when hypercall_entry and el1_entry begin.
 */
#include <hv8/asm.h>
#include <hv8/save.S>
#include <hv8/sysreg.h>
#include <offsets.h>
#include <uapi/errno.h>

	.text
FUNC(el1_sync)
	stp	x9, x10, [sp, #FRAME_X + 8 * 9]
	mrs	x9, esr_el2
	mov	x10, #ESR_HVC0
	cmp	x9, x10
	b.eq	hypercall_entry
	mov	x10, #TRAP_SYNC
	b	el1_entry
END(el1_sync)

#if LAB < 5
FUNC(el1_irq)
	stp	x9, x10, [sp, #FRAME_X + 8 * 9]
	mov	x10, #TRAP_IRQ
	b	el1_entry
END(el1_irq)
#endif

FUNC(el1_serror)
	stp	x9, x10, [sp, #FRAME_X + 8 * 9]
	mov	x10, #TRAP_SERROR
	b	el1_entry
END(el1_serror)

/*
 * A hypercall. In: x0-x5 arguments, x8 number, SP = current->frame, which has x9 and x10. All
 * registers but x0 come back as they were. ELR_EL2 and SPSR_EL2 stay in the CPU: nothing on this
 * path takes another exception.
 *
 *	1. save what C may clobber, and x19 and x30
 *	2. take the kernel stack, _stack_top; x19 remembers the frame
 *	3. hypercall_table[x8](x0..x5), or -ENOSYS
 *	4. another process is current now: finish the save, switch
 *	5. restore, eret with the result in x0
 */
FUNC(hypercall_entry)
#if SOLUTION >= 3
	/* 1. */
	stp	x0, x1, [sp, #FRAME_X + 8 * 0]
	stp	x2, x3, [sp, #FRAME_X + 8 * 2]
	stp	x4, x5, [sp, #FRAME_X + 8 * 4]
	stp	x6, x7, [sp, #FRAME_X + 8 * 6]
	str	x8, [sp, #FRAME_X + 8 * 8]
	stp	x11, x12, [sp, #FRAME_X + 8 * 11]
	stp	x13, x14, [sp, #FRAME_X + 8 * 13]
	stp	x15, x16, [sp, #FRAME_X + 8 * 15]
	stp	x17, x18, [sp, #FRAME_X + 8 * 17]
	str	x19, [sp, #FRAME_X + 8 * 19]
	str	x30, [sp, #FRAME_X + 8 * 30]
	/* 2. */
	mov	x19, sp
	adr_l	x9, _stack_top
	mov	sp, x9
	/* 3. */
	mov	x10, #-ENOSYS
	cmp	x8, #NHYPERCALL
	b.hs	1f
	adr_l	x9, hypercall_table
	ldr	x9, [x9, x8, lsl #3]
	blr	x9
	mov	x10, x0
1:	/* 4. */
	adrp	x9, current
	ldr	x9, [x9, :lo12:current]
	cmp	x9, x19
	b.ne	hypercall_switch
	/* 5. */
	mov	sp, x19
	mov	x0, x10
	ldr	x1, [sp, #FRAME_X + 8 * 1]
	ldp	x2, x3, [sp, #FRAME_X + 8 * 2]
	ldp	x4, x5, [sp, #FRAME_X + 8 * 4]
	ldp	x6, x7, [sp, #FRAME_X + 8 * 6]
	ldp	x8, x9, [sp, #FRAME_X + 8 * 8]
	ldp	x10, x11, [sp, #FRAME_X + 8 * 10]
	ldp	x12, x13, [sp, #FRAME_X + 8 * 12]
	ldp	x14, x15, [sp, #FRAME_X + 8 * 14]
	ldp	x16, x17, [sp, #FRAME_X + 8 * 16]
	ldp	x18, x19, [sp, #FRAME_X + 8 * 18]
	ldr	x30, [sp, #FRAME_X + 8 * 30]
	eret
#else
	/*
	 * LAB 3: the five steps above. A C function may clobber x0-x18 and x30 and keeps the others
	 * (AAPCS64 6.1.1), so this saves and restores just those, plus x19 for its own use.
	 * hypercall_table is an array of function pointers with NHYPERCALL entries: an x8 beyond it
	 * must not be used as an index. If `current` is no longer this frame's process after the
	 * call, go to hypercall_switch with x19 = old frame and x10 = result.
	 * Checked: every register but x0 survives, wrong numbers give -ENOSYS, at most 60
	 * instructions a round trip.
	 * Read: Arm ARM D1.3.1 (exception entry and return); AAPCS64 6.1.
	 */
	todo_asm hypercall_entry
#endif
END(hypercall_entry)

/*
 * A hypercall made another process current. In: x19 = frame of the caller, partly saved; x10 = its
 * result. Does not return.
 */
FUNC(hypercall_switch)
	str	x10, [x19, #FRAME_X]
	save_rest x19, x9, x10
	mov	x0, x19
	mov	x29, xzr
	bl	proc_switch
	b	el1_return
END(hypercall_switch)

/*
 * Any other exception from a process. In: SP = current->frame, which has x9 and x10; x10 =
 * TRAP_SYNC, TRAP_IRQ or TRAP_SERROR.
 *
 *	1. save all general registers, ELR_EL2, SPSR_EL2
 *	2. take the kernel stack, _stack_top; x19 remembers the frame
 *	3. trap_el1(frame, kind), which may make another process current
 *	4. proc_switch(frame), then el1_return
 */
FUNC(el1_entry)
#if SOLUTION >= 3
	/* 1. */
	stp	x0, x1, [sp, #FRAME_X + 8 * 0]
	stp	x2, x3, [sp, #FRAME_X + 8 * 2]
	stp	x4, x5, [sp, #FRAME_X + 8 * 4]
	stp	x6, x7, [sp, #FRAME_X + 8 * 6]
	str	x8, [sp, #FRAME_X + 8 * 8]
	stp	x11, x12, [sp, #FRAME_X + 8 * 11]
	stp	x13, x14, [sp, #FRAME_X + 8 * 13]
	stp	x15, x16, [sp, #FRAME_X + 8 * 15]
	stp	x17, x18, [sp, #FRAME_X + 8 * 17]
	stp	x19, x20, [sp, #FRAME_X + 8 * 19]
	stp	x21, x22, [sp, #FRAME_X + 8 * 21]
	stp	x23, x24, [sp, #FRAME_X + 8 * 23]
	stp	x25, x26, [sp, #FRAME_X + 8 * 25]
	stp	x27, x28, [sp, #FRAME_X + 8 * 27]
	stp	x29, x30, [sp, #FRAME_X + 8 * 29]
	mrs	x0, elr_el2
	mrs	x1, spsr_el2
	stp	x0, x1, [sp, #FRAME_ELR]
	/* 2. */
	mov	x19, sp
	adr_l	x0, _stack_top
	mov	sp, x0
	mov	x29, xzr		/* the kernel's backtrace ends here */
	/* 3. */
	mov	x0, x19
	mov	x1, x10
	bl	trap_el1
	/* 4. */
	mov	x0, x19
	bl	proc_switch
	b	el1_return
#else
	/*
	 * LAB 3: the four steps above. Offsets into the frame are FRAME_X + 8 * n for register n,
	 * FRAME_ELR and, 8 bytes behind it, SPSR. Mind the order: x9 and x10 of the process are in
	 * the frame already, x10 holds the kind, and nothing may be clobbered before it is saved.
	 * Read: Arm ARM D1.3.1; kernel/include/hv8/trap.h for the frame. Checked by faults whose
	 * dump must show the process's own registers, and by two processes that trap in turn.
	 */
	todo_asm el1_entry
#endif
END(el1_entry)

/*
 * Run `current`: the last thing the kernel does. Needs no stack, does not return.
 *
 *	1. SP = current->frame, where the next exception will find it
 *	2. ELR_EL2 and SPSR_EL2
 *	3. x0-x30
 *	4. eret
 */
FUNC(el1_return)
#if SOLUTION >= 3
	/* 1. */
	adrp	x0, current
	ldr	x0, [x0, :lo12:current]
	mov	sp, x0
	/* 2. */
	ldp	x0, x1, [sp, #FRAME_ELR]
	msr	elr_el2, x0
	msr	spsr_el2, x1
	/* 3. */
	ldp	x0, x1, [sp, #FRAME_X + 8 * 0]
	ldp	x2, x3, [sp, #FRAME_X + 8 * 2]
	ldp	x4, x5, [sp, #FRAME_X + 8 * 4]
	ldp	x6, x7, [sp, #FRAME_X + 8 * 6]
	ldp	x8, x9, [sp, #FRAME_X + 8 * 8]
	ldp	x10, x11, [sp, #FRAME_X + 8 * 10]
	ldp	x12, x13, [sp, #FRAME_X + 8 * 12]
	ldp	x14, x15, [sp, #FRAME_X + 8 * 14]
	ldp	x16, x17, [sp, #FRAME_X + 8 * 16]
	ldp	x18, x19, [sp, #FRAME_X + 8 * 18]
	ldp	x20, x21, [sp, #FRAME_X + 8 * 20]
	ldp	x22, x23, [sp, #FRAME_X + 8 * 22]
	ldp	x24, x25, [sp, #FRAME_X + 8 * 24]
	ldp	x26, x27, [sp, #FRAME_X + 8 * 26]
	ldp	x28, x29, [sp, #FRAME_X + 8 * 28]
	ldr	x30, [sp, #FRAME_X + 8 * 30]
	/* 4. */
	eret
#else
	/*
	 * LAB 3: the four steps above. `current` is a pointer variable in C (adrp, then ldr with
	 * :lo12:). Load the two system registers first, while there are registers to spare.
	 * Read: Arm ARM D1.3.1.4, exception return. Nothing of the kernel may be left in any
	 * register of the process.
	 */
	todo_asm el1_return
#endif
END(el1_return)
