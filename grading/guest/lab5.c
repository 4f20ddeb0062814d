/*
 * In-kernel tests of lab 5. Chosen by test=NAME; see grading/lab5/. They prepare the machine and then let a program run: most of
 * lab 5's tests are programs (grading/guest/user/).
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/irq.h>
#include <hv8/ktest.h>
#include <hv8/map.h>
#include <hv8/page.h>
#include <hv8/proc.h>
#include <hv8/stat.h>
#include <hv8/vm.h>
#include <machine.h>

/* The real-time clock of QEMU's virt (PL031, DDI 0224): a device with a line of its own, for grading/guest/user/rtc.h. */
#define RTC       0x09010000UL
#define RTC_UVA   0x60000000UL
#define RTC_INTID 34
#define RTC_DR    0x00
#define RTC_MR    0x04
#define RTC_IMSC  0x10
#define RTC_RIS   0x14

/* Run the program that init= names, as process 1, with the page of the clock. */
static _Noreturn void run_with_clock(void)
{
	char name[PROC_NAME] = "";
	const char *problem;
	pte_t *table;
	pid_t pid;

	bootarg("init", name, sizeof(name));
	problem = proc_load(name, &pid);
	if (problem || vm_map(pid, procs[pid].root, RTC_UVA, RTC, VM_RW))
		panic("cannot load %s with a device", name);
	table = pa_pointer(page_pa((pn_t)vm_walk(procs[pid].root, RTC_UVA, 3)));
	pte_store(&table[vm_index(RTC_UVA, 3)], vm_device_leaf(RTC));
	pte_publish();
	proc_run_next();
	context_switch(NULL, current);
	el1_return();
}

KTEST(4, clock)
{
	run_with_clock();
}

/* The same, but the clock calls, and its line is enabled, before anybody owns it. */
KTEST(4, nobody)
{
	if (map_range(RTC, RTC + PAGE_SIZE, MAP_DEVICE))
		panic("cannot map the clock");
	while (!(mmio_read32(RTC + RTC_RIS) & 1))
		mmio_write32(RTC + RTC_MR, mmio_read32(RTC + RTC_DR));
	mmio_write32(RTC + RTC_IMSC, 1);
	gic_enable(RTC_INTID);
	run_with_clock();
}

/* What firmware might leave, at worst: everything enabled, pending, active, urgent, in the wrong group, for another CPU. IHI 0069 12.9. */
static void rubbish_lines(pa_t base, u32 first)
{
	const pa_t word = first / 8;
	u32 i;

	mmio_write32(base + 0x080 + word, board.gic.version == 3 ? 0 : ~0U); /* IGROUPR */
	mmio_write32(base + 0x100 + word, ~0U);                              /* ISENABLER */
	mmio_write32(base + 0x200 + word, ~0U);                              /* ISPENDR */
	mmio_write32(base + 0x300 + word, ~0U);                              /* ISACTIVER */
	for (i = first; i < first + 32; i += 4)
		mmio_write32(base + 0x400 + i, 0x00102000); /* IPRIORITYR */
	for (i = first; i < first + 32; i += 16)
		mmio_write32(base + 0xc00 + i / 4, 0xaaaaaaaa); /* ICFGR */
}

static void rubbish_distributor(void)
{
	const pa_t dist = board.gic.dist.start;
	const u32 lines = 32 * ((mmio_read32(dist + 4) & 0x1f) + 1);
	u32 first, i;

	mmio_write32(dist, board.gic.version == 3 ? 0x10 : 0); /* GICD_CTLR: ARE */
	for (first = board.gic.version == 3 ? 32 : 0; first < lines && first < 992; first += 32)
		rubbish_lines(dist, first);
	for (i = 32; i < lines && i < 1020; i++)
		if (board.gic.version == 3)
			mmio_write32(dist + 0x6000 + 8 * i, 3); /* GICD_IROUTER */
		else
			mmio_write32(dist + 0x800 + i / 4 * 4, 0x80808080); /* GICD_ITARGETSR */
	mmio_write32(dist, board.gic.version == 3 ? 0x13 : 1);
}

/* IHI 0069 12.2, 12.4, 12.11 */
static void rubbish_gicv3(void)
{
	const pa_t redist = board.gic.redist[0].start;

	rubbish_lines(redist + 0x10000, 0);
	mmio_write32(redist + 0x14, 2); /* GICR_WAKER: asleep */
	write_sysreg(icc_sre_el2, 0xf);
	isb();
	write_sysreg(icc_pmr_el1, 0x20);
	write_sysreg(icc_bpr1_el1, 7);
	write_sysreg(icc_ctlr_el1, 1); /* EOImode 0, CBPR */
	write_sysreg(icc_igrpen1_el1, 1);
	write_sysreg(icc_ap1r0_el1, 0x10004); /* interrupts of priorities 0x10 and 0x80 were never ended */
	write_sysreg(ich_hcr_el2, 0xff);
	write_sysreg(ich_vmcr_el2, 0xff04021f);
	write_sysreg(ich_ap0r0_el2, 2);
	write_sysreg(ich_ap1r0_el2, 1);
	write_sysreg(ich_lr0_el2, 0x5010000000000003);
	write_sysreg(ich_lr1_el2, 0x9018000000000004);
	write_sysreg(ich_lr2_el2, 0x7020002100000021);
	write_sysreg(ich_lr3_el2, 0x1000020000000007); /* ended, and asks to tell so */
	isb();
}

/* IHI 0048 4.3, 4.4, 5.3 */
static void rubbish_gicv2(void)
{
	const pa_t dist = board.gic.dist.start, cpu = board.gic.cpu.start,
		   hyp = board.gic.hyp.start;

	mmio_write32(dist + 0x080, 0); /* GICD_IGROUPR: of the group that bit 0 enables */
	mmio_write32(cpu + 0x00, 1);
	mmio_write32(cpu + 0x04, 0xff);
	mmio_write32(dist + 0x380, 1U << 3 | 1U << 5); /* GICD_ICACTIVER */
	mmio_write32(dist + 0xf00, 0x02000003);        /* GICD_SGIR: SGI 3 of this CPU's own */
	mmio_read32(cpu + 0x0c);                       /* GICC_IAR, and it is never ended */
	mmio_write32(dist + 0xf00, 0x02000005);
	mmio_write32(dist + 0x080, ~0U);
	mmio_write32(cpu + 0x00, 0); /* EOImode 0 */
	mmio_write32(cpu + 0x04, 0x20);
	mmio_write32(cpu + 0x08, 7);
	mmio_write32(hyp + 0x000, 0xff);
	mmio_write32(hyp + 0x008, 0xf884021f);
	mmio_write32(hyp + 0x0f0, 3);
	mmio_write32(hyp + 0x100, 0x11000003);
	mmio_write32(hyp + 0x104, 0x21800004);
	mmio_write32(hyp + 0x108, 0x92008421);
	mmio_write32(hyp + 0x10c, 0x00080007);
}

/* Stage 2 is up, and the GIC is mapped: what follows is the boot as ever, with a look from outside behind gic_init(). There is nothing to
 * handle then. */
KTEST(2, rubbish)
{
	rubbish_distributor();
	if (board.gic.version == 3)
		rubbish_gicv3();
	else
		rubbish_gicv2();
	proc_init();
	ktest_stop();
	irq_handle();
	printk("to handle: %lu, spurious: %lu\n", stats[STAT_IRQS], stats[STAT_SPURIOUS]);
	proc_start();
}
