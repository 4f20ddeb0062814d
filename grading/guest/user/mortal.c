/*
 * Five children die, each in another state of its timer. Each has a successor with the same pid, which must find nothing of
 * it: the timer off, no interrupt; then an alarm of its own comes once. The parent gets no interrupt and has its own alarm, too.
 */
#include "fault.h"
#include "together.h"

enum death { SET, PENDING, ACTIVE, FAULT, ASLEEP, DEATHS };

static const char *const deaths[] = { "its timer set", "its interrupt pending",
	                              "its interrupt being handled", "a fault in its handler",
	                              "asleep" };

static volatile u64 taken, word; /* word: the nonce for each alarm */
static u64 nonce;
static volatile enum death death;
static bool mortal;

static void handler(u64 intid)
{
	taken++;
	word += nonce;
	if (mortal && death == ACTIVE)
		hv8_exit(0);
	if (mortal)
		*(volatile u64 *)0x123000 = 0;
	timer_off();
}

static void die(void)
{
	mortal = true;
	irq_begin(handler);
	timer_set(timer_now() + from_us(death == PENDING || death == ACTIVE ? 0 : 100));
	switch (death) {
	case ACTIVE:
	case FAULT:
		irq_on();
		break;
	case PENDING:
		spin_until(timer_now() + from_us(20));
		break;
	case ASLEEP:
		for (;;)
			hv8_wait();
	default:
		break;
	}
	if (death == FAULT)
		for (;;)
			continue;
	hv8_exit(0);
}

/* An interrupt that is not one's own would come in a millisecond; one's own does in 100 us. */
static void have_alarm(const char *who)
{
	u64 strays;

	taken = 0;
	irq_begin(handler);
	irq_on();
	spin_until(timer_now() + from_us(1000));
	strays = taken;
	timer_set(timer_now() + from_us(100));
	spin_until(timer_now() + from_us(300));
	irq_off();
	say("  %s: %ld strays, %ld alarm", who, strays, taken - strays);
}

static void successor(void)
{
	u64 ctl, cval;

	__asm__ volatile("mrs %0, cntp_ctl_el0\n\tmrs %1, cntp_cval_el0" : "=r"(ctl), "=r"(cval));
	say("  successor: pid %ld, ctl %ld, cval %ld", hv8_getpid(), ctl & 3, cval);
	have_alarm("successor");
	hv8_exit(0);
}

int main(const char *arguments)
{
	u64 pid;

	nonce = argument(arguments, "nonce");
	for (death = 0; death < DEATHS; death++) {
		pid = (u64)fork_or_end();
		if (pid == 0)
			die();
		while (PROCS[pid].state != PROC_ZOMBIE && PROCS[pid].state != PROC_SLEEPING)
			hv8_switch(pid);
		if (death == ASLEEP)
			hv8_kill(pid);
		say("pid %ld dies, %s", pid, deaths[death]);
		have_alarm("parent");
		say("  buried: %ld", bury(pid));
		pid = (u64)fork_or_end();
		if (pid == 0)
			successor();
		await_state(pid, PROC_ZOMBIE);
		bury(pid);
	}
	say("interrupts of nobody: %ld", hv8_stat(STAT_UNOWNED));
	say("alarms: %016lx", word);
	return 0;
}
