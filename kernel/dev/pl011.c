/*
 * The PL011 UART, polled. Register offsets and bits as in DDI 0183 chapter 3. Knows nothing of the
 * console above it.
 *
 *	0x00 DR	     data				0x2c LCR_H   line control
 *	0x18 FR	     flags				0x30 CR	     control
 *	0x24 IBRD    integer baud rate divisor		0x38 IMSC    interrupt mask
 *	0x28 FBRD    fractional divisor, 1/64		0x44 ICR     interrupt clear
 */
#include <hv8/console.h>
#include <hv8/pl011.h>
#include <machine.h>

#define DR           0x00
#define FR           0x18
#define FR_BUSY      (1 << 3) /* still sending */
#define FR_RXFE      (1 << 4) /* receive FIFO empty */
#define FR_TXFF      (1 << 5) /* transmit FIFO full */
#define IBRD         0x24
#define FBRD         0x28
#define LCR_H        0x2c
#define LCR_H_FEN    (1 << 4) /* FIFOs on */
#define LCR_H_WLEN_8 (3 << 5) /* 8 data bits */
#define CR           0x30
#define CR_UARTEN    (1 << 0)
#define CR_TXE       (1 << 8)
#define CR_RXE       (1 << 9)
#define IMSC         0x38
#if LAB >= 5
#define RSR      0x04
#define RSR_OE   (1 << 3) /* a byte came while the receive FIFO was full; a write clears it */
#define IMSC_RX  (1 << 4) /* the receive FIFO has reached its level */
#define IMSC_RT  (1 << 6) /* or something in it was not read for a while */
#define IFLS     0x34
#define IFLS_1_8 0 /* receive level: an eighth of the FIFO */
#endif
#define ICR     0x44
#define ICR_ALL 0x7ff

#define BAUD 115200

USED_BY_HOLES static pa_t uart; /* 0 until pl011_init() */

void pl011_init(pa_t base, u32 clock)
{
#if SOLUTION >= 1
	/* Divisor = clock / (16 * baud), in 64ths, rounded; 3.3.5: its integer part is not 0. */
	u32 divisor = (u32)((4UL * clock + BAUD / 2) / BAUD);

	uart = base;
	/* 3.3.8: the line may be changed only while the UART is off and idle. */
	while (mmio_read32(uart + FR) & FR_BUSY)
		continue;
	mmio_write32(uart + CR, 0);
	mmio_write32(uart + IMSC, 0);
	mmio_write32(uart + ICR, ICR_ALL);
	if (divisor >= 64) {
		mmio_write32(uart + IBRD, divisor >> 6);
		mmio_write32(uart + FBRD, divisor & 0x3f);
		/* 3.3.7: the write of LCR_H is what makes the divisor count, so it comes last. */
		mmio_write32(uart + LCR_H, LCR_H_WLEN_8 | LCR_H_FEN);
	} else {
		mmio_write32(uart + LCR_H, mmio_read32(uart + LCR_H) | LCR_H_FEN);
	}
	mmio_write32(uart + CR, CR_UARTEN | CR_TXE | CR_RXE);
#else
	/*
	 * LAB 1: remember `base` in `uart`; wait until the UART is not busy; switch it off; mask
	 * and clear its interrupts (IMSC: 0 lets none through; ICR: 1 clears); set the divisor for
	 * BAUD from `clock` (IBRD is the integer part of clock / (16 * BAUD), FBRD the fraction in
	 * 64ths, rounded to the nearest); 8 data bits, FIFOs on; switch it on, to send and to
	 * receive. If clock is 0 (nobody knows the rate), or too low for a divisor of 1: leave
	 * divisor, word length and parity as the firmware set them, but switch the FIFOs on.
	 * Read: PL011 DDI 0183, 3.3.5-3.3.8 (order matters: LCR_H latches the divisor), 3.3.10 and
	 * 3.3.13. Registers are reached only by mmio_read32() and mmio_write32(). The grader reads
	 * them from outside.
	 */
	todo("pl011_init");
#endif
}

void pl011_putc(u8 byte)
{
#if SOLUTION >= 1
	while (mmio_read32(uart + FR) & FR_TXFF)
		continue;
	mmio_write32(uart + DR, byte);
#else
	/*
	 * LAB 1: wait while the transmit FIFO is full, then write the byte to DR.
	 * Read: PL011 DDI 0183, 3.3.1 and 3.3.3. Without the wait, long lines lose characters on a
	 * real board.
	 */
	todo("pl011_putc");
#endif
}

int pl011_getc(void)
{
#if SOLUTION >= 1
	if (mmio_read32(uart + FR) & FR_RXFE)
		return -1;
	return mmio_read32(uart + DR) & 0xff;
#else
	/*
	 * LAB 1: -1 if the receive FIFO is empty, otherwise the byte from DR. DR also holds error
	 * flags above bit 7: leave them out. Do not wait: the caller decides whether to.
	 * Read: PL011 DDI 0183, 3.3.1 and 3.3.3.
	 */
	todo("pl011_getc");
#endif
}

#if LAB >= 5
void pl011_interrupts(bool on)
{
	mmio_write32(uart + IFLS, IFLS_1_8);
	mmio_write32(uart + IMSC, on ? IMSC_RX | IMSC_RT : 0);
}

bool pl011_overrun(void)
{
	if (!(mmio_read32(uart + RSR) & RSR_OE))
		return false;
	mmio_write32(uart + RSR, 0);
	return true;
}
#endif
