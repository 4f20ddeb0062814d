#include "unit.h"
#include "drive_irq.h"

#include <machine.h>

struct model_gic gic_of(int version, int nlr)
{
	return (struct model_gic){ .version = version, .nlr = nlr, .single_security = true };
}

void owners(int version)
{
	world_irq(gic_of(version, 4), "");
	child(4);
	run(4);
	ok(alloc_irq, THE_DEADS, 0);
	run(1);
	embryo(2);
	child(3);
	ok(kill, 4);
	run(3);
	embryo(5);
	ok(alloc_irq, THEIRS, 0);
	run(1);
	ok(alloc_irq, MINE, 0);
}

int interrupts(void)
{
	int taken;

	for (taken = 0; model_irq_line(); taken++) {
		if (taken == 1000)
			model_fail("a thousand interrupts, and still one is signalled");
		event(irq_handle, "an interrupt");
	}
	return taken;
}

static bool trap(u64 class, u64 iss, const char *name)
{
	struct context *from = current;
	const u64 elr = from->frame.elr;

	model_sysreg_set("esr_el2", class << 26 | 1UL << 25 | iss);
	trap_el1(&from->frame, 0);
	drive_switch(from, name);
	return from->frame.elr == elr + 4;
}

bool traps(u64 iss)
{
	return trap(0x18, iss, "a trapped access to a register");
}

void wfi_by_process(void)
{
	if (!trap(0x01, 0, "WFI"))
		model_fail("a process stays at its WFI");
}

void opens(void)
{
	const u64 l3 = home[current->pid].l3;

	if (gic.version == 3) {
		if (!(current->uses & USES_GIC) && traps(ICC_PMR_WRITE))
			model_fail("the first use of ICC_PMR_EL1 is not tried again");
	} else if (!(current->uses & USES_GIC)) {
		ok(map_gicv, l3, GICV_AT >> 12 & 511);
	}
	model_virq_open();
	interrupts();
}

u32 acks(void)
{
	const u32 iar = model_virq_ack();

	interrupts();
	return iar;
}

void ends(u32 iar)
{
	model_virq_eoi(iar);
	interrupts();
}

void gets(u32 intid)
{
	const u32 iar = acks();

	if (iar != intid)
		model_fail("process %d gets interrupt %u, and not %u", current->pid, iar, intid);
}

void gets_nothing(void)
{
	gets(NO_IRQ);
}

void serves(u32 intid)
{
	gets(intid);
	ends(intid);
}
