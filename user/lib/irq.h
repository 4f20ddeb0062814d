/*
 * Interrupts in a program, taken as a kernel takes them: through its own vectors, acknowledged and ended at its own virtual CPU
 * interface. irq_begin() hides whether that is a GICv3's system registers or a GICv2's page.
 */
#pragma once

#include "space.h"

#define IRQ_NOTHING 1023UL /* irq_ack(): none is pending */

/** The table of interrupts, where it is mapped at birth. */
#define IRQS ((const volatile struct irq *)UVA_IRQS)

/**
 * Take the virtual CPU interface: from now on VBAR_EL1 is irq_vectors, and every priority is let through. Interrupts come when
 * irq_on() lets them.
 *
 * @param handler  called for each interrupt, masked, between acknowledgement and end; it may irq_on() itself
 * @return 0, or -ENOENT (there are no interrupts here: irq=off), or an error of map_gicv
 */
i64 irq_begin(void (*handler)(u64 intid));

/** Let interrupts in: PSTATE.I is 0. */
static inline void irq_on(void)
{
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

/** Let no interrupt in. */
static inline void irq_off(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
}

/** Acknowledge the interrupt that comes first; it is active now. @return its INTID, or IRQ_NOTHING */
u64 irq_ack(void);

/** End interrupt @p intid, the last one that was acknowledged and not ended. */
void irq_end(u64 intid);

/** Let through only priorities above @p mask, that is lower numbers. */
void irq_mask(u64 mask);

/** Send SGI @p intid, 0..15, to oneself. On a GICv3 a write of ICC_SGI1R_EL1 does the same, at a higher price. */
static inline void irq_send(u64 intid)
{
	hv8_raise_irq((u64)hv8_getpid(), intid);
}

#if LAB >= 6
/** The counter (CNTPCT_EL0). */
static inline u64 timer_now(void)
{
	u64 count;

	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(count) : : "memory");
	return count;
}

/** Its frequency in Hz (CNTFRQ_EL0). */
static inline u64 timer_hz(void)
{
	u64 hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}

/** Let IRQ_TIMER be raised when the counter reaches @p time, until then and again from timer_off() on it is not. */
static inline void timer_set(u64 time)
{
	__asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb"
	                 :
	                 : "r"(time), "r"(1UL)
	                 : "memory");
}

/** IRQ_TIMER is not raised any more. */
static inline void timer_off(void)
{
	__asm__ volatile("msr cntp_ctl_el0, xzr\n\tisb" : : : "memory");
}

/** Sleep until the counter reaches @p time, with interrupts masked or not; without a handler for IRQ_TIMER. */
void timer_sleep(u64 time);
#endif
