/* The PL011: DDI 0183 chapter 3. */
#include "model.h"
#include "inside.h"

#include <machine.h>
#include <string.h>

#define FIFO_DEPTH 16
#define UART_INTID 33
#define RX         (1u << 4)  /* the receive FIFO has reached its trigger level */
#define RT         (1u << 6)  /* receive timeout: it is not empty, and nothing follows */
#define OE         (1u << 10) /* overrun */
#define RSR_OE     (1u << 3)

static int tx_depth(const struct model_uart *uart)
{
	return uart->lcr_h & 1 << 4 ? FIFO_DEPTH : 1;
}

/* Time passes only while software looks at the flags: that is all that a polling driver can tell. */
static u32 uart_flags(struct model_uart *uart)
{
	if (uart->tx_level && ++uart->waited >= uart->byte_time) {
		uart->waited = 0;
		uart->tx_level--;
		uart->polls = 0;
	}
	if (++uart->polls > 1000000)
		model_fail("a million reads of the UART's flags, and nothing has changed");
	return (uart->tx_level ? 1 << 3 : 1 << 7) | (uart->rx_count ? 0 : 1 << 4) |
	       (uart->tx_level >= tx_depth(uart) ? 1 << 5 : 0);
}

/* 3.3.1, 3.3.12: what the receive FIFO asks for, and the line to the GIC. */
static int rx_level(const struct model_uart *uart)
{
	return uart->rx_count < tx_depth(uart) ? uart->rx_count : tx_depth(uart);
}

static int rx_trigger(const struct model_uart *uart)
{
	static const u8 sixteenths[] = { 2, 4, 8, 12, 14 };

	return tx_depth(uart) == 1 ? 1 : sixteenths[uart->ifls >> 3];
}

static void update(const struct model_uart *uart)
{
	intc_input(UART_INTID, uart->pending & uart->imsc);
}

/* A byte has come into the FIFO. The receive timeout is over as soon as anybody looks. */
static void arrived(struct model_uart *uart)
{
	uart->pending |= RT;
	if (rx_level(uart) >= rx_trigger(uart))
		uart->pending |= RX;
	update(uart);
}

static u32 uart_receive(struct model_uart *uart)
{
	u32 data = uart->rx[0];
	const bool more = uart->rx_count > tx_depth(uart); /* on the line */

	if (uart->rx_count == 0)
		model_fail("a read of the UART's data register while the receive FIFO is empty");
	uart->rx_count--;
	memmove(uart->rx, uart->rx + 1, sizeof(uart->rx) - sizeof(uart->rx[0]));
	if (rx_level(uart) < rx_trigger(uart))
		uart->pending &= ~RX;
	if (uart->rx_count == 0)
		uart->pending &= ~RT;
	update(uart);
	if (more)
		arrived(uart);
	if (uart->overrun)
		data |= 1 << 11;
	uart->overrun = false;
	return data;
}

static void uart_transmit(struct model_uart *uart, u32 value)
{
	if (value >> 8)
		model_fail("a write of 0x%x to the UART's data register: bits 31:8 are reserved",
		           value);
	if ((uart->cr & 0x101) != 0x101 || uart->tx_level >= tx_depth(uart) ||
	    uart->nsent == sizeof(uart->sent) - 1) {
		uart->lost++;
		return;
	}
	uart->sent[uart->nsent++] = (char)value;
	uart->polls = 0;
	if (uart->byte_time)
		uart->tx_level++;
}

/* 3.3.5-3.3.8: baud rate and line control change only while the UART is off. */
static void must_be_off(const struct model_uart *uart, const char *what)
{
	if (uart->cr & 1)
		model_fail("%s was written while the UART is on", what);
}

u32 uart_read(pa_t pa)
{
	struct model_uart *uart = &model.uart;

	switch (pa - uart->base) {
	case 0x00:
		return uart_receive(uart);
	case 0x04:
		return uart->rsr;
	case 0x18:
		return uart_flags(uart);
	case 0x24:
		return uart->ibrd;
	case 0x28:
		return uart->fbrd;
	case 0x2c:
		return uart->lcr_h;
	case 0x30:
		return uart->cr;
	case 0x34:
		return uart->ifls;
	case 0x38:
		return uart->imsc;
	case 0x3c:
		return uart->pending;
	case 0x40:
		return uart->pending & uart->imsc;
	}
	model_fail("a read of 0x%lx, where no device register is", pa);
	return 0;
}

void uart_write(pa_t pa, u32 value)
{
	struct model_uart *uart = &model.uart;

	switch (pa - uart->base) {
	case 0x00:
		uart_transmit(uart, value);
		return;
	case 0x04: /* ECR: whatever is written */
		uart->rsr = 0;
		return;
	case 0x24:
		must_be_off(uart, "IBRD");
		uart->ibrd = value & 0xffff;
		return;
	case 0x28:
		must_be_off(uart, "FBRD");
		uart->fbrd = value & 0x3f;
		return;
	case 0x2c:
		must_be_off(uart, "LCR_H");
		uart->lcr_h = value & 0xff;
		uart->divisor = uart->ibrd << 6 | uart->fbrd; /* only now */
		return;
	case 0x30:
		if (uart->cr & 1 && !(value & 1) && uart->tx_level)
			model_fail("the UART was switched off with %d bytes unsent",
			           uart->tx_level);
		if (value & 1 && uart->divisor < 1 << 6)
			model_fail("the UART was switched on with an integer divisor of 0");
		uart->cr = value;
		return;
	case 0x34:
		if (value >> 3 > 4 || (value & 7) > 4)
			model_fail("IFLS: 0x%x is reserved", value);
		uart->ifls = value;
		return;
	case 0x38:
		uart->imsc = value & 0x7ff;
		update(uart);
		return;
	case 0x44:
		uart->pending &= ~value;
		update(uart);
		return;
	}
	model_fail("a write of 0x%lx, where no device register is", pa);
}

const char *model_output(void)
{
	static char text[sizeof(model.uart.sent)];

	memcpy(text, model.uart.sent, model.uart.nsent + 1);
	model.uart.nsent = 0;
	memset(model.uart.sent, 0, sizeof(model.uart.sent));
	return text;
}

void model_type(const char *text)
{
	struct model_uart *uart = &model.uart;

	for (; *text; text++) {
		if (uart->rx_count == ARRAY_SIZE(uart->rx))
			model_fail("more than %d characters were typed ahead", uart->rx_count);
		uart->rx[uart->rx_count++] = (u8)*text;
		if (uart->rx_count <= tx_depth(uart))
			arrived(uart);
	}
}

void model_flood(const char *text)
{
	struct model_uart *uart = &model.uart;

	for (; *text; text++) {
		const char byte[] = { *text, 0 };

		if (uart->rx_count < tx_depth(uart)) {
			model_type(byte);
			continue;
		}
		uart->overrun = true;
		uart->rsr |= RSR_OE; /* 3.3.2 */
		uart->pending |= OE;
		update(uart);
	}
}
