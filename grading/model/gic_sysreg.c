/*
 * How software reaches the CPU interfaces: system registers on a GICv3 (IHI 0069 12.2 and 12.4),
 * the frames GICC and GICH on a GICv2 (IHI 0048 4.4 and 5.3).
 */
#include "gic.h"

#include <machine.h>

/* ---- system registers ------------------------------------------------------------------------ */

static void must_exist(const struct sysreg *reg)
{
	intc_power();
	if (model.gic.version != 3 || !(model_sysreg_read("id_aa64pfr0_el1") >> 24 & 0xf))
		model_fail("%s is UNDEFINED: this CPU has no GIC system registers", reg->name);
}

/* Everything but ICC_SRE_EL2 itself (IHI 0069 12.2.23). */
static void must_be_enabled(const struct sysreg *reg)
{
	must_exist(reg);
	if (!(intc.sre_el2 & 1))
		model_fail("%s is UNDEFINED: ICC_SRE_EL2.SRE is 0", reg->name);
	if (intc.sre_isb == model.isb)
		model_fail("%s is used, and no isb() since ICC_SRE_EL2.SRE was set", reg->name);
	intc.sre_isb = -1;
}

static u64 sre_read(const struct sysreg *reg)
{
	return reg->n == 2 ? intc.sre_el2 : intc.sre_el1;
}

static void sre_write(const struct sysreg *reg, u64 value)
{
	u32 *sre = reg->n == 2 ? &intc.sre_el2 : &intc.sre_el1;

	if (*sre & 1 && !(value & 1))
		model_fail("%s.SRE is cleared: from 1 to 0 is UNPREDICTABLE", reg->name);
	if (reg->n == 2 && !(*sre & 1) && value & 1)
		intc.sre_isb = model.isb;
	*sre = (u32)value;
}

static u64 enable_read(const struct sysreg *reg)
{
	return intc.enable;
}

static void enable_write(const struct sysreg *reg, u64 value)
{
	if (value && (intc.asleep || intc.waking))
		model_fail("ICC_IGRPEN1_EL1 is set while GICR_WAKER.ChildrenAsleep is 1");
	intc.enable = (u32)value;
}

static u64 register_read(const struct sysreg *reg)
{
	return cpuif_read(reg->n);
}

static void register_write(const struct sysreg *reg, u64 value)
{
	cpuif_write(reg->n, value);
}

/* IHI 0069 12.2.20. */
static void send(const struct sysreg *reg, u64 value)
{
	const u64 affinity =
		(value >> 48 & 0xff) << 32 | (value >> 32 & 0xff) << 16 | (value >> 16 & 0xff) << 8;

	if (value >> 44 & 0xf)
		model_fail("ICC_SGI1R_EL1: 0x%lx has a range selector: GICD_TYPER.RSS is 0", value);
	if (value >> 40 & 1) /* all but this CPU */
		return;
	if (affinity == 0 && value >> THIS_AFFINITY & 1)
		intc.line[value >> 24 & 0xf].latch = true;
}

static u64 lists_read(const struct sysreg *reg)
{
	return virtual_read(reg->n);
}

static void lists_write(const struct sysreg *reg, u64 value)
{
	virtual_write(reg->n, value);
}

/* With five bits of preemption one register holds all active priorities (IHI 0069 12.4.2). */
static u64 no_read(const struct sysreg *reg)
{
	model_fail("%s is UNDEFINED: ICH_VTR_EL2.PREbits is 5", reg->name);
}

static void no_write(const struct sysreg *reg, u64 value)
{
	no_read(reg);
}

#define ICC(register, name_, mask, ...)                                                            \
	{                                                                                          \
		.name = #name_, .check = must_be_enabled, .reserved = ~(u64)(mask), .n = register, \
		__VA_ARGS__                                                                        \
	}
#define READ  .read = register_read
#define WRITE .write = register_write

#define ICH(register, name_, ...)                                                    \
	{                                                                            \
		.name = #name_, .check = must_be_enabled, .n = register, __VA_ARGS__ \
	}
#define READ_VIRT  .read = lists_read
#define WRITE_VIRT .write = lists_write
#define LR(n)      ICH(VIRT_LR + 4 * n, ich_lr##n##_el2, READ_VIRT, WRITE_VIRT)
#define NONE(name) ICH(0, name, .read = no_read, .write = no_write)

struct sysreg gic_sysregs[] = {
	{ .name = "icc_sre_el2",
	  .check = must_exist,
	  .reserved = ~0xfUL,
	  .n = 2,
	  .read = sre_read,
	  .write = sre_write },
	ICC(1, icc_sre_el1, 0x7, .read = sre_read, .write = sre_write),
	ICC(0, icc_igrpen1_el1, 1, .read = enable_read, .write = enable_write),
	ICC(CPU_CTLR, icc_ctlr_el1, 0xcff43, READ, WRITE),
	ICC(CPU_PMR, icc_pmr_el1, 0xff, READ, WRITE),
	ICC(CPU_BPR, icc_bpr1_el1, 7, READ, WRITE),
	ICC(CPU_APR, icc_ap1r0_el1, 0xffffffff, READ, WRITE),
	ICC(CPU_IAR, icc_iar1_el1, 0, READ, .read_only = true),
	ICC(CPU_RPR, icc_rpr_el1, 0, READ, .read_only = true),
	ICC(CPU_HPPIR, icc_hppir1_el1, 0, READ, .read_only = true),
	ICC(CPU_EOIR, icc_eoir1_el1, 0xffffff, WRITE, .write_only = true),
	ICC(CPU_DIR, icc_dir_el1, 0xffffff, WRITE, .write_only = true),
	ICC(0, icc_sgi1r_el1, 0x00fff1ff0fffffff, .write = send, .write_only = true),
	ICH(VIRT_HCR, ich_hcr_el2, READ_VIRT, WRITE_VIRT),
	ICH(VIRT_VMCR, ich_vmcr_el2, READ_VIRT, WRITE_VIRT),
	ICH(VIRT_AP0, ich_ap0r0_el2, READ_VIRT, WRITE_VIRT),
	ICH(VIRT_AP1, ich_ap1r0_el2, READ_VIRT, WRITE_VIRT),
	ICH(VIRT_VTR, ich_vtr_el2, READ_VIRT, .read_only = true),
	ICH(VIRT_MISR, ich_misr_el2, READ_VIRT, .read_only = true),
	ICH(VIRT_EISR, ich_eisr_el2, READ_VIRT, .read_only = true),
	ICH(VIRT_ELRSR, ich_elrsr_el2, READ_VIRT, .read_only = true),
	NONE(ich_ap0r1_el2),
	NONE(ich_ap0r2_el2),
	NONE(ich_ap0r3_el2),
	NONE(ich_ap1r1_el2),
	NONE(ich_ap1r2_el2),
	NONE(ich_ap1r3_el2),
	LR(0),
	LR(1),
	LR(2),
	LR(3),
	LR(4),
	LR(5),
	LR(6),
	LR(7),
	LR(8),
	LR(9),
	LR(10),
	LR(11),
	LR(12),
	LR(13),
	LR(14),
	LR(15),
	{ .name = NULL },
};

/* ---- frames ---------------------------------------------------------------------------------- */

u32 gicc_read(u32 offset)
{
	return (u32)cpuif_read(offset);
}

void gicc_write(u32 offset, u32 value)
{
	cpuif_write(offset, value);
}

/* GICH_LR: HW 31, Grp1 30, State 29:28, Priority 27:23, PhysicalID 19:10, VirtualID 9:0. */
static u64 widen(u32 lr)
{
	const u64 physical = lr >> 10 & 0x3ff;
	const bool hw = lr >> 31;
	u64 wide = (lr & 0x3ff) | (u64)(lr >> 23 & 0x1f) << 51 | (u64)(lr >> 28 & 3) << 62 |
	           (u64)(lr >> 30 & 1) << 60 | (u64)hw << 61;

	if (lr & 7 << 20 || (!hw && physical & 0x1f8) ||
	    (!hw && physical & 7 && (lr & 0x3ff) >= 16))
		model_fail("GICH_LR: 0x%x has reserved bits", lr);
	if (hw)
		return wide | physical << 32;
	return wide | (physical & 7) << 32 | (physical >> 9) << 41; /* CPUID, EOI */
}

static u32 narrow(u64 lr)
{
	const bool hw = lr >> 61 & 1;
	const u32 physical = hw ? lr >> 32 & 0x3ff : (lr >> 32 & 7) | (lr >> 41 & 1) << 9;

	return (lr & 0x3ff) | physical << 10 | (lr >> 51 & 0x1f) << 23 | (lr >> 62) << 28 |
	       (lr >> 60 & 1) << 30 | (u32)hw << 31;
}

static bool is_list(u32 offset)
{
	return offset >= VIRT_LR && offset < VIRT_LR + 64 * 4;
}

static void must_be_register(u32 offset, bool written)
{
	switch (offset) {
	case VIRT_VTR:
	case VIRT_MISR:
	case VIRT_EISR:
	case VIRT_ELRSR:
		if (!written)
			return;
		break;
	case VIRT_HCR:
	case VIRT_VMCR:
	case VIRT_AP0:
		return;
	default:
		if (is_list(offset))
			return;
	}
	model_fail("a %s of GICH + 0x%x, where no such register is", written ? "write" : "read",
	           offset);
}

u32 gich_read(u32 offset)
{
	if (offset == VIRT_EISR + 4 || offset == VIRT_ELRSR + 4)
		return 0; /* of list registers 32 and on */
	must_be_register(offset, false);
	if (is_list(offset))
		return narrow(virtual_read(offset));
	return (u32)virtual_read(offset);
}

void gich_write(u32 offset, u32 value)
{
	must_be_register(offset, true);
	virtual_write(offset, is_list(offset) ? widen(value) : value);
}
