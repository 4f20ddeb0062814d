/*
 * The UART driver over a PL011 that loses what is written at the wrong time, and that fails the test
 * for what is forbidden.
 */
#include "unit.h"

#include <hv8/pl011.h>
#include <string.h>

#define HIKEY_UART 0xf7113000UL

static void line_settings_with_a_known_clock(void **state)
{
	static const struct {
		u32 clock, divisor; /* clock / (16 * 115200) in 64ths, to the nearest */
	} cases[] = {
		{ 24000000, 833 },   /* 13.0208: 13 and 1/64 */
		{ 19200000, 667 },   /* 10.4167 */
		{ 48000000, 1667 },  /* 26.0417 */
		{ 7372800, 256 },    /* 4 exactly */
		{ 3000000, 104 },    /* 1.6276 */
		{ 1843200, 64 },     /* 1: the slowest that works */
		{ 150000000, 5208 }, /* 81.3802 */
		{ 0xffffffff, 149131 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		model.uart.lcr_h = 0x02; /* the firmware had parity */
		pl011_init(model.uart.base, cases[i].clock);
		assert_int_equal(model.uart.divisor, cases[i].divisor);
		assert_int_equal(model.uart.lcr_h, 0x70); /* 8 bits, no parity, 1 stop bit, FIFOs */
		assert_int_equal(model.uart.cr, 0x301);   /* on, transmitter, receiver */
	}
}

static void divisors_are_rounded(void **state)
{
	int i;

	for (i = 0; i < 20000; i++) {
		u32 clock = 1843200 + (u32)(model_random() % 200000000);

		pl011_init(model.uart.base, clock);
		assert_in_range(model.uart.divisor, (4UL * clock - 57600) / 115200,
		                (4UL * clock + 57600) / 115200);
	}
}

static void line_settings_of_the_firmware_stay(void **state)
{
	model.uart.base = HIKEY_UART;
	model.uart.cr = 0x301;
	model.uart.ibrd = 10;
	model.uart.fbrd = 27;
	model.uart.divisor = 10 << 6 | 27;
	model.uart.lcr_h = 0x66; /* 8 bits, even parity, no FIFOs */
	pl011_init(HIKEY_UART, 0);
	assert_int_equal(model.uart.divisor, 10 << 6 | 27);
	assert_int_equal(model.uart.lcr_h, 0x76);
	assert_int_equal(model.uart.cr, 0x301);
}

/* IBRD may not be 0 (DDI 0183, 3.3.5): a clock too slow for the baud rate counts as unknown. */
static void line_settings_stay_if_the_clock_is_too_slow(void **state)
{
	static const u32 clocks[] = { 1, 1000000, 1820000 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		model.uart.ibrd = 10;
		model.uart.fbrd = 27;
		model.uart.divisor = 10 << 6 | 27;
		model.uart.lcr_h = 0x66;
		pl011_init(model.uart.base, clocks[i]);
		assert_int_equal(model.uart.divisor, 10 << 6 | 27);
		assert_int_equal(model.uart.lcr_h, 0x76);
	}
}

static void interrupts_are_masked_and_cleared(void **state)
{
	model.uart.imsc = 0x7ff;
	model.uart.pending = 0x7ff;
	pl011_init(model.uart.base, 24000000);
	assert_int_equal(model.uart.imsc, 0);
	assert_int_equal(model.uart.pending, 0);
}

/* What the firmware has just printed must get out before the line is changed, or the model fails. */
static void bytes_in_flight_are_sent_first(void **state)
{
	model.uart.cr = 0x301;
	model.uart.lcr_h = 0x70;
	model.uart.tx_level = 9;
	model.uart.byte_time = 50;
	pl011_init(model.uart.base, 24000000);
	assert_int_equal(model.uart.tx_level, 0);
}

static void every_byte_in_order(void **state)
{
	int byte;

	pl011_init(model.uart.base, 24000000);
	for (byte = 0; byte < 256; byte++)
		pl011_putc((u8)byte);
	for (byte = 0; byte < 256; byte++)
		assert_int_equal((u8)model.uart.sent[byte], byte);
	assert_int_equal(model.uart.nsent, 256);
}

/* The teardown fails if a byte was lost. */
static void a_slow_line_loses_nothing(void **state)
{
	int i;

	pl011_init(model.uart.base, 24000000);
	model.uart.byte_time = 7;
	for (i = 0; i < 5000; i++)
		pl011_putc((u8)('a' + i % 26));
	assert_int_equal(model.uart.nsent, 5000);
	assert_int_equal(model.uart.sent[4999], 'a' + 4999 % 26);
}

static void received_bytes_without_their_error_bits(void **state)
{
	static const u16 data[] = { 'x', 0x100 | 'y', 0xfff, 0x400, 0x80, 0xf00 | '\n' };
	size_t i;

	pl011_init(model.uart.base, 24000000);
	memcpy(model.uart.rx, data, sizeof(data));
	model.uart.rx_count = ARRAY_SIZE(data);
	for (i = 0; i < ARRAY_SIZE(data); i++)
		assert_int_equal(pl011_getc(), data[i] & 0xff);
	assert_int_equal(pl011_getc(), -1);
}

/* At once, and without reading the data register: on hardware that would be a byte of the past. */
static void no_input(void **state)
{
	pl011_init(model.uart.base, 24000000);
	assert_int_equal(pl011_getc(), -1);
	assert_int_equal(pl011_getc(), -1);
	model_type("ok");
	assert_int_equal(pl011_getc(), 'o');
	assert_int_equal(pl011_getc(), 'k');
	assert_int_equal(pl011_getc(), -1);
}

/* The transmitter's state is nothing to the receiver. */
static void input_while_the_transmitter_is_full(void **state)
{
	int i;

	pl011_init(model.uart.base, 24000000);
	model.uart.byte_time = 1000;
	for (i = 0; i < 16; i++)
		pl011_putc('x');
	assert_int_equal(pl011_getc(), -1);
	model_type("i");
	assert_int_equal(pl011_getc(), 'i');
}

static const struct CMUnitTest tests[] = {
	TEST(line_settings_with_a_known_clock),
	TEST(divisors_are_rounded),
	TEST(line_settings_of_the_firmware_stay),
	TEST(line_settings_stay_if_the_clock_is_too_slow),
	TEST(interrupts_are_masked_and_cleared),
	TEST(bytes_in_flight_are_sent_first),
	TEST(every_byte_in_order),
	TEST(a_slow_line_loses_nothing),
	TEST(received_bytes_without_their_error_bits),
	TEST(no_input),
	TEST(input_while_the_transmitter_is_full),
};

MODEL_MAIN("pl011", tests)
