/*
 * Address space identifiers. Each process has one of its own, so that its TLB entries may stay while
 * others run: no switch flushes. An ASID that had another owner is flushed before it is given again.
 *
 * An ASID is a pid and a generation: generation * NPROC + pid. With 8 bits there are 4 generations,
 * with 16 bits 1024: the owner of a pid gets the next one, and only when all have been used is there
 * something to flush.
 */
#pragma once

#include <hv8/types.h>
#include <uapi/limits.h>

/** Find out how many ASIDs the CPU has. The boot argument asid=off makes all processes share ASID 0, and
 * each switch a flush: to see what ASIDs are worth. */
void asid_init(void);

extern bool asid_on; /* set by asid_init() */

/** How often each pid was given an ASID. 64 bits: 32 could be made to wrap around, and used ASIDs would pass for new. */
extern u64 generations[NPROC];

/** Whether each process has its own ASID. */
static inline bool asid_used(void)
{
	return asid_on;
}

/** How many ASIDs there are: 256 or 65536. */
u32 asid_count(void);

/**
 * The next ASID for process @p pid, which nothing in any TLB has.
 *
 * @return generation * NPROC + pid, 1..asid_count()-1
 */
asid_t asid_assign(pid_t pid);

/** TTBR0_EL1 for the root table at @p root and @p asid (Arm ARM D19.2.155: the ASID is in bits 63:48). */
u64 asid_ttbr0(pa_t root, asid_t asid);

/** A new process @p pid has its root table: give it an ASID, and return its TTBR0_EL1. */
u64 asid_start(pid_t pid);
