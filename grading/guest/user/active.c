/*
 * While a process has its timer's interrupt, pending or being handled, the interrupt of the CPU is active. Two processes take 12 alarms
 * each in each of four phases; one of them lets its interrupt be pending (masked), or handles it, for three slices. That must not
 * keep the other's timer from interrupting, and no alarm may be lost or come twice.
 */
#include "together.h"

#define ALARMS 12

enum way { QUICK, HELD_PENDING, HELD_ACTIVE };

static const struct {
	const char *what;
	enum way ways[2]; /* of process 1 and 2 */
} phases[] = {
	{ "pending", { HELD_PENDING, QUICK } },
	{ "being handled", { HELD_ACTIVE, QUICK } },
	{ "the other's being handled", { QUICK, HELD_ACTIVE } },
	{ "both being handled", { HELD_ACTIVE, HELD_ACTIVE } },
};

static volatile u64 taken, latest;
static u64 due, tick, nonce, word; /* word: the nonce for each alarm */
static enum way way;

static void handler(u64 intid)
{
	const u64 late = timer_now() - due;

	taken += intid == IRQ_TIMER;
	word += intid == IRQ_TIMER ? nonce : 0;
	latest = late > latest ? late : latest;
	if (way == HELD_ACTIVE)
		spin_until(timer_now() + 3 * tick); /* its timer is due all the time */
	timer_off();
}

/* One alarm; if it does not come within ten slices it is lost. */
static void alarm(void)
{
	const u64 before = taken, now = timer_now();

	if (way == HELD_PENDING)
		irq_off();
	due = now + tick / 4;
	timer_set(due);
	if (way == HELD_PENDING) {
		spin_until(now + 3 * tick);
		irq_on();
	}
	while (taken == before && timer_now() < now + 10 * tick)
		continue;
	timer_off();
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid();
	u64 phase, i;

	tick = tick_of(arguments);
	nonce = argument(arguments, "nonce");
	irq_begin(handler);
	irq_on();
	for (phase = 0; phase < ARRAY_SIZE(phases); phase++) {
		together(2);
		taken = latest = 0;
		way = phases[phase].ways[me - 1];
		for (i = 0; i < ALARMS; i++)
			alarm();
		if (me == 2) {
			while (hv8_send(1, taken | (latest + tick / 2) / tick << 32, NONE, NONE))
				yield();
			continue;
		}
		say("%s: %ld of %ld alarms, %ld ticks late at most", phases[phase].what, taken,
		    (u64)ALARMS, (latest + tick / 2) / tick);
		i = reported(2);
		say("  the other: %ld of %ld, %ld late at most", i & 0xffffffff, (u64)ALARMS,
		    i >> 32);
	}
	if (me == 2)
		report(word);
	say("words: %016lx and %016lx", word, reported(2));
	return 0;
}
