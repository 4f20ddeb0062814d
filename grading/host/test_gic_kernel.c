/*
 * The interrupt controller as the kernel sets it up: from whatever firmware left, on each kind of GIC; and what the kernel
 * says and does where a part of it is missing.
 */
#include "unit.h"
#include "world.h"

#include <hv8/board.h>
#include <hv8/irq.h>
#include <hv8/pl011.h>
#include <machine.h>
#include <stdio.h>
#include <string.h>

static void machine(int version, int nlr, bool single, u32 dirty)
{
	model_reset();
	model.gic = (struct model_gic){ version, nlr, single, dirty };
	board.uart = (struct range){ model.uart.base, model.uart.base + PAGE_SIZE };
	pl011_init(model.uart.base, 24000000);
	world_gic();
}

/* The timers are on since the machine is: what is pending of them is their level, now. */
static bool is_timer(u32 intid)
{
	return intid == 26 || intid == 30;
}

static void from_scratch(const char *what)
{
	u32 intid;

	for (intid = 0; intid < 128; intid++) {
		const struct model_irq m = model_irq(intid);

		if (m.enabled || (m.pending && !is_timer(intid)) || m.active)
			fail_msg("%s: interrupt %u is%s%s%s", what, intid,
			         m.enabled ? " enabled" : "", m.pending ? " pending" : "",
			         m.active ? " active" : "");
		if (m.priority != model_irq(0).priority || m.priority == 0 || m.priority >= 0xf0)
			fail_msg("%s: interrupt %u has priority 0x%x", what, intid, m.priority);
		if (!m.here)
			fail_msg("%s: interrupt %u is for another CPU", what, intid);
		if (intid >= 32 && m.edge)
			fail_msg("%s: interrupt %u is edge-triggered", what, intid);
		if (m.group != !(gic.version == 2 && model.gic.single_security))
			fail_msg("%s: interrupt %u is in the other group", what, intid);
	}
}

/* Each can interrupt, and be over. */
static void works(const char *what)
{
	const u32 intids[] = { 16, 31, 32, 127 };
	size_t i;

	if (model_irq_line())
		fail_msg("%s: an interrupt is signalled, and none is enabled", what);
	for (i = 0; i < ARRAY_SIZE(intids); i++) {
		intid_t intid;

		gic_enable(intids[i]);
		model_irq_level(intids[i], true);
		if (!model_irq_line())
			fail_msg("%s: interrupt %u does not come", what, intids[i]);
		intid = gic_ack();
		if (intid != intids[i])
			fail_msg("%s: interrupt %u comes, and not %u", what, intid, intids[i]);
		gic_drop(intid);
		if (model_irq_line() || !model_irq(intid).active)
			fail_msg("%s: interrupt %u is over too soon", what, intid);
		gic_deactivate(intid);
		if (!model_irq_line())
			fail_msg("%s: interrupt %u does not come again", what, intid);
		gic_forget(intid);
		if (model_irq_line())
			fail_msg("%s: interrupt %u comes although it is disabled", what, intid);
	}
}

static void whatever_firmware_left(void **state)
{
	u32 dirty;
	int version, single;

	for (version = 2; version <= 3; version++)
		for (single = 0; single < 2; single++)
			for (dirty = 0; dirty < 64; dirty++) {
				char what[80];

				snprintf(what, sizeof(what), "GICv%d, %d security states, dirty %u",
				         version, 2 - single, dirty);
				machine(version, 4, single, dirty);
				assert_null(gic_init());
				assert_int_equal(gic.lines, 128);
				assert_int_equal(gic.nlr, 4);
				assert_int_equal(gic.nap, 1);
				from_scratch(what);
				works(what);
			}
}

static void every_number_of_list_registers(void **state)
{
	int version, nlr, n;

	for (version = 2; version <= 3; version++)
		for (nlr = 1; nlr <= 16; nlr++) {
			machine(version, nlr, true, 7);
			assert_null(gic_init());
			assert_int_equal(gic.nlr, nlr);
			for (n = 0; n < nlr; n++)
				assert_int_equal(gic_lr_read(n) & LR_STATE, 0);
			assert_int_equal(gic_lr_empty(), (1U << nlr) - 1);
			gic_virtual_open(0);
			assert_false(model_virq_line());
			assert_false(model_irq(25).pending);
		}
}

/* From what firmware left of the virtual interface nothing reaches a process, and no maintenance interrupt comes. */
static void a_process_starts_from_scratch(void **state)
{
	u32 dirty;
	int version;

	for (version = 2; version <= 3; version++)
		for (dirty = 0; dirty < 16; dirty++) {
			machine(version, 4, dirty % 2, dirty);
			world_boot(64);
			assert_true(irq_on);
			irq_open(current);
			model_virq_open();
			assert_false(model_irq_line());
			assert_int_equal(model_virq_ack(), 1023);
			assert_int_equal(CALL(raise_irq, 1, 3), 0);
			assert_int_equal(model_virq_ack(), 3);
			model_virq_eoi(3);
			assert_int_equal(model_virq_ack(), 1023);
		}
}

static void the_kernel_says_what_it_found(void **state)
{
	char text[200];
	u32 intid;
	int version;

	for (version = 2; version <= 3; version++) {
		machine(version, 2, true, 0);
		world_boot(64);
		snprintf(text, sizeof(text), "hv8: GICv%d, 128 interrupts, 2 list registers\r\n",
		         version);
		assert_non_null(strstr(model_output(), text));
		for (intid = 0; intid < 128; intid++)
			assert_int_equal(model_irq(intid).enabled,
			                 intid == 25 || intid == 26 || intid == 30 || intid == 33);
		for (intid = 0; intid < NIRQ; intid++)
			assert_int_equal(irqs[intid].type, intid < 128 && model_irq(intid).enabled
			                                           ? IRQ_KERNEL
			                                   : intid >= 32 && intid < 128 ? IRQ_FREE
			                                                                : IRQ_NONE);
		assert_int_equal(irqs[33].owner, 1);
	}
}

/* ---- the redistributor ------------------------------------------------------------------------- */

#define NO_REDISTRIBUTOR "the device tree has no redistributor for this CPU"

static void redist(int n, pa_t start, u64 size)
{
	board.gic.redist[n] = (struct range){ start, start + size };
	board.gic.nredist = n + 1;
}

static void the_redistributor_is_found_by_its_affinity(void **state)
{
	machine(3, 4, true, 0);
	redist(0, 0x080a0000, 0x40000); /* another CPU's comes first */
	assert_null(gic_init());
	assert_int_equal(gic.redist, 0x080c0000);
	machine(3, 4, true, 0);
	redist(0, 0x080a0000, 0x20000); /* in a region of its own */
	redist(1, 0x080c0000, 0x20000);
	assert_null(gic_init());
	assert_int_equal(gic.redist, 0x080c0000);
	machine(3, 4, true, 0);
	redist(0, 0x080c0000, 0x10000000); /* it says that it is the last */
	assert_null(gic_init());
}

static void another_cpus_redistributor_does_not_do(void **state)
{
	machine(3, 4, true, 0);
	redist(0, 0x080a0000, 0x20000);
	assert_string_equal(gic_init(), NO_REDISTRIBUTOR);
	machine(3, 4, true, 0);
	redist(0, 0x080a0000, 0x3ffff); /* a part of it lies outside */
	assert_string_equal(gic_init(), NO_REDISTRIBUTOR);
	machine(3, 4, true, 0);
	board.gic.nredist = 0;
	assert_string_equal(gic_init(), NO_REDISTRIBUTOR);
	machine(3, 4, true, 0);
	model_sysreg_set("mpidr_el1", 0x80000103);
	assert_string_equal(gic_init(), NO_REDISTRIBUTOR);
	machine(3, 4, true, 0);
	model_sysreg_set("mpidr_el1", 0x180000003);
	assert_string_equal(gic_init(), NO_REDISTRIBUTOR);
	assert_int_equal(gic.version, 0);
}

/* Pages of 4 KiB, each spread over 64 KiB: the last alias of the first is followed by the second. */
static void an_interface_of_128_kib_is_used_at_its_end(void **state)
{
	machine(2, 4, true, 0);
	board.gic.cpu.end = board.gic.cpu.start + 0x20000;
	MUST_FAIL("0x801f000", gic_init());
}

/* ---- what is missing --------------------------------------------------------------------------- */

static void no_gic(void)
{
	board.gic.version = 0;
}

static void no_maintenance(void)
{
	board.gic.maintenance = 0;
}

static void no_uart(void)
{
	board.gic.uart = 0;
}

static void no_el1_timer(void)
{
	board.gic.el1_timer = 0;
}

static void odd_el1_timer(void)
{
	board.gic.el1_timer = 29;
}

static void no_el2_timer(void)
{
	board.gic.el2_timer = 0;
}

static void no_redistributor(void)
{
	board.gic.nredist = 0;
}

static void no_cpu_interface(void)
{
	board.gic.cpu.start = 0;
}

static void no_list_registers(void)
{
	board.gic.hyp.start = 0;
}

static void no_virtual_interface(void)
{
	board.gic.vcpu.start = 0;
}

static void switched_off(void)
{
	strcpy(board.bootargs, "irq=off");
}

static void without_a_part_there_are_no_interrupts(void **state)
{
#define VIRTUAL "the interrupt controller has no virtual CPU interface in the device tree"
#define TIMERS \
	"the timers' interrupts are not in the device tree, or not where the architecture has them"
#define NEEDED "the device tree has no interrupt for the console or the virtual interface"
	static const struct {
		void (*breaks)(void);
		const char *why;
		int version; /* 0: both */
	} cases[] = {
		{ no_gic, "the device tree has no interrupt controller that hv8 knows", 0 },
		{ no_maintenance, NEEDED, 0 },
		{ no_uart, NEEDED, 0 },
		{ no_el1_timer, TIMERS, 0 },
		{ odd_el1_timer, TIMERS, 0 },
		{ no_el2_timer, TIMERS, 0 },
		{ no_redistributor, NO_REDISTRIBUTOR, 3 },
		{ no_cpu_interface, VIRTUAL, 2 },
		{ no_list_registers, VIRTUAL, 2 },
		{ no_virtual_interface, VIRTUAL, 2 },
		{ switched_off, "irq=off", 0 },
	};
	int version;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (version = 2; version <= 3; version++) {
			char text[200];
			u32 intid;

			if (cases[i].version && cases[i].version != version)
				continue;
			machine(version, 4, true, 0);
			cases[i].breaks();
			world_boot(64);
			snprintf(text, sizeof(text), "hv8: no interrupts: %s\r\n", cases[i].why);
			assert_non_null(strstr(model_output(), text));
			assert_false(irq_on);
			for (intid = 0; intid < NIRQ; intid++)
				assert_int_equal(irqs[intid].type, IRQ_NONE);
			/* And the kernel goes on: it polls the console. */
			assert_int_equal(CALL(console_read), -EAGAIN);
			model_type("x");
			assert_false(model_irq_line());
			assert_int_equal(CALL(console_read), 'x');
			assert_int_equal(CALL(alloc_irq, 40, 0), -EINVAL);
		}
}

static const struct CMUnitTest tests[] = {
	TEST(whatever_firmware_left),
	TEST(every_number_of_list_registers),
	TEST(a_process_starts_from_scratch),
	TEST(the_kernel_says_what_it_found),
	TEST(the_redistributor_is_found_by_its_affinity),
	TEST(another_cpus_redistributor_does_not_do),
	TEST(an_interface_of_128_kib_is_used_at_its_end),
	TEST(without_a_part_there_are_no_interrupts),
};

MODEL_MAIN("the kernel's interrupt controller", tests)
