/* What the files of the model share, and neither the kernel nor a test sees. */
#pragma once

#include "model.h"

/* The kernel's variables have physical addresses here, below DRAM, wherever the host put them. */
#define MODEL_PROGRAM      0x20000000UL
#define MODEL_PROGRAM_SIZE 0x20000000UL

/* ---- model.c, memory.c ----------------------------------------------------------------------- */

_Noreturn void stop_machine(enum model_stop how, const char *what);

/** Grows with everything that a table walk could notice: stores to tables, TLBIs, registers. Never
 * goes back. */
extern u64 changes;

/** Is there memory at @p pa? DRAM, or the kernel's image or variables. */
bool is_memory(pa_t pa);

/** Where a part of the machine keeps its state: model_save(). */
struct part {
	void *start;
	size_t size;
};

/* ---- sysreg.c -------------------------------------------------------------------------------- */

/** A system register: what reset leaves in it, and what it is a door to, if to anything. */
struct sysreg {
	const char *name;
	bool read_only, write_only;
	u64 reset;
	u64 value;
	int writes;
	u32 n;                                   /* which one of its kind */
	u64 reserved;                            /* bits that must be written as zero */
	void (*check)(const struct sysreg *reg); /* ends the test if it may not be accessed now */
	u64 (*read)(const struct sysreg *reg);
	void (*write)(const struct sysreg *reg, u64 value);
};

/* The devices' ones; the last has no name. */
extern struct sysreg gic_sysregs[], timer_sysregs[];

void sysreg_reset(void);

/** Table @p n of 3. */
struct part sysreg_part(int n);

/* ---- gic.c, gic_mmio.c ----------------------------------------------------------------------- */

void intc_reset(void);

/** The controller, its power on, and its list registers. */
struct part intc_part(void);
struct part virtual_part(void);

/** The input of @p intid is @p high now. */
void intc_input(u32 intid, bool high);

/** A register of the interrupt controller in memory; false: there is none at @p pa. */
bool intc_read(pa_t pa, u32 *value);
bool intc_write(pa_t pa, u32 value);

/** wfi() returns to software that does not answer; true if it has done so for too long. */
bool intc_is_ignored(void);

/* ---- timer.c --------------------------------------------------------------------------------- */

void generic_timer_reset(void);
struct part generic_timer_part(void);

/** Let time pass until the next timer fires; false if none will. */
bool generic_timer_next(void);

/* ---- uart.c ---------------------------------------------------------------------------------- */

u32 uart_read(pa_t pa);
void uart_write(pa_t pa, u32 value);

/* ---- walk.c ---------------------------------------------------------------------------------- */

/** The registers that a table walk reads. */
struct regime {
	bool el2;
	u64 tcr, mair, sctlr, ttbr;
	int pa_bits;
};

/** A table that a walk looks into next. */
struct step {
	pa_t table;
	int level;
	u64 limits; /* bits 62:59 of the tables above, together */
};

/** The regime of EL @p el as the registers say now; fails the test if it is off or not sensible. */
struct regime walk_regime(int el);

/** Where a walk in @p regime starts. */
struct step walk_start(const struct regime *regime);

/** Can a walk for @p va start? If not, *@p t is the fault. */
bool walk_range(const struct regime *regime, u64 va, struct model_translation *t);

/** The table of @p at. */
const u64 *walk_table(const struct step *at);

/**
 * What @p entry, the one for @p va in the table of @p at, leads to.
 *
 * @return true: to the next table, which *@p at is now. false: the walk ends, with *@p t
 */
bool walk_entry(const struct regime *regime, u64 va, u64 entry, struct step *at,
                struct model_translation *t);

/** The whole walk. */
struct model_translation walk(const struct regime *regime, u64 va);

/** The table at @p level on the way to @p va; false if the walk ends above it. */
bool walk_to_level(const struct regime *regime, u64 va, int level, struct step *at);

/** How many bits of an address one entry of a table at @p level leaves. */
static inline int walk_shift(int level)
{
	return 12 + 9 * (3 - level);
}

/** The entry for @p va in a table at @p level. */
static inline u32 walk_index(u64 va, int level)
{
	return va >> walk_shift(level) & 511;
}

/** The next entry from index @p i on that is not zero; 512 if there is none. */
int walk_next(const u64 *table, int i);

/* ---- tlb.c ----------------------------------------------------------------------------------- */

/*
 * Whose an entry is: an ASID, or one of these. What is not a final translation, but remembers the
 * next table on the way (a walk cache), belongs to the ASID with which it was read.
 */
#define SPACE_GLOBAL 0x10000
#define SPACE_EL2    0x10001
#define NSPACE       0x10002

struct tlb_entry {
	u32 space;
	u8 shift;   /* it is for 1 << shift bytes */
	bool table; /* a walk cache's entry: `next` is the table for these addresses */
	u64 va;
	u64 root;   /* where the walk that read it began */
	u64 loaded; /* how many TLBIs had been issued then */
	union {
		struct model_translation t; /* of `va` */
		struct step next;
	};
	struct tlb_entry *chain;           /* in the hash table */
	struct tlb_entry *behind, **front; /* among the entries of the same space */
};

void tlb_reset(void);

/** The entries of @p space, linked by `behind`. */
struct tlb_entry *tlb_of(u32 space);

/** The bits of an ASID that this CPU compares, with TCR_EL1 as it is. */
u64 tlb_asid_mask(void);

/** How often the TLB took something. Never goes back. */
u64 tlb_loads(void);

/** If model.speculates: the walker is ahead of the program. */
void tlb_speculate_now(void);

/* ---- rules.c, rules_tables.c ----------------------------------------------------------------- */

/** Does process @p pid live? An embryo does; a zombie does not. */
bool rules_live(int pid);

/** The memory at @p pa, in words. */
const char *rules_what_is(pa_t pa);

/*
 * Most calls of a fuzzer are refused and change nothing: the checks remember what they have found in
 * order, as long as that is small enough to be compared.
 */
struct rules_seen;

/** Is all as it was when @p seen was found in order? @p when: what of the machine counts. */
bool rules_seen_before(struct rules_seen **seen, u64 when);

/** All is in order now. */
void rules_seen_now(struct rules_seen *seen, u64 when);

/** The page at @p pa is given to somebody. */
void rules_page_given(pa_t pa);

/** An EL1 walk begins at @p root with @p asid. */
void rules_walk(u64 root, asid_t asid);

/** Entry @p e, a final translation of one ASID, is about to be flushed by its address. */
void rules_flushed(const struct tlb_entry *e);

/** The page at @p pa is written as a whole. */
void rules_page_written(pa_t pa);
