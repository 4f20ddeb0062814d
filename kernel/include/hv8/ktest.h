/*
 * Tests that run inside the kernel: `test=NAME` in the boot arguments picks one. It runs as soon as
 * the stage that it tests is up, before anything of a later stage, then the machine powers off. The
 * code is in grading/guest/.
 */
#pragma once

#include <hv8/types.h>

/* One test. */
struct ktest {
	const char *name;       /* as in test=NAME */
	int stage;              /* the lab behind whose part of the boot it runs */
	void (*run)(u64 nonce); /* its code */
};

/** Define a test of @p lab, chosen by test=@p test_name; its body gets `nonce`, the number given by
 * nonce=HEX, or 0. */
#define KTEST(lab, test_name)                                                      \
	static void ktest_##test_name(u64 nonce);                                  \
	static const struct ktest ktest_entry_##test_name                          \
		__attribute__((section(".ktests"), used)) = { #test_name, lab,     \
		                                              ktest_##test_name }; \
	static void ktest_##test_name(u64 nonce)

/** Where the grader stops the machine to look at it from outside. Does nothing by itself. */
void ktest_stop(void);

/** Run the test that the boot arguments ask for, if it belongs to @p stage; then power off. */
void ktest_run(int stage);
