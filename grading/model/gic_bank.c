/*
 * Registers that hold a field for each of 32, 16 or 4 interrupts: the same in the distributor and,
 * for INTIDs 0 to 31, in a GICv3's redistributor (IHI 0069 12.9 and 12.11, IHI 0048 4.3).
 */
#include "gic.h"

static const struct {
	u32 start, end;
	enum bank bank;
	u32 bits; /* an interrupt */
} banks[] = {
	{ 0x080, 0x100, GROUP, 1 },         { 0x100, 0x180, SET_ENABLE, 1 },
	{ 0x180, 0x200, CLEAR_ENABLE, 1 },  { 0x200, 0x280, SET_PENDING, 1 },
	{ 0x280, 0x300, CLEAR_PENDING, 1 }, { 0x300, 0x380, SET_ACTIVE, 1 },
	{ 0x380, 0x400, CLEAR_ACTIVE, 1 },  { 0x400, 0x800, PRIORITY, 8 },
	{ 0x800, 0xc00, TARGETS, 8 },       { 0xc00, 0xd00, CONFIG, 2 },
	{ 0xd00, 0xd80, MODIFIER, 1 },
};

bool bank_find(u32 offset, struct place *p)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(banks); i++)
		if (offset >= banks[i].start && offset < banks[i].end) {
			p->bank = banks[i].bank;
			p->bits = banks[i].bits;
			p->count = 32 / p->bits;
			p->first = (offset - banks[i].start) / 4 * p->count;
			return true;
		}
	return false;
}

static u32 field_read(enum bank bank, u32 intid)
{
	const struct line *l = &intc.line[intid];

	switch (bank) {
	case GROUP:
		return model.gic.single_security && l->group1;
	case SET_ENABLE:
	case CLEAR_ENABLE:
		return l->enabled;
	case SET_PENDING:
	case CLEAR_PENDING:
		return intc_pending(l);
	case SET_ACTIVE:
	case CLEAR_ACTIVE:
		return l->active;
	case PRIORITY:
		return l->priority;
	case TARGETS:
		return intid < 32 ? 1 << THIS_CPU : l->targets;
	case CONFIG:
		return (u32)l->edge << 1 | (!intc_v3() && intid >= 32); /* as in a GIC-400 */
	case MODIFIER:
		return 0;
	}
	return 0;
}

static void configure(u32 intid, u32 value)
{
	struct line *l = &intc.line[intid];
	const bool edge = value >> 1;

	if (intc_v3() && value & 1)
		model_fail("ICFGR of INTID %u: the lower bit is reserved", intid);
	if (edge == l->edge)
		return;
	if (intid < 16)
		model_fail("ICFGR of INTID %u: an SGI is always edge-triggered", intid);
	if (l->enabled)
		model_fail("ICFGR of INTID %u changes while it is enabled: UNPREDICTABLE", intid);
	if (intid < 32 ? intc.redist_rwp : intc.rwp)
		model_fail("ICFGR of INTID %u changes before RWP says that disabling is done",
		           intid);
	l->latch = intc_pending(l); /* UNKNOWN if it was pending */
	l->edge = edge;
}

static void field_write(enum bank bank, u32 intid, u32 value)
{
	struct line *l = &intc.line[intid];
	const bool sgi_v2 = !intc_v3() && intid < 16;

	switch (bank) {
	case GROUP:
		l->group1 = model.gic.single_security ? value : l->group1;
		return;
	case SET_ENABLE:
		l->enabled |= value;
		return;
	case CLEAR_ENABLE:
		l->enabled &= !value;
		return;
	case SET_PENDING: /* read-only for a GICv2's SGIs: they have senders */
		l->latch |= value && !sgi_v2;
		return;
	case CLEAR_PENDING:
		l->latch &= !value;
		return;
	case SET_ACTIVE:
		l->active |= value;
		return;
	case CLEAR_ACTIVE:
		l->active &= !value;
		return;
	case PRIORITY:
		l->priority = value & PRIORITY_MASK;
		return;
	case TARGETS:
		if (intid < 32)
			model_fail("ITARGETSR of INTID %u is read-only", intid);
		l->targets = (u8)value;
		return;
	case CONFIG:
		configure(intid, value);
		return;
	case MODIFIER:
		if (value && model.gic.single_security)
			model_fail("IGRPMODR of INTID %u: reserved while GICD_CTLR.DS is 1", intid);
		return;
	}
}

u32 bank_read(const struct place *p)
{
	u32 i, value = 0;

	for (i = 0; i < p->count && p->first + i < NINTID; i++)
		value |= field_read(p->bank, p->first + i) << (i * p->bits);
	return value;
}

/* Beyond the last INTID bits are RAZ/WI, so that whole ranges can be written. */
void bank_write(const struct place *p, u32 value)
{
	u32 i;

	for (i = 0; i < p->count && p->first + i < NINTID; i++)
		field_write(p->bank, p->first + i, value >> (i * p->bits) & ((1UL << p->bits) - 1));
}
