/* System registers: what reset leaves in each, and who may write it. */
#include "model.h"
#include "inside.h"

#include <machine.h>
#include <string.h>

#define UNKNOWN 0xdeadbeefdeadbeef /* what reset leaves in a register that has no reset value */
#define RW(name_)                                \
	{                                        \
		.name = #name_, .reset = UNKNOWN \
	}
#define RO(name_, value)                                          \
	{                                                         \
		.name = #name_, .read_only = true, .reset = value \
	}

/* It tells of the GIC's system registers only where there are some. */
static u64 pfr0(const struct sysreg *reg)
{
	return model.gic.version == 3 ? reg->value : reg->value & ~(0xfUL << 24);
}

static struct sysreg sysregs[] = {
	RO(CurrentEL, 2 << 2),
	RO(id_aa64mmfr0_el1, 0x1122), /* a Cortex-A53: 40 bits of physical address */
	RO(id_aa64mmfr1_el1, 0),
	{ .name = "id_aa64pfr0_el1", .read_only = true, .reset = 0x1002222, .read = pfr0 },
	RO(id_aa64dfr0_el1, 0x10305106),
	RO(midr_el1, 0x410fd034),
	RO(mpidr_el1, 0x80000003),
	RO(pmcr_el0, 0x41033000), /* six counters */
	RO(ctr_el0, 0x84448004),
	{ .name = "sctlr_el2", .reset = 0x30c50830 }, /* MMU and caches off */
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
	{ .name = NULL },
};

static struct sysreg *const tables[] = { sysregs, gic_sysregs, timer_sysregs };

/* Older assemblers know some registers by their encoding only. */
static const char *const aliases[][2] = {
	{ "s3_4_c12_c9_5", "icc_sre_el2" },
	{ "s3_4_c12_c11_0", "ich_hcr_el2" },
	{ "s3_0_c12_c12_7", "icc_igrpen1_el1" },
};

static struct sysreg *find(const char *name)
{
	struct sysreg *reg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(aliases); i++)
		if (!strcmp(aliases[i][0], name))
			name = aliases[i][1];
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (reg = tables[i]; reg->name; reg++)
			if (!strcmp(reg->name, name))
				return reg;
	model_fail("the model has no system register %s: add it to the table in sysreg.c", name);
}

/* A switch reads and writes dozens, and the walker some each time: a name is searched for once. */
static struct sysreg *sysreg(const char *name)
{
	static struct {
		const char *name;
		struct sysreg *reg;
	} known[256], *at;

	at = &known[(uintptr_t)name / 4 % ARRAY_SIZE(known)];
	if (!at->reg || strcmp(at->name, name)) {
		at->reg = find(name);
		at->name = name;
	}
	return at->reg;
}

void sysreg_reset(void)
{
	struct sysreg *reg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (reg = tables[i]; reg->name; reg++) {
			reg->value = reg->reset;
			reg->writes = 0;
		}
}

struct part sysreg_part(int n)
{
	const struct sysreg *reg = tables[n];

	while (reg->name)
		reg++;
	return (struct part){ tables[n], (size_t)((const u8 *)reg - (const u8 *)tables[n]) };
}

u64 model_sysreg_read(const char *name)
{
	const struct sysreg *reg = sysreg(name);

	if (reg->check)
		reg->check(reg);
	if (reg->write_only)
		model_fail("a read of %s, which is write-only", name);
	return reg->read ? reg->read(reg) : reg->value;
}

static void store(struct sysreg *reg, u64 value)
{
	if (reg->check)
		reg->check(reg);
	if (reg->write)
		reg->write(reg, value);
	changes += reg->value != value;
	reg->value = value;
}

void model_sysreg_write(const char *name, u64 value)
{
	struct sysreg *reg = sysreg(name);
	const bool root = !strcmp(name, "ttbr0_el1");

	if (reg->read_only)
		model_fail("a write of %s, which is read-only", name);
	if (value & reg->reserved)
		model_fail("a write of 0x%lx to %s: bits 0x%lx are reserved", value, name,
		           value & reg->reserved);
	if (root)
		tlb_speculate_now(); /* the last chance to load what the old one leads to */
	store(reg, value);
	reg->writes++;
	if (root)
		tlb_speculate_now();
}

void model_sysreg_set(const char *name, u64 value)
{
	struct sysreg *reg = sysreg(name);

	changes++;
	store(reg, value & ~reg->reserved);
}

int model_sysreg_writes(const char *name)
{
	return sysreg(name)->writes;
}
