/*
 * Trapped system registers, in one table: what a process may do with each. A register that is not
 * in the table is denied under its generic name (S3_0_C1_C0_1 style, Arm ARM C5.1.2), so nothing is
 * allowed by being forgotten.
 */
#include <hv8/console.h>
#include <hv8/proc.h>
#include <hv8/sysreg.h>
#include <machine.h>
#if LAB >= 5
#include <hv8/irq.h>
#endif

#define ISS_SYSREG_MASK SYSREG(3, 7, 15, 15, 7)
#define ISS_READ        1
#define ISS_RT(iss)     (((iss) >> 5) & 0x1f)

static const struct {
	u32 encoding;
	const char *name;
} names[] = {
	/* HCR_EL2.TVM: the address space is the kernel's */
	{ SYSREG(3, 0, 1, 0, 0), "SCTLR_EL1" },
	{ SYSREG(3, 0, 2, 0, 0), "TTBR0_EL1" },
	{ SYSREG(3, 0, 2, 0, 1), "TTBR1_EL1" },
	{ SYSREG(3, 0, 2, 0, 2), "TCR_EL1" },
	{ SYSREG(3, 0, 10, 2, 0), "MAIR_EL1" },
	{ SYSREG(3, 0, 10, 3, 0), "AMAIR_EL1" },
	/* HCR_EL2.TACR */
	{ SYSREG(3, 0, 1, 0, 1), "ACTLR_EL1" },
	/* HCR_EL2.TSW */
	{ SYSREG(1, 0, 7, 6, 2), "DC ISW" },
	{ SYSREG(1, 0, 7, 10, 2), "DC CSW" },
	{ SYSREG(1, 0, 7, 14, 2), "DC CISW" },
	/* MDCR_EL2.TDA, TDOSA, TDRA */
	{ SYSREG(2, 0, 0, 2, 2), "MDSCR_EL1" },
	{ SYSREG(2, 0, 1, 0, 0), "MDRAR_EL1" },
	{ SYSREG(2, 0, 1, 0, 4), "OSLAR_EL1" },
	{ SYSREG(2, 0, 1, 1, 4), "OSLSR_EL1" },
	{ SYSREG(2, 0, 1, 3, 4), "OSDLR_EL1" },
	{ SYSREG(2, 0, 0, 0, 4), "DBGBVR0_EL1" },
	{ SYSREG(2, 0, 0, 0, 5), "DBGBCR0_EL1" },
	{ SYSREG(2, 0, 0, 0, 6), "DBGWVR0_EL1" },
	{ SYSREG(2, 0, 0, 0, 7), "DBGWCR0_EL1" },
	/* MDCR_EL2.TPM, TPMCR */
	{ SYSREG(3, 3, 9, 12, 0), "PMCR_EL0" },
	{ SYSREG(3, 3, 9, 12, 1), "PMCNTENSET_EL0" },
	{ SYSREG(3, 3, 9, 12, 2), "PMCNTENCLR_EL0" },
	{ SYSREG(3, 3, 9, 12, 5), "PMSELR_EL0" },
	{ SYSREG(3, 3, 9, 13, 0), "PMCCNTR_EL0" },
	{ SYSREG(3, 3, 9, 14, 0), "PMUSERENR_EL0" },
	{ SYSREG(3, 0, 9, 14, 1), "PMINTENSET_EL1" },
	/* CNTHCTL_EL2.EL1PCEN */
	{ SYSREG(3, 3, 14, 2, 0), "CNTP_TVAL_EL0" },
	{ SYSREG(3, 3, 14, 2, 1), "CNTP_CTL_EL0" },
	{ SYSREG(3, 3, 14, 2, 2), "CNTP_CVAL_EL0" },
	/* ICC_SRE_EL2.Enable, ICH_HCR_EL2.TC and TALL1, HCR_EL2.IMO */
	{ SYSREG(3, 0, 4, 6, 0), "ICC_PMR_EL1" },
	{ SYSREG(3, 0, 12, 11, 5), "ICC_SGI1R_EL1" },
	{ SYSREG(3, 0, 12, 12, 0), "ICC_IAR1_EL1" },
	{ SYSREG(3, 0, 12, 12, 1), "ICC_EOIR1_EL1" },
	{ SYSREG(3, 0, 12, 12, 4), "ICC_CTLR_EL1" },
	{ SYSREG(3, 0, 12, 12, 5), "ICC_SRE_EL1" },
	{ SYSREG(3, 0, 12, 12, 7), "ICC_IGRPEN1_EL1" },
};

/*
 * Registers that HCR_EL2.TVM traps although they belong to the process: a write goes through.
 */
USED_BY_HOLES static bool write_allowed(u32 encoding, u64 value)
{
	switch (encoding) {
	case SYSREG(3, 0, 5, 1, 0):
		write_sysreg(afsr0_el1, value);
		return true;
	case SYSREG(3, 0, 5, 1, 1):
		write_sysreg(afsr1_el1, value);
		return true;
	case SYSREG(3, 0, 5, 2, 0):
		write_sysreg(esr_el1, value);
		return true;
	case SYSREG(3, 0, 6, 0, 0):
		write_sysreg(far_el1, value);
		return true;
	case SYSREG(3, 0, 13, 0, 1):
		write_sysreg(contextidr_el1, value);
		return true;
#if LAB >= 5
	case SYSREG(3, 0, 12, 11, 5): /* ICC_SGI1R_EL1: HCR_EL2.IMO traps it too */
		return irq_send_sgi(value);
#endif
	}
	return false;
}

USED_BY_HOLES static void deny(u64 iss)
{
	const char *access = iss & ISS_READ ? "read" : "write";
	u32 encoding = (u32)iss & ISS_SYSREG_MASK, i;

#if LAB >= 5
	if (irq_first_use(encoding))
		return; /* the instruction is tried again */
#endif
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].encoding == encoding) {
			proc_kill("%s of %s is denied", access, names[i].name);
			return;
		}
	proc_kill("%s of S%u_%u_C%u_C%u_%u is denied", access, encoding >> 20 & 3,
	          encoding >> 14 & 7, encoding >> 10 & 15, encoding >> 1 & 15, encoding >> 17 & 7);
}

void sysreg_trap(struct trap_frame *frame, u64 iss)
{
#if SOLUTION >= 3
	u32 rt = ISS_RT(iss);
	u64 value = rt == 31 ? 0 : frame->x[rt]; /* register 31 is XZR here */

	if (!(iss & ISS_READ) && write_allowed((u32)iss & ISS_SYSREG_MASK, value))
		frame->elr += 4;
	else
		deny(iss);
#else
	/*
	 * LAB 3: a write that write_allowed() lets through is done by it; then the process goes on
	 * behind the instruction. Everything else is denied: deny(). The syndrome names the
	 * register that holds the value (ISS_RT); number 31 means XZR, not x[31], which is not in
	 * the frame.
	 * Read: Arm ARM D19.2, ESR_EL2, "ISS encoding for an exception from MSR, MRS, or System
	 * instruction execution".
	 */
	todo("sysreg_trap");
#endif
}
