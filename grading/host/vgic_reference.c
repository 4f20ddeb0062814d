/*
 * The reference for sequences of interrupts (vgic_reference.h), and the events.
 */
#include "unit.h"
#include "vgic_reference.h"

#include <hv8/hypercall.h>
#include <hv8/inv.h>
#include <machine.h>
#include <string.h>

static const u32 priorities[KINDS] = { 0xc0, 0x80, 0x40, 0x80 };
struct has has[3];

static u32 intid_of(int pid, int kind)
{
	return kind == SPI ? DEVICE + (u32)pid - 1 : 1 + (u32)kind;
}

static bool is_edge(int pid)
{
	return pid == 1;
}

static bool is_active(const struct has *h, int kind)
{
	int i;

	for (i = 0; i < h->depth; i++)
		if (h->handlers[i].kind == kind && !h->handlers[i].reclaimed)
			return true;
	return false;
}

/* The SPI's next one comes when the last is over. */
static void settle(struct has *h, bool edge)
{
	if (!h->raised || h->pending[SPI] || is_active(h, SPI))
		return;
	h->pending[SPI] = true;
	if (edge)
		h->raised = false;
}

/* The priority that is delivered next; 0x100: nothing is. Whoever handles as many as there are list registers gets no more. */
static u32 next_priority(const struct has *h)
{
	u32 best = 0x100;
	int kind, active = 0;

	for (kind = 0; kind < KINDS; kind++) {
		active += is_active(h, kind);
		if (h->pending[kind] && priorities[kind] < best)
			best = priorities[kind];
	}
	if (active >= gic.nlr || (h->depth && best >= priorities[h->handlers[h->depth - 1].kind]))
		return 0x100;
	return best;
}

/* ---- kernel, GIC and reference say the same ---------------------------------------------------- */

static u64 list_register(int pid, int n)
{
	if (!(vgics[pid].used >> n & 1))
		return 0;
	return pid == current->pid ? gic_lr_read(n) : vgics[pid].lr[n];
}

void reference_agrees(void)
{
	int pid, kind, n;

	for (pid = 1; pid <= 2; pid++) {
		const struct has *h = &has[pid];

		for (kind = 0; kind < KINDS; kind++) {
			const u32 intid = intid_of(pid, kind);
			u64 state = vgics[pid].pending[0] >> intid & 1 ? LR_PENDING : 0;

			for (n = 0; n < gic.nlr; n++)
				if (LR_INTID(list_register(pid, n)) == intid)
					state |= list_register(pid, n) & LR_STATE;
			if (!(state & LR_PENDING) == h->pending[kind])
				model_fail("interrupt %u of process %d should%s be pending", intid,
				           pid, h->pending[kind] ? "" : " not");
			if (!(state & LR_ACTIVE) == is_active(h, kind))
				model_fail("interrupt %u of process %d should%s be active", intid,
				           pid, is_active(h, kind) ? "" : " not");
			if (kind != SPI)
				continue;
			if (model_irq(intid).active != (h->pending[SPI] || is_active(h, SPI)))
				model_fail("the physical interrupt %u should%s be active", intid,
				           model_irq(intid).active ? " not" : "");
			if (model_irq(intid).pending != h->raised)
				model_fail("the physical interrupt %u should%s be pending", intid,
				           h->raised ? "" : " not");
		}
	}
	if (!inv_vgic(1) || !inv_vgic(2) || !inv_irq(DEVICE) || !inv_irq(OTHER_DEVICE) ||
	    !inv_irq(33))
		drive_must_hold("behind the latest event");
}

/* ---- the events -------------------------------------------------------------------------------- */

/* As irq.S: the interrupts that are signalled are taken at once. */
static void take(void)
{
	int taken;

	for (taken = 0; model_irq_line(); taken++) {
		if (taken == 100)
			model_fail("an interrupt is signalled for ever");
		irq_handle();
	}
	model_check_gic();
}

static void must(i64 result, i64 expected, const char *what)
{
	if (result != expected)
		model_fail("%s of process %d gives %ld, and not %ld", what, current->pid,
		           (long)result, (long)expected);
}

static bool raise_sgi(int pid, int kind)
{
	must(hc_raise_irq((u64)pid, intid_of(pid, kind)), 0, "raise_irq");
	has[pid].pending[kind] = true;
	return true;
}

static bool raise_device(int pid, int unused)
{
	struct has *h = &has[pid];

	if (is_edge(pid))
		model_irq_pulse(intid_of(pid, SPI));
	else
		model_irq_level(intid_of(pid, SPI), true);
	h->raised = true;
	settle(h, is_edge(pid));
	return true;
}

/* A driver's first deed: the device wants nothing any more. */
static void silence(int pid)
{
	if (is_edge(pid))
		return;
	model_irq_level(intid_of(pid, SPI), false);
	has[pid].raised = false;
}

static bool acknowledge(int unused, int unused2)
{
	const int pid = current->pid;
	struct has *h = &has[pid];
	const u32 iar = model_virq_ack(), expected = next_priority(h);
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (iar == intid_of(pid, kind))
			break;
	if ((expected == 0x100) != (iar == NO_IRQ))
		model_fail("process %d gets interrupt %u; of what is pending priority 0x%x is next",
		           pid, iar, expected);
	if (iar == NO_IRQ)
		return true;
	if (kind == KINDS || !h->pending[kind])
		model_fail("process %d gets interrupt %u, which is not pending for it", pid, iar);
	if (priorities[kind] != expected)
		model_fail("process %d gets interrupt %u, and priority 0x%x is pending", pid, iar,
		           expected);
	h->pending[kind] = false;
	h->handlers[h->depth].kind = (u8)kind;
	h->handlers[h->depth++].reclaimed = false;
	if (kind == SPI)
		silence(pid);
	return true;
}

static bool end(int unused, int unused2)
{
	const int pid = current->pid;
	struct has *h = &has[pid];

	if (h->depth == 0)
		return false;
	h->depth--;
	model_virq_eoi(intid_of(pid, h->handlers[h->depth].kind));
	settle(h, is_edge(pid));
	return true;
}

static bool change(int unused, int unused2)
{
	struct context *from = current;

	must(hc_switch(3 - (u64)current->pid), 0, "switch");
	proc_switch(from);
	return true;
}

static void own(void)
{
	const int pid = current->pid;

	must(hc_alloc_irq(intid_of(pid, SPI), is_edge(pid) ? IRQ_EDGE : 0), 0, "alloc_irq");
}

static bool reclaim(int unused, int unused2)
{
	const int pid = current->pid;
	struct has *h = &has[pid];
	int i;

	silence(pid);
	must(hc_reclaim_irq(intid_of(pid, SPI)), 0, "reclaim_irq");
	h->pending[SPI] = h->raised = false;
	for (i = 0; i < h->depth; i++)
		if (h->handlers[i].kind == SPI)
			h->handlers[i].reclaimed = true;
	own();
	return true;
}

static bool ack_irq(int unused, int kind)
{
	const int pid = current->pid;
	struct has *h = &has[pid];

	if (kind == SPI)
		silence(pid);
	must(hc_ack_irq(intid_of(pid, kind)), h->pending[kind] ? 0 : -EAGAIN, "ack_irq");
	h->pending[kind] = false;
	settle(h, is_edge(pid));
	return true;
}

const struct event events[NEVENT] = {
	{ "raise_irq(1, low)", raise_sgi, 1, LOW },
	{ "raise_irq(1, middle)", raise_sgi, 1, MIDDLE },
	{ "raise_irq(1, high)", raise_sgi, 1, HIGHEST },
	{ "raise_irq(2, low)", raise_sgi, 2, LOW },
	{ "raise_irq(2, middle)", raise_sgi, 2, MIDDLE },
	{ "raise_irq(2, high)", raise_sgi, 2, HIGHEST },
	{ "device of 1", raise_device, 1, SPI },
	{ "device of 2", raise_device, 2, SPI },
	{ "IAR", acknowledge, 0, 0 },
	{ "EOIR", end, 0, 0 },
	{ "switch", change, 0, 0 },
	{ "reclaim_irq, alloc_irq", reclaim, 0, SPI },
	{ "ack_irq(middle)", ack_irq, 0, MIDDLE },
	{ "ack_irq(SPI)", ack_irq, 0, SPI },
};

bool reference_event(size_t i)
{
	if (!events[i].happens(events[i].pid, events[i].kind))
		return false;
	take();
	return true;
}

static bool has_any(const struct has *h)
{
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (h->pending[kind])
			return true;
	return h->depth;
}

void reference_drain(void)
{
	int pass;

	for (pass = 0; pass < 4; pass++) {
		while (has_any(&has[current->pid])) {
			while (end(0, 0))
				take();
			acknowledge(0, 0);
			take();
		}
		change(0, 0);
		take();
	}
	reference_agrees();
	if (has_any(&has[1]) || has_any(&has[2]) || vgic_is_pending(1) || vgic_is_pending(2) ||
	    list_register(current->pid, 0) & LR_STATE || list_register(current->pid, 1) & LR_STATE)
		model_fail("something is left when both processes have ended everything");
	acknowledge(0, 0);
}

void reference_begin(int version)
{
	int pid, kind;

	memset(has, 0, sizeof(has));
	world_irq(gic_of(version, 2), "");
	child(2);
	for (pid = 2; pid > 0; pid--) {
		run((u64)pid);
		opens();
		own();
		for (kind = 0; kind < KINDS; kind++)
			ok(irq_priority, intid_of(pid, kind), priorities[kind]);
	}
	reference_agrees();
}
