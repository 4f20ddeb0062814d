/*
 * The kernel's image as its linker script lays it out, without content: the symbols that C takes
 * addresses of. Behind it what the Makefile generates, a symbol table of two functions (see
 * backtrace.c), and an empty list of in-kernel tests.
 */
#include "image.h"

	.macro	image_symbol name, offset
	.globl	\name
	.set	\name, model_image + \offset
	.endm

	.bss
	.balign	4096
	.globl	model_image
model_image:
	.skip	MODEL_END

	image_symbol model_start, 0
	image_symbol _text, MODEL_TEXT
	image_symbol vectors, MODEL_TEXT
	image_symbol user_vectors, MODEL_USER_VECTORS
	image_symbol model_etext, MODEL_ETEXT
	image_symbol _rodata, MODEL_RODATA
	image_symbol _erodata, MODEL_ERODATA
	image_symbol _data, MODEL_DATA
	image_symbol model_edata, MODEL_EDATA
	image_symbol _guard, MODEL_GUARD
	image_symbol _stack, MODEL_STACK
	image_symbol _stack_top, MODEL_STACK_TOP
	image_symbol _panic_guard, MODEL_PANIC_GUARD
	image_symbol _panic_stack, MODEL_PANIC_STACK
	image_symbol _panic_stack_top, MODEL_PANIC_STACK_TOP
	image_symbol model_end, MODEL_END

	.section .rodata
	.balign	8
	.globl	_symbols, symbol_count, _ktests, _ektests
symbol_count:
	.long	2
_symbols:
	.long	MODEL_TEXT, 0
	.long	MODEL_TEXT + 0x1000, 6
	.asciz	"first"
	.asciz	"second"
	.balign	8
_ktests:
_ektests:

	.section .note.GNU-stack, "", %progbits
