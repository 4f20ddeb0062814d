/*
 * The model's list registers and virtual CPU interface, of both versions. The tests play the
 * hypervisor and the process in turn.
 */
#include "gic_test.h"

#define PENDING (1UL << 62)
#define ACTIVE  (1UL << 63)
#define EOI     (1UL << 41) /* in GICv3's format */
#define EN      1u

/* ---- the same words for both versions -------------------------------------------------------- */

static u32 gich(u32 offset, const char *name)
{
	return v3() ? (u32)model_sysreg_read(name) : mmio_read32(GICH + offset);
}

static void set_gich(u32 offset, const char *name, u64 value)
{
	if (v3())
		model_sysreg_write(name, value);
	else
		mmio_write32(GICH + offset, (u32)value);
}

#define MISR()      gich(0x10, "ich_misr_el2")
#define EISR()      gich(0x20, "ich_eisr_el2")
#define ELRSR()     gich(0x30, "ich_elrsr_el2")
#define HCR()       gich(0x00, "ich_hcr_el2")
#define SET_HCR(x)  set_gich(0x00, "ich_hcr_el2", x)
#define VMCR()      gich(0x08, "ich_vmcr_el2")
#define SET_VMCR(x) set_gich(0x08, "ich_vmcr_el2", x)
#define APR()       gich(0xf0, "ich_ap1r0_el2")
#define SET_APR(x)  set_gich(0xf0, "ich_ap1r0_el2", x)

static const char *const names[] = { "ich_lr0_el2", "ich_lr1_el2", "ich_lr2_el2", "ich_lr3_el2",
	                             "ich_lr4_el2" };

/* Write @p lr, in GICv3's format and without a group, to list register @p n. */
static void set_lr(u32 n, u64 lr)
{
	const u64 physical =
		lr >> 61 & 1 ? lr >> 32 & 0x3ff : (lr >> 32 & 7) | (lr & EOI ? 1 << 9 : 0);

	if (v3())
		model_sysreg_write(names[n], lr | 1UL << 60);
	else
		mmio_write32(GICH + 0x100 + 4 * n,
		             (u32)((lr & 0x3ff) | physical << 10 | (lr >> 51 & 0x1f) << 23 |
		                   (lr >> 62) << 28 | (lr >> 61 & 1) << 31));
}

static u64 state_of(u32 n)
{
	return v3() ? model_sysreg_read(names[n]) >> 62
	            : mmio_read32(GICH + 0x100 + 4 * n) >> 28 & 3;
}

static u64 pending(u32 vintid, u64 priority)
{
	return PENDING | priority << 48 | vintid;
}

static u64 hardware(u32 intid)
{
	return pending(intid, 0x80) | 1UL << 61 | (u64)intid << 32;
}

/* An empty virtual interface, open to the process. */
static void virtual(void **state)
{
	u32 i;

	init(state, true);
	write_sysreg(hcr_el2, HCR_IMO);
	for (i = 0; i < (u32)model.gic.nlr; i++)
		set_lr(i, 0);
	if (v3())
		write_sysreg(ich_ap0r0_el2, 0);
	SET_APR(0);
	SET_VMCR(0);
	SET_HCR(EN);
	model_virq_open();
}

/* ---- the process's side ---------------------------------------------------------------------- */

static void from_pending_to_the_end(void **state)
{
	virtual(state);
	assert_false(model_virq_line());
	assert_int_equal(model_virq_ack(), 1023);
	set_lr(2, pending(40, 0x80));
	assert_int_equal(ELRSR(), 0xb);
	assert_true(model_virq_line());
	assert_int_equal(model_virq_ack(), 40);
	assert_int_equal(state_of(2), 2);
	assert_int_equal(APR(), 1 << 16);
	assert_false(model_virq_line());
	model_virq_eoi(40);
	assert_int_equal(state_of(2), 0);
	assert_int_equal(APR(), 0);
	assert_int_equal(ELRSR(), 0xf);
	assert_int_equal(HCR(), EN);
	assert_false(model_irq_line());
}

static void what_holds_a_virtual_interrupt_back(void **state)
{
	const u32 group = *state == (void *)2 ? 0 : 1;

	virtual(state);
	set_lr(0, pending(40, 0x80));
	SET_HCR(0);
	assert_int_equal(model_virq_ack(), 1023);
	SET_HCR(EN);
	SET_VMCR(0x80u << 24 | 1 << group); /* as low as the mask */
	assert_int_equal(model_virq_ack(), 1023);
	SET_VMCR(0xf8u << 24 | 2 >> group); /* the other group */
	assert_false(model_virq_line());
	SET_VMCR(0xf8u << 24 | 1 << group);
	SET_APR(1 << 16); /* an interrupt of this priority is active */
	assert_false(model_virq_line());
	SET_APR(1 << 17);
	assert_true(model_virq_line());
	set_lr(0, pending(40, 0x80) | ACTIVE);
	assert_false(model_virq_line());
	if (v3())
		write_sysreg(ich_lr0_el2, pending(40, 0x80)); /* Group 0: a virtual FIQ */
	else
		mmio_write32(GICH + 0x100, 1u << 30 | 1 << 28 | 16 << 23 | 40);
	assert_false(model_virq_line());
}

static void nested_virtual_interrupts(void **state)
{
	virtual(state);
	set_lr(0, pending(40, 0x80));
	set_lr(1, pending(41, 0x80));
	assert_int_equal(model_virq_ack(), 40);
	assert_int_equal(model_virq_ack(), 1023);
	set_lr(2, pending(42, 0x40));
	assert_int_equal(model_virq_ack(), 42);
	assert_int_equal(APR(), 1 << 8 | 1 << 16);
	model_virq_eoi(42);
	assert_int_equal(APR(), 1 << 16);
	model_virq_eoi(40);
	assert_int_equal(model_virq_ack(), 41);
	set_lr(1, pending(41, 0x80) | ACTIVE); /* it came again */
	model_virq_eoi(41);
	assert_int_equal(model_virq_ack(), 41);
}

/* VBPR 7: Group 1 preempts by the highest bit only, Group 0 never. */
static void a_virtual_binary_point(void **state)
{
	virtual(state);
	SET_VMCR((VMCR() & 0xff000fff) | 7 << 18 | 7 << 21);
	set_lr(0, pending(40, 0x90));
	assert_int_equal(model_virq_ack(), 40);
	assert_int_equal(APR(), v3() ? 1 << 16 : 1);
	set_lr(1, pending(41, 0x80));
	assert_int_equal(model_virq_ack(), 1023);
	set_lr(1, pending(41, 0x10));
	assert_int_equal(model_virq_ack(), v3() ? 41 : 1023);
	SET_VMCR(VMCR() & 0xff000fff);
	assert_int_equal(VMCR() >> 18 & 0x3f, 2 << 3 | 3); /* not below what 5 bits allow */
}

/* The owner deactivates the physical interrupt by ending the virtual one. */
static void a_hardware_interrupt(void **state)
{
	virtual(state);
	use(40, false, 0x80);
	model_irq_level(40, true);
	assert_int_equal(ack(), 40);
	set_lr(0, hardware(40));
	MUST_FAIL("the priority of INTID 40 was not dropped", model_virq_ack());
	eoi(40);
	assert_int_equal(model_virq_ack(), 40);
	assert_true(model_irq(40).active);
	model_irq_level(40, false);
	model_virq_eoi(40);
	assert_false(model_irq(40).active || model_irq_line());
	set_lr(0, hardware(40));
	assert_int_equal(model_virq_ack(), 40);
	MUST_FAIL("deactivation of INTID 40, which is not active", model_virq_eoi(40));
}

static void what_a_process_ends_without_reason(void **state)
{
	virtual(state);
	model_virq_eoi(40); /* nothing is active */
	model_virq_eoi(1023);
	assert_int_equal(HCR(), EN);
	set_lr(0, pending(40, 0x80));
	assert_int_equal(model_virq_ack(), 40);
	model_virq_eoi(41); /* another one: the priority falls, and it is counted */
	assert_int_equal(HCR(), EN | 1 << 27);
	assert_int_equal(APR(), 0);
	assert_int_equal(state_of(0), 2);
}

/* EOImode 1: the process drops and deactivates apart. */
static void a_split_virtual_end(void **state)
{
	virtual(state);
	SET_VMCR(VMCR() | 1 << 9);
	set_lr(0, pending(40, 0x80));
	assert_int_equal(model_virq_ack(), 40);
	model_virq_eoi(40);
	assert_int_equal(APR(), 0);
	assert_int_equal(state_of(0), 2);
	model_virq_dir(40);
	assert_int_equal(state_of(0), 0);
	model_virq_dir(40);
	assert_int_equal(HCR() >> 27, 1);
	SET_VMCR(VMCR() & ~(1u << 9));
	model_virq_dir(40); /* without effect */
	assert_int_equal(HCR() >> 27, 1);
}

static void virtual_sgis_of_a_gicv2_have_senders(void **state)
{
	virtual(state);
	set_lr(0, pending(5, 0x80) | 3UL << 32);
	set_lr(1, pending(5, 0x80) | 6UL << 32);
	assert_int_equal(model_virq_ack(), 3 << 10 | 5);
	model_virq_eoi(3 << 10 | 5);
	assert_int_equal(model_virq_ack(), 6 << 10 | 5);
	model_virq_eoi(5); /* not that sender's */
	assert_int_equal(HCR() >> 27, 1);
	set_lr(0, pending(5, 0x80) | 6UL << 32);
	MUST_FAIL("both have vINTID 5", model_virq_line());
	MUST_FAIL("reserved bits", set_lr(0, pending(40, 0x80) | 3UL << 32));
}

static void a_process_is_kept_out(void **state)
{
	virtual(state);
	SET_HCR(EN | 1 << 12);
	MUST_FAIL("a process's GIC registers trap", model_virq_ack());
	SET_HCR(EN | 1 << 10);
	assert_int_equal(model_virq_ack(), 1023);
	MUST_FAIL("a process's GIC registers trap", model_virq_open());
	SET_HCR(EN | 1 << 14);
	MUST_FAIL("a process's GIC registers trap", model_virq_dir(40));
	SET_HCR(EN);
	write_sysreg(hcr_el2, 0);
	MUST_FAIL("HCR_EL2.IMO is 0", model_virq_ack());
	model_reset();
	MUST_FAIL("ICC_SRE_ELx.SRE is 0", model_virq_ack());
}

/* ---- maintenance ----------------------------------------------------------------------------- */

static void is_raised(u32 misr)
{
	assert_int_equal(MISR(), misr);
	assert_int_equal(model_irq(25).pending, misr != 0);
}

static void maintenance_conditions(void **state)
{
	const u32 group = *state == (void *)2 ? 0 : 1;

	virtual(state);
	use(25, false, 0x40);
	is_raised(0);
	SET_HCR(EN | 1 << 1);
	is_raised(1 << 1); /* underflow: none or one is valid */
	assert_int_equal(ack(), 25);
	eoi(25);
	set_lr(0, pending(40, 0x80));
	is_raised(1 << 1);
	set_lr(1, pending(41, 0x80));
	is_raised(0);
	dir(25);
	SET_HCR(EN | 1 << 3);
	is_raised(0);
	set_lr(0, 0);
	assert_int_equal(model_virq_ack(), 41);
	is_raised(1 << 3); /* no pending one */
	assert_true(model_irq_line());
	SET_HCR(1 << 3);
	assert_int_equal(MISR(), 1 << 3);
	assert_false(model_irq(25).pending); /* not without En */
	SET_HCR(EN | 1 << 2);
	is_raised(0);
	model_virq_eoi(40);
	is_raised(1 << 2); /* EOIcount */
	SET_HCR(EN | 1 << 2);
	is_raised(0);
	SET_HCR(EN | (group ? 1 << 6 : 1 << 4));
	is_raised(group ? 1 << 6 : 1 << 4); /* the group is enabled */
	SET_HCR(EN | (group ? 1 << 7 : 1 << 5));
	is_raised(0);
	SET_VMCR(0);
	is_raised(group ? 1 << 7 : 1 << 5);
	model_virq_open();
	is_raised(0);
}

static void the_end_of_one_that_asks_for_it(void **state)
{
	virtual(state);
	set_lr(1, pending(40, 0x80) | EOI);
	is_raised(0);
	assert_int_equal(model_virq_ack(), 40);
	model_virq_eoi(40);
	is_raised(1 << 0);
	assert_int_equal(EISR(), 1 << 1);
	assert_int_equal(ELRSR(), 0xd);
	set_lr(1, 0);
	is_raised(0);
	assert_int_equal(ELRSR(), 0xf);
}

/* ---- what must not be in a list register ----------------------------------------------------- */

static void illegal_list_registers(void **state)
{
	virtual(state);
	MUST_FAIL("vINTID 1020 is reserved", set_lr(0, pending(1020, 0x80)));
	MUST_FAIL("HW with pINTID 15", set_lr(0, pending(40, 0x80) | 1UL << 61 | 15UL << 32));
	MUST_FAIL("HW with pINTID 1020", set_lr(0, pending(40, 0x80) | 1UL << 61 | 1020UL << 32));
	MUST_FAIL("HW, and pending and active at once", set_lr(0, hardware(40) | ACTIVE));
	MUST_FAIL("this GIC has 4", set_lr(4, 0));
	MUST_FAIL("has reserved bits", SET_HCR(1 << 9));
	MUST_FAIL("has reserved bits", SET_VMCR(1 << 10));
	set_lr(0, pending(40, 0x80));
	set_lr(1, pending(40, 0x40)); /* for a moment: the other one may go */
	MUST_FAIL("list registers 0 and 1 both have vINTID 40", model_virq_line());
	MUST_FAIL("list registers 0 and 1 both have vINTID 40", model_virq_ack());
	set_lr(0, 40);
	assert_true(model_virq_line());
	set_lr(0, hardware(41));
	set_lr(1, hardware(41) + 1);
	MUST_FAIL("list registers 0 and 1 both have pINTID 41", model_check_gic());
	SET_HCR(0);
	model_check_gic();
}

static void illegal_in_gicv3s_format(void **state)
{
	virtual(state);
	MUST_FAIL("priority 0x84 has more than 5 bits", set_lr(0, pending(40, 0x84)));
	MUST_FAIL("reserved bits", set_lr(0, pending(40, 0x80) | 1UL << 56));
	MUST_FAIL("reserved bits", set_lr(0, pending(40, 0x80) | 1UL << 45));
	MUST_FAIL("a pINTID without HW", set_lr(0, pending(40, 0x80) | 33UL << 32));
	MUST_FAIL("vINTID 8192 is reserved", set_lr(0, pending(8192, 0x80)));
	MUST_FAIL("PREbits is 5", read_sysreg(ich_ap1r1_el2));
	MUST_FAIL("PREbits is 5", write_sysreg(ich_ap0r1_el2, 0));
	MUST_FAIL("ich_misr_el2, which is read-only", write_sysreg(ich_misr_el2, 0));
	MUST_FAIL("has reserved bits", write_sysreg(ich_vmcr_el2, 4));
	MUST_FAIL("this GIC has 4", read_sysreg(ich_lr15_el2));
}

static void illegal_in_gicv2s_format(void **state)
{
	virtual(state);
	MUST_FAIL("reserved bits", mmio_write32(GICH + 0x100, 1 << 28 | 1 << 20 | 40));
	MUST_FAIL("reserved bits", mmio_write32(GICH + 0x100, 1 << 28 | 1 << 13 | 40));
	MUST_FAIL("a write of GICH + 0x10", mmio_write32(GICH + 0x10, 0));
	MUST_FAIL("a read of GICH + 0xf4", mmio_read32(GICH + 0xf4));
	MUST_FAIL("no device register is", mmio_read32(0x08040000));
	assert_int_equal(mmio_read32(GICH + 0x24) | mmio_read32(GICH + 0x34), 0);
	mmio_write32(GICH + 0x100, 1u << 31 | 1 << 28 | 0x1f << 23 | 40 << 10 | 41);
	assert_int_equal(mmio_read32(GICH + 0x100),
	                 1u << 31 | 1 << 28 | 0x1f << 23 | 40 << 10 | 41);
	mmio_write32(GICH + 0x104, 2 << 28 | 1 << 19 | 43);
	assert_int_equal(mmio_read32(GICH + 0x104), 2 << 28 | 1 << 19 | 43);
}

/* At power-on they hold anything. */
static void list_registers_are_written_before_use(void **state)
{
	init(state, true);
	SET_HCR(EN);
	MUST_FAIL("list register 0 is in use, and was never written", model_check_gic());
	set_lr(0, 0);
	set_lr(1, 0);
	set_lr(3, 0);
	MUST_FAIL("list register 2 is in use, and was never written", model_virq_line());
}

static void two_list_registers(void **state)
{
	model.gic.nlr = 2;
	virtual(state);
	assert_int_equal(gich(4, "ich_vtr_el2") & 0x1f, 1);
	assert_int_equal(gich(4, "ich_vtr_el2") >> 26, 4 << 3 | 4); /* five bits of priority */
	assert_int_equal(ELRSR(), 3);
	MUST_FAIL("list register 2: this GIC has 2", set_lr(2, 0));
	MUST_FAIL("list register 2: this GIC has 2", state_of(2));
}

static const struct CMUnitTest tests[] = {
	BOTH(from_pending_to_the_end),
	BOTH(what_holds_a_virtual_interrupt_back),
	BOTH(nested_virtual_interrupts),
	BOTH(a_virtual_binary_point),
	BOTH(a_hardware_interrupt),
	BOTH(what_a_process_ends_without_reason),
	BOTH(a_split_virtual_end),
	VERSION(virtual_sgis_of_a_gicv2_have_senders, 2),
	TEST(a_process_is_kept_out),
	BOTH(maintenance_conditions),
	BOTH(the_end_of_one_that_asks_for_it),
	BOTH(illegal_list_registers),
	TEST(illegal_in_gicv3s_format),
	VERSION(illegal_in_gicv2s_format, 2),
	BOTH(list_registers_are_written_before_use),
	BOTH(two_list_registers),
};

MODEL_MAIN("gic_virtual", tests)
