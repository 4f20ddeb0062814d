/* The rules of rules.c and of the seam: each seen to fail, with words that name the mistake. */
#include "handmade.h"

#define VA  0x400000UL
#define VA2 0x600000UL /* another level 3 table */

static pa_t first, second;

static void check(void *unused)
{
	model_check_tlb();
	model_check_tables();
}

static void check_tlb(void *unused)
{
	model_check_tlb();
}

/* Process 1 (ASID 3) runs, 2 (ASID 4) exists; each has a page at VA, and all is in order. */
static int setup(void **state)
{
	model_setup(state);
	hand_setup();
	hand_process(1, 3);
	hand_process(2, 4);
	first = hand_map(1, VA, HAND_RW);
	second = hand_map(2, VA, HAND_RW);
	hand_run(2);
	model_speculate();
	hand_run(1);
	model_speculate();
	check(NULL);
	return 0;
}

#define FINDS(code, text) model_expect_fail(code, NULL, text)

/* ---- break before make, and what is flushed when --------------------------------------------- */

static void replace(void *unused)
{
	hand_store(hand_entry(1, VA, 3), first | HAND_R);
}

static void a_valid_entry_is_not_replaced(void **state)
{
	hand_store(hand_entry(1, VA, 3), first | HAND_RW); /* the same: nothing happens */
	FINDS(replace, "the valid entry at 0x41");
	FINDS(replace, "was replaced by 0x60000041");
	FINDS(replace, "without a break");
}

static void no_tlbi(void **state)
{
	tlb_flush_page(9, VA); /* earlier, and for nothing */
	hand_store(hand_entry(1, VA, 3), 0);
	FINDS(check_tlb, "entry (ASID 3, VA 0x400000) survived: it still leads to 0x41");
	FINDS(check_tlb,
	      "(EL1 rw-, EL0 rw-), but the tables of process 1 say that nothing is mapped "
	      "there (translation fault at level 3); no TLBI was issued since");
	hand_store(hand_entry(1, VA, 3), first | HAND_R);
	FINDS(check_tlb, "(EL1 rw-, EL0 rw-), but the tables of process 1 say 0x41");
	FINDS(check_tlb, "(EL1 r--, EL0 r--); no TLBI was issued since");
}

static void the_wrong_tlbi(void **state)
{
	hand_store(hand_entry(1, VA, 3), 0);
	tlb_flush_page(0, VA);
	FINDS(check_tlb, "the last TLBI was VAE1IS with ASID 0, VA 0x400000");
	tlb_flush_asid(4);
	FINDS(check_tlb, "the last TLBI was ASIDE1IS with ASID 4");
	tlbi_alle2();
	FINDS(check_tlb, "the last TLBI was ALLE2, which is for EL2's regime");
	tlb_flush_page(3, VA);
	check(NULL);
}

static void flush_late(void *unused)
{
	tlb_flush_page(3, VA);
}

static void another_page(void **state)
{
	pn_t pn = hand_give(1, PAGE_FRAME, VA);

	hand_store(hand_entry(1, VA, 3), 0);
	hand_store(hand_entry(1, VA, 3), page_pa(pn) | HAND_RW);
	FINDS(check_tlb, "survived: it still leads to 0x41");
	FINDS(flush_late, "was made valid before the TLB was flushed of the old one (ASID 3)");
}

static void a_process_that_does_not_run(void **state)
{
	hand_store(hand_entry(2, VA, 3), 0);
	FINDS(check_tlb, "entry (ASID 4, VA 0x400000) survived");
	FINDS(check_tlb, "the tables of process 2 say");
	procs[2].state = PROC_ZOMBIE; /* never runs again: its entries hurt nobody */
	check(NULL);
}

static void flushed_too_early(void **state)
{
	model.speculates = true;
	tlb_flush_page(3, VA);
	hand_store(hand_entry(1, VA, 3), 0);
	FINDS(check_tlb, "survived");
	FINDS(check_tlb, "no TLBI was issued since");
}

static void a_table_in_the_walk_cache(void **state)
{
	hand_entry(1, VA2, 3);
	pte_publish();
	model_speculate();
	hand_store(hand_entry(1, VA2, 2), 0);
	FINDS(check_tlb,
	      "the walk cache's entry (ASID 3, VA 0x600000) survived: it still takes 0x41");
	FINDS(check_tlb, "for the level 3 table, but the tables of process 1 say none");
	tlb_flush_page(3, VA2 + 0x3000);
	check(NULL);
}

static void a_global_entry(void **state)
{
	model.allow_global = true;
	hand_store(hand_entry(1, VA + 0x1000, 3), first | (HAND_R & ~HAND_NG));
	model_access(VA + 0x1000, READ, 1);
	FINDS(check_tlb, "entry (global, VA 0x401000) survived");
	FINDS(check_tlb, "the tables of process 2 say that nothing is mapped there");
}

static void give_first(void *unused)
{
	page_zero(first);
}

static void a_page_is_given_that_the_tlb_knows(void **state)
{
	hand_store(hand_entry(1, VA, 3), 0);
	pages[page_at(first)] = (struct page){ 0 };
	FINDS(give_first,
	      "which is free, is given while the TLB still leads to it (ASID 3, VA 0x400000)");
	tlb_flush_page(3, VA);
	give_first(NULL);
	hand_run(2);
	procs[2].state = PROC_ZOMBIE;
	page_zero(second);
}

static void give_table(void *table)
{
	page_zero((pa_t)table);
}

static void a_table_is_given_that_the_walk_cache_knows(void **state)
{
	const pa_t table = pointer_pa(hand_entry(1, VA, 3)) & ~0xfffUL;

	model_expect_fail(give_table, (void *)table,
	                  "is given while the walk cache still leads to it");
}

/* ---- ASIDs ----------------------------------------------------------------------------------- */

static void an_asid_is_reused(void **state)
{
	procs[1].state = PROC_FREE;
	hand_process(7, 3);
	FINDS(check_tlb, "ASID 3 was reused without a flush: ");
	FINDS(check_tlb,
	      "read by its predecessor, survived into process 7; no TLBI was issued since");
	tlb_flush_asid(3);
	check(NULL);
}

static void an_asid_is_shared(void **state)
{
	procs[2].asid = 0x103;
	tlb_flush_asid(4);
	check_tlb(NULL);
	model_sysreg_set("tcr_el1", HAND_TCR); /* only 8 bits are compared */
	FINDS(check_tlb, "processes 1 and 2 have the same ASID, 3");
}

/* A kernel may do without ASIDs, if it flushes at each switch. */
static void without_asids(void **state)
{
	procs[1].asid = 0;
	procs[2].asid = 0;
	hand_run(1);
	tlbi_vmalle1is();
	model_speculate();
	check(NULL);
	hand_run(2);
	FINDS(check_tlb, "ASID 0 was reused without a flush: ");
	tlbi_vmalle1is();
	model_speculate();
	check(NULL);
}

static void speculate(void *unused)
{
	model_speculate();
}

static void ttbr0_without_asid(void **state)
{
	write_sysreg(ttbr0_el1, page_pa(procs[1].root));
	FINDS(speculate,
	      "TTBR0_EL1 leads to the tables of process 1 with ASID 0, but its ASID is 3");
	write_sysreg(ttbr0_el1, page_pa(procs[1].root) | 4UL << 48);
	FINDS(speculate, "with ASID 4");
}

static void no_ng(void **state)
{
	hand_map(1, VA + 0x1000, HAND_R & ~HAND_NG);
	FINDS(speculate, "an entry without nG: VA 0x401000, which leads to 0x41");
	FINDS(check, "process 1, VA 0x401000: the entry");
	FINDS(check, "is without nG");
}

/* ---- the tables ------------------------------------------------------------------------------ */

static void rights(void **state)
{
	static const struct {
		u64 attributes;
		const char *text;
	} cases[] = {
		{ HAND_RW & ~(1UL << 53), "lets write, and EL1 execute" },
		{ HAND_RW & ~(1UL << 54), "lets write, and EL0 execute" },
		{ HAND_R & ~(1UL << 10), "access flag fault at level 3" },
		{ HAND_R | 1 << 2, "is not for inner shareable, normal write-back memory" },
		{ HAND_R & ~(1UL << 8), "is not for inner shareable" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		hand_map(1, VA + 0x1000, cases[i].attributes);
		FINDS(check, cases[i].text);
		FINDS(check, "process 1, VA 0x401000");
		hand_store(hand_entry(1, VA + 0x1000, 3), 0);
	}
	hand_map(1, VA + 0x1000, HAND_RX);
	check(NULL);
}

static void targets(void **state)
{
	extern const char user_vectors[];
	const struct {
		u64 entry;
		const char *text; /* NULL: allowed */
	} cases[] = {
		{ second | HAND_R, "the entry leads to page 9, a frame of process 2" },
		{ first | HAND_R, "whose .va is 0x400000: a frame is mapped once" },
		{ page_pa(0) | HAND_R, "the entry leads to page 0, a level 0 table of process 1" },
		{ page_pa(200) | HAND_R, "the entry leads to page 200, which is free" },
		{ MODEL_DRAM | HAND_R,
		  "the entry leads to 0x40000000, which is memory of the kernel" },
		{ 0x9000000 | HAND_R, "the entry leads to 0x9000000, which is no memory" },
		{ pointer_pa(pages) | HAND_R, NULL },
		{ (pointer_pa(pages + NPAGE) - PAGE_SIZE) | HAND_R, NULL },
		{ pointer_pa(procs) | HAND_R, NULL },
		{ pointer_pa(files) | HAND_R, NULL },
		{ pointer_pa(files) | HAND_RW,
		  "leads to the kernel's tables and is not read-only" },
		{ pointer_pa(pages) | HAND_RX,
		  "leads to the kernel's tables and is not read-only" },
		{ pointer_pa(user_vectors) | HAND_RX, NULL },
		{ pointer_pa(user_vectors) | HAND_RW, "the vector page can be written" },
		{ (pointer_pa(user_vectors) + PAGE_SIZE) | HAND_R,
		  "which is memory of the kernel" },
	};
	pte_t *entry = hand_entry(1, VA + 0x1000, 3);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		hand_store(entry, cases[i].entry);
		pte_publish();
		if (cases[i].text)
			FINDS(check, cases[i].text);
		else
			check(NULL);
		hand_store(entry, 0);
	}
}

/* The one device page: on a GICv2, for EL1, as a device, and not to execute. */
static void only_gicv_is_mapped_of_all_devices(void **state)
{
	const u64 gicv = 0x08040000, device = (HAND_RW & ~(3UL << 8 | 1UL << 6)) | 1UL << 2;
	const struct {
		u64 entry;
		const char *text; /* NULL: all is in order */
	} cases[] = {
		{ gicv | device, NULL },
		{ gicv | device | 1UL << 6, "lets EL0 in" },
		{ (gicv | device | 1UL << 7) & ~(1UL << 53), "lets execute" },
		{ (gicv | device | 1UL << 7) & ~(1UL << 54), "lets execute" },
		{ gicv | (HAND_RW & ~(1UL << 6)), "is not for Device-nGnRE memory" },
		{ (gicv | device) & ~HAND_NG, "without nG" },
		{ (gicv + PAGE_SIZE) | device, "is not for inner shareable" },
		{ 0x08010000 | device, "is not for inner shareable" },
		{ 0x09000000 | (HAND_RW & ~(1UL << 6)), "perhaps a device" },
	};
	pte_t *entry = hand_entry(1, VA + 0x1000, 3);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		model.gic.version = 2;
		hand_store(entry, cases[i].entry);
		pte_publish();
		if (cases[i].text)
			FINDS(check, cases[i].text);
		else
			check(NULL);
		hand_store(entry, 0);
		model.gic.version = 3; /* there is none */
		hand_store(entry, cases[i].entry);
		pte_publish();
		FINDS(check, "");
		hand_store(entry, 0);
	}
}

static void tables(void **state)
{
	pte_t *entry = hand_entry(1, VA2, 2);
	const pa_t foreign = pointer_pa(hand_entry(2, VA, 3)) & ~0xfffUL;
	const pa_t own = pointer_pa(hand_entry(1, VA, 3)) & ~0xfffUL;

	hand_store(entry, foreign | 3);
	pte_publish();
	FINDS(check, "its level 3 table for VA 0x600000 is at 0x41");
	FINDS(check, "a level 3 table of process 2");
	hand_store(entry, 0);
	hand_store(entry, own | 3);
	pte_publish();
	FINDS(check, "whose .va is 0x400000");
	hand_store(entry, 0);
	hand_store(entry, first | 3);
	pte_publish();
	FINDS(check, "a frame of process 1");
	hand_store(entry, 0);
	hand_store(entry, (0x40000000 | HAND_RW) & ~2UL);
	pte_publish();
	FINDS(check, "process 1, VA 0x600000: a block at level 2");
	hand_store(entry, 0);
	check(NULL);
	pages[page_at(own)].used++;
	FINDS(check, "a level 3 table of process 1, has 1 valid entries, but its .used is 2");
	procs[1].state = PROC_ZOMBIE; /* being dismantled */
	check(NULL);
}

static void an_embryo_is_alive(void **state)
{
	hand_process(5, 6);
	procs[5].state = PROC_EMBRYO;
	hand_map(5, VA, HAND_RW & ~(1UL << 53));
	FINDS(check, "process 5, VA 0x400000");
}

static void nothing_is_published(void **state)
{
	hand_store(hand_entry(1, VA + 0x1000, 3),
	           page_pa(hand_give(1, PAGE_FRAME, VA + 0x1000)) | HAND_R);
	FINDS(check, "1 table entries were stored, and neither pte_publish() nor a TLBI followed");
	tlbi_alle2();
	FINDS(check, "neither pte_publish() nor a TLBI followed");
	tlb_flush_page(0, 0);
	check(NULL);
}

static void copy_to_table(void *unused)
{
	page_copy(page_pa(procs[1].root), first);
}

static void copy_device(void *unused)
{
	page_copy(first, 0x9000000);
}

static void zero_part(void *unused)
{
	page_zero(first + 8);
}

static void zero_device(void *unused)
{
	page_zero(0x9000000);
}

static void whole_pages_of_memory(void **state)
{
	FINDS(copy_to_table, "which is page 0, a level 0 table of process 1, not a frame");
	FINDS(zero_part, "page_zero() of 0x41");
	FINDS(zero_device, "page_zero() of 0x9000000, which is no page of memory");
	FINDS(copy_device, "page_copy() from 0x9000000, which is no page of memory");
	page_copy(first, pointer_pa(procs)); /* the kernel's may be read */
	assert_memory_equal(pa_pointer(first), procs, PAGE_SIZE);
	*(u64 *)pa_pointer(second) = 42;
	page_copy(first, second);
	assert_int_equal(*(u64 *)pa_pointer(first), 42);
}

/* ---- mistakes at the seam -------------------------------------------------------------------- */

/* What a sound kernel does, watched after each step. */
static void a_life(void *unused)
{
	hand_map(1, VA + 0x3000, HAND_RW);
	model_speculate();
	check(NULL);
	hand_change(1, VA, first | HAND_R);
	model_speculate();
	check(NULL);
	hand_change(1, VA, 0);
	model_speculate();
	check(NULL);
	hand_run(2); /* while TTBR0_EL1 has an ASID, no flush of it lasts */
	procs[1].state = PROC_FREE;
	hand_process(7, 3);
	tlb_flush_asid(3);
	hand_run(7);
	hand_map(7, VA, HAND_RW);
	model_speculate();
	check(NULL);
}

static void every_plant_is_found(void **state)
{
	static const struct {
		enum model_plant plant;
		const char *text;
	} cases[] = {
		{ PLANT_NO_NG, "an entry without nG: VA 0x403000" },
		{ PLANT_NO_BREAK, "without a break" },
		{ PLANT_NO_FLUSH_PAGE, "no TLBI was issued since" },
		{ PLANT_FLUSH_ASID_0, "the last TLBI was VAE1IS with ASID 0, VA 0x400000" },
		{ PLANT_FLUSH_WRONG_VA, "the last TLBI was VAE1IS with ASID 3, VA 0x401000" },
		{ PLANT_FLUSH_EL2, "the last TLBI was ALLE2, which is for EL2's regime" },
		{ PLANT_FLUSH_NO_REUSE, "ASID 3 was reused without a flush" },
	};
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		setup(state);
		model.plant = cases[i / 2].plant;
		model.speculates = i % 2;
		model_expect_fail(a_life, NULL, cases[i / 2].text);
	}
}

static void a_sound_life(void **state)
{
	a_life(NULL);
	assert_int_equal(model.flush_page, 2);
	assert_int_equal(model.flush_asid, 1);
	assert_int_equal(model.flushed_asid, 3);
	assert_int_equal(model.flushed_va, VA);
	setup(state);
	model.speculates = true;
	a_life(NULL);
}

#define RULE(function) cmocka_unit_test_setup(function, setup)

static const struct CMUnitTest all[] = {
	RULE(a_valid_entry_is_not_replaced),
	RULE(no_tlbi),
	RULE(the_wrong_tlbi),
	RULE(another_page),
	RULE(a_process_that_does_not_run),
	RULE(flushed_too_early),
	RULE(a_table_in_the_walk_cache),
	RULE(a_global_entry),
	RULE(a_page_is_given_that_the_tlb_knows),
	RULE(a_table_is_given_that_the_walk_cache_knows),
	RULE(an_asid_is_reused),
	RULE(an_asid_is_shared),
	RULE(without_asids),
	RULE(ttbr0_without_asid),
	RULE(no_ng),
	RULE(rights),
	RULE(targets),
	RULE(only_gicv_is_mapped_of_all_devices),
	RULE(tables),
	RULE(an_embryo_is_alive),
	RULE(nothing_is_published),
	RULE(whole_pages_of_memory),
	RULE(every_plant_is_found),
	RULE(a_sound_life),
};

MODEL_MAIN("rules", all)
