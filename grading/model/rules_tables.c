/*
 * What the tables of every process must be: whole, its own, leading only to its own pages, read-only to what
 * the kernel shows everybody, and, where there is a GICv2, to its virtual CPU interface.
 */
#include "model.h"
#include "inside.h"

#if LAB >= 4
#include <hv8/page.h>
#include <machine.h>
#include <uapi/tables.h>

extern struct page pages[NPAGE];
extern struct proc procs[NPROC];
extern struct file files[NFILE];
extern const char user_vectors[];
#if LAB >= 5
extern struct irq irqs[NIRQ];

#define GICV 0x08040000UL
#endif

static bool within(pa_t pa, const void *start, size_t size)
{
	return pa - pointer_pa(start) < size;
}

static void check_frame(int pid, u64 va, int pn)
{
	const struct page *page = &pages[pn];

	if (page->type != PAGE_FRAME || page->owner != pid)
		model_fail("process %d, VA 0x%lx: the entry leads to %s", pid, va,
		           rules_what_is(page_pa((pn_t)pn)));
	if (page->va != va)
		model_fail("process %d, VA 0x%lx: the entry leads to page %d, whose .va is 0x%lx: "
		           "a frame is mapped once",
		           pid, va, pn, page->va);
}

static bool is_kernel_table(pa_t pa)
{
#if LAB >= 5
	if (within(pa, irqs, sizeof(irqs)))
		return true;
#endif
	return within(pa, pages, sizeof(pages)) || within(pa, procs, sizeof(procs)) ||
	       within(pa, files, sizeof(files));
}

#if LAB >= 5
/* The only device page that a process may have: its own side of a GICv2, for EL1. */
static void check_gicv(int pid, u64 va, u64 entry, const struct model_translation *t)
{
	if (t->memory != 0x04)
		model_fail("process %d, VA 0x%lx: the entry 0x%lx maps GICV, and is not for "
		           "Device-nGnRE memory",
		           pid, va, entry);
	if (t->el0_read || t->execute || t->el0_execute)
		model_fail("process %d, VA 0x%lx: the entry 0x%lx maps GICV, and lets EL0 in or "
		           "lets execute",
		           pid, va, entry);
}
#endif

static void check_leaf(int pid, u64 va, u64 entry, const struct model_translation *t)
{
	const bool write = !(entry & 1 << 7), el1_execute = !(entry & 1UL << 53),
		   el0_execute = !(entry & 1UL << 54);
	int pn;

	if (t->fault)
		model_fail("process %d, VA 0x%lx: a malformed entry 0x%lx: %s at level %d", pid, va,
		           entry, t->fault, t->level);
	if (t->level != 3)
		model_fail("process %d, VA 0x%lx: a block at level %d", pid, va, t->level);
	if (t->global)
		model_fail("process %d, VA 0x%lx: the entry 0x%lx is without nG: it is visible in "
		           "every address space",
		           pid, va, entry);
	if (write && (el1_execute || el0_execute))
		model_fail("process %d, VA 0x%lx: the entry 0x%lx lets write, and EL%d execute",
		           pid, va, entry, el1_execute);
#if LAB >= 5
	if (model.gic.version == 2 && t->pa == GICV) {
		check_gicv(pid, va, entry, t);
		return;
	}
#endif
	if (t->memory != 0xff || t->shareability != 3)
		model_fail(
			"process %d, VA 0x%lx: the entry 0x%lx is not for inner shareable, normal "
			"write-back memory",
			pid, va, entry);
	pn = page_at(t->pa);
	if (pn >= 0) {
		check_frame(pid, va, pn);
	} else if (is_kernel_table(t->pa)) {
		if (write || el1_execute || el0_execute)
			model_fail(
				"process %d, VA 0x%lx: the entry 0x%lx leads to the kernel's tables "
				"and is not read-only",
				pid, va, entry);
	} else if (t->pa == pointer_pa(user_vectors)) {
		if (write)
			model_fail("process %d, VA 0x%lx: the vector page can be written", pid, va);
	} else {
		model_fail("process %d, VA 0x%lx: the entry leads to 0x%lx, which is %s", pid, va,
		           t->pa, rules_what_is(t->pa));
	}
}

static void check_table(int pid, const struct regime *regime, u64 va, struct step at);

static void check_entry(int pid, const struct regime *regime, u64 va, u64 entry, struct step at)
{
	struct model_translation t;

	if (walk_entry(regime, va, entry, &at, &t))
		check_table(pid, regime, va, at);
	else
		check_leaf(pid, va, entry, &t);
}

static void check_table(int pid, const struct regime *regime, u64 va, struct step at)
{
	const int pn = page_at(at.table);
	const u64 *table;
	u32 used = 0;
	int i;

	if (pn < 0 || pages[pn].type != PAGE_L0 + at.level || pages[pn].owner != pid)
		model_fail("process %d: its level %d table for VA 0x%lx is at 0x%lx, which is %s",
		           pid, at.level, va, at.table, rules_what_is(at.table));
	if (pages[pn].va != va)
		model_fail("process %d: its level %d table for VA 0x%lx is page %d, whose .va is "
		           "0x%lx",
		           pid, at.level, va, pn, pages[pn].va);
	table = walk_table(&at);
	for (i = walk_next(table, 0); i < 512; i = walk_next(table, i + 1)) {
		if (!(table[i] & 1))
			continue;
		used++;
		check_entry(pid, regime, va + ((u64)i << walk_shift(at.level)), table[i], at);
	}
	if (pages[pn].used != used)
		model_fail("page %d, a level %d table of process %d, has %u valid entries, but its "
		           ".used is %u",
		           pn, at.level, pid, used, pages[pn].used);
}

void model_check_tables(void)
{
	struct regime regime = walk_regime(1);
	static struct rules_seen *seen;
	int pid;

	model.unbroken.entry = NULL;
	if (model.unpublished)
		model_fail("%d table entries were stored, and neither pte_publish() nor a TLBI "
		           "followed: the walker may not see them",
		           model.unpublished);
	if (rules_seen_before(&seen, changes))
		return;
	for (pid = 1; pid < NPROC; pid++) {
		if (!rules_live(pid))
			continue;
		regime.ttbr = page_pa(procs[pid].root);
		check_table(pid, &regime, 0, walk_start(&regime));
	}
	rules_seen_now(seen, changes);
}
#endif
