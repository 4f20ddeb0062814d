/* Syndromes in words (Arm ARM D19.2.37 ESR_EL1, D19.2.38 ESR_EL2). Tables only; knows nothing of who
 * faulted. */
#include <hv8/console.h>
#include <hv8/sysreg.h>
#include <hv8/trap.h>

static const char *const class_names[64] = {
	[0x00] = "unknown reason (an undefined instruction?)",
	[EC_WFX] = "WFI or WFE",
	[0x03] = "MCR or MRC access",
	[0x04] = "MCRR or MRRC access",
	[0x05] = "MCR or MRC access",
	[0x06] = "LDC or STC access",
	[EC_FP] = "floating point or SIMD, trapped",
	[0x08] = "VMRS access",
	[EC_PAUTH] = "pointer authentication, trapped",
	[0x0c] = "MRRC access",
	[0x0d] = "branch target exception",
	[EC_ILLEGAL_STATE] = "illegal execution state",
	[0x11] = "SVC, AArch32",
	[0x12] = "HVC, AArch32",
	[0x13] = "SMC, AArch32",
	[EC_SVC64] = "SVC",
	[EC_HVC64] = "HVC",
	[EC_SMC64] = "SMC",
	[EC_SYSREG] = "system register access",
	[EC_SVE] = "SVE, trapped",
	[0x1a] = "ERET, trapped",
	[0x1c] = "pointer authentication failure",
	[0x1d] = "SME, trapped",
	[EC_IABORT_LOWER] = "instruction abort from a lower level",
	[EC_IABORT] = "instruction abort",
	[EC_PC_ALIGN] = "PC alignment fault",
	[EC_DABORT_LOWER] = "data abort from a lower level",
	[EC_DABORT] = "data abort",
	[EC_SP_ALIGN] = "SP alignment fault",
	[0x28] = "floating-point exception, AArch32",
	[0x2c] = "floating-point exception",
	[EC_SERROR] = "SError",
	[0x30] = "breakpoint from a lower level",
	[0x31] = "breakpoint",
	[0x32] = "software step from a lower level",
	[0x33] = "software step",
	[EC_WATCHPOINT_LOWER] = "watchpoint from a lower level",
	[EC_WATCHPOINT] = "watchpoint",
	[0x38] = "BKPT, AArch32",
	[EC_BRK64] = "BRK",
};

/* The fault status code, DFSC or IFSC; levels are in bits 1:0 of the first four groups. */
static const char *const fault_names[64] = {
	[0x00] = "address size fault, level 0",
	[0x01] = "address size fault, level 1",
	[0x02] = "address size fault, level 2",
	[0x03] = "address size fault, level 3",
	[0x04] = "translation fault, level 0",
	[0x05] = "translation fault, level 1",
	[0x06] = "translation fault, level 2",
	[0x07] = "translation fault, level 3",
	[0x09] = "access flag fault, level 1",
	[0x0a] = "access flag fault, level 2",
	[0x0b] = "access flag fault, level 3",
	[0x0d] = "permission fault, level 1",
	[0x0e] = "permission fault, level 2",
	[0x0f] = "permission fault, level 3",
	[0x10] = "external abort",
	[0x11] = "tag check fault",
	[0x14] = "external abort on walk, level 0",
	[0x15] = "external abort on walk, level 1",
	[0x16] = "external abort on walk, level 2",
	[0x17] = "external abort on walk, level 3",
	[0x18] = "parity or ECC error",
	[0x21] = "alignment fault",
	[0x30] = "TLB conflict",
	[0x35] = "unsupported exclusive or atomic access",
};

static bool is_data_abort(u64 esr)
{
	return ESR_EC(esr) == EC_DABORT || ESR_EC(esr) == EC_DABORT_LOWER;
}

static bool is_abort(u64 esr)
{
	return is_data_abort(esr) || ESR_EC(esr) == EC_IABORT || ESR_EC(esr) == EC_IABORT_LOWER;
}

const char *esr_class(u64 esr)
{
	const char *name = class_names[ESR_EC(esr)];

	if (is_data_abort(esr))
		return esr & ISS_DABORT_WNR ? "data abort, write" : "data abort, read";
	return name ? name : "reserved exception class";
}

const char *esr_fault(u64 esr)
{
	const char *name = fault_names[esr & 0x3f];

	if (!is_abort(esr))
		return "";
	return name ? name : "reserved fault status";
}

bool esr_has_far(u64 esr)
{
	if (is_abort(esr))
		return !(esr & ISS_ABORT_FNV);
	return ESR_EC(esr) == EC_PC_ALIGN || ESR_EC(esr) == EC_WATCHPOINT_LOWER ||
	       ESR_EC(esr) == EC_WATCHPOINT;
}

void print_syndrome(const char *level, u64 esr, u64 far)
{
	printk("  ESR_%s 0x%08lx  %s%s%s\n", level, esr, esr_class(esr), is_abort(esr) ? ", " : "",
	       esr_fault(esr));
	if (esr_has_far(esr))
		printk("  FAR_%s 0x%016lx\n", level, far);
}
