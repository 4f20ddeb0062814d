/* Interrupts in tests that make hypercalls: what the machine signals, and what a process does with its own. */
#pragma once

#include "drive.h"

#include <hv8/irq.h>

/* Interrupts of a world_irq(): the board's, and two SPIs for whoever wants them. */
#define IRQ_MAINTENANCE 25
#define IRQ_TICK        26 /* the EL2 timer */
#define IRQ_UART        33
#define DEVICE          40
#define OTHER_DEVICE    41
#define MINE            50   /* in owners(): of 1, */
#define THEIRS          51   /* of 3, */
#define THE_DEADS       52   /* of 4, a zombie */
#define NO_IRQ          1023 /* what IAR says if there is none */

#define GICV_AT 0x4f0000UL /* where opens() maps GICV */

/** A GIC of @p version with @p nlr list registers, as a machine without EL3 has it. */
struct model_gic gic_of(int version, int nlr);

/** A family() with that, in which the SPIs above have their owners. */
void owners(int version);

/** The INTIDs that are signalled are taken, one by one, until none is. @return how many */
int interrupts(void);

/** The current process uses its virtual CPU interface from now on: no priority is masked, and its group is enabled. */
void opens(void);

/** It reads IAR; it writes EOIR. If that makes a list register free for another interrupt, it has that then. */
u32 acks(void);
void ends(u32 iar);

/** It acknowledges exactly @p intid; nothing. */
void gets(u32 intid);
void gets_nothing(void);

/** It gets and ends exactly @p intid. */
void serves(u32 intid);

/** It executes WFI. */
void wfi_by_process(void);

/* A trapped access, as ESR_ELx.ISS tells it; the value is in x@p rt. */
#define ISS(op0, op1, crn, crm, op2, rt, read)                                       \
	((u64)(op0) << 20 | (u64)(op2) << 17 | (u64)(op1) << 14 | (u64)(crn) << 10 | \
	 (u64)(rt) << 5 | (u64)(crm) << 1 | (read))
#define ICC_PMR_WRITE  ISS(3, 0, 4, 6, 0, 1, 0)
#define ICC_IAR_READ   ISS(3, 0, 12, 12, 0, 1, 1)
#define ICC_SGI1R      ISS(3, 0, 12, 11, 5, 1, 0)
#define CNTP_CTL_WRITE ISS(3, 3, 14, 2, 1, 1, 0)

/** Its access to a system register traps with syndrome @p iss. @return whether the kernel did it; else it is to be tried again */
bool traps(u64 iss);

/* A test of both versions: *state is the version. */
#define VERSION(function, version)                                                  \
	{                                                                           \
#function ", GICv" #version, function, model_setup, model_teardown, \
			(void *)version                                             \
	}
#define BOTH(function) VERSION(function, 3), VERSION(function, 2)
