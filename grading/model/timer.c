/*
 * The generic timer (Arm ARM D11): the counter, and two timers with their level-sensitive outputs.
 * Time stands still but for model_time_advance() and wfi().
 */
#include "inside.h"

#include <machine.h>

#define ENABLE  (1u << 0)
#define IMASK   (1u << 1)
#define ISTATUS (1u << 2)

/* The counter has 56 bits: what is later does not come. */
#define NEVER (1UL << 56)

static u64 count;
static struct timer {
	u32 intid;
	u32 control;
	u64 compare;
} timers[] = { { .intid = 26 }, { .intid = 30 } }; /* CNTHP, CNTP */

static bool fires(const struct timer *t)
{
	return t->control & ENABLE && count >= t->compare;
}

static void update(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(timers); i++)
		intc_input(timers[i].intid, fires(&timers[i]) && !(timers[i].control & IMASK));
}

/* Control and compare value are UNKNOWN: here both timers are on, and have been for long. */
void generic_timer_reset(void)
{
	size_t i;

	count = 5UL << 32;
	for (i = 0; i < ARRAY_SIZE(timers); i++) {
		timers[i].control = ENABLE;
		timers[i].compare = 0xdeadbeef;
	}
	update();
}

u64 model_time(void)
{
	return count;
}

void model_time_advance(u64 ticks)
{
	if (ticks > NEVER - count)
		model_fail("%lu ticks are more than the counter has", ticks);
	count += ticks;
	update();
}

bool generic_timer_next(void)
{
	u64 next = NEVER;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(timers); i++) {
		const struct timer *t = &timers[i];

		if ((t->control & (ENABLE | IMASK)) == ENABLE && t->compare > count &&
		    t->compare < next)
			next = t->compare;
	}
	if (next == NEVER)
		return false;
	model_time_advance(next - count);
	return true;
}

static u64 read_count(const struct sysreg *reg)
{
	return count;
}

/* ISTATUS of a timer that is off is UNKNOWN: here it is set. */
static u64 read_control(const struct sysreg *reg)
{
	const struct timer *t = &timers[reg->n];

	return t->control | (fires(t) || !(t->control & ENABLE) ? ISTATUS : 0);
}

static void write_control(const struct sysreg *reg, u64 value)
{
	timers[reg->n].control = value & (ENABLE | IMASK);
	update();
}

static u64 read_compare(const struct sysreg *reg)
{
	return timers[reg->n].compare;
}

static void write_compare(const struct sysreg *reg, u64 value)
{
	timers[reg->n].compare = value;
	update();
}

#define CONTROL(name_, n_)                                                             \
	{                                                                              \
		.name = #name_, .n = n_, .read = read_control, .write = write_control, \
		.reserved = ~7UL                                                       \
	}
#define COMPARE(name_, n_)                                                            \
	{                                                                             \
		.name = #name_, .n = n_, .read = read_compare, .write = write_compare \
	}

struct sysreg timer_sysregs[] = {
	CONTROL(cnthp_ctl_el2, 0),
	COMPARE(cnthp_cval_el2, 0),
	CONTROL(cntp_ctl_el0, 1),
	COMPARE(cntp_cval_el0, 1),
	{ .name = "cntpct_el0", .read_only = true, .read = read_count },
	{ .name = "cntfrq_el0", .read_only = true, .reset = 62500000 },
	{ .name = NULL },
};
