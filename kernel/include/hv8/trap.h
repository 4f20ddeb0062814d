/* Exceptions: the frame in which registers are saved, and what a syndrome means in words. */
#pragma once

#include <hv8/types.h>

/** The registers of interrupted code. Assembly knows the layout through generated offsets. */
struct trap_frame {
	u64 x[31]; /* x0..x30 */
	u64 sp; /* for a report: of the kernel, where it tells a stack overflow, or SP_EL1 of a process
	             that is killed */
	u64 elr;  /* where it was interrupted */
	u64 spsr; /* its PSTATE */
};

/** The exception class of syndrome @p esr, in words: "data abort, write". Arm ARM D19.2.38. */
const char *esr_class(u64 esr);

/** For @p esr of an abort, the fault status in words: "translation fault, level 3"; otherwise "". */
const char *esr_fault(u64 esr);

/** Does an exception with syndrome @p esr set FAR? An abort whose address is known does, a PC
 * alignment fault and a watchpoint. Arm ARM D19.2, FAR_EL2. */
bool esr_has_far(u64 esr);

/** Print @p esr and @p far of @p level ("EL1", "EL2") decoded, one line each; FAR only where the class
 * gives one a meaning. */
void print_syndrome(const char *level, u64 esr, u64 far);

/** Print the general registers, ELR and SPSR in @p frame; if it is of the @p kernel, ELR and x30 with symbols. */
void print_frame(const struct trap_frame *frame, bool kernel);

/** Print the call chain from @p pc through the frame records at @p fp (AAPCS64 6.2.3), with
 * symbols. */
void backtrace(u64 pc, u64 fp);

/** The kernel function that contains @p address, or NULL; *@p offset receives how far into it that is. */
const char *symbol_name(u64 address, u64 *offset);

/** Use the kernel's own vectors for exceptions taken to EL2. */
void trap_init(void);
