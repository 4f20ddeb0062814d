/*
 * Address spaces by hypercall. A process names the table, the entry and the page; the kernel checks that
 * the page is free or its own and the entry is what it says. So each table page and each frame is entered
 * exactly once, at pages[].va, and freeing it leaves nothing behind: not in a table, not in a TLB.
 *
 * A table entry changes by break-before-make (Arm ARM D8.14.1): valid to invalid, TLB maintenance for this
 * ASID and address, then perhaps valid again.
 */
#include <hv8/console.h>
#include <hv8/page.h>
#include <hv8/proc.h>
#include <hv8/stat.h>
#include <hv8/sysreg.h>
#include <hv8/vm.h>
#include <machine.h>
#include <uapi/errno.h>
#include <hv8/hypercall.h>
#if LAB >= 5
#include <hv8/irq.h>
#endif

extern const char user_vectors[]; /* one page, user_vectors.S */

int vm_walk(pn_t root, uva_t uva, int level)
{
#if SOLUTION >= 4
	int table = (int)root, at;

	if (uva >> 48)
		return -1;
	for (at = 0; at < level && table >= 0; at++) {
		pte_t entry = ((const pte_t *)pa_pointer(page_pa((pn_t)table)))[vm_index(uva, at)];

		table = entry & PTE_VALID ? page_at(entry & PTE_ADDRESS) : -1;
	}
	return table;
#else
	/*
	 * LAB 4: walk as the hardware does: from the root, `level` times, entry vm_index(uva, level)
	 * of the table leads to the next (page_at() of its address). An invalid entry, or an address
	 * beyond 48 bits, ends the walk: -1.
	 * Read: Arm ARM D8.2.7 and D8.3.1. Checked by a test that walks tables of its own.
	 */
	todo("vm_walk");
#endif
}

int vm_map_tables(pid_t pid, pn_t root)
{
	int error = 0;
	u64 at;

	for (at = 0; at < sizeof(pages); at += PAGE_SIZE)
		error |= vm_map(pid, root, UVA_PAGES + at, pointer_pa(pages) + at, VM_R | VM_EL0);
	for (at = 0; at < sizeof(procs); at += PAGE_SIZE)
		error |= vm_map(pid, root, UVA_PROCS + at, pointer_pa(procs) + at, VM_R | VM_EL0);
	for (at = 0; at < sizeof(files); at += PAGE_SIZE)
		error |= vm_map(pid, root, UVA_FILES + at, pointer_pa(files) + at, VM_R | VM_EL0);
#if LAB >= 5
	error |= vm_map(pid, root, UVA_IRQS, pointer_pa(irqs), VM_R | VM_EL0);
#endif
	return error;
}

static pte_t *entry_at(u64 table, u64 index)
{
	return (pte_t *)pa_pointer(page_pa((pn_t)table)) + index;
}

/* Whether the caller may change entry @p index of page @p table, a table of type @p type. */
static i64 check_entry(u64 table, u64 index, u32 type)
{
#if SOLUTION >= 4
	if (table >= page_count() || index >= 512 || pages[table].type != type)
		return -EINVAL;
	if (!proc_yours(pages[table].owner))
		return -EPERM;
	return 0;
#else
	/*
	 * LAB 4: -EINVAL if the page or the index is out of range or the page is not a table of this
	 * type; then -EPERM if its owner is not the caller's to build: proc_yours(). Otherwise 0.
	 * page_count() is how many pages there are; any index from 512 on is beyond the table.
	 * All of a process's power over memory passes here. Checked by every kind of refusal.
	 */
	todo("check_entry");
#endif
}

/* Whether entry @p index of page @p table is invalid. */
static bool entry_empty(u64 table, u64 index)
{
	return !(*entry_at(table, index) & PTE_VALID);
}

/* Whether it is valid, with the address of page @p page. */
static bool entry_leads_to(u64 table, u64 index, u64 page)
{
	return !entry_empty(table, index) &&
	       (*entry_at(table, index) & PTE_ADDRESS) == page_pa((pn_t)page);
}

/* Whether @p perm is a right that there is, from which vm_leaf() can make a leaf. */
USED_BY_HOLES static bool perm_valid(u64 perm)
{
	return perm <= (VM_RX | VM_EL0) && perm % 4 != 0;
}

/* An empty entry gets a value: no TLB has it, so none needs to forget it. */
static void entry_fill(u64 table, u64 index, pte_t value)
{
	pte_store(entry_at(table, index), value);
	pte_publish();
	pages[table].used++;
}

/* The address that entry @p index of page @p table, a table of level @p level, begins to translate. */
static uva_t entry_va(u64 table, u64 index, u64 level)
{
	return pages[table].va + (index << (PAGE_SHIFT + 9 * (3 - level)));
}

/* Forget what TLBs hold of @p uva in the address space of the owner of @p table. */
static void flush(u64 table, uva_t uva)
{
	tlb_flush_page((asid_t)procs[pages[table].owner].asid, uva);
	stats[STAT_FLUSH_PAGE]++;
}

i64 hc_alloc_table(u64 pid, u64 level, u64 from, u64 index, u64 to)
{
#if SOLUTION >= 4
	i64 error;

	if (pid >= NPROC || level < 1 || level > 3 || to >= page_count())
		return -EINVAL;
	error = check_entry(from, index, PAGE_L0 + (u32)level - 1);
	if (error)
		return error;
	if (pages[from].owner != pid)
		return -EPERM;
	if (!entry_empty(from, index) || pages[to].type != PAGE_FREE)
		return -EBUSY;
	page_give((pn_t)to, (pid_t)pid, PAGE_L0 + level, entry_va(from, index, level - 1));
	entry_fill(from, index, page_pa((pn_t)to) | PTE_TABLE | PTE_VALID);
	return 0;
#else
	/*
	 * LAB 4: what uapi/hypercall.def promises of alloc_table. First every check, in the order of
	 * the errors there (check_entry() does some), then page_give(), which zeroes the page, and only
	 * then entry_fill(): the table must be empty before the walker can find it.
	 * Read: Arm ARM D8.3.1, table descriptors. Checked call by call: a refused one changes nothing.
	 */
	todo("hc_alloc_table");
#endif
}

i64 hc_alloc_frame(u64 pid, u64 table, u64 index, u64 frame, u64 perm)
{
#if SOLUTION >= 4
	i64 error;

	if (pid >= NPROC || frame >= page_count() || !perm_valid(perm))
		return -EINVAL;
	error = check_entry(table, index, PAGE_L3);
	if (error)
		return error;
	if (pages[table].owner != pid)
		return -EPERM;
	if (!entry_empty(table, index) || pages[frame].type != PAGE_FREE)
		return -EBUSY;
	page_give((pn_t)frame, (pid_t)pid, PAGE_FRAME, entry_va(table, index, 3));
	if ((perm & VM_RX) == VM_RX)
		icache_sync(page_pa((pn_t)frame), page_pa((pn_t)frame) + PAGE_SIZE);
	entry_fill(table, index, vm_leaf(page_pa((pn_t)frame), (int)perm));
	pages[frame].perm = (u16)perm;
	return 0;
#else
	/*
	 * LAB 4: what uapi/hypercall.def promises of alloc_frame: every check, in the order of the errors
	 * there, then page_give() and entry_fill() with vm_leaf(); note the right in pages[frame].perm.
	 * If it will be executable, icache_sync() between them: the instruction cache may hold what stood
	 * at this address for another process.
	 * Checked: the frame arrives zeroed, with just its rights, and a refused call changes nothing.
	 */
	todo("hc_alloc_frame");
#endif
}

i64 hc_copy_frame(u64 from, u64 pid, u64 to)
{
	if (pid >= NPROC || from >= page_count() || to >= page_count() ||
	    pages[from].type != PAGE_FRAME || pages[to].type != PAGE_FRAME)
		return -EINVAL;
	if (!proc_yours(pid) || pages[from].owner != current->pid || pages[to].owner != pid)
		return -EPERM;
	page_copy(page_pa((pn_t)to), page_pa((pn_t)from));
	icache_sync(page_pa((pn_t)to), page_pa((pn_t)to) + PAGE_SIZE); /* it may be executable */
	return 0;
}

i64 hc_protect_frame(u64 table, u64 index, u64 frame, u64 perm)
{
#if SOLUTION >= 4
	i64 error = check_entry(table, index, PAGE_L3);

	if (error == -EINVAL || frame >= page_count() || pages[frame].type != PAGE_FRAME ||
	    !perm_valid(perm) || !entry_leads_to(table, index, frame))
		return -EINVAL;
	if (error)
		return error;
	if ((perm & VM_RX) == VM_RX)
		icache_sync(page_pa((pn_t)frame), page_pa((pn_t)frame) + PAGE_SIZE);
	pte_store(entry_at(table, index), 0);
	flush(table, pages[frame].va);
	pte_store(entry_at(table, index), vm_leaf(page_pa((pn_t)frame), (int)perm));
	pte_publish();
	pages[frame].perm = (u16)perm;
	return 0;
#else
	/*
	 * LAB 4: what uapi/hypercall.def promises of protect_frame. Behind the checks, break before make:
	 * pte_store() of 0, flush(), pte_store() of the new leaf, pte_publish(); and pages[frame].perm.
	 * icache_sync() first if it becomes executable. Without the flush the process keeps its old right
	 * for as long as the TLB remembers it; with another ASID or address in it, too.
	 * Read: Arm ARM D8.14.1. Checked by a write right behind the call, and on the model machine.
	 */
	todo("hc_protect_frame");
#endif
}

i64 hc_free_frame(u64 table, u64 index, u64 frame)
{
#if SOLUTION >= 4
	i64 error = check_entry(table, index, PAGE_L3);

	if (error == -EINVAL || frame >= page_count() || pages[frame].type != PAGE_FRAME ||
	    !entry_leads_to(table, index, frame))
		return -EINVAL;
	if (error)
		return error;
	pte_store(entry_at(table, index), 0);
	pages[table].used--;
	flush(table, pages[frame].va);
	page_free((pn_t)frame);
	return 0;
#else
	/*
	 * LAB 4: what uapi/hypercall.def promises of free_frame: unmap, count (pages[table].used), flush(),
	 * and only then page_free(): from there on another process may own the page.
	 * Checked: the next access faults, at once, and the model machine looks for entries that survive.
	 */
	todo("hc_free_frame");
#endif
}

i64 hc_free_table(u64 from, u64 index, u64 to)
{
	i64 error;
	u32 type;

	if (from >= page_count() || to >= page_count())
		return -EINVAL;
	type = pages[from].type;
	if (type != PAGE_L0 && type != PAGE_L1 && type != PAGE_L2)
		return -EINVAL;
	error = check_entry(from, index, type);
	if (error == -EINVAL || !entry_leads_to(from, index, to))
		return -EINVAL;
	if (error)
		return error;
	if (pages[to].used)
		return -EBUSY;
	pte_store(entry_at(from, index), 0);
	pages[from].used--;
	flush(from, pages[to].va); /* table entries may be cached too */
	page_free((pn_t)to);
	return 0;
}

i64 hc_reclaim_page(u64 page)
{
	if (page >= page_count() || pages[page].type == PAGE_FREE)
		return -EINVAL;
	if (procs[pages[page].owner].state != PROC_ZOMBIE)
		return -EPERM;
	/*
	 * The zombie's tables may still lead here, and TLB entries with its ASID: nobody will use them before that
	 * ASID is flushed. But a page that was a table may be remembered by its physical address too (no FEAT_nTLBPA:
	 * Arm ARM D19.2.65, ID_AA64MMFR1_EL1), whatever the ASID of its next owner.
	 */
	if (pages[page].type >= PAGE_L0)
		tlb_flush_asid((asid_t)procs[pages[page].owner].asid);
	page_free((pn_t)page);
	return 0;
}

/* Map page @p part of @p parts of the kernel's memory at @p pa. */
static i64 map_kernel_page(u64 table, u64 index, pa_t pa, u64 part, u64 parts, int perm)
{
	i64 error = check_entry(table, index, PAGE_L3);

	if (error == -EINVAL || part >= parts)
		return -EINVAL;
	if (error)
		return error;
	if (!entry_empty(table, index))
		return -EBUSY;
	entry_fill(table, index, vm_leaf(pa + part * PAGE_SIZE, perm));
	return 0;
}

i64 hc_map_pages(u64 table, u64 index, u64 part)
{
	return map_kernel_page(table, index, pointer_pa(pages), part, PAGES_PAGES, VM_R | VM_EL0);
}

i64 hc_map_procs(u64 table, u64 index, u64 part)
{
	return map_kernel_page(table, index, pointer_pa(procs), part, PROCS_PAGES, VM_R | VM_EL0);
}

i64 hc_map_files(u64 table, u64 index, u64 part)
{
	return map_kernel_page(table, index, pointer_pa(files), part, FILES_PAGES, VM_R | VM_EL0);
}

i64 hc_map_vectors(u64 table, u64 index)
{
	return map_kernel_page(table, index, pointer_pa(user_vectors), 0, 1, VM_RX);
}

#if LAB >= 5
i64 hc_map_irqs(u64 table, u64 index)
{
	return map_kernel_page(table, index, pointer_pa(irqs), 0, 1, VM_R | VM_EL0);
}

i64 hc_map_gicv(u64 table, u64 index)
{
	i64 error = check_entry(table, index, PAGE_L3);

	if (error)
		return error;
	if (!entry_empty(table, index))
		return -EBUSY;
	if (gic.version != 2)
		return -ENOENT;
	entry_fill(table, index, vm_device_leaf(gic.vcpu));
	irq_open(&contexts[pages[table].owner]);
	return 0;
}
#endif

i64 hc_unmap_kernel(u64 table, u64 index)
{
	i64 error = check_entry(table, index, PAGE_L3);

	if (error == -EINVAL || entry_empty(table, index) ||
	    page_at(*entry_at(table, index) & PTE_ADDRESS) >= 0)
		return -EINVAL;
	if (error)
		return error;
	pte_store(entry_at(table, index), 0);
	pages[table].used--;
	flush(table, entry_va(table, index, 3));
	return 0;
}
