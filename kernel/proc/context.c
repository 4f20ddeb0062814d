/*
 * What of the CPU belongs to a process beyond its general registers: EL1 and EL0 system registers,
 * moved on a switch, and FP/SIMD registers, moved when the next process first uses them
 * (CPTR_EL2.TFP traps that use).
 */
#if LAB >= 4
#include <hv8/asid.h>
#include <hv8/stat.h>
#endif
#include <hv8/page.h>
#include <hv8/proc.h>
#include <hv8/string.h>
#include <hv8/sysreg.h>
#include <machine.h>
#include <uapi/hypercall.h>

/* fp.S */
void fp_save(struct fp_state *to);
void fp_load(const struct fp_state *from);

static struct context *fp_owner; /* whose values the FP and SIMD registers hold; NULL: nobody's */

static void fp_trap(bool on)
{
	const u64 cptr = CPTR_EL2_RES1 | CPTR_EL2_TZ | CPTR_EL2_TSM | CPTR_EL2_TTA | CPTR_EL2_TAM;

	write_sysreg(cptr_el2, cptr | (on ? CPTR_EL2_TFP : 0));
	isb();
}

void fp_take(void)
{
	fp_trap(false);
	if (fp_owner == current)
		return;
	if (fp_owner)
		fp_save(&fp_owner->fp);
	fp_load(&current->fp);
	fp_owner = current;
#if LAB >= 4
	stats[STAT_FP_SWITCHES]++;
#endif
}

void fp_drop(const struct context *context)
{
	if (fp_owner == context)
		fp_owner = NULL;
}

void context_init(struct context *context, uva_t entry, uva_t sp, uva_t arguments)
{
	memset(&context->frame, 0, sizeof(context->frame));
	memset(&context->el1, 0, sizeof(context->el1));
	memset(&context->fp, 0, sizeof(context->fp));
	context->frame.x[0] = arguments;
	context->frame.elr = entry;
	context->frame.spsr =
		SPSR_EL1H | SPSR_DAIF; /* as a CPU starts: at EL1, exceptions masked */
	context->el1.sp_el1 = sp;
	context->el1.ttbr0_el1 = page_pa(procs[context->pid].root);
	context->el1.vbar_el1 = UVA_VECTORS;
	context->el1.cpacr_el1 = 3UL << 20; /* FPEN: no trap to EL1 */
}

/* What a switch does beside moving registers; most CPUs and boots need neither. */
static bool extras, has_ras, shares_asid;

void context_prepare(void)
{
	has_ras = ID_FIELD(read_sysreg(id_aa64pfr0_el1), ID_AA64PFR0_RAS);
#if LAB >= 4
	shares_asid = !asid_used();
#else
	shares_asid = true;
#endif
	extras = has_ras || shares_asid;
}

static __attribute__((noinline)) void switch_extras(struct context *from, const struct context *to)
{
	/* With HCR_EL2.AMO set EL1's DISR_EL1 is VDISR_EL2 (Arm ARM D19.2, DISR_EL1). */
	if (has_ras && from)
		from->el1.vdisr_el2 = read_sysreg(s3_4_c12_c1_1);
	if (has_ras)
		write_sysreg(s3_4_c12_c1_1, to->el1.vdisr_el2);
	/* All address spaces share ASID 0: what the TLB holds belongs to the other process. */
	if (shares_asid)
		tlbi_vmalle1is();
}

static inline void el1_save(struct el1_state *to)
{
	u64 first, second;

#define X(a, b)                  \
	first = read_sysreg(a);  \
	second = read_sysreg(b); \
	to->a = first;           \
	to->b = second;
	EL1_REGISTERS(X)
#undef X
}

static inline void el1_load(const struct el1_state *from)
{
	u64 first, second;

#define X(a, b)                 \
	first = from->a;        \
	second = from->b;       \
	write_sysreg(a, first); \
	write_sysreg(b, second);
	EL1_REGISTERS(X)
#undef X
}

#if LAB >= 4
void context_clone(struct context *child)
{
	const u64 ttbr0 = child->el1.ttbr0_el1;

	child->frame = current->frame;
	child->frame.x[0] = 0;
	el1_save(&child->el1);
	child->el1.vdisr_el2 = 0;
	child->el1.ttbr0_el1 = ttbr0;
	if (fp_owner == current)
		fp_save(&current->fp);
	child->fp = current->fp;
}
#endif

void context_switch(struct context *from, const struct context *to)
{
	if (from)
		el1_save(&from->el1);
	el1_load(&to->el1);
	fp_trap(fp_owner != to); /* its barrier is for the registers above too */
#if LAB >= 4
	stats[STAT_SWITCHES]++;
#endif
	if (extras)
		switch_extras(from, to);
}
