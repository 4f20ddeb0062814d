/*
 * GICv2 (IHI 0048; the HiKeys' GIC-400): everything is memory-mapped. GICC is the CPU interface, GICH the list registers, GICV
 * what a process maps as its own GICC.
 *
 * Seen from non-secure, as on a board behind firmware, there is one group, and bit 0 of each CTLR enables it. QEMU's
 * virt has no security extension there: bit 0 enables group 0, in which every interrupt is. So one code serves both.
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/gic.h>
#include <machine.h>

/* 4.4: GICC */
#define GICC_CTLR         0x0000
#define GICC_CTLR_ENABLE  (1U << 0)
#define GICC_CTLR_EOIMODE (1U << 9)
#define GICC_PMR          0x0004
#define GICC_BPR          0x0008
#define GICC_IAR          0x000c
#define GICC_EOIR         0x0010
#define GICC_APR          0x00d0
#define GICC_DIR          0x1000

/* 5.3: GICH */
#define GICH_HCR   0x000
#define GICH_VTR   0x004
#define GICH_VMCR  0x008
#define GICH_ELRSR 0x030
#define GICH_APR   0x0f0
#define GICH_LR    0x100

/* 5.3.8: a list register */
#define GICH_LR_PHYSICAL_SHIFT 10
#define GICH_LR_EOI            (1U << 19)
#define GICH_LR_PRIORITY_SHIFT 23 /* 5 bits */
#define GICH_LR_STATE_SHIFT    28
#define GICH_LR_HW             (1U << 31)

/* gic_cpu_init(): memory-mapped, GICC and GICH. */
const char *gicv2_cpu_init(void)
{
#if SOLUTION >= 5
	const u64 size = board.gic.cpu.end - board.gic.cpu.start;
	int i;

	if (board.gic.cpu.start == 0 || board.gic.hyp.start == 0 || board.gic.vcpu.start == 0)
		return "the interrupt controller has no virtual CPU interface in the device tree";
	/* Where 4 KiB pages are spread over 64 KiB each, the last alias is followed by GICC_DIR's page. */
	gic.cpu = board.gic.cpu.start + (size >= 0x20000 ? 0xf000 : 0);
	gic.hyp = board.gic.hyp.start;
	gic.vcpu = board.gic.vcpu.start;
	mmio_write32(gic.cpu + GICC_CTLR, 0);
	mmio_write32(gic.cpu + GICC_APR, 0);
	mmio_write32(gic.cpu + GICC_PMR, 0xff);
	mmio_write32(gic.cpu + GICC_BPR, 0);
	mmio_write32(gic.cpu + GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
	gic.nlr = (int)(mmio_read32(gic.hyp + GICH_VTR) & 0x3f) + 1;
	gic.nlr = gic.nlr < GIC_NLR_MAX ? gic.nlr : GIC_NLR_MAX;
	gic.nap = 1;
	for (i = 0; i < gic.nlr; i++)
		gicv2_lr_write(i, 0);
	gicv2_virtual_load(&(struct gic_virtual){ 0 });
	gicv2_virtual_close();
	return NULL;
#else
	/*
	 * LAB 5: gic.cpu, gic.hyp and gic.vcpu are where the device tree says (board.gic: cpu, hyp, vcpu); if one of the
	 * three is missing (start 0) return "the interrupt controller has no virtual CPU interface in the device tree".
	 * If the cpu range has 128 KiB or more, gic.cpu is 0xf000 behind its start: pages of 4 KiB are spread over
	 * 64 KiB each there, and GICC_DIR must be in the page behind.
	 * Then GICC: CTLR = 0; APR = 0, since firmware may have taken an interrupt that it never ended,
	 * and its priority would mask others for ever; PMR = 0xff, BPR = 0, CTLR = enable and EOImode 1. And GICH: gic.nlr
	 * from VTR's low 6 bits (plus one, at most GIC_NLR_MAX), gic.nap = 1, every list register 0,
	 * gicv2_virtual_load() of zeros, gicv2_virtual_close(). Return NULL.
	 * Read: IHI 0048 4.4.1 GICC_CTLR, 5.3.2 GICH_VTR.
	 */
	todo("gicv2_cpu_init");
#endif
}

void gicv2_wait(void)
{
}

intid_t gicv2_ack(void)
{
	return mmio_read32(gic.cpu + GICC_IAR) & 0x3ff;
}

void gicv2_drop(intid_t intid)
{
	mmio_write32(gic.cpu + GICC_EOIR, intid);
}

void gicv2_deactivate(intid_t intid)
{
	mmio_write32(gic.cpu + GICC_DIR, intid);
}

u64 gicv2_lr_read(int n)
{
	const u64 lr = mmio_read32(gic.hyp + GICH_LR + 4 * (u32)n);
	const u64 state = lr >> GICH_LR_STATE_SHIFT & 3,
		  priority = lr >> GICH_LR_PRIORITY_SHIFT & 0x1f;
	const u64 physical = lr >> GICH_LR_PHYSICAL_SHIFT & 0x3ff;

	return state << 62 | priority << (LR_PRIORITY_SHIFT + 3) | (lr & 0x3ff) | LR_GROUP1 |
	       (lr & GICH_LR_HW    ? LR_HW | physical << LR_PHYSICAL_SHIFT
	        : lr & GICH_LR_EOI ? LR_EOI
	                           : 0);
}

void gicv2_lr_write(int n, u64 lr)
{
	const u32 state = (u32)(lr >> 62), priority = LR_PRIORITY(lr) >> 3;
	const u32 physical = (u32)(lr >> LR_PHYSICAL_SHIFT) & 0x3ff;

	/* Group 0 is what bit 0 of GICV_CTLR enables, and what GICV_IAR acknowledges. */
	mmio_write32(gic.hyp + GICH_LR + 4 * (u32)n,
	             state << GICH_LR_STATE_SHIFT | priority << GICH_LR_PRIORITY_SHIFT |
	                     LR_INTID(lr) |
	                     (lr & LR_HW    ? GICH_LR_HW | physical << GICH_LR_PHYSICAL_SHIFT
	                      : lr & LR_EOI ? GICH_LR_EOI
	                                    : 0));
}

u32 gicv2_lr_empty(void)
{
	return mmio_read32(gic.hyp + GICH_ELRSR);
}

void gicv2_virtual_open(u64 conditions)
{
	mmio_write32(gic.hyp + GICH_HCR, (u32)(ICH_HCR_EN | conditions));
}

void gicv2_virtual_close(void)
{
	mmio_write32(gic.hyp + GICH_HCR, 0);
}

void gicv2_virtual_save(struct gic_virtual *to)
{
	to->vmcr = mmio_read32(gic.hyp + GICH_VMCR);
	to->ap[0] = mmio_read32(gic.hyp + GICH_APR);
}

void gicv2_virtual_load(const struct gic_virtual *from)
{
	mmio_write32(gic.hyp + GICH_VMCR, from->vmcr);
	mmio_write32(gic.hyp + GICH_APR, from->ap[0]);
}
