/*
 * Two of these spin and never give the CPU away. Each watches the counter: a gap is what the other had. When both have been
 * preempted 100 times, how far are they apart?
 */
#include "fault.h"
#include "irq.h"

int main(const char *arguments)
{
	const u64 tick = timer_hz() / 100;
	u64 had = 0, gaps = 0, last = timer_now(), lost = 0;

	while (gaps < 100) {
		const u64 now = timer_now();

		if (now - last > tick / 2) {
			gaps++;
			lost += now - last;
		} else {
			had += now - last;
		}
		last = now;
	}
	print_decimal((i64)(had / (tick / 100)));
	print(" ");
	print_decimal((i64)(lost / (tick / 100)));
	print("\n");
	return 0;
}
