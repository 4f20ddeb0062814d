/* timers */
#include "fault.h"
#include "irq.h"
static volatile u64 n, at;
static void handler(u64 intid)
{
	n++;
	if (intid != IRQ_TIMER)
		print("?");
	if (n < 5)
		timer_set(timer_now() + timer_hz() / 1000);
	else
		timer_off();
}
int main(const char *arguments)
{
	u64 t0 = timer_now(), t;
	line_decimal("begin", irq_begin(handler));
	timer_set(t0 + timer_hz() / 1000);
	irq_on();
	while (n < 5)
		hv8_wait();
	t = timer_now();
	line_decimal("us", (i64)((t - t0) * 1000000 / timer_hz()));
	irq_off();
	timer_sleep(t + timer_hz());
	line_decimal("us", (i64)((timer_now() - t) * 1000000 / timer_hz()));
	return 0;
}
