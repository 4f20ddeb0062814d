/*
 * The vectors of a program that takes interrupts: an IRQ calls irq_take(), on the stack that was interrupted or, from EL0, on EL1's;
 * everything else is reported by the kernel, as with the vectors at birth.
 */
#include <uapi/vectors.h>

#define SIZE (8 * 24)

	.section .text.irq_vectors, "ax"
	.balign	2048
	.globl	irq_vectors
irq_vectors:
	.set	vector, 0
	.rept	16
	.balign	128
	.if	vector == 5 || vector == 9
	b	irq_entry
	.else
	hvc	#HVC_VECTOR + vector
	.endif
	.set	vector, vector + 1
	.endr
	.balign	128

/*
 *	1. save what a C function may clobber
 *	2. and ELR_EL1 and SPSR_EL1: an interrupt of this handler writes them
 *	3. irq_take()
 *	4. all back, eret
 */
irq_entry:
	/* 1. */
	sub	sp, sp, #SIZE
	stp	x0, x1, [sp, #8 * 0]
	stp	x2, x3, [sp, #8 * 2]
	stp	x4, x5, [sp, #8 * 4]
	stp	x6, x7, [sp, #8 * 6]
	stp	x8, x9, [sp, #8 * 8]
	stp	x10, x11, [sp, #8 * 10]
	stp	x12, x13, [sp, #8 * 12]
	stp	x14, x15, [sp, #8 * 14]
	stp	x16, x17, [sp, #8 * 16]
	stp	x18, x29, [sp, #8 * 18]
	/* 2. */
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	stp	x30, x0, [sp, #8 * 20]
	str	x1, [sp, #8 * 22]
	/* 3. */
	bl	irq_take
	/* 4. */
	ldr	x1, [sp, #8 * 22]
	ldp	x30, x0, [sp, #8 * 20]
	msr	spsr_el1, x1
	msr	elr_el1, x0
	ldp	x18, x29, [sp, #8 * 18]
	ldp	x16, x17, [sp, #8 * 16]
	ldp	x14, x15, [sp, #8 * 14]
	ldp	x12, x13, [sp, #8 * 12]
	ldp	x10, x11, [sp, #8 * 10]
	ldp	x8, x9, [sp, #8 * 8]
	ldp	x6, x7, [sp, #8 * 6]
	ldp	x4, x5, [sp, #8 * 4]
	ldp	x2, x3, [sp, #8 * 2]
	ldp	x0, x1, [sp, #8 * 0]
	add	sp, sp, #SIZE
	eret
