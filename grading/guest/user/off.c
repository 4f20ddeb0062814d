/* With irq=off nothing of it exists, and the console is polled as in lab 4. */
#include "irqs.h"

static void handler(u64 intid)
{
	print("an interrupt\n");
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), l3 = (u64)table_of(me, 3, UVA_IRQS);
	u64 number = 0, intid, some = 0;
	i64 byte;

	if (me == 2) {
		__asm__ volatile("msr s3_0_c4_c6_0, %0" : : "r"(number)); /* ICC_PMR_EL1 */
		print("not denied\n");
	}
	line_decimal("irq_begin", irq_begin(handler));
	line_decimal("alloc_irq", hv8_alloc_irq(SPI, 0));
	line_decimal("reclaim_irq", hv8_reclaim_irq(SPI));
	line_decimal("ack_irq", hv8_ack_irq(3));
	line_decimal("raise_irq", hv8_raise_irq(me, 3));
	line_decimal("irq_priority", hv8_irq_priority(3, 8));
	line_decimal("map_irqs", hv8_map_irqs(l3, 300));
	line_decimal("map_gicv", hv8_map_gicv(l3, 301));
	for (intid = 0; intid < NIRQ; intid++)
		some += IRQS[intid].type != IRQ_NONE || IRQS[intid].owner;
	line_decimal("interrupts in the table", (i64)some);
	print("type\n");
	while ((byte = hv8_console_read()) != '\n')
		if (byte >= 0)
			number = number << 4 |
			         ((u64)byte <= '9' ? (u64)byte - '0' : (u64)byte - 'a' + 10);
		else
			yield();
	line_hex("typed", number * 3);
	yield(); /* also if nothing had to be waited for above */
	hv8_wait();
	print("woken\n");
	return 0;
}
