/*
 * Process 1 wants 20 slices of its own; the others do all they can to keep the CPU. The boot argument roles=... has a digit
 * for each, process 2's last. In each slice of its own process 1 takes its word times 3 plus 1.
 */
#include "together.h"

static void spin_at_el0(void)
{
	__asm__ volatile("adr x0, 1f\n\t"
	                 "msr elr_el1, x0\n\t"
	                 "mov x0, #0x3c0\n\t" /* EL0, all of DAIF masked */
	                 "msr spsr_el1, x0\n\t"
	                 "isb\n\t"
	                 "eret\n"
	                 "1: b 1b"
	                 :
	                 :
	                 : "x0", "memory");
}

static void hog(u64 me, u64 role)
{
	switch (role) {
	case 0: /* as at birth: all of DAIF is masked */
		__asm__ volatile("1: b 1b");
		break;
	case 1:
		spin_at_el0();
		break;
	case 2:
		for (;;)
			hv8_getpid();
	case 3: /* two friends who hand the CPU to each other */
		for (;;)
			hv8_switch(me + 1);
	case 4:
		for (;;)
			hv8_switch(me - 1);
	case 5:
		for (;;)
			hv8_send(me, 0, NONE, NONE); /* to itself: refused */
	case 6:
		for (;;)
			hv8_switch(me);
	}
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), count = processes();
	u64 word = argument(arguments, "nonce"), pid;
	struct slices s;

	together(count);
	if (me != INIT_PID)
		hog(me, argument(arguments, "roles") >> 4 * (me - 2) & 15);
	slices_begin(&s, arguments);
	while (s.waits < 20)
		if (slices_look(&s))
			word = word * 3 + 1;
	say("20 slices: %016lx", word);
	say("ran %ld ticks at most, waited %ld at most", in_ticks(&s, s.longest_run),
	    in_ticks(&s, s.longest_wait));
	for (pid = 2; pid <= count; pid++)
		say("kill: %ld", hv8_kill(pid));
	return 0;
}
