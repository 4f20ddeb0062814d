/*
 * The model's interrupt controller itself: distributor, redistributor, physical CPU interface, of
 * both versions, and each rule of the manuals that it makes a failure. test_gic_virtual.c has the
 * rest.
 */
#include "gic_test.h"

/* ---- identification -------------------------------------------------------------------------- */

static void identification_of_a_gicv3(void **state)
{
	assert_int_equal(mmio_read32(GICD + 0xffe8) >> 4 & 0xf, 3);
	assert_int_equal(mmio_read32(GICD + 4) & 0x1f, 3); /* 128 INTIDs */
	assert_int_equal(mmio_read32(GICD + 4) & 1 << 10, 0);
	assert_int_equal(mmio_read32(GICD) & 1 << 6, 1 << 6); /* DS */
	assert_int_equal(mmio_read32(OTHER + 8) & 1 << 4, 0); /* not the last */
	assert_int_equal(mmio_read32(OTHER + 0xc), 0);
	assert_int_equal(mmio_read32(GICR + 8) & 1 << 4, 1 << 4);
	assert_int_equal(mmio_read32(GICR + 0xc), read_sysreg(mpidr_el1) & 0xff);
	assert_int_equal(mmio_read32(GICR + 0xffe8) >> 4 & 0xf, 3);
	assert_int_equal(read_sysreg(id_aa64pfr0_el1) >> 24 & 0xf, 1);
	FAILS("redistributor of another CPU", mmio_read32(OTHER + 0x14));
	FAILS("redistributor of another CPU", mmio_write32(OTHER + 0x10100, 1));
	FAILS("no device register is", mmio_read32(GICC));
}

static void identification_of_a_gicv2(void **state)
{
	model.gic.version = 2;
	assert_int_equal(mmio_read32(GICD + 0xfe8) >> 4 & 0xf, 2);
	assert_int_equal(mmio_read32(GICD + 4) & 0x1f, 3);
	assert_int_equal(mmio_read32(GICD + 0x800), 0x04040404); /* this CPU's mask */
	assert_int_equal(mmio_read32(GICC + 0xfc) >> 16 & 0xf, 2);
	assert_int_equal(read_sysreg(id_aa64pfr0_el1) >> 24 & 0xf, 0);
	FAILS("icc_sre_el2 is UNDEFINED: this CPU has no GIC", write_sysreg(icc_sre_el2, 7));
	FAILS("this CPU has no GIC system registers", read_sysreg(icc_iar1_el1));
	FAILS("this CPU has no GIC system registers", write_sysreg(s3_4_c12_c11_0, 0));
	FAILS("no device register is", mmio_read32(GICR + 8));
	FAILS("ITARGETSR of INTID 0 is read-only", mmio_write32(GICD + 0x800, 0x04000000));
	FAILS("GICD_IGRPMODR", mmio_read32(GICD + 0xd04));
	FAILS("a read of GICC + 0x10", mmio_read32(GICC + 0x10));
	FAILS("a write of GICC + 0xc", mmio_write32(GICC + 0xc, 0));
	FAILS("there is no INTID 128", model_irq(128));
}

static void no_gic(void **state)
{
	model.gic.version = 0;
	FAILS("no device register is", mmio_read32(GICD));
	FAILS("this CPU has no GIC system registers", read_sysreg(icc_sre_el2));
	assert_false(model_irq_line() || model_virq_line());
	FAILS("there is no GIC", model_virq_ack());
}

static void the_machine_is_chosen_first(void **state)
{
	mmio_read32(GICD);
	model.gic.version = 2;
	FAILS("model.gic was changed after the first use", mmio_read32(GICD));
	model_reset();
	model.gic.nlr = 17;
	FAILS("1 to 16 list registers", mmio_read32(GICD));
}

/* ---- setting up ------------------------------------------------------------------------------ */

static void affinity_routing_is_set_once_and_first(void **state)
{
	FAILS("while GICD_CTLR.ARE is 0", mmio_write32(SGI + 0x100, 1));
	FAILS("while GICD_CTLR.ARE is 0", mmio_write32(GICD + 0x6100, 3));
	mmio_write32(GICD, 1 << 1);
	FAILS("ARE changes while a group is enabled", mmio_write32(GICD, 1 << 4 | 1 << 1));
	mmio_write32(GICD, 0);
	FAILS("ARE changes before RWP says", mmio_write32(GICD, 1 << 4));
	wait_rwp(GICD, 1u << 31);
	mmio_write32(GICD, 1 << 4 | 1 << 1); /* at once is fine */
	assert_int_equal(mmio_read32(GICD) & 0x13, 0x12);
	FAILS("from 1 to 0 is UNPREDICTABLE", mmio_write32(GICD, 0));
	FAILS("reserved bits", mmio_write32(GICD, 1 << 4 | 1 << 8));
	FAILS("configured in the redistributor", mmio_write32(GICD + 0x100, 1));
	FAILS("GICD_ITARGETSR", mmio_write32(GICD + 0x820, 1));
	FAILS("IRM", mmio_write32(GICD + 0x6100, 1u << 31));
	FAILS("reserved bits", mmio_write32(GICD + 0x6104, 1 << 8));
	FAILS("IGRPMODR of INTID 32", mmio_write32(GICD + 0xd04, 1));
	FAILS("where no register is", mmio_write32(GICD + 0xf00, 0));
	FAILS("not aligned", mmio_read32(GICD + 2));
}

static void the_redistributor_is_woken(void **state)
{
	assert_int_equal(mmio_read32(GICR + 0x14) & 6, 6);
	write_sysreg(icc_sre_el2, 7);
	isb();
	FAILS("while GICR_WAKER.ChildrenAsleep is 1", write_sysreg(icc_igrpen1_el1, 1));
	mmio_write32(GICR + 0x14, 0);
	FAILS("while GICR_WAKER.ChildrenAsleep is 1", write_sysreg(icc_igrpen1_el1, 1));
	assert_int_equal(mmio_read32(GICR + 0x14) & 6, 4); /* it takes time */
	wake();
	write_sysreg(icc_igrpen1_el1, 1);
	FAILS("ProcessorSleep is set while", mmio_write32(GICR + 0x14, 2));
	FAILS("reserved bits", mmio_write32(GICR + 0x14, 8));
}

static void system_registers_are_switched_on(void **state)
{
	FAILS("icc_pmr_el1 is UNDEFINED: ICC_SRE_EL2.SRE is 0", write_sysreg(icc_pmr_el1, 0xff));
	FAILS("ich_hcr_el2 is UNDEFINED", write_sysreg(s3_4_c12_c11_0, 0));
	write_sysreg(s3_4_c12_c9_5, 0xf);
	assert_int_equal(read_sysreg(icc_sre_el2), 0xf);
	assert_int_equal(model_sysreg_writes("icc_sre_el2"), 1);
	FAILS("no isb() since", write_sysreg(icc_pmr_el1, 0xff));
	isb();
	write_sysreg(icc_pmr_el1, 0xff);
	assert_int_equal(read_sysreg(icc_pmr_el1), 0xf8);
	write_sysreg(icc_sre_el1, 7);
	FAILS("from 1 to 0 is UNPREDICTABLE", write_sysreg(icc_sre_el1, 0));
	FAILS("from 1 to 0 is UNPREDICTABLE", write_sysreg(icc_sre_el2, 0xe));
	FAILS("bits 0x10 are reserved", write_sysreg(icc_sre_el2, 0x1f));
	FAILS("bits 0x4 are reserved", write_sysreg(icc_ctlr_el1, 4));
	FAILS("icc_iar1_el1, which is read-only", write_sysreg(icc_iar1_el1, 0));
	FAILS("icc_eoir1_el1, which is write-only", read_sysreg(icc_eoir1_el1));
	assert_int_equal(read_sysreg(icc_ctlr_el1) >> 8 & 7, 4); /* five bits of priority */
	write_sysreg(icc_bpr1_el1, 0);
	assert_int_equal(read_sysreg(icc_bpr1_el1), 3);
	FAILS("no interrupt has them", write_sysreg(icc_ap1r0_el1, 1));
}

static void configuration_changes_only_while_disabled(void **state)
{
	static const u32 intids[] = { 27, 40 };
	volatile size_t i;

	init(state, false);
	for (i = 0; i < ARRAY_SIZE(intids); i++) {
		const volatile u32 intid = intids[i];

		use(intid, false, 0x80);
		set_edge(intid, false); /* no change */
		FAILS("changes while it is enabled", set_edge(intid, true));
		if (v3())
			assert_false(mmio_read32(GICD) >> 31 || mmio_read32(GICR));
		CLEAR_ENABLE(intid);
		assert_false(model_irq(intid).enabled);
		if (v3()) {
			FAILS("before RWP says", set_edge(intid, true));
			wait_rwp(intid < 32 ? GICR : GICD, intid < 32 ? 1 << 3 : 1u << 31);
		}
		model_irq_level(intid, true);
		set_edge(intid, true);
		assert_true(model_irq(intid).edge);
		model_irq_level(intid, false); /* UNKNOWN what becomes of it: here it stays */
		assert_true(model_irq(intid).pending);
	}
	if (!v3())
		return;
	FAILS("an SGI is always edge-triggered", mmio_write32(SGI + 0xc00, 0));
	FAILS("the lower bit is reserved", mmio_write32(GICD + 0xc08, 1));
}

static void registers_read_back(void **state)
{
	init(state, false);
	use(40, true, 0xa7);
	assert_int_equal(mmio_read32(GICD + 0x428) & 0xff, 0xa0); /* five bits */
	assert_int_equal(mmio_read32(GICD + 0x104) & 1 << 8, 1 << 8);
	assert_int_equal(mmio_read32(GICD + 0x184) & 1 << 8, 1 << 8);
	assert_int_equal(mmio_read32(GICD + 0xc08) >> 16 & 2, 2);
	assert_int_equal(mmio_read32(GICD + 0x84) >> 8 & 1, v3());
	use(41, true, 0x80);
	CLEAR_ENABLE(41);
	assert_true(model_irq(40).enabled && !model_irq(41).enabled);
	SET_ACTIVE(40);
	SET_PENDING(40);
	assert_int_equal(mmio_read32(GICD + 0x204) & 1 << 8, 1 << 8);
	assert_int_equal(mmio_read32(GICD + 0x304) & 1 << 8, 1 << 8);
	assert_true(model_irq(40).active && model_irq(40).pending);
	CLEAR_ACTIVE(40);
	CLEAR_PENDING(40);
	assert_int_equal(mmio_read32(GICD + 0x284) | mmio_read32(GICD + 0x384), 0);
	mmio_write32(GICD + 0x110, 0xffffffff); /* beyond the last: RAZ/WI */
	assert_int_equal(mmio_read32(GICD + 0x110), 0);
	if (v3())
		assert_int_equal(mmio_read32(GICD + 0x6140), 3);
	else
		assert_int_equal(mmio_read32(GICD + 0x828) & 0xff, 4);
}

/* What Non-secure software sees: no groups, one bit of priority less. */
static void the_non_secure_view(void **state)
{
	model.gic.single_security = false;
	mmio_write32(GICD, 0x10);
	wait_rwp(GICD, 1u << 31);
	mmio_write32(GICD, 0x13);
	assert_int_equal(mmio_read32(GICD) & 0x7f, 0x13); /* DS is 0 */
	assert_int_equal(mmio_read32(GICD + 4) & 1 << 10, 1 << 10);
	mmio_write32(GICD + 0x84, 0xffffffff);
	assert_int_equal(mmio_read32(GICD + 0x84), 0);
	mmio_write32(GICD + 0xd04, 0xffffffff); /* RAZ/WI */
	mmio_write32(GICD + 0x428, 0xff);
	assert_int_equal(mmio_read32(GICD + 0x428) & 0xff, 0xf0);
	FAILS("reserved bits", mmio_write32(GICD, 0x93));
	wake();
	write_sysreg(icc_sre_el2, 7);
	isb();
	write_sysreg(icc_pmr_el1, 0xff);
	assert_int_equal(read_sysreg(icc_pmr_el1), 0xf0);
	write_sysreg(icc_igrpen1_el1, 1);
	use(40, true, 0x80);
	model_irq_pulse(40);
	assert_true(model_irq_line());
	assert_int_equal(ack(), 40);
	model_reset();
	model.gic.version = 2;
	model.gic.single_security = false;
	FAILS("reserved bits", mmio_write32(GICD, 3));
	init_v2(false);
	use(40, true, 0x80); /* IGROUPR is RAZ/WI */
	model_irq_pulse(40);
	assert_int_equal(ack(), 40);
}

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
	FAILS("has no input", model_irq_level(15, true));
	FAILS("has no input", model_irq_level(128, true));
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
		FAILS("reserved bits", mmio_write32(GICC, 1 << 11));
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
	FAILS("EOIR of 0x28, but the interrupt acknowledged last is 0x29", eoi(40));
	eoi(41);
	assert_int_equal(ack(), 42);
	eoi(42);
	eoi(40);
	FAILS("no acknowledged interrupt waits for it", eoi(40));
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
	FAILS("DIR of INTID 40, whose priority was not dropped yet", dir(40));
	eoi(40);
	assert_true(model_irq(40).active);
	assert_false(model_irq_line()); /* it is the owner's now */
	FAILS("whose priority was dropped already", eoi(40));
	use(41, true, 0x80);
	model_irq_pulse(41);
	assert_int_equal(ack(), 41); /* others still come */
	eoi(41);
	dir(40);
	assert_false(model_irq(40).active);
	assert_true(model_irq_line());
	FAILS("DIR of INTID 40, which is not active", dir(40));
	FAILS("DIR of INTID 1023, which is not active", dir(1023));
	eoi(1023); /* ignored */
}

static void deactivation_with_the_drop(void **state)
{
	init(state, false);
	use(40, true, 0x80);
	model_irq_pulse(40);
	assert_int_equal(ack(), 40);
	FAILS("DIR of 0x28 while EOImode is 0", dir(40));
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
	FAILS("range selector", write_sysreg(icc_sgi1r_el1, 1UL << 44));
	FAILS("are reserved", write_sysreg(icc_sgi1r_el1, 1UL << 28));
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
	FAILS("but the interrupt acknowledged last is 0x805", eoi(5));
	eoi(2 << 10 | 5);
	assert_int_equal(ack(), 6 << 10 | 5); /* each sender's is one */
	eoi(6 << 10 | 5);
	mmio_write32(GICD + 0xf00, 4 << 16 | 5);
	assert_true(model_irq_line());
	CLEAR_PENDING(5); /* read-only */
	assert_true(model_irq_line());
	mmio_write32(GICD + 0xf14, 0xff << 8); /* CPENDSGIR */
	assert_false(model_irq_line());
	FAILS("reserved bits", mmio_write32(GICD + 0xf00, 3 << 24));
}

/* ---- left by firmware ------------------------------------------------------------------------ */

/* Each number leaves another state, and some of everything is there. */
static void a_dirty_machine(void **state)
{
	int enabled, pending, active, both;
	u32 seed, i;

	for (seed = 1; seed <= 8; seed++) {
		model_reset();
		model.gic.version = *state == (void *)2 ? 2 : 3;
		model.gic.dirty = seed;
		enabled = pending = active = both = 0;
		for (i = 0; i < 128; i++) {
			enabled += model_irq(i).enabled;
			pending += model_irq(i).pending;
			active += model_irq(i).active;
			both += model_irq(i).active && model_irq(i).pending;
		}
		assert_true(enabled > 10 && pending > 10 && active > 10 && both > 5);
		assert_int_equal(mmio_read32(GICD) & 3, 3);
	}
	model_reset();
	for (i = 0; i < 128; i++)
		assert_false(model_irq(i).enabled || model_irq(i).active);
}

static const struct CMUnitTest tests[] = {
	TEST(identification_of_a_gicv3),
	TEST(identification_of_a_gicv2),
	TEST(no_gic),
	TEST(the_machine_is_chosen_first),
	TEST(affinity_routing_is_set_once_and_first),
	TEST(the_redistributor_is_woken),
	TEST(system_registers_are_switched_on),
	BOTH(configuration_changes_only_while_disabled),
	BOTH(registers_read_back),
	TEST(the_non_secure_view),
	BOTH(level_and_edge),
	BOTH(what_holds_an_interrupt_back),
	BOTH(priorities_and_preemption),
	TEST(a_binary_point),
	BOTH(drop_and_deactivation),
	BOTH(deactivation_with_the_drop),
	TEST(sgis_of_a_gicv3),
	TEST(sgis_of_a_gicv2),
	BOTH(a_dirty_machine),
};

MODEL_MAIN("gic", tests)
