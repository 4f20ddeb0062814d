/*
 * Processes and tables that a test makes by hand, entry by entry, with the manual's values: to test
 * the model and its rules without the kernel that they are for.
 */
#pragma once

#include "unit.h"

#include <hv8/board.h>
#include <hv8/page.h>
#include <machine.h>
#include <uapi/tables.h>

extern struct proc procs[NPROC];
extern struct file files[NFILE];

/* Level 3 entries for EL1&0: page, AF, nG, inner shareable, MAIR index 0; then AP, PXN, UXN. */
#define HAND_PAGE (1UL << 0 | 1UL << 1 | 3UL << 8 | 1UL << 10 | 1UL << 11)
#define HAND_RW   (HAND_PAGE | 1UL << 6 | 1UL << 53 | 1UL << 54)
#define HAND_R    (HAND_RW | 1UL << 7)
#define HAND_RX   (HAND_PAGE | 1UL << 6 | 1UL << 7)
#define HAND_NG   (1UL << 11)

#define HAND_TCR (16UL | 1UL << 23 | 2UL << 32) /* 48 bits, no TTBR1, 40 bits of PA */
#define HAND_AS  (1UL << 36)                    /* 16-bit ASIDs */

static u32 hand_next; /* pages are given in order */

/* A machine with 256 pages of process memory, EL1 translation on, 16-bit ASIDs. */
static inline void hand_setup(void)
{
	board.memory[0] = (struct range){ MODEL_DRAM + 0x1000000, MODEL_DRAM + 0x1100000 };
	board.nmemory = 1;
	page_init();
	hand_next = 0;
	model_sysreg_set("sctlr_el1", 1);
	model_sysreg_set("mair_el1", 0x04ff);
	model_sysreg_set("tcr_el1", HAND_TCR | HAND_AS);
}

static inline pn_t hand_give(int pid, enum page_type type, u64 va)
{
	const pn_t pn = hand_next++;

	pages[pn] = (struct page){ .type = (u16)type, .owner = (u16)pid, .va = va };
	page_zero(page_pa(pn));
	return pn;
}

static inline void hand_process(int pid, asid_t asid)
{
	procs[pid].root = hand_give(pid, PAGE_L0, 0);
	procs[pid].asid = asid;
	procs[pid].state = PROC_RUNNABLE;
}

static inline void hand_run(int pid)
{
	write_sysreg(ttbr0_el1, page_pa(procs[pid].root) | (u64)procs[pid].asid << 48);
}

static inline void hand_store(pte_t *entry, pte_t value)
{
	struct page *table = &pages[page_at((pa_t)entry)];

	table->used += (u32)(value & 1) - (u32)(*entry & 1);
	pte_store(entry, value);
}

/* The entry at @p level for @p va; tables above it are made. */
static inline pte_t *hand_entry(int pid, u64 va, int level)
{
	pte_t *table = pa_pointer(page_pa(procs[pid].root));
	int at;

	for (at = 0;; at++) {
		const int shift = 12 + 9 * (3 - at);
		pte_t *entry = &table[va >> shift & 511];

		if (at == level)
			return entry;
		if (!(*entry & 1))
			hand_store(entry, page_pa(hand_give(pid, (enum page_type)(PAGE_L1 + at),
			                                    va >> shift << shift)) |
			                          3);
		table = pa_pointer(*entry & 0x0000fffffffff000);
	}
}

/* Map a fresh frame; where it is. */
static inline pa_t hand_map(int pid, u64 va, u64 attributes)
{
	pte_t *entry = hand_entry(pid, va, 3);
	const pa_t pa = page_pa(hand_give(pid, PAGE_FRAME, va));

	hand_store(entry, pa | attributes);
	pte_publish();
	return pa;
}

/* As a sound kernel does it: break, flush, make. */
static inline void hand_change(int pid, u64 va, u64 value)
{
	pte_t *entry = hand_entry(pid, va, 3);

	hand_store(entry, 0);
	tlb_flush_page((asid_t)procs[pid].asid, va);
	if (value) {
		hand_store(entry, value);
		pte_publish();
	}
}
