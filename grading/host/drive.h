/*
 * Hypercalls as processes make them: drive() is what el1.S and clone.S are to the kernel, and behind each
 * call every invariant must hold. world() is a small machine with one process to begin with.
 */
#pragma once

#include <hv8/proc.h>
#include <uapi/errno.h>
#include <uapi/hypercall.h>

extern struct file files[NFILE];

/**
 * The current process makes hypercall @p number. Its registers are in its frame before and behind the call; if
 * another process is current then, the CPU is switched to it. Fails if an invariant does not hold, or a register
 * but x0 has changed.
 *
 * @return the result, as the handler gave it
 */
i64 drive(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

/** drive() with an array of arguments. */
i64 drive_array(u64 number, const u64 arguments[6]);

/**
 * The current process is interrupted by @p what, after which another may be current; as drive(), but x0 too comes back
 * as it was. @p name: for the report.
 */
void event(void (*what)(void), const char *name);

/** The way out of the kernel: the CPU is switched from @p from to the current process, and everything must hold behind @p name. */
void drive_switch(struct context *from, const char *name);

/** drive() with a call that may stop the machine: how it ended. */
enum model_stop drive_stop(u64 number, const u64 arguments[6]);

/** The name of a hypercall; what drive() checks, to be said as "does not hold" @p when; a world begins. */
const char *drive_name(u64 number);
void drive_must_hold(const char *when);
void drive_begin(void);

/** Remember everything: the kernel's variables, process memory, and the machine. */
void snapshot(void);

/** Fail if anything has changed since snapshot(), but for the argument registers of the current process. */
void unchanged(void);

#define hc(name, ...)      drive_array(HC_##name, (const u64[6]){ __VA_ARGS__ })
#define hc_stop(name, ...) drive_stop(HC_##name, (const u64[6]){ __VA_ARGS__ })

/** The hypercall must return 0. */
#define ok(name, ...) assert_int_equal(hc(name, __VA_ARGS__), 0)

struct refusal {
	int error;
	u64 arguments[6];
};

/** Each of these calls must return its error, and change nothing. */
void refuse(u64 number, const struct refusal *refusals, size_t count);

#define HIGH (1UL << 32) /* HIGH | n is n to who looks at 32 bits only */

/** The hypercall must return -@p error, and change nothing. */
#define refused(error, name, ...)                                       \
	do {                                                            \
		snapshot();                                             \
		assert_int_equal(hc(name, __VA_ARGS__), -(i64)(error)); \
		unchanged();                                            \
	} while (0)

/* ---- a small machine ------------------------------------------------------------------------- */

#define WORLD_PAGES 96

/* The memory of each process in a world: one table a level, two frames. */
#define CODE 0x400000UL /* VM_RX | VM_EL0 */
#define DATA 0x401000UL /* VM_RW | VM_EL0 */
#define HOLE 0x402000UL /* nothing is there, but a table is */

struct home {
	u64 l0, l1, l2, l3, code, data; /* pages */
};
extern struct home home[NPROC];

/** Boot with WORLD_PAGES pages, full of rubbish; process 1 is there and runs. */
void world(void);

/** The same with ID_AA64MMFR0_EL1 @p features and the boot arguments @p arguments. */
void world_of(u64 features, const char *arguments);

/** world() with the GIC @p intc, timers, and the UART's interrupt. */
void world_irq(struct model_gic intc, const char *arguments);

/**
 * A world in which every relation exists once: 1, which runs, has the embryo 2, the runnable child 3 and the
 * zombie 4; 3 has the embryo 5. Each has its home. The others are free.
 */
void family(void);

/** The relatives of 1 in a family(), in any world. */
void relatives(void);

/** The lowest free page. */
u64 free_page(void);

/** The current process clones @p pid and builds its home: an embryo. */
void embryo(u64 pid);

/** embryo(), and it is runnable. */
void child(u64 pid);

/** The current process lets @p pid run. */
void run(u64 pid);

/** Collect what the zombie @p pid has left, and its pid. */
void bury(u64 pid);

/** What process @p pid sees at @p uva, whether it runs or not. */
struct model_translation seen(u64 pid, uva_t uva);

/** The bytes of a page. */
u8 *bytes(u64 page);

/** Whether every byte of @p page is @p value. */
bool filled(u64 page, u8 value);

/** The FP registers as the current process uses them now (and traps, if it must). */
u64 *fp_use(void);
