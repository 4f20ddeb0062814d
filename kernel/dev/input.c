/*
 * What is typed: bytes go from the UART's receive FIFO to a ring when it interrupts, and from there to the owner of the
 * console when that asks. While the ring is full the UART's interrupt is masked, and the FIFO holds back who sends, if
 * there is flow control; if there is none it runs over, which is counted and said.
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/irq.h>
#include <hv8/pl011.h>
#include <hv8/stat.h>

#define RING 1024 /* bytes; a power of two */

static u8 ring[RING];
static u32 received, read; /* bytes so far; modulo 2^32 */
static bool masked;

static void mask(bool on)
{
	masked = on;
	pl011_interrupts(!on);
}

void console_interrupts(void)
{
	mask(false);
}

bool console_has_input(void)
{
	return received != read;
}

bool console_receive(void)
{
	const u32 before = received;
	int byte;

	while (received - read < RING && (byte = pl011_getc()) >= 0)
		ring[received++ % RING] = (u8)byte;
	if (received - read == RING)
		mask(true);
	if (pl011_overrun()) {
		if (stats[STAT_INPUT_LOST]++ == 0)
			printk("hv8: console input is lost: it comes faster than it is read\n");
	}
	return received != before;
}

int console_input(void)
{
	int byte;

	if (!irq_on)
		return pl011_getc();
	if (received == read)
		return -1;
	byte = ring[read++ % RING];
	if (masked && received - read <= RING / 2)
		mask(false);
	if (received == read)
		vgic_withdraw((pid_t)irqs[board.gic.uart].owner, board.gic.uart, false);
	return byte;
}
