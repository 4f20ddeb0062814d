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

u64 nonce;

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

static void run(void *scenario)
{
	world_boot(64);
	((const struct scenario *)scenario)->run();
	power_off();
}

int main(int argc, char **argv)
{
	const struct scenario *const *at;

	for (at = __start_scenarios; argc == 3 && at < __stop_scenarios; at++)
		if (!strcmp(argv[1], (*at)->name))
			break;
	if (argc != 3 || at == __stop_scenarios) {
		fprintf(stderr, "usage: model SCENARIO NONCE; scenarios:");
		for (at = __start_scenarios; at < __stop_scenarios; at++)
			fprintf(stderr, " %s", (*at)->name);
		fprintf(stderr, "\n");
		return 2;
	}
	nonce = strtoull(argv[2], NULL, 16);
	model_start_alarm("model");
	model_reset();
	model.speculates = true;
	model_sysreg_set("id_aa64mmfr0_el1", 0x1122); /* 16 bits of ASID */
	if ((*at)->machine)
		(*at)->machine();
	if (model_run(run, (void *)*at) != MODEL_OFF)
		model_fail("the machine did not power off");
	fputs(model_output(), stdout);
	return 0;
}
