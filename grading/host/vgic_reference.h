/*
 * Two processes and their interrupts without list registers: what is pending for each, and what it is handling. An event
 * happens in the kernel, in the GIC and here; what a process acknowledges must be what is due.
 */
#pragma once

#include "drive_irq.h"

/* Three SGIs, and the SPI of each process: 1's is edge-triggered, 2's is level-sensitive. */
enum { LOW, MIDDLE, HIGHEST, SPI, KINDS };

struct has {
	bool pending[KINDS];
	bool raised; /* the SPI: by its device, and the distributor keeps that until what is outstanding has ended */
	u8 depth; /* of handlers, each interrupted by the next */
	struct {
		u8 kind;
		bool reclaimed; /* meanwhile: only its priority is left */
	} handlers[6];
};
extern struct has has[3]; /* by pid */

#define NEVENT 14
extern const struct event {
	const char *name;
	bool (*happens)(int pid, int kind); /* false: it cannot, and nothing has changed */
	int pid, kind;
} events[NEVENT];

/** A world_irq() with processes 1 and 2 and 2 list registers, each with its device; 1 runs, and nothing is pending. */
void reference_begin(int version);

/** Event @p i, and every physical interrupt that follows. @return false: it cannot happen now, and nothing has changed */
bool reference_event(size_t i);

/** Fail unless kernel, GIC and reference say the same, and the invariants hold. */
void reference_agrees(void);

/** Both processes handle all that they have: exactly what is due, and then there is nothing. */
void reference_drain(void);
