/* Process N of several tries the Nth thing that a process may not do; the report has N + 2 times the nonce in x9. */
#include "hv8.h"

#define TRY(instruction)                                               \
	do {                                                           \
		register u64 x9 __asm__("x9") = mark;                  \
		__asm__ volatile(instruction : "+r"(value) : "r"(x9)); \
	} while (0)

int main(const char *arguments)
{
	u64 value = argument(arguments, "nonce");
	const u64 mark = value * ((u64)hv8_getpid() + 2);

	switch (hv8_getpid()) {
	case 1:
		TRY("msr ttbr0_el1, %0");
		break;
	case 2:
		TRY("msr tcr_el1, %0");
		break;
	case 3:
		TRY("msr sctlr_el1, xzr");
		break;
	case 4:
		TRY("msr mair_el1, %0");
		break;
	case 5:
		TRY("smc #0");
		break;
	case 6:
		TRY("msr mdscr_el1, %0");
		break;
	case 7:
		TRY("mrs %0, pmccntr_el0");
		break;
	case 8:
		TRY("msr pmcr_el0, %0");
		break;
	case 9:
		TRY("dc cisw, %0");
		break;
	case 10:
		TRY("mrs %0, cntp_ctl_el0");
		break;
	case 11:
		TRY("msr actlr_el1, %0");
		break;
	case 12:
		TRY("mrs %0, s3_0_c12_c12_0"); /* ICC_IAR1_EL1 */
		break;
	case 13:
		TRY("hvc #7");
		break;
	case 14:
		TRY("hvc #0x110"); /* one more than the vector page has */
		break;
	case 15:
		TRY("hvc #0xffff");
		break;
	}
	print("not denied\n");
	return 0;
}
