/* What the device tree says of the board: everything that differs between two machines that run the
 * same image. */
#pragma once

#include <hv8/types.h>

#define BOARD_NMEMORY   8   /* ranges of memory, at most */
#define BOARD_NRESERVED 32  /* reserved ranges, at most */
#define BOOTARGS_MAX    512 /* bytes of boot arguments, with their end */

/* Physical addresses from `start` to before `end`; empty if both are the same. */
struct range {
	pa_t start, end; /* [start, end) */
};

#if LAB >= 5
#define BOARD_NREDIST 4 /* regions of redistributors, at most */

/* The interrupt controller, and the interrupts that the kernel itself needs; INTIDs, 0 if the device tree has none. */
struct board_gic {
	int version;                        /* 2, 3; 0: none that hv8 knows */
	struct range dist;                  /* the distributor, GICD */
	struct range redist[BOARD_NREDIST]; /* GICv3 */
	int nredist;                        /* how many of them there are */
	struct range cpu, hyp, vcpu; /* GICv2: GICC, GICH, GICV; empty if the tree does not tell */
	intid_t maintenance, uart, el1_timer, el2_timer; /* who raises it */
};
#endif

/* What board_read() found. */
struct board {
	struct range image;                             /* the kernel, with .bss and stacks */
	struct range fdt;                               /* the device tree */
	struct range initrd;                            /* empty if none */
	struct range memory[BOARD_NMEMORY];             /* all DRAM */
	struct range reserved[BOARD_NRESERVED];         /* never touch, not even speculatively */
	int nmemory, nreserved;                         /* ranges of each that there are */
	struct range uart;                              /* the console; empty if none was found */
	u32 uart_clock;                                 /* Hz, 0 if the device tree does not tell */
	enum { PSCI_UNKNOWN, PSCI_SMC, PSCI_HVC } psci; /* how to call the firmware */
#if LAB >= 5
	struct board_gic gic; /* version 0 if there is none */
	u32 timer_clock;      /* Hz, where CNTFRQ_EL0 is not to be trusted; else 0 */
#endif
	char bootargs[BOOTARGS_MAX]; /* always terminated; cut if longer */
};

extern struct board board; /* the one that the kernel runs on */

/**
 * Fill @p b from the device tree at @p fdt.
 *
 * @return NULL, or what is wrong with the tree, in words
 */
const char *board_read(struct board *b, pa_t fdt);

#if LAB >= 5
struct fdt;

/** Read the interrupt controller, the timers and the console's interrupt from @p fdt to @p b; @p console is its node, or
 * negative. */
void board_read_irq(struct board *b, const struct fdt *fdt, int console);
#endif

/**
 * Find "name=value" among the words of the boot arguments.
 *
 * @param name   what stands before the equals sign
 * @param value  room for @p size bytes; receives the value, terminated, cut if longer
 * @return whether it was there
 */
bool bootarg(const char *name, char *value, size_t size);

/** Firmware services (PSCI, ARM DEN 0022). Returns only if the firmware has no such service. */
void psci_system_off(void);
