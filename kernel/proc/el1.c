/*
 * What EL1 may do: the EL2 controls, each register written whole and each field named, so that
 * nothing stays as firmware left it (UEFI leaves HCR_EL2.TGE set) and nothing that the kernel does
 * not know is open to a process.
 */
#include <hv8/console.h>
#include <hv8/proc.h>
#include <hv8/sysreg.h>
#include <hv8/vm.h>
#include <machine.h>

/* How many event counters the CPU has, for MDCR_EL2.HPMN: fewer would be unpredictable without
 * FEAT_HPMN0. */
USED_BY_HOLES static u64 event_counters(void)
{
	u64 pmu = ID_FIELD(read_sysreg(id_aa64dfr0_el1), 8);

	return pmu == 0 || pmu == 15 ? 0 : read_sysreg(pmcr_el0) >> 11 & MDCR_EL2_HPMN_MASK;
}

/*
 * Controls that exist only on newer cores, and the GIC's; registers by encoding, since older assemblers
 * do not know their names. At reset they are UNKNOWN.
 */
static void configure_newer(void)
{
	const u64 features = read_sysreg(id_aa64pfr0_el1);

	if (ID_FIELD(features, ID_AA64PFR0_RAS))
		write_sysreg(s3_4_c5_c2_3, 0); /* VSESR_EL2 */
	if (ID_FIELD(features, ID_AA64PFR0_MPAM))
		write_sysreg(s3_4_c10_c5_0, BIT(48) | BIT(49)); /* MPAM2_EL2: trap EL1 and EL0 */
	if (ID_FIELD(read_sysreg(id_aa64mmfr1_el1), ID_AA64MMFR1_HCX))
		write_sysreg(s3_4_c1_c2_2, 0); /* HCRX_EL2: nothing of Armv8.7 and later for EL1 */
	if (ID_FIELD(read_sysreg(id_aa64mmfr0_el1), ID_AA64MMFR0_FGT)) {
		/* Zero adds no trap for old registers, and traps what newer features add. */
		write_sysreg(s3_4_c1_c1_4, 0); /* HFGRTR_EL2 */
		write_sysreg(s3_4_c1_c1_5, 0); /* HFGWTR_EL2 */
		write_sysreg(s3_4_c1_c1_6, 0); /* HFGITR_EL2 */
		write_sysreg(s3_4_c3_c1_4, 0); /* HDFGRTR_EL2 */
		write_sysreg(s3_4_c3_c1_5, 0); /* HDFGWTR_EL2 */
	}
	if (ID_FIELD(features, ID_AA64PFR0_GIC)) {
		/*
		 * The GICv3 CPU interface (IHI 0069, ICC_SRE_EL2 and ICH_HCR_EL2) is closed to EL1,
		 * and signals nothing: a process must not stop the kernel with its virtual timer.
		 */
		write_sysreg(s3_4_c12_c9_5, BIT(0) | BIT(1) | BIT(2)); /* SRE, DFB, DIB */
		isb();
		write_sysreg(s3_4_c12_c11_0, BIT(10) | BIT(11) | BIT(12)); /* TC, TALL0, TALL1 */
		write_sysreg(s3_0_c12_c12_7, 0);                           /* ICC_IGRPEN1_EL1 */
	}
}

void el1_configure(void)
{
#if SOLUTION >= 3
	write_sysreg(hcr_el2,
		     HCR_EL2_RW    |  /* EL1 is AArch64 */
		     HCR_EL2_FMO   |  /* physical FIQs, IRQs and SErrors come here */
		     HCR_EL2_IMO   |
		     HCR_EL2_AMO   |
		     HCR_EL2_TWI   |  /* WFI lets another process run */
		     HCR_EL2_TVM   |  /* EL1 must not move its own page tables */
		     HCR_EL2_TSC   |  /* no firmware calls from a process */
		     HCR_EL2_TIDCP |  /* nor implementation-defined registers */
		     HCR_EL2_TACR  |  /* nor ACTLR_EL1 */
		     HCR_EL2_TSW   |  /* set/way operations reach other processes' lines */
		     HCR_EL2_TLOR  |  /* nor LORegions */
		     HCR_EL2_TERR     /* nor RAS records */
	);
	write_sysreg(cptr_el2,
		     CPTR_EL2_RES1 |
		     CPTR_EL2_TFP  |  /* FP registers hold another process's values until first use */
		     CPTR_EL2_TZ   |  /* no SVE: its state is not switched */
		     CPTR_EL2_TSM  |  /* nor SME */
		     CPTR_EL2_TTA  |  /* no trace */
		     CPTR_EL2_TAM     /* no activity monitors */
	);
	write_sysreg(mdcr_el2,
		     MDCR_EL2_TPM   | /* no performance monitors: they see all processes */
		     MDCR_EL2_TPMCR |
		     MDCR_EL2_TDA   | /* no debug registers */
		     MDCR_EL2_TDOSA |
		     MDCR_EL2_TDRA  |
		     MDCR_EL2_TPMS  | /* no statistical profiling */
		     MDCR_EL2_TTRF  | /* no trace filter */
		     event_counters() /* HPMN */
	);
	/* The counter may be read; the EL1 physical timer traps. */
	write_sysreg(cnthctl_el2, CNTHCTL_EL2_EL1PCTEN);
	write_sysreg(sctlr_el1,
		     SCTLR_EL1_RES1 |
		     SCTLR_ELx_M    | /* a process always runs translated */
		     SCTLR_ELx_C    |
		     SCTLR_ELx_I    |
		     SCTLR_ELx_SA   | /* its stack is aligned, at EL1 and EL0 */
		     SCTLR_EL1_SA0  |
		     SCTLR_EL1_DZE  | /* harmless at EL0 */
		     SCTLR_EL1_UCT  |
		     SCTLR_EL1_UCI  |
		     SCTLR_EL1_nTWI |
		     SCTLR_EL1_nTWE |
		     SCTLR_ELx_WXN    /* writable means never executable */
	);
	write_sysreg(tcr_el1, vm_tcr());
#else
	/*
	 * LAB 3: write six registers whole, each as the OR of named fields (hv8/sysreg.h), with why:
	 *
	 *	HCR_EL2		EL1 is AArch64; IRQ, FIQ and SError to EL2; trap WFI, writes of
	 *			translation registers, SMC, implementation-defined registers,
	 *			ACTLR_EL1, set/way operations, LORegions, RAS records
	 *	CPTR_EL2	reserved ones; trap FP, SVE, SME, trace, activity monitors
	 *	MDCR_EL2	trap PMU, debug, OS lock, debug ROM, profiling, trace filter;
	 *			HPMN = event_counters()
	 *	CNTHCTL_EL2	EL1 may read the counter, not use the physical timer
	 *	SCTLR_EL1	reserved ones, MMU, caches, stack alignment (EL1 and EL0), DZE, UCT,
	 *			UCI, nTWI, nTWE, WXN
	 *	TCR_EL1		vm_tcr()
	 *
	 * Read: Arm ARM D19.2.48, D19.2.31, D19.3.17, D19.12.2, D19.2.124. Checked from outside,
	 * field by field, and by processes that try each thing that must not be.
	 */
	todo("el1_configure");
#endif
	write_sysreg(mair_el1, MAIR_VALUE);
	write_sysreg(ttbr1_el1, 0);
	write_sysreg(amair_el1, 0);
	write_sysreg(mdscr_el1, 0);
	write_sysreg(hstr_el2, 0);
	write_sysreg(vttbr_el2, 0);      /* VMID 0, the only one */
	write_sysreg(vtcr_el2, BIT(31)); /* reserved, one; stage 2 is off */
	write_sysreg(cntvoff_el2, 0);
	write_sysreg(vpidr_el2, read_sysreg(midr_el1)); /* UNKNOWN at reset, and what EL1 reads as its own */
	write_sysreg(vmpidr_el2, read_sysreg(mpidr_el1));
	configure_newer();
	isb();
	tlbi_vmalle1is();
}
