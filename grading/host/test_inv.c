/*
 * The invariants: each is true in a sound world, and false, by its own name and index, when what it speaks of is broken.
 * And a checked kernel panics with that name.
 */
#include "unit.h"
#include "world.h"

#include <hv8/hypercall.h>
#include <machine.h>
#include <string.h>

static pn_t table3, frame, child_root;

/* Process 1 with a descriptor, an embryo 2, and a runnable 3. */
static void sound_world(void)
{
	world_boot(64);
	child_root = world_free_page();
	assert_int_equal(CALL(clone, 2, child_root), 2);
	assert_int_equal(CALL(clone, 3, world_free_page()), 3);
	assert_int_equal(CALL(set_runnable, 3), 0);
	assert_int_equal(CALL(create, 0, 5, 1, 0, 0), 0);
	table3 = world_table(1, WORLD_UVA, 3);
	frame = (pn_t)page_at(model_translate(1, WORLD_UVA).pa);
}

static pte_t *leaf(void)
{
	return (pte_t *)pa_pointer(page_pa(table3)) + (WORLD_UVA >> 12 & 511);
}

static void owner_of_a_free_page(void)
{
	pages[60].owner = 1;
}

static void page_of_nobody(void)
{
	pages[frame].owner = 9;
}

static void frame_elsewhere(void)
{
	pages[frame].va += PAGE_SIZE;
}

static void unmapped_frame(void)
{
	*leaf() = 0;
	pages[table3].used--;
}

static void miscounted_table(void)
{
	pages[table3].used++;
}

static void leaf_to_a_table(void)
{
	leaf()[1] = (*leaf() & 0xfff0000000000fff) | page_pa(child_root);
	pages[table3].used++;
}

static void writable_kernel_table(void)
{
	leaf()[1] = (*leaf() & 0xfff0000000000fff) | pointer_pa(procs);
	pages[table3].used++;
}

static void global_leaf(void)
{
	*leaf() &= ~(1UL << 11);
}

static void twin_asid(void)
{
	procs[2].asid = procs[1].asid;
}

static void stray_ttbr(void)
{
	contexts[2].el1.ttbr0_el1 = contexts[1].el1.ttbr0_el1;
}

static void name_of_nobody(void)
{
	procs[9].name[0] = 'x';
}

static void parent_of_nobody(void)
{
	procs[2].parent = 9;
	procs[1].nchildren--;
}

static void two_running(void)
{
	procs[2].state = PROC_RUNNING;
}

static void unlinked(void)
{
	procs[0].next = 0;
}

static void ring_of_one(void)
{
	procs[3].next = 3;
}

static void too_many_pages(void)
{
	procs[1].npages++;
}

static void too_few_files(void)
{
	procs[1].nfiles--;
}

static void lost_child(void)
{
	procs[1].nchildren--;
}

static void lost_waiter(void)
{
	procs[3].nwaiting++;
}

static void miscounted_file(void)
{
	files[5].refs++;
}

static void closed_but_open(void)
{
	memset(&files[5], 0, sizeof(files[5]));
}

static void each_is_broken_by_its_name(void **state)
{
	static const struct {
		void (*breaks)(void);
		const char *name;
		int index; /* -1: whichever */
	} cases[] = {
		{ owner_of_a_free_page, "inv_page_owner", 60 },
		{ page_of_nobody, "inv_page_owner", -1 },
		{ frame_elsewhere, "inv_page_entered", -1 },
		{ unmapped_frame, "inv_page_entered", -1 },
		{ miscounted_table, "inv_table", -1 },
		{ leaf_to_a_table, "inv_table", -1 },
		{ writable_kernel_table, "inv_table", -1 },
		{ global_leaf, "inv_table", -1 },
		{ twin_asid, "inv_asid", 2 },
		{ stray_ttbr, "inv_asid", 2 },
		{ name_of_nobody, "inv_proc", 9 },
		{ parent_of_nobody, "inv_proc", 2 },
		{ two_running, "inv_ready", 2 },
		{ unlinked, "inv_ready", -1 },
		{ ring_of_one, "inv_ready", -1 },
		{ too_many_pages, "inv_counts", 1 },
		{ too_few_files, "inv_counts", 1 },
		{ lost_child, "inv_counts", 1 },
		{ lost_waiter, "inv_counts", 3 },
		{ miscounted_file, "inv_file", 5 },
		{ closed_but_open, "inv_file", 5 },
	};
	size_t i;
	u32 index;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *broken;

		model_reset();
		sound_world();
		assert_null(invariants_check(&index));
		page_high = page_count(); /* look at all */
		assert_null(invariants_check(&index));
		cases[i].breaks();
		broken = invariants_check(&index);
		if (!broken || strcmp(broken, cases[i].name) ||
		    (cases[i].index >= 0 && (u32)cases[i].index != index))
			fail_msg("case %zu: %s(%u), expected %s(%d)", i,
			         broken ? broken : "nothing", index, cases[i].name, cases[i].index);
	}
}

static void call_over_a_broken_world(void *unused)
{
	sound_world();
	procs[1].npages++;
	CALL(getpid);
}

static void a_checked_kernel_panics_with_the_name(void **state)
{
	assert_int_equal(model_run(call_over_a_broken_world, NULL), MODEL_OFF);
	assert_non_null(
		strstr(model_output(),
	               "hv8: panic: inv_counts(1) does not hold behind hypercall getpid = 1"));
}

static const struct CMUnitTest all[] = {
	TEST(each_is_broken_by_its_name),
	TEST(a_checked_kernel_panics_with_the_name),
};

MODEL_MAIN("invariants", all)
