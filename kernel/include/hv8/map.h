/*
 * EL2's own address space: VA = PA, 4 KiB granule, 48 bits, 4 levels (Arm ARM D8.2). Built once at
 * boot by map_kernel(), from the linker's symbols and the device tree; never changed after the MMU
 * is on.
 */
#pragma once

#include <hv8/types.h>

/** How the kernel may use a range. There is no "write and execute". */
enum map_kind {
	MAP_TEXT,   /* read, execute; normal memory */
	MAP_RODATA, /* read */
	MAP_DATA,   /* read, write */
	MAP_DEVICE, /* read, write; Device-nGnRE: no gathering, no reordering, early write
	               acknowledgement */
};

/**
 * The descriptor of a leaf that maps @p pa at @p level.
 *
 * @param pa     aligned to the size that the level maps
 * @param level  2 (a 2 MiB block) or 3 (a 4 KiB page)
 * @param kind   what the kernel may do there
 */
pte_t map_leaf(pa_t pa, int level, enum map_kind kind);

/**
 * Map [@p start, @p end) at its own address for use as @p kind, with 2 MiB blocks where a whole aligned one fits and
 * pages elsewhere.
 *
 * @return 0, -EINVAL (not page-aligned, empty, or beyond 48 bits), -EBUSY (something is mapped
 * there), -ENOMEM (no table left); a refused range may be mapped in part: the caller panics
 */
int map_range(pa_t start, pa_t end, enum map_kind kind);

/**
 * The leaf that translates @p address.
 *
 * @param level  receives the level at which the walk ended
 * @return the leaf, or 0 if the address is not mapped
 */
pte_t map_lookup(u64 address, int *level);

/** Build the kernel's whole map. Panics if it cannot: there is no running without it. */
void map_kernel(void);

/** The region that contains @p address, in words. */
const char *map_region(u64 address);

/** Print which region @p address is in and how it is mapped; @p name says whose value it is
 * ("FAR_EL2"). */
void print_address(const char *name, u64 address);

/** How many table pages are in use. */
int map_table_count(void);

/** The root (level 0) table, for TTBR0_EL2. */
pa_t map_root(void);

/** The value of TCR_EL2: 48 bits of VA, 4 KiB granule, cacheable inner-shareable walks, PA size of
 * this CPU. */
u64 map_tcr(void);

/** Switch MMU and caches on: MAIR_EL2, TCR_EL2, TTBR0_EL2, then SCTLR_EL2 = M, C, I, WXN, SA. */
void mmu_enable(void);

/** Throw away cached copies of what was written while the cache was off. */
void image_invalidate(void);
