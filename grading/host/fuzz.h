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
