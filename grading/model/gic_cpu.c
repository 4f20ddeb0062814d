/*
 * The physical CPU interface (IHI 0069 12.2, IHI 0048 4.4). The order of acknowledging, priority
 * drop and deactivation is checked: hardware would go on with the wrong interrupt.
 */
#include "gic.h"

#define EOIMODE (intc.cpu_ctlr & (intc_v3() ? 1 << 1 : 1 << 9))

void cpuif_power(void)
{
	intc.sre_isb = -1;
	intc.bpr = 3;
	if (!model.gic.dirty)
		return;
	intc.pmr = intc_unknown() & PRIORITY_MASK;
	intc.cpu_ctlr = intc_v3() ? intc_unknown() & 3 : 1;
	intc.enable = !intc.asleep;
	if (intc_v3())
		intc.sre_el1 = intc.sre_el2 = intc_unknown() & 1;
}

u32 cpuif_group_bits(void)
{
	return ~0u << intc.bpr;
}

u32 cpuif_running(void)
{
	return intc.nacked ? intc.acked[intc.nacked - 1].priority : 0xff;
}

static u32 acknowledge(void)
{
	bool irq;
	const int intid = intc_signalled(&irq);
	struct line *l = &intc.line[intid < 0 ? 0 : intid];
	u32 iar = (u32)intid;

	if (intid < 0)
		return NOBODY;
	/* IHI 0048 4.4.4: without AckCtl, Group 1 is read by another register. */
	if (intc_group(l) != intc_irq_group() && !(intc.cpu_ctlr & 1 << 2))
		return 1022;
	if (l->sources) {
		iar |= (u32)__builtin_ctz(l->sources) << 10;
		l->sources &= l->sources - 1;
	}
	l->latch = false;
	l->active = true;
	intc.acked[intc.nacked].priority = l->priority & cpuif_group_bits();
	intc.acked[intc.nacked++].iar = iar;
	intc.ignored = 0;
	return iar;
}

static void end(u32 value)
{
	const u32 intid = value & 0x3ff;

	if (value >= 1020 && value <= NOBODY)
		return; /* the manual ignores these */
	if (!intc.nacked && intid < NINTID && intc.line[intid].active)
		model_fail("EOIR of INTID %u, whose priority was dropped already", intid);
	if (!intc.nacked)
		model_fail("EOIR of 0x%x, and no acknowledged interrupt waits for it", value);
	if (intc.acked[intc.nacked - 1].iar != value)
		model_fail("EOIR of 0x%x, but the interrupt acknowledged last is 0x%x", value,
		           intc.acked[intc.nacked - 1].iar);
	intc.nacked--;
	if (!EOIMODE)
		intc_deactivate(intid, "EOIR");
}

static void deactivate(u32 value)
{
	if (!EOIMODE)
		model_fail("DIR of 0x%x while EOImode is 0: EOIR deactivates", value);
	intc_deactivate(value & (intc_v3() ? 0xffffff : 0x3ff), "DIR");
}

static u32 highest(void)
{
	const int intid = intc_highest();

	if (intid < 0)
		return NOBODY;
	return intc_group(&intc.line[intid]) == intc_irq_group() ? (u32)intid : 1022;
}

u64 cpuif_read(u32 reg)
{
	switch (reg) {
	case CPU_CTLR:
		return intc.cpu_ctlr | (intc_v3() ? 4 << 8 : 0); /* PRIbits */
	case CPU_PMR:
		return intc.pmr;
	case CPU_BPR:
		return intc.bpr;
	case CPU_IAR:
		return acknowledge();
	case CPU_RPR:
		return cpuif_running();
	case CPU_HPPIR:
		return highest();
	case CPU_IIDR:
		return 0x0202043b;
	case CPU_APR: {
		u32 i, active = 0;

		for (i = 0; i < (u32)intc.nacked; i++)
			active |= 1u << (intc.acked[i].priority >> 3);
		return active;
	}
	}
	model_fail("a read of GICC + 0x%x, where no register that can be read is", reg);
}

/* GICC_CTLR's bits that this CPU sees; ICC_CTLR_EL1's that can be written. */
static u32 control_bits(void)
{
	if (intc_v3())
		return model.gic.single_security ? 0x43 : 0x3;
	return model.gic.single_security ? 0x7ff : 0x261;
}

void cpuif_write(u32 reg, u64 value)
{
	switch (reg) {
	case CPU_CTLR:
		if (model.gic.version == 2 && value & ~control_bits())
			model_fail("GICC_CTLR: 0x%lx has reserved bits", value);
		intc.cpu_ctlr = value & control_bits();
		return;
	case CPU_PMR:
		intc.pmr = value & PRIORITY_MASK;
		return;
	case CPU_BPR:
		intc.bpr = value < 3 ? 3 : value & 7; /* five bits: no binary point below */
		return;
	case CPU_EOIR:
		end((u32)value);
		return;
	case CPU_DIR:
		deactivate((u32)value);
		return;
	case CPU_APR + 4:
	case CPU_APR + 8:
	case CPU_APR + 12:
		if (!intc_v3())
			return; /* IHI 0048 4.4.14: five bits of priority have one register, the others are RAZ/WI */
		break;
	case CPU_APR:
		if (value)
			model_fail("active priorities 0x%lx were written: no interrupt has them",
			           value);
		intc.nacked = 0;
		return;
	}
	model_fail("a write of GICC + 0x%x, where no register that can be written is", reg);
}
