/*
 * How `make bench` counts, for the kernel's and the process's half alike. PMCCNTR_EL0 is set to 0, the operation runs,
 * the counter is read; the same with no operation is subtracted. Under `-icount shift=0` QEMU counts one for each
 * instruction, at EL2 too; on a board the same code counts cycles.
 */
#pragma once

#include <hv8/types.h>

#define SAMPLES 1001 /* of each row; odd, so that one of them is the median */

/* Around the operation, in one asm statement, so that the compiler puts nothing between. */
#define START     "msr	pmccntr_el0, xzr\n\tisb\n\t"
#define STOP(reg) "\n\tisb\n\tmrs	" reg ", pmccntr_el0"

struct summary {
	u64 median, low, high;
};

/* Sort the SAMPLES @p samples; they are nearly all alike, which makes this fast. */
static inline struct summary summarize(u64 *samples)
{
	u64 i, at;

	for (i = 1; i < SAMPLES; i++) {
		const u64 sample = samples[i];

		for (at = i; at > 0 && samples[at - 1] > sample; at--)
			samples[at] = samples[at - 1];
		samples[at] = sample;
	}
	return (struct summary){ samples[SAMPLES / 2], samples[0], samples[SAMPLES - 1] };
}
