/* A device interrupts that the kernel has enabled and nobody owns: it is masked once, and everything goes on, until it has an owner. */
#include "rtc.h"

static volatile u64 taken, value;

static void handler(u64 intid)
{
	value *= 3;
	taken++;
	if (intid == RTC_INTID && taken == 4)
		quiet();
}

int main(const char *arguments)
{
	u64 before, i;

	value = argument(arguments, "nonce");
	print("begin\n");
	line_decimal("the device calls", RTC_RIS & RTC_IMSC & 1);
	irq_begin_or_end(handler);
	before = (u64)hv8_stat(STAT_IRQS);
	for (i = 0; i < 100; i++)
		irq_window();
	line_decimal("interrupts that nobody wanted", hv8_stat(STAT_UNOWNED));
	line_decimal("interrupts since", hv8_stat(STAT_IRQS) - (i64)before);
	irq_send(3);
	irq_window();
	line_decimal("an SGI of my own", (i64)taken);
	line_decimal("it has an owner", hv8_alloc_irq(RTC_INTID, 0));
	for (i = 0; i < 8; i++)
		irq_window_again();
	line_decimal("came", (i64)taken);
	line_hex("all that came", value);
	return 0;
}
