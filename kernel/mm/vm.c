/*
 * EL1 translation tables. Only the kernel writes them; a process owns its table pages but never has
 * them mapped. Every leaf has nG (it belongs to one address space), AF, and no permission to write
 * and execute at once, at EL1 or EL0.
 */
#include <hv8/console.h>
#include <hv8/page.h>
#include <hv8/sysreg.h>
#include <hv8/vm.h>
#include <machine.h>
#include <uapi/errno.h>

u32 vm_index(uva_t uva, int level)
{
	return (uva >> (PAGE_SHIFT + 9 * (3 - level))) & 511;
}

pte_t vm_leaf(pa_t pa, int perm)
{
#if SOLUTION >= 3
	pte_t leaf =
		pa | PTE_VALID | PTE_TABLE | PTE_AF | PTE_NG | PTE_SH_INNER | PTE_ATTR(MAIR_NORMAL);
	int kind = perm & ~VM_EL0;

	if (perm & VM_EL0)
		leaf |= PTE_AP1;
	if (kind != VM_RW)
		leaf |= PTE_AP2_RO;
	if (kind != VM_RX)
		leaf |= PTE_PXN;
	if (kind != VM_RX || !(perm & VM_EL0))
		leaf |= PTE_XN; /* UXN: EL0 may not execute */
	return leaf;
#else
	/*
	 * LAB 3: a level 3 page descriptor for the EL1&0 regime: valid, page, accessed, not global,
	 * inner shareable, normal memory. AP[1] lets EL0 in (VM_EL0), AP[2] makes it read-only
	 * (VM_R, VM_RX). There are two execute-never bits now, PXN for EL1 and UXN (PTE_XN) for
	 * EL0: VM_RX clears PXN, and UXN only together with VM_EL0.
	 * Read: Arm ARM D8.4.1. Checked from outside, and by a process that tries to write its own
	 * code.
	 */
	todo("vm_leaf");
#endif
}

#if LAB >= 5
pte_t vm_device_leaf(pa_t pa)
{
	return pa | PTE_VALID | PTE_TABLE | PTE_AF | PTE_NG | PTE_ATTR(MAIR_DEVICE) | PTE_PXN |
	       PTE_XN;
}
#endif

/* The table of level @p level + 1 below page @p table for @p uva; taken from free pages if there is none. */
static int vm_next_table(pid_t pid, pn_t table, int level, uva_t uva)
{
	pte_t *entry = (pte_t *)pa_pointer(page_pa(table)) + vm_index(uva, level);
	int next;

	if (*entry & PTE_VALID)
		return page_at(*entry & PTE_ADDRESS);
	next = page_take(pid, PAGE_L1 + level, ROUND_DOWN(uva, PAGE_SIZE << 9 * (3 - level)));
	if (next >= 0) {
		pte_store(entry, page_pa((pn_t)next) | PTE_TABLE | PTE_VALID);
		pages[table].used++;
	}
	return next;
}

int vm_map(pid_t pid, pn_t root, uva_t uva, pa_t pa, int perm)
{
	int table = (int)root, level;
	pte_t *entry;

	if (uva % PAGE_SIZE || uva >> 48)
		return -EINVAL;
	for (level = 0; level < 3; level++) {
		table = vm_next_table(pid, (pn_t)table, level, uva);
		if (table < 0)
			return table;
	}
	entry = (pte_t *)pa_pointer(page_pa((pn_t)table)) + vm_index(uva, 3);
	if (*entry & PTE_VALID)
		return -EBUSY;
	pte_store(entry, vm_leaf(pa, perm));
	pages[table].used++;
	if (page_at(pa) >= 0)
		pages[page_at(pa)].perm = (u16)perm;
	return 0;
}

pte_t vm_lookup(pn_t root, uva_t uva)
{
	pte_t entry = 0;
	int table = (int)root, level;

	if (uva >> 48)
		return 0;
	for (level = 0; level <= 3; level++) {
		entry = ((pte_t *)pa_pointer(page_pa((pn_t)table)))[vm_index(uva, level)];
		if (!(entry & PTE_VALID))
			return 0;
		table = page_at(entry & PTE_ADDRESS);
	}
	return entry;
}

u64 vm_tcr(void)
{
	u64 features = read_sysreg(id_aa64mmfr0_el1);

	return (ID_FIELD(features, ID_AA64MMFR0_ASIDBITS) ? TCR_EL1_AS : 0) | TCR_T0SZ(48) |
	       TCR_TG0_4K | TCR_IRGN0_WBWA | TCR_ORGN0_WBWA | TCR_SH0_INNER | TCR_EL1_T1SZ(48) |
	       TCR_EL1_EPD1 | TCR_EL1_TG1_4K | /* the upper half faults without a walk */
	       TCR_EL1_IPS(ID_FIELD(features, ID_AA64MMFR0_PARANGE));
}
