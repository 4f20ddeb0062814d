/* The model machine in cmocka tests. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "model.h"

/** A test that starts with a fresh machine and a console, and must leave no byte lost. */
#define TEST(function) cmocka_unit_test_setup_teardown(function, model_setup, model_teardown)
int model_setup(void **state);
int model_teardown(void **state);

/** Run @p tests under the name @p name. */
#define MODEL_MAIN(name, tests)                                              \
	int main(void)                                                       \
	{                                                                    \
		model_start_alarm(name);                                     \
		return cmocka_run_group_tests_name(name, tests, NULL, NULL); \
	}

/** Run @p code, which must fail with a message that contains @p text. */
#define model_expect_fail(code, argument, text) \
	expect_fail(code, argument, text, __FILE__, __LINE__)
void expect_fail(void (*code)(void *argument), void *argument, const char *text, const char *file,
                 int line);

/** The statements must end with a failure whose message contains @p text. */
#define MUST_FAIL(text, ...)                                         \
	do {                                                         \
		if (setjmp(*expect_begin()) == 0) {                  \
			__VA_ARGS__;                                 \
			expect_end(text, false, __FILE__, __LINE__); \
		} else {                                             \
			expect_end(text, true, __FILE__, __LINE__);  \
		}                                                    \
	} while (0)
jmp_buf *expect_begin(void);
void expect_end(const char *text, bool failed, const char *file, int line);
