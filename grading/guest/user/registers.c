/* All general registers and the flags before and after the three ways into the kernel and back: a
 * hypercall, a WFI, an emulated MSR. */
#include "hv8.h"

#define FLAGS 31
u64 before[32], after[32]; /* x0-x30, NZCV */

/* void enter_KIND(void): load flags and x0-x30 from before[], execute one instruction, store them to
 * after[]. */
#define ENTER(kind, instruction)                                                                              \
	void enter_##kind(void);                                                                              \
	__asm__("enter_" #kind ":\n"                                                                          \
	        "stp x29, x30, [sp, #-96]!\n"                                                                 \
	        "stp x19, x20, [sp, #16]\nstp x21, x22, [sp, #32]\nstp x23, x24, [sp, #48]\n"                 \
	        "stp x25, x26, [sp, #64]\nstp x27, x28, [sp, #80]\n"                                          \
	        "adrp x30, before\nadd x30, x30, :lo12:before\n"                                              \
	        "ldr x0, [x30, #248]\nmsr nzcv, x0\n"                                                         \
	        "ldp x0, x1, [x30]\nldp x2, x3, [x30, #16]\nldp x4, x5, [x30, #32]\nldp x6, x7, [x30, #48]\n" \
	        "ldp x8, x9, [x30, #64]\nldp x10, x11, [x30, #80]\nldp x12, x13, [x30, #96]\n"                \
	        "ldp x14, x15, [x30, #112]\nldp x16, x17, [x30, #128]\nldp x18, x19, [x30, #144]\n"           \
	        "ldp x20, x21, [x30, #160]\nldp x22, x23, [x30, #176]\nldp x24, x25, [x30, #192]\n"           \
	        "ldp x26, x27, [x30, #208]\nldp x28, x29, [x30, #224]\nldr x30, [x30, #240]\n" instruction    \
	        "\n"                                                                                          \
	        "str x30, [sp, #-16]!\n"                                                                      \
	        "adrp x30, after\nadd x30, x30, :lo12:after\n"                                                \
	        "stp x0, x1, [x30]\nstp x2, x3, [x30, #16]\nstp x4, x5, [x30, #32]\nstp x6, x7, [x30, #48]\n" \
	        "stp x8, x9, [x30, #64]\nstp x10, x11, [x30, #80]\nstp x12, x13, [x30, #96]\n"                \
	        "stp x14, x15, [x30, #112]\nstp x16, x17, [x30, #128]\nstp x18, x19, [x30, #144]\n"           \
	        "stp x20, x21, [x30, #160]\nstp x22, x23, [x30, #176]\nstp x24, x25, [x30, #192]\n"           \
	        "stp x26, x27, [x30, #208]\nstp x28, x29, [x30, #224]\n"                                      \
	        "ldr x0, [sp], #16\nstr x0, [x30, #240]\n"                                                    \
	        "mrs x0, nzcv\nstr x0, [x30, #248]\n"                                                         \
	        "ldp x19, x20, [sp, #16]\nldp x21, x22, [sp, #32]\nldp x23, x24, [sp, #48]\n"                 \
	        "ldp x25, x26, [sp, #64]\nldp x27, x28, [sp, #80]\nldp x29, x30, [sp], #96\n"                 \
	        "ret\n")

ENTER(hypercall, "hvc #0");
ENTER(nosys, "hvc #0");
ENTER(wfi, "wfi");
ENTER(msr, "msr contextidr_el1, x17");

static char text[] = "-- printed -- \n";

static void run(const char *what, void (*enter)(void), u64 nonce, u64 number, bool has_result)
{
	int i, lost = -1;

	for (i = 0; i < 31; i++) {
		before[i] = (nonce ^ 0x5555) * (2UL * i + 1);
		after[i] = 0;
	}
	before[FLAGS] = (1 + nonce % 15) << 28;
	after[FLAGS] = 0;
	before[8] = number;
	if (number == HC_console_write) { /* whose handler uses more registers than getpid's */
		before[0] = (u64)text;
		before[1] = sizeof(text) - 1;
	}
	enter();
	for (i = has_result; i < 32; i++)
		if (after[i] != before[i])
			lost = i;
	print(what);
	if (lost == FLAGS) {
		print(": lost the flags");
	} else if (lost >= 0) {
		print(": lost x");
		print_decimal(lost);
	} else {
		print(": all kept");
	}
	if (has_result) {
		print(", x0 is ");
		print_decimal((i64)after[0]);
	}
	print("\n");
}

int main(const char *arguments)
{
	u64 nonce = argument(arguments, "nonce"), id;

	run("hypercall", enter_hypercall, nonce, HC_getpid, true);
	run("busy hypercall", enter_hypercall, nonce, HC_console_write, true);
	run("unknown hypercall", enter_nosys, nonce, 12345, true);
	run("wfi", enter_wfi, nonce, 0, false);
	run("msr", enter_msr, nonce, 0, false);
	__asm__("mrs %0, contextidr_el1" : "=r"(id));
	print("contextidr: ");
	print_hex(id);
	print("\n");
	return 0;
}
