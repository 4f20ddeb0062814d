/*
 * Sixteen SGIs, four times as many as there are list registers, raised while interrupts are masked, from the least to the most urgent;
 * the nonce says which has which priority. Then they come in order of priority, and none is lost.
 */
#include "fault.h"
#include "irq.h"

static volatile u64 taken, sum;

static void handler(u64 intid)
{
	taken++;
	sum = sum * 3 + intid;
	print_decimal((i64)intid);
	print(" ");
}

int main(const char *arguments)
{
	u64 nonce = argument(arguments, "nonce"), order[16], i;

	line_decimal("begin", irq_begin(handler));
	for (i = 0; i < 16; i++)
		order[i] = i;
	for (i = 15; i > 0; i--) {
		const u64 j = nonce % (i + 1), swap = order[i];

		nonce = nonce / (i + 1) + 0x9e3779b97f4a7c15 * j;
		order[i] = order[j];
		order[j] = swap;
	}
	for (i = 0; i < 16; i++) /* order[0] is the most urgent */
		hv8_irq_priority(order[i], 8 * i);
	for (i = 16; i > 0; i--)
		irq_send(order[i - 1]);
	print("should: ");
	for (i = 0; i < 16; i++) {
		print_decimal((i64)order[i]);
		print(" ");
	}
	print("\ndid:    ");
	irq_on();
	irq_off();
	line_decimal("\ntaken", (i64)taken);
	line_decimal("maintenance", hv8_stat(STAT_MAINTENANCE));
	return 0;
}
