/* Who sleeps, what wakes, and when the machine is over because nothing will. */
#include "unit.h"
#include "drive_irq.h"

#include <machine.h>

static void device_acts(void)
{
	model_irq_level(MINE, true);
}

static void wait_returns_at_once_if_something_is_pending(void **state)
{
	owners((int)(intptr_t)*state);
	ok(raise_irq, 1, 5);
	ok(wait);
	assert_int_equal(current->pid, 1);
	opens();
	ok(wait);
	assert_int_equal(current->pid, 1);
	gets(5);
	ok(wait); /* acknowledged is not pending */
	assert_int_equal(current->pid, 3);
	assert_int_equal(procs[1].state, PROC_SLEEPING);
}

static void wait_ends_with_an_interrupt(void **state)
{
	int opened, device;

	for (opened = 0; opened < 2; opened++)
		for (device = 0; device < 2; device++) {
			owners((int)(intptr_t)*state);
			if (opened)
				opens();
			ok(wait);
			assert_int_equal(current->pid, 3);
			assert_int_equal(procs[1].state, PROC_SLEEPING);
			refused(EAGAIN, switch, 1);
			refused(EAGAIN, send, 1, 0, NONE, NONE);
			if (device) {
				device_acts();
				assert_int_equal(interrupts(), 1);
			} else {
				ok(raise_irq, 1, 5);
			}
			assert_int_equal(procs[1].state, PROC_RUNNABLE);
			run(1);
			assert_int_equal(current->frame.x[0], 0);
			ok(ack_irq, device ? MINE : 5);
		}
}

static void a_sleeper_can_be_killed(void **state)
{
	owners(3);
	run(3);
	ok(wait);
	assert_int_equal(current->pid, 1);
	ok(kill, 3);
	model_irq_level(THEIRS, true);
	interrupts();
	assert_int_equal(procs[3].state, PROC_ZOMBIE);
}

/* Everybody sleeps: so does the CPU, until a device acts. */
static void the_cpu_sleeps_until_somebody_is_woken(void **state)
{
	owners((int)(intptr_t)*state);
	opens();
	run(3);
	ok(wait);
	model.asleep = device_acts;
	ok(wait);
	assert_null(model.asleep);
	assert_int_equal(current->pid, 1);
	assert_int_equal(current->frame.x[0], 0);
	gets(MINE);
}

static void nobody_can_be_woken(void **state)
{
	owners(3);
	run(3);
	ok(reclaim_irq, THEIRS);
	ok(recv, 1, NONE, NONE);
	ok(reclaim_irq, MINE);
	ok(console_give, 2);
	model_output();
	assert_int_equal(hc_stop(wait), MODEL_OFF);
	assert_string_equal(model_output(),
	                    "hv8: process 1 (init) waits for an interrupt, and none can come\r\n"
	                    "hv8: process 3 () waits for process 1, and nobody can run\r\n"
	                    "hv8: no process is left\r\n"
	                    "hv8: power off\r\n");
}

/* Whoever owns an interrupt may be woken by it, and by the console's. */
static void who_owns_an_interrupt_can_be_woken(void **state)
{
	owners(3);
	run(3);
	ok(recv, 1, NONE, NONE);
	ok(reclaim_irq, MINE);
	assert_int_equal(hc_stop(wait), MODEL_WFI);
	owners(3);
	run(3);
	ok(recv, 1, NONE, NONE);
	ok(console_give, 2);
	assert_int_equal(hc_stop(wait), MODEL_WFI);
	/* Who waits for one process is not, */
	owners(3);
	run(3);
	ok(recv, 1, NONE, NONE);
	opens();
	assert_int_equal(hc_stop(recv, 3, NONE, NONE), MODEL_OFF);
	/* nor who waits for anyone and does not use interrupts. */
	owners(3);
	run(3);
	ok(recv, 1, NONE, NONE);
	assert_int_equal(hc_stop(recv, 0, NONE, NONE), MODEL_OFF);
	owners(3);
	run(3);
	ok(recv, 1, NONE, NONE);
	opens();
	assert_int_equal(hc_stop(recv, 0, NONE, NONE), MODEL_WFI);
}

static void wfi_lets_others_run(void **state)
{
	owners(3);
	wfi_by_process();
	assert_int_equal(current->pid, 3);
	wfi_by_process();
	assert_int_equal(current->pid, 1);
}

static void wfi_of_the_only_one_sleeps(void **state)
{
	owners((int)(intptr_t)*state);
	opens();
	run(3);
	ok(recv, 1, NONE, NONE);
	model.asleep = device_acts;
	wfi_by_process();
	assert_null(model.asleep);
	gets(MINE);
	ok(raise_irq, 1, 5); /* masked or not, it is no time to sleep */
	model.asleep = device_acts;
	wfi_by_process();
	assert_non_null(model.asleep);
}

static const struct CMUnitTest tests[] = {
	BOTH(wait_returns_at_once_if_something_is_pending),
	BOTH(wait_ends_with_an_interrupt),
	TEST(a_sleeper_can_be_killed),
	BOTH(the_cpu_sleeps_until_somebody_is_woken),
	TEST(nobody_can_be_woken),
	TEST(who_owns_an_interrupt_can_be_woken),
	TEST(wfi_lets_others_run),
	BOTH(wfi_of_the_only_one_sleeps),
};

MODEL_MAIN("sleep", tests)
