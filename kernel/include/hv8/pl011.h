/* The Arm PrimeCell UART (PL011, DDI 0183), polled. */
#pragma once

#include <hv8/types.h>

/**
 * Take the UART at @p base: 8 data bits, no parity, 1 stop bit, FIFOs on, no interrupts.
 *
 * @param base   physical address of its registers
 * @param clock  UARTCLK in Hz, for 115200 baud; 0 if unknown: then (or if it is too low) the firmware's line setting
 * stays
 */
void pl011_init(pa_t base, u32 clock);

/** Send @p byte, waiting while the transmit FIFO is full. */
void pl011_putc(u8 byte);

/** Return the next received byte, 0..255, or -1 at once if there is none. */
int pl011_getc(void);

#if LAB >= 5
/** Interrupt while something is in the receive FIFO, if @p on, or never (DDI 0183, 3.3.10). */
void pl011_interrupts(bool on);

/** Whether a byte was lost because the receive FIFO was full, since the last call (3.3.2). */
bool pl011_overrun(void);
#endif
