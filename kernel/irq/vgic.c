/*
 * Virtual interrupts. What is raised for a process stands in its pending set until a list register takes it; the list
 * registers of the process that runs are in the CPU, where it acknowledges and ends its interrupts without the kernel.
 *
 *	raised -> pending set -> list register: pending -> active -> empty
 *	          vgic_pend()    vgic_fill()     its IAR    its EOIR
 *
 * At any time each INTID is in at most one of the two, but an active one may be pending again. The list registers hold what comes
 * first. Rules: a register is read back only if it may hold something; the registers of a process that does not
 * run are in struct vgic, and those of the CPU are empty then.
 *
 * A list register with HW = 1 belongs to a physical interrupt that is active meanwhile: it cannot come again before the
 * process ends it, which ends both.
 */
#include <hv8/console.h>
#include <hv8/irq.h>
#include <hv8/stat.h>
#include <hv8/string.h>

struct vgic vgics[NPROC];
static pid_t loaded; /* whose list registers are in the CPU; 0: nobody's */

static u32 priority_of(const struct vgic *v, intid_t intid)
{
	return intid < 32 ? v->priority[intid] : irqs[intid].priority;
}

static void set_pending(struct vgic *v, intid_t intid)
{
	v->pending[intid / 64] |= 1UL << intid % 64;
	v->words |= 1U << intid / 64;
}

/* Whether it was. */
static bool clear_pending(struct vgic *v, intid_t intid)
{
	u64 *word = &v->pending[intid / 64];
	const bool was = *word >> intid % 64 & 1;

	*word &= ~(1UL << intid % 64);
	if (*word == 0)
		v->words &= ~(1U << intid / 64);
	return was;
}

/* Of the pending set: the highest priority (the lowest number), of equals the lowest INTID; NIRQ if it is empty. */
USED_BY_HOLES static intid_t first_pending(const struct vgic *v)
{
	u32 words = v->words, best = 0x100;
	intid_t first = NIRQ;

	for (; words; words &= words - 1) {
		const u32 word = (u32)__builtin_ctz(words);
		u64 bits;

		for (bits = v->pending[word]; bits; bits &= bits - 1) {
			const intid_t intid = word * 64 + (u32)__builtin_ctzl(bits);
			const u32 priority = priority_of(v, intid);

			if (priority < best) {
				best = priority;
				first = intid;
			}
		}
	}
	return first;
}

static bool is_loaded(const struct vgic *v)
{
	return loaded && v == &vgics[loaded];
}

/* A list register as it is: in the CPU, or in memory. */
static u64 lr_now(const struct vgic *v, int n)
{
	return is_loaded(v) ? gic_lr_read(n) : v->lr[n];
}

static void lr_set(struct vgic *v, int n, u64 lr)
{
	const bool valid = lr & LR_STATE;

	v->lr[n] = valid ? lr : 0;
	v->used = valid ? v->used | 1U << n : v->used & ~(1U << n);
	if (is_loaded(v))
		gic_lr_write(n, v->lr[n]);
}

/* Which list register of @p v has @p intid, or -1. */
static int lr_of(const struct vgic *v, intid_t intid)
{
	u32 used;

	for (used = v->used; used; used &= used - 1) {
		const int n = __builtin_ctz(used);

		if (LR_INTID(v->lr[n]) == intid && lr_now(v, n) & LR_STATE)
			return n;
	}
	return -1;
}

/*
 * What the process has left in its list registers. One that has ended is free; if it asked to tell so it does not count as empty, and tells
 * it for ever, until it is written (12.4 ICH_ELRSR_EL2). One that is active and pending again is pending in the set, until it is
 * its turn: in the register it could come before more urgent ones that had no room.
 */
USED_BY_HOLES static void collect_empty(struct vgic *v)
{
	u32 empty = v->used ? gic_lr_empty() : 0, used;

	for (used = v->used & ~empty; used; used &= used - 1) {
		const int n = __builtin_ctz(used);
		const u64 lr = gic_lr_read(n);

		if (!(lr & LR_STATE)) {
			gic_lr_write(n, 0);
			empty |= 1U << n;
		} else if ((lr & LR_STATE) == LR_STATE) {
			set_pending(v, LR_INTID(lr));
			lr_set(v, n, lr & ~LR_PENDING);
		}
	}
	v->used &= ~empty;
}

/* The list register's value that makes @p intid of @p v pending. */
USED_BY_HOLES static u64 make_lr(const struct vgic *v, intid_t intid)
{
#if SOLUTION >= 5
	u64 lr = LR_PENDING | LR_GROUP1 | (u64)priority_of(v, intid) << LR_PRIORITY_SHIFT | intid;

	if (irq_is_physical(intid))
		lr |= LR_HW | (u64)intid << LR_PHYSICAL_SHIFT;
	return lr;
#else
	/*
	 * LAB 5: state pending, group 1, the priority that priority_of() tells, vINTID; and if irq_is_physical(),
	 * that is if a physical interrupt is active until the process ends this one: HW, and the same number as pINTID.
	 * Constants are in hv8/gic.h.
	 * Read: IHI 0069 12.4 ICH_LR<n>_EL2. Without HW a device interrupts once and never again; with it, and no
	 * physical interrupt behind it, the end of an SGI would end another CPU's. Checked on both GICs.
	 */
	todo("make_lr");
#endif
}

/* A list register of @p v for priority @p priority: a free one, or that of the last of the pending ones if it is behind; or -1. */
USED_BY_HOLES static int make_room(struct vgic *v, u32 priority)
{
#if SOLUTION >= 5
	const u32 free = ~v->used & ((1U << gic.nlr) - 1);
	u32 used, last = priority;
	int n = -1;

	if (free)
		return __builtin_ctz(free);
	for (used = v->used; used; used &= used - 1) {
		const int i = __builtin_ctz(used);
		const u64 lr = lr_now(v, i);

		if ((lr & LR_STATE) == LR_PENDING && LR_PRIORITY(lr) > last) {
			last = LR_PRIORITY(lr);
			n = i;
		}
	}
	if (n >= 0)
		set_pending(v, LR_INTID(v->lr[n]));
	return n;
#else
	/*
	 * LAB 5: which list register can take an interrupt of this priority? The first that is not in v->used (there
	 * are gic.nlr); it is looked at from outside. If there is none: of those whose state is pending and not active, the one of the lowest priority
	 * (the largest number), if that is lower than `priority`; put its interrupt back: set_pending(). If there is
	 * none either, -1. lr_now() is the value as the process has left it; v->lr[] may be old.
	 * Checked by sixteen interrupts that are raised from the least to the most urgent.
	 */
	todo("make_room");
#endif
}

/* Some are pending still, and no list register is free. Returns the conditions under which a maintenance interrupt will come. */
USED_BY_HOLES static u64 ask_for_more(struct vgic *v)
{
#if SOLUTION >= 5
	u32 used;

	for (used = v->used; used; used &= used - 1)
		if ((lr_now(v, __builtin_ctz(used)) & LR_STATE) == LR_PENDING)
			return ICH_HCR_NPIE; /* when the last of them is taken, the others are free, or active */
	/* All are active. The end of any must tell; where the hardware cannot, the end of all but one does. */
	for (used = v->used; used; used &= used - 1) {
		const int n = __builtin_ctz(used);

		if (!(v->lr[n] & LR_HW))
			lr_set(v, n, lr_now(v, n) | LR_EOI);
	}
	return ICH_HCR_UIE;
#else
	/*
	 * LAB 5: if a list register is pending, ICH_HCR_NPIE: the maintenance interrupt
	 * comes when none is. If all are active, that condition holds already and would interrupt for ever: then set
	 * LR_EOI in each list register without HW, so that its end interrupts (lr_set() of lr_now() and the bit), and
	 * return ICH_HCR_UIE, which covers those with HW.
	 * Read: IHI 0069 12.4 ICH_HCR_EL2. Checked by sixteen interrupts, and by interrupts in each other's handlers.
	 */
	todo("ask_for_more");
#endif
}

void vgic_fill(void)
{
#if SOLUTION >= 5
	struct vgic *v = &vgics[loaded];
	u64 conditions = 0;

	collect_empty(v);
	while (v->words && !conditions) {
		const intid_t intid = first_pending(v);
		int n = lr_of(v, intid);

		if (n >= 0) {
			lr_set(v, n, lr_now(v, n) | LR_PENDING);
			clear_pending(v, intid);
			continue;
		}
		n = make_room(v, priority_of(v, intid));
		if (n < 0) {
			conditions = ask_for_more(v);
		} else {
			clear_pending(v, intid);
			lr_set(v, n, make_lr(v, intid));
		}
	}
	gic_virtual_open(conditions);
#else
	/*
	 * LAB 5: of the process that is loaded, v = &vgics[loaded]: collect_empty(); then, while its pending set is not
	 * empty (v->words), the first of that, first_pending(), goes to a list register: the one that has this INTID already (lr_of(); it becomes pending, perhaps beside active), or
	 * that which make_room() finds, with make_lr(). It leaves the pending set: clear_pending(). If there is no room,
	 * ask_for_more() and stop. At last gic_virtual_open() with the conditions, 0 if all had room.
	 * lr_set() writes a list register. Two list registers must never hold the same INTID.
	 * Read: IHI 0069 12.4 ICH_LR<n>_EL2, and its "Usage model for the List registers".
	 */
	todo("vgic_fill");
#endif
}

void vgic_maintain(void)
{
	stats[STAT_MAINTENANCE]++;
	if (loaded)
		vgic_fill();
}

void vgic_pend(pid_t pid, intid_t intid)
{
	struct vgic *v = &vgics[pid];

	if (pid == loaded && v->words == 0) {
		collect_empty(v);
		if (v->used == 0) {
			/* The common case: there is nothing before which or behind which it comes. */
			lr_set(v, 0, make_lr(v, intid));
			return;
		}
	}
	set_pending(v, intid);
	if (pid == loaded)
		vgic_fill();
	else
		irq_wake(pid);
}

bool vgic_is_pending(pid_t pid)
{
	const struct vgic *v = &vgics[pid];
	u32 used;

	if (v->words)
		return true;
	for (used = v->used; used; used &= used - 1)
		if (lr_now(v, __builtin_ctz(used)) & LR_PENDING)
			return true;
	return false;
}

bool vgic_withdraw(pid_t pid, intid_t intid, bool also_active)
{
	struct vgic *v = &vgics[pid];
	bool was = clear_pending(v, intid);
	const int n = lr_of(v, intid);
	const u64 lr = n < 0 ? 0 : lr_now(v, n);

	was |= (lr & LR_PENDING) != 0;
	if (lr && (also_active || lr & LR_PENDING))
		lr_set(v, n, also_active ? 0 : lr & ~LR_PENDING);
	if (also_active && is_loaded(v))
		vgic_fill(); /* others may have room; and of one that was ended, nothing is noted any more */
	return was;
}

bool vgic_is_outstanding(pid_t pid, intid_t intid)
{
	const struct vgic *v = &vgics[pid];

	return v->pending[intid / 64] >> intid % 64 & 1 || lr_of(v, intid) >= 0;
}

void vgic_leave(pid_t pid)
{
	struct vgic *v = &vgics[pid];
	u32 used;

	if (v->used) {
		const u32 empty = gic_lr_empty();

		for (used = v->used; used; used &= used - 1) {
			const int n = __builtin_ctz(used);

			v->lr[n] = empty >> n & 1 ? 0 : gic_lr_read(n);
			if (!(v->lr[n] & LR_STATE))
				v->used &= ~(1U << n);
			gic_lr_write(n, 0);
		}
	}
	gic_virtual_save(&v->cpu);
	gic_virtual_close();
	loaded = 0;
}

void vgic_enter(pid_t pid)
{
	struct vgic *v = &vgics[pid];
	u32 used;

	loaded = pid;
	gic_virtual_load(&v->cpu);
	for (used = v->used; used; used &= used - 1)
		gic_lr_write(__builtin_ctz(used), v->lr[__builtin_ctz(used)]);
	vgic_fill();
}

void vgic_reset(pid_t pid)
{
	struct vgic *v = &vgics[pid];
	int i;

	memset(v, 0, sizeof(*v));
	for (i = 0; i < 32; i++)
		v->priority[i] = IRQ_PRIORITY;
}
