/* What the two files of the fuzzer share. */
#pragma once

#include <hv8/types.h>

#define FUZZ_PAGES 96 /* pages of process memory */

/** The next byte that chooses what happens. */
u8 take(void);

/** Any number, the ends of ranges more often than others. */
u64 wild(void);

/** Fill in the arguments of call @p number so that it could succeed, where that is easy. */
void choose(u64 number, u64 a[6]);

/* ---- fuzz_irq.c ------------------------------------------------------------------------------ */

/** Before world_boot(): which GIC the machine has, if any. */
void fuzz_irq_begin(void);

/** A device acts, time passes, or the process that runs uses its interrupts or its timer. @return what, in a word */
const char *fuzz_irq(u8 kind);

/** model.asleep: something from outside, so that not all sleep for ever. */
void fuzz_asleep(void);

/** An INTID: of a device; of an interrupt of the caller; of one that it may give back. */
u64 fuzz_device(void);
u64 fuzz_mine(void);
u64 fuzz_owned(void);
