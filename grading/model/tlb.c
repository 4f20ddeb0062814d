/*
 * The TLB: Arm ARM D8.13, D8.14. The worst that they allow: it takes whatever it can reach, keeps it
 * until a TLBI names it, and believes it more than the tables. It remembers tables, too: a walk
 * begins at the last table on the way that it knows.
 */
#include "model.h"
#include "inside.h"

#include <machine.h>
#include <stdlib.h>
#include <string.h>

#define NCHAIN 65536

static struct tlb_entry *chains[NCHAIN]; /* by space, address, size and kind */
static struct tlb_entry *spaces[NSPACE];
static struct tlb_entry *unused;
static u32 top;       /* no ASID above it has entries */
static u64 loads;     /* add()s so far */
static int count[64]; /* of final translations, by `shift` */

/* ---- the entries ----------------------------------------------------------------------------- */

u64 tlb_loads(void)
{
	return loads;
}

static struct tlb_entry **chain(u32 space, u64 va, int shift, bool table)
{
	u64 key = (va >> shift) ^ (u64)space << 36 ^ (u64)shift << 53 ^ (u64)table << 60;

	return &chains[key * 0x9e3779b97f4a7c15UL >> 48];
}

static struct tlb_entry *find(u32 space, u64 va, int shift, bool table)
{
	struct tlb_entry *e;

	for (e = *chain(space, va, shift, table); e; e = e->chain)
		if (e->space == space && e->shift == shift && e->table == table &&
		    e->va == va >> shift << shift)
			return e;
	return NULL;
}

static struct tlb_entry *find_final(u32 space, u64 va)
{
	struct tlb_entry *e = NULL;
	int level;

	for (level = 3; level > 0 && !e; level--)
		if (count[walk_shift(level)])
			e = find(space, va, walk_shift(level), false);
	return e;
}

/* The entry that leads to the table at @p level for @p va. */
static struct tlb_entry *find_table(u32 space, u64 va, int level)
{
	return find(space, va, walk_shift(level - 1), true);
}

static struct tlb_entry *add(u32 space, u64 va, int shift, bool table, u64 root)
{
	struct tlb_entry **first = chain(space, va, shift, table), *e;

	if (!unused) {
		int i, n = 1024;

		e = calloc((size_t)n, sizeof(*e));
		if (!e)
			model_fail("the host has no memory for the model's TLB");
		for (i = 0; i < n; i++) {
			e[i].chain = unused;
			unused = &e[i];
		}
	}
	e = unused;
	unused = e->chain;
	e->space = space;
	e->va = va >> shift << shift;
	e->shift = (u8)shift;
	e->table = table;
	e->root = root;
	e->loaded = model.tlbi.count;
	e->chain = *first;
	*first = e;
	e->behind = spaces[space];
	e->front = &spaces[space];
	if (e->behind)
		e->behind->front = &e->behind;
	spaces[space] = e;
	if (space < SPACE_GLOBAL && space > top)
		top = space;
	count[shift] += !table;
	loads++;
	return e;
}

static void drop(struct tlb_entry *e)
{
	struct tlb_entry **at;

	if (!e)
		return;
	for (at = chain(e->space, e->va, e->shift, e->table); *at != e; at = &(*at)->chain)
		continue;
	*at = e->chain;
	*e->front = e->behind;
	if (e->behind)
		e->behind->front = e->front;
	count[e->shift] -= !e->table;
	e->chain = unused;
	unused = e;
}

static void drop_space(u32 space)
{
	while (spaces[space])
		drop(spaces[space]);
}

static void drop_el1(void)
{
	u32 asid;

	for (asid = 0; asid <= top; asid++)
		drop_space(asid);
	drop_space(SPACE_GLOBAL);
	top = 0;
}

void tlb_reset(void)
{
	drop_el1();
	drop_space(SPACE_EL2);
}

struct tlb_entry *tlb_of(u32 space)
{
	return spaces[space];
}

/* ID_AA64MMFR0_EL1.ASIDBits: 0 means 8, 2 means 16 if TCR_EL1.AS says so. */
u64 tlb_asid_mask(void)
{
	const bool wide =
		(read_sysreg(id_aa64mmfr0_el1) >> 4 & 15) == 2 && read_sysreg(tcr_el1) & 1UL << 36;

	return wide ? 0xffff : 0xff;
}

static asid_t compared(u64 asid)
{
	return (asid_t)(asid & tlb_asid_mask());
}

int model_tlb_count(asid_t asid)
{
	struct tlb_entry *e;
	int n = 0;

	for (e = spaces[compared(asid)]; e; e = e->behind)
		n++;
	return n;
}

/* ---- filling it ------------------------------------------------------------------------------ */

static u32 space_now(const struct regime *regime)
{
	asid_t asid;

	if (regime->el2)
		return SPACE_EL2;
	if (regime->tcr & 1 << 22)
		model_fail("TCR_EL1.A1 is set: the ASID would be that of TTBR1_EL1");
	asid = compared(regime->ttbr >> 48);
	rules_walk(walk_start(regime).table, asid);
	return asid;
}

/* The walk has reached the table @p at: remember it. If another is remembered, that one it is. */
static void take_table(const struct regime *regime, u32 space, u64 va, struct step *at)
{
	struct tlb_entry *e = find_table(space, va, at->level);

	if (!e) {
		e = add(space, va, walk_shift(at->level - 1), true, walk_start(regime).table);
		e->next = *at;
	}
	*at = e->next;
}

static void take_final(const struct regime *regime, u32 space, u64 va,
                       const struct model_translation *t)
{
	const int shift = walk_shift(t->level);
	struct tlb_entry *e;

	if (!regime->el2 && t->global) {
		if (!model.allow_global)
			model_fail(
				"an entry without nG: VA 0x%lx, which leads to 0x%lx, is visible in "
				"every address space",
				va, t->pa);
		space = SPACE_GLOBAL;
	}
	if (find_final(space, va))
		return;
	e = add(space, va, shift, false, walk_start(regime).table);
	e->t = *t;
	e->t.pa = t->pa >> shift << shift;
}

static struct model_translation fill(const struct regime *regime, u32 space, u64 va)
{
	struct step at = walk_start(regime);
	struct model_translation t;
	struct tlb_entry *e = NULL;
	int level;

	if (!walk_range(regime, va, &t))
		return t;
	for (level = 3; level > at.level && !e; level--)
		e = find_table(space, va, level);
	if (e)
		at = e->next;
	while (walk_entry(regime, va, walk_table(&at)[walk_index(va, at.level)], &at, &t))
		take_table(regime, space, va, &at);
	if (!t.fault)
		take_final(regime, space, va, &t);
	return t;
}

static bool may(const struct model_translation *t, enum access access, int el)
{
	switch (access) {
	case READ:
		return el == 0 ? t->el0_read : t->read;
	case WRITE:
		return el == 0 ? t->el0_write : t->write;
	case EXECUTE:
		return el == 0 ? t->el0_execute : t->execute;
	}
	return false;
}

struct model_translation model_access(u64 va, enum access access, int el)
{
	const struct regime regime = walk_regime(el == 2 ? 2 : 1);
	const u32 space = space_now(&regime);
	struct tlb_entry *e = find_final(space, va);
	struct model_translation t;

	if (!e && !regime.el2)
		e = find_final(SPACE_GLOBAL, va);
	if (e) {
		t = e->t;
		t.pa += va - e->va;
		t.hit = true;
	} else {
		t = fill(&regime, space, va);
	}
	if (!t.fault && !may(&t, access, el))
		t.fault = "permission fault";
	return t;
}

/* Load what the table @p at, which translates from @p va on, leads to. */
static void load(const struct regime *regime, u32 space, u64 va, struct step at)
{
	const u64 *table = walk_table(&at);
	int i;

	for (i = walk_next(table, 0); i < 512; i = walk_next(table, i + 1)) {
		const u64 start = va + ((u64)i << walk_shift(at.level));
		struct model_translation t;
		struct step next = at;

		if (!(table[i] & 1))
			continue;
		if (walk_entry(regime, start, table[i], &next, &t)) {
			take_table(regime, space, start, &next);
			load(regime, space, start, next);
		} else if (!t.fault) {
			take_final(regime, space, start, &t);
		}
	}
}

void model_speculate(void)
{
	const struct regime regime = walk_regime(1);
	static u64 done;
	const u32 space = space_now(&regime);

	if (done == changes) /* all that can be loaded is */
		return;
	load(&regime, space, 0, walk_start(&regime));
	done = changes;
}

void tlb_speculate_now(void)
{
	if (model.speculates && model_sysreg_writes("ttbr0_el1") && read_sysreg(sctlr_el1) & 1)
		model_speculate();
}

/* ---- TLBI: D8.14.5 --------------------------------------------------------------------------- */

static void issued(const char *name, asid_t asid, u64 va)
{
	changes++;
	model.tlbi.count++;
	model.tlbi.name = name;
	model.tlbi.asid = asid;
	model.tlbi.va = va;
}

void tlbi_alle2(void)
{
	issued("ALLE2", 0, 0);
	model.tlbi_el2++;
	drop_space(SPACE_EL2);
}

/* The ones for EL1 contain a dsb ishst, which publishes entries. */
static void el1_done(void)
{
	model.unpublished = 0;
	tlb_speculate_now(); /* what is still in the tables may be back at once */
}

void tlbi_vmalle1is(void)
{
	issued("VMALLE1IS", 0, 0);
	model.tlbi_el1++;
	drop_el1();
	el1_done();
}

/* VAE1IS: of the ASID what leads to the address, and global translations of it. */
static void vae1is(asid_t asid, u64 va)
{
	int level;

	issued("VAE1IS", asid, va);
	asid = compared(asid);
	if (model.tlbi.made && !model.allow_late_flush && find(asid, va, walk_shift(3), false))
		rules_flushed(find(asid, va, walk_shift(3), false));
	model.tlbi.broken = model.tlbi.made = false;
	for (level = 3; level > 0; level--) {
		drop(find(asid, va, walk_shift(level), false));
		drop(find(SPACE_GLOBAL, va, walk_shift(level), false));
		drop(find_table(asid, va, level));
	}
	el1_done();
}

void tlb_flush_page(asid_t asid, uva_t uva)
{
	model.flush_page++;
	model.flushed_asid = asid;
	model.flushed_va = uva;
	switch (model.plant) {
	case PLANT_NO_FLUSH_PAGE:
		return;
	case PLANT_FLUSH_EL2:
		tlbi_alle2();
		return;
	case PLANT_FLUSH_ASID_0:
		asid = 0;
		break;
	case PLANT_FLUSH_WRONG_VA:
		uva += PAGE_SIZE;
		break;
	default:
		break;
	}
	vae1is(asid, uva & 0x00fffffffffff000); /* the operand has bits 55:12 */
}

void tlb_flush_asid(asid_t asid)
{
	model.flush_asid++;
	model.flushed_asid = asid;
	if (model.plant == PLANT_FLUSH_NO_REUSE)
		return;
	issued("ASIDE1IS", asid, 0);
	drop_space(compared(asid));
	el1_done();
}
