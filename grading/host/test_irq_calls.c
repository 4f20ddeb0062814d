/*
 * Hypercalls about interrupts: what each promises in uapi/hypercall.def, and each error, by which nothing changes. The mappings
 * are in test_irq_maps.c; what becomes of interrupts then is in test_irq.c.
 */
#include "unit.h"
#include "drive_irq.h"

#include <hv8/page.h>
#include <hv8/timer.h>
#include <machine.h>
#include <string.h>

#define AT(uva)    ((uva) >> 12 & 511)
#define LINES      128
#define OUT_OF_ALL LINES, 1019, 1020, 1023, NIRQ, HIGH | MINE, ~0UL

/* @p error for each INTID, the rest of the arguments being @p second. */
static void refuse_each(u64 number, int error, const u64 *intids, size_t count, u64 second)
{
	size_t i;

	for (i = 0; i < count; i++)
		refuse(number, &(struct refusal){ error, { intids[i], second } }, 1);
}
#define REFUSE(error, name, second, ...)                                             \
	do {                                                                         \
		const u64 intids_[] = { __VA_ARGS__ };                               \
		refuse_each(HC_##name, error, intids_, ARRAY_SIZE(intids_), second); \
	} while (0)

/* ---- alloc_irq --------------------------------------------------------------------------------- */

static void alloc_irq_gives_an_spi_enabled(void **state)
{
	u64 n;

	owners((int)(intptr_t)*state);
	for (n = 0; n < 4; n++) {
		const u32 intid = (u32[]){ 32, 47, 90, LINES - 1 }[n];
		const u64 trigger = n % 2 ? IRQ_EDGE : 0;
		struct model_irq m;

		ok(alloc_irq, intid, trigger);
		m = model_irq(intid);
		assert_int_equal(irqs[intid].type, IRQ_OWNED);
		assert_int_equal(irqs[intid].owner, 1);
		assert_int_equal(irqs[intid].priority, IRQ_PRIORITY);
		assert_int_equal(procs[1].nirqs, 2 + n);
		assert_true(m.enabled && m.here && !m.pending && !m.active);
		assert_int_equal(m.edge, trigger);
		assert_false(model_irq(intid == 32 ? 34 : intid - 1).enabled);
	}
}

static void alloc_irq_refuses(void **state)
{
	owners(3);
	REFUSE(EINVAL, alloc_irq, 0, 0, 15, 16, 25, 26, 30, 31, OUT_OF_ALL);
	refused(EINVAL, alloc_irq, 60, 2);
	refused(EINVAL, alloc_irq, 60, HIGH);
	refused(EINVAL, alloc_irq, 60, ~0UL);
	refused(EINVAL, alloc_irq, MINE, 2); /* before whose it is */
	REFUSE(EBUSY, alloc_irq, 0, MINE, THEIRS, THE_DEADS, IRQ_UART);
}

/* ---- reclaim_irq ------------------------------------------------------------------------------- */

static void is_free(u32 intid)
{
	const struct model_irq m = model_irq(intid);

	assert_int_equal(irqs[intid].type, IRQ_FREE);
	assert_int_equal(irqs[intid].owner, 0);
	assert_int_equal(irqs[intid].priority, IRQ_PRIORITY);
	assert_false(m.enabled || m.pending || m.active);
}

static void reclaim_irq_forgets_what_is_pending_or_active(void **state)
{
	int n;

	for (n = 0; n < 5; n++) {
		owners((int)(intptr_t)*state);
		opens();
		ok(irq_priority, MINE, 8);
		if (n) {
			model_irq_pulse(MINE); /* lost: it is level-sensitive */
			ok(raise_irq, 1, MINE);
			interrupts();
		}
		if (n == 2)
			gets(MINE);
		if (n == 4) /* its list register has it still, ended */
			serves(MINE);
		if (n == 3) /* pending at the distributor, and disabled there */
			ok(raise_irq, 1, MINE);
		ok(reclaim_irq, MINE);
		is_free(MINE);
		assert_int_equal(procs[1].nirqs, 0);
		assert_false(vgic_is_outstanding(1, MINE));
		if (n == 2)
			ends(MINE);
		gets_nothing();
		ok(alloc_irq, MINE, 0); /* and it is as good as new */
		ok(raise_irq, 1, MINE);
		assert_int_equal(interrupts(), 1);
		serves(MINE);
	}
}

static void anybody_reclaims_the_interrupts_of_a_zombie(void **state)
{
	owners(3);
	run(3);
	ok(reclaim_irq, THE_DEADS);
	is_free(THE_DEADS);
	assert_int_equal(procs[4].nirqs, 0);
}

static void who_has_interrupts_is_not_reaped(void **state)
{
	u64 page;

	owners(3);
	for (page = 0; page < WORLD_PAGES; page++)
		if (pages[page].owner == 4)
			ok(reclaim_page, page);
	refused(EBUSY, reap, 4);
	ok(reclaim_irq, THE_DEADS);
	ok(reap, 4);
}

static void reclaim_irq_refuses(void **state)
{
	owners(3);
	REFUSE(EINVAL, reclaim_irq, 0, 0, 15, 16, 26, 30, 31, 32, 60, IRQ_UART, OUT_OF_ALL);
	refused(EPERM, reclaim_irq, THEIRS);
	run(3);
	refused(EPERM, reclaim_irq, MINE);
}

/* ---- ack_irq ----------------------------------------------------------------------------------- */

static void ack_irq_takes_what_is_pending(void **state)
{
	const int version = (int)(intptr_t)*state;
	int opened;

	for (opened = 0; opened < 2; opened++) {
		owners(version);
		if (opened)
			opens();
		ok(raise_irq, 1, 7);
		ok(ack_irq, 7);
		refused(EAGAIN, ack_irq, 7);
		/* The physical one is over with it, and comes again. */
		ok(raise_irq, 1, MINE);
		interrupts();
		assert_true(model_irq(MINE).active);
		ok(ack_irq, MINE);
		assert_false(model_irq(MINE).active);
		refused(EAGAIN, ack_irq, MINE);
		ok(raise_irq, 1, MINE);
		assert_int_equal(interrupts(), 1);
		ok(ack_irq, MINE);
		model_type("x");
		interrupts();
		ok(ack_irq, IRQ_UART);
		refused(EAGAIN, ack_irq, IRQ_UART);
	}
}

static void ack_irq_takes_the_timers(void **state)
{
	owners((int)(intptr_t)*state);
	traps(CNTP_CTL_WRITE);
	write_sysreg(cntp_cval_el0, model_time());
	write_sysreg(cntp_ctl_el0, 1);
	assert_int_equal(interrupts(), 1);
	assert_true(model_irq(IRQ_TIMER).active);
	write_sysreg(cntp_ctl_el0, 0);
	ok(ack_irq, IRQ_TIMER);
	assert_false(model_irq(IRQ_TIMER).active);
	refused(EAGAIN, ack_irq, IRQ_TIMER);
}

static void ack_irq_does_not_take_what_was_acknowledged(void **state)
{
	owners((int)(intptr_t)*state);
	opens();
	ok(raise_irq, 1, 7);
	gets(7);
	refused(EAGAIN, ack_irq, 7);
	ok(raise_irq, 1, 7); /* again, meanwhile: that one is */
	ok(ack_irq, 7);
	refused(EAGAIN, ack_irq, 7);
	ends(7);
	gets_nothing();
	ok(raise_irq, 1, MINE);
	interrupts();
	gets(MINE);
	refused(EAGAIN, ack_irq, MINE);
	assert_true(model_irq(MINE).active);
	ends(MINE);
	assert_false(model_irq(MINE).active);
}

static void ack_irq_refuses(void **state)
{
	owners(3);
	REFUSE(EINVAL, ack_irq, 0, 16, 25, 26, 29, 31, OUT_OF_ALL);
	REFUSE(EPERM, ack_irq, 0, 32, 60, THEIRS, THE_DEADS);
	REFUSE(EAGAIN, ack_irq, 0, 0, 15, IRQ_TIMER, MINE, IRQ_UART);
	ok(console_give, 3);
	refused(EPERM, ack_irq, IRQ_UART);
}

/* ---- raise_irq --------------------------------------------------------------------------------- */

static void raise_irq_raises_sgis_of_kin(void **state)
{
	u64 intid;

	for (intid = 0; intid < 16; intid += 5) {
		owners((int)(intptr_t)*state);
		ok(raise_irq, 1, intid);
		ok(raise_irq, 2, intid);
		ok(raise_irq, 3, intid);
		run(3);
		ok(raise_irq, 1, (intid + 1) % 16); /* its parent */
		assert_true(vgic_is_outstanding(3, (intid_t)intid));
		opens();
		serves((u32)intid);
		gets_nothing();
		run(1);
		opens();
		assert_int_equal(acks() + acks(), NO_IRQ + (intid + 1 < 16 ? intid : 0));
		assert_true(vgic_is_outstanding(2, (intid_t)intid));
	}
}

static void raise_irq_raises_an_spi_as_its_device_would(void **state)
{
	owners((int)(intptr_t)*state);
	ok(raise_irq, 1, MINE);
	assert_true(model_irq(MINE).pending);
	assert_int_equal(interrupts(), 1);
	assert_true(vgic_is_outstanding(1, MINE));
	assert_false(vgic_is_outstanding(3, MINE));
}

static void raise_irq_refuses(void **state)
{
	const struct refusal refusals[] = {
		{ EINVAL, { 0, 1 } },
		{ EINVAL, { NPROC, 1 } },
		{ EINVAL, { HIGH | 1, 1 } },
		{ EINVAL, { ~0UL, 1 } },
		{ EINVAL, { 9, 1 } }, /* free */
		{ EINVAL, { 1, 16 } },
		{ EINVAL, { 1, IRQ_TIMER } },
		{ EINVAL, { 1, 31 } },
		{ EINVAL, { 1, LINES } },
		{ EINVAL, { 1, NIRQ } },
		{ EINVAL, { 1, HIGH | 1 } },
		{ EINVAL, { 1, HIGH | MINE } },
		{ EINVAL, { 1, ~0UL } },
		{ EPERM, { 5, 1 } }, /* a grandchild */
		{ EPERM, { 1, 32 } },
		{ EPERM, { 1, THEIRS } },
		{ EPERM, { 3, THEIRS } },
		{ EPERM, { 3, MINE } },
		{ EPERM, { 4, THE_DEADS } },
		{ EPERM, { 1, IRQ_UART } },
		{ ESRCH, { 4, 1 } },
	};

	owners(3);
	refuse(HC_raise_irq, refusals, ARRAY_SIZE(refusals));
	run(3);
	refused(EPERM, raise_irq, 2, 1); /* a sister */
	refused(EPERM, raise_irq, 4, 1);
}

/* ---- irq_priority ------------------------------------------------------------------------------ */

static void irq_priority_is_each_processs_own(void **state)
{
	owners(3);
	ok(irq_priority, 0, 0);
	ok(irq_priority, 15, 248);
	ok(irq_priority, IRQ_TIMER, 16);
	ok(irq_priority, MINE, 24);
	ok(irq_priority, IRQ_UART, 32);
	assert_int_equal(vgics[1].priority[0], 0);
	assert_int_equal(vgics[1].priority[15], 248);
	assert_int_equal(vgics[1].priority[IRQ_TIMER], 16);
	assert_int_equal(irqs[MINE].priority, 24);
	assert_int_equal(irqs[IRQ_UART].priority, 32);
	assert_int_equal(vgics[3].priority[0], IRQ_PRIORITY);
	assert_int_equal(irqs[THEIRS].priority, IRQ_PRIORITY);
}

static void irq_priority_refuses(void **state)
{
	const u64 wrong[] = { 1, 4, 7, 9, 249, 255, 256, 0x180, HIGH, HIGH | 8, ~0UL };
	size_t i;

	owners(3);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		REFUSE(EINVAL, irq_priority, wrong[i], 1, IRQ_TIMER, MINE, THEIRS);
	REFUSE(EINVAL, irq_priority, 8, 16, 25, 26, 29, 31, OUT_OF_ALL);
	REFUSE(EPERM, irq_priority, 8, 32, THEIRS, THE_DEADS);
	ok(console_give, 3);
	refused(EPERM, irq_priority, IRQ_UART, 8);
}

/* ---- without interrupts ------------------------------------------------------------------------ */

static void without_interrupts_nothing_is_there(void **state)
{
	const u64 intids[] = { 0, 1, 15, IRQ_TIMER, IRQ_UART, MINE };
	int off;
	size_t i;

	for (off = 0; off < 2; off++) {
		if (off) {
			world_irq(gic_of(3, 4), "irq=off");
			relatives();
		} else {
			family();
		}
		for (i = 0; i < ARRAY_SIZE(intids); i++) {
			refused(EINVAL, alloc_irq, intids[i], 0);
			refused(EINVAL, reclaim_irq, intids[i]);
			refused(EINVAL, ack_irq, intids[i]);
			refused(EINVAL, raise_irq, 1, intids[i]);
			refused(EINVAL, irq_priority, intids[i], 8);
		}
		ok(map_irqs, home[1].l3, AT(HOLE));
	}
}

static const struct CMUnitTest tests[] = {
	BOTH(alloc_irq_gives_an_spi_enabled),
	TEST(alloc_irq_refuses),
	BOTH(reclaim_irq_forgets_what_is_pending_or_active),
	TEST(anybody_reclaims_the_interrupts_of_a_zombie),
	TEST(who_has_interrupts_is_not_reaped),
	TEST(reclaim_irq_refuses),
	BOTH(ack_irq_takes_what_is_pending),
	BOTH(ack_irq_takes_the_timers),
	BOTH(ack_irq_does_not_take_what_was_acknowledged),
	TEST(ack_irq_refuses),
	BOTH(raise_irq_raises_sgis_of_kin),
	BOTH(raise_irq_raises_an_spi_as_its_device_would),
	TEST(raise_irq_refuses),
	TEST(irq_priority_is_each_processs_own),
	TEST(irq_priority_refuses),
	TEST(without_interrupts_nothing_is_there),
};

MODEL_MAIN("hypercalls about interrupts", tests)
