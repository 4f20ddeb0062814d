/*
 * A small world for programs over the model machine: a board with a few pages for processes, a first process without
 * a program, and hypercalls as el1.S makes them.
 */
#pragma once

#include "model.h"

#include <hv8/page.h>
#include <hv8/proc.h>
#include <uapi/errno.h>
#include <uapi/hypercall.h>

/* Where the first process's level 3 table begins: room for tests. */
#define WORLD_UVA 0x400000UL

/**
 * Switch the machine on, with @p npages pages for processes, and let process 1 run: it has a root table, one table of each
 * level for WORLD_UVA, and one frame there.
 */
void world_boot(u32 npages);

#if LAB >= 5
/**
 * The board's device tree names the interrupt controller that the machine has (model.gic), timers, and the UART's
 * interrupt. Between model_reset() and world_boot(); without it there are no interrupts.
 */
void world_gic(void);
#endif

/** The current process makes hypercall @p number; what it returns, or would return later. */
i64 world_call(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

/** The current process is interrupted by something after which another may be current. */
void world_event(void (*event)(void));

#if LAB >= 5
/** The interrupts that are signalled are taken, one by one, as irq.S does, until none is. @return how many */
int world_interrupts(void);

/** The current process uses its virtual CPU interface from now on: no priority is masked, and its group is enabled. */
void world_open(void);
#endif

/** A free page, counted from the last; a free pid. Fail if there is none. */
pn_t world_free_page(void);
u64 world_free_pid(void);

/** The level @p level table of process @p pid for @p uva: it must exist. */
pn_t world_table(u64 pid, uva_t uva, int level);

/**
 * The current process makes child @p pid, a free one, by hypercalls: an embryo with tables and a writable frame at WORLD_UVA.
 *
 * @return the frame
 */
pn_t world_child(u64 pid);

#define CALL_(number, a0, a1, a2, a3, a4, a5, ...) \
	world_call(number, (u64)(a0), (u64)(a1), (u64)(a2), (u64)(a3), (u64)(a4), (u64)(a5))
/** CALL(name, arguments...): hypercall @p name. */
#define CALL(name, ...) CALL_(HC_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
