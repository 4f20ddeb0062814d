/* Process N of several tries the Nth thing that a process may not do. */
#include "hv8.h"

int main(const char *arguments)
{
	u64 value = argument(arguments, "nonce");

	switch (hv8_getpid()) {
	case 1:
		__asm__ volatile("msr ttbr0_el1, %0" : : "r"(value));
		break;
	case 2:
		__asm__ volatile("msr tcr_el1, %0" : : "r"(value));
		break;
	case 3:
		__asm__ volatile("msr sctlr_el1, xzr");
		break;
	case 4:
		__asm__ volatile("msr mair_el1, %0" : : "r"(value));
		break;
	case 5:
		__asm__ volatile("smc #0");
		break;
	case 6:
		__asm__ volatile("msr mdscr_el1, %0" : : "r"(value));
		break;
	case 7:
		__asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value));
		break;
	case 8:
		__asm__ volatile("msr pmcr_el0, %0" : : "r"(value));
		break;
	case 9:
		__asm__ volatile("dc cisw, %0" : : "r"(value));
		break;
	case 10:
		__asm__ volatile("mrs %0, cntp_ctl_el0" : "=r"(value));
		break;
	case 11:
		__asm__ volatile("msr actlr_el1, %0" : : "r"(value));
		break;
	case 12:
		__asm__ volatile("mrs %0, s3_0_c12_c12_0" : "=r"(value)); /* ICC_IAR1_EL1 */
		break;
	case 13:
		__asm__ volatile("hvc #7");
		break;
	}
	print("not denied\n");
	return 0;
}
