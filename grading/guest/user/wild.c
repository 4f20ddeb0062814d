/*
 * Does one thing that faults and does not handle it: process 1 what fault=N in the arguments says,
 * process 2 the next one, and so on. The report has a product of the nonce in x9.
 */
#include "hv8.h"

#define AT(address, access)                                                           \
	do {                                                                          \
		register u64 x9 __asm__("x9") = mark;                                 \
		__asm__ volatile(access : : "r"(address), "r"(x9) : "x30", "memory"); \
	} while (0)

static u32 code[] = { 0xd65f03c0 }; /* ret, in data */

int main(const char *arguments)
{
	const u64 mark = argument(arguments, "nonce") * ((u64)hv8_getpid() + 2);

	print("about to fault\n");
	switch (argument(arguments, "fault") + (u64)hv8_getpid() - 1) {
	case 1:
		AT(0xdead0UL, "str x9, [%0]");
		break;
	case 2: /* its own text */
		AT(&main, "str w9, [%0]");
		break;
	case 3: /* its own data */
		AT(code, "blr %0");
		break;
	case 4: /* above TTBR0's range */
		AT(0xffff000000001000UL, "ldr xzr, [%0]");
		break;
	case 5: /* where the kernel is */
		AT(0x40201000UL, "ldr xzr, [%0]");
		break;
	case 6:
		__asm__ volatile("svc #3");
		break;
	case 7: /* an undefined instruction */
		__asm__ volatile(".inst 0");
		break;
	case 8: /* the UART */
		*(volatile u32 *)0x09000000UL = '!';
		break;
	case 9: /* no vectors at all: the kernel's report is what they had */
		__asm__ volatile("br %0" : : "r"(0x402UL));
		break;
	}
	print("still alive\n");
	return 0;
}
