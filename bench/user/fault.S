/*
 * Vectors of a process that handles its own faults: saves what a C function may clobber, calls
 * on_fault(ESR_EL1, FAR_EL1), restores, goes on where ELR_EL1 says. The kernel has no part in it.
 */
#include <hv8/asm.h>
#include <uapi/vectors.h>

	.text
/* Whatever else arrives ends in the kernel's report, as with the vectors that a process has at birth. */
.macro	unexpected from, to
	.set	vector, \from
	.rept	\to - \from + 1
	.balign	128
	hvc	#HVC_VECTOR + vector
	.set	vector, vector + 1
	.endr
	.balign	128
.endm

	.balign	2048
FUNC(fault_vectors)
	unexpected 0, 3
	stp	x0, x1, [sp, #-160]!
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mrs	x0, esr_el1
	mrs	x1, far_el1
	adrp	x2, on_fault
	ldr	x2, [x2, :lo12:on_fault]
	blr	x2
	ldp	x18, x30, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp], #160
	eret
	unexpected 5, 15
END(fault_vectors)

/*
 * void stop_and_skip(u64 esr, u64 far): a handler that reads the counter with its first instruction but the barrier that
 * every reading has, to stopped_at. Then it goes on behind the instruction that faulted.
 */
FUNC(stop_and_skip)
	isb
	mrs	x2, pmccntr_el0
	adrp	x3, stopped_at
	str	x2, [x3, :lo12:stopped_at]
	mrs	x2, elr_el1
	add	x2, x2, #4
	msr	elr_el1, x2
	ret
END(stop_and_skip)

	.bss
	.balign	8
	.globl	on_fault, stopped_at
on_fault:	.skip	8		/* a function */
stopped_at:	.skip	8
