/*
 * What it costs to cross from one exception level to the next and back: hvc from EL1 to EL2 beside svc from EL0 to EL1.
 * Both are taken by the same handler, the same instructions at the same address (vectors.S: VBAR_EL2 and VBAR_EL1 hold
 * one table), in one address space (EL2's translation tables serve EL1 and EL0 as well), so that only the levels differ.
 *
 * And the switch that opens the cycle counter to processes, from whom the kernel otherwise keeps it.
 */
#include <hv8/console.h>
#include <hv8/ktest.h>
#include <hv8/proc.h>
#include <hv8/sysreg.h>
#include <machine.h>
#include "../sample.h"

/* D19.5 PMCCFILTR_EL0, PMCNTENSET_EL0, PMCR_EL0, PMUSERENR_EL0 */
#define PMCCFILTR_NSH BIT(27) /* count at EL2 too */
#define PMCNTENSET_C  BIT(31) /* the cycle counter counts */
#define PMCR_E        BIT(0)  /* if counters do */
#define PMCR_LC       BIT(6)  /* it has 64 bits */
#define PMUSERENR_EN  BIT(0)  /* EL0 may use it */

/* vectors.S */
extern const char bare_vectors[], saving_vectors[];
void run_at_el1(void (*function)(void), void *sp);
void run_at_el0(void (*function)(void), void *sp);

static struct stack {
	u64 words[128];
} __attribute__((aligned(16))) el1_stack, el0_stack;
static u64 samples[SAMPLES];

/* x8 = 0 tells the handler to go back to where it came from. */
#define TAKE_SAMPLES(instruction)                                     \
	do {                                                          \
		register u64 x8 __asm__("x8") = 0;                    \
		u64 i_;                                               \
		for (i_ = 0; i_ < SAMPLES; i_++)                      \
			__asm__ volatile(START instruction STOP("%0") \
			                 : "=r"(samples[i_])          \
			                 : "r"(x8)                    \
			                 : "memory");                 \
	} while (0)

static void take_nothing(void)
{
	TAKE_SAMPLES("");
}

static void take_hvc(void)
{
	TAKE_SAMPLES("hvc #0");
}

static void take_svc(void)
{
	TAKE_SAMPLES("svc #0");
}

static void take_svc_from_el0(void)
{
	run_at_el0(take_svc, &el0_stack + 1);
}

static void report(const char *name)
{
	static struct summary empty; /* the first report is of nothing */
	struct summary s = summarize(samples);

	if (!empty.median)
		empty = s;
	printk("bench: %s %lu %lu %lu\n", name, s.median - empty.median, s.low - empty.median,
	       s.high - empty.median);
}

/* Nobody leads back from EL1 when every hvc just returns: it reports and powers off from there. */
static void take_floor(void)
{
	take_hvc();
	report("floor");
	power_off();
}

static void counter_on(void)
{
	write_sysreg(mdcr_el2, read_sysreg(mdcr_el2) & ~(MDCR_EL2_TPM | MDCR_EL2_TPMCR));
	write_sysreg(pmccfiltr_el0, PMCCFILTR_NSH);
	write_sysreg(pmuserenr_el0, PMUSERENR_EN);
	write_sysreg(pmcntenset_el0, PMCNTENSET_C);
	write_sysreg(pmcr_el0, PMCR_E | PMCR_LC);
	isb();
}

KTEST(3, bench_processes)
{
	counter_on();
	proc_start();
}

KTEST(3, bench_crossing)
{
	counter_on();
	write_sysreg(hcr_el2, HCR_EL2_RW);
	write_sysreg(ttbr0_el1, read_sysreg(ttbr0_el2));
	write_sysreg(vbar_el1, (u64)saving_vectors);
	write_sysreg(vbar_el2, (u64)saving_vectors);
	isb();
	tlbi_vmalle1is();
	take_nothing();
	report("nothing");
	run_at_el1(take_hvc, &el1_stack + 1);
	report("hvc_el1_to_el2");
	run_at_el1(take_svc_from_el0, &el1_stack + 1);
	report("svc_el0_to_el1");
	write_sysreg(vbar_el2, (u64)bare_vectors);
	run_at_el1(take_floor, &el1_stack + 1);
}
