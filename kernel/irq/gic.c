/*
 * What GICv2 and GICv3 share: the distributor's registers, and the choice between the two backends.
 *
 * SGIs and PPIs (INTIDs 0..31) belong to one CPU. On a GICv2 the distributor banks their registers; on a GICv3 they are
 * in the SGI frame of the CPU's redistributor, at the same offsets.
 *
 *	0x000 CTLR	  control		0x280 ICPENDR	  make not pending
 *	0x004 TYPER	  how many INTIDs	0x300 ISACTIVER	  make active
 *	0x080 IGROUPR	  group, a bit each	0x380 ICACTIVER	  make inactive
 *	0x100 ISENABLER	  enable		0x400 IPRIORITYR  a byte each
 *	0x180 ICENABLER	  disable		0x800 ITARGETSR	  GICv2: CPUs, a byte each
 *	0x200 ISPENDR	  make pending		0xc00 ICFGR	  two bits each: level or edge
 *						0xf10 CPENDSGIR	  GICv2: SGIs, a byte each: not pending
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/gic.h>
#include <machine.h>

#define GICD_CTLR       0x000
#define GICD_TYPER      0x004
#define GICD_IGROUPR    0x080
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_ISPENDR    0x200
#define GICD_ICPENDR    0x280
#define GICD_ISACTIVER  0x300
#define GICD_ICACTIVER  0x380
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR  0x800
#define GICD_ICFGR      0xc00
#define GICD_CPENDSGIR  0xf10
#define GICR_SGI_BASE   0x10000

#define GICD_CTLR_ENABLE   (1U << 0)  /* GICv2: the one group that we see */
#define GICD_CTLR_ENABLE1A (1U << 1)  /* GICv3: group 1, in either security state's view */
#define GICD_CTLR_ARE      (1U << 4)  /* affinity routing: system registers, not GICC */
#define PRIORITIES         0xa0a0a0a0 /* four interrupts of one priority */
#define URGENT             0x80U

struct gic gic;

/* The frame with the registers of @p intid. */
static pa_t frame(intid_t intid)
{
	return gic.version == 3 && intid < 32 ? gic.redist + GICR_SGI_BASE : gic.dist;
}

/*
 * A write to one of the registers with a bit an interrupt; writing 0 to the other bits changes nothing. It has reached the
 * distributor before what follows: a timer that is switched on, a system register, an eret.
 */
static void write_bit(u32 base, intid_t intid)
{
	mmio_write32(frame(intid) + base + intid / 32 * 4, 1U << intid % 32);
	dsb_sy();
}

/* From scratch: INTIDs @p first.. @p first + 31. */
USED_BY_HOLES static void reset_lines(intid_t first)
{
#if SOLUTION >= 5
	const pa_t base = frame(first), word = first / 32 * 4;
	u32 i;

	mmio_write32(base + GICD_ICENABLER + word, ~0U);
	gic_wait(); /* what a disabled interrupt is may be changed */
	mmio_write32(base + GICD_ICPENDR + word, ~0U);
	mmio_write32(base + GICD_ICACTIVER + word, ~0U);
	/* Group 1 on a GICv3; a GICv2 has no other group that we see. Seen from non-secure: reads as 0, writes are ignored. */
	mmio_write32(base + GICD_IGROUPR + word, gic.version == 3 ? ~0U : 0);
	for (i = 0; i < 32; i += 4)
		mmio_write32(base + GICD_IPRIORITYR + first + i, PRIORITIES);
	for (i = 0; i < 32 && first >= 32; i += 16)
		mmio_write32(base + GICD_ICFGR + (first + i) / 4, 0); /* level-sensitive */
#else
	/*
	 * LAB 5: 32 interrupts from scratch, whatever firmware left: disabled, and gic_wait(); then not pending, not
	 * active; in group 1 on a GICv3 and group 0 on a GICv2 (IGROUPR: a bit each); all of priority 0xa0
	 * (PRIORITIES, a byte each); SPIs (`first` >= 32) level-sensitive (ICFGR: two bits each, 0). SGIs and PPIs have a
	 * fixed ICFGR. The registers are at frame(first).
	 * Read: GICv3 IHI 0069 12.9, GICv2 IHI 0048 4.3. An interrupt that stays active is never signalled
	 * again: nobody knows that it has to be ended. Checked on a machine whose firmware left rubbish.
	 */
	todo("reset_lines");
#endif
}

/* GICv2: SPIs come to this CPU, whose bit the banked registers of PPIs tell (4.3.12). GICv3: to this CPU's affinity. */
static void route_lines(intid_t first)
{
	const u64 affinity = read_sysreg(mpidr_el1) & 0xff00ffffff;
	u32 mine = gic.version == 2 ? mmio_read32(gic.dist + GICD_ITARGETSR) & 0xff : 0, i;

	if (mine == 0)
		mine = 1; /* one CPU: the registers read as 0 */
	for (i = first; i < first + 32 && i < gic.lines; i++) {
		if (gic.version == 3) {
			mmio_write32(gic.dist + 0x6000 + 8 * i, (u32)affinity); /* GICD_IROUTER */
			mmio_write32(gic.dist + 0x6004 + 8 * i, (u32)(affinity >> 32));
		} else if (i % 4 == 0) {
			mmio_write32(gic.dist + GICD_ITARGETSR + i, mine * 0x01010101);
		}
	}
}

static void distributor_init(void)
{
	u32 lines, first;

	lines = 32 * ((mmio_read32(gic.dist + GICD_TYPER) & 0x1f) + 1);
	gic.lines = lines < GIC_SPURIOUS ? lines : GIC_SPURIOUS;
	/* 12.9: ARE may be set while no group is enabled, and never cleared. */
	mmio_write32(gic.dist + GICD_CTLR,
	             gic.version == 3 ? mmio_read32(gic.dist + GICD_CTLR) & GICD_CTLR_ARE : 0);
	gic_wait();
	if (gic.version == 3) {
		mmio_write32(gic.dist + GICD_CTLR, GICD_CTLR_ARE);
		gic_wait();
	}
	for (first = 0; gic.version == 2 && first < 16; first += 4)
		mmio_write32(gic.dist + GICD_CPENDSGIR + first, ~0U); /* 4.3.16: by sender, not by ICPENDR */
	for (first = 0; first < gic.lines; first += 32) {
		reset_lines(first);
		if (first)
			route_lines(first);
	}
	mmio_write32(gic.dist + GICD_CTLR,
	             gic.version == 3 ? GICD_CTLR_ARE | GICD_CTLR_ENABLE1A : GICD_CTLR_ENABLE);
	gic_wait();
}

const char *gic_init(void)
{
	const char *problem;

	gic = (struct gic){ .version = board.gic.version, .dist = board.gic.dist.start };
	if (gic.version == 0)
		return "the device tree has no interrupt controller that hv8 knows";
	problem = gic_cpu_init();
	if (problem)
		gic.version = 0;
	else
		distributor_init();
	return problem;
}

void gic_enable(intid_t intid)
{
	write_bit(GICD_ISENABLER, intid);
}

void gic_disable(intid_t intid)
{
	write_bit(GICD_ICENABLER, intid);
	gic_wait();
}

void gic_configure(intid_t intid, bool edge)
{
	const pa_t at = gic.dist + GICD_ICFGR + intid / 16 * 4;
	const u32 bit = 2U << intid % 16 * 2, others = mmio_read32(at) & ~bit;

	mmio_write32(at, edge ? others | bit : others);
}

void gic_urgent(intid_t intid)
{
	const pa_t at = frame(intid) + GICD_IPRIORITYR + intid / 4 * 4;
	const u32 shift = intid % 4 * 8, others = mmio_read32(at) & ~(0xffU << shift);

	mmio_write32(at, others | URGENT << shift);
}

void gic_pend(intid_t intid)
{
	write_bit(GICD_ISPENDR, intid);
}

void gic_activate(intid_t intid)
{
	write_bit(GICD_ISACTIVER, intid);
}

void gic_inactivate(intid_t intid)
{
	write_bit(GICD_ICACTIVER, intid);
}

void gic_forget(intid_t intid)
{
	gic_disable(intid);
	write_bit(GICD_ICPENDR, intid);
	write_bit(GICD_ICACTIVER, intid);
}
