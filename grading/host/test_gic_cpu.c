/*
 * The model's interrupt controller, from the input of an interrupt to its deactivation: both
 * versions at the physical CPU interface.
 */
#include "gic_test.h"

/* ---- from input to IAR ----------------------------------------------------------------------- */

static void level_and_edge(void **state)
{
	init(state, false);
	use(40, false, 0x80);
	model_irq_pulse(40); /* gone before anybody looked */
	assert_false(model_irq(40).pending || model_irq_line());
	model_irq_level(40, true);
	assert_true(model_irq_line());
	CLEAR_PENDING(40); /* the input decides */
	assert_true(model_irq(40).pending);
	assert_int_equal(ack(), 40);
	assert_true(model_irq(40).pending && model_irq(40).active);
	assert_false(model_irq_line());
	eoi(40);
	assert_true(model_irq_line()); /* again: nobody asked the device to be quiet */
	model_irq_level(40, false);
	assert_false(model_irq_line());
	SET_PENDING(40);
	assert_int_equal(ack(), 40); /* as software wanted, and once */
	eoi(40);
	assert_int_equal(ack(), 1023);

	use(41, true, 0x80);
	model_irq_level(41, true);
	assert_int_equal(ack(), 41);
	assert_false(model_irq(41).pending);
	model_irq_level(41, false);
	model_irq_level(41, true); /* a second one, while it is active */
	assert_true(model_irq(41).pending);
	eoi(41);
	assert_int_equal(ack(), 41);
	eoi(41);
	assert_int_equal(ack(), 1023);
	MUST_FAIL("has no input", model_irq_level(15, true));
	MUST_FAIL("has no input", model_irq_level(128, true));
}

/* Each condition that keeps an interrupt away, alone. */
static void what_holds_an_interrupt_back(void **state)
{
	init(state, false);
	use(40, true, 0x80);
	model_irq_pulse(40);
	assert_true(model_irq_line());
	CLEAR_ENABLE(40);
	assert_int_equal(ack(), 1023);
	SET_ENABLE(40);
	set_priority(40, 0xf8); /* the lowest: as low as the mask */
	assert_int_equal(ack(), 1023);
	set_priority(40, 0xf0);
	assert_true(model_irq_line());
	SET_ACTIVE(40);
	assert_int_equal(ack(), 1023);
	CLEAR_ACTIVE(40);
	if (v3()) {
		mmio_write32(GICD + 0x6140, 0);
		assert_false(model_irq(40).here || model_irq_line());
		mmio_write32(GICD + 0x6140, 3);
		mmio_write32(GICD + 0x6144, 1);
		assert_false(model_irq_line());
		mmio_write32(GICD + 0x6144, 0);
		set_field(40, 0x80, 1, 0); /* Group 0 */
		assert_false(model_irq_line());
		set_field(40, 0x80, 1, 1);
		write_sysreg(icc_igrpen1_el1, 0);
		assert_false(model_irq_line());
		write_sysreg(icc_igrpen1_el1, 1);
		mmio_write32(GICD, 1 << 4);
		assert_false(model_irq_line());
		mmio_write32(GICD, 1 << 4 | 1 << 1);
		write_sysreg(icc_pmr_el1, 0xf0);
		assert_int_equal(read_sysreg(icc_hppir1_el1), 40);
		assert_false(model_irq_line());
		write_sysreg(icc_pmr_el1, 0xf8);
	} else {
		set_field(40, 0x800, 8, 0xfb);
		assert_false(model_irq(40).here || model_irq_line());
		set_field(40, 0x800, 8, 4);
		set_field(40, 0x80, 1, 1); /* Group 1: enabled nowhere */
		assert_false(model_irq_line());
		mmio_write32(GICD, 3);
		mmio_write32(GICC, 3);
		assert_true(model_irq_line());
		assert_int_equal(ack(), 1022);
		mmio_write32(GICC, 7); /* AckCtl */
		assert_int_equal(ack(), 40);
		eoi(40);
		model_irq_pulse(40);
		set_field(40, 0x80, 1, 0);
		mmio_write32(GICC, 9); /* FIQEn */
		assert_false(model_irq_line());
		mmio_write32(GICC, 1);
		mmio_write32(GICD, 0);
		assert_false(model_irq_line());
		mmio_write32(GICD, 1);
		MUST_FAIL("reserved bits", mmio_write32(GICC, 1 << 11));
	}
	assert_int_equal(ack(), 40);
}

static void priorities_and_preemption(void **state)
{
	init(state, false);
	use(40, true, 0x80);
	use(41, true, 0x40);
	use(42, true, 0x40);
	model_irq_pulse(40);
	model_irq_pulse(41);
	assert_int_equal(ack(), 41);
	eoi(41);
	assert_int_equal(ack(), 40);
	model_irq_pulse(42);
	model_irq_pulse(41);
	assert_int_equal(ack(), 41); /* more urgent, and of two the lower INTID */
	assert_int_equal(ack(), 1023);
	if (v3()) {
		assert_int_equal(read_sysreg(icc_rpr_el1), 0x40);
		assert_int_equal(read_sysreg(icc_ap1r0_el1), 1 << 8 | 1 << 16);
		assert_int_equal(read_sysreg(icc_hppir1_el1), 42);
	} else {
		assert_int_equal(mmio_read32(GICC + 0x14), 0x40);
	}
	MUST_FAIL("EOIR of 0x28, but the interrupt acknowledged last is 0x29", eoi(40));
	eoi(41);
	assert_int_equal(ack(), 42);
	eoi(42);
	eoi(40);
	MUST_FAIL("no acknowledged interrupt waits for it", eoi(40));
}

static void a_binary_point(void **state)
{
	init(state, false);
	write_sysreg(icc_bpr1_el1, 7); /* two levels: up to 0x78, and from 0x80 */
	use(40, true, 0x70);
	use(41, true, 0x10);
	model_irq_pulse(40);
	assert_int_equal(ack(), 40);
	model_irq_pulse(41);
	assert_int_equal(ack(), 1023);
	assert_int_equal(read_sysreg(icc_rpr_el1), 0);
	eoi(40);
	assert_int_equal(ack(), 41);
}

static void drop_and_deactivation(void **state)
{
	init(state, true);
	use(40, false, 0x80);
	model_irq_level(40, true);
	assert_int_equal(ack(), 40);
	MUST_FAIL("DIR of INTID 40, whose priority was not dropped yet", dir(40));
	eoi(40);
	assert_true(model_irq(40).active);
	assert_false(model_irq_line()); /* it is the owner's now */
	MUST_FAIL("whose priority was dropped already", eoi(40));
	use(41, true, 0x80);
	model_irq_pulse(41);
	assert_int_equal(ack(), 41); /* others still come */
	eoi(41);
	dir(40);
	assert_false(model_irq(40).active);
	assert_true(model_irq_line());
	MUST_FAIL("DIR of INTID 40, which is not active", dir(40));
	MUST_FAIL("DIR of INTID 1023, which is not active", dir(1023));
	eoi(1023); /* ignored */
}

static void deactivation_with_the_drop(void **state)
{
	init(state, false);
	use(40, true, 0x80);
	model_irq_pulse(40);
	assert_int_equal(ack(), 40);
	MUST_FAIL("DIR of 0x28 while EOImode is 0", dir(40));
	eoi(40);
	assert_false(model_irq(40).active);
}

/* ---- SGIs ------------------------------------------------------------------------------------ */

static void sgis_of_a_gicv3(void **state)
{
	init_v3(false);
	use(5, true, 0x80);
	write_sysreg(icc_sgi1r_el1, 5UL << 24 | 1 << 2);             /* to 0.0.0.2 */
	write_sysreg(icc_sgi1r_el1, 1UL << 40 | 5UL << 24 | 1 << 3); /* to all others */
	write_sysreg(icc_sgi1r_el1, 1UL << 32 | 5UL << 24 | 1 << 3); /* to 0.1.0.3 */
	assert_false(model_irq(5).pending);
	write_sysreg(icc_sgi1r_el1, 5UL << 24 | 1 << 3);
	assert_int_equal(ack(), 5);
	eoi(5);
	assert_int_equal(ack(), 1023);
	MUST_FAIL("range selector", write_sysreg(icc_sgi1r_el1, 1UL << 44));
	MUST_FAIL("are reserved", write_sysreg(icc_sgi1r_el1, 1UL << 28));
}

static void sgis_of_a_gicv2(void **state)
{
	init_v2(false);
	use(5, true, 0x80);
	mmio_write32(GICD + 0xf00, 8 << 16 | 5); /* to another */
	mmio_write32(GICD + 0xf00, 1 << 24 | 5); /* to all others */
	SET_PENDING(5);                          /* read-only */
	assert_false(model_irq(5).pending);
	mmio_write32(GICD + 0xf00, 2 << 24 | 5); /* to itself */
	mmio_write32(GICD + 0xf24, 1 << 6 << 8); /* SPENDSGIR: from CPU 6 */
	assert_int_equal(ack(), 2 << 10 | 5);
	MUST_FAIL("but the interrupt acknowledged last is 0x805", eoi(5));
	eoi(2 << 10 | 5);
	assert_int_equal(ack(), 6 << 10 | 5); /* each sender's is one */
	eoi(6 << 10 | 5);
	mmio_write32(GICD + 0xf00, 4 << 16 | 5);
	assert_true(model_irq_line());
	CLEAR_PENDING(5); /* read-only */
	assert_true(model_irq_line());
	mmio_write32(GICD + 0xf14, 0xff << 8); /* CPENDSGIR */
	assert_false(model_irq_line());
	MUST_FAIL("reserved bits", mmio_write32(GICD + 0xf00, 3 << 24));
}

static const struct CMUnitTest tests[] = {
	BOTH(level_and_edge),
	BOTH(what_holds_an_interrupt_back),
	BOTH(priorities_and_preemption),
	TEST(a_binary_point),
	BOTH(drop_and_deactivation),
	BOTH(deactivation_with_the_drop),
	TEST(sgis_of_a_gicv3),
	TEST(sgis_of_a_gicv2),
};

MODEL_MAIN("gic_cpu", tests)
