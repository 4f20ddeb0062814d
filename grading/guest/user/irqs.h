/* What the programs that test interrupts share. */
#pragma once

#include "fault.h"
#include "irq.h"

/* SPIs that no device of any board that the tests run on raises: the distributor raises them, by hypercall. */
#define SPI 164UL

/** Hexadecimal digit @p k of @p word, from the left: 0..15. */
static inline u64 digit(u64 word, u64 k)
{
	return word >> (60 - 4 * k) & 15;
}

/** Let in, for a while, what is pending, and what will be pending by that. */
static inline void irq_window(void)
{
	int i;

	irq_on();
	for (i = 0; i < 100; i++)
		__asm__ volatile("nop");
	irq_off();
}

/**
 * irq_window(), for an interrupt that was raised while it was active. When a process ends a physical one, QEMU's GICv2 looks at
 * the next write to the distributor only whether it is pending still; real ones look at once.
 */
static inline void irq_window_again(void)
{
	irq_window();
	hv8_alloc_irq(SPI + 20, 0);
	hv8_reclaim_irq(SPI + 20);
	irq_window();
}

/** Interrupts are masked: sleep until one is pending, let it in, until @p done. */
static inline void sleep_until(const volatile bool *done)
{
	while (!*done) {
		hv8_wait();
		irq_window();
	}
}

/** irq_begin(), or the end of the program, with the error printed. */
static inline void irq_begin_or_end(void (*handler)(u64 intid))
{
	i64 error = irq_begin(handler);

	if (error) {
		line_decimal("irq_begin", error);
		hv8_exit(1);
	}
}

/** Whether the caller, behind irq_begin(), has a GICv2's page at UVA_GICV. */
static inline bool has_gicv(void)
{
	const u64 table = (u64)table_of((u64)hv8_getpid(), 3, UVA_GICV);

	return hv8_map_gicv(table, table_index(UVA_GICV, 3)) == -EBUSY;
}
