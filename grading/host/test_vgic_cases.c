/*
 * List registers, case by case: more interrupts than there are, in each other's handlers, and across a switch. test_vgic.c tries
 * every short sequence; here are the long ones.
 */
#include "unit.h"
#include "drive_irq.h"

#include <hv8/stat.h>
#include <machine.h>
#include <string.h>

static const int sizes[] = { 2, 3, 4, 16 };

static void begin(int version, int nlr)
{
	world_irq(gic_of(version, nlr), "");
	child(2);
	ok(alloc_irq, MINE, 0);
	opens();
}

/* SGI @p n of each has a priority of its own: 0 the highest. */
static void by_number(void)
{
	u64 n;

	for (n = 0; n < 16; n++)
		ok(irq_priority, n, 8 * n);
	if (current->pid == 1)
		ok(irq_priority, MINE, 128);
}

/* ---- more than list registers ------------------------------------------------------------------ */

static void all_come_in_the_order_of_their_priorities(void **state)
{
	const int version = (int)(intptr_t)*state;
	size_t i;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		begin(version, sizes[i]);
		by_number();
		for (n = 0; n < 16; n++) /* from the least urgent to the most urgent */
			ok(raise_irq, 1, 15 - n);
		for (n = 0; n < 16; n++)
			serves((u32)n);
		gets_nothing();
		assert_int_equal(stats[STAT_MAINTENANCE] != 0, sizes[i] < 16);
		assert_in_range(stats[STAT_MAINTENANCE], 0, 16 / sizes[i] + 15);
		for (n = 0; n < 16; n++) /* and when they are taken without their ends */
			ok(raise_irq, 1, n * 7 % 16);
		gets(0);
		ends(0);
		run(2);
		run(1);
		for (n = 1; n < 16; n++)
			serves((u32)n);
		gets_nothing();
	}
}

/* They were raised while another ran. */
static void all_come_when_their_process_runs(void **state)
{
	const int version = (int)(intptr_t)*state;
	size_t i;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		begin(version, sizes[i]);
		by_number();
		run(2);
		for (n = 0; n < 16; n++)
			ok(raise_irq, 1, n * 5 % 16);
		opens();
		gets_nothing();
		run(1);
		for (n = 0; n < 16; n++)
			serves((u32)n);
		gets_nothing();
	}
}

static void of_equal_priorities_each_comes_once(void **state)
{
	const int version = (int)(intptr_t)*state;
	size_t i;
	u32 n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u32 seen_ones = 0;

		begin(version, sizes[i]);
		for (n = 0; n < 16; n++)
			ok(raise_irq, 1, n * 3 % 16);
		ok(irq_priority, 9, 8);
		ok(raise_irq, 1, MINE);
		interrupts();
		for (n = 0; n < 17; n++) {
			const u32 iar = acks();

			assert_true(iar < 16 || iar == MINE);
			assert_false(seen_ones & 1u << (iar == MINE ? 16 : iar));
			seen_ones |= 1u << (iar == MINE ? 16 : iar);
			ends(iar);
		}
		gets_nothing();
	}
}

static void the_least_urgent_makes_room(void **state)
{
	const int version = (int)(intptr_t)*state;
	u64 n;

	begin(version, 4);
	by_number();
	ok(raise_irq, 1, MINE); /* the least urgent, and it stands for a physical interrupt */
	interrupts();
	for (n = 5; n < 8; n++)
		ok(raise_irq, 1, n);
	assert_int_equal(vgics[1].words, 0);
	ok(raise_irq, 1, 2);
	assert_int_equal(vgics[1].pending[0], 1UL << MINE);
	assert_true(model_irq(MINE).active); /* still */
	ok(raise_irq, 1, 9);                 /* less urgent than all that are there */
	assert_int_equal(vgics[1].pending[0], 1UL << MINE | 1 << 9);
	serves(2);
	for (n = 5; n < 8; n++)
		serves((u32)n);
	serves(9);
	gets(MINE);
	assert_true(model_irq(MINE).active);
	ends(MINE);
	assert_false(model_irq(MINE).active);
	gets_nothing();
}

static void what_is_pending_is_raised_again_for_nothing(void **state)
{
	u64 n, times;

	begin((int)(intptr_t)*state, 2);
	for (times = 0; times < 3; times++)
		for (n = 0; n < 5; n++)
			ok(raise_irq, 1, n);
	for (n = 0; n < 5; n++)
		ends(acks());
	gets_nothing();
}

/* From the next time it is raised: what is in a list register keeps its priority. */
static void a_priority_is_that_of_when_it_was_raised(void **state)
{
	begin((int)(intptr_t)*state, 4);
	by_number();
	ok(raise_irq, 1, 3);
	ok(irq_priority, 3, 240);
	ok(raise_irq, 1, 5);
	serves(3);
	ok(raise_irq, 1, 3);
	serves(5);
	serves(3);
}

/* ---- in each other's handlers ------------------------------------------------------------------ */

static void handlers_nest_as_deep_as_list_registers(void **state)
{
	const int version = (int)(intptr_t)*state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		const u32 deep = sizes[i] < 15 ? (u32)sizes[i] : 15;
		u32 n;

		begin(version, sizes[i]);
		by_number();
		for (n = 0; n < deep; n++) {
			ok(raise_irq, 1, 15 - n);
			gets(15 - n);
		}
		if (deep == 15)
			continue;
		ok(raise_irq, 1, 0); /* there is no room for it before one ends */
		gets_nothing();
		ends(15 - (deep - 1));
		serves(0);
		gets_nothing();
		for (n = deep - 1; n > 0; n--) {
			ends(15 - (n - 1));
			gets_nothing();
		}
	}
}

/* Four handlers in each other; what came meanwhile is between the third and the fourth, and waits for no other end. */
static void the_end_of_each_handler_tells(void **state)
{
	const u32 nested[] = { 14, 12, 10, 4 };
	int device;
	size_t i;

	for (device = 0; device < 2; device++) {
		begin((int)(intptr_t)*state, 4);
		by_number();
		ok(irq_priority, MINE, 8 * 12);
		for (i = 0; i < 4; i++) {
			const u32 intid = device && i == 1 ? MINE : nested[i];

			ok(raise_irq, 1, intid);
			interrupts();
			gets(intid);
		}
		ok(raise_irq, 1, 6);
		gets_nothing();
		ends(4);
		serves(6);
		ok(raise_irq, 1, 13); /* more urgent than the first alone */
		ends(10);
		gets_nothing();
		ends(device ? MINE : 12);
		serves(13);
		ends(14);
		gets_nothing();
		assert_int_equal(interrupts(), 0);
	}
}

/* The last list register was pending, and became active: from then on the ends must tell. */
static void the_last_one_that_is_taken_tells(void **state)
{
	const u32 nested[] = { 14, 12, 10 };
	size_t i;

	begin((int)(intptr_t)*state, 4);
	by_number();
	for (i = 0; i < 3; i++) {
		ok(raise_irq, 1, nested[i]);
		gets(nested[i]);
	}
	ok(raise_irq, 1, 4);
	ok(raise_irq, 1, 6);
	gets(4);
	gets_nothing();
	ends(4);
	serves(6);
	for (i = 3; i-- > 0;)
		ends(nested[i]);
	gets_nothing();
}

static void an_sgi_that_is_raised_in_its_handler_comes_once_more(void **state)
{
	begin((int)(intptr_t)*state, 2);
	by_number();
	ok(raise_irq, 1, 7);
	gets(7);
	ok(raise_irq, 1, 7);
	ok(raise_irq, 1, 7);
	gets_nothing();
	run(2);
	ok(raise_irq, 1, 7);
	run(1);
	gets_nothing();
	ends(7);
	serves(7);
	gets_nothing();
}

/* Nor is it overtaken: 5 has the other list register, 7 has none, and 3 comes before both. */
static void an_sgi_that_is_raised_in_its_handler_keeps_its_place(void **state)
{
	begin((int)(intptr_t)*state, 2);
	by_number();
	ok(raise_irq, 1, 3);
	gets(3);
	ok(raise_irq, 1, 3);
	ok(raise_irq, 1, 5);
	ok(raise_irq, 1, 7);
	ends(3);
	serves(3);
	serves(5);
	serves(7);
	gets_nothing();
}

/* The minimal case of a priority inversion: 7 is active in one list register and pending, 3 has the other, 5 has none. */
static void an_sgi_that_is_raised_in_its_handler_overtakes_nobody(void **state)
{
	begin((int)(intptr_t)*state, 2);
	by_number();
	ok(raise_irq, 1, 7);
	gets(7);
	ok(raise_irq, 1, 7);
	ok(raise_irq, 1, 3);
	gets(3);
	ok(raise_irq, 1, 5);
	ok(raise_irq, 1, 4);
	ends(3);
	ends(7);
	serves(4);
	serves(5);
	serves(7);
	gets_nothing();
	assert_int_equal(interrupts(), 0);
}

/* ---- across a switch --------------------------------------------------------------------------- */

static void handlers_go_on_after_a_switch(void **state)
{
	begin((int)(intptr_t)*state, 4);
	by_number();
	run(2);
	opens();
	by_number();
	run(1);
	ok(raise_irq, 1, 9);
	gets(9);
	ok(raise_irq, 1, 4);
	gets(4);
	ok(raise_irq, 2, 9);
	run(2);
	gets(9); /* of the same INTID, and 1's active priorities are not 2's */
	ok(raise_irq, 1, 2);
	run(1);
	gets(2);
	run(2);
	ends(9);
	gets_nothing();
	run(1);
	ends(2);
	ok(raise_irq, 1, 6);
	gets_nothing(); /* 4 is more urgent */
	ends(4);
	serves(6);
	ends(9);
	gets_nothing();
}

/* A device's interrupt is acknowledged by its owner, another runs, the owner ends it: it may come again only then. */
static void a_physical_interrupt_stays_active_across_a_switch(void **state)
{
	begin((int)(intptr_t)*state, 2);
	ok(raise_irq, 1, MINE);
	interrupts();
	gets(MINE);
	ok(raise_irq, 1, MINE);
	assert_int_equal(interrupts(), 0);
	run(2);
	opens();
	gets_nothing();
	assert_true(model_irq(MINE).active && model_irq(MINE).pending);
	run(1);
	ends(MINE);
	serves(MINE);
	gets_nothing();
}

static void what_a_process_masks_stays_pending(void **state)
{
	begin((int)(intptr_t)*state, 2);
	/* As it was before opens(): the mask lets nothing through. */
	run(2);
	ok(raise_irq, 2, 5);
	traps(ICC_PMR_WRITE);
	assert_false(model_virq_line());
	assert_true(vgic_is_pending(2));
	ok(wait);
	assert_int_equal(current->pid, 2);
	model_virq_open();
	serves(5);
}

static const struct CMUnitTest tests[] = {
	BOTH(all_come_in_the_order_of_their_priorities),
	BOTH(all_come_when_their_process_runs),
	BOTH(of_equal_priorities_each_comes_once),
	BOTH(the_least_urgent_makes_room),
	BOTH(what_is_pending_is_raised_again_for_nothing),
	BOTH(a_priority_is_that_of_when_it_was_raised),
	BOTH(handlers_nest_as_deep_as_list_registers),
	BOTH(the_end_of_each_handler_tells),
	BOTH(the_last_one_that_is_taken_tells),
	BOTH(an_sgi_that_is_raised_in_its_handler_comes_once_more),
	BOTH(an_sgi_that_is_raised_in_its_handler_overtakes_nobody),
	BOTH(an_sgi_that_is_raised_in_its_handler_keeps_its_place),
	BOTH(handlers_go_on_after_a_switch),
	BOTH(a_physical_interrupt_stays_active_across_a_switch),
	VERSION(what_a_process_masks_stays_pending, 3),
};

MODEL_MAIN("list registers", tests)
