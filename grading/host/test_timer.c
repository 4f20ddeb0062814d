/*
 * Time: slices that end and are handed on, a machine that does not tick for nothing, and the EL1 timer that each process has for
 * itself, awake or asleep. The model's clock goes when a test says so, and while the CPU sleeps.
 */
#include "unit.h"
#include "drive_irq.h"

#include <hv8/stat.h>
#include <hv8/sysreg.h>
#include <hv8/timer.h>
#include <machine.h>
#include <string.h>

#define TICK       625000UL /* 10 ms */
#define IS_ON(ctl) (read_sysreg(ctl) & CNT_CTL_ENABLE)

static void begin(int version)
{
	world_irq(gic_of(version, 4), "");
	child(2);
	run(2);
	opens();
	run(1);
	opens();
}

/* Time passes, and what interrupts is taken. */
static int passes(u64 ticks)
{
	model_time_advance(ticks);
	return interrupts();
}

/* How long until the EL2 timer interrupts. */
static u64 until_tick(void)
{
	if (!IS_ON(cnthp_ctl_el2))
		fail_msg("the EL2 timer is off");
	return read_sysreg(cnthp_cval_el2) - model_time();
}

/* The current process sets its timer to interrupt at @p time. */
static void sets(u64 time)
{
	if (!(current->uses & USES_TIMER) && traps(CNTP_CTL_WRITE))
		fail_msg("the first use of the timer is not tried again");
	if (!(read_sysreg(cnthctl_el2) & CNTHCTL_EL2_EL1PCEN))
		fail_msg("process %d cannot reach its timer", current->pid);
	write_sysreg(cntp_cval_el0, time);
	write_sysreg(cntp_ctl_el0, CNT_CTL_ENABLE);
	interrupts();
}

/* It gets its timer's interrupt, and switches the timer off, as a handler does. */
static void handles(void)
{
	gets(IRQ_TIMER);
	write_sysreg(cntp_ctl_el0, 0);
	ends(IRQ_TIMER);
	if (model_irq(IRQ_TIMER).active || model_irq(IRQ_TIMER).pending)
		fail_msg("the timer's interrupt is not over");
	gets_nothing();
}

/* ---- slices ------------------------------------------------------------------------------------ */

static void who_is_alone_is_never_interrupted(void **state)
{
	world_irq(gic_of(3, 4), "");
	assert_false(IS_ON(cnthp_ctl_el2));
	assert_int_equal(passes(1000 * TICK), 0);
	embryo(2); /* which is not ready */
	assert_false(IS_ON(cnthp_ctl_el2));
	ok(set_runnable, 2);
	assert_int_equal(until_tick(), TICK);
	assert_int_equal(stats[STAT_TICKS], 0);
}

static void slices_end_and_each_has_its_turn(void **state)
{
	const u64 turns[] = { 2, 3, 1, 2, 3, 1, 2 };
	size_t i;

	begin((int)(intptr_t)*state);
	passes(until_tick()); /* run() has given the rest of a slice to 1 */
	passes(until_tick());
	assert_int_equal(current->pid, 1);
	child(3);
	for (i = 0; i < ARRAY_SIZE(turns); i++) {
		assert_int_equal(until_tick(), TICK);
		assert_int_equal(passes(TICK - 1), 0);
		assert_int_equal(passes(1), 1);
		assert_int_equal(current->pid, turns[i]);
		assert_int_equal(stats[STAT_TICKS], i + 3);
	}
}

/* Of equals the GIC may take any: a device that never rests could keep the tick from ever coming. */
static void no_device_comes_before_the_tick(void **state)
{
	u32 intid;
	int version;

	for (version = 2; version <= 3; version++) {
		begin(version);
		for (intid = 34; intid < 128; intid++)
			assert_true(model_irq(26).priority < model_irq(intid).priority);
	}
}

static void a_slice_that_ends_for_nobody_is_the_last(void **state)
{
	begin(3);
	run(2);
	ok(recv, 1, NONE, NONE);
	assert_int_equal(current->pid, 1);
	assert_int_equal(passes(until_tick()), 1);
	assert_int_equal(current->pid, 1);
	assert_false(IS_ON(cnthp_ctl_el2));
	assert_int_equal(passes(1000 * TICK), 0);
	/* Somebody is ready again: the slice begins now. */
	ok(send, 2, 0, NONE, NONE);
	assert_int_equal(until_tick(), TICK);
	passes(TICK);
	assert_int_equal(current->pid, 2);
}

static void switch_and_call_hand_the_rest_of_the_slice_on(void **state)
{
	begin(3);
	passes(until_tick());
	assert_int_equal(current->pid, 2);
	ok(recv, 0, NONE, NONE); /* but who is first in the list begins anew */
	assert_int_equal(until_tick(), TICK);
	child(3);
	passes(TICK / 4);
	ok(call, 2, 0, NONE, NONE, NONE, NONE);
	assert_int_equal(current->pid, 2);
	assert_int_equal(until_tick(), TICK - TICK / 4);
	passes(TICK / 4);
	run(3);
	assert_int_equal(until_tick(), TICK - TICK / 4 * 2);
	passes(TICK / 4);
	wfi_by_process();
	assert_int_equal(current->pid, 2);
	assert_int_equal(until_tick(), TICK);
	passes(TICK / 4);
	hc(exit, 0);
	assert_int_equal(current->pid, 3);
	assert_int_equal(until_tick(), TICK);
}

static void without_interrupts_nobody_is_preempted(void **state)
{
	world_irq(gic_of(3, 4), "irq=off");
	child(2);
	assert_int_equal(slice, SLICE_NEVER);
	run(2);
	run(1);
	assert_int_equal(slice, SLICE_NEVER);
	model_time_advance(1000 * TICK);
	assert_int_equal(interrupts(), 0);
}

/* ---- the EL1 timer ----------------------------------------------------------------------------- */

static void the_timer_is_open_from_its_first_use_on(void **state)
{
	const u64 uses[] = { CNTP_CTL_WRITE, ISS(3, 3, 14, 2, 2, 1, 1), ISS(3, 3, 14, 2, 0, 1, 0) };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		begin((int)(intptr_t)*state);
		assert_int_equal(read_sysreg(cnthctl_el2), CNTHCTL_EL2_EL1PCTEN);
		assert_false(traps(uses[i]));
		assert_int_equal(current->uses, USES_GIC | USES_TIMER);
		assert_int_equal(read_sysreg(cnthctl_el2),
		                 CNTHCTL_EL2_EL1PCTEN | CNTHCTL_EL2_EL1PCEN);
		assert_int_equal(read_sysreg(cntp_ctl_el0) & 3, 0); /* of its own, it is off */
		run(2);
		assert_int_equal(read_sysreg(cnthctl_el2), CNTHCTL_EL2_EL1PCTEN);
		run(1);
		assert_int_equal(read_sysreg(cnthctl_el2),
		                 CNTHCTL_EL2_EL1PCTEN | CNTHCTL_EL2_EL1PCEN);
	}
}

static void the_timer_interrupts_its_process(void **state)
{
	begin((int)(intptr_t)*state);
	sets(model_time() + 1000);
	assert_int_equal(passes(999), 0);
	assert_int_equal(passes(1), 1);
	assert_true(model_irq(IRQ_TIMER).active);
	assert_int_equal(passes(10), 0); /* active, it does not come again */
	handles();
	assert_int_equal(passes(TICK / 2), 0);
	/* Again, if the handler sets it again, and at once if that is past. */
	sets(model_time() + 1000);
	passes(1000);
	gets(IRQ_TIMER);
	write_sysreg(cntp_cval_el0, model_time() - 1);
	ends(IRQ_TIMER);
	handles();
}

static void a_masked_timer_does_not_interrupt(void **state)
{
	begin((int)(intptr_t)*state);
	sets(model_time() + 1000);
	write_sysreg(cntp_ctl_el0, CNT_CTL_ENABLE | CNT_CTL_IMASK);
	assert_int_equal(passes(2000), 0);
	assert_false(timer_is_set(current));
	run(2);
	assert_false(timer_is_set(&contexts[1]));
	run(1);
	assert_int_equal(read_sysreg(cntp_ctl_el0), CNT_CTL_ENABLE | CNT_CTL_IMASK | 4);
	write_sysreg(cntp_ctl_el0, CNT_CTL_ENABLE);
	assert_int_equal(interrupts(), 1);
	handles();
}

static void each_process_has_its_own_timer(void **state)
{
	u64 now;

	begin((int)(intptr_t)*state);
	now = model_time();
	sets(now + 1000);
	run(2);
	assert_int_equal(passes(1500), 0); /* 1's would be due */
	sets(now + 2000);
	run(1);
	assert_int_equal(read_sysreg(cntp_cval_el0), now + 1000);
	assert_int_equal(interrupts(), 1);
	run(2); /* its own is not due, and not kept from coming by 1's */
	gets_nothing();
	assert_int_equal(read_sysreg(cntp_cval_el0), now + 2000);
	assert_false(model_irq(IRQ_TIMER).active);
	assert_int_equal(passes(500), 1);
	handles();
	run(1);
	assert_true(model_irq(IRQ_TIMER).active);
	handles();
	run(2);
	gets_nothing();
}

/* Pending, acknowledged, or both processes at once: what is active in the GIC is what the process that runs has. */
static void the_physical_active_state_moves_with_the_timer(void **state)
{
	const int version = (int)(intptr_t)*state;
	int first, second;

	for (first = 0; first < 2; first++)
		for (second = 0; second < 2; second++) {
			begin(version);
			sets(model_time());
			if (first)
				gets(IRQ_TIMER);
			run(2);
			assert_false(model_irq(IRQ_TIMER).active || model_irq(IRQ_TIMER).pending);
			sets(model_time());
			if (second)
				gets(IRQ_TIMER);
			run(1);
			assert_true(model_irq(IRQ_TIMER).active);
			assert_int_equal(interrupts(), 0);
			if (!first)
				gets(IRQ_TIMER);
			write_sysreg(cntp_ctl_el0, 0);
			ends(IRQ_TIMER);
			gets_nothing();
			run(2);
			assert_true(model_irq(IRQ_TIMER).active);
			if (!second)
				gets(IRQ_TIMER);
			write_sysreg(cntp_ctl_el0, 0);
			ends(IRQ_TIMER);
			assert_false(model_irq(IRQ_TIMER).active);
			gets_nothing();
		}
}

/* A clone has none of its parent's, and the next process of a pid none of the last one's. */
static void timers_are_not_inherited(void **state)
{
	begin((int)(intptr_t)*state);
	run(2);
	sets(model_time() + 100);
	hc(exit, 0);
	assert_int_equal(passes(200), 0);
	bury(2);
	sets(model_time() + 100);
	child(2);
	run(2);
	assert_int_equal(current->uses, 0);
	assert_int_equal(passes(200), 0);
	opens();
	if (traps(CNTP_CTL_WRITE))
		fail_msg("not tried again");
	assert_int_equal(read_sysreg(cntp_ctl_el0) & 3, 0);
	gets_nothing();
}

static const struct CMUnitTest tests[] = {
	TEST(who_is_alone_is_never_interrupted),
	BOTH(slices_end_and_each_has_its_turn),
	TEST(no_device_comes_before_the_tick),
	TEST(a_slice_that_ends_for_nobody_is_the_last),
	TEST(switch_and_call_hand_the_rest_of_the_slice_on),
	TEST(without_interrupts_nobody_is_preempted),
	BOTH(the_timer_is_open_from_its_first_use_on),
	BOTH(the_timer_interrupts_its_process),
	BOTH(a_masked_timer_does_not_interrupt),
	BOTH(each_process_has_its_own_timer),
	BOTH(the_physical_active_state_moves_with_the_timer),
	BOTH(timers_are_not_inherited),
};

MODEL_MAIN("timers", tests)
