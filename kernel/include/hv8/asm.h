/*
 * Assembly helpers, used by every .S file: function brackets for the symbol table, PC-relative
 * addresses, and the mark of a lab hole. Nothing here is seen by C.
 */
#pragma once
/* clang-format off */

#ifdef __ASSEMBLER__

#define FUNC(name) \
	.globl name; \
	.type name, % function; \
	.balign 4; \
	name:
#define END(name) .size name, .- name

#define R_AARCH64_RELATIVE 1027
#define FDT_MAX_SIZE 0x200000

/* Address of @p symbol within 4 GiB of here, wherever the image runs. */
.macro adr_l reg, symbol
	adrp	\reg, \symbol
	add	\reg, \reg, :lo12:\symbol
.endm

/* An unfilled hole in assembly: reports its name and powers off. Takes the stack afresh, so any state will do.
 * THIS_FILE comes from the Makefile. */
.macro todo_asm name
	adr_l	x0, _stack_top
	mov	sp, x0
	adr_l	x0, .Ltodo_\name
	adr_l	x1, .Lfile_\name
	mov	w2, wzr
	bl	todo
	.pushsection .rodata
.Ltodo_\name: .asciz "\name"
.Lfile_\name: .asciz THIS_FILE
	.popsection
.endm

#endif
