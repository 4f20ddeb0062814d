/*
 * The EL2 exception vectors (Arm ARM D1.3.1.5): sixteen entries of 128 bytes, four kinds from each
 * of four origins.
 *
 *	0x000	EL2 with SP_EL0		0x400	lower level, AArch64
 *	0x200	EL2 with SP_EL2		0x600	lower level, AArch32
 *
 * An exception from EL2 itself is a kernel bug, perhaps a stack overflow: fatal_entry trusts
 * nothing, takes the panic stack and reports. Exceptions from a process are el1.S's business.
 */
#include <hv8/asm.h>
#include <offsets.h>

/* A vector that ends in a panic; names itself for the report. */
.macro fatal name
	.balign	128
	msr	sp_el0, x0		/* three scratch registers that a dead kernel no longer needs */
	msr	tpidr_el2, x1
	msr	tpidr_el1, x2
	adr	x1, 1f
	b	fatal_entry
1:	.asciz	"\name"
.endm

	.section .vectors, "ax"
	.balign	2048
	.globl	vectors
	.type	vectors, %function
vectors:
	fatal	"synchronous exception on SP_EL0"
	fatal	"IRQ on SP_EL0"
	fatal	"FIQ on SP_EL0"
	fatal	"SError on SP_EL0"

	fatal	"synchronous exception"
	fatal	"IRQ"
	fatal	"FIQ"
	fatal	"SError"

#if LAB >= 3
	.balign	128
	b	el1_sync
	.balign	128
	b	el1_irq
	.balign	128
	b	el1_irq
	.balign	128
	b	el1_serror

	.balign	128
	b	el1_sync
	.balign	128
	b	el1_irq
	.balign	128
	b	el1_irq
	.balign	128
	b	el1_serror
#else
	fatal	"synchronous exception from EL1"
	fatal	"IRQ from EL1"
	fatal	"FIQ from EL1"
	fatal	"SError from EL1"

	fatal	"synchronous exception from AArch32"
	fatal	"IRQ from AArch32"
	fatal	"FIQ from AArch32"
	fatal	"SError from AArch32"
#endif
	.balign	128
END(vectors)

	.text
/*
 * Save the registers of the dead kernel as a struct trap_frame on the panic stack and report.
 * In: x1 = name of the vector; the interrupted x0, x1, x2 in SP_EL0, TPIDR_EL2, TPIDR_EL1. Does not
 * return.
 *
 *	1. take the panic stack: the old one may be what overflowed
 *	2. x0-x2 come back from the scratch registers, the others are still in place
 *	3. panic_exception(frame, name)
 */
FUNC(fatal_entry)
	/* 1. */
	mov	x2, sp
	adr_l	x0, _panic_stack_top - FRAME_SIZE
	mov	sp, x0
	str	x2, [sp, #FRAME_SP]
	/* 2. */
	mrs	x0, sp_el0
	mrs	x2, tpidr_el2
	stp	x0, x2, [sp, #FRAME_X + 8 * 0]
	mrs	x2, tpidr_el1
	stp	x2, x3, [sp, #FRAME_X + 8 * 2]
	stp	x4, x5, [sp, #FRAME_X + 8 * 4]
	stp	x6, x7, [sp, #FRAME_X + 8 * 6]
	stp	x8, x9, [sp, #FRAME_X + 8 * 8]
	stp	x10, x11, [sp, #FRAME_X + 8 * 10]
	stp	x12, x13, [sp, #FRAME_X + 8 * 12]
	stp	x14, x15, [sp, #FRAME_X + 8 * 14]
	stp	x16, x17, [sp, #FRAME_X + 8 * 16]
	stp	x18, x19, [sp, #FRAME_X + 8 * 18]
	stp	x20, x21, [sp, #FRAME_X + 8 * 20]
	stp	x22, x23, [sp, #FRAME_X + 8 * 22]
	stp	x24, x25, [sp, #FRAME_X + 8 * 24]
	stp	x26, x27, [sp, #FRAME_X + 8 * 26]
	stp	x28, x29, [sp, #FRAME_X + 8 * 28]
	str	x30, [sp, #FRAME_X + 8 * 30]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [sp, #FRAME_ELR]
	/* 3. */
	mov	x0, sp
	mov	x29, xzr
	bl	panic_exception
END(fatal_entry)
