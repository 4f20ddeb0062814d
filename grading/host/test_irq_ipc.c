/* Messages and interrupts: who waits for a message of anyone is woken by an interrupt, if it uses interrupts. */
#include "unit.h"
#include "drive_irq.h"

#include <machine.h>

static void recv_from_anyone_does_not_sleep_over_an_interrupt(void **state)
{
	owners((int)(intptr_t)*state);
	opens();
	ok(raise_irq, 1, 7);
	refused(EINTR, recv, 0, NONE, NONE);
	refused(EINTR, recv, 0, home[1].data, 2);
	gets(7); /* acknowledged, it is no reason any more */
	ok(recv, 0, NONE, NONE);
	assert_int_equal(current->pid, 3);
	assert_int_equal(procs[1].state, PROC_WAITING);
}

static void recv_of_one_process_waits_whatever_is_pending(void **state)
{
	owners(3);
	opens();
	ok(raise_irq, 1, 7);
	ok(recv, 3, NONE, NONE);
	assert_int_equal(procs[1].state, PROC_WAITING);
	ok(raise_irq, 1, 8);
	assert_int_equal(procs[1].state, PROC_WAITING);
}

static void recv_of_who_uses_no_interrupts_waits_whatever_is_pending(void **state)
{
	owners(3);
	ok(raise_irq, 1, 7);
	ok(recv, 0, NONE, NONE);
	ok(raise_irq, 1, 8);
	assert_int_equal(procs[1].state, PROC_WAITING);
}

static void an_interrupt_ends_a_recv_from_anyone(void **state)
{
	owners((int)(intptr_t)*state);
	opens();
	ok(recv, 0, home[1].data, 2);
	assert_int_equal(current->pid, 3);
	ok(raise_irq, 1, 7);
	assert_int_equal(procs[1].state, PROC_RUNNABLE);
	assert_int_equal(procs[1].wait_from + procs[1].wait_page + procs[1].wait_fd, 0);
	refused(EAGAIN, send, 1, 1, NONE, NONE);
	run(1);
	assert_int_equal(current->frame.x[0], -EINTR);
	serves(7);
	/* And a device's. */
	ok(recv, 0, NONE, NONE);
	model_irq_level(MINE, true);
	assert_int_equal(interrupts(), 1);
	run(1);
	assert_int_equal(current->frame.x[0], -EINTR);
	gets(MINE);
}

static void reply_wait_sends_before_it_is_interrupted(void **state)
{
	owners((int)(intptr_t)*state);
	opens();
	run(3);
	ok(recv, 1, NONE, NONE);
	ok(raise_irq, 1, 7);
	assert_int_equal(hc(reply_wait, 3, 0x1234, NONE, NONE, NONE, NONE), -EINTR);
	assert_int_equal(current->pid, 3);
	assert_int_equal(current->frame.x[0], 1);
	assert_int_equal(current->frame.x[1], 0x1234);
	assert_int_equal(procs[1].state, PROC_RUNNABLE);
	run(1);
	assert_int_equal(current->frame.x[0], -EINTR);
	serves(7);
	/* Nothing is pending: it waits, until something is. */
	run(3);
	ok(recv, 1, NONE, NONE);
	ok(reply_wait, 3, 0x1234, NONE, NONE, NONE, NONE);
	assert_int_equal(procs[1].state, PROC_WAITING);
	ok(raise_irq, 1, 8);
	run(1);
	assert_int_equal(current->frame.x[0], -EINTR);
}

static void call_is_not_interrupted(void **state)
{
	owners(3);
	opens();
	run(3);
	ok(recv, 0, NONE, NONE);
	ok(raise_irq, 1, 7);
	ok(call, 3, 0x1234, NONE, NONE, NONE, NONE);
	assert_int_equal(current->pid, 3);
	ok(raise_irq, 1, 8);
	assert_int_equal(procs[1].state, PROC_WAITING);
	ok(send, 1, 0x4321, NONE, NONE);
	run(1);
	assert_int_equal(current->frame.x[0], 3);
	serves(7);
	serves(8);
}

static const struct CMUnitTest tests[] = {
	BOTH(recv_from_anyone_does_not_sleep_over_an_interrupt),
	TEST(recv_of_one_process_waits_whatever_is_pending),
	TEST(recv_of_who_uses_no_interrupts_waits_whatever_is_pending),
	BOTH(an_interrupt_ends_a_recv_from_anyone),
	BOTH(reply_wait_sends_before_it_is_interrupted),
	TEST(call_is_not_interrupted),
};

MODEL_MAIN("messages and interrupts", tests)
