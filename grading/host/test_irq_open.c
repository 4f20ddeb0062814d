/* Which registers a process opens by their first use, and ICC_SGI1R_EL1, which always traps. */
#include "unit.h"
#include "drive_irq.h"

#include <machine.h>
#include <string.h>

static void says(const char *text)
{
	const char *output = model_output();

	if (!strstr(output, text))
		fail_msg("no \"%s\" in: %s", text, output);
}

static void gic_registers_open_by_their_first_use(void **state)
{
	const u64 uses[] = { ICC_PMR_WRITE, ICC_IAR_READ, ISS(3, 0, 12, 12, 7, 1, 0),
		             ISS(3, 0, 12, 12, 4, 1, 1), ISS(3, 0, 12, 11, 1, 1, 0) };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		owners(3);
		assert_int_equal(read_sysreg(ich_hcr_el2) & 7UL << 10, 7UL << 10);
		assert_false(traps(uses[i]));
		assert_int_equal(current->pid, 1);
		assert_int_equal(current->uses, USES_GIC);
		assert_int_equal(read_sysreg(ich_hcr_el2), ICH_HCR_EN | ICH_HCR_TALL0);
		model_virq_open();
		run(3); /* closed to who has not used it */
		assert_int_equal(read_sysreg(ich_hcr_el2) & 1, 0);
		assert_int_equal(read_sysreg(ich_hcr_el2) & 7UL << 10, 7UL << 10);
		run(1);
		assert_int_equal(read_sysreg(ich_hcr_el2), ICH_HCR_EN | ICH_HCR_TALL0);
		/* Once it is open, what traps is denied. */
		traps(ISS(3, 0, 12, 8, 3, 1, 0));
		assert_int_equal(procs[1].state, PROC_ZOMBIE);
	}
}

static void what_was_pending_before_is_there_after_the_first_use(void **state)
{
	owners((int)(intptr_t)*state);
	ok(raise_irq, 1, 5);
	model_irq_level(MINE, true);
	interrupts();
	opens();
	serves(5);
	gets(MINE);
}

static void registers_that_are_not_for_processes_are_denied(void **state)
{
	const u64 denied[] = { ISS(3, 0, 4, 6, 0, 1, 0), ISS(3, 0, 12, 12, 0, 1, 1),
		               CNTP_CTL_WRITE };
	size_t i;

	/* On a GICv2 there are no such registers, and without interrupts neither. */
	owners(2);
	traps(ICC_PMR_WRITE);
	says("hv8: process 1 (init) killed: write of ICC_PMR_EL1 is denied\r\n");
	for (i = 0; i < ARRAY_SIZE(denied); i++) {
		family();
		traps(denied[i]);
		assert_int_equal(procs[1].state, PROC_ZOMBIE);
		assert_int_equal(contexts[1].uses, 0);
	}
}

static bool sends(u64 value)
{
	current->frame.x[1] = value;
	return traps(ICC_SGI1R);
}

/* The model's CPU has affinity 0.0.0.3. */
static void a_process_sends_sgis_to_itself(void **state)
{
	owners(3);
	opens();
	assert_true(sends(7UL << 24 | 1 << 3));
	serves(7);
	assert_true(sends(15UL << 24 | 0xffff));
	serves(15);
	/* Others are nobody: another CPU, all others, another cluster, range. */
	assert_true(sends(7UL << 24 | 1 << 2));
	assert_true(sends(7UL << 24 | 1UL << 40 | 1 << 3));
	assert_true(sends(7UL << 24 | 1UL << 16 | 1 << 3));
	assert_true(sends(7UL << 24 | 1UL << 32 | 1 << 3));
	assert_true(sends(7UL << 24 | 1UL << 48 | 1 << 3));
	assert_true(sends(7UL << 24 | 1UL << 44 | 1 << 3));
	assert_true(sends(0));
	gets_nothing();
	assert_false(vgic_is_outstanding(3, 7));
	assert_false(model_irq(7).pending);
	/* Before the first use of anything it is pending until then. */
	run(3);
	assert_true(sends(9UL << 24 | 1 << 3));
	opens();
	serves(9);
	family();
	traps(ICC_SGI1R);
	assert_int_equal(procs[1].state, PROC_ZOMBIE);
}

static const struct CMUnitTest tests[] = {
	TEST(gic_registers_open_by_their_first_use),
	BOTH(what_was_pending_before_is_there_after_the_first_use),
	TEST(registers_that_are_not_for_processes_are_denied),
	TEST(a_process_sends_sgis_to_itself),
};

MODEL_MAIN("first use of interrupts", tests)
