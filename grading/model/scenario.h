/*
 * Tests on the model machine for students: `echo NONCE | model SCENARIO NUMBER`, built from the kernel's sources and the host's
 * compiler alone. What the kernel prints comes out as in QEMU; a broken rule is a line "model: ...". Each lab has a file of
 * scenarios.
 */
#pragma once

#include "world.h"

#include <hv8/console.h>
#include <machine.h>

struct scenario {
	const char *name;
	void (*run)(
		void); /* in a world_boot() with 64 pages; the machine is switched off behind it */
	void (*machine)(void); /* what is special about the machine, before that; NULL: nothing */
};

/** Scenario @p name is to run @p function on the machine that @p prepare makes. */
#define SCENARIO(name, function, prepare)                                            \
	static const struct scenario scenario_##name = { #name, function, prepare }; \
	static const struct scenario *const entry_##name                             \
		__attribute__((used, section("scenarios"))) = &scenario_##name;

/** NUMBER, another one in each run: for a scenario to write and to find again. The kernel sees it. */
extern u64 number;

/**
 * Print a line, the text and @p value, here in the output. A value that is `number` comes out as the nonce, one more as one
 * more than the nonce: it is read only when the kernel has run for the last time, so a kernel cannot say it.
 */
void tell(u64 value, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A hypercall that must succeed; then the TLB holds nothing that the tables do not say. */
#define GOOD(name, ...)                                                                         \
	({                                                                                      \
		i64 result_ = CALL(name, ##__VA_ARGS__);                                        \
		if (result_ < 0)                                                                \
			model_fail("process %d: hypercall %s returns %ld", current->pid, #name, \
			           (long)result_);                                              \
		model_check_tables();                                                           \
		model_check_tlb();                                                              \
		result_;                                                                        \
	})
