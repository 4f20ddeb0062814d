/*
 * A process's address space: TTBR0_EL1 tables, 4 KiB granule, 48 bits, 4 levels, one page of
 * process memory each. TTBR1_EL1 is off.
 */
#pragma once

#include <hv8/types.h>

/** What a process may do with a page; EL0 only with VM_EL0. There is no "write and execute". */
enum vm_perm { VM_R = 1, VM_RW = 2, VM_RX = 3, VM_EL0 = 4 };

/** The descriptor of a level 3 page for EL1&0 at @p pa with permission @p perm (an enum vm_perm,
 * perhaps with VM_EL0). */
pte_t vm_leaf(pa_t pa, int perm);

/**
 * Map the page at @p pa into process @p pid, whose root table is page @p root. Missing tables are
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
