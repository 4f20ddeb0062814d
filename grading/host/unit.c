/* What binds the model machine to cmocka. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

static jmp_buf expected;
static bool expecting;
static char message[1024];

void model_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (expecting)
		longjmp(expected, 1);
	fail_msg("%s", message);
	__builtin_unreachable(); /* fail_msg() jumps out of the test, but does not say so */
}

jmp_buf *expect_begin(void)
{
	expecting = true;
	return &expected;
}

void expect_end(const char *text, bool failed, const char *file, int line)
{
	expecting = false;
	if (!failed) {
		print_error("%s:%d: nothing failed; expected: %s\n", file, line, text);
		_fail(file, line);
	}
	if (!strstr(message, text)) {
		print_error("%s:%d: \"%s\", expected: %s\n", file, line, message, text);
		_fail(file, line);
	}
}

void expect_fail(void (*code)(void *), void *argument, const char *text, const char *file, int line)
{
	if (setjmp(*expect_begin()) == 0) {
		code(argument);
		expect_end(text, false, file, line);
	} else {
		expect_end(text, true, file, line);
	}
}

int model_setup(void **state)
{
	expecting = false;
	model_reset();
	return 0;
}

int model_teardown(void **state)
{
	if (model.uart.lost)
		print_error("%d bytes were lost on the way to the UART\n", model.uart.lost);
	return model.uart.lost;
}

/* Nothing is allocated by the code under test, and tracing may be forbidden where this runs. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:quarantine_size_mb=16";
}
