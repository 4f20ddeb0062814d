/*
 * GICv3 (IHI 0069): the CPU interface and the list registers are system registers; each CPU has a redistributor,
 * two frames of 64 KiB in one of the regions that the device tree names, found by its affinity in GICR_TYPER.
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/gic.h>
#include <machine.h>

#define GICD_CTLR_RWP             (1U << 31)
#define GICR_CTLR                 0x000
#define GICR_CTLR_RWP             (1U << 3)
#define GICR_TYPER                0x008
#define GICR_TYPER_VLPIS          (1U << 1) /* GICv4: two frames more */
#define GICR_TYPER_LAST           (1U << 4)
#define GICR_TYPER_AFFINITY       0x00c /* its upper half */
#define GICR_WAKER                0x014
#define GICR_WAKER_PROCESSORSLEEP (1U << 1)
#define GICR_WAKER_CHILDRENASLEEP (1U << 2)

/* IHI 0069, 12.2: ICC_ registers; 12.4: ICH_ registers */
#define ICC_SRE_SRE          (1UL << 0) /* system registers */
#define ICC_SRE_DFB          (1UL << 1) /* no bypass */
#define ICC_SRE_DIB          (1UL << 2)
#define ICC_CTLR_EOIMODE     (1UL << 1)
#define ICC_CTLR_PRIBITS(c)  (((c) >> 8 & 7) + 1)
#define ICH_VTR_NLR(vtr)     ((int)((vtr)&0x1f) + 1)
#define ICH_VTR_PREBITS(vtr) ((int)((vtr) >> 26 & 7) + 1)

/* This CPU's redistributor, or 0. */
USED_BY_HOLES static pa_t find_redistributor(void)
{
	const u64 mpidr = read_sysreg(mpidr_el1);
	const u32 affinity = (u32)((mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000));
	int i;

	for (i = 0; i < board.gic.nredist; i++) {
		pa_t at = board.gic.redist[i].start;
		u32 type = 0;

		while (!(type & GICR_TYPER_LAST) && at + 0x20000 <= board.gic.redist[i].end) {
			if (mmio_read32(at + GICR_TYPER_AFFINITY) == affinity)
				return at;
			type = mmio_read32(at + GICR_TYPER);
			at += type & GICR_TYPER_VLPIS ? 0x40000 : 0x20000;
		}
	}
	return 0;
}

/* Firmware may have taken an interrupt and never ended it: its active priority would mask all that are not more urgent, for ever. */
static void end_all(void)
{
	const u64 bits = ICC_CTLR_PRIBITS(read_sysreg(icc_ctlr_el1));

	write_sysreg(icc_ap1r0_el1, 0);
	if (bits > 5)
		write_sysreg(icc_ap1r1_el1, 0);
	if (bits > 6) {
		write_sysreg(icc_ap1r2_el1, 0);
		write_sysreg(icc_ap1r3_el1, 0);
	}
}

/* System registers instead of GICC, and an EL1 that may not change that: without Enable its accesses to ICC_SRE_EL1 come here. */
USED_BY_HOLES static void use_system_registers(void)
{
	write_sysreg(icc_sre_el2, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
	isb(); /* the other ICC_ registers exist from here on */
	end_all();
	write_sysreg(icc_sre_el1, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
	write_sysreg(ich_ap0r0_el2, 0); /* UNKNOWN at reset: an active priority here would mask all of EL1's interrupts */
	isb();
}

/* gic_cpu_init(): system registers, and this CPU's redistributor. */
const char *gicv3_cpu_init(void)
{
#if SOLUTION >= 5
	u64 vtr;
	int i;

	gic.redist = find_redistributor();
	if (gic.redist == 0)
		return "the device tree has no redistributor for this CPU";
	/* 12.11: a sleeping redistributor passes nothing on */
	mmio_write32(gic.redist + GICR_WAKER,
	             mmio_read32(gic.redist + GICR_WAKER) & ~GICR_WAKER_PROCESSORSLEEP);
	while (mmio_read32(gic.redist + GICR_WAKER) & GICR_WAKER_CHILDRENASLEEP)
		continue;
	use_system_registers();
	write_sysreg(icc_pmr_el1, 0xff); /* no priority is masked */
	write_sysreg(icc_bpr1_el1, 0);   /* as many preemption levels as there are */
	write_sysreg(icc_ctlr_el1, ICC_CTLR_EOIMODE);
	write_sysreg(icc_igrpen1_el1, 1);
	vtr = read_sysreg(ich_vtr_el2);
	gic.nlr = ICH_VTR_NLR(vtr) < GIC_NLR_MAX ? ICH_VTR_NLR(vtr) : GIC_NLR_MAX;
	gic.nap = ICH_VTR_PREBITS(vtr) <= 5 ? 1 : ICH_VTR_PREBITS(vtr) == 6 ? 2 : 4;
	for (i = 0; i < gic.nlr; i++)
		gicv3_lr_write(i, 0);
	gicv3_virtual_load(&(struct gic_virtual){ 0 });
	gicv3_virtual_close();
	return NULL;
#else
	/*
	 * LAB 5: gic.redist is what find_redistributor() finds; if nothing, 0, return "the device tree has no
	 * redistributor for this CPU". Wake it: clear ProcessorSleep in GICR_WAKER, then wait until ChildrenAsleep reads as 0.
	 * use_system_registers(). Then the physical interface: ICC_PMR_EL1 lets every priority through (0xff),
	 * ICC_BPR1_EL1 = 0, ICC_CTLR_EL1 = EOImode 1 (drop and deactivate are two steps), ICC_IGRPEN1_EL1 = 1.
	 * Then the virtual one: gic.nlr from ICH_VTR_EL2 (ICH_VTR_NLR, at most GIC_NLR_MAX); gic.nap is 1 up to 5
	 * PREbits (ICH_VTR_PREBITS), 2 for 6, 4 for 7; every list register 0; gicv3_virtual_load() of zeros;
	 * gicv3_virtual_close(). Return NULL.
	 * Read: IHI 0069 12.11 GICR_WAKER, 12.2 ICC_*, 12.4 ICH_VTR_EL2. Checked from outside; without EOImode 1
	 * each of a process's interrupts comes again while it is being handled.
	 */
	todo("gicv3_cpu_init");
#endif
}

void gicv3_wait(void)
{
	while (mmio_read32(gic.dist) & GICD_CTLR_RWP)
		continue;
	while (mmio_read32(gic.redist + GICR_CTLR) & GICR_CTLR_RWP)
		continue;
}

intid_t gicv3_ack(void)
{
	const intid_t intid = (intid_t)read_sysreg(icc_iar1_el1) & 0xffffff;

	dsb_sy(); /* the acknowledgement reaches the redistributor before what follows */
	return intid;
}

void gicv3_drop(intid_t intid)
{
	write_sysreg(icc_eoir1_el1, intid);
	isb();
}

void gicv3_deactivate(intid_t intid)
{
	write_sysreg(icc_dir_el1, intid);
	isb();
}

#define LIST_REGISTERS(X) \
	X(0)              \
	X(1)              \
	X(2)              \
	X(3)              \
	X(4)              \
	X(5)              \
	X(6)              \
	X(7)              \
	X(8)              \
	X(9)              \
	X(10)             \
	X(11)             \
	X(12)             \
	X(13)             \
	X(14)             \
	X(15)

u64 gicv3_lr_read(int n)
{
	switch (n) {
#define X(i)    \
	case i: \
		return read_sysreg(ich_lr##i##_el2);
		LIST_REGISTERS(X)
#undef X
	}
	return 0;
}

void gicv3_lr_write(int n, u64 lr)
{
	switch (n) {
#define X(i)                                       \
	case i:                                    \
		write_sysreg(ich_lr##i##_el2, lr); \
		break;
		LIST_REGISTERS(X)
#undef X
	}
}

u32 gicv3_lr_empty(void)
{
	isb(); /* what EL1 did is in the registers */
	return (u32)read_sysreg(ich_elrsr_el2);
}

void gicv3_virtual_open(u64 conditions)
{
	write_sysreg(ich_hcr_el2, ICH_HCR_EN | ICH_HCR_TALL0 | conditions);
	isb();
}

void gicv3_virtual_close(void)
{
	write_sysreg(ich_hcr_el2, ICH_HCR_TC | ICH_HCR_TALL0 | ICH_HCR_TALL1);
	isb();
}

void gicv3_virtual_save(struct gic_virtual *to)
{
	to->vmcr = (u32)read_sysreg(ich_vmcr_el2);
	to->ap[0] = (u32)read_sysreg(ich_ap1r0_el2);
	if (gic.nap > 1)
		to->ap[1] = (u32)read_sysreg(ich_ap1r1_el2);
	if (gic.nap > 2) {
		to->ap[2] = (u32)read_sysreg(ich_ap1r2_el2);
		to->ap[3] = (u32)read_sysreg(ich_ap1r3_el2);
	}
}

void gicv3_virtual_load(const struct gic_virtual *from)
{
	write_sysreg(ich_vmcr_el2, from->vmcr);
	write_sysreg(ich_ap1r0_el2, from->ap[0]);
	if (gic.nap > 1)
		write_sysreg(ich_ap1r1_el2, from->ap[1]);
	if (gic.nap > 2) {
		write_sysreg(ich_ap1r2_el2, from->ap[2]);
		write_sysreg(ich_ap1r3_el2, from->ap[3]);
	}
}
