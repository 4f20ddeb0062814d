/*
 * The interrupts (IHI 0069 chapter 4, IHI 0048 chapters 3 and 4): inputs, states, and which one
 * reaches the CPU. A level-sensitive interrupt is pending while its input is high, or after
 * ISPENDR; an edge-triggered one from the rising edge until it is acknowledged.
 */
#include "gic.h"

#include <string.h>

struct intc intc;

/* ---- power ----------------------------------------------------------------------------------- */

static u64 unknown;

/* Not model_random(): what a test draws must not depend on whether there is a GIC. */
u32 intc_unknown(void)
{
	unknown = unknown * 6364136223846793005UL + 1442695040888963407UL;
	return unknown >> 32;
}

void intc_reset(void)
{
	memset(&intc, 0, sizeof(intc));
}

/* What has a reset value, unless the firmware has been here. */
static bool left(void)
{
	return intc.as.dirty && intc_unknown() & 1;
}

static void line_power(struct line *l, u32 intid)
{
	l->enabled = left();
	l->active = left();
	l->latch = left();
	l->group1 = intc_unknown() & 1;
	l->priority = intc_unknown() & PRIORITY_MASK;
	l->edge = intid < 16 || (intid >= 32 && intc_unknown() & 1);
	l->targets = intc_unknown() & ~(1u << THIS_CPU);
	l->route[0] = 0x00010000; /* 0.1.0.0: nobody */
	l->route[1] = 0;
	l->sources = 0;
	if (intc.as.version == 2 && intid < 16) {
		l->latch = false;
		l->sources = left() ? 1 << THIS_CPU | 1 << 5 : 0;
	}
}

/* Registers get their values late, so that a test can say first what the machine is. */
void intc_power(void)
{
	u32 i;

	if (intc.on) {
		if (memcmp(&intc.as, &model.gic, sizeof(intc.as)))
			model_fail("model.gic was changed after the first use of the GIC");
		return;
	}
	if (model.gic.nlr < 1 || model.gic.nlr > 16)
		model_fail("model.gic.nlr is %d: a GIC has 1 to 16 list registers", model.gic.nlr);
	intc.on = true;
	intc.as = model.gic;
	unknown = 0x9e3779b97f4a7c15UL + (u64)model.gic.dirty * 0xbf58476d1ce4e5b9UL;
	for (i = 0; i < NINTID; i++)
		line_power(&intc.line[i], i);
	if (model.gic.dirty) {
		intc.ctlr = model.gic.version == 2 && !model.gic.single_security ? 1 : 3;
		if (intc_v3() && left())
			intc.ctlr |= 1 << 4;
	}
	intc.asleep = intc_v3() && (!model.gic.dirty || left());
	cpuif_power();
	virtual_power();
}

struct part intc_part(void)
{
	if (model.gic.version)
		intc_power();
	return (struct part){ &intc, sizeof(intc) };
}

/* ---- inputs ---------------------------------------------------------------------------------- */

void intc_input(u32 intid, bool high)
{
	struct line *l = &intc.line[intid];

	if (intc.on && l->edge && high && !l->level)
		l->latch = true;
	l->level = high;
}

static void must_be_input(u32 intid)
{
	if (intid < 16 || intid >= NINTID)
		model_fail("INTID %u has no input: there are 16 to %d", intid, NINTID - 1);
}

void model_irq_level(u32 intid, bool high)
{
	must_be_input(intid);
	intc_power();
	intc_input(intid, high);
}

void model_irq_pulse(u32 intid)
{
	model_irq_level(intid, true);
	model_irq_level(intid, false);
}

/* ---- which one is signalled ------------------------------------------------------------------ */

bool intc_pending(const struct line *l)
{
	return l->latch || l->sources || (l->level && !l->edge);
}

bool intc_group(const struct line *l)
{
	return !model.gic.single_security || l->group1;
}

bool intc_irq_group(void)
{
	return intc_v3() || !model.gic.single_security;
}

/* Does the distributor forward @p group, and does the CPU interface take it? */
static bool group_on(bool group)
{
	if (intc_v3())
		return group && intc.ctlr & 1 << 4 && intc.ctlr & 1 << 1 && !intc.asleep &&
		       !intc.waking && intc.enable;
	if (!model.gic.single_security)
		return intc.ctlr & 1 && intc.cpu_ctlr & 1;
	return intc.ctlr & intc.cpu_ctlr & 1u << group;
}

static bool is_here(u32 intid)
{
	const struct line *l = &intc.line[intid];

	if (intid < 32)
		return true;
	if (model.gic.version == 2)
		return l->targets & 1 << THIS_CPU;
	return l->route[0] == THIS_AFFINITY && !l->route[1];
}

int intc_highest(void)
{
	int best = -1;
	u32 i;

	for (i = 0; i < NINTID; i++) {
		const struct line *l = &intc.line[i];

		if (l->enabled && intc_pending(l) && !l->active && group_on(intc_group(l)) &&
		    is_here(i) && (best < 0 || l->priority < intc.line[best].priority))
			best = (int)i;
	}
	return best;
}

int intc_signalled(bool *irq)
{
	const int best = intc_highest();
	const struct line *l = &intc.line[best < 0 ? 0 : best];

	if (best < 0 || l->priority >= intc.pmr ||
	    (l->priority & cpuif_group_bits()) >= cpuif_running())
		return -1;
	/* GICC_CTLR.FIQEn, where there are two groups. */
	*irq = intc_v3() || !model.gic.single_security || intc_group(l) ||
	       !(intc.cpu_ctlr & 1 << 3);
	return best;
}

bool model_irq_line(void)
{
	bool irq = false;

	if (model.gic.version == 0)
		return false;
	intc_power();
	return intc_signalled(&irq) >= 0 && irq;
}

bool intc_is_ignored(void)
{
	return ++intc.ignored > 1000;
}

void intc_deactivate(u32 intid, const char *who)
{
	int i;

	if (intid >= NINTID || !intc.line[intid].active)
		model_fail("%s of INTID %u, which is not active", who, intid);
	for (i = 0; i < intc.nacked; i++)
		if ((intc.acked[i].iar & 0x3ff) == intid)
			model_fail("%s of INTID %u, whose priority was not dropped yet", who,
			           intid);
	intc.line[intid].active = false;
}

struct model_irq model_irq(u32 intid)
{
	const struct line *l = &intc.line[intid % NINTID];

	if (intid >= NINTID)
		model_fail("there is no INTID %u", intid);
	intc_power();
	return (struct model_irq){ .enabled = l->enabled,
		                   .pending = intc_pending(l),
		                   .active = l->active,
		                   .edge = l->edge,
		                   .group = intc_group(l),
		                   .here = is_here(intid),
		                   .priority = l->priority };
}
