/*
 * Physical interrupts on their way: to whom each comes, what follows from the owner's death, what nobody wants; and the console's.
 */
#include "unit.h"
#include "drive_irq.h"

#include <hv8/board.h>
#include <hv8/page.h>
#include <hv8/stat.h>
#include <hv8/sysreg.h>
#include <machine.h>
#include <stdio.h>
#include <string.h>

static void says(const char *text)
{
	const char *output = model_output();

	if (!strstr(output, text))
		fail_msg("no \"%s\" in: %s", text, output);
}

/* ---- routing ----------------------------------------------------------------------------------- */

static void a_device_interrupts_its_owner_whoever_runs(void **state)
{
	u64 pid;

	owners((int)(intptr_t)*state);
	for (pid = 1; pid <= 3; pid += 2) {
		const u32 intid = pid == 1 ? MINE : THEIRS;

		run(pid);
		opens();
		model_irq_level(intid, true);
		assert_int_equal(interrupts(), 1);
		run(4 - pid);
		opens();
		gets_nothing();
		run(pid);
		gets(intid);
		assert_true(model_irq(intid).active);
		assert_int_equal(interrupts(), 0); /* although its device still wants something */
		model_irq_level(intid, false);
		ends(intid);
		assert_false(model_irq(intid).active);
		gets_nothing();
	}
	assert_int_equal(stats[STAT_IRQS], 2);
}

static void a_level_that_stays_high_interrupts_again(void **state)
{
	owners((int)(intptr_t)*state);
	opens();
	model_irq_level(MINE, true);
	interrupts();
	serves(MINE);
	serves(MINE);
	model_irq_level(MINE, false);
	serves(MINE); /* it was pending already */
	gets_nothing();
}

static void an_interrupt_of_nobody_is_masked_and_reported_once(void **state)
{
	const u32 intids[] = { 20, 31, 60 };
	size_t i;

	owners((int)(intptr_t)*state);
	model_output();
	for (i = 0; i < ARRAY_SIZE(intids); i++) {
		char text[80];

		gic_enable(intids[i]);
		model_irq_level(intids[i], true);
		assert_int_equal(interrupts(), 1);
		snprintf(text, sizeof(text), "hv8: interrupt %u belongs to nobody: masked\r\n",
		         intids[i]);
		assert_string_equal(model_output(), text);
		assert_int_equal(stats[STAT_UNOWNED], i + 1);
		assert_false(model_irq(intids[i]).enabled || model_irq(intids[i]).active);
		assert_int_equal(interrupts(), 0);
	}
	assert_string_equal(model_output(), "");
}

static void an_interrupt_that_is_gone_is_counted(void **state)
{
	owners((int)(intptr_t)*state);
	model_output();
	event(irq_handle, "no interrupt");
	assert_int_equal(stats[STAT_SPURIOUS], 1);
	assert_int_equal(stats[STAT_IRQS], 0);
	model_irq_level(MINE, true);
	model_irq_level(MINE, false);
	event(irq_handle, "a short interrupt");
	assert_int_equal(stats[STAT_SPURIOUS], 2);
	assert_false(vgic_is_outstanding(1, MINE));
	assert_string_equal(model_output(), "");
}

/* ---- death ------------------------------------------------------------------------------------- */

static void an_interrupt_for_a_zombie_is_masked_and_reported_once(void **state)
{
	owners((int)(intptr_t)*state);
	model_output();
	model_irq_level(THE_DEADS, true);
	assert_int_equal(interrupts(), 1);
	assert_string_equal(model_output(),
	                    "hv8: interrupt 52 came for a dead process: masked\r\n");
	assert_false(model_irq(THE_DEADS).enabled || model_irq(THE_DEADS).active);
	assert_int_equal(interrupts(), 0);
	/* It comes to the next owner. */
	ok(reclaim_irq, THE_DEADS);
	opens();
	ok(alloc_irq, THE_DEADS, 0);
	assert_int_equal(interrupts(), 1);
	gets(THE_DEADS);
}

/* What it was handling, or had not seen yet, keeps nobody from the interrupt. */
static void death_in_a_handler_leaves_nothing(void **state)
{
	const int version = (int)(intptr_t)*state;
	int handling, killed;

	for (killed = 0; killed < 2; killed++)
		for (handling = 0; handling < 2; handling++) {
			owners(version);
			opens();
			run(3);
			opens();
			ok(raise_irq, 3, THEIRS);
			ok(raise_irq, 3, 5);
			interrupts();
			if (handling)
				assert_int_equal(acks() + acks(), 5 + NO_IRQ);
			if (killed) {
				run(1);
				ok(kill, 3);
			} else {
				hc(exit, 0);
			}
			assert_int_equal(current->pid, 1);
			gets_nothing();
			assert_true(model_irq(THEIRS).active);
			ok(reclaim_irq, THEIRS);
			assert_false(model_irq(THEIRS).active);
			ok(alloc_irq, THEIRS, 0);
			ok(raise_irq, 1, THEIRS);
			assert_int_equal(interrupts(), 1);
			serves(THEIRS);
			/* A process with that pid finds a clean interface. */
			run(1);
			hc(reparent, 5);
			bury(3);
			child(3);
			run(3);
			opens();
			gets_nothing();
			ok(raise_irq, 3, 5);
			serves(5);
		}
}

/* ---- the console ------------------------------------------------------------------------------- */

static void typing_interrupts_the_owner_of_the_console(void **state)
{
	owners((int)(intptr_t)*state);
	opens();
	model_type("ab");
	assert_int_equal(interrupts(), 1);
	gets(IRQ_UART);
	assert_false(model_irq(IRQ_UART).active); /* the kernel has ended it */
	assert_int_equal(hc(console_read), 'a');
	model_type("c");
	assert_int_equal(interrupts(), 1);
	assert_int_equal(hc(console_read), 'b');
	assert_int_equal(hc(console_read),
	                 'c'); /* and with the last byte what was pending is gone */
	ends(IRQ_UART);
	gets_nothing();
	refused(EAGAIN, console_read);
}

static void pending_input_goes_with_the_console(void **state)
{
	owners((int)(intptr_t)*state);
	opens();
	run(3);
	opens();
	run(1);
	model_type("xy");
	interrupts();
	ok(console_give, 3);
	gets_nothing();
	assert_int_equal(irqs[IRQ_UART].owner, 3);
	run(3);
	gets(IRQ_UART);
	assert_int_equal(hc(console_read), 'x');
	/* 3 dies in its handler: 1, its parent, gets the rest. */
	hc(exit, 0);
	assert_int_equal(current->pid, 1);
	assert_int_equal(irqs[IRQ_UART].owner, 1);
	serves(IRQ_UART);
	assert_int_equal(hc(console_read), 'y');
	gets_nothing();
	/* Without input nothing is pending for the new owner. */
	ok(console_give, 2);
	assert_false(vgic_is_outstanding(2, IRQ_UART));
}

/* 1024 bytes are kept; then the UART's FIFO holds what follows, and half of it must be read before it goes on. */
static void a_full_console_waits_for_its_reader(void **state)
{
	int i;

	owners((int)(intptr_t)*state);
	for (i = 0; i < 64; i++) {
		model_type("0123456789abcdef");
		interrupts();
	}
	model_type("0123456789abcdef");
	assert_int_equal(interrupts(), 0);
	for (i = 0; i < 512; i++) {
		assert_int_equal(interrupts(), 0);
		assert_int_equal(hc(console_read), "0123456789abcdef"[i % 16]);
	}
	assert_int_equal(interrupts(), 1);
	model_type("*");
	assert_int_equal(interrupts(), 1);
	for (; i < 1040; i++)
		assert_int_equal(hc(console_read), "0123456789abcdef"[i % 16]);
	assert_int_equal(hc(console_read), '*');
	refused(EAGAIN, console_read);
	assert_int_equal(stats[STAT_INPUT_LOST], 0);
}

static void lost_input_is_counted_and_said_once(void **state)
{
	int i;

	owners(3);
	for (i = 1; i <= 3; i++) {
		model_flood("0123456789abcdefXYZ");
		interrupts();
		assert_int_equal(stats[STAT_INPUT_LOST], i);
		if (i == 1)
			says("hv8: console input is lost: it comes faster than it is read\r\n");
	}
	assert_string_equal(model_output(), "");
	for (i = 0; i < 48; i++)
		assert_int_equal(hc(console_read), "0123456789abcdef"[i % 16]);
	refused(EAGAIN, console_read);
}

static const struct CMUnitTest tests[] = {
	BOTH(a_device_interrupts_its_owner_whoever_runs),
	BOTH(a_level_that_stays_high_interrupts_again),
	BOTH(an_interrupt_of_nobody_is_masked_and_reported_once),
	BOTH(an_interrupt_that_is_gone_is_counted),
	BOTH(an_interrupt_for_a_zombie_is_masked_and_reported_once),
	BOTH(death_in_a_handler_leaves_nothing),
	BOTH(typing_interrupts_the_owner_of_the_console),
	BOTH(pending_input_goes_with_the_console),
	BOTH(a_full_console_waits_for_its_reader),
	TEST(lost_input_is_counted_and_said_once),
};

MODEL_MAIN("interrupts", tests)
