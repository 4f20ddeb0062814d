/*
 * Where the machine enters hv8, and everything that must happen before C can run.
 *
 * On entry (arm64 boot protocol, Linux Documentation/arm64/booting): x0 = physical address of the
 * device tree, EL2 (EL1 is tolerated for one clear message), MMU on or off, any 2 MiB-aligned load
 * address, or PA 0.
 *
 *   1. mask every exception
 *   2. find the exception level; at EL2 make the machine plain: MMU and caches off, HCR_EL2.E2H clear
 *   3. take the boot stack
 *   4. relocate: add the load address to every absolute pointer in the image
 *   5. zero .bss
 *   6. main(device tree, exception level, load address), which does not return
 */
#include <hv8/asm.h>
#include <hv8/sysreg.h>

	.section .head, "ax"
/*
 * The arm64 Image header. QEMU, U-Boot and EFI loaders pass the device tree in x0 only to an image
 * that carries it.
 */
	.globl	_start
_start:
	b	boot			/* code0 */
	.long	0			/* code1 */
	.quad	0			/* text_offset: no demand */
	.quad	_end - _start		/* image_size, with .bss and stacks */
	.quad	0xa			/* flags: little endian, 4 KiB granule, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0
	.balign	4096

	.text
/*
 * Runs on no stack. x19 = device tree, x20 = exception level, x21 = load address, from here to
 * main.
 */
FUNC(boot)
	/*
	 * 1. An interrupt or SError that the firmware left pending must not arrive before there are
	 * vectors.
	 */
	msr	daifset, #0xf
	mov	x19, x0
	adr_l	x21, _start

	/* 2. CurrentEL holds the level in bits 3:2 (Arm ARM C5.2). */
	mrs	x20, CurrentEL
	lsr	x20, x20, #2
	msr	spsel, #1
	cmp	x20, #2
	b.ne	1f
	bl	machine_plain
1:
	/* 3. */
	adr_l	x0, _stack_top
	mov	sp, x0

	/* 4. */
	mov	x0, x21
	adr_l	x1, _rela
	adr_l	x2, _erela
	bl	relocate

	/* 5. 16 bytes a step; the linker script aligns both ends. */
	adr_l	x0, _bss
	adr_l	x1, _ebss
2:	cmp	x0, x1
	b.hs	3f
	stp	xzr, xzr, [x0], #16
	b	2b
3:
	/* 6. A zero frame pointer and return address end every backtrace here. */
	mov	x0, x19
	mov	x1, x20
	mov	x2, x21
	mov	x29, xzr
	mov	x30, xzr
	b	main
END(boot)

/*
 * void machine_plain(void): EL2 as the rest of the kernel expects it, whatever firmware left
 * behind.
 * In: x19 = device tree. Clobbers x0-x7. Runs on no stack, at EL2, with the MMU on (then VA = PA,
 * as UEFI maps it) or off.
 *
 * With the D-cache on, what the loader wrote may exist only in the cache: clean image and device
 * tree to the point of coherency first, or the instructions and data that we fetch uncached
 * afterwards are old memory.
 */
FUNC(machine_plain)
	mov	x7, x30
	mrs	x0, sctlr_el2
	mov	x1, #(SCTLR_ELx_M | SCTLR_ELx_C)
	tst	x0, x1
	b.eq	1f
	adr_l	x0, _start
	adr_l	x1, _end
	bl	clean_to_memory
	cbz	x19, 1f
	ldr	w1, [x19, #4]		/* totalsize, big endian; main checks it properly later */
	rev	w1, w1
	mov	w2, #FDT_MAX_SIZE
	cmp	w1, w2
	csel	w1, w1, w2, ls
	mov	x0, x19
	add	x1, x19, x1
	bl	clean_to_memory
1:	mov	x30, x7
	ldr	x0, =SCTLR_EL2_RES1
	msr	sctlr_el2, x0
	isb				/* from here on accesses are physical */
	ldr	x0, =HCR_EL2_RW		/* E2H and TGE off: UEFI leaves TGE set, which makes eret to EL1 illegal */
	msr	hcr_el2, x0
	isb
	tlbi	alle2			/* no stale translation may wait for the day the MMU goes on again */
	ic	iallu
	dsb	nsh
	isb
	ret
END(machine_plain)

/*
 * void clean_to_memory(start x0, end x1): clean and invalidate the lines of [start, end). Clobbers
 * x0, x2, x3.
 */
FUNC(clean_to_memory)
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4		/* CTR_EL0.DminLine: log2 of the words in the smallest line */
	mov	x3, #4
	lsl	x2, x3, x2
	sub	x3, x2, #1
	bic	x0, x0, x3
1:	dc	civac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret
END(clean_to_memory)

/*
 * void relocate(u64 load_address x0, struct elf64_rela *first x1, *end x2): apply the image's
 * relocations. Clobbers x3-x6. Runs on no stack. The linker leaves only R_AARCH64_RELATIVE (1027)
 * entries in a static PIE:
 *
 *	offset 0	r_offset	where, as an offset into the image
 *	offset 8	r_info		type in the low 32 bits
 *	offset 16	r_addend	what the pointer would hold if the image were loaded at 0
 */
FUNC(relocate)
#if SOLUTION >= 1
1:	cmp	x1, x2
	b.hs	2f
	ldp	x3, x4, [x1]
	ldr	x5, [x1, #16]
	add	x1, x1, #24
	cmp	w4, #R_AARCH64_RELATIVE
	b.ne	1b
	add	x5, x5, x0
	str	x5, [x0, x3]
	b	1b
2:	ret
#else
	/*
	 * LAB 1: for each 24-byte entry in [x1, x2) whose type is R_AARCH64_RELATIVE, store
	 * load_address + r_addend at address load_address + r_offset. Until this works every
	 * pointer in initialised data is wrong by the load address, so the first table of strings
	 * or functions sends the kernel astray.
	 * Read: ELF for the Arm 64-bit Architecture (IHI 0056), section 5.7
	 * "Relocation", under "Dynamic relocations".
	 */
	todo_asm relocate
#endif
END(relocate)
