/* A process that is a kernel: its own vectors, its own SVC, code of its own at EL0. The hypervisor
 * sees none of it. */
#include "hv8.h"

u64 caught[4]; /* ESR_EL1 and x0 of the SVC from EL1, then from EL0 */
static u8 el0_stack[512] __attribute__((aligned(16), used));

void own_vectors(void);
u64 svc_here(u64 value);
u64 svc_at_el0(u64 value);

__asm__("	.balign	2048\n"
        "own_vectors:\n"
        "	.org	own_vectors + 0x200\n"
        "	adrp	x16, caught\n" /* from EL1 */
        "	add	x16, x16, :lo12:caught\n"
        "	mrs	x17, esr_el1\n"
        "	stp	x17, x0, [x16]\n"
        "	add	x0, x0, #1\n"
        "	eret\n"
        "	.org	own_vectors + 0x400\n"
        "	adrp	x16, caught\n" /* from EL0: do not go back there, return from svc_at_el0()
                                        */
        "	add	x16, x16, :lo12:caught\n"
        "	mrs	x17, esr_el1\n"
        "	stp	x17, x0, [x16, #16]\n"
        "	add	x0, x0, #2\n"
        "	ldr	x30, [sp], #16\n"
        "	ret\n"
        "	.org	own_vectors + 0x800\n"
        "svc_here:\n"
        "	svc	#0x11\n"
        "	ret\n"
        "svc_at_el0:\n"
        "	str	x30, [sp, #-16]!\n"
        "	adr	x1, 1f\n"
        "	msr	elr_el1, x1\n"
        "	msr	spsr_el1, xzr\n"
        "	adrp	x1, el0_stack + 512\n"
        "	add	x1, x1, :lo12:el0_stack + 512\n"
        "	msr	sp_el0, x1\n"
        "	eret\n"
        "1:	stp	x0, x1, [sp, #-16]!\n" /* EL0 runs here */
        "	ldr	x0, [sp], #16\n"
        "	svc	#0x22\n");

int main(const char *arguments)
{
	u64 nonce = argument(arguments, "nonce"), here, at_el0;

	__asm__ volatile("msr vbar_el1, %0\n\tisb" : : "r"(own_vectors));
	here = svc_here(nonce);
	at_el0 = svc_at_el0(nonce);
	print("svc at EL1: ");
	print_hex(here);
	print(", class ");
	print_hex(caught[0] >> 26);
	print(" number ");
	print_hex(caught[0] & 0xffff);
	print("\nsvc at EL0: ");
	print_hex(at_el0);
	print(", class ");
	print_hex(caught[2] >> 26);
	print(" number ");
	print_hex(caught[2] & 0xffff);
	print("\n");
	return 0;
}
