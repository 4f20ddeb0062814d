/*
 * What is pasted is read in the handler and its CRC-32 printed, up to a line's end. At first nothing is read for a while: then the
 * kernel's ring is full, and who sends is held back.
 */
#include "irqs.h"

static volatile u64 bytes;
static volatile bool ended;
static u32 crc = ~0U;

static void handler(u64 intid)
{
	i64 byte;
	int i;

	while ((byte = hv8_console_read()) >= 0) {
		if (byte == '\n') {
			ended = true;
			continue;
		}
		bytes++;
		crc ^= (u32)byte;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
}

int main(const char *arguments)
{
	u64 taken, before, i, quiet;

	irq_begin_or_end(handler);
	print("paste\n");
	hv8_wait();
	taken = before = (u64)hv8_stat(STAT_IRQS);
	for (quiet = 0; quiet < 100; quiet++) { /* until the UART has long been silent */
		for (i = 0; i < 30000; i++)
			__asm__ volatile("nop");
		if ((u64)hv8_stat(STAT_IRQS) != taken)
			quiet = 0;
		taken = (u64)hv8_stat(STAT_IRQS);
	}
	line_decimal("physical interrupts while nobody read, at most one a byte of the ring",
	             taken - before <= 1040);
	sleep_until(&ended);
	line_decimal("bytes", (i64)bytes);
	line_hex("crc", ~crc);
	line_decimal("lost", hv8_stat(STAT_INPUT_LOST));
	return 0;
}
