/*
 * The FP and SIMD registers, to and from a struct fp_state. The rest of the kernel never touches
 * them.
 */
#include <hv8/asm.h>

	.arch_extension fp
	.arch_extension simd

.macro all_q op
	.irp	n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	q_pair	\op, \n
	.endr
.endm
.altmacro
.macro q_pair op, n
	q_pair_	\op, \n, %(\n + 1)
.endm
.macro q_pair_ op, n, m
	\op	q\n, q\m, [x0, #16 * \n]
.endm

	.text
/* void fp_save(struct fp_state *to x0). Clobbers x1, x2. */
FUNC(fp_save)
	all_q	stp
	mrs	x1, fpsr
	mrs	x2, fpcr
	add	x0, x0, #512
	stp	x1, x2, [x0]
	ret
END(fp_save)

/* void fp_load(const struct fp_state *from x0). Clobbers x1, x2. */
FUNC(fp_load)
	all_q	ldp
	add	x0, x0, #512
	ldp	x1, x2, [x0]
	msr	fpsr, x1
	msr	fpcr, x2
	ret
END(fp_load)
