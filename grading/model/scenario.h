/*
 * Tests on the model machine for students: `model SCENARIO NONCE`, built from the kernel's sources and the host's compiler
 * alone. What the kernel prints comes out as in QEMU; a broken rule is a line "model: ...". Each lab has a file of scenarios.
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

/** What the run was given, to be printed in a form that only a right result has. */
extern u64 nonce;

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
