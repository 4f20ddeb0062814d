/*
 * The vector page that every process has in VBAR_EL1 at birth (UVA_VECTORS): a fault that the
 * process does not handle becomes a report by `hvc`, whose number tells the vector. A page of its
 * own, filled up, since a process can read all of it.
 */
#include <hv8/asm.h>
#include <uapi/vectors.h>

	.section .rodata
	.balign	4096
	.globl	user_vectors
user_vectors:
	.set	vector, 0
	.rept	16
	.balign	128
	hvc	#HVC_VECTOR + vector
	.set	vector, vector + 1
	.endr
	.balign	4096, 0
