/*
 * Invariants: inv_WHAT(index) is true before and after every hypercall, for every index of its table. Together they
 * are why a handler may trust the tables. invariants_check() (hv8/hypercall.h) evaluates all.
 */
#pragma once

#include <hv8/types.h>

/** A page has an owner exactly if it is not free, and the owner exists. */
bool inv_page_owner(u32 pn);

/** A live owner's page is entered in its tables where pages[pn].va says. */
bool inv_page_entered(u32 pn);

/** A live owner's table leads only to pages of the same owner and the next type, or to kernel tables read-only, and
 * counts its entries. */
bool inv_table(u32 pn);

/** A live process has an ASID of its own, and a TTBR0_EL1 that says so. */
bool inv_asid(u32 pid);

/** A free process has nothing; a live one has a root table, and fields that fit its state. */
bool inv_proc(u32 pid);

/** Only the current process is running, and only runnable ones are in the ready list, well linked. */
bool inv_ready(u32 pid);

/** The counts of a process: pages, descriptors, children, those who wait for it, interrupts. */
bool inv_counts(u32 pid);

/** A file is free exactly if no descriptor leads to it, and counts them. */
bool inv_file(u32 file);

#if LAB >= 5
/** An interrupt has an owner exactly if somebody gets it, and the owner exists. */
bool inv_irq(u32 intid);

/** What is pending for a process, or in its list registers, is its own; no list register has the interrupt of another. */
bool inv_vgic(u32 pid);
#endif

/** Count what inv_counts() and inv_file() compare with. */
void inv_count(void);
