/*
 * Lab 4's tests on the model machine. The TLB here is the worst that the manual allows: it loads what it can at any time, and
 * keeps it until it is told otherwise. So a forgotten TLBI shows, which QEMU hides.
 */
#include "scenario.h"

#include <hv8/asid.h>

/* The word at @p uva as the current process finds it. */
static u64 *word(uva_t uva, enum access access)
{
	struct model_translation t = model_access(uva, access, 1);

	if (t.fault || (access == WRITE ? !t.write : !t.read))
		model_fail("process %d cannot %s 0x%lx: %s", current->pid,
		           access == WRITE ? "write" : "read", uva,
		           t.fault ? t.fault : "permission fault");
	return pa_pointer(t.pa);
}

static void must_fault(uva_t uva, enum access access, const char *when)
{
	struct model_translation t = model_access(uva, access, 1);

	if (!t.fault && (access == WRITE ? t.write : t.read))
		model_fail("process %d can still %s 0x%lx %s", current->pid,
		           access == WRITE ? "write" : "read", uva, when);
}

/* Child 2 of the current process, with a writable frame at WORLD_UVA, started. */
static pn_t child(void)
{
	const pn_t frame = world_child(2);

	GOOD(set_runnable, 2);
	return frame;
}

static pn_t frame_at(u64 pid, uva_t uva)
{
	pn_t pn;

	for (pn = 0; pn < page_count(); pn++)
		if (pages[pn].owner == pid && pages[pn].type == PAGE_FRAME && pages[pn].va == uva)
			return pn;
	model_fail("process %lu has no frame at 0x%lx", pid, uva);
}

/* What is left of the zombie 2: all its pages are free again, and its pid. */
static void bury(void)
{
	pn_t pn;

	for (pn = 0; pn < page_count(); pn++)
		if (pages[pn].owner == 2)
			GOOD(reclaim_page, pn);
	GOOD(reap, 2);
}

/* As child(), in its second life: its ASID is not its pid. */
static void child_again(void)
{
	child();
	GOOD(switch, 2);
	CALL(exit, 0);
	bury();
	child();
}

/* Two processes at one address, to and fro: each finds its own, and nothing is flushed for it. */
static void tlb_switch(void)
{
	const int flushes = model.tlbi_el1 + model.flush_asid + model.flush_page;
	int i, hits = 0;

	child();
	*word(WORLD_UVA, WRITE) = number;
	GOOD(switch, 2);
	*word(WORLD_UVA, WRITE) = number + 1;
	for (i = 0; i < 20; i++) {
		const u64 expected = current->pid == 2 ? number + 1 : number;

		hits += model_access(WORLD_UVA, READ, 1).hit;
		if (*word(WORLD_UVA, READ) != expected)
			model_fail("process %d reads what process %d has written at 0x%lx",
			           current->pid, 3 - current->pid, WORLD_UVA);
		GOOD(switch, 3 - current->pid);
	}
	if (model.tlbi_el1 + model.flush_asid + model.flush_page != flushes)
		model_fail("a switch flushed the TLB");
	tell(*word(WORLD_UVA, READ), "20 switches, %d hits, process %d reads", hits, current->pid);
	GOOD(switch, 3 - current->pid);
	tell(*word(WORLD_UVA, READ), "process %d reads", current->pid);
}

/* A right that is cut is gone at once, of this page and this process, and no other process loses an entry. */
static void tlb_protect(void)
{
	pn_t table, frame;
	int entries;

	child_again();
	*word(WORLD_UVA, WRITE) = 2;
	entries = model_tlb_count((asid_t)procs[1].asid);
	GOOD(switch, 2);
	table = world_table(2, WORLD_UVA, 3);
	frame = frame_at(2, WORLD_UVA);
	*word(WORLD_UVA, WRITE) = number;
	GOOD(protect_frame, table, 0, frame, VM_R);
	must_fault(WORLD_UVA, WRITE, "although protect_frame made it read-only");
	tell(*word(WORLD_UVA, READ), "read-only:");
	if (model_tlb_count((asid_t)procs[1].asid) < entries)
		model_fail("protect_frame in process 2 flushed entries of process 1");
	GOOD(protect_frame, table, 0, frame, VM_RX);
	if (!model_access(WORLD_UVA, EXECUTE, 1).execute)
		model_fail("process 2 cannot execute 0x%lx", WORLD_UVA);
	GOOD(protect_frame, table, 0, frame, VM_RW);
	*word(WORLD_UVA, WRITE) += 1;
	tell(*word(WORLD_UVA, READ), "%d flushes, writable again:", model.flush_page);
}

/* A page that is freed is out of reach at once, and belongs to another without a trace. */
static void tlb_unmap(void)
{
	pn_t table, frame;

	child_again();
	GOOD(switch, 2);
	table = world_table(2, WORLD_UVA, 3);
	frame = frame_at(2, WORLD_UVA);
	*word(WORLD_UVA, WRITE) = number;
	GOOD(free_frame, table, 0, frame);
	must_fault(WORLD_UVA, READ, "although free_frame has unmapped it");
	GOOD(switch, 1);
	GOOD(alloc_frame, 1, world_table(1, WORLD_UVA, 3), 5, frame, VM_RW);
	tell(number, "given again: %lx", *word(WORLD_UVA + 5 * PAGE_SIZE, READ));
	*word(WORLD_UVA + 5 * PAGE_SIZE, WRITE) = number + 5;
	GOOD(switch, 2);
	must_fault(WORLD_UVA, READ, "although the page is another's now");
	GOOD(alloc_frame, 2, table, 0, world_free_page(), VM_RW);
	tell(number, "a new page there: %lx", *word(WORLD_UVA, READ));
	GOOD(switch, 1);
	tell(*word(WORLD_UVA + 5 * PAGE_SIZE, READ), "the other still has");
}

/*
 * One pid lives 20 times on a CPU with 256 ASIDs: no life sees anything of the one before, and ASIDs are flushed only when
 * they come again.
 */
static void tlb_reuse(void)
{
	const u64 lives = 20, generations = asid_count() / NPROC;
	pn_t frame;
	u64 life;
	int flushes = 0;

	for (life = 0; life < lives; life++) {
		const int before =
			model.flush_asid; /* those of tables that are collected do not count */

		frame = child();
		flushes += model.flush_asid - before;
		if (life < generations && flushes)
			model_fail("ASID %u was flushed before it was used twice", procs[2].asid);
		if (model.flush_asid != before && model.flushed_asid != procs[2].asid)
			model_fail(
				"process 2 has ASID %u, which was used before, but ASID %u was flushed",
				procs[2].asid, model.flushed_asid);
		GOOD(switch, 2);
		if (*word(WORLD_UVA, READ))
			model_fail("in life %lu process 2 finds 0x%lx of its predecessor", life,
			           *word(WORLD_UVA, READ));
		*word(WORLD_UVA, WRITE) = number + life;
		if (*(u64 *)pa_pointer(page_pa(frame)) != number + life)
			model_fail("in life %lu process 2 writes to a page that is not its own",
			           life);
		CALL(exit, 0);
		bury();
	}
	tell(number + lives - 1, "%lu lives with %u ASIDs, %d flushes, last wrote", lives,
	     asid_count(), flushes);
}

static void asids_of_8_bits(void)
{
	model_sysreg_set("id_aa64mmfr0_el1", 0x1102);
}

SCENARIO(tlb_switch, tlb_switch, NULL)
SCENARIO(tlb_protect, tlb_protect, NULL)
SCENARIO(tlb_unmap, tlb_unmap, NULL)
SCENARIO(tlb_reuse, tlb_reuse, asids_of_8_bits)
