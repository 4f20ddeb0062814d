/* What the device tree says of the board: everything that differs between two machines that run the
 * same image. */
#pragma once

#include <hv8/types.h>

#define BOARD_NMEMORY   8
#define BOARD_NRESERVED 32
#define BOOTARGS_MAX    512

struct range {
	pa_t start, end; /* [start, end) */
};

struct board {
	struct range image; /* the kernel, with .bss and stacks */
	struct range fdt;
	struct range initrd; /* empty if none */
	struct range memory[BOARD_NMEMORY];
	struct range reserved[BOARD_NRESERVED]; /* never touch, not even speculatively */
	int nmemory, nreserved;
	struct range uart;                              /* the console; empty if none was found */
	u32 uart_clock;                                 /* Hz, 0 if the device tree does not tell */
	enum { PSCI_UNKNOWN, PSCI_SMC, PSCI_HVC } psci; /* how to call the firmware */
	char bootargs[BOOTARGS_MAX];                    /* always terminated; cut if longer */
};

extern struct board board;

/**
 * Fill @p b from the device tree at @p fdt.
 *
 * @return NULL, or what is wrong with the tree, in words
 */
const char *board_read(struct board *b, pa_t fdt);

/**
 * Find "@p name=value" among the words of the boot arguments.
 *
 * @param value  room for @p size bytes; receives the value, terminated, cut if longer
 * @return whether it was there
 */
bool bootarg(const char *name, char *value, size_t size);

/** Firmware services (PSCI, ARM DEN 0022). Returns only if the firmware has no such service. */
void psci_system_off(void);
