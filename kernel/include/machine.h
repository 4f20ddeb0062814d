/*
 * The seam: the only way from kernel C to the hardware. On AArch64 each function is an instruction
 * or two; host builds put grading/model/machine.h first in the include path and run the same C
 * files over a model machine.
 *
 * Barriers are part of the operation where the architecture requires them for the operation to mean
 * anything; orderings that depend on the caller's intent (dsb, isb) are separate, so that the
 * reader sees them.
 */
#pragma once

#include <hv8/types.h>

/** Read system register @p reg, by the name that the assembler knows ("hcr_el2", "CurrentEL",
 * "s3_4_c1_c2_2"). */
#define read_sysreg(reg)                                          \
	({                                                        \
		u64 value_;                                       \
		__asm__ volatile("mrs %0, " #reg : "=r"(value_)); \
		value_;                                           \
	})

/** Write the whole of system register @p reg. Takes effect for certain only after isb(). */
#define write_sysreg(reg, value)                                                 \
	do {                                                                     \
		u64 write_ = (value);                                            \
		__asm__ volatile("msr " #reg ", %0" : : "r"(write_) : "memory"); \
	} while (0)

/** Context synchronisation: later instructions see every system-register write before it (Arm ARM
 * B2.6.1). */
static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

/** Wait until earlier accesses and TLB maintenance are complete, for all inner shareable CPUs (Arm
 * ARM B2.6.4). */
static inline void dsb_ish(void)
{
	__asm__ volatile("dsb ish" : : : "memory");
}

#if LAB >= 5
/** Wait until earlier accesses are complete for everybody, devices too. */
static inline void dsb_sy(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}
#endif

/** Forget every EL2 translation on this CPU (Arm ARM D8.14). */
static inline void tlbi_alle2(void)
{
	__asm__ volatile("tlbi alle2\n\tdsb nsh\n\tisb" : : : "memory");
}

/** Forget every EL1&0 translation of the current VMID, on all CPUs, whatever its ASID. */
static inline void tlbi_vmalle1is(void)
{
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
}

/**
 * Forget what the TLBs of all CPUs hold of address @p uva in address space @p asid, table entries that lead
 * there included (Arm ARM D8.14.5, TLBI VAE1IS). Earlier pte_store()s are seen by later walks.
 */
static inline void tlb_flush_page(asid_t asid, uva_t uva)
{
	u64 operand = (u64)asid << 48 | (uva >> PAGE_SHIFT & 0xfffffffffff);

	__asm__ volatile("dsb ishst\n\ttlbi vae1is, %0\n\tdsb ish\n\tisb"
	                 :
	                 : "r"(operand)
	                 : "memory");
}

/** Forget everything of address space @p asid, on all CPUs (TLBI ASIDE1IS). */
static inline void tlb_flush_asid(asid_t asid)
{
	u64 operand = (u64)asid << 48;

	__asm__ volatile("dsb ishst\n\ttlbi aside1is, %0\n\tdsb ish\n\tisb"
	                 :
	                 : "r"(operand)
	                 : "memory");
}

/** Later table walks see the pte_store()s before this. Enough where an invalid entry became valid: such an entry is in
 * no TLB. */
static inline void pte_publish(void)
{
	__asm__ volatile("dsb ishst" : : : "memory");
}

/** Store @p value as the translation table entry at @p entry: one 64-bit single-copy atomic write, which a table walker sees
 * whole. */
static inline void pte_store(pte_t *entry, pte_t value)
{
	*(volatile pte_t *)entry = value;
}

/** The memory at physical address @p pa, as the kernel reaches it. */
static inline void *pa_pointer(pa_t pa)
{
	return (void *)pa;
}

/** The physical address of the kernel object at @p pointer. */
static inline pa_t pointer_pa(const void *pointer)
{
	return (pa_t)pointer;
}

/** Read the 32-bit device register at @p pa; volatile, naturally aligned, never merged or split. */
static inline u32 mmio_read32(pa_t pa)
{
	return *(volatile u32 *)pa;
}

/** Write @p value to the device register at @p pa, likewise. */
static inline void mmio_write32(pa_t pa, u32 value)
{
	*(volatile u32 *)pa = value;
}

/** Throw away cached copies of [@p start, @p end), both multiples of 64: memory was written with
 * the cache off. */
static inline void dcache_invalidate(pa_t start, pa_t end)
{
	u64 line = 4UL << ((read_sysreg(ctr_el0) >> 16) & 0xf);

	for (; start < end; start += line)
		__asm__ volatile("dc ivac, %0" : : "r"(start) : "memory");
	dsb_ish();
}

/**
 * Write cached copies of [@p start, @p end), whole pages, back to memory. A process may invalidate the lines of its
 * own pages (DC IVAC), and must not uncover what stood there before. Two lines a turn: each has at most 2 KiB.
 */
static inline void dcache_clean(pa_t start, pa_t end)
{
	u64 line = 4UL << ((read_sysreg(ctr_el0) >> 16) & 0xf);

	for (; start < end; start += 2 * line)
		__asm__ volatile("dc cvac, %0\n\tdc cvac, %1"
		                 :
		                 : "r"(start), "r"(start + line)
		                 : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
}

/** Fill the page at @p pa with zeros, and clean it as dcache_clean() does (DC ZVA: Arm ARM C5.3.8; a block has at most
 * 2 KiB). */
static inline void page_zero(pa_t pa)
{
	u64 block = 4UL << (read_sysreg(dczid_el0) & 0xf), at;

	for (at = pa; at < pa + PAGE_SIZE; at += 2 * block)
		__asm__ volatile("dc zva, %0\n\tdc zva, %1"
		                 :
		                 : "r"(at), "r"(at + block)
		                 : "memory");
	dcache_clean(pa, pa + PAGE_SIZE);
}

/** Copy the page at @p from to @p to. */
static inline void page_copy(pa_t to, pa_t from)
{
	u64 a, b, c, d, end = from + PAGE_SIZE;

	__asm__ volatile("1:	ldp %0, %1, [%5]\n"
	                 "	ldp %2, %3, [%5, #16]\n"
	                 "	add %5, %5, #32\n"
	                 "	stp %0, %1, [%4]\n"
	                 "	stp %2, %3, [%4, #16]\n"
	                 "	add %4, %4, #32\n"
	                 "	cmp %5, %6\n"
	                 "	b.ne 1b"
	                 : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "+&r"(to), "+&r"(from)
	                 : "r"(end)
	                 : "cc", "memory");
}

/** Make instructions written to [@p start, @p end) visible to instruction fetch on every CPU (Arm
 * ARM B2.4.4). */
static inline void icache_sync(pa_t start, pa_t end)
{
	u64 line = 4UL << ((read_sysreg(ctr_el0) >> 16) & 0xf);

	for (start = ROUND_DOWN(start, line); start < end; start += line)
		__asm__ volatile("dc cvau, %0" : : "r"(start) : "memory");
	__asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

/** Sleep until an interrupt is pending. */
static inline void wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

/** Call @p function of the firmware with @p a1, @p a2, @p a3 by SMC, or HVC if @p by_hvc, where the
 * firmware lives at EL2 (SMCCC, ARM DEN 0028, 2.7). x4-x17 may change. */
static inline u64 firmware_call(bool by_hvc, u64 function, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 __asm__("x0") = function;
	register u64 x1 __asm__("x1") = a1;
	register u64 x2 __asm__("x2") = a2;
	register u64 x3 __asm__("x3") = a3;

#define CLOBBERS                                                                             \
	"x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", \
		"x17", "memory"
	if (by_hvc)
		__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : CLOBBERS);
	else
		__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : CLOBBERS);
#undef CLOBBERS
	return x0;
}
