/*
 * Lab 5's tests on the model machine. Its GIC says what QEMU passes over: an interrupt in two list registers, an end without a
 * beginning, a line that firmware left active, a maintenance interrupt for ever.
 */
#include "scenario.h"

#include <hv8/board.h>
#include <string.h>

#include <hv8/irq.h>

#define DEVICE 40 /* an SPI that is free */

/* The current process reads IAR, and gets @p intid. */
static void gets(u32 intid, const char *when)
{
	const u32 iar = model_virq_ack();

	if (iar == intid)
		world_interrupts();
	else if (iar == 1023)
		model_fail("process %d gets no interrupt %s; it should get %u", current->pid, when,
		           intid);
	else if (intid == 1023)
		model_fail("process %d gets interrupt %u %s; there should be none", current->pid,
		           iar, when);
	else
		model_fail("process %d gets interrupt %u %s; it should get %u", current->pid, iar,
		           when, intid);
}

static void gets_none(const char *when)
{
	gets(1023, when);
}

/* It writes EOIR. */
static void ends(u32 intid)
{
	model_virq_eoi(intid);
	world_interrupts();
}

static void serves(u32 intid, const char *when)
{
	gets(intid, when);
	ends(intid);
}

/* SGI @p n has priority 8 * n. */
static void by_number(void)
{
	u64 n;

	for (n = 0; n < 16; n++)
		GOOD(irq_priority, n, 8 * n);
}

static void be_active(u32 intid, bool active, const char *when)
{
	if (model_irq(intid).active != active)
		model_fail("the physical interrupt %u is %s %s", intid,
		           active ? "not active" : "active still", when);
}

/* ---- scenarios --------------------------------------------------------------------------------- */

/* A device, a process, and the way between: physical and virtual interrupt begin and end together. */
static void irq_device(void)
{
	u64 n;

	world_open();
	GOOD(alloc_irq, DEVICE, 0);
	for (n = 0; n < 3; n++) {
		model_irq_level(DEVICE, true);
		if (world_interrupts() != 1)
			model_fail(
				"a device's interrupt comes more than once before it is handled");
		be_active(DEVICE, true, "while its process has not handled it");
		gets(DEVICE, "when its device has raised it");
		model_irq_level(DEVICE, false);
		be_active(DEVICE, true, "in the handler");
		ends(DEVICE);
		be_active(DEVICE, false, "behind the end of its handler");
		gets_none("behind the end of the handler");
	}
	gic_enable(DEVICE + 1); /* and one that nobody owns */
	model_irq_level(DEVICE + 1, true);
	world_interrupts();
	if (model_irq(DEVICE + 1).enabled || model_irq(DEVICE + 1).active)
		model_fail("an interrupt of nobody is not masked, or still active");
	tell(number + n, "%lu interrupts of a device, the last tells", n);
}

/* Two list registers; what is more urgent takes the place of what is less. */
static void lr_order(void)
{
	static const u32 raised[] = { 9, 12, 5, 14, 2, 7, 11, 0, 15, 3 };
	static const u32 order[] = { 0, 2, 3, 5, 7, 9, 11, 12, 14, 15 };
	size_t i;

	world_open();
	by_number();
	for (i = 0; i < ARRAY_SIZE(raised); i++)
		GOOD(raise_irq, 1, raised[i]);
	for (i = 0; i < ARRAY_SIZE(order); i++)
		serves(order[i], "of ten, and these are in the order of their priorities");
	gets_none("behind the last");
	tell(number + i, "%lu interrupts in their order:", i);
}

/* More than list registers: pending, and in each other's handlers. */
static void lr_overflow(void)
{
	static const u32 nested[] = { 14, 12, 10 };
	size_t i;
	u32 n;

	world_open();
	by_number();
	for (n = 0; n < 16; n++) /* from the least urgent to the most urgent */
		GOOD(raise_irq, 1, 15 - n);
	for (n = 0; n < 16; n++)
		serves(n, "of sixteen that were raised");
	for (i = 0; i < ARRAY_SIZE(nested); i++) {
		GOOD(raise_irq, 1, nested[i]);
		gets(nested[i], "in the handlers of less urgent ones");
	}
	GOOD(raise_irq, 1, 4);
	GOOD(raise_irq, 1, 6);
	gets(4, "in the handlers of three");
	gets_none("in the handlers of four: no list register is free");
	ends(4);
	serves(6, "when the last of four handlers has ended");
	GOOD(raise_irq, 1, 10);
	gets_none("in its own handler");
	for (i = 3; i-- > 0;) {
		ends(nested[i]);
		if (nested[i] == 10)
			serves(10, "that was raised in its own handler");
	}
	gets_none("behind the last");
	tell(number + 16 + 6, "%u interrupts with %d list registers:", 16 + 6, gic.nlr);
}

/* Two processes in their handlers, to and fro: each finds its own. */
static void lr_switch(void)
{
	world_open();
	by_number();
	world_child(2);
	GOOD(set_runnable, 2);
	GOOD(alloc_irq, DEVICE, IRQ_EDGE);
	GOOD(switch, 2);
	world_open();
	by_number();
	gets_none("before any was raised");
	GOOD(switch, 1);
	model_irq_pulse(DEVICE);
	world_interrupts();
	gets(DEVICE, "of its device");
	GOOD(raise_irq, 1, 3);
	GOOD(raise_irq, 2, 3);
	gets(3, "in the handler of its device");
	GOOD(switch, 2);
	gets(3, "as the other process, which is in its handler");
	GOOD(raise_irq, 1, 1);
	model_irq_pulse(DEVICE); /* again: its owner has not ended the first */
	if (world_interrupts())
		model_fail("interrupt %u comes again while its owner is in its handler", DEVICE);
	ends(3);
	gets_none("that is the other's");
	GOOD(switch, 1);
	serves(1, "raised while the other ran");
	ends(3);
	be_active(DEVICE, true, "in the handler that a switch has interrupted");
	ends(DEVICE);
	serves(DEVICE, "that came while it was handled");
	be_active(DEVICE, false, "behind the end of its handler");
	gets_none("behind the last");
	tell(number + 2, "two processes in their handlers:");
}

/* Firmware has used the GIC before. */
static void gic_dirty(void)
{
	u32 intid;

	for (intid = 0; intid < 128; intid++) {
		const struct model_irq m = model_irq(intid);

		if (irqs[intid].type == IRQ_KERNEL || intid == 26 || intid == 30)
			continue; /* the timers are on since the machine is */
		if (m.enabled || m.pending || m.active)
			model_fail("interrupt %u is %s since firmware used it", intid,
			           m.enabled   ? "enabled"
			           : m.pending ? "pending"
			                       : "active");
		if (m.priority != model_irq(0).priority)
			model_fail("interrupt %u has priority 0x%x, interrupt 0 has 0x%x", intid,
			           m.priority, model_irq(0).priority);
		if (intid >= 32 && (m.edge || !m.here))
			model_fail("interrupt %u is %s", intid,
			           m.edge ? "edge-triggered since firmware used it"
			                  : "for another CPU");
	}
	if (world_interrupts())
		model_fail("an interrupt comes, and no device has raised one");
	world_open();
	gets_none("that nobody has raised");
	irq_device();
}

/* tick=off: lab 6's holes are not in the way. */
static void with_gic(int version)
{
	model.gic.version = version;
	world_gic();
	strcpy(board.bootargs, "tick=off");
}

static void gicv3(void)
{
	with_gic(3);
}

static void gicv2(void)
{
	with_gic(2);
}

static void gicv3_of_2(void)
{
	model.gic.nlr = 2;
	gicv3();
}

/* Behind firmware there are two security states, of which the kernel sees one. */
static void gicv3_dirty(void)
{
	model.gic.dirty = (u32)number | 1;
	model.gic.single_security = false;
	gicv3();
}

static void gicv2_dirty(void)
{
	model.gic.dirty = (u32)number | 1;
	gicv2();
}

SCENARIO(irq_device, irq_device, gicv3)
SCENARIO(lr_order, lr_order, gicv3_of_2)
SCENARIO(lr_overflow, lr_overflow, gicv3)
SCENARIO(lr_switch, lr_switch, gicv2)
SCENARIO(gic_dirty, gic_dirty, gicv3_dirty)
SCENARIO(gic_dirty_v2, gic_dirty, gicv2_dirty)
