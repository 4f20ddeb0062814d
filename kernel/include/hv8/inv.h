/*
 * Invariants: inv_WHAT(index) is true before and after every hypercall, for every index of its table. Together they
 * are why a handler may trust the tables. invariants_check() (hv8/hypercall.h) evaluates all.
 */
#pragma once

#include <hv8/types.h>

/** Page @p pn has an owner exactly if it is not free, and the owner exists. */
bool inv_page_owner(u32 pn);

/** Page @p pn, if its owner is live, is entered in that one's tables where pages[pn].va says. */
bool inv_page_entered(u32 pn);

/** Page @p pn, if it is a live owner's table, leads only to pages of the same owner and the next type, or to kernel
 * tables read-only, and counts its entries. */
bool inv_table(u32 pn);

/** Process @p pid, if it is live, has an ASID of its own, and a TTBR0_EL1 that says so. */
bool inv_asid(u32 pid);

/** Process @p pid, if it is free, has nothing; if live, a root table, and fields that fit its state. */
bool inv_proc(u32 pid);

/** Process @p pid is running exactly if it is the current one, and in the ready list, well linked, exactly if it is runnable. */
bool inv_ready(u32 pid);

/** The counts of process @p pid: pages, descriptors, children, those who wait for it, interrupts. */
bool inv_counts(u32 pid);

/** File @p file is free exactly if no descriptor leads to it, and counts them. */
bool inv_file(u32 file);

#if LAB >= 5
/** Interrupt @p intid has an owner exactly if somebody gets it, and the owner exists. */
bool inv_irq(u32 intid);

/** What is pending for process @p pid, or in its list registers, is its own; no list register has the interrupt of another. */
bool inv_vgic(u32 pid);
#endif

/** Count what inv_counts() and inv_file() compare with. */
void inv_count(void);
