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

struct timer {
	u32 intid;
	u32 control;
	u64 compare;
};
static struct {
	u64 count;
	struct timer timers[2];
} now = { .timers = { { .intid = 26 }, { .intid = 30 } } }; /* CNTHP, CNTP */

static bool fires(const struct timer *t)
{
	return t->control & ENABLE && now.count >= t->compare;
}

static void update(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(now.timers); i++)
		intc_input(now.timers[i].intid,
		           fires(&now.timers[i]) && !(now.timers[i].control & IMASK));
}

/* Control and compare value are UNKNOWN: here both timers are on, and have been for long. */
void generic_timer_reset(void)
{
	size_t i;

	now.count = 5UL << 32;
	for (i = 0; i < ARRAY_SIZE(now.timers); i++) {
		now.timers[i].control = ENABLE;
		now.timers[i].compare = 0xdeadbeef;
	}
	update();
}

struct part generic_timer_part(void)
{
	return (struct part){ &now, sizeof(now) };
}

u64 model_time(void)
{
	return now.count;
}

void model_time_advance(u64 ticks)
{
	if (ticks > NEVER - now.count)
		model_fail("%lu ticks are more than the counter has", ticks);
	now.count += ticks;
	update();
}

bool generic_timer_next(void)
{
	u64 next = NEVER;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(now.timers); i++) {
		const struct timer *t = &now.timers[i];

		if ((t->control & (ENABLE | IMASK)) == ENABLE && t->compare > now.count &&
		    t->compare < next)
			next = t->compare;
	}
	if (next == NEVER)
		return false;
	model_time_advance(next - now.count);
	return true;
}

static u64 read_count(const struct sysreg *reg)
{
	return now.count;
}

/* ISTATUS of a timer that is off is UNKNOWN: here it is set. */
static u64 read_control(const struct sysreg *reg)
{
	const struct timer *t = &now.timers[reg->n];

	return t->control | (fires(t) || !(t->control & ENABLE) ? ISTATUS : 0);
}

static void write_control(const struct sysreg *reg, u64 value)
{
	now.timers[reg->n].control = value & (ENABLE | IMASK);
	update();
}

static u64 read_compare(const struct sysreg *reg)
{
	return now.timers[reg->n].compare;
}

static void write_compare(const struct sysreg *reg, u64 value)
{
	now.timers[reg->n].compare = value;
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
