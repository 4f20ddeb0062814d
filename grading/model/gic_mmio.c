/*
 * The interrupt controller's registers in memory (IHI 0069 12.9-12.11, IHI 0048 4.3), as 32-bit
 * accesses. What configures one interrupt each is in gic_bank.c. Of two redistributors the second
 * is this CPU's.
 *
 *	GICv3: GICD 0x08000000   GICR 0x080a0000 of another CPU, 0x080c0000 of this one
 *	GICv2: GICD 0x08000000   GICC 0x08010000   GICH 0x08030000   GICV 0x08040000
 */
#include "gic.h"

#define RWP_READS 2 /* until the effect of a change is complete */
#define ARE       (1u << 4)

/* ---- the distributor ------------------------------------------------------------------------- */

static void wrong(const char *frame, const char *what, u32 offset)
{
	model_fail("a %s of %s + 0x%x, where no register is", what, frame, offset);
}

/* The parts of GICD that depend on who looks where; ends the test if nobody may look. */
static void must_be_configured_here(const struct place *p)
{
	if (intc_v3() && p->first < 32)
		model_fail("INTIDs 0 to 31 are configured in the redistributor, not in GICD");
	if (intc_v3() && p->bank == TARGETS)
		model_fail("GICD_ITARGETSR: a GICv3 with affinity routing has GICD_IROUTER");
	if (!intc_v3() && p->bank == MODIFIER)
		model_fail("GICD_IGRPMODR: a GICv2 has no such register");
}

static u32 *route(u32 offset)
{
	const u32 intid = (offset - 0x6000) / 8;

	if (!intc_v3() || offset < 0x6100 || intid >= NINTID)
		return NULL;
	if (!(intc.ctlr & ARE))
		model_fail("GICD_IROUTER is used while GICD_CTLR.ARE is 0");
	return &intc.line[intid].route[offset / 4 % 2];
}

static u32 control_read(void)
{
	u32 value = intc.ctlr;

	if (intc_v3() && model.gic.single_security)
		value |= 1 << 6; /* DS */
	if (intc.rwp) {
		intc.rwp--;
		value |= 1u << 31;
	}
	return value;
}

static u32 control_bits(void)
{
	if (intc_v3())
		return model.gic.single_security ? 0x93 : 0x13;
	return model.gic.single_security ? 3 : 1;
}

static void control_write(u32 value)
{
	const u32 read_only = intc_v3() ? 1u << 31 | (model.gic.single_security ? 1 << 6 : 0) : 0;
	const u32 enables = 3;

	if (value & ~(control_bits() | read_only))
		model_fail("GICD_CTLR: 0x%x has reserved bits", value);
	value &= control_bits();
	if ((value ^ intc.ctlr) & ARE) {
		if (intc.ctlr & ARE)
			model_fail("GICD_CTLR.ARE is cleared: from 1 to 0 is UNPREDICTABLE");
		if (intc.ctlr & enables)
			model_fail("GICD_CTLR.ARE changes while a group is enabled: UNPREDICTABLE");
		if (intc.rwp)
			model_fail("GICD_CTLR.ARE changes before RWP says that the groups are off");
	}
	if (intc_v3() && (intc.ctlr & ~value & enables || (value ^ intc.ctlr) & ~enables))
		intc.rwp = RWP_READS;
	intc.ctlr = value;
}

/* SGIs of a GICv2 (IHI 0048 4.3.13-4.3.15). */
static void send(u32 value)
{
	const u32 filter = value >> 24 & 3;

	if (value & 0xfc007ff0 || filter == 3)
		model_fail("GICD_SGIR: 0x%x has reserved bits", value);
	if (filter == 2 || (filter == 0 && value >> 16 & 1 << THIS_CPU))
		intc.line[value & 0xf].sources |= 1 << THIS_CPU;
}

static u32 dist_read(u32 offset)
{
	struct place p;
	u32 *r = route(offset);

	if (r)
		return *r;
	if (bank_find(offset, &p)) {
		must_be_configured_here(&p);
		return bank_read(&p);
	}
	switch (offset) {
	case 0x0:
		return control_read();
	case 0x4: /* No1N, IDbits, SecurityExtn, CPUNumber, ITLinesNumber */
		return (intc_v3() ? 1 << 25 | 9 << 19 : 7 << 5) |
		       (model.gic.single_security ? 0 : 1 << 10) | (NINTID / 32 - 1);
	case 0x8:
		return 0x0200043b;
	case 0xffe8:
	case 0xfe8:
		if ((offset == 0xffe8) == intc_v3())
			return intc_v3() ? 0x3b : 0x2b;
	}
	wrong("GICD", "read", offset);
	return 0;
}

static void dist_write(u32 offset, u32 value)
{
	u32 *r = route(offset), i;
	struct place p;

	if (r) {
		if (value & (offset % 8 ? 0xffffff00 : 0xff000000))
			model_fail("GICD_IROUTER of INTID %u: 0x%x has reserved bits, or IRM, "
			           "and GICD_TYPER.No1N is 1",
			           (offset - 0x6000) / 8, value);
		*r = value;
		return;
	}
	if (bank_find(offset, &p)) {
		must_be_configured_here(&p);
		bank_write(&p, value);
		if (intc_v3() && p.bank == CLEAR_ENABLE)
			intc.rwp = RWP_READS;
		return;
	}
	if (offset == 0) {
		control_write(value);
	} else if (!intc_v3() && offset == 0xf00) {
		send(value);
	} else if (!intc_v3() && offset >= 0xf10 && offset < 0xf30 && offset % 4 == 0) {
		for (i = 0; i < 4; i++) { /* CPENDSGIR, SPENDSGIR: a byte of senders an SGI */
			u8 *sources = &intc.line[offset % 0x10 + i].sources;
			const u8 byte = (u8)(value >> 8 * i);

			*sources = offset < 0xf20 ? *sources & ~byte : *sources | byte;
		}
	} else {
		wrong("GICD", "write", offset);
	}
}

/* ---- redistributors: RD_base, then SGI_base -------------------------------------------------- */

static u32 waker_read(void)
{
	const bool children = intc.asleep || intc.waking;

	if (intc.waking)
		intc.waking--;
	return (u32)children << 2 | (u32)intc.asleep << 1;
}

static void waker_write(u32 value)
{
	const bool sleep = value >> 1 & 1;

	if (value & ~6u)
		model_fail("GICR_WAKER: 0x%x has reserved bits", value);
	if (sleep && !intc.asleep && intc.enable)
		model_fail("GICR_WAKER.ProcessorSleep is set while ICC_IGRPEN1_EL1 is 1");
	if (intc.asleep && !sleep)
		intc.waking = RWP_READS;
	intc.asleep = sleep;
}

static bool private(u32 offset, struct place *p)
{
	if (offset < 0x10000 || !bank_find(offset - 0x10000, p) || p->first >= 32 ||
	    p->bank == TARGETS)
		return false;
	if (!(intc.ctlr & ARE))
		model_fail("SGI_base + 0x%x is used while GICD_CTLR.ARE is 0", offset - 0x10000);
	return true;
}

static u32 redist_read(u32 offset)
{
	struct place p;

	if (private(offset, &p))
		return bank_read(&p);
	switch (offset) {
	case 0x0:
		return intc.redist_rwp ? intc.redist_rwp--, 1 << 3 : 0;
	case 0x4:
		return 0x0200043b;
	case 0x8:
		return 1 << 8 | 1 << 4; /* Processor_Number 1, Last */
	case 0xc:
		return THIS_AFFINITY;
	case 0x14:
		return waker_read();
	case 0xffe8:
		return 0x3b;
	}
	wrong("GICR", "read", offset);
	return 0;
}

static void redist_write(u32 offset, u32 value)
{
	struct place p;

	if (private(offset, &p)) {
		bank_write(&p, value);
		if (p.bank == CLEAR_ENABLE)
			intc.redist_rwp = RWP_READS;
	} else if (offset == 0x14) {
		waker_write(value);
	} else {
		wrong("GICR", "write", offset);
	}
}

static u32 other_read(u32 offset)
{
	if (offset == 0x8 || offset == 0xc)
		return 0; /* affinity 0.0.0.0, not the last */
	if (offset == 0x4 || offset == 0xffe8)
		return redist_read(offset);
	model_fail("a read of the redistributor of another CPU, at + 0x%x", offset);
}

static void other_write(u32 offset, u32 value)
{
	model_fail("a write of 0x%x to the redistributor of another CPU, at + 0x%x", value, offset);
}

/* ---- where they are -------------------------------------------------------------------------- */

static const struct frame {
	int version;
	pa_t base, size;
	u32 (*read)(u32 offset);
	void (*write)(u32 offset, u32 value);
} frames[] = {
	{ 3, 0x08000000, 0x10000, dist_read, dist_write },
	{ 3, 0x080a0000, 0x20000, other_read, other_write },
	{ 3, 0x080c0000, 0x20000, redist_read, redist_write },
	{ 2, 0x08000000, 0x1000, dist_read, dist_write },
	{ 2, 0x08010000, 0x2000, gicc_read, gicc_write },
	{ 2, 0x08030000, 0x1000, gich_read, gich_write },
};

static const struct frame *frame_at(pa_t pa)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(frames); i++)
		if (frames[i].version == model.gic.version && pa - frames[i].base < frames[i].size)
			return &frames[i];
	return NULL;
}

bool intc_read(pa_t pa, u32 *value)
{
	const struct frame *f = frame_at(pa);

	if (!f)
		return false;
	intc_power();
	*value = f->read((u32)(pa - f->base));
	return true;
}

bool intc_write(pa_t pa, u32 value)
{
	const struct frame *f = frame_at(pa);

	if (!f)
		return false;
	intc_power();
	f->write((u32)(pa - f->base), value);
	return true;
}
