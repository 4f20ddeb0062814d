/*
 * What of interrupts a process may map: the table of all, read-only, and on a GICv2 its own virtual CPU interface.
 */
#include "unit.h"
#include "drive_irq.h"

#include <hv8/page.h>
#include <machine.h>

#define LAST    (WORLD_PAGES - 1)
#define AT(uva) ((uva) >> 12 & 511)

static void refuses_bad_entries(u64 number)
{
	const struct home *h = &home[1];
	const u64 tables[] = {
		WORLD_PAGES, HIGH | h->l3, ~0UL, LAST, h->l0, h->l1, h->l2, h->data
	};
	const u64 beyond[] = { 512, HIGH | 5, ~0UL };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		refuse(number, &(struct refusal){ EINVAL, { tables[i], 5 } }, 1);
	for (i = 0; i < ARRAY_SIZE(beyond); i++)
		refuse(number, &(struct refusal){ EINVAL, { h->l3, beyond[i] } }, 1);
	refuse(number, &(struct refusal){ EPERM, { home[3].l3, 5 } }, 1);
	refuse(number, &(struct refusal){ EPERM, { home[5].l3, 5 } }, 1);
	refuse(number, &(struct refusal){ EPERM, { home[4].l3, 5 } }, 1); /* a zombie's */
	refuse(number, &(struct refusal){ EBUSY, { h->l3, AT(CODE) } }, 1);
	refuse(number, &(struct refusal){ EBUSY, { home[2].l3, AT(DATA) } }, 1);
	ok(map_irqs, h->l3, 7);
	refuse(number, &(struct refusal){ EBUSY, { h->l3, 7 } }, 1);
}

static void map_irqs_shows_the_table_read_only(void **state)
{
	u64 pid;

	owners(3);
	for (pid = 1; pid <= 2; pid++) {
		struct model_translation t;

		ok(map_irqs, home[pid].l3, AT(HOLE));
		t = seen(pid, HOLE);
		assert_null(t.fault);
		assert_int_equal(t.pa, pointer_pa(irqs));
		assert_true(t.read && t.el0_read && !t.global);
		assert_false(t.write || t.el0_write || t.execute || t.el0_execute);
		ok(unmap_kernel, home[pid].l3, AT(HOLE));
		assert_non_null(seen(pid, HOLE).fault);
	}
	assert_int_equal(sizeof(irqs), PAGE_SIZE);
}

static void map_irqs_refuses(void **state)
{
	owners(3);
	refuses_bad_entries(HC_map_irqs);
}

static void map_gicv_maps_the_interface_for_el1(void **state)
{
	u64 pid;

	owners(2);
	for (pid = 1; pid <= 2; pid++) {
		struct model_translation t;

		assert_false(contexts[pid].uses & USES_GIC);
		ok(map_gicv, home[pid].l3, AT(HOLE));
		assert_true(contexts[pid].uses & USES_GIC);
		t = seen(pid, HOLE);
		assert_null(t.fault);
		assert_int_equal(t.pa, 0x08040000);
		assert_int_equal(t.memory, 0x04);
		assert_true(t.read && t.write);
		assert_false(t.global || t.el0_read || t.el0_write || t.execute || t.el0_execute);
		ok(unmap_kernel, home[pid].l3, AT(HOLE));
		assert_non_null(seen(pid, HOLE).fault);
	}
	assert_false(contexts[3].uses);
	model_virq_open(); /* and the caller can use it at once */
}

/* EL2 has not mapped it: the kernel would die of a data abort. */
static void nothing_is_written_from_gicv(void **state)
{
	owners(2);
	ok(map_gicv, home[1].l3, AT(HOLE)); /* behind DATA */
	refused(EFAULT, console_write, HOLE, 1);
	refused(EFAULT, console_write, HOLE + PAGE_SIZE - 1, 1);
	refused(EFAULT, console_write, HOLE - 1, 2);
	assert_int_equal(hc(console_write, HOLE - 1, 1), 1);
}

static void map_gicv_refuses(void **state)
{
	owners(2);
	refuses_bad_entries(HC_map_gicv);
	owners(3);
	refuses_bad_entries(HC_map_gicv); /* the same, for want of a GICv2 */
	refused(ENOENT, map_gicv, home[1].l3, AT(HOLE));
	refused(ENOENT, map_gicv, home[2].l3, AT(HOLE));
	family();
	refused(ENOENT, map_gicv, home[1].l3, AT(HOLE));
}

static const struct CMUnitTest tests[] = {
	TEST(map_irqs_shows_the_table_read_only),
	TEST(map_irqs_refuses),
	TEST(map_gicv_maps_the_interface_for_el1),
	TEST(nothing_is_written_from_gicv),
	TEST(map_gicv_refuses),
};

MODEL_MAIN("mappings of interrupts", tests)
