/* Sleepers and their deadlines, which the EL2 timer keeps; and how long a tick is. */
#include "unit.h"
#include "drive_irq.h"
#include "world.h"

#include <hv8/board.h>
#include <hv8/stat.h>
#include <hv8/sysreg.h>
#include <hv8/timer.h>
#include <machine.h>
#include <string.h>

#define TICK 625000UL /* 10 ms */

/* 1, 2 and 3 run in turn; all use interrupts, and have a timer. 1 runs, and time is 0 from here on. */
static u64 start;

static void begin(int version)
{
	u64 pid;

	world_irq(gic_of(version, 4), "");
	child(2);
	child(3);
	for (pid = 3; pid; pid--) {
		run(pid);
		opens();
		traps(CNTP_CTL_WRITE);
	}
	start = model_time();
}

static int passes(u64 ticks)
{
	model_time_advance(ticks);
	return interrupts();
}

static void sets(u64 time)
{
	write_sysreg(cntp_cval_el0, start + time);
	write_sysreg(cntp_ctl_el0, CNT_CTL_ENABLE);
	interrupts();
}

static void handles(void)
{
	interrupts(); /* on the way back to the process */
	gets(IRQ_TIMER);
	write_sysreg(cntp_ctl_el0, 0);
	ends(IRQ_TIMER);
	gets_nothing();
}

/* ---- deadlines --------------------------------------------------------------------------------- */

static void a_sleeper_wakes_when_its_time_has_come(void **state)
{
	begin((int)(intptr_t)*state);
	sets(1000);
	ok(wait);
	assert_int_equal(procs[1].state, PROC_SLEEPING);
	assert_int_equal(read_sysreg(cnthp_cval_el2), start + 1000);
	assert_int_equal(passes(999), 0);
	assert_int_equal(passes(1), 1);
	assert_int_equal(procs[1].state, PROC_RUNNABLE);
	run(1);
	assert_int_equal(current->frame.x[0], 0);
	handles(); /* its own timer tells it */
	/* The slice goes on behind the deadline. */
	run(2);
	passes(TICK);
	assert_int_not_equal(current->pid, 2);
}

static void who_waits_for_anyone_wakes_too(void **state)
{
	begin((int)(intptr_t)*state);
	sets(1000);
	ok(recv, 0, NONE, NONE);
	passes(1000);
	assert_int_equal(procs[1].state, PROC_RUNNABLE);
	run(1);
	assert_int_equal(current->frame.x[0], -EINTR);
	handles();
	/* But not who waits for one. */
	sets(2000);
	ok(recv, 2, NONE, NONE);
	passes(2000);
	assert_int_equal(procs[1].state, PROC_WAITING);
	run(2);
	ok(send, 1, 0, NONE, NONE);
	run(1);
	handles();
}

/* All sleep: the CPU too, and each wakes in its turn. */
static void the_earliest_deadline_is_the_next(void **state)
{
	const u64 times[2][4] = { { 0, 1000, 2000, 3000 }, { 0, 3000, 1000, 2000 } };
	const pid_t order[2][3] = { { 1, 2, 3 }, { 2, 3, 1 } };
	int turn, i;

	for (turn = 0; turn < 2; turn++) {
		begin((int)(intptr_t)*state);
		for (i = 1; i <= 3; i++) { /* the last wait() returns when the first has come */
			sets(times[turn][current->pid]);
			ok(wait);
		}
		for (i = 0; i < 3; i++) {
			assert_int_equal(current->pid, order[turn][i]);
			assert_int_equal(model_time(), start + 1000 * (u64)(i + 1));
			handles();
			if (i < 2) {
				ok(wait);
			}
		}
	}
}

static void deadlines_at_once_wake_all(void **state)
{
	int i;

	begin((int)(intptr_t)*state);
	child(6);
	run(6);
	ok(raise_irq, 6, 1); /* it does not sleep */
	for (run(1), i = 1; i <= 3; i++) {
		run((u64)i);
		sets(1000 + (u64)i);
		ok(wait);
	}
	while (current->pid != 6)
		run(6);
	model_time_advance(1010);
	assert_int_equal(interrupts(), 1);
	for (i = 1; i <= 3; i++)
		assert_int_equal(procs[i].state, PROC_RUNNABLE);
}

/* Its interrupt was due when it went to sleep. */
static void a_deadline_that_has_passed_wakes_at_once(void **state)
{
	begin((int)(intptr_t)*state);
	write_sysreg(cntp_cval_el0, start - 5);
	write_sysreg(cntp_ctl_el0, CNT_CTL_ENABLE);
	ok(wait); /* the hypercall was quicker than the interrupt */
	interrupts();
	assert_int_equal(procs[1].state, PROC_RUNNABLE);
	run(1);
	interrupts();
	handles();
}

static void a_timer_that_will_not_interrupt_keeps_nobody(void **state)
{
	const u64 controls[] = { 0, CNT_CTL_IMASK, CNT_CTL_ENABLE | CNT_CTL_IMASK };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		begin(3);
		run(2);
		ok(recv, 3, NONE, NONE);
		while (current->pid != 1)
			run(1);
		ok(recv, 3, NONE, NONE);
		assert_int_equal(current->pid, 3);
		write_sysreg(cntp_cval_el0, start + 1000);
		write_sysreg(cntp_ctl_el0, controls[i]);
		assert_int_equal(hc_stop(wait), MODEL_OFF);
	}
}

static void the_deadline_of_the_dead_wakes_nobody(void **state)
{
	begin(3);
	run(2);
	sets(1000);
	ok(wait);
	if (current->pid != 1)
		run(1);
	ok(kill, 2);
	passes(1000);
	assert_int_equal(procs[2].state, PROC_ZOMBIE);
	assert_int_equal(current->pid, 1);
	passes(TICK);
	assert_int_equal(current->pid, 3);
}

/* An interrupt wakes it before its time: when that comes it is awake, and gets it from its own timer. */
static void who_is_awake_by_then_is_not_woken(void **state)
{
	begin((int)(intptr_t)*state);
	sets(1000);
	ok(wait);
	ok(raise_irq, 1, 5);
	run(1);
	serves(5);
	passes(1000);
	assert_int_equal(current->pid, 1);
	handles();
}

static void a_slice_and_a_deadline_end_at_once(void **state)
{
	begin((int)(intptr_t)*state);
	passes(read_sysreg(cnthp_cval_el2) - model_time());
	run(1);
	sets(read_sysreg(cnthp_cval_el2) - start);
	ok(wait); /* the next has a slice of its own, as long as the rest of 1's */
	assert_int_equal(read_sysreg(cnthp_cval_el2) - model_time(), TICK);
	passes(TICK);
	assert_int_equal(procs[1].state, PROC_RUNNABLE);
	assert_int_equal(procs[0].prev == 1 || procs[procs[0].prev].prev == 1, 1);
}

/* The only one waits for its time by WFI. */
static void wfi_lasts_until_the_timer(void **state)
{
	begin((int)(intptr_t)*state);
	run(2);
	ok(recv, 1, NONE, NONE);
	while (current->pid != 3)
		run(3);
	ok(recv, 1, NONE, NONE);
	assert_int_equal(current->pid, 1);
	sets(50 * TICK);
	wfi_by_process();
	assert_int_equal(model_time(), start + 50 * TICK);
	assert_int_equal(stats[STAT_TICKS], 1); /* the slice's end; then nobody ticks */
	handles();
}

/* Who wakes while nobody else is there has no slice: nothing ticks for it. */
static void who_wakes_alone_is_not_interrupted(void **state)
{
	world_irq(gic_of((int)(intptr_t)*state, 4), "");
	opens();
	traps(CNTP_CTL_WRITE);
	start = model_time();
	sets(50 * TICK);
	ok(wait);
	assert_int_equal(model_time(), start + 50 * TICK);
	assert_int_equal(stats[STAT_TICKS], 1);
	assert_int_equal(read_sysreg(cnthp_ctl_el2) & CNT_CTL_ENABLE, 0);
	handles();
}

/* The CPU idles; two wake at once: who runs first has a slice, or the other would wait for ever. */
static void who_wake_together_take_turns(void **state)
{
	u64 pid;

	world_irq(gic_of((int)(intptr_t)*state, 4), "");
	child(2);
	for (pid = 2; pid; pid--) {
		run(pid);
		opens();
		traps(CNTP_CTL_WRITE);
	}
	start = model_time();
	for (pid = 1; pid <= 2; pid++) {
		sets(50 * TICK);
		ok(wait);
	}
	assert_int_equal(model_time(), start + 50 * TICK);
	for (pid = 0; pid < 5; pid++) {
		const pid_t before = current->pid;

		passes(TICK);
		assert_int_equal(current->pid, 3 - before);
	}
}

/* The kernel keeps the deadlines of sleepers alone. */
static void the_timer_of_who_is_awake_is_its_own_business(void **state)
{
	u64 slice_ends;

	begin((int)(intptr_t)*state);
	run(2);
	sets(3000); /* and stays ready */
	run(1);
	sets(1000);
	ok(wait);
	slice_ends = model_time() + TICK;
	passes(1000);
	assert_int_equal(procs[1].state, PROC_RUNNABLE);
	assert_int_equal(stats[STAT_TICKS], 1);
	assert_int_equal(read_sysreg(cnthp_cval_el2), slice_ends);
}

/* ---- how long a tick is ------------------------------------------------------------------------ */

/* On a machine whose counter has @p hz, with a device tree that says @p clock. */
static void boot(u64 hz, u32 clock, const char *arguments)
{
	model_sysreg_set("cntfrq_el0", hz);
	world_gic();
	board.timer_clock = clock;
	strcpy(board.bootargs, arguments);
	world_boot(64);
}

/* The ticks of a slice then. */
static u64 tick_of(u64 hz, u32 clock, const char *arguments)
{
	model_reset();
	boot(hz, clock, arguments);
	world_child(2);
	assert_int_equal(CALL(set_runnable, 2), 0);
	return read_sysreg(cnthp_cval_el2) - model_time();
}

static void a_tick_is_10_ms_of_any_counter(void **state)
{
	assert_int_equal(tick_of(62500000, 0, ""), 625000);
	assert_int_equal(tick_of(1200000, 0, ""), 12000);
	assert_int_equal(tick_of(1000000000, 0, ""), 10000000);
	assert_int_equal(tick_of(19200000, 0, ""), 192000);
	assert_int_equal(tick_of(1, 0, ""), 1); /* never 0: it would be over before it began */
	assert_int_equal(timer_frequency(), 1);
	assert_int_equal(tick_of(62500000, 1200000, ""), 12000); /* firmware was wrong */
	assert_int_equal(tick_of(0, 1200000, ""), 12000);        /* or said nothing */
	assert_int_equal(timer_frequency(), 1200000);
}

static void the_tick_can_be_chosen(void **state)
{
	assert_int_equal(tick_of(62500000, 0, "tick=10"), 625);
	assert_int_equal(tick_of(1200000, 0, "tick=10"), 12);
	assert_int_equal(tick_of(62500000, 0, "a=b tick=1000000 c"), 62500000);
	assert_int_equal(tick_of(62500000, 0, "tick=00500"), 31250);
}

static void a_tick_that_makes_no_sense_is_10_ms(void **state)
{
	static const char *const wrong[] = { "tick=",
		                             "tick=0",
		                             "tick=9",
		                             "tick=1000001",
		                             "tick=10000000",
		                             "tick=100000000",
		                             "tick=12x",
		                             "tick=x12",
		                             "tick=-20",
		                             "tick=0x40",
		                             "tick=99999999999999999999999" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		if (tick_of(62500000, 0, wrong[i]) != TICK)
			fail_msg("%s is accepted", wrong[i]);
}

static void boot_it(void *unused)
{
	boot(0, 0, "");
}

static void a_counter_without_a_frequency_is_the_end(void **state)
{
	assert_int_equal(model_run(boot_it, NULL), MODEL_OFF);
	assert_non_null(strstr(model_output(),
	                       "hv8: panic: the counter has no frequency: firmware has not set "
	                       "CNTFRQ_EL0, and the device tree does not tell"));
}

static const struct CMUnitTest tests[] = {
	BOTH(a_sleeper_wakes_when_its_time_has_come),
	BOTH(who_waits_for_anyone_wakes_too),
	BOTH(the_earliest_deadline_is_the_next),
	BOTH(deadlines_at_once_wake_all),
	BOTH(a_deadline_that_has_passed_wakes_at_once),
	TEST(a_timer_that_will_not_interrupt_keeps_nobody),
	TEST(the_deadline_of_the_dead_wakes_nobody),
	BOTH(who_is_awake_by_then_is_not_woken),
	BOTH(a_slice_and_a_deadline_end_at_once),
	BOTH(wfi_lasts_until_the_timer),
	BOTH(who_wakes_alone_is_not_interrupted),
	BOTH(who_wake_together_take_turns),
	BOTH(the_timer_of_who_is_awake_is_its_own_business),
	TEST(a_tick_is_10_ms_of_any_counter),
	TEST(the_tick_can_be_chosen),
	TEST(a_tick_that_makes_no_sense_is_10_ms),
	TEST(a_counter_without_a_frequency_is_the_end),
};

MODEL_MAIN("deadlines", tests)
