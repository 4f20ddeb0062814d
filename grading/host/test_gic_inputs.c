/* What drives the model's interrupts: timers, the UART, and what wakes a CPU that waits. */
#include "gic_test.h"

#include <string.h>

#define UART 0x09000000UL

/* ---- timers ---------------------------------------------------------------------------------- */

static void a_timer_fires_when_its_time_has_come(void **state)
{
	const u64 start = model_time();

	init_v3(false);
	assert_int_equal(read_sysreg(cntfrq_el0), 62500000);
	assert_int_equal(read_sysreg(cntpct_el0), start);
	assert_true(start >> 32); /* 32 bits of it are not enough */
	write_sysreg(cnthp_cval_el2, start + 100);
	write_sysreg(cnthp_ctl_el2, 1);
	assert_int_equal(read_sysreg(cnthp_ctl_el2), 1);
	use(26, false, 0x80);
	model_time_advance(99);
	assert_false(model_irq_line());
	model_time_advance(1);
	assert_int_equal(read_sysreg(cntpct_el0), start + 100);
	assert_int_equal(read_sysreg(cnthp_ctl_el2), 5); /* ISTATUS */
	assert_int_equal(ack(), 26);
	eoi(26);
	assert_true(model_irq_line());  /* the level stays */
	write_sysreg(cnthp_ctl_el2, 3); /* masked */
	assert_int_equal(read_sysreg(cnthp_ctl_el2), 7);
	assert_false(model_irq_line());
	write_sysreg(cnthp_ctl_el2, 1);
	assert_true(model_irq_line());
	write_sysreg(cnthp_cval_el2, start + 200);
	assert_false(model_irq_line());
	assert_int_equal(read_sysreg(cnthp_ctl_el2), 1);
	write_sysreg(cnthp_cval_el2, 0);
	assert_true(model_irq_line());
	write_sysreg(cnthp_ctl_el2, 0);
	assert_false(model_irq_line());
	MUST_FAIL("cntpct_el0, which is read-only", write_sysreg(cntpct_el0, 0));
	MUST_FAIL("bits 0x8 are reserved", write_sysreg(cntp_ctl_el0, 8));
	MUST_FAIL("more than the counter has", model_time_advance(~0UL));
}

static void two_timers(void **state)
{
	write_sysreg(cnthp_ctl_el2, 0);
	write_sysreg(cntp_ctl_el0, 1);
	write_sysreg(cntp_cval_el0, model_time() + 1);
	assert_false(model_irq(26).pending || model_irq(30).pending);
	model_time_advance(1);
	assert_true(model_irq(30).pending);
	assert_false(model_irq(26).pending);
	assert_int_equal(read_sysreg(cntp_cval_el0), model_time());
}

/* At power-on both are on: a kernel that forgets one hears of it. */
static void timers_are_unknown_at_power_on(void **state)
{
	assert_true(model_irq(26).pending && model_irq(30).pending);
}

/* ---- the UART -------------------------------------------------------------------------------- */

#define RX   (1u << 4)
#define RT   (1u << 6)
#define RIS  (UART + 0x3c)
#define MIS  (UART + 0x40)
#define IMSC (UART + 0x38)
#define ICR  (UART + 0x44)

static u32 getc(void)
{
	return mmio_read32(UART);
}

/* The UART is on, with its FIFO, and INTID 33 is its. */
static void uart(void)
{
	init_v3(false);
	use(33, false, 0x80);
	mmio_write32(UART + 0x24, 13);
	mmio_write32(UART + 0x2c, 0x70);
	mmio_write32(UART + 0x30, 0x301);
}

static void typing_interrupts(void **state)
{
	uart();
	model_type("a");
	assert_int_equal(mmio_read32(RIS), RT);
	assert_int_equal(mmio_read32(MIS), 0);
	assert_false(model_irq_line());
	mmio_write32(IMSC, RX | RT);
	assert_int_equal(mmio_read32(MIS), RT);
	assert_int_equal(ack(), 33);
	assert_int_equal(getc(), 'a');
	assert_int_equal(mmio_read32(RIS), 0); /* empty */
	eoi(33);
	assert_false(model_irq_line());
	model_type("b");
	mmio_write32(ICR, RT); /* cleared, and the byte is still there */
	assert_false(model_irq_line());
	model_type("c");
	assert_true(model_irq_line());
	mmio_write32(IMSC, 0);
	assert_false(model_irq_line());
}

/* Half of the FIFO (IFLS at reset). */
static void the_receive_interrupt_is_for_many(void **state)
{
	uart();
	mmio_write32(IMSC, RX);
	model_type("1234567");
	assert_false(model_irq_line()); /* who asks for this alone does not hear of a few */
	model_type("8");
	assert_true(model_irq_line());
	getc();
	assert_false(model_irq_line());
	assert_int_equal(mmio_read32(UART + 0x34), 0x12);
	mmio_write32(UART + 0x34, 0); /* an eighth */
	model_type("9");
	assert_true(model_irq_line());
	MUST_FAIL("is reserved", mmio_write32(UART + 0x34, 5 << 3));
	MUST_FAIL("is reserved", mmio_write32(UART + 0x34, 5));
	mmio_write32(UART + 0x30, 0);
	mmio_write32(UART + 0x2c, 0x60); /* without the FIFO one is many */
	while (!(mmio_read32(UART + 0x18) & 1 << 4))
		getc();
	assert_false(model_irq_line());
	mmio_write32(UART + 0x34, 0x12);
	model_type("b");
	assert_true(model_irq_line());
}

static void typing_waits_for_the_fifo(void **state)
{
	char text[65];
	int i;

	uart();
	memset(text, 'x', 64);
	text[64] = 0;
	model_type(text);
	mmio_write32(IMSC, RT);
	for (i = 0; i < 64; i++) {
		mmio_write32(ICR, 0x7ff);
		assert_false(model_irq_line());
		assert_int_equal(getc(), 'x');
		assert_int_equal(model_irq_line(), i < 48); /* the next one came in */
	}
	model_type(text);
	MUST_FAIL("typed ahead", model_type("y"));
}

static void a_flood_overruns_the_fifo(void **state)
{
	int i;

	uart();
	model_flood("0123456789abcdefgh");
	assert_int_equal(mmio_read32(RIS) & 1 << 10, 1 << 10);
	assert_int_equal(mmio_read32(UART + 4), 1 << 3);
	assert_int_equal(getc(), 1 << 11 | '0');         /* OE, once */
	assert_int_equal(mmio_read32(UART + 4), 1 << 3); /* in RSR until it is cleared */
	mmio_write32(UART + 4, 0);
	assert_int_equal(mmio_read32(UART + 4), 0);
	for (i = 1; i < 16; i++)
		assert_int_equal(getc(), "0123456789abcdef"[i]);
	assert_int_equal(mmio_read32(UART + 0x18) & 1 << 4, 1 << 4);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void do_wfi(void *argument)
{
	wfi();
}

static void device_40(void)
{
	model_irq_level(40, true);
}

/* Once, and only if the CPU would sleep. */
static void a_device_acts_while_the_cpu_sleeps(void **state)
{
	init_v3(false);
	use(40, false, 0x80);
	model.asleep = device_40;
	assert_int_equal(model_run(do_wfi, NULL), MODEL_RETURNED);
	assert_true(model_irq_line());
	assert_null(model.asleep);
	model.asleep = device_40;
	assert_int_equal(model_run(do_wfi, NULL), MODEL_RETURNED);
	assert_non_null(model.asleep);
}

static void wfi_lets_time_pass(void **state)
{
	const u64 start = model_time();

	init_v3(false);
	write_sysreg(cntp_ctl_el0, 1);
	write_sysreg(cntp_cval_el0, start + 50); /* INTID 30 is not enabled: it wakes nobody */
	write_sysreg(cnthp_ctl_el2, 1);
	write_sysreg(cnthp_cval_el2, start + 1000);
	use(26, false, 0x80);
	assert_int_equal(model_run(do_wfi, NULL), MODEL_RETURNED);
	assert_int_equal(model_time(), start + 1000);
	assert_int_equal(model_run(do_wfi, NULL), MODEL_RETURNED); /* it is signalled already */
	assert_int_equal(model_time(), start + 1000);
	write_sysreg(cnthp_cval_el2, ~0UL);
	assert_int_equal(model_run(do_wfi, NULL), MODEL_WFI);
	write_sysreg(cnthp_cval_el2, start + 2000);
	write_sysreg(cnthp_ctl_el2, 3);
	assert_int_equal(model_run(do_wfi, NULL), MODEL_WFI);
	assert_int_equal(model_time(), start + 1000);
	use(33, false, 0x80);
	mmio_write32(IMSC, RT);
	model_type("a");
	assert_int_equal(model_run(do_wfi, NULL), MODEL_RETURNED);
}

static void wait_and_ignore(void *argument)
{
	for (;;)
		wfi();
}

static void who_ignores_what_wakes_him_stops(void **state)
{
	init_v3(false);
	use(40, true, 0x80);
	model_irq_pulse(40);
	assert_int_equal(model_run(wait_and_ignore, NULL), MODEL_WFI);
	MUST_FAIL("takes no interrupt", wfi());
	assert_int_equal(ack(), 40);
	eoi(40);
	model_irq_pulse(40);
	assert_int_equal(model_run(do_wfi, NULL), MODEL_RETURNED);
	assert_int_equal(ack(), 40);
	eoi(40);
	MUST_FAIL("sleeps for ever", wfi());
}

static const struct CMUnitTest tests[] = {
	TEST(a_timer_fires_when_its_time_has_come),
	TEST(two_timers),
	TEST(timers_are_unknown_at_power_on),
	TEST(typing_interrupts),
	TEST(the_receive_interrupt_is_for_many),
	TEST(typing_waits_for_the_fifo),
	TEST(a_flood_overruns_the_fifo),
	TEST(a_device_acts_while_the_cpu_sleeps),
	TEST(wfi_lets_time_pass),
	TEST(who_ignores_what_wakes_him_stops),
};

MODEL_MAIN("gic_inputs", tests)
