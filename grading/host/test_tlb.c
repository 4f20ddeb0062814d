/* The model's TLB: that it is as forgetful as the manual demands, and not more. */
#include "handmade.h"

#include <string.h>

#define VA 0x400000UL

static pa_t read_at(u64 va)
{
	struct model_translation t = model_access(va, READ, 1);

	return t.fault ? 0 : t.pa;
}

/* Processes 1 and 2, each with a page at VA; 1 runs. */
static pa_t first, second;

static int two_processes(void **state)
{
	model_setup(state);
	hand_setup();
	hand_process(1, 3);
	hand_process(2, 0x103);
	first = hand_map(1, VA, HAND_RW);
	second = hand_map(2, VA, HAND_RW);
	hand_run(1);
	return 0;
}

static void an_entry_stays_until_a_tlbi(void **state)
{
	assert_false(model_access(VA + 0x123, READ, 1).hit);
	assert_true(model_access(VA + 0x123, READ, 1).hit);
	assert_int_equal(read_at(VA + 0x123), first + 0x123);
	hand_store(hand_entry(1, VA, 3), 0);
	assert_int_equal(read_at(VA), first);
	assert_non_null(model_translate(1, VA).fault);
	tlb_flush_page(3, VA + 0x1000);
	tlb_flush_page(4, VA);
	tlb_flush_asid(4);
	tlbi_alle2();
	assert_int_equal(read_at(VA), first);
	tlb_flush_page(3, VA + 0xfff);
	assert_int_equal(read_at(VA), 0);
}

static void a_fault_is_not_remembered(void **state)
{
	assert_int_equal(read_at(VA + 0x1000), 0);
	hand_map(1, VA + 0x1000, HAND_R);
	assert_int_not_equal(read_at(VA + 0x1000), 0);
	hand_store(hand_entry(1, VA + 0x2000, 3), HAND_R & ~(1UL << 10)); /* no access flag */
	assert_string_equal(model_access(VA + 0x2000, READ, 1).fault, "access flag fault");
	assert_false(model_access(VA + 0x2000, READ, 1).hit);
}

static void rights_at_each_level(void **state)
{
	hand_map(1, VA + 0x1000, HAND_R & ~(1UL << 6)); /* for EL1 only */
	hand_map(1, VA + 0x2000, HAND_RX);
	assert_null(model_access(VA, WRITE, 1).fault);
	assert_null(model_access(VA, WRITE, 0).fault);
	assert_string_equal(model_access(VA, EXECUTE, 1).fault, "permission fault");
	assert_string_equal(model_access(VA, EXECUTE, 0).fault, "permission fault");
	assert_null(model_access(VA + 0x1000, READ, 1).fault);
	assert_non_null(model_access(VA + 0x1000, READ, 0).fault);
	assert_non_null(model_access(VA + 0x1000, WRITE, 1).fault);
	assert_null(model_access(VA + 0x2000, EXECUTE, 1).fault);
	assert_null(model_access(VA + 0x2000, EXECUTE, 0).fault);
	assert_non_null(model_access(VA + 0x2000, WRITE, 0).fault);
}

/* ---- ASIDs ----------------------------------------------------------------------------------- */

static void a_switch_needs_no_flush(void **state)
{
	assert_int_equal(read_at(VA), first);
	hand_run(2);
	assert_int_equal(read_at(VA), second);
	hand_run(1);
	assert_true(model_access(VA, READ, 1).hit);
	assert_int_equal(read_at(VA), first);
	assert_int_equal(model.tlbi.count, 0);
	assert_int_equal(model_sysreg_writes("ttbr0_el1"), 3);
}

static void eight_bits_are_compared(const char *name, u64 value)
{
	model_sysreg_set(name, value);
	assert_int_equal(read_at(VA), first);
	procs[1].state = PROC_FREE; /* 3 and 0x103 are the same now, and must not both be live */
	hand_run(2);
	assert_int_equal(read_at(VA), first);
	tlb_flush_page(3, VA);
	assert_int_equal(read_at(VA), second);
	tlb_flush_asid(3);
	assert_int_equal(model_tlb_count(3), 0);
}

static void asids_of_8_bits(void **state)
{
	eight_bits_are_compared("id_aa64mmfr0_el1", 0x1102); /* the CPU has no more */
}

static void asids_of_8_bits_by_choice(void **state)
{
	eight_bits_are_compared("tcr_el1", HAND_TCR); /* AS is 0 */
}

static void flush_by_asid(void **state)
{
	model_speculate();
	hand_run(2);
	model_speculate();
	assert_int_equal(model_tlb_count(3), 4); /* three tables below the root, one page */
	assert_int_equal(model_tlb_count(0x103), 4);
	tlb_flush_asid(3);
	assert_int_equal(model_tlb_count(3), 0);
	assert_int_equal(model_tlb_count(0x103), 4);
	tlbi_vmalle1is();
	assert_int_equal(model_tlb_count(0x103), 0);
}

static void a_global_entry_is_everybodys(void **state)
{
	pa_t pa;

	model.allow_global = true;
	pa = hand_map(1, VA + 0x1000, HAND_R & ~HAND_NG);
	assert_int_equal(read_at(VA + 0x1000), pa);
	hand_run(2);
	assert_int_equal(read_at(VA + 0x1000), pa);
	tlb_flush_asid(3); /* not global ones */
	tlb_flush_asid(0x103);
	assert_int_equal(read_at(VA + 0x1000), pa);
	tlb_flush_page(0x77, VA + 0x1000); /* whatever the ASID */
	assert_int_equal(read_at(VA + 0x1000), 0);
	hand_run(1);
	assert_int_equal(read_at(VA + 0x1000), pa);
	tlbi_vmalle1is();
	hand_run(2);
	assert_int_equal(read_at(VA + 0x1000), 0);
}

/* ---- tables on the way ----------------------------------------------------------------------- */

/* The level 3 table leaves the tree and gets other contents; a walk still begins there. */
static void a_table_is_remembered(void **state)
{
	pte_t *above = hand_entry(1, VA, 2), *table = pa_pointer(*above & 0x0000fffffffff000);

	assert_int_equal(read_at(VA), first);
	hand_store(above, 0);
	table[5] = second | HAND_R;
	assert_int_equal(read_at(VA + 0x5000), second);
	tlb_flush_page(4, VA + 0x6000);
	tlb_flush_page(3, VA + 0x200000);
	table[6] = second | HAND_R;
	assert_int_equal(read_at(VA + 0x6000), second);
	tlb_flush_page(3, VA + 0x1ff000); /* any address that the table translates */
	table[7] = second | HAND_R;
	assert_int_equal(read_at(VA + 0x7000), 0);
	assert_int_equal(read_at(VA + 0x6000), second); /* the page itself is another entry */
}

static void blocks(void **state)
{
	hand_store(hand_entry(1, 0x40000000, 2), (0x40000000 | HAND_RW) & ~2UL);
	assert_int_equal(read_at(0x40012345), 0x40012345);
	hand_store(hand_entry(1, 0x40000000, 2), 0);
	assert_int_equal(read_at(0x401fffff), 0x401fffff);
	tlb_flush_page(3, 0x40100000);
	assert_int_equal(read_at(0x40012345), 0);
}

/* ---- speculation ----------------------------------------------------------------------------- */

static void everything_is_loaded(void **state)
{
	hand_map(1, VA + 0x5000, HAND_R);
	hand_map(1, 0xffffffffe000, HAND_RX); /* three more tables */
	model_speculate();
	assert_int_equal(model_tlb_count(3), 9);
	assert_int_equal(model_tlb_count(0x103), 0);
	assert_true(model_access(VA, READ, 1).hit);
	assert_true(model_access(VA + 0x5000, READ, 1).hit);
	assert_true(model_access(0xffffffffe000, EXECUTE, 0).hit);
	model_speculate();
	assert_int_equal(model_tlb_count(3), 9);
}

static void it_happens_when_it_hurts(void **state)
{
	model.speculates = true;
	hand_run(2); /* leaves 1 */
	assert_int_equal(model_tlb_count(3), 4);
	assert_int_equal(model_tlb_count(0x103), 4);
	tlb_flush_asid(0x103); /* runs, and so is back at once */
	assert_int_equal(model_tlb_count(0x103), 4);
	tlb_flush_asid(3);
	assert_int_equal(model_tlb_count(3), 0);
	hand_store(hand_entry(2, VA, 3), 0);
	tlb_flush_page(0x103, VA);
	assert_int_equal(model_tlb_count(0x103), 3);
}

/* ---- the two regimes ------------------------------------------------------------------------- */

static void el2_has_its_own(void **state)
{
	pte_t *entry = hand_entry(2, VA, 3);

	hand_store(entry, 0);
	hand_store(entry, second | (HAND_R & ~HAND_NG & ~(1UL << 53)));
	model_sysreg_set("sctlr_el2", 0x30c50831);
	model_sysreg_set("tcr_el2", 16 | 2 << 16);
	model_sysreg_set("mair_el2", 0x04ff);
	write_sysreg(ttbr0_el2, page_pa(procs[2].root));
	assert_int_equal(model_access(VA, READ, 2).pa, second);
	assert_int_equal(read_at(VA), first);
	hand_store(entry, 0);
	tlbi_vmalle1is();
	assert_false(model_access(VA, READ, 1).hit);
	assert_true(model_access(VA, READ, 2).hit);
	tlbi_alle2();
	assert_non_null(model_access(VA, READ, 2).fault);
	assert_true(model_access(VA, READ, 1).hit);
}

/* ---- addresses of the kernel's variables ----------------------------------------------------- */

static void variables_have_physical_addresses(void **state)
{
	const pa_t pa = pointer_pa(pages);

	assert_int_equal(pa % PAGE_SIZE, 0);
	assert_true(pa + sizeof(pages) <= MODEL_DRAM);
	assert_ptr_equal(pa_pointer(pa), pages);
	assert_ptr_equal(pa_pointer(pointer_pa(&procs[3].asid)), &procs[3].asid);
	assert_int_equal(pointer_pa(&pages[5]) - pa, 5 * sizeof(pages[0]));
	assert_int_equal(pointer_pa((void *)first), first);
	assert_ptr_equal(pa_pointer(first), (void *)first);
}

/* ---- against a rule that is easy to see ------------------------------------------------------ */

#define NPAGES 6

/* Random maintenance of three address spaces: what was read stays so until its own flush. */
static void a_long_life(void **state)
{
	static const asid_t asids[] = { 3, 0x103, 4 };
	pa_t held[3][NPAGES] = { { 0 } }, frames[NPAGES];
	int step, runs = 0, i, j;

	hand_process(3, 4);
	model.allow_late_flush = true;
	for (i = 0; i < NPAGES; i++)
		frames[i] = page_pa(hand_give(3, PAGE_FRAME, 0));
	for (step = 0; step < 200000; step++) {
		const u64 number = model_random();
		const int who = number % 3, page = number / 3 % NPAGES;
		const u64 va = VA + (u64)page * 0x155000; /* in several tables */
		pte_t *entry = hand_entry(who + 1, va, 3);

		model_progress("step", (u64)step);
		switch (number / 64 % 8) {
		case 0: /* map or unmap, and leave the TLB alone */
		case 1:
			hand_store(entry, *entry ? 0 : frames[number / 512 % NPAGES] | HAND_R);
			break;
		case 2:
			hand_run(who + 1);
			runs = who;
			break;
		case 3:
			tlb_flush_page(asids[who], va);
			held[who][page] = 0;
			break;
		case 4:
			if (number / 512 % 8 == 0) {
				tlb_flush_asid(asids[who]);
				memset(held[who], 0, sizeof(held[who]));
			} else if (number / 512 % 64 == 1) {
				tlbi_vmalle1is();
				memset(held, 0, sizeof(held));
			}
			break;
		default:
			if (!held[runs][page])
				held[runs][page] = model_translate(1, va).pa;
			assert_int_equal(read_at(va), held[runs][page]);
		}
		if (step % 100)
			continue;
		model_speculate();
		for (j = 0; j < NPAGES; j++)
			if (!held[runs][j])
				held[runs][j] = model_translate(1, VA + (u64)j * 0x155000).pa;
	}
}

#define TWO(function) cmocka_unit_test_setup(function, two_processes)

static const struct CMUnitTest tests[] = {
	TWO(an_entry_stays_until_a_tlbi),
	TWO(a_fault_is_not_remembered),
	TWO(rights_at_each_level),
	TWO(a_switch_needs_no_flush),
	TWO(asids_of_8_bits),
	TWO(asids_of_8_bits_by_choice),
	TWO(flush_by_asid),
	TWO(a_global_entry_is_everybodys),
	TWO(a_table_is_remembered),
	TWO(blocks),
	TWO(everything_is_loaded),
	TWO(it_happens_when_it_hurts),
	TWO(el2_has_its_own),
	TWO(a_long_life),
	TWO(variables_have_physical_addresses),
};

MODEL_MAIN("tlb", tests)
