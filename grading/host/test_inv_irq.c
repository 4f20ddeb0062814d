/*
 * The invariants of interrupts, as test_inv.c has the others: each is true in a sound world, and false, by its own name and
 * index, when what it speaks of is broken.
 */
#include "unit.h"
#include "world.h"

#include <hv8/hypercall.h>
#include <hv8/inv.h>
#include <hv8/irq.h>
#include <machine.h>
#include <string.h>

#define LAST_LINE 127

static pn_t table3;

/* 1 and 3 use interrupts, and own 40 and 43. 1, which runs, has SGI 5 in a list register; 40 is pending for it, and SGI 6 for 3. */
static void sound_world(int version)
{
	model.gic.version = version;
	world_gic();
	world_boot(64);
	assert_int_equal(CALL(clone, 2, world_free_page()), 2);
	world_child(3);
	assert_int_equal(CALL(set_runnable, 3), 0);
	assert_int_equal(CALL(switch, 3), 0);
	assert_int_equal(CALL(alloc_irq, 43, 0), 0);
	assert_int_equal(CALL(switch, 1), 0);
	assert_int_equal(CALL(alloc_irq, 40, 0), 0);
	irq_open(&contexts[1]);
	irq_open(&contexts[3]);
	assert_int_equal(CALL(raise_irq, 1, 5), 0);
	assert_int_equal(CALL(raise_irq, 3, 6), 0);
	assert_int_equal(CALL(raise_irq, 1, 40), 0);
	irq_handle();
	table3 = world_table(1, WORLD_UVA, 3);
}

static pte_t *free_leaf(void)
{
	pages[table3].used++;
	return (pte_t *)pa_pointer(page_pa(table3)) + (WORLD_UVA >> 12 & 511) + 1;
}

/* ---- inv_irq, inv_counts ----------------------------------------------------------------------- */

static void free_and_owned(void)
{
	irqs[50].owner = 1;
}

static void none_and_owned(void)
{
	irqs[20].owner = 1;
}

static void unknown_type(void)
{
	irqs[50].type = IRQ_KERNEL + 1;
}

static void free_sgi(void)
{
	irqs[3].type = IRQ_FREE;
}

static void owned_sgi(void)
{
	irqs[3] = (struct irq){ IRQ_OWNED, 0x80, 1 };
	procs[1].nirqs++;
}

static void owned_beyond(void)
{
	irqs[LAST_LINE + 1] = (struct irq){ IRQ_OWNED, 0x80, 1 };
	procs[1].nirqs++;
}

static void free_beyond(void)
{
	irqs[NIRQ - 1].type = IRQ_FREE;
}

static void owner_of_maintenance(void)
{
	irqs[25].owner = 1;
}

static void owned_by_nobody(void)
{
	irqs[40].owner = 0;
	procs[1].nirqs--;
}

static void none_there(void)
{
	irq_on = false;
}

static void too_many(void)
{
	procs[1].nirqs++;
}

static void too_few(void)
{
	procs[3].nirqs--;
}

static void lost_owner(void)
{
	irqs[43].owner = 1;
}

static void unknown_state(void)
{
	procs[2].state = PROC_SLEEPING + 1;
}

/* ---- inv_vgic ---------------------------------------------------------------------------------- */

static void pending_of_another(void)
{
	vgics[3].pending[0] |= 1UL << 40;
}

static void pending_of_nobody(void)
{
	vgics[2].pending[1] = 1;
	vgics[2].words |= 2;
}

static void pending_ppi(void)
{
	vgics[2].pending[0] = 1 << 26;
	vgics[2].words |= 1;
}

static void pending_timer_unused(void)
{
	vgics[3].pending[0] |= 1 << IRQ_TIMER;
}

static void word_too_many(void)
{
	vgics[1].words |= 1 << 7;
}

static void word_too_few(void)
{
	vgics[3].words = 0;
}

static void list_register_beyond(void)
{
	vgics[1].used |= 1U << gic.nlr;
}

static void list_register_unused(void)
{
	vgics[2].used = 1;
	vgics[2].lr[0] = LR_PENDING | 5;
}

static void list_register_of_another(void)
{
	vgics[3].used = 1;
	vgics[3].lr[0] = LR_PENDING | LR_HW | 40UL << LR_PHYSICAL_SHIFT | 40;
}

static void list_registers_alike(void)
{
	vgics[1].used |= 4;
	vgics[1].lr[2] = LR_ACTIVE | 5;
}

static void sgi_with_hw(void)
{
	vgics[3].used = 2;
	vgics[3].lr[1] = LR_PENDING | LR_HW | 5UL << LR_PHYSICAL_SHIFT | 5;
}

static void spi_without_hw(void)
{
	vgics[3].used = 2;
	vgics[3].lr[1] = LR_PENDING | 43;
}

/* ---- inv_table --------------------------------------------------------------------------------- */

#define GICV     0x08040000UL
#define GICV_EL1 (GICV | 3 | 1UL << 2 | 1UL << 10 | 1UL << 11 | 1UL << 53 | 1UL << 54)

static void gicv_is_mapped(void)
{
	*free_leaf() = GICV_EL1;
}

static void gicv_for_el0(void)
{
	*free_leaf() = GICV_EL1 | 1UL << 6;
}

static void gicv_as_memory(void)
{
	*free_leaf() = (GICV_EL1 & ~(1UL << 2)) | 3UL << 8;
}

static void gicv_of_who_has_not_opened_it(void)
{
	gicv_is_mapped();
	contexts[1].uses = 0;
	vgics[1].used = 0;
}

static void another_device(void)
{
	*free_leaf() = GICV_EL1 + 0x1000;
}

static void nothing(void)
{
}

static void each_is_broken_by_its_name(void **state)
{
	static const struct {
		void (*breaks)(void);
		const char *name; /* NULL: nothing is broken */
		int index;        /* -1: whichever */
		int version;      /* 0: both */
	} cases[] = {
		{ nothing, NULL, 0, 0 },
		{ free_and_owned, "inv_irq", 50, 0 },
		{ none_and_owned, "inv_irq", 20, 0 },
		{ unknown_type, "inv_irq", 50, 0 },
		{ free_sgi, "inv_irq", 3, 0 },
		{ owned_sgi, "inv_irq", 3, 0 },
		{ owned_beyond, "inv_irq", LAST_LINE + 1, 0 },
		{ free_beyond, "inv_irq", NIRQ - 1, 0 },
		{ owner_of_maintenance, "inv_irq", 25, 0 },
		{ owned_by_nobody, "inv_irq", 40, 0 },
		{ none_there, "inv_irq", 25, 0 },
		{ too_many, "inv_counts", 1, 0 },
		{ too_few, "inv_counts", 3, 0 },
		{ lost_owner, "inv_counts", 1, 0 },
		{ unknown_state, "inv_proc", 2, 0 },
		{ pending_of_another, "inv_vgic", 3, 0 },
		{ pending_of_nobody, "inv_vgic", 2, 0 },
		{ pending_ppi, "inv_vgic", 2, 0 },
		{ pending_timer_unused, "inv_vgic", 3, 0 },
		{ word_too_many, "inv_vgic", 1, 0 },
		{ word_too_few, "inv_vgic", 3, 0 },
		{ list_register_beyond, "inv_vgic", 1, 0 },
		{ list_register_unused, "inv_vgic", 2, 0 },
		{ list_register_of_another, "inv_vgic", 3, 0 },
		{ list_registers_alike, "inv_vgic", 1, 0 },
		{ sgi_with_hw, "inv_vgic", 3, 0 },
		{ spi_without_hw, "inv_vgic", 3, 0 },
		{ gicv_is_mapped, NULL, 0, 2 },
		{ gicv_is_mapped, "inv_table", -1, 3 },
		{ gicv_for_el0, "inv_table", -1, 0 },
		{ gicv_as_memory, "inv_table", -1, 0 },
		{ gicv_of_who_has_not_opened_it, "inv_table", -1, 2 },
		{ another_device, "inv_table", -1, 0 },
	};
	int version;
	size_t i;
	u32 index;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (version = 2; version <= 3; version++) {
			const char *broken;

			if (cases[i].version && cases[i].version != version)
				continue;
			model_reset();
			sound_world(version);
			assert_null(invariants_check(&index));
			page_high = page_count(); /* look at all */
			assert_null(invariants_check(&index));
			cases[i].breaks();
			broken = invariants_check(&index);
			if (!broken != !cases[i].name ||
			    (broken && strcmp(broken, cases[i].name)) ||
			    (broken && cases[i].index >= 0 && (u32)cases[i].index != index))
				fail_msg("case %zu, GICv%d: %s(%u), expected %s(%d)", i, version,
				         broken ? broken : "nothing", index,
				         cases[i].name ? cases[i].name : "nothing", cases[i].index);
		}
}

/* Seen only by itself: inv_counts comes first. */
static void an_owner_that_is_no_process(void **state)
{
	sound_world(3);
	assert_true(inv_irq(43));
	irqs[43].owner = 9;
	assert_false(inv_irq(43));
	irqs[43].owner = NPROC;
	assert_false(inv_irq(43));
}

/* A list register that its process has ended is no reason: nobody has told the kernel. */
static void what_the_process_has_ended_breaks_nothing(void **state)
{
	u32 index;

	sound_world(3);
	model_virq_open();
	model_virq_eoi(model_virq_ack());
	model_virq_eoi(model_virq_ack());
	assert_null(invariants_check(&index));
}

static const struct CMUnitTest all[] = {
	TEST(each_is_broken_by_its_name),
	TEST(an_owner_that_is_no_process),
	TEST(what_the_process_has_ended_breaks_nothing),
};

MODEL_MAIN("invariants of interrupts", all)
