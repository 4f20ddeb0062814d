/*
 * Pages and address spaces by hypercall: what each call promises in uapi/hypercall.def, each error, and what the
 * table walker sees of it.
 */
#include "unit.h"
#include "drive.h"

#include <hv8/asid.h>
#include <hv8/page.h>
#include <hv8/stat.h>
#include <machine.h>
#include <string.h>

#define LAST    (WORLD_PAGES - 1) /* a page that is free all the time */
#define AT(uva) ((uva) >> 12 & 511)

static const int perms[] = { VM_R, VM_RW, VM_RX, VM_R | VM_EL0, VM_RW | VM_EL0, VM_RX | VM_EL0 };

static u64 entry(u64 table, u64 index)
{
	return ((u64 *)bytes(table))[index];
}

static void may(struct model_translation t, u64 page, int perm)
{
	const int kind = perm & 3;
	const bool el0 = perm & VM_EL0;

	if (t.fault)
		fail_msg("page %lu: %s at level %d", page, t.fault, t.level);
	assert_int_equal(t.pa, page_pa((pn_t)page));
	assert_int_equal(t.write, kind == VM_RW);
	assert_int_equal(t.execute, kind == VM_RX);
	assert_int_equal(t.el0_read, el0);
	assert_int_equal(t.el0_write, el0 && kind == VM_RW);
	assert_int_equal(t.el0_execute, el0 && kind == VM_RX);
	assert_false(t.global);
}

/*
 * What every call with a table and an index refuses of them, which are arguments @p at and @p at + 1 of the @p good
 * call: what is no table of @p level or no index.
 */
static void refuses_bad_entries(u64 number, int at, const u64 good[6], u64 level)
{
	const struct home *h = &home[1];
	const u64 tables[] = { h->l0, h->l1, h->l2, h->l3 };
	const u64 bad[] = { page_count(), HIGH | good[at], ~0UL, LAST, h->data, home[2].code };
	const u64 beyond[] = { 512, HIGH | good[at + 1], ~0UL };
	struct refusal refusal = { EINVAL, { 0 } };
	size_t i;

	memcpy(refusal.arguments, good, sizeof(refusal.arguments));
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		refusal.arguments[at + 1] = beyond[i];
		refuse(number, &refusal, 1);
	}
	refusal.arguments[at + 1] = good[at + 1];
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		refusal.arguments[at] = bad[i];
		refuse(number, &refusal, 1);
	}
	for (i = 0; i < 4; i++) {
		refusal.arguments[at] = tables[i];
		if (i != level)
			refuse(number, &refusal, 1);
	}
}

/* ---- alloc_table ------------------------------------------------------------------------------- */

/* A table a level for the last page of the address space: own, and an embryo's. */
static void alloc_table_builds_to_the_last_address(void **state)
{
	u64 pid, level;

	family();
	for (pid = 1; pid <= 2; pid++) {
		u64 from = home[pid].l0, to = LAST, used = pages[from].used;
		const u32 npages = procs[pid].npages;

		for (level = 1; level <= 3; level++, from = to) {
			const u64 va = ~0UL << (12 + 9 * (4 - level)) & 0xffffffffffff;

			to = level == 1 ? LAST - pid : free_page();
			model.publish = 0;
			ok(alloc_table, pid, level, from, 511, to);
			assert_int_equal(pages[to].type, PAGE_L0 + level);
			assert_int_equal(pages[to].owner, pid);
			assert_int_equal(pages[to].va, va);
			assert_int_equal(pages[to].used, 0);
			assert_int_equal(pages[from].used, level == 1 ? used + 1 : 1);
			assert_int_equal(entry(from, 511), page_pa((pn_t)to) | 3);
			assert_true(filled(to, 0));
			assert_int_equal(model.cleaned_start, page_pa((pn_t)to));
			assert_true(model.publish > 0);
		}
		assert_int_equal(procs[pid].npages, npages + 3);
		to = free_page();
		ok(alloc_frame, pid, from, 511, to, VM_R);
		may(seen(pid, 0xfffffffff000), to, VM_R);
		assert_int_equal(pages[to].va, 0xfffffffff000);
	}
	assert_int_equal(model.flush_page, 0); /* an empty entry is in no TLB */
}

static void alloc_table_refuses(void **state)
{
	u64 l0, l1, l2, l3;

	family();
	l0 = home[1].l0;
	l1 = home[1].l1;
	l2 = home[1].l2;
	l3 = home[1].l3;
	{
		const struct refusal refusals[] = {
			{ EINVAL, { NPROC, 1, l0, 5, LAST } },
			{ EINVAL, { HIGH | 1, 1, l0, 5, LAST } },
			{ EINVAL, { ~0UL, 1, l0, 5, LAST } },
			{ EINVAL, { 1, 0, l0, 5, LAST } },
			{ EINVAL, { 1, 4, l3, 5, LAST } },
			{ EINVAL, { 1, HIGH | 1, l0, 5, LAST } },
			{ EINVAL, { 1, ~0UL, l0, 5, LAST } },
			{ EINVAL, { 1, 1, l0, 5, WORLD_PAGES } },
			{ EINVAL, { 1, 1, l0, 5, HIGH | LAST } },
			{ EINVAL, { 1, 1, l0, 5, ~0UL } },
			{ EINVAL, { 1, 1, l1, 5, LAST } },
			{ EINVAL, { 1, 2, l0, 5, LAST } },
			{ EINVAL, { 1, 2, l2, 5, LAST } },
			{ EINVAL, { 1, 3, l1, 5, LAST } },
			{ EINVAL, { 1, 3, l3, 5, LAST } },
			{ EPERM, { 0, 1, l0, 5, LAST } },
			{ EPERM, { 2, 1, l0, 5, LAST } },
			{ EPERM, { 1, 1, home[2].l0, 5, LAST } },
			{ EPERM, { 3, 1, home[3].l0, 5, LAST } },
			{ EPERM, { 3, 3, home[3].l2, 5, LAST } },
			{ EPERM, { 4, 1, home[4].l0, 5, LAST } },
			{ EPERM, { 5, 1, home[5].l0, 5, LAST } },
			{ EPERM, { 5, 1, l0, 5, LAST } },
			{ EPERM, { NPROC - 1, 1, l0, 5, LAST } },
			{ EBUSY, { 1, 1, l0, 0, LAST } },
			{ EBUSY, { 1, 2, l1, 0, LAST } },
			{ EBUSY, { 1, 3, l2, 2, LAST } },
			{ EBUSY, { 2, 1, home[2].l0, 0, LAST } },
			{ EBUSY, { 1, 1, l0, 5, l0 } },
			{ EBUSY, { 1, 1, l0, 5, home[1].data } },
			{ EBUSY, { 1, 1, l0, 5, home[3].data } },
			{ EBUSY, { 1, 1, l0, 5, home[4].l0 } },
		};
		refuse(HC_alloc_table, refusals, ARRAY_SIZE(refusals));
	}
	refuses_bad_entries(HC_alloc_table, 2, (const u64[6]){ 1, 1, l0, 5, LAST }, 0);
	refuses_bad_entries(HC_alloc_table, 2, (const u64[6]){ 1, 2, l1, 5, LAST }, 1);
	refuses_bad_entries(HC_alloc_table, 2, (const u64[6]){ 1, 3, l2, 5, LAST }, 2);
	ok(alloc_table, 1, 1, l0, 5, LAST);
}

/* ---- alloc_frame ------------------------------------------------------------------------------- */

static void alloc_frame_maps_a_page_of_zeros(void **state)
{
	u64 pid, i;

	family();
	for (pid = 1; pid <= 2; pid++)
		for (i = 0; i < ARRAY_SIZE(perms); i++) {
			const u64 frame = i ? free_page() : LAST - pid, l3 = home[pid].l3,
				  index = i ? 500 + i : 511;
			const u32 npages = procs[pid].npages, used = pages[l3].used;

			model.icache = 0;
			model.publish = 0;
			ok(alloc_frame, pid, l3, index, frame, (u64)perms[i]);
			assert_true(filled(frame, 0));
			assert_int_equal(model.cleaned_start, page_pa((pn_t)frame));
			assert_int_equal(model.cleaned_end, page_pa((pn_t)frame) + PAGE_SIZE);
			assert_int_equal(pages[frame].type, PAGE_FRAME);
			assert_int_equal(pages[frame].owner, pid);
			assert_int_equal(pages[frame].perm, perms[i]);
			assert_int_equal(pages[frame].va, CODE + index * PAGE_SIZE);
			assert_int_equal(pages[frame].used, 0);
			assert_int_equal(procs[pid].npages, npages + 1);
			assert_int_equal(pages[l3].used, used + 1);
			may(seen(pid, CODE + index * PAGE_SIZE), frame, perms[i]);
			if (pid == 1)
				assert_non_null(seen(2, CODE + index * PAGE_SIZE).fault);
			assert_true(model.publish > 0);
			assert_int_equal(model.icache, (perms[i] & 3) == VM_RX);
			if (model.icache) {
				assert_int_equal(model.icache_start, page_pa((pn_t)frame));
				assert_int_equal(model.icache_end,
				                 page_pa((pn_t)frame) + PAGE_SIZE);
			}
		}
	assert_int_equal(model.flush_page, 0);
}

static void alloc_frame_refuses(void **state)
{
	u64 l3;

	family();
	l3 = home[1].l3;
	{
		const struct refusal refusals[] = {
			{ EINVAL, { NPROC, l3, 9, LAST, VM_R } },
			{ EINVAL, { HIGH | 1, l3, 9, LAST, VM_R } },
			{ EINVAL, { ~0UL, l3, 9, LAST, VM_R } },
			{ EINVAL, { 1, l3, 9, WORLD_PAGES, VM_R } },
			{ EINVAL, { 1, l3, 9, HIGH | LAST, VM_R } },
			{ EINVAL, { 1, l3, 9, ~0UL, VM_R } },
			{ EINVAL, { 1, l3, 9, LAST, 0 } },
			{ EINVAL, { 1, l3, 9, LAST, VM_EL0 } },
			{ EINVAL, { 1, l3, 9, LAST, 8 } },
			{ EINVAL, { 1, l3, 9, LAST, 8 | VM_R } },
			{ EINVAL, { 1, l3, 9, LAST, HIGH | VM_R } },
			{ EINVAL, { 1, l3, 9, LAST, ~0UL } },
			{ EPERM, { 0, l3, 9, LAST, VM_R } },
			{ EPERM, { 2, l3, 9, LAST, VM_R } },
			{ EPERM, { 1, home[2].l3, 9, LAST, VM_R } },
			{ EPERM, { 3, home[3].l3, 9, LAST, VM_R } },
			{ EPERM, { 4, home[4].l3, 9, LAST, VM_R } },
			{ EPERM, { 5, home[5].l3, 9, LAST, VM_R } },
			{ EPERM, { NPROC - 1, l3, 9, LAST, VM_R } },
			{ EBUSY, { 1, l3, AT(CODE), LAST, VM_R } },
			{ EBUSY, { 2, home[2].l3, AT(DATA), LAST, VM_R } },
			{ EBUSY, { 1, l3, 9, l3, VM_R } },
			{ EBUSY, { 1, l3, 9, home[1].data, VM_R } },
			{ EBUSY, { 1, l3, 9, home[3].data, VM_R } },
			{ EBUSY, { 1, l3, 9, home[4].data, VM_R } },
		};
		refuse(HC_alloc_frame, refusals, ARRAY_SIZE(refusals));
	}
	refuses_bad_entries(HC_alloc_frame, 1, (const u64[6]){ 1, l3, 9, LAST, VM_R }, 3);
	ok(alloc_frame, 1, l3, 9, LAST, VM_R);
}

/* ---- copy_frame -------------------------------------------------------------------------------- */

static void copy_frame_copies_every_byte(void **state)
{
	u64 i;

	family();
	for (i = 0; i < PAGE_SIZE; i++)
		bytes(home[1].data)[i] = (u8)(i * 7 + i / 256);
	ok(copy_frame, home[1].data, 2, home[2].code);
	ok(copy_frame, home[1].data, 1, home[1].code);
	assert_int_equal(model.icache_start, page_pa((pn_t)home[1].code)); /* it may be executed */
	assert_int_equal(model.icache_end, page_pa((pn_t)home[1].code) + PAGE_SIZE);
	ok(copy_frame, home[1].data, 1, home[1].data);
	for (i = 0; i < PAGE_SIZE; i++) {
		assert_int_equal(bytes(home[1].data)[i], (u8)(i * 7 + i / 256));
		assert_int_equal(bytes(home[1].code)[i], (u8)(i * 7 + i / 256));
		assert_int_equal(bytes(home[2].code)[i], (u8)(i * 7 + i / 256));
	}
	assert_true(filled(home[2].data, 0));
}

static void copy_frame_refuses(void **state)
{
	u64 from, to;

	family();
	memset(bytes(home[1].data), 0x77, PAGE_SIZE);
	from = home[1].data;
	to = home[2].data;
	{
		const struct refusal refusals[] = {
			{ EINVAL, { from, NPROC, to } },      { EINVAL, { from, HIGH | 2, to } },
			{ EINVAL, { from, ~0UL, to } },       { EINVAL, { WORLD_PAGES, 2, to } },
			{ EINVAL, { HIGH | from, 2, to } },   { EINVAL, { ~0UL, 2, to } },
			{ EINVAL, { from, 2, WORLD_PAGES } }, { EINVAL, { from, 2, HIGH | to } },
			{ EINVAL, { from, 2, ~0UL } },        { EINVAL, { home[1].l3, 2, to } },
			{ EINVAL, { LAST, 2, to } },          { EINVAL, { from, 2, home[2].l3 } },
			{ EINVAL, { from, 2, LAST } },        { EPERM, { from, 0, to } },
			{ EPERM, { from, 1, to } },           { EPERM, { from, 2, from } },
			{ EPERM, { home[2].data, 2, to } },   { EPERM, { home[3].data, 2, to } },
			{ EPERM, { from, 3, home[3].data } }, { EPERM, { from, 4, home[4].data } },
			{ EPERM, { from, 5, home[5].data } }, { EPERM, { from, NPROC - 1, to } },
		};
		refuse(HC_copy_frame, refusals, ARRAY_SIZE(refusals));
	}
}

/* ---- protect_frame, free_frame ----------------------------------------------------------------- */

static void flushed(u64 pid, uva_t uva)
{
	assert_int_equal(model.flush_page, 1);
	assert_int_equal(model.flushed_asid, contexts[pid].el1.ttbr0_el1 >> 48);
	assert_int_equal(model.flushed_va, uva);
	model.flush_page = 0;
}

static void protect_frame_from_each_right_to_each(void **state)
{
	u64 pid, from, to;

	family();
	for (pid = 1; pid <= 2; pid++)
		for (from = 0; from < ARRAY_SIZE(perms); from++)
			for (to = 0; to < ARRAY_SIZE(perms); to++) {
				const u64 frame = home[pid].data, used = pages[home[pid].l3].used,
					  count = stats[STAT_FLUSH_PAGE];

				ok(protect_frame, home[pid].l3, AT(DATA), frame, (u64)perms[from]);
				memset(bytes(frame), 0x3c, PAGE_SIZE);
				model.flush_page = 0;
				model.icache = 0;
				model.publish = 0;
				ok(protect_frame, home[pid].l3, AT(DATA), frame, (u64)perms[to]);
				flushed(pid, DATA);
				may(seen(pid, DATA), frame, perms[to]);
				assert_int_equal(pages[frame].perm, perms[to]);
				assert_int_equal(pages[home[pid].l3].used, used);
				assert_true(filled(frame, 0x3c));
				assert_int_equal(stats[STAT_FLUSH_PAGE], count + 2);
				assert_true(model.publish > 0);
				assert_int_equal(model.icache, (perms[to] & 3) == VM_RX);
			}
}

static void free_frame_leaves_nothing(void **state)
{
	u64 pid;

	family();
	for (pid = 1; pid <= 2; pid++) {
		const u64 frame = home[pid].data, count = stats[STAT_FLUSH_PAGE];
		const u32 npages = procs[pid].npages, used = pages[home[pid].l3].used;

		ok(free_frame, home[pid].l3, AT(DATA), frame);
		flushed(pid, DATA);
		assert_int_equal(stats[STAT_FLUSH_PAGE], count + 1);
		assert_non_null(seen(pid, DATA).fault);
		assert_int_equal(entry(home[pid].l3, AT(DATA)), 0);
		assert_int_equal(pages[frame].type, PAGE_FREE);
		assert_int_equal(pages[frame].owner, 0);
		assert_int_equal(procs[pid].npages, npages - 1);
		assert_int_equal(pages[home[pid].l3].used, used - 1);
		ok(alloc_frame, 1, home[1].l3, 300 + pid, frame, VM_RW); /* whoever is next */
		assert_true(filled(frame, 0));
	}
}

static void protect_frame_and_free_frame_refuse(void **state)
{
	u64 l3, i;

	family();
	l3 = home[1].l3;
	ok(map_pages, l3, AT(HOLE), 0);
	for (i = 0; i < 2; i++) {
		const u64 number = i ? HC_free_frame : HC_protect_frame, data = home[1].data;
		const struct refusal refusals[] = {
			{ EINVAL, { l3, AT(DATA), WORLD_PAGES, VM_R } },
			{ EINVAL, { l3, AT(DATA), HIGH | data, VM_R } },
			{ EINVAL, { l3, AT(DATA), ~0UL, VM_R } },
			{ EINVAL, { l3, AT(DATA), home[1].code, VM_R } },
			{ EINVAL, { l3, AT(DATA), home[2].data, VM_R } },
			{ EINVAL, { l3, AT(DATA), l3, VM_R } },
			{ EINVAL, { l3, AT(DATA), LAST, VM_R } },
			{ EINVAL, { l3, AT(CODE), data, VM_R } },
			{ EINVAL, { l3, AT(HOLE), data, VM_R } },
			{ EINVAL, { l3, 9, data, VM_R } },
			{ EINVAL, { l3, 9, 0, VM_R } },
			{ EINVAL, { home[2].l3, AT(DATA), data, VM_R } },
			{ EINVAL, { home[3].l3, AT(DATA), data, VM_R } },
			{ EPERM, { home[3].l3, AT(DATA), home[3].data, VM_R } },
			{ EPERM, { home[4].l3, AT(DATA), home[4].data, VM_R } },
			{ EPERM, { home[5].l3, AT(DATA), home[5].data, VM_R } },
		};
		const u64 good[6] = { l3, AT(DATA), data, VM_R };

		refuse(number, refusals, ARRAY_SIZE(refusals));
		refuses_bad_entries(number, 0, good, 3);
	}
	for (i = 0; i < 12; i++) {
		const u64 bad[] = { 0, VM_EL0, 8, 9, 10, 11, 12, 13, 14, 15, HIGH | VM_R, ~0UL };

		refused(EINVAL, protect_frame, l3, AT(DATA), home[1].data, bad[i]);
	}
}

/* ---- free_table, reclaim_page ------------------------------------------------------------------ */

static void free_table_takes_an_address_space_down(void **state)
{
	u64 pid;

	family();
	for (pid = 1; pid <= 2; pid++) {
		const u64 tables[] = { home[pid].l0, home[pid].l1, home[pid].l2, home[pid].l3 };
		const u64 index[] = { 0, 0, AT(CODE >> 9) };
		const u32 npages = procs[pid].npages;
		int level;

		ok(free_frame, home[pid].l3, AT(CODE), home[pid].code);
		ok(free_frame, home[pid].l3, AT(DATA), home[pid].data);
		for (level = 2; level >= 0; level--) {
			const u64 count = stats[STAT_FLUSH_PAGE], to = tables[level + 1];

			model.flush_page = 0;
			ok(free_table, tables[level], index[level], to);
			flushed(pid, level == 2 ? CODE : 0);
			assert_int_equal(stats[STAT_FLUSH_PAGE], count + 1);
			assert_int_equal(pages[to].type, PAGE_FREE);
			assert_int_equal(pages[to].owner, 0);
			assert_int_equal(pages[tables[level]].used, 0);
			assert_int_equal(entry(tables[level], index[level]), 0);
			assert_non_null(seen(pid, CODE).fault);
			assert_int_equal(seen(pid, CODE).level, level);
		}
		assert_int_equal(procs[pid].npages, npages - 5);
		assert_int_equal(procs[pid].npages, 1); /* the root stays */
	}
}

static void free_table_refuses(void **state)
{
	u64 l0, l1, l2, l3;

	family();
	l0 = home[1].l0;
	l1 = home[1].l1;
	l2 = home[1].l2;
	l3 = home[1].l3;
	ok(alloc_table, 1, 3, l2, 511, LAST);
	{
		const struct refusal refusals[] = {
			{ EINVAL, { l2, 511, WORLD_PAGES } },
			{ EINVAL, { l2, 511, HIGH | LAST } },
			{ EINVAL, { l2, 511, ~0UL } },
			{ EINVAL, { l2, 511, l3 } },
			{ EINVAL, { l2, 511, LAST - 1 } },
			{ EINVAL, { l2, 510, LAST } },
			{ EINVAL, { l2, 510, 0 } },
			{ EINVAL, { l1, 511, LAST } },
			{ EINVAL, { l3, AT(DATA), home[1].data } },
			{ EINVAL, { home[3].l2, 511, LAST } },
			{ EPERM, { home[3].l2, 2, home[3].l3 } },
			{ EPERM, { home[4].l1, 0, home[4].l2 } },
			{ EPERM, { home[5].l0, 0, home[5].l1 } },
			{ EBUSY, { l0, 0, l1 } },
			{ EBUSY, { l1, 0, l2 } },
			{ EBUSY, { l2, 2, l3 } },
			{ EBUSY, { home[2].l2, 2, home[2].l3 } },
		};
		refuse(HC_free_table, refusals, ARRAY_SIZE(refusals));
	}
	refuses_bad_entries(HC_free_table, 0, (const u64[6]){ l2, 511, LAST }, 2);
	ok(free_table, l2, 511, LAST);
	/* The kernel's pages count, too. */
	ok(alloc_table, 1, 3, l2, 511, LAST);
	ok(map_vectors, LAST, 0);
	refused(EBUSY, free_table, l2, 511, LAST);
	ok(unmap_kernel, LAST, 0);
	ok(free_table, l2, 511, LAST);
}

static void reclaim_page_takes_from_zombies_in_any_order(void **state)
{
	u64 i, n;
	u32 left;

	family();
	run(3); /* it is for anyone */
	left = procs[4].npages;
	for (n = 0; n < left; n++) {
		/* the root first, its tables and frames as they come */
		const u64 page = n == 0 ? home[4].l0 : n == 1 ? home[4].data : home[4].l1;

		for (i = 0; i < page_count() && !(pages[i].owner == 4 && n > 1); i++)
			continue;
		i = n > 1 ? i : page;
		ok(reclaim_page, i);
		assert_int_equal(pages[i].type, PAGE_FREE);
		assert_int_equal(pages[i].owner, 0);
		assert_int_equal(procs[4].npages, left - n - 1);
	}
}

/* Walks may be cached by the physical address of a table: it must be forgotten before the page is a table again. */
static void a_table_that_is_reclaimed_is_flushed(void **state)
{
	u64 asid;

	family();
	asid = procs[4].asid;
	model.flush_asid = 0;
	ok(reclaim_page, home[4].data);
	assert_int_equal(model.flush_asid, 0);
	ok(reclaim_page, home[4].l3);
	assert_int_equal(model.flush_asid, 1);
	assert_int_equal(model.flushed_asid, asid);
}

static void reclaim_page_refuses(void **state)
{
	family();
	{
		const struct refusal refusals[] = {
			{ EINVAL, { WORLD_PAGES } }, { EINVAL, { HIGH | home[4].data } },
			{ EINVAL, { ~0UL } },        { EINVAL, { LAST } },
			{ EPERM, { home[1].data } }, { EPERM, { home[1].l0 } },
			{ EPERM, { home[2].data } }, { EPERM, { home[3].data } },
			{ EPERM, { home[5].l3 } },
		};
		refuse(HC_reclaim_page, refusals, ARRAY_SIZE(refusals));
	}
	ok(reclaim_page, home[4].data);
	refused(EINVAL, reclaim_page, home[4].data);
}

static const struct CMUnitTest tests[] = {
	TEST(alloc_table_builds_to_the_last_address),
	TEST(alloc_table_refuses),
	TEST(alloc_frame_maps_a_page_of_zeros),
	TEST(alloc_frame_refuses),
	TEST(copy_frame_copies_every_byte),
	TEST(copy_frame_refuses),
	TEST(protect_frame_from_each_right_to_each),
	TEST(free_frame_leaves_nothing),
	TEST(protect_frame_and_free_frame_refuse),
	TEST(free_table_takes_an_address_space_down),
	TEST(free_table_refuses),
	TEST(reclaim_page_takes_from_zombies_in_any_order),
	TEST(a_table_that_is_reclaimed_is_flushed),
	TEST(reclaim_page_refuses),
};

MODEL_MAIN("memory", tests)
