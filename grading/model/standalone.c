/*
 * The model machine in a program that stands alone: one process, one scenario, no test framework.
 * Exit status 1 means that the kernel has failed; why is the last line.
 */
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void model_fail(const char *format, ...)
{
	va_list arguments;

	fputs(model_output(), stdout);
	fputs("model: ", stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	exit(1);
}
