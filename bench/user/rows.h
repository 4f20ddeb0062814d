/* What the programs of `make bench` share: samples, and how a row is printed: "bench: ROW MEDIAN LOW HIGH". */
#pragma once

#include "../sample.h"
#include "space.h"

#define OTHER(pid) (3 - (pid))

static u64 samples[SAMPLES];
static u64 nothing; /* what a sample without an operation is */
static bool broken; /* a hypercall failed: the samples mean nothing */
static u64 me;      /* my pid */

static void report(const char *row)
{
	struct summary s = summarize(samples);

	print("bench: ");
	print(row);
	print(" ");
	print_decimal((i64)s.median);
	print(" ");
	print_decimal((i64)s.low);
	print(" ");
	print_decimal((i64)s.high);
	print("\n");
}

static void check(i64 result)
{
	broken |= result < 0;
}

/* The operation is between these two. */

INLINE void start(void)
{
	__asm__ volatile(START : : : "memory");
}

INLINE u64 stop(void)
{
	u64 count;

	__asm__ volatile(STOP("%0") : "=r"(count) : : "memory");
	return count - nothing;
}

static void measure_nothing(void)
{
	u64 i;

	for (i = 0; i < SAMPLES; i++) {
		start();
		samples[i] = stop();
	}
	nothing = summarize(samples).median;
}
