/*
 * What no machine checks: that the TLB says of every process what the kernel's tables of pages and
 * processes say. These are read here; nothing of the kernel is called but what says where a page is.
 */
#include "model.h"
#include "inside.h"

#if LAB >= 4
#include <hv8/page.h>
#include <machine.h>
#include <uapi/tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern struct page pages[NPAGE];
extern struct proc procs[NPROC];

/* ---- what was seen before -------------------------------------------------------------------- */

#define SEEN_PAGES 1024

struct rules_seen {
	u64 when;
	int times; /* every so often everything is looked at again */
	struct proc procs[NPROC];
	struct page pages[SEEN_PAGES];
};

bool rules_seen_before(struct rules_seen **seen, u64 when)
{
	if (!*seen)
		*seen = calloc(1, sizeof(**seen));
	if (!*seen)
		model_fail("the host has no memory for the model's rules");
	return page_count() <= SEEN_PAGES && (*seen)->when == when && ++(*seen)->times % 64 &&
	       !memcmp((*seen)->procs, procs, sizeof(procs)) &&
	       !memcmp((*seen)->pages, pages, page_count() * sizeof(pages[0]));
}

void rules_seen_now(struct rules_seen *seen, u64 when)
{
	seen->when = when;
	memcpy(seen->procs, procs, sizeof(procs));
	if (page_count() <= SEEN_PAGES)
		memcpy(seen->pages, pages, page_count() * sizeof(pages[0]));
}

/* ---- words ----------------------------------------------------------------------------------- */

bool rules_live(int pid)
{
	const u32 state = procs[pid].state;

	return state == PROC_EMBRYO || state == PROC_RUNNABLE || state == PROC_RUNNING ||
	       state == PROC_WAITING;
}

static const char *last_tlbi(void)
{
	static char text[100];
	const struct model_tlbi *last = &model.tlbi;

	if (last->count == last->at_change || !last->name)
		return "no TLBI was issued since";
	if (last->name[0] == 'V' && last->name[1] == 'A')
		snprintf(text, sizeof(text), "the last TLBI was %s with ASID %u, VA 0x%lx",
		         last->name, last->asid, last->va);
	else if (last->name[0] == 'A' && last->name[1] == 'S')
		snprintf(text, sizeof(text), "the last TLBI was %s with ASID %u", last->name,
		         last->asid);
	else
		snprintf(text, sizeof(text), "the last TLBI was %s%s", last->name,
		         last->name[0] == 'A' ? ", which is for EL2's regime" : "");
	return text;
}

/* "0x40301000 (EL1 rw-, EL0 r--)" */
static const char *leads_to(const struct model_translation *t, char text[80])
{
	if (t->fault)
		snprintf(text, 80, "that nothing is mapped there (%s at level %d)", t->fault,
		         t->level);
	else
		snprintf(text, 80, "0x%lx (EL1 %c%c%c, EL0 %c%c%c)", t->pa, t->read ? 'r' : '-',
		         t->write ? 'w' : '-', t->execute ? 'x' : '-', t->el0_read ? 'r' : '-',
		         t->el0_write ? 'w' : '-', t->el0_execute ? 'x' : '-');
	return text;
}

const char *rules_what_is(pa_t pa)
{
	static const char *const types[] = { "free",
		                             "a frame",
		                             "a level 0 table",
		                             "a level 1 table",
		                             "a level 2 table",
		                             "a level 3 table" };
	static char text[80];
	const int pn = page_at(pa);

	if (pn < 0)
		return is_memory(pa) ? "memory of the kernel" : "no memory, perhaps a device";
	if (pages[pn].type >= ARRAY_SIZE(types))
		snprintf(text, sizeof(text), "page %d, of the unknown type %u", pn, pages[pn].type);
	else if (pages[pn].type == PAGE_FREE)
		snprintf(text, sizeof(text), "page %d, which is free", pn);
	else
		snprintf(text, sizeof(text), "page %d, %s of process %u", pn, types[pages[pn].type],
		         pages[pn].owner);
	return text;
}

/* ---- the TLB --------------------------------------------------------------------------------- */

static bool same(const struct model_translation *a, const struct model_translation *b)
{
	return !a->fault && !b->fault && a->pa == b->pa && a->level == b->level &&
	       a->write == b->write && a->execute == b->execute && a->el0_read == b->el0_read &&
	       a->el0_write == b->el0_write && a->el0_execute == b->el0_execute &&
	       a->memory == b->memory && a->shareability == b->shareability &&
	       a->global == b->global;
}

/* What the tables say of @p va. Neighbours in the TLB are often in one table: *@p last is where the
 * last was. */
static struct model_translation walk_again(const struct regime *regime, u64 va, struct step *last,
                                           u64 *last_va)
{
	struct model_translation t;
	struct step at;

	if ((va ^ *last_va) >> 21) {
		*last_va = ~0UL;
		if (!walk_to_level(regime, va, 3, last))
			return walk(regime, va);
		*last_va = va;
	}
	at = *last;
	walk_entry(regime, va, walk_table(&at)[walk_index(va, 3)], &at, &t);
	return t;
}

/* A translation that process @p pid would get from the TLB: @p now is the right one. */
static void check_final(int pid, const struct tlb_entry *e, struct model_translation now)
{
	char stale[80], right[80], whose[24] = "global";

	if (same(&e->t, &now))
		return;
	if (e->space != SPACE_GLOBAL)
		snprintf(whose, sizeof(whose), "ASID %u", e->space);
	model_fail(
		"the TLB's entry (%s, VA 0x%lx) survived: it still leads to %s, but the tables of "
		"process %d say %s; %s",
		whose, e->va, leads_to(&e->t, stale), pid, leads_to(&now, right), last_tlbi());
}

/* A table that a walk for process @p pid would begin at. */
static void check_walk_cache(int pid, const struct regime *regime, const struct tlb_entry *e)
{
	struct step now;
	const bool there = walk_to_level(regime, e->va, e->next.level, &now);
	char right[40];

	if (there && now.table == e->next.table && now.limits == e->next.limits)
		return;
	snprintf(right, sizeof(right), there ? "0x%lx" : "none", now.table);
	model_fail(
		"the walk cache's entry (ASID %u, VA 0x%lx) survived: it still takes 0x%lx for the "
		"level %d table, but the tables of process %d say %s; %s",
		e->space, e->va, e->next.table, e->next.level, pid, right, last_tlbi());
}

static void check_space(int pid, const struct regime *regime, u32 space)
{
	const struct tlb_entry *e;
	struct step last;
	u64 last_va = ~0UL;

	for (e = tlb_of(space); e; e = e->behind) {
		if (space != SPACE_GLOBAL && e->root != regime->ttbr)
			model_fail(
				"ASID %u was reused without a flush: %s for VA 0x%lx, read by its "
				"predecessor, survived into process %d; %s",
				space, e->table ? "a walk cache's entry" : "an entry", e->va, pid,
				last_tlbi());
		if (e->table)
			check_walk_cache(pid, regime, e);
		else
			check_final(pid, e, walk_again(regime, e->va, &last, &last_va));
	}
}

/* Two live processes with one ASID see each other's memory. ASID 0 is none: who has it flushes at
 * each switch. */
static void check_asids(u64 mask)
{
	static u8 user[65536]; /* by ASID: a live process */
	int pid, other = 0, twice = 0;

	for (pid = 1; pid < NPROC; pid++) {
		u8 *entry = &user[procs[pid].asid & mask];

		if (!rules_live(pid) || !(procs[pid].asid & mask))
			continue;
		if (*entry) {
			other = *entry;
			twice = pid;
		}
		*entry = (u8)pid;
	}
	for (pid = 1; pid < NPROC; pid++)
		user[procs[pid].asid & mask] = 0;
	if (twice)
		model_fail("processes %d and %d have the same ASID, %lu", other, twice,
		           procs[twice].asid & mask);
}

void model_check_tlb(void)
{
	const u64 mask = tlb_asid_mask();
	struct regime regime = walk_regime(1);
	const pa_t running = walk_start(&regime).table;
	const u64 when = changes + tlb_loads();
	static struct rules_seen *seen;
	int pid;

	model.unbroken.entry = NULL;
	if (rules_seen_before(&seen, when))
		return;
	check_asids(mask);
	for (pid = 1; pid < NPROC; pid++) {
		const u32 asid = (u32)(procs[pid].asid & mask);

		if (!rules_live(pid))
			continue;
		regime.ttbr = page_pa(procs[pid].root);
		if (asid || regime.ttbr == running)
			check_space(pid, &regime, asid);
		check_space(pid, &regime, SPACE_GLOBAL);
	}
	rules_seen_now(seen, when);
}

static void leads_nowhere_near(u32 space, pa_t pa)
{
	const struct tlb_entry *e;

	for (e = tlb_of(space); e; e = e->behind) {
		char whose[24] = "global";

		if (e->table ? e->next.table != pa : (pa - e->t.pa) >> e->shift)
			continue;
		if (space != SPACE_GLOBAL)
			snprintf(whose, sizeof(whose), "ASID %u", space);
		model_fail("the page at 0x%lx, %s, is given while the %s still leads to it (%s, VA "
		           "0x%lx); %s",
		           pa, rules_what_is(pa), e->table ? "walk cache" : "TLB", whose, e->va,
		           last_tlbi());
	}
}

/* Whether a table of the owner of page @p pn leads to it already. */
static bool is_entered(int pn)
{
	const int level = pages[pn].type == PAGE_FRAME ? 4 : pages[pn].type - PAGE_L0;
	u64 table = page_pa(procs[pages[pn].owner].root), entry = 0;
	int at;

	for (at = 0; at < level; at++) {
		entry = ((const u64 *)pa_pointer(table))[walk_index(pages[pn].va, at)];
		if (!(entry & 1))
			return false;
		table = entry & 0x0000fffffffff000;
	}
	return level > 0 && table == page_pa((pn_t)pn);
}

void rules_page_given(pa_t pa)
{
	const u64 mask = tlb_asid_mask();
	int pid;

	for (pid = 1; pid < NPROC; pid++)
		if (rules_live(pid))
			leads_nowhere_near((u32)(procs[pid].asid & mask), pa);
	leads_nowhere_near(SPACE_GLOBAL, pa);
	if (page_at(pa) >= 0 && rules_live(pages[page_at(pa)].owner) && is_entered(page_at(pa)))
		model_fail(
			"the page at 0x%lx, %s, is zeroed after it was entered: until then its owner, or the walker, finds what "
			"another has left there",
			pa, rules_what_is(pa));
}

void rules_flushed(const struct tlb_entry *e)
{
	struct regime regime = walk_regime(1);
	struct model_translation now;
	int pid;

	for (pid = 1; pid < NPROC; pid++) {
		if (!rules_live(pid) || (procs[pid].asid & tlb_asid_mask()) != e->space)
			continue;
		regime.ttbr = page_pa(procs[pid].root);
		now = walk(&regime, e->va);
		if (!now.fault && !same(&e->t, &now))
			model_fail(
				"the entry for VA 0x%lx of process %d was made valid before the TLB was flushed of the old "
				"one (ASID %u): it belongs between break and make",
				e->va, pid, e->space);
	}
}

void rules_page_written(pa_t pa)
{
	const int pn = page_at(pa);

	if (pn < 0 || pages[pn].type != PAGE_FRAME)
		model_fail("page_copy() to 0x%lx, which is %s, not a frame", pa, rules_what_is(pa));
}

void rules_walk(u64 root, asid_t asid)
{
	const u64 mask = tlb_asid_mask();
	int pid;

	for (pid = 1; pid < NPROC; pid++)
		if (rules_live(pid) && page_pa(procs[pid].root) == root &&
		    (procs[pid].asid & mask) != asid)
			model_fail(
				"TTBR0_EL1 leads to the tables of process %d with ASID %u, but its "
				"ASID is %u",
				pid, asid, procs[pid].asid);
}

#else /* before lab 4 all processes share one ASID, and every switch flushes it */
void rules_page_given(pa_t pa)
{
}

void rules_page_written(pa_t pa)
{
}

void rules_flushed(const struct tlb_entry *e)
{
}

void rules_walk(u64 root, asid_t asid)
{
}
#endif
