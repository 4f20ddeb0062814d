/* System registers: what reset leaves in each, and who may write it. */
#include "model.h"
#include "inside.h"

#include <machine.h>
#include <string.h>

struct sysreg {
	const char *name;
	bool read_only;
	u64 reset;
	u64 value;
	int writes;
};

#define UNKNOWN 0xdeadbeefdeadbeef /* what reset leaves in a register that has no reset value */
#define RW(name)                            \
	{                                   \
#name, false, UNKNOWN, 0, 0 \
	}
#define RO(name, value)                  \
	{                                \
#name, true, value, 0, 0 \
	}

static struct sysreg sysregs[] = {
	RO(CurrentEL, 2 << 2),
	RO(id_aa64mmfr0_el1, 0x1122), /* a Cortex-A53: 40 bits of physical address */
	RO(id_aa64mmfr1_el1, 0),
	RO(id_aa64pfr0_el1, 0x1002222), /* with a GICv3 interface */
	RO(id_aa64dfr0_el1, 0x10305106),
	RO(midr_el1, 0x410fd034),
	RO(mpidr_el1, 0x80000003),
	RO(pmcr_el0, 0x41033000), /* six counters */
	RO(ctr_el0, 0x84448004),
	{ "sctlr_el2", false, 0x30c50830, 0, 0 }, /* MMU and caches off */
	RW(hcr_el2),
	RW(cptr_el2),
	RW(mdcr_el2),
	RW(cnthctl_el2),
	RW(hstr_el2),
	RW(vttbr_el2),
	RW(vtcr_el2),
	RW(cntvoff_el2),
	RW(vpidr_el2),
	RW(vmpidr_el2),
	RW(vbar_el2),
	RW(esr_el2),
	RW(far_el2),
	RW(ttbr0_el2),
	RW(tcr_el2),
	RW(mair_el2),
	RW(s3_4_c1_c2_2),
	RW(s3_4_c1_c1_4),
	RW(s3_4_c1_c1_5),
	RW(s3_4_c1_c1_6),
	RW(s3_4_c3_c1_4),
	RW(s3_4_c3_c1_5),
	RW(s3_4_c12_c9_5),
	RW(s3_4_c12_c11_0),
	RW(s3_0_c12_c12_7),
	RW(s3_4_c12_c1_1),
	RW(s3_4_c5_c2_3),
	RW(s3_4_c10_c5_0),
	RW(sctlr_el1),
	RW(tcr_el1),
	RW(mair_el1),
	RW(amair_el1),
	RW(ttbr0_el1),
	RW(ttbr1_el1),
	RW(mdscr_el1),
	RW(vbar_el1),
	RW(sp_el0),
	RW(sp_el1),
	RW(elr_el1),
	RW(spsr_el1),
	RW(esr_el1),
	RW(far_el1),
	RW(afsr0_el1),
	RW(afsr1_el1),
	RW(par_el1),
	RW(cpacr_el1),
	RW(contextidr_el1),
	RW(csselr_el1),
	RW(cntkctl_el1),
	RW(tpidr_el0),
	RW(tpidrro_el0),
	RW(tpidr_el1),
	RW(cntv_ctl_el0),
	RW(cntv_cval_el0),
};

static struct sysreg *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sysregs); i++)
		if (!strcmp(sysregs[i].name, name))
			return &sysregs[i];
	model_fail("the model has no system register %s: add it to the table in sysreg.c", name);
}

/* A switch reads and writes dozens, and the walker some each time: a name is searched for once. */
static struct sysreg *sysreg(const char *name)
{
	static struct sysreg *known[256];
	struct sysreg **at = &known[(uintptr_t)name / 4 % ARRAY_SIZE(known)];

	if (!*at || strcmp((*at)->name, name))
		*at = find(name);
	return *at;
}

void sysreg_reset(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sysregs); i++) {
		sysregs[i].value = sysregs[i].reset;
		sysregs[i].writes = 0;
	}
}

u64 model_sysreg_read(const char *name)
{
	return sysreg(name)->value;
}

void model_sysreg_write(const char *name, u64 value)
{
	struct sysreg *reg = sysreg(name);
	const bool root = !strcmp(name, "ttbr0_el1");

	if (reg->read_only)
		model_fail("a write of %s, which is read-only", name);
	if (root)
		tlb_speculate_now(); /* the last chance to load what the old one leads to */
	changes += reg->value != value;
	reg->value = value;
	reg->writes++;
	if (root)
		tlb_speculate_now();
}

void model_sysreg_set(const char *name, u64 value)
{
	changes++;
	sysreg(name)->value = value;
}

int model_sysreg_writes(const char *name)
{
	return sysreg(name)->writes;
}
