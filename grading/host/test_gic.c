/*
 * The model's interrupt controller itself: what it is, and how it is set up; each rule of the
 * manuals that it makes a failure. test_gic_cpu.c, test_gic_virtual.c and test_gic_inputs.c have
 * the rest.
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
	MUST_FAIL("redistributor of another CPU", mmio_read32(OTHER + 0x14));
	MUST_FAIL("redistributor of another CPU", mmio_write32(OTHER + 0x10100, 1));
	MUST_FAIL("no device register is", mmio_read32(GICC));
}

static void identification_of_a_gicv2(void **state)
{
	model.gic.version = 2;
	assert_int_equal(mmio_read32(GICD + 0xfe8) >> 4 & 0xf, 2);
	assert_int_equal(mmio_read32(GICD + 4) & 0x1f, 3);
	assert_int_equal(mmio_read32(GICD + 0x800), 0x04040404); /* this CPU's mask */
	assert_int_equal(mmio_read32(GICC + 0xfc) >> 16 & 0xf, 2);
	assert_int_equal(read_sysreg(id_aa64pfr0_el1) >> 24 & 0xf, 0);
	MUST_FAIL("icc_sre_el2 is UNDEFINED: this CPU has no GIC", write_sysreg(icc_sre_el2, 7));
	MUST_FAIL("this CPU has no GIC system registers", read_sysreg(icc_iar1_el1));
	MUST_FAIL("this CPU has no GIC system registers", write_sysreg(s3_4_c12_c11_0, 0));
	MUST_FAIL("no device register is", mmio_read32(GICR + 8));
	MUST_FAIL("ITARGETSR of INTID 0 is read-only", mmio_write32(GICD + 0x800, 0x04000000));
	MUST_FAIL("GICD_IGRPMODR", mmio_read32(GICD + 0xd04));
	MUST_FAIL("a read of GICC + 0x10", mmio_read32(GICC + 0x10));
	MUST_FAIL("a write of GICC + 0xc", mmio_write32(GICC + 0xc, 0));
	MUST_FAIL("there is no INTID 128", model_irq(128));
}

static void no_gic(void **state)
{
	model.gic.version = 0;
	MUST_FAIL("no device register is", mmio_read32(GICD));
	MUST_FAIL("this CPU has no GIC system registers", read_sysreg(icc_sre_el2));
	assert_false(model_irq_line() || model_virq_line());
	MUST_FAIL("there is no GIC", model_virq_ack());
}

static void the_machine_is_chosen_first(void **state)
{
	mmio_read32(GICD);
	model.gic.version = 2;
	MUST_FAIL("model.gic was changed after the first use", mmio_read32(GICD));
	model_reset();
	model.gic.nlr = 17;
	MUST_FAIL("1 to 16 list registers", mmio_read32(GICD));
}

/* ---- setting up ------------------------------------------------------------------------------ */

static void affinity_routing_is_set_once_and_first(void **state)
{
	MUST_FAIL("while GICD_CTLR.ARE is 0", mmio_write32(SGI + 0x100, 1));
	MUST_FAIL("while GICD_CTLR.ARE is 0", mmio_write32(GICD + 0x6100, 3));
	mmio_write32(GICD, 1 << 1);
	MUST_FAIL("ARE changes while a group is enabled", mmio_write32(GICD, 1 << 4 | 1 << 1));
	mmio_write32(GICD, 0);
	MUST_FAIL("ARE changes before RWP says", mmio_write32(GICD, 1 << 4));
	wait_rwp(GICD, 1u << 31);
	mmio_write32(GICD, 1 << 4 | 1 << 1); /* at once is fine */
	assert_int_equal(mmio_read32(GICD) & 0x13, 0x12);
	MUST_FAIL("from 1 to 0 is UNPREDICTABLE", mmio_write32(GICD, 0));
	MUST_FAIL("reserved bits", mmio_write32(GICD, 1 << 4 | 1 << 8));
	MUST_FAIL("configured in the redistributor", mmio_write32(GICD + 0x100, 1));
	MUST_FAIL("GICD_ITARGETSR", mmio_write32(GICD + 0x820, 1));
	MUST_FAIL("IRM", mmio_write32(GICD + 0x6100, 1u << 31));
	MUST_FAIL("reserved bits", mmio_write32(GICD + 0x6104, 1 << 8));
	MUST_FAIL("IGRPMODR of INTID 32", mmio_write32(GICD + 0xd04, 1));
	MUST_FAIL("where no register is", mmio_write32(GICD + 0xf00, 0));
	MUST_FAIL("not aligned", mmio_read32(GICD + 2));
}

static void the_redistributor_is_woken(void **state)
{
	assert_int_equal(mmio_read32(GICR + 0x14) & 6, 6);
	write_sysreg(icc_sre_el2, 7);
	isb();
	MUST_FAIL("while GICR_WAKER.ChildrenAsleep is 1", write_sysreg(icc_igrpen1_el1, 1));
	mmio_write32(GICR + 0x14, 0);
	MUST_FAIL("while GICR_WAKER.ChildrenAsleep is 1", write_sysreg(icc_igrpen1_el1, 1));
	assert_int_equal(mmio_read32(GICR + 0x14) & 6, 4); /* it takes time */
	wake();
	write_sysreg(icc_igrpen1_el1, 1);
	MUST_FAIL("ProcessorSleep is set while", mmio_write32(GICR + 0x14, 2));
	MUST_FAIL("reserved bits", mmio_write32(GICR + 0x14, 8));
}

static void system_registers_are_switched_on(void **state)
{
	MUST_FAIL("icc_pmr_el1 is UNDEFINED: ICC_SRE_EL2.SRE is 0",
	          write_sysreg(icc_pmr_el1, 0xff));
	MUST_FAIL("ich_hcr_el2 is UNDEFINED", write_sysreg(s3_4_c12_c11_0, 0));
	write_sysreg(s3_4_c12_c9_5, 0xf);
	assert_int_equal(read_sysreg(icc_sre_el2), 0xf);
	assert_int_equal(model_sysreg_writes("icc_sre_el2"), 1);
	MUST_FAIL("no isb() since", write_sysreg(icc_pmr_el1, 0xff));
	isb();
	write_sysreg(icc_pmr_el1, 0xff);
	assert_int_equal(read_sysreg(icc_pmr_el1), 0xf8);
	write_sysreg(icc_sre_el1, 7);
	MUST_FAIL("from 1 to 0 is UNPREDICTABLE", write_sysreg(icc_sre_el1, 0));
	MUST_FAIL("from 1 to 0 is UNPREDICTABLE", write_sysreg(icc_sre_el2, 0xe));
	MUST_FAIL("bits 0x10 are reserved", write_sysreg(icc_sre_el2, 0x1f));
	MUST_FAIL("bits 0x4 are reserved", write_sysreg(icc_ctlr_el1, 4));
	MUST_FAIL("icc_iar1_el1, which is read-only", write_sysreg(icc_iar1_el1, 0));
	MUST_FAIL("icc_eoir1_el1, which is write-only", read_sysreg(icc_eoir1_el1));
	assert_int_equal(read_sysreg(icc_ctlr_el1) >> 8 & 7, 4); /* five bits of priority */
	write_sysreg(icc_bpr1_el1, 0);
	assert_int_equal(read_sysreg(icc_bpr1_el1), 3);
	MUST_FAIL("no interrupt has them", write_sysreg(icc_ap1r0_el1, 1));
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
		MUST_FAIL("changes while it is enabled", set_edge(intid, true));
		if (v3())
			assert_false(mmio_read32(GICD) >> 31 || mmio_read32(GICR));
		CLEAR_ENABLE(intid);
		assert_false(model_irq(intid).enabled);
		if (v3()) {
			MUST_FAIL("before RWP says", set_edge(intid, true));
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
	MUST_FAIL("an SGI is always edge-triggered", mmio_write32(SGI + 0xc00, 0));
	MUST_FAIL("the lower bit is reserved", mmio_write32(GICD + 0xc08, 1));
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
	MUST_FAIL("reserved bits", mmio_write32(GICD, 0x93));
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
	MUST_FAIL("reserved bits", mmio_write32(GICD, 3));
	init_v2(false);
	use(40, true, 0x80); /* IGROUPR is RAZ/WI */
	model_irq_pulse(40);
	assert_int_equal(ack(), 40);
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
	BOTH(a_dirty_machine),
};

MODEL_MAIN("gic", tests)
