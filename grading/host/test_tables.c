/*
 * What of the kernel a process may map, and how its address space gets and loses its ASID.
 */
#include "unit.h"
#include "drive.h"

#include <hv8/asid.h>
#include <hv8/page.h>
#include <hv8/stat.h>
#include <machine.h>
#include <string.h>

#define AT(uva) ((uva) >> 12 & 511)
#define LAST    (WORLD_PAGES - 1)

extern const char user_vectors[];

/* map_pages, map_procs, map_files: what each maps, and how much there is of it. */
static struct {
	u64 number;
	const void *start;
	u64 parts;
} kernel_tables[3];

static void family_and_tables(void)
{
	family();
	kernel_tables[0].number = HC_map_pages;
	kernel_tables[0].start = pages;
	kernel_tables[0].parts = sizeof(pages) / PAGE_SIZE;
	kernel_tables[1].number = HC_map_procs;
	kernel_tables[1].start = procs;
	kernel_tables[1].parts = sizeof(procs) / PAGE_SIZE;
	kernel_tables[2].number = HC_map_files;
	kernel_tables[2].start = files;
	kernel_tables[2].parts = sizeof(files) / PAGE_SIZE;
}

static void is_read_only(struct model_translation t, const void *what)
{
	if (t.fault)
		fail_msg("%s at level %d", t.fault, t.level);
	assert_int_equal(t.pa, pointer_pa(what));
	assert_true(t.el0_read);
	assert_false(t.write || t.el0_write || t.execute || t.el0_execute || t.global);
}

static void the_kernels_tables_can_be_read_by_whoever_maps_them(void **state)
{
	u64 pid, part;
	int i;

	family_and_tables();
	for (pid = 1; pid <= 2; pid++)
		for (i = 0; i < 3; i++)
			for (part = 0; part < kernel_tables[i].parts; part++) {
				const u64 l3 = home[pid].l3,
					  at = part % 8 ? HOLE : CODE | 511UL << 12;
				const u32 used = pages[l3].used, npages = procs[pid].npages;

				if (part > 8 && part < kernel_tables[i].parts - 1)
					continue;
				model.publish = 0;
				assert_int_equal(
					drive(kernel_tables[i].number, l3, AT(at), part, 0, 0, 0),
					0);
				is_read_only(seen(pid, at + 0),
				             (const u8 *)kernel_tables[i].start + part * PAGE_SIZE);
				assert_int_equal(pages[l3].used, used + 1);
				assert_int_equal(procs[pid].npages, npages); /* nobody owns it */
				assert_true(model.publish > 0);
				model.flush_page = 0;
				ok(unmap_kernel, l3, AT(at));
				assert_non_null(seen(pid, at).fault);
				assert_int_equal(pages[l3].used, used);
				assert_int_equal(model.flush_page, 1);
				assert_int_equal(model.flushed_va, at);
				assert_int_equal(model.flushed_asid,
				                 contexts[pid].el1.ttbr0_el1 >> 48);
			}
}

static void the_vector_page_can_be_executed_at_el1(void **state)
{
	struct model_translation t;
	u64 pid, count;

	family();
	for (pid = 1; pid <= 2; pid++) {
		ok(map_vectors, home[pid].l3, AT(HOLE));
		t = seen(pid, HOLE);
		assert_null(t.fault);
		assert_int_equal(t.pa, pointer_pa(user_vectors));
		assert_true(t.execute);
		assert_false(t.write || t.el0_read || t.el0_write || t.el0_execute || t.global);
		count = stats[STAT_FLUSH_PAGE];
		ok(unmap_kernel, home[pid].l3, AT(HOLE));
		assert_int_equal(stats[STAT_FLUSH_PAGE], count + 1);
		assert_non_null(seen(pid, HOLE).fault);
	}
}

static void tables_and_indices_are_refused(u64 number, u64 taken)
{
	const struct home *h = &home[1];
	const u64 free_index = AT(HOLE), index = number == HC_unmap_kernel ? taken : free_index;
	const struct refusal refusals[] = {
		{ EINVAL, { WORLD_PAGES, index } }, { EINVAL, { HIGH | h->l3, index } },
		{ EINVAL, { ~0UL, index } },        { EINVAL, { LAST, index } },
		{ EINVAL, { h->data, index } },     { EINVAL, { h->l0, index } },
		{ EINVAL, { h->l1, index } },       { EINVAL, { h->l2, index } },
		{ EINVAL, { h->l3, 512 } },         { EINVAL, { h->l3, HIGH | index } },
		{ EINVAL, { h->l3, ~0UL } },        { EPERM, { home[3].l3, index } },
		{ EPERM, { home[4].l3, index } },   { EPERM, { home[5].l3, index } },
	};

	refuse(number, refusals, ARRAY_SIZE(refusals));
}

static void maps_refuse(void **state)
{
	int i;

	family_and_tables();
	ok(map_vectors, home[1].l3, 8);
	for (i = 0; i < 4; i++) {
		const u64 number = i == 3 ? HC_map_vectors : kernel_tables[i].number;
		const struct refusal refusals[] = {
			{ EBUSY, { home[1].l3, AT(CODE) } },
			{ EBUSY, { home[1].l3, 8 } },
			{ EBUSY, { home[2].l3, AT(DATA) } },
		};

		tables_and_indices_are_refused(number, 8);
		refuse(number, refusals, ARRAY_SIZE(refusals));
	}
	for (i = 0; i < 3; i++) {
		const u64 l3 = home[1].l3, parts = kernel_tables[i].parts;
		const struct refusal refusals[] = {
			{ EINVAL, { l3, 9, parts } },
			{ EINVAL, { l3, 9, HIGH } },
			{ EINVAL, { l3, 9, ~0UL } },
			{ EINVAL, { l3, AT(CODE), parts } },         /* before -EBUSY */
			{ EINVAL, { home[3].l3, AT(HOLE), parts } }, /* before -EPERM */
		};

		refuse(kernel_tables[i].number, refusals, ARRAY_SIZE(refusals));
	}
	assert_int_equal(PAGES_PAGES, kernel_tables[0].parts);
	assert_int_equal(PROCS_PAGES, kernel_tables[1].parts);
	assert_int_equal(FILES_PAGES, kernel_tables[2].parts);
}

static void unmap_kernel_refuses(void **state)
{
	u64 pid;

	family();
	run(3);
	ok(map_files, home[3].l3, 8, 0);
	ok(map_files, home[5].l3, 8, 0);
	run(1);
	ok(map_procs, home[1].l3, 8, 0);
	ok(map_procs, home[2].l3, 8, 0);
	for (pid = 1; pid <= 2; pid++) {
		const struct refusal refusals[] = {
			{ EINVAL, { home[pid].l3, 9 } },
			{ EINVAL, { home[pid].l3, 0 } }, /* a frame */
			{ EINVAL, { home[pid].l3, AT(DATA) } },
		};

		refuse(HC_unmap_kernel, refusals, ARRAY_SIZE(refusals));
	}
	{
		const struct refusal refusals[] = {
			{ EINVAL, { WORLD_PAGES, 8 } },   { EINVAL, { HIGH | home[1].l3, 8 } },
			{ EINVAL, { ~0UL, 8 } },          { EINVAL, { LAST, 8 } },
			{ EINVAL, { home[1].data, 8 } },  { EINVAL, { home[1].l0, 8 } },
			{ EINVAL, { home[1].l1, 0 } },    { EINVAL, { home[1].l2, 2 } },
			{ EINVAL, { home[1].l3, 512 } },  { EINVAL, { home[1].l3, HIGH | 8 } },
			{ EINVAL, { home[1].l3, ~0UL } }, { EPERM, { home[3].l3, 8 } },
			{ EPERM, { home[5].l3, 8 } },
		};

		refuse(HC_unmap_kernel, refusals, ARRAY_SIZE(refusals));
	}
	ok(unmap_kernel, home[1].l3, 8);
	ok(unmap_kernel, home[2].l3, 8);
}

/* ---- ASIDs ------------------------------------------------------------------------------------- */

static u64 asid_of(u64 pid)
{
	return contexts[pid].el1.ttbr0_el1 >> 48;
}

static int flushed; /* how often an ASID was flushed because it was given */

/* Pid 9 is born and dies @p times times; the ASID of each life. */
static void lives(u32 times, u64 *asids)
{
	u32 i;

	flushed = 0;
	for (i = 0; i < times; i++) {
		const int before = model.flush_asid;

		embryo(9);
		flushed += model.flush_asid - before;
		asids[i] = asid_of(9);
		assert_int_equal(procs[9].asid, asids[i]);
		assert_int_equal(contexts[9].el1.ttbr0_el1 & 0xffffffffffff,
		                 page_pa((pn_t)home[9].l0));
		ok(kill, 9);
		bury(9);
	}
}

/* In 32 bits the counter of generations could be made to wrap around: used ASIDs would pass for new ones. */
static void generations_never_end(void **state)
{
	u64 asids[2];

	world_of(0x1105, "");
	generations[9] = 0xffffffff;
	lives(2, asids);
	assert_int_equal(stats[STAT_FLUSH_ASID], 2);
}

static void an_asid_is_flushed_when_it_is_given_again_and_not_before(void **state)
{
	static u64 asids[1030];
	const u64 features[] = { 0x1105, 0x1125 }, counts[] = { 256, 65536 };
	u32 i, n;

	for (n = 0; n < 2; n++) {
		const u32 rounds = (u32)counts[n] / NPROC;

		world_of(features[n], "");
		assert_int_equal(asid_count(), counts[n]);
		lives(rounds, asids);
		assert_int_equal(flushed, 0);
		assert_int_equal(stats[STAT_FLUSH_ASID], 0);
		for (i = 0; i < rounds; i++)
			assert_int_equal(asids[i], i * NPROC + 9);
		for (i = 0; i < 5; i++) {
			u64 again;

			lives(1, &again);
			assert_int_equal(again, asids[i % rounds]);
			assert_int_equal(flushed, 1);
			assert_int_equal(stats[STAT_FLUSH_ASID], i + 1);
		}
		/* Another pid's generations are its own. */
		model.flush_asid = 0;
		embryo(NPROC - 1);
		assert_int_equal(asid_of(NPROC - 1), NPROC - 1);
		assert_int_equal(model.flush_asid, 0);
		assert_int_equal(model.tlbi_el1, 1); /* at boot */
	}
}

static void a_switch_flushes_nothing(void **state)
{
	int flushes;

	family();
	flushes = model.tlbi_el1;
	model.flush_page = 0;
	run(3);
	assert_int_equal(model_sysreg_read("ttbr0_el1"), 3UL << 48 | page_pa((pn_t)home[3].l0));
	run(1);
	assert_int_equal(model_sysreg_read("ttbr0_el1"), 1UL << 48 | page_pa((pn_t)home[1].l0));
	assert_int_equal(model.tlbi_el1, flushes);
	assert_int_equal(model.flush_page + model.flush_asid, 0);
}

static void without_asids_each_switch_flushes_all(void **state)
{
	int flushes;

	world_of(0x1125, "asid=off");
	assert_false(asid_used());
	child(2);
	assert_int_equal(procs[2].asid, 0);
	flushes = model.tlbi_el1;
	run(2);
	assert_int_equal(model_sysreg_read("ttbr0_el1"), page_pa((pn_t)home[2].l0));
	run(1);
	assert_int_equal(model_sysreg_read("ttbr0_el1"), page_pa((pn_t)home[1].l0));
	assert_int_equal(model.tlbi_el1, flushes + 2);
	world_of(0x1125, "asid=on"); /* any other word */
	assert_true(asid_used());
}

static const struct CMUnitTest tests[] = {
	TEST(the_kernels_tables_can_be_read_by_whoever_maps_them),
	TEST(the_vector_page_can_be_executed_at_el1),
	TEST(maps_refuse),
	TEST(unmap_kernel_refuses),
	TEST(generations_never_end),
	TEST(an_asid_is_flushed_when_it_is_given_again_and_not_before),
	TEST(a_switch_flushes_nothing),
	TEST(without_asids_each_switch_flushes_all),
};

MODEL_MAIN("tables", tests)
