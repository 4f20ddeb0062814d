/*
 * The model machine in a program that stands alone: one process, one scenario, no test framework. scenario.h tells how it
 * is called. Exit status 1 means that the kernel has failed; why is the last line.
 */
#include "scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef main /* which is the kernel's, kernel_main() here */

u64 number;

/* What tell() is to print when the nonce is known, and behind how much of the kernel's output. */
static struct told {
	size_t at;
	u64 more; /* than the nonce */
	char text[100];
} told[8];
static int ntold;
static bool finished; /* the scenario has come to its end */

/* From the linker: the section that SCENARIO() fills. */
extern const struct scenario *const __start_scenarios[], *const __stop_scenarios[];

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

void tell(u64 value, const char *format, ...)
{
	struct told *t = &told[ntold++];
	va_list arguments;

	if (ntold > (int)ARRAY_SIZE(told))
		model_fail("the scenario tells more than %d lines", ntold - 1);
	t->at = model.uart.nsent;
	t->more = value - number;
	va_start(arguments, format);
	vsnprintf(t->text, sizeof(t->text), format, arguments);
	va_end(arguments);
}

static void run(void *scenario)
{
	world_boot(64);
	((const struct scenario *)scenario)->run();
	finished = true;
	power_off();
}

/* No kernel code runs any more. */
static int print_results(void)
{
	const char *output = model_output();
	size_t printed = 0;
	u64 nonce;
	int i;

	if (scanf("%lx", &nonce) != 1) {
		fprintf(stderr, "model: no nonce on the standard input\n");
		return 2;
	}
	for (i = 0; i < ntold; printed = told[i++].at) {
		fwrite(output + printed, 1, told[i].at - printed, stdout);
		printf("%s %016lx\n", told[i].text, nonce + told[i].more);
	}
	fputs(output + printed, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const struct scenario *const *at;

	for (at = __start_scenarios; argc == 3 && at < __stop_scenarios; at++)
		if (!strcmp(argv[1], (*at)->name))
			break;
	if (argc != 3 || at == __stop_scenarios) {
		fprintf(stderr, "usage: echo NONCE | model SCENARIO NUMBER; scenarios:");
		for (at = __start_scenarios; at < __stop_scenarios; at++)
			fprintf(stderr, " %s", (*at)->name);
		fprintf(stderr, "\n");
		return 2;
	}
	number = strtoull(argv[2], NULL, 16);
	model_start_alarm("model");
	model_reset();
	model.speculates = true;
	model_sysreg_set("id_aa64mmfr0_el1", 0x1122); /* 16 bits of ASID */
	if ((*at)->machine)
		(*at)->machine();
	if (model_run(run, (void *)*at) != MODEL_OFF)
		model_fail("the machine did not power off");
	if (!finished)
		model_fail("the kernel has powered off before the scenario's end");
	return print_results();
}
