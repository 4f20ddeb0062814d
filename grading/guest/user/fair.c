/*
 * All spin to the same end and count how often they see the counter: under -icount that is the share of the CPU that each had, which
 * no kernel can pretend. 40 slices for each.
 */
#include "together.h"

#define SLICES 40

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), count = processes();
	u64 words[8] = { 0 }, sum = 0, least, most, pid, word = argument(arguments, "nonce");
	struct slices s;

	const u64 end = together(count) + SLICES * count * tick_of(arguments);

	slices_begin(&s, arguments);
	do
		slices_look(&s);
	while (s.seen < end);
	words[me] = s.looks << 32 | (u64)in_ticks(&s, s.longest_run) << 16 |
	            (u64)in_ticks(&s, s.longest_wait);
	if (me != INIT_PID)
		report(words[me]);
	for (pid = 2; pid <= count; pid++)
		words[pid] = reported(pid);
	least = most = words[1] >> 32;
	for (pid = 1; pid <= count; pid++) {
		const u64 looks = words[pid] >> 32;

		sum += looks;
		least = looks < least ? looks : least;
		most = looks > most ? looks : most;
		word = word * 31 + (words[pid] & 0xffffffff);
	}
	for (pid = 1; pid <= count; pid++)
		say("process %ld: had %ld of %ld ticks, %ld at most at a time, waited %ld at most",
		    pid, ((words[pid] >> 32) * SLICES * count + sum / 2) / sum, SLICES * count,
		    words[pid] >> 16 & 0xffff, words[pid] & 0xffff);
	say("apart: %ld hundredths of a tick", (most - least) * SLICES * count * 100 / sum);
	say("word: %016lx", word);
	return 0;
}
