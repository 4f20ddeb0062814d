/* Exceptions: the frame in which registers are saved, and what a syndrome means in words. */
#pragma once

#include <hv8/types.h>

/** The registers of interrupted code. Assembly knows the layout through generated offsets. */
struct trap_frame {
	u64 x[31];
	u64 sp;   /* of the interrupted level: only for exceptions from EL2, where it tells a stack
	             overflow */
	u64 elr;  /* where it was interrupted */
	u64 spsr; /* its PSTATE */
};

/** The exception class of a syndrome, in words: "data abort, write". Arm ARM D19.2.38. */
const char *esr_class(u64 esr);

/** For an abort, the fault status in words: "translation fault, level 3"; otherwise "". */
const char *esr_fault(u64 esr);

/** Print ESR and FAR of a level ("EL1", "EL2") decoded, one line each; FAR only where the class
 * gives one a meaning. */
void print_syndrome(const char *level, u64 esr, u64 far);

/** Print the general registers, ELR and SPSR; of a @p kernel frame ELR and x30 with symbols. */
void print_frame(const struct trap_frame *frame, bool kernel);

/** Print the call chain from @p pc through the frame records at @p fp (AAPCS64 6.2.3), with
 * symbols. */
void backtrace(u64 pc, u64 fp);

/** The kernel function that contains @p address and the offset into it, or NULL. */
const char *symbol_name(u64 address, u64 *offset);

/** Use the kernel's own vectors for exceptions taken to EL2. */
void trap_init(void);
