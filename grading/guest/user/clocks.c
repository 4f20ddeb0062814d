/*
 * Each process sets its timer as the nonce says, 100 times, and looks at it while it is preempted: it must read back what it wrote, with no
 * interrupt of another's. Process 2 takes an alarm each time; process 4 does not touch its timer before the others have done half.
 */
#include "together.h"

#define CHANGES 100

#define GET(reg)                                                  \
	({                                                        \
		u64 value_;                                       \
		__asm__ volatile("mrs %0, " #reg : "=r"(value_)); \
		value_;                                           \
	})
#define SET(reg, value) __asm__ volatile("msr " #reg ", %0\n\tisb" : : "r"((u64)(value)))

#define ENABLE  1UL
#define IMASK   2UL
#define ISTATUS 4UL

static volatile u64 taken;

static void handler(u64 intid)
{
	taken++;
	timer_off();
}

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return *state >> 20;
}

/* Whether the timer is not as it was set. What ISTATUS says is right before or behind the look at it. */
static bool is_wrong(u64 ctl, u64 cval)
{
	const bool before = timer_now() >= cval;
	const u64 now_ctl = GET(cntp_ctl_el0);
	const bool behind = timer_now() >= cval, status = now_ctl & ISTATUS;

	if ((now_ctl & (ENABLE | IMASK)) != ctl || GET(cntp_cval_el0) != cval)
		return true;
	return ctl & ENABLE && status != before && status != behind;
}

/* One change, seen over two waits for the others. @return whether anything was wrong */
static u64 change(struct slices *s, u64 *random, bool alarm)
{
	const u64 waits = s->waits + 2, before = taken, kind = next_random(random) % 4;
	const u64 some = next_random(random);
	u64 ctl = kind, cval = some, wrong = 0;

	if (alarm) {
		ctl = ENABLE;
		cval = timer_now() + some % s->tick;
	} else if (kind == ENABLE) {
		cval = timer_now() + timer_hz() + some; /* not before the end */
	} else if (some & 1) {
		cval = some % timer_now(); /* due, but masked or off */
	}
	timer_off(); /* or the new time may be due with the old enable */
	SET(cntp_cval_el0, cval);
	SET(cntp_ctl_el0, ctl);
	while (s->waits < waits) {
		slices_look(s);
		if (!alarm)
			wrong |= is_wrong(ctl, cval);
	}
	if (alarm)
		wrong = taken != before + 1 || GET(cntp_ctl_el0) & ENABLE ||
		        GET(cntp_cval_el0) != cval;
	return wrong;
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid();
	u64 random = argument(arguments, "nonce") ^ me, word = 0, i, wrong = 0, end;
	struct slices s;

	irq_begin(handler);
	irq_on();
	end = together(4) + 450 * tick_of(arguments);
	slices_begin(&s, arguments);
	if (me == 4) {
		while (s.waits < CHANGES)
			slices_look(&s);
		hv8_wake(0); /* refused: the grader stops the machine here */
		say("first seen: ctl %ld, cval %ld, interrupts so far %ld", GET(cntp_ctl_el0) & 3,
		    GET(cntp_cval_el0), taken);
	}
	for (i = 0; i < (me == 4 ? CHANGES / 2 : CHANGES); i++) {
		wrong += change(&s, &random, me == 2);
		word += argument(arguments, "nonce");
	}
	timer_off();
	say("process %ld: %ld wrong, %ld interrupts, word: %016lx", me, wrong, taken, word);
	while (s.seen < end) /* the others still want to be preempted */
		slices_look(&s);
	if (me != INIT_PID)
		report(0);
	for (i = 2; i <= 4; i++)
		reported(i);
	return 0;
}
