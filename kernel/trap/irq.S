/*
 * A physical interrupt, taken from a process, whether that masks its own or not. The common case, nothing of which
 * another process runs, is as short as a hypercall.
 */
#include <hv8/asm.h>
#include <hv8/save.S>
#include <offsets.h>

	.text
/*
 * In: SP = current->frame. Registers are saved and restored as by hypercall_entry (el1.S), but x0 too comes back
 * as it was.
 *
 *	1. save what C may clobber, and x19 and x30
 *	2. take the kernel stack; x19 remembers the frame
 *	3. irq_handle()
 *	4. another process is current now: finish the save, switch
 *	5. restore, eret
 */
FUNC(el1_irq)
	/* 1. */
	stp	x9, x10, [sp, #FRAME_X + 8 * 9]
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
	bl	irq_handle
	/* 4. */
	adrp	x9, current
	ldr	x9, [x9, :lo12:current]
	cmp	x9, x19
	b.ne	1f
	/* 5. */
	mov	sp, x19
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
	ldr	x30, [sp, #FRAME_X + 8 * 30]
	eret
1:	save_rest x19, x9, x10
	mov	x0, x19
	mov	x29, xzr
	bl	proc_switch
	b	el1_return
END(el1_irq)
