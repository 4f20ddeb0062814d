/*
 * The interrupt controller: one small interface over GICv3 (gicv3.c: system registers and redistributors, IHI 0069)
 * and GICv2 (gicv2.c: GICC and GICH, IHI 0048). gic.c has what is the same in both, and chooses by the device tree.
 *
 * Every physical interrupt comes to EL2. Priority drop and deactivation are two steps (EOImode 1): an interrupt
 * that a process handles is dropped here at once and stays active until that process's own end of interrupt
 * deactivates it, through a list register with HW = 1.
 *
 * A list register's value has GICv3's format everywhere (IHI 0069, 12.4 ICH_LR<n>_EL2); gicv2.c translates.
 */
#pragma once

#include <hv8/types.h>

#define GIC_NLR_MAX  16   /* list registers that are used, at most */
#define GIC_SPURIOUS 1020 /* from here on an INTID says "none" */

/* IHI 0069, 12.4 ICH_LR<n>_EL2 */
#define LR_PENDING        (1UL << 62)              /* to be taken */
#define LR_ACTIVE         (1UL << 63)              /* acknowledged, not ended */
#define LR_STATE          (LR_PENDING | LR_ACTIVE) /* both clear: the register is empty */
#define LR_HW             (1UL << 61)              /* ends the physical interrupt, too */
#define LR_GROUP1         (1UL << 60)              /* signalled as an IRQ */
#define LR_PRIORITY_SHIFT 48                       /* lowest bit of the priority */
#define LR_EOI            (1UL << 41) /* HW = 0: its end raises a maintenance interrupt */
#define LR_PHYSICAL_SHIFT 32          /* HW = 1: pINTID */
#define LR_INTID(lr)      ((intid_t)((lr)&0x3ff))                   /* vINTID */
#define LR_PRIORITY(lr)   ((u32)((lr) >> LR_PRIORITY_SHIFT) & 0xff) /* lower comes first */
#define PRIORITY_MASK     0xf8 /* every GIC with list registers has five bits */

/* IHI 0069, 12.4 ICH_HCR_EL2; the low bits are GICH_HCR's too */
#define ICH_HCR_EN    (1UL << 0) /* virtual interrupts are signalled */
#define ICH_HCR_UIE   (1UL << 1) /* maintenance interrupt when at most one list register is valid */
#define ICH_HCR_NPIE  (1UL << 3) /* ... when none is pending */
#define ICH_HCR_TC    (1UL << 10) /* trap EL1's ICC_PMR, RPR, CTLR, DIR... */
#define ICH_HCR_TALL0 (1UL << 11) /* trap its group 0 registers */
#define ICH_HCR_TALL1 (1UL << 12) /* trap its group 1 registers */

/* What EL1's virtual CPU interface holds beside the list registers. */
struct gic_virtual {
	u32 vmcr;  /* IHI 0069, 12.4 ICH_VMCR_EL2: mask, enables */
	u32 ap[4]; /* active priorities; GICv3 may have four registers, GICv2 has one */
};

/* The controller of this board, and where its registers are. */
struct gic {
	int version; /* 2, 3; 0: there is none, or irq=off */
	u32 lines;   /* INTIDs below this exist, at most 1020 */
	int nlr;     /* list registers, 1..GIC_NLR_MAX */
	int nap;     /* active priority registers: 1, 2, 4 */
	pa_t dist;   /* GICD */
	pa_t redist; /* GICv3: this CPU's redistributor (RD_base) */
	pa_t cpu;    /* GICv2: GICC */
	pa_t hyp;    /* GICv2: GICH */
	pa_t vcpu;   /* GICv2: GICV, which a process may map */
};

extern struct gic gic; /* set by gic_init() */

/**
 * Set up distributor and this CPU's interface from scratch, whatever firmware left: every interrupt disabled, not
 * pending, not active, of one priority, for this CPU.
 *
 * @return NULL, or why there will be no interrupts, in words
 */
const char *gic_init(void);

/** Let @p intid signal. SPIs are for all CPUs, lower INTIDs for this one. */
void gic_enable(intid_t intid);

/** Let @p intid signal no more. */
void gic_disable(intid_t intid);

/** Make the disabled SPI @p intid edge-triggered, or level-sensitive unless @p edge. */
void gic_configure(intid_t intid, bool edge);

/** Let the disabled @p intid be signalled before all that are not urgent. */
void gic_urgent(intid_t intid);

/** Make @p intid pending, as its device would. */
void gic_pend(intid_t intid);

/** Make @p intid active, whoever acknowledged it. While it is active it is not signalled. */
void gic_activate(intid_t intid);

/** Make @p intid inactive, whoever acknowledged it. */
void gic_inactivate(intid_t intid);

/** Disable @p intid, and forget that it was pending or active. */
void gic_forget(intid_t intid);

/*
 * What the two backends do differently: gic_NAME() is gicv3_NAME() or gicv2_NAME().
 */
#define GIC_BACKEND(type, name, parameters, arguments)                                     \
	type gicv3_##name parameters;                                                      \
	type gicv2_##name parameters;                                                      \
	static inline type gic_##name parameters                                           \
	{                                                                                  \
		return gic.version == 3 ? gicv3_##name arguments : gicv2_##name arguments; \
	}

/** Find this CPU's registers and set up its interface. @return NULL, or what is wrong, in words */
GIC_BACKEND(const char *, cpu_init, (void), ())

/** Wait until a write to CTLR or ICENABLER has taken effect. */
GIC_BACKEND(void, wait, (void), ())

/** Acknowledge: the interrupt of the highest priority is active now. @return its INTID; GIC_SPURIOUS or more: none */
GIC_BACKEND(intid_t, ack, (void), ())

/** Priority drop: the next interrupt may come, but @p intid stays active. */
GIC_BACKEND(void, drop, (intid_t intid), (intid))

/** Deactivate: @p intid, dropped before, may come again. */
GIC_BACKEND(void, deactivate, (intid_t intid), (intid))

/** Read list register @p n, 0..nlr-1, of this CPU. */
GIC_BACKEND(u64, lr_read, (int n), (n))

/** Write @p lr to list register @p n of this CPU. */
GIC_BACKEND(void, lr_write, (int n, u64 lr), (n, lr))

/** Which list registers are empty: bit n. */
GIC_BACKEND(u32, lr_empty, (void), ())

/** Open the virtual CPU interface to EL1, with maintenance conditions @p conditions (ICH_HCR_UIE, ICH_HCR_NPIE). */
GIC_BACKEND(void, virtual_open, (u64 conditions), (conditions))

/** Close it: nothing of the GIC reaches EL1. */
GIC_BACKEND(void, virtual_close, (void), ())

/** Save the virtual CPU interface without its list registers in @p to. */
GIC_BACKEND(void, virtual_save, (struct gic_virtual * to), (to))

/** Load it from @p from. */
GIC_BACKEND(void, virtual_load, (const struct gic_virtual *from), (from))
