/*
 * Where a program begins. x0 = address of the boot arguments, a string. main's result ends the
 * process.
 */
	.section .text.start, "ax"
	.globl	_start
_start:
	mov	x29, xzr
	mov	x30, xzr
	bl	main
	sxtw	x0, w0
	bl	finish
