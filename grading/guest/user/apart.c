/*
 * Two processes whose virtual CPU interfaces differ in everything: mask, enable, what is pending, what is active. They change over
 * all the time, also in their handlers, and a third, which uses no interrupts, runs between them.
 */
#include "irqs.h"

#define ROUNDS 16

static volatile u64 came, number, taken, wrong, mask, open, next, late, inside, between;
static bool gicv;

#define GICV(offset) (*(volatile u32 *)(UVA_GICV + (offset)))

static u64 mask_now(void)
{
	u64 value;

	if (gicv)
		return GICV(4);
	__asm__ volatile("mrs %0, s3_0_c4_c6_0" : "=r"(value)); /* ICC_PMR_EL1 */
	return value;
}

static bool enabled_now(void)
{
	u64 value;

	if (gicv)
		return GICV(0) & 1;
	__asm__ volatile("mrs %0, s3_0_c12_c12_7" : "=r"(value)); /* ICC_IGRPEN1_EL1 */
	return value & 1;
}

static void enable(bool on)
{
	if (gicv)
		GICV(0) = on;
	else
		__asm__ volatile("msr s3_0_c12_c12_7, %0\n\tisb" : : "r"((u64)on));
}

/* The others run; nothing here may be different afterwards. */
static void away(bool enabled)
{
	int i;

	for (i = 0; i < 3; i++) {
		yield();
		wrong += mask_now() != mask || enabled_now() != enabled;
	}
}

static void handler(u64 intid)
{
	if (intid == open) {
		inside++;
		came = came << 4 | digit(number, taken++);
		away(true);
		hv8_raise_irq((u64)hv8_getpid(), next);
		hv8_raise_irq((u64)hv8_getpid(), late);
		irq_on();
		away(true); /* both are less urgent than this handler: they must not come in here */
		irq_off();
		inside--;
	} else if (intid == next) {
		wrong += inside;
		between++;
	} else if (intid == late) {
		wrong += inside + (taken != ROUNDS); /* it is behind the mask until the end */
		late = 0;
	} else {
		wrong += 100;
	}
}

/* @p first and the two behind it are its SGIs; the last is as urgent as its mask, and so waits. */
static void run(const char *who, u64 value, u64 own_mask, u64 first)
{
	int i;

	number = value;
	mask = own_mask;
	open = first;
	next = first + 1;
	late = first + 2;
	came = taken = wrong = between = 0;
	irq_begin_or_end(handler);
	gicv = has_gicv();
	irq_mask(mask);
	hv8_irq_priority(open, mask - 16);
	hv8_irq_priority(next, mask - 8);
	hv8_irq_priority(late, mask);
	for (i = 0; i < ROUNDS; i++) {
		const bool off = i % 2 == (int)first % 2;

		enable(!off);
		hv8_raise_irq((u64)hv8_getpid(), open);
		if (off) {
			irq_window();
			away(false);
			irq_window();
			wrong += taken != (u64)i;
			enable(true);
		}
		irq_window();
		away(true);
	}
	print(who);
	print(": came ");
	print_hex(came);
	mask = 0xff;
	irq_mask(mask);
	irq_window();
	wrong += between != ROUNDS;
	line_decimal(late ? ", the late one did not come" : ", and the late one; wrong",
	             (i64)wrong);
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce");
	i64 deaf, child;
	int i;

	deaf = fork_or_end();
	if (deaf == 0) {
		irq_on(); /* what comes is reported, and fatal */
		for (i = 0; i < 100; i++)
			yield();
		return 3;
	}
	child = fork_or_end();
	if (child == 0) {
		run("child", nonce * 3, 0x50, 8);
		return 4;
	}
	run("parent", nonce, 0x90, 3);
	while (PROCS[child].state != PROC_ZOMBIE || PROCS[deaf].state != PROC_ZOMBIE)
		yield();
	print("status ");
	print_decimal(PROCS[deaf].status);
	line_decimal(" and", PROCS[child].status);
	line_decimal("at least 200 switches", hv8_stat(STAT_SWITCHES) >= 200);
	return 0;
}
