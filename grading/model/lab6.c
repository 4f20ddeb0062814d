/* Lab 6's tests on the model machine, whose clock stands still but where a test or a sleeping CPU lets it go. */
#include "scenario.h"

#include <hv8/irq.h>
#include <hv8/sysreg.h>
#include <hv8/timer.h>

/* The current process writes CNTP_CVAL_EL0 and CNTP_CTL_EL0, as it may from its first use on. */
static void sets(u64 time)
{
	if (!(current->uses & USES_TIMER))
		irq_first_use(3 << 20 | 3 << 14 | 14 << 10 | 1 << 17 | 2 << 1); /* CNTP_CTL_EL0 */
	if (!(read_sysreg(cnthctl_el2) & CNTHCTL_EL2_EL1PCEN))
		model_fail("process %d cannot reach its timer: CNTHCTL_EL2.EL1PCEN is 0",
		           current->pid);
	write_sysreg(cntp_cval_el0, time);
	write_sysreg(cntp_ctl_el0, CNT_CTL_ENABLE);
	world_interrupts();
}

static void passes(u64 ticks)
{
	model_time_advance(ticks);
	world_interrupts();
}

/* It gets its timer's interrupt, and switches the timer off, as a handler does. */
static void handles(const char *when)
{
	u32 iar;

	world_interrupts();
	iar = model_virq_ack();
	if (iar != IRQ_TIMER)
		model_fail("process %d gets %s %s", current->pid,
		           iar == 1023 ? "no interrupt of its timer" : "another interrupt", when);
	write_sysreg(cntp_ctl_el0, 0);
	model_virq_eoi(iar);
	world_interrupts();
	if (model_irq(IRQ_TIMER).active)
		model_fail("the timer's interrupt is active still behind the end of its handler");
}

static void gets_none(const char *when)
{
	world_interrupts();
	if (model_virq_ack() != 1023)
		model_fail("process %d gets an interrupt %s", current->pid, when);
}

static void be_current(pid_t pid, const char *when)
{
	if (current->pid != pid)
		model_fail("process %d runs %s; it should be process %d", current->pid, when, pid);
}

/* 1 and 2 use interrupts and have a timer; 1 runs. */
static void two(void)
{
	world_open();
	world_child(2);
	GOOD(set_runnable, 2);
	GOOD(switch, 2);
	world_open();
	GOOD(switch, 1);
}

/* ---- scenarios --------------------------------------------------------------------------------- */

/* Each process has its own timer: its time, its interrupt, pending or being handled. */
static void timer_switch(void)
{
	const u64 start = model_time();

	two();
	sets(start + 1000);
	GOOD(switch, 2);
	if (read_sysreg(cnthctl_el2) & CNTHCTL_EL2_EL1PCEN)
		model_fail("process 2 has not used the timer, and can reach it");
	passes(1500);
	gets_none("of the other's timer");
	sets(start + 3000);
	GOOD(switch, 1);
	if (read_sysreg(cntp_cval_el0) != start + 1000)
		model_fail("process 1 finds another time in CNTP_CVAL_EL0 than it has set");
	world_interrupts(); /* its own was due: pending for it from here on */
	GOOD(switch, 2);
	gets_none("of the other's timer, which is pending");
	passes(1500);
	if (model_virq_ack() != IRQ_TIMER)
		model_fail(
			"process 2's timer does not interrupt: the other's interrupt keeps it from that");
	GOOD(switch, 1);
	if (!model_irq(IRQ_TIMER).active)
		model_fail(
			"process 1 has its timer's interrupt pending, and the physical one is not active");
	handles("that was pending when another ran");
	gets_none("behind the end of the handler");
	GOOD(switch, 2);
	if (!model_irq(IRQ_TIMER).active)
		model_fail(
			"process 2 is in its timer's handler, and the physical interrupt is not active");
	write_sysreg(cntp_ctl_el0, 0);
	model_virq_eoi(IRQ_TIMER);
	gets_none("behind the end of the handler");
	tell(number + 2, "two timers, each its own:");
}

/* Sleepers wake at their times, also when the whole machine sleeps. */
static void timer_sleep(void)
{
	const u64 start = model_time(), tick = timer_frequency() / 100;
	const u64 far = start + (1UL << 32) + tick; /* in its lower half alone it is early */

	two();
	sets(start + 1000);
	GOOD(wait);
	be_current(2, "while process 1 sleeps");
	passes(999);
	if (procs[1].state != PROC_SLEEPING)
		model_fail("process 1 was woken before its time");
	passes(1);
	be_current(2, "when a sleeper is woken in the slice of process 2");
	if (procs[1].state != PROC_RUNNABLE)
		model_fail("process 1 was not woken at its time");
	GOOD(switch, 1);
	handles("when its time has come");
	/* Both sleep: the CPU too. */
	sets(far);
	GOOD(switch, 2);
	sets(start + 5 * tick);
	GOOD(wait);
	be_current(1, "while process 2 sleeps");
	GOOD(wait);
	be_current(2, "first of two sleepers, whose time is earlier");
	if (model_time() != start + 5 * tick)
		model_fail("process 2 wakes at another time than it has set");
	handles("when its time has come");
	GOOD(wait);
	be_current(1, "when only its timer is set");
	if (model_time() != far)
		model_fail("process 1 wakes at another time than it has set");
	handles("when its time has come");
	tell(number + 3, "three times, slept until each:");
}

/* Slices end, and are handed on; who is alone is not interrupted. */
static void timer_slice(void)
{
	const u64 tick = timer_frequency() / 100;
	int i;

	if (read_sysreg(cnthp_ctl_el2) & CNT_CTL_ENABLE)
		model_fail("process 1 is alone, and the EL2 timer is on");
	two();
	passes(read_sysreg(cnthp_cval_el2) - model_time());
	be_current(2, "when the slice of process 1 is over");
	for (i = 0; i < 4; i++) {
		passes(tick - 1);
		be_current(i % 2 ? 1 : 2, "before the end of its slice");
		passes(1);
		be_current(i % 2 ? 2 : 1, "when the slice of the other is over");
	}
	passes(tick / 2);
	GOOD(switch, 1);
	passes(tick - tick / 2);
	be_current(2, "when the slice is over that it has handed on");
	CALL(exit, 0);
	be_current(1, "behind the end of the other");
	passes(2 * tick); /* no more than one: for who might have been ready */
	if (read_sysreg(cnthp_ctl_el2) & CNT_CTL_ENABLE)
		model_fail("process 1 is alone again, and the EL2 timer is on");
	tell(number + (u64)i, "%d slices:", i + 2);
}

static void with_interrupts(void)
{
	world_gic();
}

static void with_gicv2(void)
{
	model.gic.version = 2;
	world_gic();
}

SCENARIO(timer_slice, timer_slice, with_interrupts)
SCENARIO(timer_switch, timer_switch, with_gicv2)
SCENARIO(timer_sleep, timer_sleep, with_interrupts)
