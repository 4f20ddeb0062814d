/*
 * What is true of interrupts before and after every hypercall. Checked kernels and host tests evaluate it. Of the process
 * that runs, list registers are in the CPU, and may be emptier than vgics[] says.
 */
#include <hv8/board.h>
#include <hv8/inv.h>
#include <hv8/irq.h>

bool inv_irq(u32 intid)
{
	const struct irq *irq = &irqs[intid];
	const bool exists = irq_on && intid < gic.lines;

	switch (irq->type) {
	case IRQ_NONE:
		return irq->owner == 0;
	case IRQ_FREE:
		return exists && intid >= 32 && irq->owner == 0;
	case IRQ_OWNED:
		return exists && intid >= 32 && irq->owner && irq->owner < NPROC &&
		       procs[irq->owner].state != PROC_FREE;
	case IRQ_KERNEL:
		return exists && (irq->owner == 0 || intid == board.gic.uart);
	}
	return false;
}

/* Whether process @p pid may have interrupt @p intid. */
static bool may_have(u32 pid, intid_t intid)
{
#if LAB >= 6
	if (intid == IRQ_TIMER)
		return contexts[pid].uses & USES_TIMER;
#endif
	return intid < IRQ_SGIS || (intid < NIRQ && irqs[intid].owner == pid);
}

bool inv_vgic(u32 pid)
{
	const struct vgic *v = &vgics[pid];
	u64 seen[NIRQ / 64] = { 0 };
	u32 i, used;

	if (pid == 0 || procs[pid].state == PROC_FREE || !irq_on)
		return true;
	for (i = 0; i < NIRQ / 64; i++) {
		u64 bits;

		for (bits = v->pending[i]; bits; bits &= bits - 1)
			if (!may_have(pid, 64 * i + (u32)__builtin_ctzl(bits)))
				return false;
		if ((v->words >> i & 1) != (v->pending[i] != 0))
			return false;
	}
	if (v->used >> gic.nlr || (v->used && !(contexts[pid].uses & USES_GIC)))
		return false;
	for (used = v->used; used; used &= used - 1) {
		const u64 lr = v->lr[__builtin_ctz(used)];
		const intid_t intid = LR_INTID(lr);

		if (!may_have(pid, intid) || seen[intid / 64] >> intid % 64 & 1 ||
		    !(lr & LR_HW) == irq_is_physical(intid))
			return false;
		seen[intid / 64] |= 1UL << intid % 64;
	}
	return true;
}
