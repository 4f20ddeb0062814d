/* See irq.h. */
#include "irq.h"

/* GICV, IHI 0048 5.5 */
#define GICV_CTLR 0x00
#define GICV_PMR  0x04
#define GICV_BPR  0x08
#define GICV_IAR  0x0c
#define GICV_EOIR 0x10

extern const char irq_vectors[]; /* vectors.S */
void irq_take(void);

static void (*handle)(u64 intid);
static bool memory_mapped; /* a GICv2 */

static volatile u32 *gicv(u64 offset)
{
	return (volatile u32 *)(UVA_GICV + offset);
}

#define write(reg, value) \
	__asm__ volatile("msr " #reg ", %0\n\tisb" : : "r"((u64)(value)) : "memory")

i64 irq_begin(void (*handler)(u64 intid))
{
	const i64 table = table_of((u64)hv8_getpid(), 3, UVA_GICV);
	i64 error;

	if (hv8_ack_irq(0) == -EINVAL)
		return -ENOENT; /* there is not even an SGI */
	error = table < 0 ? table : hv8_map_gicv((u64)table, table_index(UVA_GICV, 3));
	if (error && error != -ENOENT && error != -EBUSY)
		return error;
	memory_mapped = error != -ENOENT;
	handle = handler;
	__asm__ volatile("msr vbar_el1, %0\n\tisb" : : "r"(irq_vectors));
	if (memory_mapped) {
		*gicv(GICV_BPR) = 0;
		*gicv(GICV_CTLR) = 1;
	} else {
		write(icc_bpr1_el1, 0);
		write(icc_igrpen1_el1, 1);
	}
	irq_mask(0xff);
	return 0;
}

void irq_mask(u64 mask)
{
	if (memory_mapped)
		*gicv(GICV_PMR) = (u32)mask;
	else
		write(icc_pmr_el1, mask);
}

u64 irq_ack(void)
{
	u64 intid;

	if (memory_mapped)
		return *gicv(GICV_IAR) & 0x3ff;
	__asm__ volatile("mrs %0, icc_iar1_el1" : "=r"(intid) : : "memory");
	return intid;
}

void irq_end(u64 intid)
{
	if (memory_mapped)
		*gicv(GICV_EOIR) = (u32)intid;
	else
		write(icc_eoir1_el1, intid);
}

/* Called by irq_vectors. */
void irq_take(void)
{
	const u64 intid = irq_ack();

	if (intid == IRQ_NOTHING)
		return; /* it was withdrawn meanwhile */
	handle(intid);
	irq_end(intid);
}

#if LAB >= 6
void timer_sleep(u64 time)
{
	timer_set(time);
	while (timer_now() < time)
		hv8_wait();
	timer_off();
	hv8_ack_irq(IRQ_TIMER);
}
#endif
