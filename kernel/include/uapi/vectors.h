/* `hvc #HVC_VECTOR + n` reports an exception that arrived at vector n (0..15) of a process's table
 * and that nobody handles. */
#pragma once

#define HVC_VECTOR 0x100 /* + the number of the vector */
