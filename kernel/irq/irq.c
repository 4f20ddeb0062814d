/*
 * Physical interrupts: whose each is, and what becomes of it. All come to EL2, also while a process masks its own. The
 * kernel handles a few itself; a process's is made pending for it and stays active until the process ends it; one
 * that nobody owns is masked and reported, once.
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/hypercall.h>
#include <hv8/irq.h>
#include <hv8/stat.h>
#include <hv8/string.h>
#include <hv8/sysreg.h>
#include <machine.h>
#include <uapi/errno.h>
#if LAB >= 6
#include <hv8/timer.h>
#endif

struct irq irqs[NIRQ] __attribute__((aligned(PAGE_SIZE)));
bool irq_on;

static const char *needed(void)
{
	char word[4] = "";

	bootarg("irq", word, sizeof(word));
	if (!strcmp(word, "off"))
		return "irq=off";
	if (!board.gic.maintenance || !board.gic.uart)
		return "the device tree has no interrupt for the console or the virtual interface";
	if (board.gic.vcpu.start % PAGE_SIZE)
		return "the virtual CPU interface is not a page of its own";
#if LAB >= 6
	if (board.gic.el1_timer != IRQ_TIMER || !board.gic.el2_timer)
		return "the timers' interrupts are not in the device tree, or not where the architecture has them";
#endif
	return gic_init();
}

/* The kernel's own come first: a process's device that never rests must not keep the tick from coming. */
static void kernels(intid_t intid)
{
	irqs[intid].type = IRQ_KERNEL;
	gic_urgent(intid);
	gic_enable(intid);
}

void irq_init(void)
{
	const char *problem = needed();
	intid_t intid;

	contexts[0].uses = USES_NOBODY;
	if (problem) {
		printk("hv8: no interrupts: %s\n", problem);
		return;
	}
	irq_on = true;
	for (intid = 0; intid < NIRQ; intid++) {
		const bool spi = intid >= 32 && intid < gic.lines;

		irqs[intid] = (struct irq){ spi ? IRQ_FREE : IRQ_NONE, IRQ_PRIORITY, 0 };
	}
	kernels(board.gic.maintenance);
	kernels(board.gic.uart);
	irqs[board.gic.uart].owner = INIT_PID;
	console_interrupts();
#if LAB >= 6
	if (timer_init()) {
		kernels(board.gic.el1_timer);
		kernels(board.gic.el2_timer);
	}
#endif
	printk("hv8: GICv%d, %u interrupts, %d list registers\n", gic.version, gic.lines, gic.nlr);
}

bool irq_is_physical(intid_t intid)
{
#if LAB >= 6
	if (intid == IRQ_TIMER)
		return true;
#endif
	return irqs[intid].type == IRQ_OWNED;
}

/* One of the kernel's own. Returns whether it is over, or a process will end it. */
USED_BY_HOLES static bool handle_own(intid_t intid)
{
	if (intid == board.gic.maintenance)
		vgic_maintain();
	if (intid == board.gic.uart && console_receive())
		vgic_pend((pid_t)irqs[intid].owner, intid);
#if LAB >= 6
	if (intid == IRQ_TIMER)
		return !timer_expired();
	if (intid == board.gic.el2_timer)
		timer_interrupt();
#endif
	return true;
}

/* Nobody wants it: it must not come again. */
USED_BY_HOLES static void mask(intid_t intid, const char *why)
{
	gic_disable(intid);
	stats[STAT_UNOWNED]++;
	printk("hv8: interrupt %u %s: masked\n", intid, why);
}

/* Who gets @p intid, acknowledged and dropped? Returns whether it is over, or a process will end it. */
USED_BY_HOLES static bool route(intid_t intid)
{
#if SOLUTION >= 5
	const struct irq *irq = &irqs[intid];

	if (irq->type == IRQ_KERNEL)
		return handle_own(intid);
	if (irq->type != IRQ_OWNED) {
		mask(intid, "belongs to nobody");
		return true;
	}
	if (procs[irq->owner].state == PROC_ZOMBIE) {
		mask(intid, "came for a dead process");
		return true;
	}
	vgic_pend((pid_t)irq->owner, intid);
	return false;
#else
	/*
	 * LAB 5: irqs[intid] tells: the kernel's own: handle_own(). A process's: vgic_pend(), and it is not over: the
	 * process will end it. Nobody's: mask() "belongs to nobody"; a zombie's: mask() "came for a dead process"; both
	 * are over then. Without the mask a device that nobody serves interrupts for ever.
	 */
	todo("route");
#endif
}

void irq_handle(void)
{
#if SOLUTION >= 5
	const intid_t intid = gic_ack();

	if (intid >= GIC_SPURIOUS) {
		stats[STAT_SPURIOUS]++;
		return;
	}
	stats[STAT_IRQS]++;
	gic_drop(intid);
	if (route(intid))
		gic_deactivate(intid);
#else
	/*
	 * LAB 5: acknowledge: gic_ack(). From GIC_SPURIOUS on there is none: count it in stats[STAT_SPURIOUS], that is
	 * all. Otherwise count it in stats[STAT_IRQS] and drop its priority, so that the next may come: gic_drop(). Then
	 * route() it; if it is over, gic_deactivate().
	 * Read: IHI 0069 4.1, "Interrupt lifecycle"; IHI 0048 3.2. Deactivated although a process will end it, a
	 * level-sensitive interrupt comes again at once, for ever. Not deactivated, it never comes again.
	 */
	todo("irq_handle");
#endif
}

bool irq_wakes(pid_t pid)
{
	return procs[pid].state == PROC_SLEEPING ||
	       (procs[pid].state == PROC_WAITING && procs[pid].wait_from == 0 &&
	        contexts[pid].uses);
}

/* Whether a device, or its timer, may interrupt @p pid. */
static bool has_source(pid_t pid)
{
#if LAB >= 6
	if (timer_is_set(&contexts[pid]))
		return true;
#endif
	return procs[pid].nirqs || irqs[board.gic.uart].owner == pid;
}

bool irq_expected(void)
{
	pid_t pid;

	for (pid = 1; irq_on && pid < NPROC; pid++)
		if (irq_wakes(pid) && has_source(pid))
			return true;
	return false;
}

void irq_idle(void)
{
	const struct context *self = current;

	while (irq_on && procs[0].next == 0 && current == self && !vgic_is_pending(self->pid) &&
	       (has_source(self->pid) || irq_expected())) {
		wfi();
		irq_handle();
	}
}

void irq_wake(pid_t pid)
{
	if (!irq_wakes(pid))
		return;
	if (procs[pid].state == PROC_WAITING)
		contexts[pid].frame.x[0] = (u64)-EINTR;
	wait_end(pid);
	ready_add(pid);
}

void irq_console(pid_t pid)
{
	struct irq *irq = &irqs[board.gic.uart];

	if (!irq_on)
		return;
	vgic_withdraw((pid_t)irq->owner, board.gic.uart, true);
	irq->owner = (u16)pid;
	if (console_has_input())
		vgic_pend(pid, board.gic.uart);
}

void irq_leave(struct context *context)
{
	if (context->uses & USES_GIC)
		vgic_leave(context->pid);
#if LAB >= 6
	if (context->uses & USES_TIMER)
		timer_leave(context);
#endif
}

void irq_enter(struct context *context)
{
#if LAB >= 6
	if (context->uses & USES_TIMER)
		timer_enter(context);
#endif
	if (context->uses & USES_GIC)
		vgic_enter(context->pid);
}

void irq_open(struct context *context)
{
	if (context->uses & USES_GIC)
		return; /* what is in the CPU is newer than what would be loaded */
	context->uses |= USES_GIC;
	if (context == current)
		vgic_enter(context->pid);
}

bool irq_first_use(u32 encoding)
{
	const u32 group = encoding & SYSREG(3, 7, 15, 0, 0), crm = encoding >> 1 & 15;

	if (!irq_on)
		return false;
	/* ICC_PMR_EL1, and the ICC_ registers: CRn 12, CRm 8..12 */
	if (gic.version == 3 && !(current->uses & USES_GIC) &&
	    (encoding == SYSREG(3, 0, 4, 6, 0) || (group == SYSREG(3, 0, 12, 0, 0) && crm >= 8))) {
		irq_open(current);
		return true;
	}
#if LAB >= 6
	/* CNTP_TVAL_EL0, CNTP_CTL_EL0, CNTP_CVAL_EL0 */
	if (slice != SLICE_NEVER && !(current->uses & USES_TIMER) &&
	    group == SYSREG(3, 3, 14, 0, 0) && crm == 2) {
		current->uses |= USES_TIMER;
		timer_enter(current);
		return true;
	}
#endif
	return false;
}

bool irq_send_sgi(u64 value)
{
	const u64 mpidr = read_sysreg(mpidr_el1);
	const u64 target =
		(value >> 16 & 0xff) << 8 | (value >> 32 & 0xff) << 16 | (value >> 48 & 0xff) << 32;
	const u64 bit = (mpidr & 0xff) - (value >> 44 & 0xf) * 16;

	/* A process has one CPU, its own: "all others" (IRM) and other affinities are nobody. */
	if (!irq_on)
		return false;
	if (!(value >> 40 & 1) && target == (mpidr & 0xff00ffff00) && bit < 16 && value >> bit & 1)
		vgic_pend(current->pid, value >> 24 & 15);
	return true;
}
