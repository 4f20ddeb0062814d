/*
 * Right times, whatever the counter's frequency is. What a loop counts cannot be pretended: under -icount an instruction takes a
 * nanosecond. Process 1 sleeps for 25 ms while the other counts; then both have slices of 10 ms.
 */
#include "together.h"

/* Run until others do. @return how many instructions that took; what the counter counted meanwhile goes to *@p counted */
static u64 run(u64 *counted)
{
	const u64 much = timer_hz() / 1000, first = timer_now();
	u64 turns = 0, before, now, last = first, wait;

	__asm__ volatile("1:	mov	%[before], %[last]\n"
	                 "	isb\n"
	                 "	mrs	%[now], cntpct_el0\n"
	                 "	sub	%[wait], %[now], %[last]\n"
	                 "	mov	%[last], %[now]\n"
	                 "	add	%[turns], %[turns], #1\n"
	                 "	cmp	%[wait], %[much]\n"
	                 "	b.ls	1b"
	                 : [turns] "+r"(turns), [now] "=&r"(now), [last] "+r"(last),
	                   [wait] "=&r"(wait), [before] "=&r"(before)
	                 : [much] "r"(much)
	                 : "cc", "memory");
	*counted = before - first;
	return 8 * turns;
}

/* Count while process 1 sleeps. @return instructions */
static u64 run_alone(void)
{
	u64 turns = 0;

	__asm__ volatile("1:	ldr	w9, [%[state]]\n"
	                 "	add	%[turns], %[turns], #1\n"
	                 "	cmp	w9, %w[sleeps]\n"
	                 "	b.eq	1b"
	                 : [turns] "+r"(turns)
	                 : [state] "r"(&PROCS[INIT_PID].state), [sleeps] "r"(PROC_SLEEPING)
	                 : "x9", "cc", "memory");
	return 4 * turns;
}

/* In 100,000, rounded. */
static i64 rounded(u64 instructions)
{
	return (i64)(instructions + 50000) / 100000;
}

int main(const char *arguments)
{
	const u64 hz = timer_hz();
	u64 slept, slices[2], counted, word = argument(arguments, "nonce");

	slept = together(2) + hz / 40;
	if (hv8_getpid() != INIT_PID) {
		slept = run_alone();
		while (hv8_send(INIT_PID, slept, NONE, NONE))
			yield();
		run(&counted);
		slices[1] = run(&counted);
		spin_until(timer_now() + hz / 50); /* process 1 still wants to see it run */
		report(slices[1]);
	}
	timer_sleep(slept);
	slept = reported(2);
	run(&counted);
	slices[0] = run(&counted);
	slices[1] = reported(2);
	say("%ld kHz, and counts with %ld hundredths of that", hz / 1000,
	    (counted * 100000000 / slices[0] * 1000 + hz / 2) / hz);
	say("25 ms asleep, in 100,000 instructions: %ld", rounded(slept));
	say("slices of 10 ms: %ld and %ld", rounded(slices[0]), rounded(slices[1]));
	word = word * 31 + (u64)(rounded(slept) + 5) / 10; /* in milliseconds, and the slices too */
	word = (word * 31 + (u64)(rounded(slices[0]) + 5) / 10) * 31 +
	       (u64)(rounded(slices[1]) + 5) / 10;
	say("word: %016lx", word);
	return 0;
}
