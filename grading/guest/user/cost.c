/*
 * What a null hypercall costs, round trip, in guest instructions. Under `-icount shift=0` one
 * instruction takes 1 ns of guest time and the counter ticks at CNTFRQ: over many calls the
 * quotient is exact to a fraction of an instruction. Each call must have answered: the word is the sum
 * of all answers, times the nonce.
 */
#include "hv8.h"

#define CALLS 16000UL

static u64 now(void)
{
	u64 value;

	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(value));
	return value;
}

int main(const char *arguments)
{
	u64 frequency, start, with, without, count, hundredths, pids = 0, none = 0;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	start = now();
	for (count = CALLS; count;)
		__asm__ volatile("mov x8, %2\n\thvc #0\n\tadd %1, %1, x0\n\tsub %0, %0, #1"
		                 : "+r"(count), "+r"(pids)
		                 : "i"(HC_getpid)
		                 : "x0", "x8");
	with = now() - start;
	start = now();
	for (count = CALLS; count;)
		__asm__ volatile("mov x8, %2\n\tadd %1, %1, x0\n\tsub %0, %0, #1"
		                 : "+r"(count), "+r"(none)
		                 : "i"(HC_getpid)
		                 : "x0", "x8");
	without = now() - start;
	hundredths = (with - without) * (100000000000UL / frequency) / CALLS;
	print("null hypercall: ");
	print_decimal((i64)((hundredths + 50) / 100));
	print(" instructions\nword: ");
	print_hex(pids * argument(arguments, "nonce"));
	print("\n");
	return 0;
}
