/*
 * A process's address space: TTBR0_EL1 tables, 4 KiB granule, 48 bits, 4 levels, one page of
 * process memory each. TTBR1_EL1 is off.
 */
#pragma once

#include <hv8/types.h>
#include <uapi/hypercall.h>

/** The descriptor of a level 3 page for EL1&0 at @p pa with permission @p perm (an enum vm_perm,
 * perhaps with VM_EL0). */
pte_t vm_leaf(pa_t pa, int perm);

#if LAB >= 5
/** The same for a page of device registers at @p pa: Device-nGnRE, EL1 reads and writes, EL0 has no access. */
pte_t vm_device_leaf(pa_t pa);
#endif

/**
 * Map the page at @p pa with @p perm into process @p pid, whose root table is page @p root. Missing tables are
 * taken from free pages.
 *
 * @param uva   page-aligned, below 1 << 48, not mapped yet
 * @return 0, or -EINVAL (@p uva), -EBUSY (something is mapped there), -ENOMEM (no page left for a
 * table)
 */
int vm_map(pid_t pid, pn_t root, uva_t uva, pa_t pa, int perm);

/** The level 3 entry that maps @p uva in the tables at page @p root, or 0. */
pte_t vm_lookup(pn_t root, uva_t uva);

/** TCR_EL1 for every process: 48 bits for TTBR0, none for TTBR1. */
u64 vm_tcr(void);

/** Which entry of a table of @p level (0..3) translates @p uva: 0..511. */
u32 vm_index(uva_t uva, int level);

#if LAB >= 4
/** Map the kernel's tables of pages, processes and files read-only into process @p pid with root table @p root, where a
 * program finds them at birth; errors as vm_map(). */
int vm_map_tables(pid_t pid, pn_t root);

/**
 * Which table of @p level translates @p uva in the tables that begin at page @p root.
 *
 * @param level  0 (that is the root itself) to 3
 * @return its page, or -1 if there is none, or @p uva is beyond 48 bits
 */
int vm_walk(pn_t root, uva_t uva, int level);
#endif
