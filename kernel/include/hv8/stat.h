/* What the kernel counts about itself; read by the stat hypercall. */
#pragma once

#include <hv8/types.h>
#include <uapi/hypercall.h>

extern u64 stats[NSTAT]; /* indexed by enum statistic */
