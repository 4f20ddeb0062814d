/*
 * System-register fields, spelled as the Arm ARM (DDI 0487, issue J.a) spells them, one macro a field; the
 * section that describes the register stands above its fields. Shared by C and assembly. Only
 * fields that hv8 writes or decodes are here.
 */
#pragma once

#ifdef __ASSEMBLER__
#define BIT(n)              (1 << (n))
#define FIELD(value, shift) ((value) << (shift))
#else
#define BIT(n)              (1UL << (n))              /* bit n */
#define FIELD(value, shift) ((u64)(value) << (shift)) /* a field whose lowest bit is `shift` */
#endif

/* D19.2.48 HCR_EL2, Hypervisor Configuration Register */
#define HCR_EL2_FMO    BIT(3)  /* physical FIQs come to EL2, virtual ones exist */
#define HCR_EL2_IMO    BIT(4)  /* physical IRQs come to EL2, virtual ones exist */
#define HCR_EL2_AMO    BIT(5)  /* physical SErrors come to EL2, virtual ones exist */
#define HCR_EL2_TWI    BIT(13) /* trap WFI */
#define HCR_EL2_TIDCP  BIT(20) /* trap implementation-defined registers */
#define HCR_EL2_TSC    BIT(19) /* trap SMC */
#define HCR_EL2_TACR   BIT(21) /* trap ACTLR_EL1 */
#define HCR_EL2_TSW    BIT(22) /* trap cache maintenance by set and way */
#define HCR_EL2_TVM    BIT(26) /* trap writes of the translation registers */
#define HCR_EL2_RW_BIT 31      /* the number of RW */
#define HCR_EL2_RW     BIT(31) /* EL1 is AArch64 */
#define HCR_EL2_TLOR   BIT(35) /* trap the LORegion registers */
#define HCR_EL2_TERR   BIT(36) /* trap the RAS error records */

/* D19.2.31 CPTR_EL2, Architectural Feature Trap Register, with HCR_EL2.E2H = 0 */
#define CPTR_EL2_RES1 0x22ff  /* bits 13, 9 and 7:0 */
#define CPTR_EL2_TZ   BIT(8)  /* trap SVE */
#define CPTR_EL2_TFP  BIT(10) /* trap floating point and SIMD */
#define CPTR_EL2_TSM  BIT(12) /* trap SME */
#define CPTR_EL2_TTA  BIT(20) /* trap the trace registers */
#define CPTR_EL2_TAM  BIT(30) /* trap the activity monitors */

/* D19.3.17 MDCR_EL2, Monitor Debug Configuration Register */
#define MDCR_EL2_HPMN_MASK 0x1fUL  /* how many event counters EL1 has */
#define MDCR_EL2_TPMCR     BIT(5)  /* trap PMCR_EL0 */
#define MDCR_EL2_TPM       BIT(6)  /* trap the performance monitors */
#define MDCR_EL2_TDA       BIT(9)  /* trap debug registers */
#define MDCR_EL2_TDOSA     BIT(10) /* trap the OS lock and powerdown registers */
#define MDCR_EL2_TDRA      BIT(11) /* trap the debug ROM address registers */
#define MDCR_EL2_TPMS      BIT(14) /* trap the statistical profiling controls */
#define MDCR_EL2_TTRF      BIT(19) /* trap the trace filter controls */

/* D19.12.2 CNTHCTL_EL2, Counter-timer Hypervisor Control, with HCR_EL2.E2H = 0 */
#define CNTHCTL_EL2_EL1PCTEN BIT(0) /* EL1 may read the physical counter */
#define CNTHCTL_EL2_EL1PCEN  BIT(1) /* EL1 may use the physical timer */

#if LAB >= 6
/* D19.12.6 CNTHP_CTL_EL2, D19.12.15 CNTP_CTL_EL0 */
#define CNT_CTL_ENABLE BIT(0) /* the timer runs */
#define CNT_CTL_IMASK  BIT(1) /* expired, it does not interrupt */
#endif

/* D19.2.124 SCTLR_EL1, D19.2.125 SCTLR_EL2, System Control Registers */
#define SCTLR_ELx_M    BIT(0)     /* MMU */
#define SCTLR_ELx_A    BIT(1)     /* alignment checks */
#define SCTLR_ELx_C    BIT(2)     /* data cache */
#define SCTLR_ELx_SA   BIT(3)     /* stack alignment check */
#define SCTLR_ELx_I    BIT(12)    /* instruction cache */
#define SCTLR_ELx_WXN  BIT(19)    /* writable means never executable */
#define SCTLR_EL2_RES1 0x30c50830 /* reserved, one */
#define SCTLR_EL1_SA0  BIT(4)     /* stack alignment check at EL0 */
#define SCTLR_EL1_DZE  BIT(14)    /* EL0 may DC ZVA */
#define SCTLR_EL1_UCT  BIT(15)    /* EL0 may read CTR_EL0 */
#define SCTLR_EL1_nTWI BIT(16)    /* EL0 WFI is not taken to EL1 */
#define SCTLR_EL1_nTWE BIT(18)    /* EL0 WFE is not taken to EL1 */
#define SCTLR_EL1_UCI  BIT(26)    /* EL0 may do cache maintenance by address */
#define SCTLR_EL1_RES1 \
	0x30d00800 /* EOS, TSCXT, EIS, SPAN, nTLSMD, LSMAOE: reserved, or the old behaviour */

/* D19.2.140 TCR_EL2, Translation Control Register */
#define TCR_T0SZ(bits)    FIELD(64 - (bits), 0) /* size of the address range */
#define TCR_IRGN0_WBWA    FIELD(1, 8)           /* table walks: inner write-back */
#define TCR_ORGN0_WBWA    FIELD(1, 10)          /* and outer */
#define TCR_SH0_INNER     FIELD(3, 12)          /* and inner shareable */
#define TCR_TG0_4K        FIELD(0, 14)          /* 4 KiB granule */
#define TCR_EL2_PS(range) FIELD(range, 16)      /* output address size */
#define TCR_EL2_RES1      (BIT(31) | BIT(23))   /* reserved, one */
/* D19.2.139 TCR_EL1 */
#define TCR_EL1_T1SZ(bits) FIELD(64 - (bits), 16) /* size of the upper address range */
#define TCR_EL1_EPD1       BIT(23)                /* TTBR1_EL1 is never walked */
#define TCR_EL1_TG1_4K     FIELD(2, 30)           /* its granule: 4 KiB */
#define TCR_EL1_IPS(range) FIELD(range, 32)       /* output address size */
#define TCR_EL1_AS         BIT(36)                /* 16-bit ASIDs */

/* D19.2.100 and 101 MAIR_ELx: one byte for each attribute index */
#define MAIR_NORMAL 0 /* index of normal write-back memory */
#define MAIR_DEVICE 1 /* index of Device-nGnRE */
/* The whole register */
#define MAIR_VALUE (FIELD(0xff, 8 * MAIR_NORMAL) | FIELD(0x04, 8 * MAIR_DEVICE))

/* D8.3 VMSAv8-64 translation table format, 4 KiB granule */
#define PTE_VALID       BIT(0)             /* clear: the walk ends here, with a fault */
#define PTE_TABLE       BIT(1)             /* levels 0-2: next table; level 3: page */
#define PTE_ATTR(index) FIELD(index, 2)    /* AttrIndx: which byte of MAIR_ELx */
#define PTE_AP1         BIT(6)             /* EL0 may access; reserved, one, at EL2 */
#define PTE_AP2_RO      BIT(7)             /* read-only */
#define PTE_SH_INNER    FIELD(3, 8)        /* inner shareable */
#define PTE_AF          BIT(10)            /* accessed; no access flag fault */
#define PTE_NG          BIT(11)            /* translation belongs to one ASID */
#define PTE_PXN         BIT(53)            /* EL1 never executes */
#define PTE_XN          BIT(54)            /* EL2 never executes; UXN: EL0 never executes */
#define PTE_ADDRESS     0x0000fffffffff000 /* bits 47:12: the next table, or what is mapped */

/* D19.2.38 ESR_ELx, Exception Syndrome Register */
#define ESR_EC_SHIFT        26                               /* lowest bit of the exception class */
#define ESR_EC(esr)         (((esr) >> ESR_EC_SHIFT) & 0x3f) /* exception class: EC_ */
#define ESR_IL              BIT(25)                          /* the instruction has 32 bits */
#define ESR_ISS(esr)        ((esr)&0x1ffffff)                /* instruction-specific syndrome */
#define EC_WFX              0x01                             /* WFI or WFE, trapped */
#define EC_FP               0x07                             /* FP or SIMD, trapped */
#define EC_PAUTH            0x09                             /* pointer authentication, trapped */
#define EC_ILLEGAL_STATE    0x0e                             /* illegal execution state */
#define EC_SVC64            0x15                             /* SVC */
#define EC_HVC64            0x16                             /* HVC */
#define EC_SMC64            0x17                             /* SMC, trapped */
#define EC_SYSREG           0x18 /* MSR, MRS or a system instruction, trapped */
#define EC_SVE              0x19 /* SVE, trapped */
#define EC_IABORT_LOWER     0x20 /* instruction abort from a lower level */
#define EC_IABORT           0x21 /* the same from this level */
#define EC_PC_ALIGN         0x22 /* the PC is misaligned */
#define EC_DABORT_LOWER     0x24 /* data abort from a lower level */
#define EC_DABORT           0x25 /* the same from this level */
#define EC_SP_ALIGN         0x26 /* the stack pointer is misaligned */
#define EC_SERROR           0x2f /* SError */
#define EC_WATCHPOINT_LOWER 0x34 /* watchpoint at a lower level */
#define EC_WATCHPOINT       0x35 /* the same at this level */
#define EC_BRK64            0x3c /* BRK */
#define ESR_HVC0            (FIELD(EC_HVC64, ESR_EC_SHIFT) | ESR_IL) /* "hvc #0" */
/* "ISS encoding for an exception from MSR, MRS, or System instruction": which register */
#define SYSREG(op0, op1, crn, crm, op2) \
	((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define ISS_DABORT_WNR BIT(6)  /* it was a write */
#define ISS_ABORT_FNV  BIT(10) /* FAR is not valid */

/* C5.2 SPSR_EL2, Saved Program Status */
#define SPSR_EL1H 0x5           /* EL1, with its own stack pointer */
#define SPSR_DAIF FIELD(0xf, 6) /* every exception masked */

/* D19.2.64 ID_AA64MMFR0_EL1, D19.2.69 ID_AA64PFR0_EL1 and others: 4-bit fields */
#define ID_FIELD(value, shift) (((value) >> (shift)) & 0xf) /* one of them */
#define ID_AA64MMFR0_PARANGE   0                            /* size of physical addresses */
#define ID_AA64MMFR0_ASIDBITS  4                            /* 0: 8 bits, 2: 16 bits */
#define ID_AA64MMFR0_FGT       56                           /* fine-grained traps */
#define ID_AA64MMFR1_HCX       40                           /* HCRX_EL2 */
#define ID_AA64PFR0_RAS        28                           /* error records */
#define ID_AA64PFR0_MPAM       40                           /* memory partitioning */
#define ID_AA64PFR0_GIC        24                           /* system registers of a GIC */

/* How a process came into the kernel: from el1.S to trap_el1(). */
#define TRAP_SYNC   0 /* by what it did */
#define TRAP_IRQ    1 /* by an IRQ or FIQ */
#define TRAP_SERROR 2 /* by an SError */
