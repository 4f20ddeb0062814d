/*
 * Does one thing that faults and does not handle it: process 1 what fault=N in the arguments says,
 * process 2 the next one, and so on.
 */
#include "hv8.h"

static u32 code[] = { 0xd65f03c0 }; /* ret, in data */

int main(const char *arguments)
{
	volatile u64 *wild = (u64 *)0xdead0;

	print("about to fault\n");
	switch (argument(arguments, "fault") + (u64)hv8_getpid() - 1) {
	case 1:
		*wild = 1;
		break;
	case 2: /* its own text */
		*(volatile u32 *)&main = 0;
		break;
	case 3: /* its own data */
		((void (*)(void))(u64)code)();
		break;
	case 4: /* above TTBR0's range */
		(void)*(volatile u64 *)0xffff000000001000UL;
		break;
	case 5: /* where the kernel is */
		(void)*(volatile u64 *)0x40201000UL;
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
