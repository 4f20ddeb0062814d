/*
 * The model machine: 512 MiB of DRAM at 0x40000000, a PL011, a GIC, timers, system registers,
 * firmware, a table walker. It does what the manuals say, not what the kernel expects, and it is stricter than
 * hardware: what the manual forbids or calls unpredictable fails the test that did it.
 *
 * DRAM is at the same address in the test program, so physical addresses are pointers. The kernel's
 * image is a stand-in without content: pointer_pa() sees its symbols at model.image, and its
 * variables in a range below DRAM.
 *
 * This header is for unit tests (unit.h adds cmocka) and for programs that stand alone
 * (standalone.c).
 */
#pragma once

#include <hv8/types.h>
#include "image.h"

#define MODEL_DRAM      0x40000000UL
#define MODEL_DRAM_SIZE (512UL << 20)

enum model_stop { MODEL_RETURNED, MODEL_OFF, MODEL_RESET, MODEL_EL1, MODEL_WFI };

struct model_uart {
	pa_t base;
	u32 ibrd, fbrd, lcr_h, cr, ifls, imsc;
	u32 pending;   /* RIS */
	u32 divisor;   /* in 64ths; what LCR_H latched, and so what the line runs at */
	int tx_level;  /* bytes still to be sent */
	int byte_time; /* reads of FR until one byte is sent; 0: at once */
	int waited, polls;
	u16 rx[64]; /* with error bits 11:8; what has no room in the FIFO waits on the line */
	int rx_count;
	bool overrun;       /* the next byte that is read says so */
	u32 rsr;            /* and RSR, at once, until ECR is written */
	char sent[1 << 16]; /* every byte that was not lost, terminated */
	size_t nsent;
	int lost; /* bytes written while the FIFO was full or the transmitter off */
};

/* Mistakes that the seam makes for the kernel, to show that the model notices each. */
enum model_plant {
	PLANT_NONE,
	PLANT_NO_NG,          /* EL1 leaves are stored without nG */
	PLANT_NO_BREAK,       /* an entry that becomes invalid and valid again never was invalid */
	PLANT_NO_FLUSH_PAGE,  /* tlb_flush_page() does nothing */
	PLANT_FLUSH_ASID_0,   /* it takes ASID 0 */
	PLANT_FLUSH_WRONG_VA, /* it takes the next page */
	PLANT_FLUSH_EL2,      /* it flushes the other regime */
	PLANT_FLUSH_NO_REUSE, /* tlb_flush_asid() does nothing */
};

/* A TLB maintenance instruction, as it reached the TLB. */
struct model_tlbi {
	u64 count;        /* of all so far */
	const char *name; /* of the last; NULL: there was none */
	asid_t asid;
	u64 va;
	u64 at_change; /* `count` when an EL1 table entry last ceased to be valid */
	bool broken;   /* one has, and no TLBI by address followed */
	bool made;     /* and then one became valid */
};

/* The interrupt controller; a test may change this before the first use. */
struct model_gic {
	int version;          /* 2, 3, or 0: there is none */
	int nlr;              /* list registers, 1 to 16 */
	bool single_security; /* GICD_CTLR.DS is 1, or a GICv2 without Security Extensions; else the
	                       * kernel is Non-secure */
	u32 dirty;            /* not 0: as firmware left it; each number leaves it otherwise */
};

struct model {
	pa_t image; /* where the kernel was loaded */
	enum model_plant plant;
	void (*asleep)(
		void);     /* once, when wfi() finds nothing signalled: what a device does then */
	bool speculates;   /* model_speculate() happens by itself, whenever it could hurt */
	bool allow_global; /* an EL1 entry without nG does not fail the test */
	bool allow_late_flush; /* a flush behind the make does not fail the test */
	struct model_uart uart;
	struct model_gic gic;
	int isb, dsb, icache;
	int tlbi_el2, tlbi_el1, flush_page, flush_asid; /* calls of each */
	asid_t flushed_asid; /* of the last tlb_flush_page() or _asid() */
	uva_t flushed_va;
	struct model_tlbi tlbi;
	int publish, page_zero, page_copy; /* calls of each */
	int unpublished; /* valid EL1 entries stored, and no barrier since: a walk may miss them */
	struct {
		pte_t *entry;
		pte_t value;
	} unbroken;                    /* PLANT_NO_BREAK */
	pa_t icache_start, icache_end; /* of the last icache_sync() */
	pa_t dcache_start, dcache_end;
	pa_t cleaned_start, cleaned_end;
	int stores; /* pte_store() */
	struct {
		bool by_hvc;
		u64 function;
	} firmware[4];
	int nfirmware;
	bool cannot_power_off, cannot_reset; /* firmware without PSCI SYSTEM_OFF, SYSTEM_RESET */
	u64 fp[66];                          /* q0..q31, FPSR, FPCR */
};

extern struct model model;

/** Switch the machine off and on: everything, the kernel's variables too, is as at boot. */
void model_reset(void);

/** What the machine holds beside memory, the TLB and `model`: system registers, GIC, timers. */
struct model_state {
	u64 words[3072];
};

/** To be compared as a whole, or put back. */
void model_save(struct model_state *to);
void model_restore(const struct model_state *from);

/** Run kernel code until it returns or stops the machine. Elsewhere a stop fails the test. */
enum model_stop model_run(void (*code)(void *argument), void *argument);

/** End the test, or the program, with this message. Defined by unit.c or standalone.c. */
_Noreturn void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Let program @p name fail if it computes for 20 seconds without model_progress(). */
void model_start_alarm(const char *name);

/** What the test does now, for the report if it never ends. */
void model_progress(const char *what, u64 number);

/** Everything sent to the UART since boot or the last call. */
const char *model_output(void);

/** Let the machine receive @p text, as fast as its FIFO takes it; at most 64 bytes wait. */
void model_type(const char *text);

/** Let it receive @p text at once: what finds the FIFO full is lost. */
void model_flood(const char *text);

/** How often system register @p name was written since boot. */
int model_sysreg_writes(const char *name);

/** Change a register from outside: also one that is read-only to software. */
void model_sysreg_set(const char *name, u64 value);

/** A repeatable random number; model_reset() starts the series again. */
u64 model_random(void);

struct model_translation {
	const char *fault; /* NULL if @p address is translated */
	int level;         /* at which the walk ended */
	pa_t pa;
	bool read, write, execute; /* for EL1 or EL2, whichever was asked for */
	bool el0_read, el0_write, el0_execute;
	u8 memory; /* the attribute byte of MAIR_ELx: 0xff normal write-back, 0x04 Device-nGnRE */
	int shareability;
	bool global;
	bool hit; /* it was in the TLB already */
};

/** Walk the tables for @p address with the current registers, in the EL2 or EL1&0 regime. The TLB is
 * not asked. */
struct model_translation model_translate(int el, u64 address);

/*
 * The TLB. It is the worst that the manual allows: an entry, or a table on the way to one, stays
 * until a TLBI removes it, whatever the tables say meanwhile.
 */

enum access { READ, WRITE, EXECUTE };

/** Let EL @p el use @p va now: what it gets, from the TLB if that has an entry, right or stale. */
struct model_translation model_access(u64 va, enum access access, int el);

/** Load everything that TTBR0_EL1 leads to, as the hardware may at any time. */
void model_speculate(void);

/** How many entries the TLB has for @p asid, tables on the way included. */
int model_tlb_count(asid_t asid);

/* The rules, over the kernel's tables of pages and processes. */

/** Fail if a live process could see, by its ASID, anything but what its tables say now. */
void model_check_tlb(void);

/** Fail if a table of a live process leads where it must not, or lets it do what it must not. */
void model_check_tables(void);

/*
 * Interrupts. GICD is at 0x08000000; GICv3: GICR at 0x080a0000, another CPU's first; GICv2: GICC at
 * 0x08010000, GICH at 0x08030000, GICV at 0x08040000. INTIDs 0 to 127: 25 is maintenance, 26 CNTHP,
 * 30 CNTP, 33 the UART.
 */

/** Input @p intid is @p high from now on. */
void model_irq_level(u32 intid, bool high);

/** Input @p intid goes high, and low again. */
void model_irq_pulse(u32 intid);

/** Is a physical IRQ signalled to the CPU? */
bool model_irq_line(void);

struct model_irq {
	bool enabled, pending, active, edge;
	bool group; /* Group 1 */
	bool here;  /* for this CPU */
	u8 priority;
};

/** What the distributor or redistributor holds of @p intid. */
struct model_irq model_irq(u32 intid);

/* The process at its virtual CPU interface: ICC_*_EL1 or GICV. A test fails if it could not. */

/** It sets its priority mask to the lowest, and enables the group of its IRQs. */
void model_virq_open(void);

/** Is a virtual IRQ signalled to it? */
bool model_virq_line(void);

/** What it reads from IAR; 1023 if nothing is signalled. */
u32 model_virq_ack(void);

/** It writes to EOIR what it has read from IAR. */
void model_virq_eoi(u32 iar);

/** It writes that to DIR, after EOIR, if it has chosen EOImode 1. */
void model_virq_dir(u32 iar);

/** Fail if a process may not run with the GIC as it is; the process's functions do this too. */
void model_check_gic(void);

/** CNTPCT_EL0: 62500000 ticks are a second. Time passes only by the next function, and by wfi(). */
u64 model_time(void);

/** Let time pass. */
void model_time_advance(u64 ticks);
