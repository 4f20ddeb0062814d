/*
 * Switching the EL2 MMU on. Assembly, so that no stack access comes between step 3 and the last
 * isb. Before and behind that the stack may be used: VA = PA, and step 1 drops old lines of it.
 */
#include <hv8/asm.h>
#include <hv8/sysreg.h>

	.text
/*
 * void mmu_enable(void): use the tables of map.c. Keeps the stack and every callee-saved register;
 * VA = PA, so the next instruction is where it was. Clobbers what a C function may.
 *
 *	1. throw away cached lines of the image: its memory was written with the cache off
 *	2. MAIR_EL2, TCR_EL2, TTBR0_EL2: what the walker needs, complete before it may start
 *	3. no translation from before may survive
 *	4. SCTLR_EL2, whole
 */
FUNC(mmu_enable)
#if SOLUTION >= 2
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	/* 1. */
	bl	image_invalidate
	/* 2. */
	bl	map_tcr
	str	x0, [sp, #16]
	bl	map_root
	ldr	x1, =MAIR_VALUE
	msr	mair_el2, x1
	ldr	x2, [sp, #16]
	msr	tcr_el2, x2
	msr	ttbr0_el2, x0
	/* 3. */
	dsb	ish			/* the tables are written */
	isb				/* and the registers too */
	tlbi	alle2
	dsb	nsh
	isb
	/* 4. WXN: should a mapping ever be writable and executable, it is not executable. */
	ldr	x1, =(SCTLR_EL2_RES1 | SCTLR_ELx_M | SCTLR_ELx_C | SCTLR_ELx_SA | SCTLR_ELx_I | SCTLR_ELx_WXN)
	msr	sctlr_el2, x1
	isb				/* without it the next fetch may still be untranslated */
	ldp	x29, x30, [sp], #32
	ret
#else
	/*
	 * LAB 2: the four steps above. image_invalidate(), map_tcr() and map_root() are C
	 * functions; MAIR_VALUE, the SCTLR bits and SCTLR_EL2_RES1 are in hv8/sysreg.h ("ldr x1,
	 * =EXPRESSION" loads any constant). Write each register whole. Mind the barriers: dsb
	 * before the TLBI, dsb and isb after it, isb after SCTLR_EL2.
	 * Read: Arm ARM D8.1 "The system registers relevant to MMU operation" and D19.2.125 SCTLR_EL2. Checked from outside,
	 * field by field.
	 */
	todo_asm mmu_enable
#endif
END(mmu_enable)
