/*
 * The virtual CPU interface: list registers, what the process sees of them, and the maintenance
 * interrupt (IHI 0069 chapter 6 and 12.4, IHI 0048 chapter 5). All is kept as GICv3 has it; GICv2's
 * formats are converted at the door.
 */
#include "gic.h"

#include <machine.h>
#include <string.h>

#define HCR_EN     (1u << 0)
#define HCR_TC     (1u << 10) /* traps what both groups share */
#define HCR_TALL1  (1u << 12) /* traps Group 1's registers */
#define HCR_TDIR   (1u << 14)
#define VENG(g)    (1u << (g))
#define VMCR_VCBPR (1u << 4)
#define VMCR_VEOIM (1u << 9)

/* A list register. */
#define VINTID(lr) ((u32)(lr))
#define PINTID(lr) ((u32)((lr) >> 32 & 0x1fff))
#define SENDER(lr) ((u32)((lr) >> 32 & 7)) /* GICv2: of an SGI */
#define EOI        (1UL << 41)             /* only without HW */
#define PRIO(lr)   ((u32)((lr) >> 48 & 0xff))
#define GROUP(lr)  ((lr) >> 60 & 1)
#define HW         (1UL << 61)
#define PENDING    (1UL << 62)
#define ACTIVE     (1UL << 63)
#define STATE(lr)  ((lr) & (PENDING | ACTIVE))

static struct {
	u32 hcr, vmcr;
	u32 active[2]; /* active priorities, a bit for each of 32 levels */
	u64 lr[16];
	bool written[16];
} v;

static void changed(void);

void virtual_power(void)
{
	u32 i;

	memset(&v, 0, sizeof(v));
	for (i = 0; i < ARRAY_SIZE(v.lr); i++)
		v.lr[i] = (u64)intc_unknown() << 32 | intc_unknown();
	v.vmcr = (intc_unknown() & 0xf8000213) | 3 << 18 | 2 << 21;
	v.active[0] = intc_unknown();
	v.active[1] = intc_v3() ? intc_unknown() : 0;
	if (model.gic.dirty)
		v.hcr = HCR_EN | 1 << 1;
	changed();
}

struct part virtual_part(void)
{
	return (struct part){ &v, sizeof(v) };
}

/* ---- maintenance ----------------------------------------------------------------------------- */

static u32 eisr(void)
{
	u32 bits = 0;
	int i;

	for (i = 0; i < model.gic.nlr; i++)
		if (!STATE(v.lr[i]) && !(v.lr[i] & HW) && v.lr[i] & EOI)
			bits |= 1u << i;
	return bits;
}

static u32 elrsr(void)
{
	u32 bits = 0;
	int i;

	for (i = 0; i < model.gic.nlr; i++)
		if (!STATE(v.lr[i]))
			bits |= 1u << i;
	return bits & ~eisr();
}

/* Each condition is bit n of MISR; those that are asked for have their enable in HCR. */
static u32 misr(void)
{
	int i, valid = 0, pending = 0;
	u32 bits;

	for (i = 0; i < model.gic.nlr; i++) {
		valid += STATE(v.lr[i]) != 0;
		pending += STATE(v.lr[i]) == PENDING;
	}
	bits = (eisr() ? 1u << 0 : 0) | (valid < 2 ? v.hcr & 1u << 1 : 0) |
	       (v.hcr >> 27 ? v.hcr & 1u << 2 : 0) | (!pending ? v.hcr & 1u << 3 : 0);
	bits |= v.hcr & (v.vmcr & VENG(0) ? 1u << 4 : 1u << 5);
	bits |= v.hcr & (v.vmcr & VENG(1) ? 1u << 6 : 1u << 7);
	return bits;
}

static void changed(void)
{
	intc_input(MAINTENANCE, v.hcr & HCR_EN && misr());
}

/* ---- what a list register may hold ----------------------------------------------------------- */

static void must_be_legal(int n, u64 lr)
{
	const u32 vintid = VINTID(lr), pintid = PINTID(lr);
	const bool sgi_v2 = model.gic.version == 2 && vintid < 16;

	if (!STATE(lr))
		return;
	if (vintid >= 1020)
		model_fail("list register %d: vINTID %u is reserved", n, vintid);
	if (PRIO(lr) & 7)
		model_fail("list register %d: priority 0x%x has more than 5 bits", n, PRIO(lr));
	if (lr & (0xfUL << 56 | 7UL << 45))
		model_fail("list register %d: 0x%lx has reserved bits", n, lr);
	if (!(lr & HW)) {
		if (pintid & ~(u32)(EOI >> 32) & (sgi_v2 ? ~7u : ~0u))
			model_fail("list register %d: a pINTID without HW, in 0x%lx", n, lr);
		return;
	}
	if (pintid < 16 || pintid > 1019)
		model_fail("list register %d: HW with pINTID %u: it is 16 to 1019", n, pintid);
	if (STATE(lr) == (PENDING | ACTIVE))
		model_fail("list register %d: HW, and pending and active at once", n);
}

static bool same(u64 a, u64 b)
{
	if (!STATE(a) || !STATE(b))
		return false;
	/* From two senders a GICv2's SGI is two interrupts. */
	return VINTID(a) == VINTID(b) && (intc_v3() || VINTID(a) >= 16 || SENDER(a) == SENDER(b));
}

/* Two for one interrupt are wrong only when a process runs: one by one they are written before. */
void model_check_gic(void)
{
	int i, k;

	if (!model.gic.version)
		return;
	intc_power();
	if (intc.nacked)
		model_fail("a process runs, and the priority of INTID %u was not dropped",
		           intc.acked[intc.nacked - 1].iar & 0x3ff);
	if (!(v.hcr & HCR_EN))
		return;
	for (i = 0; i < model.gic.nlr; i++) {
		if (!v.written[i])
			model_fail("list register %d is in use, and was never written", i);
		for (k = 0; k < i; k++) {
			if (same(v.lr[i], v.lr[k]))
				model_fail("list registers %d and %d both have vINTID %u", k, i,
				           VINTID(v.lr[i]));
			if (STATE(v.lr[i]) && STATE(v.lr[k]) && v.lr[i] & v.lr[k] & HW &&
			    PINTID(v.lr[i]) == PINTID(v.lr[k]))
				model_fail("list registers %d and %d both have pINTID %u", k, i,
				           PINTID(v.lr[i]));
		}
	}
}

/* ---- registers ------------------------------------------------------------------------------- */

static int list_index(u32 reg)
{
	const int n = (int)(reg - VIRT_LR) / 4;

	if (n >= model.gic.nlr)
		model_fail("list register %d: this GIC has %d", n, model.gic.nlr);
	return n;
}

u64 virtual_read(u32 reg)
{
	switch (reg) {
	case VIRT_HCR:
		return v.hcr;
	case VIRT_VTR: /* PRIbits, PREbits, nV4, TDS */
		return 4u << 29 | 4 << 26 | (intc_v3() ? 1 << 20 | 1 << 19 : 0) |
		       (u32)(model.gic.nlr - 1);
	case VIRT_VMCR:
		return v.vmcr;
	case VIRT_MISR:
		return misr();
	case VIRT_EISR:
		return eisr();
	case VIRT_ELRSR:
		return elrsr();
	case VIRT_AP0:
	case VIRT_AP1:
		return v.active[reg == VIRT_AP1];
	}
	return v.lr[list_index(reg)];
}

static u32 at_least(u32 vmcr, int shift, u32 least)
{
	return (vmcr >> shift & 7) < least ? (vmcr & ~(7u << shift)) | least << shift : vmcr;
}

void virtual_write(u32 reg, u64 value)
{
	const u32 hcr_bits = intc_v3() ? 0xf8007cff : 0xf80000ff;
	const u32 vmcr_bits = intc_v3() ? 0xfffc021b : 0xf8fc021f;

	switch (reg) {
	case VIRT_HCR:
		if (value & ~(u64)hcr_bits)
			model_fail("ICH_HCR: 0x%lx has reserved bits", value);
		v.hcr = (u32)value;
		break;
	case VIRT_VMCR:
		if (value & ~(u64)vmcr_bits)
			model_fail("ICH_VMCR: 0x%lx has reserved bits", value);
		/* Of five bits of priority two are never a binary point, for Group 1 three. */
		v.vmcr = at_least(at_least((u32)value, 21, 2), 18, 3) & ~(7u << 24);
		break;
	case VIRT_AP0:
	case VIRT_AP1:
		v.active[reg == VIRT_AP1] = (u32)value;
		break;
	default: {
		const int n = list_index(reg);

		must_be_legal(n, value);
		v.lr[n] = value;
		v.written[n] = true;
	}
	}
	changed();
}

/* ---- the process ----------------------------------------------------------------------------- */

/* A process gets IRQs from Group 1, of a GICv2 without AckCtl from Group 0. */
static bool virtual_group(void)
{
	return intc_v3();
}

/* The process is about to use its interface: could it? @p traps: ICH_HCR_EL2's, against it. */
static void must_be_reachable(u32 traps)
{
	if (!model.gic.version)
		model_fail("a process uses its GIC interface: there is no GIC");
	model_check_gic();
	if (model.gic.version == 2)
		return;
	if (!(intc.sre_el2 & intc.sre_el1 & 1))
		model_fail("a process's GIC registers are undefined: ICC_SRE_ELx.SRE is 0");
	if (!(model_sysreg_read("hcr_el2") & 1 << 4))
		model_fail("a process would use the physical interface: HCR_EL2.IMO is 0");
	if (v.hcr & traps)
		model_fail("a process's GIC registers trap: ICH_HCR_EL2 is 0x%x", v.hcr);
}

/* Which bits of a priority preempt: VBPR1's count is one less than VBPR0's. */
static u32 virtual_bits(void)
{
	if (virtual_group() && !(v.vmcr & VMCR_VCBPR))
		return ~0u << (v.vmcr >> 18 & 7);
	return ~0u << ((v.vmcr >> 21 & 7) + 1);
}

static int virtual_running(void)
{
	const u32 active = v.active[0] | v.active[1];

	return active ? __builtin_ctz(active) << 3 : 0x100;
}

static int virtual_highest(void)
{
	int i, best = -1;

	if (!(v.hcr & HCR_EN) || !(v.vmcr & VENG(virtual_group())))
		return -1;
	for (i = 0; i < model.gic.nlr; i++)
		if (STATE(v.lr[i]) == PENDING && GROUP(v.lr[i]) == virtual_group() &&
		    (best < 0 || PRIO(v.lr[i]) < PRIO(v.lr[best])))
			best = i;
	if (best < 0 || PRIO(v.lr[best]) >= v.vmcr >> 24 ||
	    (int)(PRIO(v.lr[best]) & virtual_bits()) >= virtual_running())
		return -1;
	return best;
}

bool model_virq_line(void)
{
	if (!model.gic.version)
		return false;
	model_check_gic();
	return virtual_highest() >= 0;
}

u32 model_virq_ack(void)
{
	int n;
	u64 lr;

	must_be_reachable(HCR_TALL1);
	n = virtual_highest();
	if (n < 0)
		return NOBODY;
	lr = v.lr[n] ^ (PENDING | ACTIVE);
	v.lr[n] = lr;
	v.active[intc_v3() && GROUP(lr)] |= 1u << (PRIO(lr) & virtual_bits()) / 8;
	changed();
	return VINTID(lr) | (model.gic.version == 2 && VINTID(lr) < 16 ? SENDER(lr) << 10 : 0);
}

/* The list register in which @p value of IAR is active, or -1. */
static int active_list(u32 value)
{
	const bool v2 = model.gic.version == 2;
	int i;

	for (i = 0; i < model.gic.nlr; i++) {
		const u64 lr = v.lr[i];

		if (lr & ACTIVE && VINTID(lr) == (v2 ? value & 0x3ff : value) &&
		    (!v2 || VINTID(lr) >= 16 || SENDER(lr) == value >> 10))
			return i;
	}
	return -1;
}

static void virtual_deactivate(u32 value)
{
	const int n = active_list(value);

	if (n < 0) {
		v.hcr += 1u << 27; /* EOIcount, which wraps */
		return;
	}
	v.lr[n] &= ~ACTIVE;
	if (v.lr[n] & HW)
		intc_deactivate(PINTID(v.lr[n]), "the end of a virtual interrupt: deactivation");
}

void model_virq_eoi(u32 vintid)
{
	must_be_reachable(HCR_TALL1);
	if (vintid >= 1020 && vintid <= NOBODY)
		return;
	if (!(v.active[0] | v.active[1]))
		return; /* nothing is active: without effect */
	if (virtual_running() == __builtin_ctzl(v.active[0] | 1UL << 32) << 3)
		v.active[0] &= v.active[0] - 1;
	else
		v.active[1] &= v.active[1] - 1;
	if (!(v.vmcr & VMCR_VEOIM))
		virtual_deactivate(vintid);
	changed();
}

void model_virq_dir(u32 vintid)
{
	must_be_reachable(HCR_TC | HCR_TDIR);
	if (v.vmcr & VMCR_VEOIM)
		virtual_deactivate(vintid);
	changed();
}

void model_virq_open(void)
{
	must_be_reachable(HCR_TC | HCR_TALL1);
	v.vmcr = (v.vmcr & 0x00ffffff) | 0xf8u << 24 | VENG(virtual_group());
	changed();
}
