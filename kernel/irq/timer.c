/*
 * The timers: see timer.h. The EL2 timer is set to what comes first, the end of the slice or a sleeper's deadline; it is off if
 * there is neither, so a process that is alone is never interrupted.
 *
 * The counter (CNTPCT_EL0) has 64 bits and does not wrap around in a lifetime: times are compared as numbers.
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/irq.h>
#include <hv8/stat.h>
#include <hv8/string.h>
#include <hv8/sysreg.h>
#include <hv8/timer.h>
#include <machine.h>

#define NEVER (~0UL)

static u64 tick;                                 /* of the counter */
static u64 slice_end = NEVER;                    /* when the process that runs has had its slice */
USED_BY_HOLES static u64 first_deadline = NEVER; /* no sleeper's is earlier */
static pid_t timer_owner;                        /* whose EL1 timer is in the CPU; 0: nobody's */
enum slice slice;

u64 timer_frequency(void)
{
	const u64 hz = read_sysreg(cntfrq_el0);

	return board.timer_clock ? board.timer_clock : hz;
}

static u64 now(void)
{
	isb(); /* or the counter may be read early: Arm ARM D11.2.1 */
	return read_sysreg(cntpct_el0);
}

/* Microseconds of a slice; 0: tick=off. */
static u64 tick_length(void)
{
	char text[12] = ""; /* longer than any that makes sense: it may be cut */
	u64 us = 0;
	int i;

	bootarg("tick", text, sizeof(text));
	if (!strcmp(text, "off"))
		return 0;
	for (i = 0; text[i] >= '0' && text[i] <= '9'; i++)
		us = us * 10 + (u64)(text[i] - '0');
	return us >= 10 && us <= 1000000 && text[i] == '\0' ? us : TICK_US;
}

/* Let the EL2 timer interrupt when the first of both is due. */
USED_BY_HOLES static void set_timer(void)
{
#if SOLUTION >= 6
	const u64 due = slice_end < first_deadline ? slice_end : first_deadline;

	write_sysreg(cnthp_cval_el2, due);
	write_sysreg(cnthp_ctl_el2, due == NEVER ? 0 : CNT_CTL_ENABLE);
	isb();
#else
	/*
	 * LAB 6: CNTHP_CVAL_EL2 is the earlier of slice_end and first_deadline; CNTHP_CTL_EL2 enables the timer
	 * (CNT_CTL_ENABLE), unless both are NEVER: then it is 0, and nobody is interrupted for nothing. isb() behind.
	 * Read: Arm ARM D11.2.4, D19.12.6 CNTHP_CTL_EL2. Checked: a process that is alone takes no interrupt.
	 */
	todo("set_timer");
#endif
}

bool timer_init(void)
{
	const u64 hz = timer_frequency(), length = tick_length();

	if (length == 0)
		return false;
	if (hz == 0)
		panic("the counter has no frequency: firmware has not set CNTFRQ_EL0, and the device tree does not tell");
	tick = hz * length / 1000000;
	tick = tick ? tick : 1;
	slice = SLICE_NONE;
	write_sysreg(cntp_ctl_el0, 0);
	set_timer();
	return true;
}

void slice_start(void)
{
	if (!current || current == &contexts[0])
		return; /* nobody runs: who will may be alone */
	slice = SLICE_RUNS;
	slice_end = now() + tick;
	set_timer();
}

/* Wake those whose deadline has come, and find the next deadline. */
USED_BY_HOLES static void wake_sleepers(u64 time)
{
#if SOLUTION >= 6
	pid_t pid;

	first_deadline = NEVER;
	for (pid = 1; pid < NPROC; pid++) {
		if (!irq_wakes(pid) || !timer_is_set(&contexts[pid]))
			continue;
		if (contexts[pid].timer_cval <= time)
			irq_wake(pid);
		else if (contexts[pid].timer_cval < first_deadline)
			first_deadline = contexts[pid].timer_cval;
	}
#else
	/*
	 * LAB 6: of all processes that an interrupt would wake (irq_wakes()) and whose EL1 timer is set
	 * (timer_is_set()): irq_wake() those whose contexts[pid].timer_cval is not later than `time`; of the others'
	 * timer_cval the earliest is first_deadline, or NEVER. A process that is awake gets its interrupt from its own
	 * timer, as soon as it runs: nothing is made pending here.
	 */
	todo("wake_sleepers");
#endif
}

/* The slice is over. */
USED_BY_HOLES static void end_slice(void)
{
#if SOLUTION >= 6
	if (procs[0].next == 0 || current == &contexts[0]) {
		slice = SLICE_NONE;
		slice_end = NEVER;
		return;
	}
	ready_add(current->pid);
	proc_run_next();
#else
	/*
	 * LAB 6: round robin. If nobody is ready (procs[0].next is 0), or nobody runs (`current` is &contexts[0]: the
	 * kernel idles), no slice runs from here on: slice_end is NEVER, and `slice` is SLICE_NONE, so that ready_add()
	 * will begin one. Otherwise the process goes behind all others, ready_add(), and the first runs, proc_run_next(), with a
	 * slice of its own.
	 */
	todo("end_slice");
#endif
}

void timer_interrupt(void)
{
#if SOLUTION >= 6
	const u64 time = now();

	stats[STAT_TICKS]++;
	if (first_deadline <= time)
		wake_sleepers(time);
	if (slice_end <= time)
		end_slice();
	set_timer();
#else
	/*
	 * LAB 6: count it in stats[STAT_TICKS]. What is due at now()? If first_deadline is, wake_sleepers(); if
	 * slice_end is, end_slice(). Then set_timer() for what comes next: the interrupt is level-sensitive, and with the
	 * old value it comes again at once.
	 * Order: who is woken first may run next.
	 */
	todo("timer_interrupt");
#endif
}

bool timer_expired(void)
{
	if (timer_owner == 0)
		return false;
	vgic_pend(timer_owner, IRQ_TIMER);
	return true;
}

bool timer_is_set(const struct context *context)
{
	const u64 ctl =
		context->pid == timer_owner ? read_sysreg(cntp_ctl_el0) : context->timer_ctl;

	return context->uses & USES_TIMER &&
	       (ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK)) == CNT_CTL_ENABLE;
}

/*
 * While a process has its timer's interrupt, pending or being handled, the physical one is active. That is part of the
 * CPU's state, not of the timer's: the next process's timer could not interrupt.
 */
void timer_leave(struct context *context)
{
#if SOLUTION >= 6
	context->timer_ctl = read_sysreg(cntp_ctl_el0) & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
	context->timer_cval = read_sysreg(cntp_cval_el0);
	write_sysreg(cntp_ctl_el0, 0);
	write_sysreg(cnthctl_el2, CNTHCTL_EL2_EL1PCTEN);
	isb();
	timer_owner = 0;
	if (vgic_is_outstanding(context->pid, IRQ_TIMER))
		gic_inactivate(IRQ_TIMER);
	if (irq_wakes(context->pid) && timer_is_set(context) &&
	    context->timer_cval < first_deadline) {
		first_deadline = context->timer_cval;
		set_timer();
	}
#else
	/*
	 * LAB 6: keep CNTP_CTL_EL0 (its ENABLE and IMASK) and CNTP_CVAL_EL0 in context->timer_ctl and timer_cval; switch
	 * the timer off (CNTP_CTL_EL0 = 0) and close it to EL1 (CNTHCTL_EL2 = EL1PCTEN alone); isb(). timer_owner is
	 * nobody. If the process has IRQ_TIMER outstanding (vgic_is_outstanding()), gic_inactivate() it. If the process sleeps,
	 * that is irq_wakes(), and its timer is set and earlier than first_deadline, that is the new first_deadline:
	 * set_timer().
	 * Read: Arm ARM D19.12.15 CNTP_CTL_EL0, D19.12.2 CNTHCTL_EL2. Checked: two processes with their own times, one
	 * that looks for the other's, and one that sleeps.
	 */
	todo("timer_leave");
#endif
}

void timer_enter(struct context *context)
{
#if SOLUTION >= 6
	if (vgic_is_outstanding(context->pid, IRQ_TIMER))
		gic_activate(IRQ_TIMER);
	timer_owner = context->pid;
	write_sysreg(cntp_cval_el0, context->timer_cval);
	write_sysreg(cntp_ctl_el0, context->timer_ctl);
	write_sysreg(cnthctl_el2, CNTHCTL_EL2_EL1PCTEN | CNTHCTL_EL2_EL1PCEN);
	isb();
#else
	/*
	 * LAB 6: the reverse of timer_leave(): if IRQ_TIMER is outstanding, gic_activate() it, before the timer can
	 * signal; timer_owner; CNTP_CVAL_EL0 first, then CNTP_CTL_EL0; open it to EL1: CNTHCTL_EL2 =
	 * EL1PCTEN and EL1PCEN; isb().
	 */
	todo("timer_enter");
#endif
}
