/*
 * Everything that a process has in the CPU, with values of the nonce, while it is preempted at any instruction: x0-x30, the flags, SP,
 * the FP and SIMD registers, and the EL1 system registers. Three of these run side by side.
 */
#include "together.h"

#define ROUNDS 500

u64 before[31], after[31];
u64 fp_before[66], fp_after[66]; /* q0-q31, FPSR, FPCR */

/*
 * Load everything, let x17 count down to 0, store everything. The loop leaves by the flags, and x30 alone is needed to store:
 * it goes to the stack first.
 */
void spin_with_all(void);
#define Q_PAIRS(op)                                                                               \
	op " q0, q1, [x9]\n" op " q2, q3, [x9, #32]\n" op " q4, q5, [x9, #64]\n" op               \
	   " q6, q7, [x9, #96]\n" op " q8, q9, [x9, #128]\n" op " q10, q11, [x9, #160]\n" op      \
	   " q12, q13, [x9, #192]\n" op " q14, q15, [x9, #224]\n" op " q16, q17, [x9, #256]\n" op \
	   " q18, q19, [x9, #288]\n" op " q20, q21, [x9, #320]\n" op " q22, q23, [x9, #352]\n" op \
	   " q24, q25, [x9, #384]\n" op " q26, q27, [x9, #416]\n" op " q28, q29, [x9, #448]\n" op \
	   " q30, q31, [x9, #480]\n"
#define X_PAIRS(op)                                                                           \
	op " x0, x1, [x30]\n" op " x2, x3, [x30, #16]\n" op " x4, x5, [x30, #32]\n" op        \
	   " x6, x7, [x30, #48]\n" op " x8, x9, [x30, #64]\n" op " x10, x11, [x30, #80]\n" op \
	   " x12, x13, [x30, #96]\n" op " x14, x15, [x30, #112]\n" op                         \
	   " x16, x17, [x30, #128]\n" op " x18, x19, [x30, #144]\n" op                        \
	   " x20, x21, [x30, #160]\n" op " x22, x23, [x30, #176]\n" op                        \
	   " x24, x25, [x30, #192]\n" op " x26, x27, [x30, #208]\n" op " x28, x29, [x30, #224]\n"

__asm__(".arch_extension fp\n.arch_extension simd\n"
        "spin_with_all:\n"
        "stp x29, x30, [sp, #-96]!\n"
        "stp x19, x20, [sp, #16]\nstp x21, x22, [sp, #32]\nstp x23, x24, [sp, #48]\n"
        "stp x25, x26, [sp, #64]\nstp x27, x28, [sp, #80]\n"
        "adrp x9, fp_before\nadd x9, x9, :lo12:fp_before\n" Q_PAIRS(
		"ldp") "ldr x10, [x9, #512]\nldr x11, [x9, #520]\nmsr fpsr, x10\nmsr fpcr, x11\n"
                       "adrp x30, before\nadd x30, x30, :lo12:before\n" X_PAIRS(
			       "ldp") "ldr x30, [x30, #240]\n"
                                      "1: subs x17, x17, #1\nb.ne 1b\n"
                                      "str x30, [sp, #-16]!\n"
                                      "adrp x30, after\nadd x30, x30, :lo12:after\n" X_PAIRS(
					      "stp") "ldr x0, [sp], #16\nstr x0, [x30, #240]\n"
                                                     "adrp x9, fp_after\nadd x9, x9, :lo12:fp_after\n" Q_PAIRS(
							     "stp") "mrs x10, fpsr\nmrs x11, fpcr\nstr x10, [x9, #512]\nstr x11, [x9, #520]\n"
                                                                    "ldp x19, x20, [sp, #16]\nldp x21, x22, [sp, #32]\nldp x23, x24, [sp, #48]\n"
                                                                    "ldp x25, x26, [sp, #64]\nldp x27, x28, [sp, #80]\nldp x29, x30, [sp], #96\n"
                                                                    "ret\n");

/* The EL1 registers that a process may write, and bits that it may set without effect on itself. */
#define SYSTEM_REGISTERS(X)           \
	X(sp_el0, ~0UL)               \
	X(elr_el1, ~0UL)              \
	X(spsr_el1, 0xf00003c5UL)     \
	X(esr_el1, 0xffffffffUL)      \
	X(far_el1, ~0UL)              \
	X(par_el1, 0xfffffffff000UL)  \
	X(cpacr_el1, 1UL << 28)       \
	X(contextidr_el1, 0xffffffff) \
	X(csselr_el1, 3)              \
	X(cntkctl_el1, 0x3ff)         \
	X(tpidr_el0, ~0UL)            \
	X(tpidrro_el0, ~0UL)          \
	X(tpidr_el1, ~0UL)            \
	X(cntv_cval_el0, ~0UL)        \
	X(cntv_ctl_el0, 2)

#define X(reg, bits) #reg,
static const char *const names[] = { SYSTEM_REGISTERS(X) };
#undef X

/* Write values of @p seed, and read back to @p values what of them each register holds. */
static void system_set(u64 seed, u64 *values)
{
	int i = 0;

#define X(reg, bits)                                                                      \
	__asm__ volatile("msr " #reg ", %1\n\tisb\n\tmrs %0, " #reg                       \
	                 : "=r"(values[i])                                                \
	                 : "r"((seed * (2 * (u64)i + 3) & (bits)) |                       \
	                       (bits == 1UL << 28 ? 3UL << 20 : 0) /* FP: CPACR_EL1 */)); \
	i++;
	SYSTEM_REGISTERS(X)
#undef X
}

/* @return which register is not as @p values says, or -1 */
static int system_lost(const u64 *values)
{
	int i = 0, lost = -1;
	u64 value;

#define X(reg, bits)                                     \
	__asm__ volatile("mrs %0, " #reg : "=r"(value)); \
	lost = value != values[i] ? i : lost;            \
	i++;
	SYSTEM_REGISTERS(X)
#undef X
	return lost;
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), nonce = argument(arguments, "nonce"), daif = me << 6;
	u64 seed = nonce * (2 * me + 1), values[ARRAY_SIZE(names)], word = 0, got, lost = 0, i;
	int round, which;

	together(3);
	__asm__ volatile("msr daif, %0" : : "r"(daif));
	for (round = 0; round < ROUNDS && !lost; round++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		for (i = 0; i < 31; i++)
			before[i] = seed * (2 * i + 1);
		before[17] = 1 + (seed >> 40 & 0x3fff);
		for (i = 0; i < 64; i++)
			fp_before[i] = ~seed * (2 * i + 1);
		fp_before[64] = seed & 0x0800009f;
		fp_before[65] = seed & 0x07c00000;
		system_set(seed, values);
		spin_with_all();
		before[17] = 0;
		for (i = 0; i < 31; i++)
			if (after[i] != before[i]) {
				say("process %ld: round %ld lost x%ld", me, (u64)round, i);
				lost++;
			}
		for (i = 0; i < 66; i++)
			if (fp_after[i] != fp_before[i]) {
				say("process %ld: round %ld lost word %ld of FP", me, (u64)round,
				    i);
				lost++;
			}
		which = system_lost(values);
		if (which >= 0) {
			say("process %ld: round %ld lost %s", me, (u64)round, names[which]);
			lost++;
		}
		__asm__ volatile("mrs %0, daif" : "=r"(got));
		if (got != daif) {
			say("process %ld: round %ld lost DAIF", me, (u64)round);
			lost++;
		}
		word += nonce;
	}
	say("process %ld: %ld lost, word: %016lx", me, lost, word);
	if (me != INIT_PID)
		report(0);
	reported(2);
	reported(3);
	say("switches: %ld", hv8_stat(STAT_SWITCHES));
	return 0;
}
