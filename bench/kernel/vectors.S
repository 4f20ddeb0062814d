/*
 * Two vector tables, each with one entry in use, the one at 0x400 for synchronous exceptions of a lower level. And the
 * way down to a lower level and back, through that entry.
 */
#include <hv8/asm.h>
#include <hv8/sysreg.h>

#define LOWER_SYNC 0x400

	.text
/* The least that can take an exception. */
	.balign	2048
FUNC(bare_vectors)
	.org	bare_vectors + LOWER_SYNC
	eret
	.org	bare_vectors + 2048
END(bare_vectors)

/* A handler that a function in C could be called from: saves and restores x0-x18 and x30. With x8 != 0 it goes there. */
	.balign	2048
FUNC(saving_vectors)
	.org	saving_vectors + LOWER_SYNC
	cbnz	x8, 1f
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
1:	br	x8
	.org	saving_vectors + 2048
END(saving_vectors)

/*
 * Call a function at the level below: eret to it, and come back by the exception that `call` makes. In: x0 = function,
 * x1 = its stack pointer. At this level the handler is saving_vectors. Clobbers what a C function may.
 */
.macro	run_below name, el, stack, spsr, call
FUNC(\name)
	stp	x29, x30, [sp, #-16]!
	msr	elr_\el, x0
	msr	\stack, x1
	mov	x9, #\spsr
	msr	spsr_\el, x9
	adr	x30, 1f
	eret
1:	adr	x8, 2f				/* the level below; callee-saved registers are as the caller left them */
	\call	#0
2:	ldp	x29, x30, [sp], #16
	ret
END(\name)
.endm

	run_below run_at_el1, el2, sp_el1, (SPSR_DAIF | SPSR_EL1H), hvc
	run_below run_at_el0, el1, sp_el0, SPSR_DAIF, svc
