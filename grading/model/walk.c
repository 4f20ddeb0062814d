/* The table walker: Arm ARM D8.2, D8.3, D8.4. */
#include "model.h"
#include "inside.h"

#include <machine.h>

#define ADDRESS 0x0000fffffffff000UL /* of a descriptor or a TTBR: bits 47:12 */

static u64 bits(u64 value, int high, int low)
{
	return value >> low & (~0UL >> (63 - high + low));
}

static int va_bits(const struct regime *regime)
{
	return 64 - (int)bits(regime->tcr, 5, 0);
}

struct regime walk_regime(int el)
{
	static const int sizes[8] = { 32, 36, 40, 42, 44, 48, 48, 48 };
	struct regime regime = { .el2 = el == 2 };

	if (el == 2) {
		regime.tcr = read_sysreg(tcr_el2);
		regime.mair = read_sysreg(mair_el2);
		regime.sctlr = read_sysreg(sctlr_el2);
		regime.ttbr = read_sysreg(ttbr0_el2);
		regime.pa_bits = sizes[bits(regime.tcr, 18, 16)];
	} else {
		regime.tcr = read_sysreg(tcr_el1);
		regime.mair = read_sysreg(mair_el1);
		regime.sctlr = read_sysreg(sctlr_el1);
		regime.ttbr = read_sysreg(ttbr0_el1);
		regime.pa_bits = sizes[bits(regime.tcr, 34, 32)];
	}
	if (!(regime.sctlr & 1))
		model_fail("a translation at EL%d with the MMU off", el);
	if (bits(regime.tcr, 15, 14))
		model_fail("TCR_EL%d.TG0 is not the 4 KiB granule", el);
	if (regime.pa_bits > sizes[bits(read_sysreg(id_aa64mmfr0_el1), 3, 0)])
		model_fail("TCR_EL%d has a larger physical address than the CPU", el);
	return regime;
}

struct step walk_start(const struct regime *regime)
{
	return (struct step){ regime->ttbr & ADDRESS, 4 - (va_bits(regime) - 12 + 8) / 9, 0 };
}

static bool fault(struct model_translation *t, const char *what, int level)
{
	*t = (struct model_translation){ .fault = what, .level = level };
	return false;
}

bool walk_range(const struct regime *regime, u64 va, struct model_translation *t)
{
	if (!regime->el2 && va >> 63 && !(regime->tcr & 1UL << 23))
		model_fail("TTBR1_EL1 would be walked");
	if (va >> va_bits(regime))
		return fault(t, "translation fault", 0);
	return true;
}

const u64 *walk_table(const struct step *at)
{
	if (!is_memory(at->table))
		model_fail("a table walk reads its level %d table at 0x%lx, where no memory is",
		           at->level, at->table);
	return pa_pointer(at->table);
}

/* What the leaf @p entry says, and the tables above it allow. */
static struct model_translation leaf(const struct regime *regime, u64 va, u64 entry,
                                     const struct step *at)
{
	const bool table_ro = bits(at->limits, 62, 62), table_no_el0 = bits(at->limits, 61, 61);
	const bool table_xn = bits(at->limits, 60, 60), table_pxn = bits(at->limits, 59, 59);
	struct model_translation t = { .level = at->level, .read = true };

	t.pa = (entry & ADDRESS) | (va & ((1UL << walk_shift(at->level)) - 1));
	t.write = !(entry & 1 << 7) && !table_ro;
	t.memory = (u8)(regime->mair >> 8 * bits(entry, 4, 2));
	t.shareability = (int)bits(entry, 9, 8);
	t.global = !(entry & 1 << 11);
	if (regime->el2) {
		t.execute = !(entry & 1UL << 54) && !table_xn;
	} else {
		t.el0_read = entry & 1 << 6 && !table_no_el0;
		t.el0_write = t.el0_read && t.write;
		t.el0_execute = !(entry & 1UL << 54) && !table_xn; /* even where it may not read */
		t.execute = !(entry & 1UL << 53) && !table_pxn && !t.el0_write;
	}
	if (regime->sctlr & 1 << 19) { /* WXN */
		t.execute &= !t.write;
		t.el0_execute &= !t.el0_write;
	}
	return t;
}

bool walk_entry(const struct regime *regime, u64 va, u64 entry, struct step *at,
                struct model_translation *t)
{
	const int level = at->level, shift = walk_shift(level);

	if (!(entry & 1) || (level == 0 && !(entry & 2)) || (level == 3 && !(entry & 2)))
		return fault(t, "translation fault", level);
	if (bits(entry, 47, 12) << 12 >> regime->pa_bits)
		return fault(t, "address size fault", level);
	if (level < 3 && entry & 2) {
		at->limits |= entry & 0xfUL << 59;
		at->table = entry & ADDRESS;
		at->level++;
		return true;
	}
	if (bits(entry, 50, 48))
		return fault(t, "address size fault", level);
	if (shift > 12 && bits(entry, shift - 1, 12))
		return fault(t, "reserved address bits in a block", level);
	if (regime->el2 && (!(entry & 1 << 6) || entry & 1 << 11 || entry & 1UL << 53))
		return fault(t, "reserved attribute bits at EL2", level);
	if (!(entry & 1 << 10))
		return fault(t, "access flag fault", level);
	*t = leaf(regime, va, entry, at);
	return false;
}

/* Tables are mostly empty, and looked through very often: eight entries at a time, unwatched. */
__attribute__((no_sanitize("address", "undefined"))) int walk_next(const u64 *table, int i)
{
	for (; i < 512; i++) {
		const u64 *e = table + i;

		if (i % 8 == 0 && !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]))
			i += 7;
		else if (*e)
			break;
	}
	return i;
}

bool walk_to_level(const struct regime *regime, u64 va, int level, struct step *at)
{
	struct model_translation t;

	*at = walk_start(regime);
	while (at->level < level)
		if (!walk_entry(regime, va, walk_table(at)[walk_index(va, at->level)], at, &t))
			return false;
	return true;
}

struct model_translation walk(const struct regime *regime, u64 va)
{
	struct step at = walk_start(regime);
	struct model_translation t;

	if (!walk_range(regime, va, &t))
		return t;
	while (walk_entry(regime, va, walk_table(&at)[walk_index(va, at.level)], &at, &t))
		continue;
	return t;
}

struct model_translation model_translate(int el, u64 address)
{
	const struct regime regime = walk_regime(el);

	return walk(&regime, address);
}
