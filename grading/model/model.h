/*
 * The model machine: 512 MiB of DRAM at 0x40000000, a PL011, system registers, firmware, a table
 * walker. It does what the manuals say, not what the kernel expects, and it is stricter than
 * hardware: what the manual forbids or calls unpredictable fails the test that did it.
 *
 * DRAM is at the same address in the test program, so physical addresses are pointers. The kernel's
 * image is a stand-in without content: pointer_pa() sees its symbols at model.image.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <hv8/types.h>
#include "image.h"

#define MODEL_DRAM      0x40000000UL
#define MODEL_DRAM_SIZE (512UL << 20)

enum model_stop { MODEL_RETURNED, MODEL_OFF, MODEL_RESET, MODEL_EL1, MODEL_WFI };

struct model_uart {
	pa_t base;
	u32 ibrd, fbrd, lcr_h, cr, imsc, pending;
	u32 divisor;   /* in 64ths; what LCR_H latched, and so what the line runs at */
	int tx_level;  /* bytes still to be sent */
	int byte_time; /* reads of FR until one byte is sent; 0: at once */
	int waited, polls;
	u16 rx[64]; /* with error bits 11:8 */
	int rx_count;
	char sent[1 << 16]; /* every byte that was not lost, terminated */
	size_t nsent;
	int lost; /* bytes written while the FIFO was full or the transmitter off */
};

struct model {
	pa_t image; /* where the kernel was loaded */
	struct model_uart uart;
	int isb, dsb, tlbi_el2, tlbi_el1, icache;
	pa_t icache_start, icache_end; /* of the last icache_sync() */
	pa_t dcache_start, dcache_end;
	pa_t cleaned_start, cleaned_end;
	int stores; /* pte_store() */
	struct {
		bool by_hvc;
		u64 function;
	} firmware[4];
	int nfirmware;
	bool cannot_power_off, cannot_reset; /* firmware without PSCI SYSTEM_OFF, SYSTEM_RESET */
	u64 fp[66];                          /* q0..q31, FPSR, FPCR */
};

extern struct model model;

/** Switch the machine off and on: everything, the kernel's variables too, is as at boot. */
void model_reset(void);

/** Run kernel code until it returns or stops the machine. Elsewhere a stop fails the test. */
enum model_stop model_run(void (*code)(void *argument), void *argument);

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
void model_start_alarm(const char *name);

/** What the test does now, for the report if it never ends. */
void model_progress(const char *what, u64 number);

/** Everything sent to the UART since boot or the last call. */
const char *model_output(void);

/** Let the machine receive @p text. */
void model_type(const char *text);

/** How often system register @p name was written since boot. */
int model_sysreg_writes(const char *name);

/** Change a register from outside: also one that is read-only to software. */
void model_sysreg_set(const char *name, u64 value);

/** A repeatable random number; model_reset() starts the series again. */
u64 model_random(void);

struct model_translation {
	const char *fault; /* NULL if @p address is translated */
	int level;         /* at which the walk ended */
	pa_t pa;
	bool read, write, execute; /* for EL1 or EL2, whichever was asked for */
	bool el0_read, el0_write, el0_execute;
	u8 memory; /* the attribute byte of MAIR_ELx: 0xff normal write-back, 0x04 Device-nGnRE */
	int shareability;
	bool global;
};

/** Translate @p address as the hardware would with the current registers, in the EL2 or EL1&0 regime. */
struct model_translation model_translate(int el, u64 address);
