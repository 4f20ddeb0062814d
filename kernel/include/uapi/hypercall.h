/* Hypercall numbers, and the limits and addresses that kernel and processes agree on. */
#pragma once

#define HYPERCALL(number, name, ...) HC_##name = number,
enum hypercall_number {
#include <uapi/hypercall.def>
	NHYPERCALL
};
#undef HYPERCALL

#define CONSOLE_WRITE_MAX 256 /* bytes a console_write */

/* Where things are in a process at birth. Everything else is not mapped. */
#define UVA_VECTORS \
	0x10000UL /* the kernel's vector page: reports a fault that the process does not handle */
#define UVA_PROGRAM 0x400000UL   /* ELF segments lie in [UVA_PROGRAM, UVA_STACK) */
#define UVA_STACK   0x7fff0000UL /* the stack's lowest page */
#define UVA_STACK_TOP \
	0x80000000UL /* sp at entry is here or a little below: the boot arguments are on the stack \
	              */
