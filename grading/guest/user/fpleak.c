/* The first process fills the FP and SIMD registers and lets the second look: it must see zeros;
 * then the first looks again. */
#include "hv8.h"

__asm__(".arch_extension fp\n.arch_extension simd\n");

static u64 any_bit(void)
{
	u64 value;

	__asm__ volatile(
		"orr v0.16b, v0.16b, v1.16b\n\torr v0.16b, v0.16b, v7.16b\n\torr v0.16b, v0.16b, v16.16b\n\t"
		"orr v0.16b, v0.16b, v31.16b\n\tfmov %0, d0\n\tmov x9, v0.d[1]\n\torr %0, %0, x9"
		: "=r"(value)
		:
		: "x9");
	return value;
}

int main(const char *arguments)
{
	u64 word = 3 * argument(arguments, "nonce"), low, high;

	if (hv8_getpid() == 1) {
		__asm__ volatile("dup v0.2d, %0\n\tdup v1.2d, %0\n\tdup v7.2d, %0\n\t"
		                 "dup v16.2d, %0\n\tdup v31.2d, %0"
		                 :
		                 : "r"(word));
		yield();
		__asm__ volatile("fmov %0, d31\n\tmov %1, v7.d[1]" : "=r"(low), "=r"(high));
		print("first, afterwards: ");
		print_hex(low);
		print(" ");
		print_hex(high);
	} else {
		print("second, at first sight: ");
		print_hex(any_bit());
		__asm__ volatile("dup v31.2d, %0\n\tdup v7.2d, %0" : : "r"(~word));
	}
	print("\n");
	return 0;
}
