/* Process N of several tries the Nth register of a GICv3 that is not for processes; the first sends SGIs to others, then
 * 16 to itself, as the nonce says. The report has N times the nonce in x9. */
#include "irqs.h"

#define TRY(instruction)                                               \
	do {                                                           \
		register u64 x9 __asm__("x9") = mark;                  \
		__asm__ volatile(instruction : "+r"(value) : "r"(x9)); \
	} while (0)
#define READ(reg)  TRY("mrs %0, " #reg)
#define WRITE(reg) TRY("msr " #reg ", %0")

static volatile u64 taken;

static void handler(u64 intid)
{
	taken = taken << 4 | intid;
}

static void send(u64 value)
{
	__asm__ volatile("msr s3_0_c12_c11_5, %0\n\tisb" : : "r"(value)); /* ICC_SGI1R_EL1 */
	irq_window();
}

/* IHI 0069 12.2.20: Aff3 55:48, RS 47:44, IRM 40, Aff2 39:32, INTID 27:24, Aff1 23:16, the target list 15:0. */
static void others(u64 nonce)
{
	u64 k;

	irq_begin_or_end(handler);
	send(3UL << 24 | 1UL << 40 | 1); /* all but me */
	send(3UL << 24 | 0xfffe);        /* other CPUs of my cluster */
	send(3UL << 24 | 1 | 1UL << 16); /* another cluster */
	send(3UL << 24 | 1 | 1UL << 32);
	send(3UL << 24 | 1 | 1UL << 48);
	send(3UL << 24 | 1 | 1UL << 44); /* CPU 16 */
	send(3UL << 24);                 /* nobody */
	send(5UL << 24 | 1);
	send(6UL << 24 | 0xffff);
	line_hex("sent to me", taken);
	for (k = 0; k < 16; k++)
		send(digit(nonce, k) << 24 | 1);
	line_hex("in turn", 3 * taken);
}

int main(const char *arguments)
{
	u64 value = argument(arguments, "nonce");
	const u64 mark = value * (u64)hv8_getpid();

	switch (hv8_getpid()) {
	case 1:
		others(value);
		return 0;
	case 2:
		READ(s3_0_c12_c8_0); /* ICC_IAR0_EL1 */
		break;
	case 3:
		WRITE(s3_0_c12_c8_1); /* ICC_EOIR0_EL1 */
		break;
	case 4:
		WRITE(s3_0_c12_c8_3); /* ICC_BPR0_EL1 */
		break;
	case 5:
		READ(s3_0_c12_c8_4); /* ICC_AP0R0_EL1 */
		break;
	case 6:
		WRITE(s3_0_c12_c12_6); /* ICC_IGRPEN0_EL1 */
		break;
	case 7:
		WRITE(s3_0_c12_c11_7); /* ICC_SGI0R_EL1 */
		break;
	case 8:
		WRITE(s3_0_c12_c11_6); /* ICC_ASGI1R_EL1 */
		break;
	case 9:
		WRITE(s3_4_c12_c11_0); /* ICH_HCR_EL2 */
		break;
	case 10:
		READ(s3_4_c12_c9_5); /* ICC_SRE_EL2 */
		break;
	}
	print("not denied\n");
	return 0;
}
