/*
 * Bugs that QEMU hides, each planted at the seam while the kernel serves hypercalls: the model machine must find it and
 * say what it is. QEMU drops its TLB whenever the ASID changes and lets any TLBI by address drop all ASIDs' entries.
 */
#include "unit.h"
#include "world.h"

#include <hv8/asid.h>
#include <machine.h>

static void make_child(void)
{
	world_child(2);
	assert_int_equal(CALL(set_runnable, 2), 0);
}

static pn_t first_frame(void)
{
	return (pn_t)page_at(model_translate(1, WORLD_UVA).pa);
}

static void world(enum model_plant plant)
{
	model.plant = plant;
	world_boot(64);
	model.speculates = true;
}

static void cut_a_right(void *plant)
{
	world(*(enum model_plant *)plant);
	make_child();
	model_access(WORLD_UVA, WRITE, 1);
	CALL(protect_frame, world_table(1, WORLD_UVA, 3), 0, first_frame(), VM_R);
	model_check_tlb();
}

static void free_a_frame(void *plant)
{
	pn_t frame;

	world(*(enum model_plant *)plant);
	frame = first_frame();
	model_access(WORLD_UVA, READ, 1);
	CALL(free_frame, world_table(1, WORLD_UVA, 3), 0, frame);
	model_check_tlb();
}

static void free_and_give(void *plant)
{
	pn_t frame;

	world(*(enum model_plant *)plant);
	frame = first_frame();
	make_child();
	model_access(WORLD_UVA, READ, 1);
	CALL(free_frame, world_table(1, WORLD_UVA, 3), 0, frame);
	CALL(switch, 2);
	CALL(alloc_frame, 2, world_table(2, WORLD_UVA, 3), 1, frame, VM_RW);
}

static void two_processes(void *plant)
{
	world(*(enum model_plant *)plant);
	model_access(WORLD_UVA, READ, 1);
	make_child();
	CALL(switch, 2);
	model_access(WORLD_UVA, READ, 1);
	model_check_tlb();
}

/* With 8 bits an ASID comes again in a pid's fifth life. */
static void five_lives(void *plant)
{
	int life;
	pn_t pn;

	model_sysreg_set("id_aa64mmfr0_el1", 0x1102);
	world(*(enum model_plant *)plant);
	for (life = 0; life < 5; life++) {
		make_child();
		CALL(switch, 2);
		model_access(WORLD_UVA, WRITE, 1);
		model_check_tlb();
		CALL(exit, 0);
		for (pn = 0; pn < page_count(); pn++)
			if (pages[pn].owner == 2)
				assert_int_equal(CALL(reclaim_page, pn), 0);
		assert_int_equal(CALL(reap, 2), 0);
	}
}

static void is_found(enum model_plant plant, void (*scenario)(void *plant), const char *text)
{
	enum model_plant none = PLANT_NONE;

	scenario(&none); /* sound without it */
	model_reset();
	model_expect_fail(scenario, &plant, text);
}

static void a_leaf_without_ng(void **state)
{
	is_found(PLANT_NO_NG, two_processes, "nG");
}

static void no_flush_behind_protect(void **state)
{
	is_found(PLANT_NO_FLUSH_PAGE, cut_a_right, "survived");
}

static void no_flush_behind_free(void **state)
{
	is_found(PLANT_NO_FLUSH_PAGE, free_a_frame, "survived");
}

static void a_page_given_while_the_tlb_leads_to_it(void **state)
{
	is_found(PLANT_NO_FLUSH_PAGE, free_and_give,
	         "is given while the TLB still leads to it (ASID 1, VA 0x400000)");
}

static void a_flush_with_the_wrong_asid(void **state)
{
	is_found(PLANT_FLUSH_ASID_0, cut_a_right, "ASID 0");
}

static void a_flush_of_the_wrong_address(void **state)
{
	is_found(PLANT_FLUSH_WRONG_VA, cut_a_right, "VA 0x401000");
}

static void a_flush_of_the_wrong_regime(void **state)
{
	is_found(PLANT_FLUSH_EL2, cut_a_right, "ALLE2");
}

static void an_asid_reused_without_a_flush(void **state)
{
	is_found(PLANT_FLUSH_NO_REUSE, five_lives, "reused without a flush");
}

static void a_change_without_a_break(void **state)
{
	is_found(PLANT_NO_BREAK, cut_a_right, "without a break");
}

static void zero_the_first_frame(void *unused)
{
	page_zero(page_pa(first_frame()));
}

static void a_page_that_is_entered_before_it_is_zeroed(void **state)
{
	world_boot(64);
	model_expect_fail(zero_the_first_frame, NULL, "is zeroed after it was entered");
}

static const struct CMUnitTest all[] = {
	TEST(a_leaf_without_ng),           TEST(no_flush_behind_protect),
	TEST(no_flush_behind_free),        TEST(a_page_given_while_the_tlb_leads_to_it),
	TEST(a_flush_with_the_wrong_asid), TEST(a_flush_of_the_wrong_address),
	TEST(a_flush_of_the_wrong_regime), TEST(an_asid_reused_without_a_flush),
	TEST(a_change_without_a_break),    TEST(a_page_that_is_entered_before_it_is_zeroed),
};

MODEL_MAIN("planted bugs", all)
