/*
 * In the handler of an SGI, which is raised again meanwhile, six more are pending: the console's, two SPIs, and three SGIs. What the kernel has
 * put into the four list registers is read from outside.
 */
#include "irqs.h"

static volatile u64 came;
static u64 console;

static void raise_all(void)
{
	const u64 me = (u64)hv8_getpid();

	print("type\n");
	hv8_wait();
	hv8_raise_irq(me, 14);
	hv8_raise_irq(me, 9);
	hv8_raise_irq(me, SPI);
	hv8_raise_irq(me, SPI + 1);
	hv8_raise_irq(me, 3);
	hv8_raise_irq(me, 5);
	hv8_lseek(NOFILE, 0); /* refused: the grader stops the machine here */
}

static void handler(u64 intid)
{
	came = came << 8 | (intid & 0xff);
	while (intid == console && hv8_console_read() >= 0)
		continue;
	if (came == 14)
		raise_all();
}

int main(const char *arguments)
{
	for (console = 32; IRQS[console].type != IRQ_KERNEL; console++)
		continue;
	irq_begin_or_end(handler);
	hv8_irq_priority(14, 0x00);
	hv8_irq_priority(console, 0x10);
	hv8_irq_priority(9, 0x60);
	hv8_irq_priority(3, 0x08);
	hv8_irq_priority(5, 0x48);
	hv8_alloc_irq(SPI, 0);
	hv8_irq_priority(SPI, 0xc8);
	hv8_alloc_irq(SPI + 1, IRQ_EDGE);
	hv8_irq_priority(SPI + 1, 0x38);
	hv8_raise_irq((u64)hv8_getpid(), 14);
	irq_window();
	line_hex("came", came ^ argument(arguments, "nonce"));
	return 0;
}
