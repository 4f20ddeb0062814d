/*
 * Time. The EL2 physical timer is the kernel's: it ends time slices and wakes sleepers. The EL1 physical timer
 * belongs to the process that runs, untrapped from its first use on; its state moves with the process.
 */
#pragma once

#include <hv8/proc.h>

/*
 * A time slice, in microseconds. The boot argument tick=N (decimal, 10..1000000) overrides it; tick=off: no preemption, and no
 * timer for processes, as before lab 6.
 */
#define TICK_US 10000

/** The counter's frequency in Hz, never assumed: CNTFRQ_EL0, or what the device tree says. */
u64 timer_frequency(void);

/** Prepare both timers. @return whether they are used: not with the boot argument tick=off */
bool timer_init(void);

/** Whether the process that runs has a slice that will end. */
extern enum slice {
	SLICE_NEVER, /* there is no preemption: irq=off, tick=off */
	SLICE_NONE,  /* nobody else is ready */
	SLICE_RUNS,  /* it ends when the EL2 timer says so */
} slice;             /* now */

/** The slice of the process that runs ends a tick from now. */
void slice_start(void);

/** Somebody is ready beside the process that runs. */
static inline void slice_begin(void)
{
	if (slice == SLICE_NONE)
		slice_start();
}

/**
 * A process runs because it was first in the ready list: it has a slice of its own. Also if none was running while others
 * are ready still: they may have become so together, when nobody ran.
 */
static inline void slice_renew(void)
{
	if (slice == SLICE_RUNS || (slice == SLICE_NONE && procs[0].next))
		slice_start();
}

/** The interrupt of the EL2 timer: wake who is due, end the slice if it is over. */
void timer_interrupt(void);

/** The interrupt of the EL1 timer. @return whether it is pending for a process now, which will end it */
bool timer_expired(void);

/** Whether the EL1 timer of @p context is set: it will interrupt, or has. */
bool timer_is_set(const struct context *context);

/** Move the EL1 timer of @p context out of the CPU. If it sleeps, the kernel keeps its deadline. */
void timer_leave(struct context *context);

/** Move the EL1 timer of @p context into the CPU. */
void timer_enter(struct context *context);
