/* Interrupts by hypercall: uapi/hypercall.def documents them. */
#include <hv8/board.h>
#include <hv8/hypercall.h>
#include <hv8/irq.h>
#include <uapi/errno.h>

static bool is_spi(u64 intid)
{
	return intid >= 32 && intid < gic.lines && irqs[intid].type != IRQ_NONE;
}

/* Whether @p intid is each process's own: an SGI, its timer. */
static bool is_private(u64 intid)
{
#if LAB >= 6
	if (intid == IRQ_TIMER)
		return irq_on;
#endif
	return irq_on && intid < IRQ_SGIS;
}

/* Whether @p intid is an interrupt that the caller can get: a private one, an SPI of its own, the console's if it owns that. */
static i64 check_mine(u64 intid)
{
	if (!is_private(intid) && !is_spi(intid))
		return -EINVAL;
	return is_private(intid) || irqs[intid].owner == (u32)current->pid ? 0 : -EPERM;
}

i64 hc_alloc_irq(u64 intid, u64 trigger)
{
	if (!is_spi(intid) || trigger > IRQ_EDGE)
		return -EINVAL;
	if (irqs[intid].type != IRQ_FREE)
		return -EBUSY;
	irqs[intid] = (struct irq){ IRQ_OWNED, IRQ_PRIORITY, (u16)current->pid };
	procs[current->pid].nirqs++;
	gic_configure((intid_t)intid, trigger == IRQ_EDGE);
	gic_enable((intid_t)intid);
	return 0;
}

i64 hc_reclaim_irq(u64 intid)
{
	u32 owner;

	if (!is_spi(intid) || irqs[intid].type != IRQ_OWNED)
		return -EINVAL;
	owner = irqs[intid].owner;
	if (owner != (u32)current->pid && procs[owner].state != PROC_ZOMBIE)
		return -EPERM;
	gic_forget((intid_t)intid);
	vgic_withdraw((pid_t)owner, (intid_t)intid, true);
	irqs[intid] = (struct irq){ IRQ_FREE, IRQ_PRIORITY, 0 };
	procs[owner].nirqs--;
	return 0;
}

i64 hc_ack_irq(u64 intid)
{
	const i64 error = check_mine(intid);

	if (error)
		return error;
	if (!vgic_withdraw(current->pid, (intid_t)intid, false))
		return -EAGAIN;
	if (irq_is_physical((intid_t)intid))
		gic_inactivate((intid_t)intid);
	return 0;
}

i64 hc_wait(void)
{
	if (vgic_is_pending(current->pid))
		return 0;
	procs[current->pid].state = PROC_SLEEPING;
	proc_run_next();
	return 0;
}

/* Whether the caller may interrupt @p pid: itself, its parent, its children. */
static bool is_kin(u64 pid)
{
	return pid == (u64)current->pid || pid == procs[current->pid].parent ||
	       procs[pid].parent == (u32)current->pid;
}

i64 hc_raise_irq(u64 pid, u64 intid)
{
	const bool sgi = irq_on && intid < IRQ_SGIS;

	if (pid == 0 || pid >= NPROC || procs[pid].state == PROC_FREE || (!sgi && !is_spi(intid)))
		return -EINVAL;
	if (sgi ? !is_kin(pid)
	        : pid != (u64)current->pid || irqs[intid].type != IRQ_OWNED ||
	                    irqs[intid].owner != pid)
		return -EPERM;
	if (procs[pid].state == PROC_ZOMBIE)
		return -ESRCH;
	if (sgi)
		vgic_pend((pid_t)pid, (intid_t)intid);
	else
		gic_pend((intid_t)intid);
	return 0;
}

i64 hc_irq_priority(u64 intid, u64 priority)
{
	const i64 error = check_mine(intid);

	if (error == -EINVAL || priority & ~(u64)PRIORITY_MASK)
		return -EINVAL;
	if (error)
		return error;
	if (intid < 32)
		vgics[current->pid].priority[intid] = (u8)priority;
	else
		irqs[intid].priority = (u8)priority;
	return 0;
}
