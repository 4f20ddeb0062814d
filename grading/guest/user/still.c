/*
 * With irq=off there are no ticks: process 1 runs for three slices on end. A process has no timer then: the others try, each
 * another register.
 */
#include "together.h"

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), end = timer_now() + timer_hz() * 3 / 100;
	struct slices s;
	u64 value = 0;

	switch (me) {
	case 1:
		slices_begin(&s, arguments);
		while (s.seen < end)
			slices_look(&s);
		value = (u64)hv8_stat(STAT_TICKS);
		say("30 ms: %ld waits, %ld ticks, word: %016lx", s.waits, value,
		    3 * argument(arguments, "nonce") + s.waits + value);
		return 0;
	case 2:
		__asm__ volatile("mrs %0, cntp_ctl_el0" : "=r"(value));
		break;
	case 3:
		__asm__ volatile("msr cntp_cval_el0, %0" : : "r"(value));
		break;
	case 4:
		__asm__ volatile("msr cntp_tval_el0, %0" : : "r"(value));
		break;
	case 5:
		__asm__ volatile("msr cntp_ctl_el0, %0" : : "r"(1UL));
	}
	say("process %ld was not stopped", me);
	return 0;
}
