/*
 * format() and string.c against the C library's functions, and what the console makes of them:
 * printk, panic, power_off, reports of exceptions.
 */
#include "unit.h"

#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/map.h>
#include <hv8/pl011.h>
#include <hv8/trap.h>
#include <machine.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct text {
	char bytes[1024];
	size_t length;
};

static void put(char c, void *context)
{
	struct text *text = context;

	if (text->length == sizeof(text->bytes) - 1)
		fail_msg("format() does not end: %s", text->bytes);
	text->bytes[text->length++] = c;
	text->bytes[text->length] = '\0';
}

static const char *formatted(const char *how, ...)
{
	static struct text text;
	va_list arguments;

	memset(&text, 0, sizeof(text));
	va_start(arguments, how);
	format(put, &text, how, arguments);
	va_end(arguments);
	return text.bytes;
}

/* A value near the ends of its range as often as anywhere else. */
static u64 any_value(void)
{
	static const u64 edges[] = { 0,         1,       9,         10,        15,        16,
		                     99,        INT_MAX, 1UL << 31, UINT_MAX,  1UL << 32, LONG_MAX,
		                     1UL << 63, ~0UL,    ~0UL - 1,  0xdeadbeef };

	return model_random() % 2 ? edges[model_random() % ARRAY_SIZE(edges)]
	                          : model_random() >> model_random() % 64;
}

static void integers_as_the_c_library(void **state)
{
	static const char *const flags[] = { "", "0", "-", "-0", "0-", "00", "--" };
	static const char *const lengths[] = { "", "l", "ll" };
	int i;

	for (i = 0; i < 200000; i++) {
		char how[32], width[8] = "", expected[256];
		const char *length = lengths[model_random() % 3];
		u64 value = any_value();

		if (model_random() % 2)
			snprintf(width, sizeof(width), "%lu", model_random() % 40 + 1);
		snprintf(how, sizeof(how), "<%%%s%s%s%c>", flags[model_random() % 7], width, length,
		         "dux"[model_random() % 3]);
		if (*length) {
			snprintf(expected, sizeof(expected), how, value);
			assert_string_equal(formatted(how, value), expected);
		} else {
			snprintf(expected, sizeof(expected), how, (unsigned int)value);
			assert_string_equal(formatted(how, (unsigned int)value), expected);
		}
	}
}

static void ends_of_the_ranges(void **state)
{
	assert_string_equal(formatted("%d %d", INT_MIN, INT_MAX), "-2147483648 2147483647");
	assert_string_equal(formatted("%ld", LONG_MIN), "-9223372036854775808");
	assert_string_equal(formatted("%lu", ULONG_MAX), "18446744073709551615");
	assert_string_equal(formatted("%x %lx", 0x80000000u, ULONG_MAX),
	                    "80000000 ffffffffffffffff");
	assert_string_equal(formatted("%d|%4d|%-4d|%04d|%4d", 0, -1, -1, -1, -12345),
	                    "0|  -1|-1  |-001|-12345");
}

static void text_as_the_c_library(void **state)
{
	static const char *const flags[] = { "", "-" };
	static const char *const words[] = { "", "a", "hello",
		                             "a longer text than any width in use here, really" };
	int i;

	for (i = 0; i < 20000; i++) {
		char how[32], expected[256], c = (char)(' ' + model_random() % 95);
		const char *flag = flags[model_random() % 2], *word = words[model_random() % 4];
		int width = (int)(model_random() % 30) + 1;

		snprintf(how, sizeof(how), "%%%s%ds|%%%s%dc|%%s%%c%%%%", flag, width, flag, width);
		snprintf(expected, sizeof(expected), how, word, c, word, c);
		assert_string_equal(formatted(how, word, c, word, c), expected);
	}
	assert_string_equal(formatted("%s", (char *)NULL), "(null)");
}

static void pointers_have_sixteen_digits(void **state)
{
	assert_string_equal(formatted("%p", NULL), "0x0000000000000000");
	assert_string_equal(formatted("%p.", (void *)0x40200abc), "0x0000000040200abc.");
	assert_string_equal(formatted("%p", (void *)~0UL), "0xffffffffffffffff");
}

/* Anything else is printed as it stands, and a % at the end does not run past it. */
static void unknown_conversions(void **state)
{
	assert_string_equal(formatted(""), "");
	assert_string_equal(formatted("%"), "%");
	assert_string_equal(formatted("100%"), "100%");
	assert_string_equal(formatted("%l"), "%l");
	assert_string_equal(formatted("%-08"), "%-08");
	assert_string_equal(formatted("%q %08lf %i|%d", 7), "%q %08lf %i|7");
	assert_string_equal(formatted("%%d %%"), "%d %");
}

static void numbers_in_every_base(void **state)
{
	unsigned int base;
	int i, at, length;

	for (base = 2; base <= 16; base++)
		for (i = 0; i < 2000; i++) {
			u64 value = any_value(), back = 0;
			char text[65];

			memset(text, '#', sizeof(text));
			length = format_number(text, value, base);
			assert_in_range(length, 1, 64);
			assert_int_equal(text[length], '#');
			assert_true(length == 1 || text[0] != '0');
			for (at = 0; at < length; at++) {
				size_t digit =
					strcspn("0123456789abcdef", (char[]){ text[at], '\0' });

				assert_in_range(digit, 0, base - 1);
				back = back * base + digit;
			}
			assert_int_equal(back, value);
		}
}

/* ---- string.c -------------------------------------------------------------------------------- */

void *kernel_memset(void *destination, int byte, size_t size);
void *kernel_memcpy(void *restrict destination, const void *restrict source, size_t size);
int kernel_memcmp(const void *left, const void *right, size_t size);
size_t kernel_strlen(const char *text);
int kernel_strcmp(const char *left, const char *right);
int kernel_strncmp(const char *left, const char *right, size_t size);

static void memory_functions_as_the_c_library(void **state)
{
	u8 from[96], to[96], expected[96];
	size_t at, back, size;

	for (at = 0; at < sizeof(from); at++)
		from[at] = (u8)(at * 7 + 1);
	for (at = 0; at < 10; at++)
		for (back = 0; back < 10; back++)
			for (size = 0; size < 70; size++) {
				memset(to, 0xee, sizeof(to));
				memset(expected, 0xee, sizeof(expected));
				memcpy(expected + at, from + back, size);
				assert_ptr_equal(kernel_memcpy(to + at, from + back, size),
				                 to + at);
				assert_memory_equal(to, expected, sizeof(to));
				memset(expected + back, (int)size + 0x180, size);
				assert_ptr_equal(kernel_memset(to + back, (int)size + 0x180, size),
				                 to + back);
				assert_memory_equal(to, expected, sizeof(to));
			}
}

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

static void comparisons_as_the_c_library(void **state)
{
	static const char *const words[] = { "",    "a",      "b",     "ab",   "abc",
		                             "abd", "ab\xff", "a\x01", "\x80", "\x7f" };
	size_t i, j, size;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(kernel_strlen(words[i]), strlen(words[i]));
		for (j = 0; j < ARRAY_SIZE(words); j++) {
			assert_int_equal(sign(kernel_strcmp(words[i], words[j])),
			                 sign(strcmp(words[i], words[j])));
			for (size = 0; size < 5; size++)
				assert_int_equal(sign(kernel_strncmp(words[i], words[j], size)),
				                 sign(strncmp(words[i], words[j], size)));
			size = strlen(words[i]) < strlen(words[j]) ? strlen(words[i])
			                                           : strlen(words[j]);
			assert_int_equal(sign(kernel_memcmp(words[i], words[j], size)),
			                 sign(memcmp(words[i], words[j], size)));
		}
	}
}

/* ---- console.c, psci.c, backtrace.c, esr.c --------------------------------------------------- */

static void console(void)
{
	board.uart = (struct range){ model.uart.base, model.uart.base + PAGE_SIZE };
	pl011_init(model.uart.base, 24000000);
}

static void printk_ends_lines_for_a_terminal(void **state)
{
	printk("nobody hears this\n");
	assert_string_equal(model_output(), "");
	console();
	printk("one\ntwo %d\n%c\n", 2, '\n');
	assert_string_equal(model_output(), "one\r\ntwo 2\r\n\r\n\r\n");
}

static void do_power_off(void *unused)
{
	power_off();
}

static void power_off_asks_the_firmware_that_the_board_has(void **state)
{
	console();
	board.psci = PSCI_SMC;
	assert_int_equal(model_run(do_power_off, NULL), MODEL_OFF);
	assert_string_equal(model_output(), "hv8: power off\r\n");
	assert_false(model.firmware[0].by_hvc);
	assert_int_equal(model.firmware[0].function, 0x84000008);
	/* At EL2 an HVC would come to the kernel itself, whatever the tree says. */
	board.psci = PSCI_HVC;
	model.cannot_power_off = true;
	assert_int_equal(model_run(do_power_off, NULL), MODEL_RESET);
	assert_false(model.firmware[1].by_hvc || model.firmware[2].by_hvc);
	assert_int_equal(model.firmware[2].function, 0x84000009);
	model.cannot_reset = true;
	assert_int_equal(model_run(do_power_off, NULL), MODEL_WFI); /* low power, not a spin */
}

/* The device tree could not be read: at EL2 firmware is at EL3, at EL1 it is at EL2. */
static void power_off_without_a_device_tree(void **state)
{
	assert_int_equal(model_run(do_power_off, NULL), MODEL_OFF);
	assert_false(model.firmware[0].by_hvc);
	model_sysreg_set("CurrentEL", 1 << 2);
	assert_int_equal(model_run(do_power_off, NULL), MODEL_OFF);
	assert_true(model.firmware[1].by_hvc);
	board.psci = PSCI_SMC; /* entered at EL1 above a firmware that says so */
	assert_int_equal(model_run(do_power_off, NULL), MODEL_OFF);
	assert_false(model.firmware[2].by_hvc);
}

static void do_panic(void *unused)
{
	panic("%s at 0x%lx", "something", 0x1234UL);
}

static void panic_reports_and_powers_off_whatever_happens(void **state)
{
	console();
	assert_int_equal(model_run(do_panic, NULL), MODEL_OFF);
	assert_non_null(strstr(model.uart.sent, "hv8: panic: something at 0x1234\r\n"));
	assert_non_null(strstr(model.uart.sent, "backtrace:\r\n"));
	assert_non_null(strstr(model_output(), "hv8: power off\r\n"));
	/* A panic during the report is said, one during that is not; each ends the machine. */
	assert_int_equal(model_run(do_panic, NULL), MODEL_OFF);
	assert_string_equal(model_output(),
	                    "\r\nhv8: the report itself failed\r\nhv8: power off\r\n");
	assert_int_equal(model_run(do_panic, NULL), MODEL_OFF);
	assert_string_equal(model_output(), "");
}

static void do_panic_exception(void *frame)
{
	panic_exception(frame, "synchronous exception");
}

static void panic_exception_decodes(void **state)
{
	struct trap_frame frame = { .x = { [0] = 0x1111, [30] = 0x40202010 },
		                    .elr = 0x40201008,
		                    .spsr = 0x3c9 };
	const char *text;

	console();
	model_sysreg_set("esr_el2",
	                 0x96000047); /* data abort from EL2, a write, translation fault level 3 */
	model_sysreg_set("far_el2", 0x40200000 + MODEL_GUARD + 8);
	assert_int_equal(model_run(do_panic_exception, &frame), MODEL_OFF);
	text = model_output();
	assert_non_null(
		strstr(text, "hv8: panic: synchronous exception at EL2: data abort, write\r\n"));
	assert_non_null(
		strstr(text, "ESR_EL2 0x96000047  data abort, write, translation fault, level 3"));
	assert_non_null(strstr(text, "FAR_EL2 0x000000004020f008"));
	assert_non_null(strstr(text, "0x0000000040201008  first+0x8"));
	assert_non_null(strstr(text, "0x0000000040202010  second+0x10"));
	assert_non_null(strstr(text, "0x0000000000001111"));
}

/* Where FAR points is said only of an exception that sets it, and once there is a map. */
static void panic_exception_places_far(u64 esr, bool placed)
{
	struct trap_frame frame = { .elr = 0x40201008, .spsr = 0x3c9 };

	console();
	model_sysreg_set("sctlr_el2", 1);
	model_sysreg_set("esr_el2", esr);
	model_sysreg_set("far_el2", 8);
	assert_int_equal(model_run(do_panic_exception, &frame), MODEL_OFF);
	assert_int_equal(strstr(model_output(), "FAR_EL2 is in: page 0 (a null pointer)") != NULL,
	                 placed);
}

static void panic_exception_places_an_abort(void **state)
{
	panic_exception_places_far(0x96000047, true);
}

static void panic_exception_places_no_brk(void **state)
{
	panic_exception_places_far(0xf2000000, false);
}

static void panic_exception_places_no_unknown_address(void **state)
{
	panic_exception_places_far(0x96000410, false); /* FnV */
}

static void do_todo(void *name)
{
	(todo)(name, "mm/map.c", *(char *)name == 'a' ? 7 : 0);
}

static void todo_names_the_hole(void **state)
{
	console();
	assert_int_equal(model_run(do_todo, "a hole"), MODEL_OFF);
	assert_string_equal(model_output(), "hv8: todo: a hole (mm/map.c:7)\r\nhv8: power off\r\n");
	model_reset();
	console();
	assert_int_equal(model_run(do_todo, "hole"), MODEL_OFF);
	assert_string_equal(model_output(), "hv8: todo: hole (mm/map.c)\r\nhv8: power off\r\n");
}

static void symbols_by_address(void **state)
{
	u64 offset;

	assert_null(symbol_name(model.image + MODEL_TEXT - 1, &offset));
	assert_string_equal(symbol_name(model.image + MODEL_TEXT, &offset), "first");
	assert_int_equal(offset, 0);
	assert_string_equal(symbol_name(model.image + 0x1fff, &offset), "first");
	assert_int_equal(offset, 0xfff);
	assert_string_equal(symbol_name(model.image + 0x2000, &offset), "second");
	assert_string_equal(symbol_name(model.image + MODEL_ETEXT - 1, &offset), "second");
	assert_int_equal(offset, MODEL_ETEXT - 1 - 0x2000);
	assert_null(symbol_name(model.image + MODEL_ETEXT, &offset));
	assert_null(symbol_name(0, &offset));
}

static u64 *frame_record(u64 at)
{
	return pa_pointer(at);
}

static void backtraces_end(void **state)
{
	u64 stack = model.image + MODEL_STACK;
	int i;

	console();
	frame_record(stack)[0] = stack + 0x40;
	frame_record(stack)[1] = model.image + 0x1104;
	frame_record(stack + 0x40)[0] = stack + 0x80;
	frame_record(stack + 0x40)[1] = model.image + 0x2204;
	frame_record(stack + 0x80)[1] = 0; /* the outermost */
	backtrace(model.image + 0x1010, stack);
	assert_string_equal(model_output(), "  backtrace:\r\n"
	                                    "     0x0000000040201010  first+0x10\r\n"
	                                    "     0x0000000040201100  first+0x100\r\n"
	                                    "     0x0000000040202200  second+0x200\r\n");
	/* A record that points at itself, one that is not on a stack, one that is not aligned. */
	frame_record(stack)[0] = stack;
	backtrace(0, stack);
	backtrace(0, MODEL_DRAM);
	backtrace(0, model.image + MODEL_STACK_TOP);
	backtrace(0, stack + 8);
	model_output();
	/* A chain longer than anyone wants to read. */
	for (i = 0; i < 200; i++) {
		frame_record(stack + 16 * (u64)i)[0] = stack + 16 * (u64)(i + 1);
		frame_record(stack + 16 * (u64)i)[1] = 1;
	}
	backtrace(0, stack);
	assert_in_range(strlen(model_output()), 1, 30 * 40);
}

static void syndromes_in_words(void **state)
{
	u64 ec, fsc;

	for (ec = 0; ec < 64; ec++)
		for (fsc = 0; fsc < 64; fsc++) {
			bool abort = ec == 0x20 || ec == 0x21 || ec == 0x24 || ec == 0x25;

			assert_true(*esr_class(ec << 26 | fsc));
			assert_int_equal(*esr_fault(ec << 26 | fsc) != 0, abort);
		}
	assert_string_equal(esr_class(0x15UL << 26), "SVC");
	assert_string_equal(esr_class(0x24UL << 26), "data abort, read");
	assert_string_equal(esr_class(0x24UL << 26 | 1 << 6), "data abort, write");
	assert_string_equal(esr_class(0x20UL << 26), "instruction abort from a lower level");
	assert_string_equal(esr_class(0x3fUL << 26), "reserved exception class");
	assert_string_equal(esr_fault(0x25UL << 26 | 0x4), "translation fault, level 0");
	assert_string_equal(esr_fault(0x25UL << 26 | 0xb), "access flag fault, level 3");
	assert_string_equal(esr_fault(0x25UL << 26 | 0xe), "permission fault, level 2");
	assert_string_equal(esr_fault(0x25UL << 26 | 0x21), "alignment fault");
	assert_string_equal(esr_fault(0x25UL << 26 | 0x3f), "reserved fault status");
	console();
	print_syndrome("EL1", 0x92000006, 0x1234);
	assert_string_equal(model_output(),
	                    "  ESR_EL1 0x92000006  data abort, read, translation fault, level 2\r\n"
	                    "  FAR_EL1 0x0000000000001234\r\n");
	print_syndrome("EL1", 0x92000410, 0x1234); /* FnV: FAR is not valid */
	assert_string_equal(model_output(),
	                    "  ESR_EL1 0x92000410  data abort, read, external abort\r\n");
	print_syndrome("EL1", 0x8a000000, 0x1235); /* a PC alignment fault has a FAR */
	assert_non_null(strstr(model_output(), "FAR_EL1 0x0000000000001235"));
	print_syndrome("EL1", 0xd6000022, 0x1236); /* so has a watchpoint */
	assert_non_null(strstr(model_output(), "FAR_EL1 0x0000000000001236"));
	print_syndrome("EL1", 0x56000000, 0x1234); /* an SVC has none */
	assert_string_equal(model_output(), "  ESR_EL1 0x56000000  SVC\r\n");
}

static const struct CMUnitTest tests[] = {
	TEST(integers_as_the_c_library),
	TEST(ends_of_the_ranges),
	TEST(text_as_the_c_library),
	TEST(pointers_have_sixteen_digits),
	TEST(unknown_conversions),
	TEST(numbers_in_every_base),
	TEST(memory_functions_as_the_c_library),
	TEST(comparisons_as_the_c_library),
	TEST(printk_ends_lines_for_a_terminal),
	TEST(power_off_asks_the_firmware_that_the_board_has),
	TEST(power_off_without_a_device_tree),
	TEST(panic_reports_and_powers_off_whatever_happens),
	TEST(panic_exception_decodes),
	TEST(panic_exception_places_an_abort),
	TEST(panic_exception_places_no_brk),
	TEST(panic_exception_places_no_unknown_address),
	TEST(todo_names_the_hole),
	TEST(symbols_by_address),
	TEST(backtraces_end),
	TEST(syndromes_in_words),
};

MODEL_MAIN("format", tests)
