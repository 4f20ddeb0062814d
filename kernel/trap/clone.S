/*
 * The clone hypercall copies all registers of its caller, also those that hypercall_entry leaves where they are.
 */
#include <hv8/asm.h>
#include <hv8/save.S>
#include <offsets.h>

	.text
/*
 * i64 hypercall_clone(u64 pid, u64 root): in the hypercall table. In: as any handler; x20-x29, ELR_EL2 and SPSR_EL2
 * are still the caller's. Clobbers what a C function may.
 *
 *	1. complete current->frame
 *	2. go on with the handler in C, which returns to hypercall_entry
 */
FUNC(hypercall_clone)
	/* 1. */
	adrp	x9, current
	ldr	x9, [x9, :lo12:current]
	save_rest x9, x10, x11
	/* 2. */
	b	clone_saved
END(hypercall_clone)
