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
