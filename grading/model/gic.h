/*
 * What the files of the interrupt controller share:
 *
 *	gic.c		each interrupt: its state, its input, which one is signalled
 *	gic_mmio.c	the distributor, the redistributors, and where GICC and GICH are
 *	gic_bank.c	their registers for many interrupts each
 *	gic_cpu.c	the CPU interface: acknowledge, end, deactivate
 *	gic_virtual.c	list registers, the virtual CPU interface, maintenance
 *	gic_sysreg.c	how software reaches the last two
 *
 * Registers are named by their offsets in GICv2's GICC and GICH, also where GICv3 has a system
 * register instead.
 */
#pragma once

#include "inside.h"

#define NINTID      128 /* 16 SGIs, 16 PPIs, 96 SPIs */
#define MAINTENANCE 25
#define NOBODY      1023 /* what IAR returns if no interrupt is signalled */

/* Affinity 0.0.0.3, as MPIDR_EL1 says. A GICv2 numbers CPU interfaces as it likes. */
#define THIS_AFFINITY 3
#define THIS_CPU      2

/* Five bits of priority. Non-secure software sees the upper four, shifted (IHI 0069 4.8.6). */
#define PRIORITY_MASK (model.gic.single_security ? 0xf8u : 0xf0u)

struct line {
	bool enabled, active;
	bool latch; /* pending until acknowledged: an edge, or software */
	bool level; /* the input, now */
	bool edge;  /* its configuration */
	bool group1;
	u8 priority;
	u8 targets;   /* GICv2: of an SPI */
	u8 sources;   /* GICv2: of an SGI, the CPUs that have sent it and were not answered */
	u32 route[2]; /* GICv3: of an SPI, GICD_IROUTER */
};

struct intc {
	bool on;
	struct model_gic as; /* model.gic, since the first use */
	struct line line[NINTID];
	u32 ctlr;            /* GICD_CTLR, as this CPU sees it, without RWP and DS */
	int rwp, redist_rwp; /* reads of GICD_CTLR and GICR_CTLR until a change is done */
	bool asleep;         /* GICR_WAKER.ProcessorSleep */
	int waking;          /* reads of GICR_WAKER until ChildrenAsleep follows */
	/* The CPU interface */
	u32 sre_el2, sre_el1;
	int sre_isb; /* model.isb when SRE was set; -1: an ISB followed */
	u32 cpu_ctlr, pmr, bpr, enable;
	struct {
		u32 iar;
		u32 priority;
	} acked[32]; /* and priority not dropped, the last one is the most urgent */
	int nacked;
	int ignored; /* returns of wfi() since an interrupt was acknowledged */
};

extern struct intc intc;

static inline bool intc_v3(void)
{
	return model.gic.version == 3;
}

/* ---- gic.c ----------------------------------------------------------------------------------- */

/** Before any use: the controller has power, and is what model.gic says. */
void intc_power(void);

/** A value for a register that the manual calls UNKNOWN. */
u32 intc_unknown(void);

bool intc_pending(const struct line *line);

/** The group that software gets as IRQ by the plain IAR: 0 only on a GICv2 without Security. */
bool intc_irq_group(void);

/** The group of @p line, as this CPU sees it. */
bool intc_group(const struct line *line);

/** The INTID that the CPU interface would let through now, or -1; *@p irq: as IRQ, not FIQ. */
int intc_signalled(bool *irq);

/** The pending INTID of highest priority that is enabled, in an enabled group, for this CPU; -1. */
int intc_highest(void);

/** End the active state of @p intid; @p who wants that. */
void intc_deactivate(u32 intid, const char *who);

/* ---- gic_bank.c ------------------------------------------------------------------------------ */

enum bank {
	GROUP,
	SET_ENABLE,
	CLEAR_ENABLE,
	SET_PENDING,
	CLEAR_PENDING,
	SET_ACTIVE,
	CLEAR_ACTIVE,
	PRIORITY,
	TARGETS,
	CONFIG,
	MODIFIER,
};

/* What a banked register at @p offset is for. */
struct place {
	enum bank bank;
	u32 bits, first, count;
};

/** What is at @p offset of GICD or SGI_base? false: not such a register. */
bool bank_find(u32 offset, struct place *p);

u32 bank_read(const struct place *p);
void bank_write(const struct place *p, u32 value);

/* ---- gic_cpu.c ------------------------------------------------------------------------------- */

void cpuif_power(void);
u32 cpuif_running(void);

/** Which bits of a priority preempt. */
u32 cpuif_group_bits(void);

u64 cpuif_read(u32 reg);
void cpuif_write(u32 reg, u64 value);

#define CPU_CTLR  0x00
#define CPU_PMR   0x04
#define CPU_BPR   0x08
#define CPU_IAR   0x0c
#define CPU_EOIR  0x10
#define CPU_RPR   0x14
#define CPU_HPPIR 0x18
#define CPU_APR   0xd0
#define CPU_IIDR  0xfc
#define CPU_DIR   0x1000

/* ---- gic_virtual.c --------------------------------------------------------------------------- */

void virtual_power(void);

/** List registers in GICv3's format, whatever the version. */
u64 virtual_read(u32 reg);
void virtual_write(u32 reg, u64 value);

#define VIRT_HCR   0x00
#define VIRT_VTR   0x04
#define VIRT_VMCR  0x08
#define VIRT_MISR  0x10
#define VIRT_EISR  0x20
#define VIRT_ELRSR 0x30
#define VIRT_AP0   0xf0
#define VIRT_AP1   0xf4
#define VIRT_LR    0x100 /* and on, 4 bytes each */

/* ---- gic_sysreg.c ---------------------------------------------------------------------------- */

u32 gicc_read(u32 offset);
void gicc_write(u32 offset, u32 value);

/** List registers in GICv2's format. */
u32 gich_read(u32 offset);
void gich_write(u32 offset, u32 value);
