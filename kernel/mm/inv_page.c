/*
 * What is true of pages and address spaces before and after every hypercall. Checked kernels and host tests
 * evaluate it. A zombie's tables are exempt: nobody walks them, and its pages are taken one by one.
 */
#include <hv8/asid.h>
#include <hv8/inv.h>
#include <hv8/page.h>
#include <hv8/proc.h>
#include <hv8/sysreg.h>
#include <hv8/vm.h>
#include <machine.h>
#if LAB >= 5
#include <hv8/irq.h>
#endif

static const pte_t *entries(pn_t table)
{
	return pa_pointer(page_pa(table));
}

static bool alive(u32 pid)
{
	return pid < NPROC && procs[pid].state != PROC_FREE && procs[pid].state != PROC_ZOMBIE;
}

bool inv_page_owner(u32 pn)
{
	const struct page *page = &pages[pn];

	if (page->type == PAGE_FREE)
		return page->owner == 0 && page->used == 0 && page->perm == 0 && page->va == 0;
	return page->type <= PAGE_L3 && page->owner != 0 && page->owner < NPROC &&
	       procs[page->owner].state != PROC_FREE;
}

/* The entry that leads to page @p pn is where pages[pn].va says. */
bool inv_page_entered(u32 pn)
{
	const struct page *page = &pages[pn];
	const int level =
		page->type == PAGE_FRAME ? 4 : page->type - PAGE_L0; /* a frame: below level 3 */
	pte_t entry;
	pn_t root;
	int parent;

	if (page->type == PAGE_FREE || !alive(page->owner))
		return true;
	root = procs[page->owner].root;
	if (level == 0)
		return pn == root && page->va == 0;
	parent = vm_walk(root, page->va, level - 1);
	if (parent < 0)
		return false;
	entry = entries((pn_t)parent)[vm_index(page->va, level - 1)];
	return entry & PTE_VALID && (entry & PTE_ADDRESS) == page_pa(pn);
}

/* A level 3 entry: a frame of the same owner with the right it should have, or the kernel's tables, read-only. */
static bool leaf_holds(u32 pn, uva_t uva, pte_t leaf)
{
	const pa_t pa = leaf & PTE_ADDRESS;
	const int to = page_at(pa);

#if LAB >= 5
	if (gic.version == 2 && pa == gic.vcpu)
		return leaf == vm_device_leaf(pa) && contexts[pages[pn].owner].uses & USES_GIC;
#endif
	if (to < 0)
		return leaf == vm_leaf(pa, VM_R | VM_EL0) || leaf == vm_leaf(pa, VM_RX);
	return pages[to].type == PAGE_FRAME && pages[to].owner == pages[pn].owner &&
	       pages[to].va == uva && leaf == vm_leaf(pa, pages[to].perm);
}

bool inv_table(u32 pn)
{
	const struct page *page = &pages[pn];
	const int level = page->type - PAGE_L0;
	const pte_t *table = entries(pn);
	u32 index, used = 0;

	if (page->type < PAGE_L0 || !alive(page->owner))
		return page->type != PAGE_FRAME || page->used == 0;
	for (index = 0; index < 512; index++) {
		const pte_t value = table[index];
		const uva_t uva = page->va + ((u64)index << (PAGE_SHIFT + 9 * (3 - level)));
		int to;

		if (value == 0)
			continue;
		used++;
		if (!(value & PTE_VALID))
			return false;
		if (level == 3) {
			if (!leaf_holds(pn, uva, value))
				return false;
			continue;
		}
		to = page_at(value & PTE_ADDRESS);
		if (to < 0 || pages[to].type != page->type + 1 || pages[to].owner != page->owner ||
		    pages[to].va != uva || (value & ~PTE_ADDRESS) != (PTE_TABLE | PTE_VALID))
			return false;
	}
	return used == page->used;
}

/* No two live processes share an ASID, and TTBR0_EL1 is root and ASID. */
bool inv_asid(u32 pid)
{
	if (pid == 0 || !alive(pid))
		return true;
	if (asid_used() ? procs[pid].asid % NPROC != pid || procs[pid].asid >= asid_count()
	                : procs[pid].asid != 0)
		return false;
	return contexts[pid].el1.ttbr0_el1 ==
	       ((u64)procs[pid].asid << 48 | page_pa(procs[pid].root));
}
