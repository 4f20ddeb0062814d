/*
 * Accesses that may fault: try_read(), try_write() and try_run() return the syndrome (ESR_EL1) of the
 * fault, or 0. Behind faults_begin() the process has vectors of its own, which step over the faulting
 * instruction, or back from the code that was called; any other fault is reported and fatal, as with the kernel's vectors.
 */
#pragma once

#include "space.h"
#include <uapi/vectors.h>

struct attempt {
	u64 armed; /* 1: step over what faults, 2: return from the code that was called */
	u64 esr, far;
};
extern volatile struct attempt attempt;
volatile struct attempt attempt;

void fault_vectors(void);
__asm__("	.pushsection .text\n"
        "	.balign	2048\n"
        "fault_vectors:\n"
        "	.org	fault_vectors + 0x200\n" /* synchronous, from EL1 itself */
        "	stp	x16, x17, [sp, #-16]!\n"
        "	adrp	x16, attempt\n"
        "	add	x16, x16, :lo12:attempt\n"
        "	ldr	x17, [x16]\n"
        "	cbnz	x17, 1f\n"
        "	ldp	x16, x17, [sp], #16\n"
        "	hvc	#0x104\n" /* HVC_VECTOR + 4: what the kernel's vector says here */
        "1:	mrs	x17, far_el1\n"
        "	str	x17, [x16, #16]\n"
        "	mrs	x17, esr_el1\n"
        "	str	x17, [x16, #8]\n"
        "	ldr	x17, [x16]\n"
        "	cmp	x17, #2\n" /* try_run(): back to it */
        "	mov	x17, x30\n"
        "	b.eq	2f\n"
        "	mrs	x17, elr_el1\n"
        "	add	x17, x17, #4\n"
        "2:	msr	elr_el1, x17\n"
        "	ldp	x16, x17, [sp], #16\n"
        "	eret\n"
        "	.org	fault_vectors + 0x800\n"
        "	.popsection\n");

/** From here on faults come to fault_vectors. */
static inline void faults_begin(void)
{
	__asm__ volatile("msr vbar_el1, %0\n\tisb" : : "r"(fault_vectors));
}

/** From here on faults are reported and fatal, as at birth. */
static inline void faults_end(void)
{
	__asm__ volatile("msr vbar_el1, %0\n\tisb" : : "r"(UVA_VECTORS));
}

/** Read the word at @p at into *@p value, which keeps its value if that faults. */
static inline u64 try_read(uva_t at, u64 *value)
{
	attempt.esr = 0;
	attempt.armed = 1;
	__asm__ volatile("ldr %0, [%1]" : "+&r"(*value) : "r"(at) : "memory", "cc");
	attempt.armed = 0;
	return attempt.esr;
}

/** Write @p value to the word at @p at. */
static inline u64 try_write(uva_t at, u64 value)
{
	attempt.esr = 0;
	attempt.armed = 1;
	__asm__ volatile("str %0, [%1]" : : "r"(value), "r"(at) : "memory", "cc");
	attempt.armed = 0;
	return attempt.esr;
}

/** Call the code at @p at with *@p value in x0; its result goes there. The code may change x1 too. */
static inline u64 try_run(uva_t at, u64 *value)
{
	register u64 x0 __asm__("x0") = *value;

	attempt.esr = 0;
	attempt.armed = 2;
	__asm__ volatile("blr %1" : "+r"(x0) : "r"(at) : "x1", "x30", "memory", "cc");
	attempt.armed = 0;
	*value = x0;
	return attempt.esr;
}

/** Print a fault in words, or "no fault"; @p at is where it should have been. */
static inline void print_fault(u64 esr, uva_t at)
{
	u64 class = esr >> 26, code = esr & 0x3f;

	if (!esr) {
		print("no fault");
		return;
	}
	if (class == 0) {
		print("undefined instruction");
		return;
	}
	print(class == 0x21              ? "execute"
	      : class != 0x25            ? "another exception"
	      : esr & 1UL << 6 /* WnR */ ? "write"
	                                 : "read");
	print(code >> 2 == 1   ? ": translation fault, level "
	      : code >> 2 == 3 ? ": permission fault, level "
	                       : ": another fault, level ");
	print_decimal((i64)code & 3);
	if (attempt.far != at)
		print(", elsewhere");
}

/** Print "what: VALUE". */
static inline void line_hex(const char *what, u64 value)
{
	print(what);
	print(": ");
	print_hex(value);
	print("\n");
}

static inline void line_decimal(const char *what, i64 value)
{
	print(what);
	print(": ");
	print_decimal(value);
	print("\n");
}

static inline void line_fault(const char *what, u64 esr, uva_t at)
{
	print(what);
	print(": ");
	print_fault(esr, at);
	print("\n");
}

/** fork(), or the end of the program, with the error printed. */
static inline i64 fork_or_end(void)
{
	i64 pid = fork();

	if (pid < 0) {
		line_decimal("fork", pid);
		hv8_exit(1);
	}
	return pid;
}
