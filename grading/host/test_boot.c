/*
 * The whole kernel on the model machine: from the device tree to the first instruction of a
 * process, and every way in which that can end early.
 */
#include "unit.h"
#include "oracle.h"
#include "tree.h"

#include <hv8/board.h>
#include <hv8/elf.h>
#include <hv8/hypercall.h>
#include <hv8/page.h>
#include <hv8/proc.h>
#include <machine.h>
#include <uapi/hypercall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TREE(virt);

#define FDT_AT    (MODEL_DRAM + 0xf000000)
#define INITRD_AT 0x48000000UL /* as in dts/virt.dts */

extern struct file files[NFILE];

_Noreturn void kernel_main(pa_t fdt, u64 level, pa_t image);

static u64 initrd_size;

static void add_file(const char *name, const void *data, u64 size)
{
	char *archive = (char *)INITRD_AT;

	initrd_size +=
		(u64)sprintf(archive + initrd_size,
	                     "070701%08x%08x%08x%08x%08x%08x%08lx%08x%08x%08x%08x%08lx%08x%s", 0,
	                     0100755, 0, 0, 1, 0, size, 0, 0, 0, 0, strlen(name) + 1, 0, name) +
		1;
	initrd_size = (initrd_size + 3) & ~3UL;
	memcpy(archive + initrd_size, data, size);
	initrd_size = (initrd_size + size + 3) & ~3UL;
}

/* A program: a page and a half of text, and 0x123 bytes of data that are 3 pages in memory. */
static void add_program(const char *name, u64 entry)
{
	static u8 file[0x3000];
	const struct elf64_header header = { .ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		                             .type = 2,
		                             .machine = 183,
		                             .entry = entry,
		                             .phoff = 64,
		                             .phentsize = 56,
		                             .phnum = 2 };
	const struct elf64_segment segments[2] = {
		{ .type = 1,
		  .flags = 5,
		  .offset = 0x1000,
		  .vaddr = 0x400000,
		  .filesz = 0x1800,
		  .memsz = 0x1800 },
		{ .type = 1,
		  .flags = 6,
		  .offset = 0x2800,
		  .vaddr = 0x402000,
		  .filesz = 0x123,
		  .memsz = 0x2001 },
	};
	u32 i;

	for (i = 0; i < sizeof(file); i++)
		file[i] = (u8)(i * 7 + i / 256);
	memcpy(file, &header, sizeof(header));
	memcpy(file + 64, segments, sizeof(segments));
	add_file(name, file, sizeof(file));
}

static u8 program_byte(u32 offset)
{
	return (u8)(offset * 7 + offset / 256);
}

struct start {
	u64 level;
	pa_t fdt;
};

static void do_main(void *argument)
{
	struct start *start = argument;

	kernel_main(start->fdt, start->level, model.image);
}

static void fresh(void)
{
	memset((void *)INITRD_AT, 0, 0x10000);
	initrd_size = 0;
	memset((void *)(FDT_AT + PAGE_SIZE), 0xa5, 0x100000); /* what was there before */
}

static enum model_stop boot_tree(const void *from, const char *bootargs, u64 level)
{
	struct start start = { level, FDT_AT };
	void *tree;
	size_t size =
		oracle_set(from, &tree, "/chosen", "bootargs", bootargs, (int)strlen(bootargs) + 1);

	memcpy((void *)FDT_AT, tree, size);
	free(tree);
	return model_run(do_main, &start);
}

/* Boot at @p level with @p bootargs; the initrd is as the test has made it. */
static enum model_stop boot(const char *bootargs, u64 level)
{
	return boot_tree(tree_virt, bootargs, level);
}

static void says(const char *output, const char *text)
{
	if (!strstr(output, text))
		fail_msg("no \"%s\" in: %s", text, output);
}

static void one_program_runs(void **state)
{
	u32 i;

	fresh();
	add_program("init", 0x400004);
	assert_int_equal(boot("hello=1", 2), MODEL_EL1);
	assert_string_equal(model_output(), "hv8 boots at EL2, image at 0x40200000\r\n"
	                                    "hv8: console at 0x9000000, 512 MiB of memory\r\n"
	                                    "hv8: MMU and caches are on, 7 table pages\r\n"
	                                    "hv8: GICv3, 128 interrupts, 4 list registers\r\n"
	                                    "hv8: 65536 pages for processes\r\n");
	assert_int_equal(current->pid, 1);
	assert_int_equal(procs[1].state, PROC_RUNNING);
	assert_string_equal(procs[1].name, "init");
	assert_int_equal(current->frame.elr, 0x400004);
	/* Its memory, as it will see it. */
	for (i = 0; i < 0x2000; i++) {
		struct model_translation t = model_translate(1, 0x400000 + i);

		assert_true(!t.fault && t.execute && t.el0_execute && !t.write);
		assert_int_equal(*(u8 *)t.pa, i < 0x1800 ? program_byte(0x1000 + i) : 0);
	}
	for (i = 0; i < 0x3000; i++) {
		struct model_translation t = model_translate(1, 0x402000 + i);

		assert_true(!t.fault && t.write && t.el0_write && !t.execute && !t.el0_execute);
		assert_int_equal(*(u8 *)t.pa, i < 0x123 ? program_byte(0x2800 + i) : 0);
	}
	assert_non_null(model_translate(1, 0x405000).fault);
	assert_non_null(model_translate(1, 0x3fffff).fault);
	assert_true(model.icache >= 2);
	/* The stack, and the boot arguments at its top. */
	assert_int_equal(model_sysreg_read("sp_el1"), current->frame.x[0]);
	assert_int_equal(model_sysreg_read("sp_el1") % 16, 0);
	assert_string_equal((char *)model_translate(1, current->frame.x[0]).pa, "hello=1");
	assert_true(model_translate(1, UVA_STACK).write);
	assert_true(model_translate(1, UVA_STACK_TOP - 1).write);
	assert_non_null(model_translate(1, UVA_STACK - 1).fault);
	assert_non_null(model_translate(1, UVA_STACK_TOP).fault);
	/* The vector page: the kernel's, to execute only. */
	assert_int_equal(model_translate(1, UVA_VECTORS).pa, model.image + MODEL_USER_VECTORS);
	assert_true(model_translate(1, UVA_VECTORS).execute);
	assert_false(model_translate(1, UVA_VECTORS).write);
	assert_false(model_translate(1, UVA_VECTORS).el0_read);
	assert_int_equal(model_sysreg_read("vbar_el1"), UVA_VECTORS);
	/* Nothing else. */
	assert_non_null(model_translate(1, 0).fault);
	assert_non_null(model_translate(1, model.image).fault);
	assert_non_null(model_translate(1, model.uart.base).fault);
	assert_int_equal(model_sysreg_read("vbar_el2"), model.image + MODEL_TEXT);
}

/* Every register of the GIC can be reached, by EL2 alone, and as a device. */
static void the_interrupt_controller_is_a_device(void **state)
{
	const pa_t frames[] = { 0x8000000, 0x800fffc, 0x80a0000, 0x80c0000, 0x80dfffc, 0x8fffffc };
	size_t i;

	fresh();
	add_program("init", 0x400004);
	assert_int_equal(boot("", 2), MODEL_EL1);
	for (i = 0; i < ARRAY_SIZE(frames); i++) {
		struct model_translation t = model_translate(2, frames[i]);

		assert_null(t.fault);
		assert_int_equal(t.pa, frames[i]);
		assert_int_equal(t.memory, 0x04);
		assert_true(t.read && t.write && !t.execute);
		assert_non_null(model_translate(1, frames[i]).fault);
	}
	assert_non_null(model_translate(2, 0x8010000).fault);
	assert_false(model_irq_line());
	assert_int_equal(model_sysreg_read("cnthp_ctl_el2") & 1, 0);
}

static void a_board_without_an_interrupt_controller(void **state)
{
	void *tree;

	fresh();
	add_program("init", 0x400004);
	oracle_set(tree_virt, &tree, "/intc@8000000", "compatible", "vendor,pic", 11);
	model.gic.version = 0; /* and there is none */
	assert_int_equal(boot_tree(tree, "", 2), MODEL_EL1);
	free(tree);
	assert_string_equal(
		model_output(),
		"hv8 boots at EL2, image at 0x40200000\r\n"
		"hv8: console at 0x9000000, 512 MiB of memory\r\n"
		"hv8: MMU and caches are on, 6 table pages\r\n"
		"hv8: no interrupts: the device tree has no interrupt for the console or "
		"the virtual interface\r\n"
		"hv8: 65536 pages for processes\r\n");
	assert_int_equal(current->pid, 1);
}

/* Every page of process memory is one process's, once, and no table is mapped. */
static void several_programs_apart(void **state)
{
	static u8 times[NPAGE];
	static const uva_t windows[] = { UVA_VECTORS, 0x400000, UVA_STACK };
	u32 pid, window, page;

	fresh();
	add_program("one", 0x400000);
	add_program("two", 0x400000);
	assert_int_equal(boot("init=one,two,one,none,two", 2), MODEL_EL1);
	says(model_output(), "hv8: none refused: the initrd has no such file\r\n");
	assert_int_equal(current->pid, 1);
	memset(times, 0, sizeof(times));
	for (pid = 1; pid <= 4; pid++) {
		assert_int_equal(procs[pid].state, pid == 1 ? PROC_RUNNING : PROC_RUNNABLE);
		assert_string_equal(procs[pid].name, pid % 2 ? "one" : "two");
		model_sysreg_set("ttbr0_el1", page_pa(procs[pid].root));
		for (window = 0; window < ARRAY_SIZE(windows); window++)
			for (page = 0; page < 32; page++) {
				struct model_translation t =
					model_translate(1, windows[window] + page * PAGE_SIZE);
				int pn = t.fault ? -1 : page_at(t.pa);

				if (pn < 0)
					continue;
				assert_int_equal(pages[pn].owner, pid);
				assert_int_equal(pages[pn].type, PAGE_FRAME);
				assert_int_equal(times[pn]++, 0);
			}
	}
	assert_int_equal(procs[5].state, PROC_FREE);
}

static void what_is_refused_leaves_nothing(void **state)
{
	u32 pn, count[2] = { 0, 0 };
	int with_bad;

	for (with_bad = 0; with_bad < 2; with_bad++) {
		model_reset();
		fresh();
		add_program("good", 0x400000);
		add_program("bad", 0x400002);
		assert_int_equal(boot(with_bad ? "init=bad,good,bad" : "init=good", 2), MODEL_EL1);
		if (with_bad)
			says(model_output(),
			     "hv8: bad refused: the entry point is not in an executable segment\r\n");
		assert_int_equal(current->pid, 1);
		assert_string_equal(procs[1].name, "good");
		for (pn = 0; pn < NPAGE; pn++)
			count[with_bad] += pages[pn].type != PAGE_FREE;
	}
	assert_int_equal(count[0], count[1]);
}

/* Nothing of a refused program is in the way of a process that has its pid next. */
static void a_refused_program_leaves_no_name(void **state)
{
	const char *broken;
	u32 index;

	fresh();
	add_program("good", 0x400000);
	add_program("bad", 0x400002);
	assert_int_equal(boot("init=good,bad", 2), MODEL_EL1);
	assert_string_equal(procs[2].name, "");
	broken = invariants_check(&index);
	if (broken)
		fail_msg("%s(%u) does not hold", broken, index);
	/* Nor of one for which there was not enough memory, and so half of it was there. */
	model_reset();
	fresh();
	add_program("init", 0x400000);
	board.initrd = (struct range){ INITRD_AT, INITRD_AT + initrd_size };
	board.memory[board.nmemory++] = (struct range){ MODEL_DRAM, MODEL_DRAM + 45 * PAGE_SIZE };
	proc_init();
	assert_null(proc_load("init", &(pid_t){ 0 }));
	proc_run_next();
	contexts[2].frame.x[7] = 7;
	assert_string_equal(proc_load("init", &(pid_t){ 0 }), "no memory is left");
	assert_int_equal(contexts[2].frame.x[7], 0);
	broken = invariants_check(&index);
	if (broken)
		fail_msg("%s(%u) does not hold", broken, index);
}

/* As the program finds them: read-only for EL1 and EL0, whole, and nothing behind them. */
static void the_kernels_tables_are_where_a_program_finds_them(void **state)
{
	const struct {
		uva_t uva;
		const void *start;
		u64 size;
	} tables[] = {
		{ UVA_PAGES, pages, sizeof(pages) },
		{ UVA_PROCS, procs, sizeof(procs) },
		{ UVA_FILES, files, sizeof(files) },
	};
	u64 i, at;

	model_sysreg_set("id_aa64mmfr0_el1", 0x1125); /* the host's addresses have 47 bits */
	fresh();
	add_program("init", 0x400004);
	assert_int_equal(boot("", 2), MODEL_EL1);
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		for (at = 0; at < tables[i].size; at += PAGE_SIZE) {
			struct model_translation t = model_translate(1, tables[i].uva + at);

			assert_null(t.fault);
			assert_int_equal(t.pa, pointer_pa(tables[i].start) + at);
			assert_true(t.el0_read);
			assert_false(t.write || t.el0_write || t.execute || t.el0_execute);
		}
	}
	assert_non_null(model_translate(1, UVA_PAGES - 1).fault);
	assert_int_equal(UVA_PAGES + sizeof(pages), UVA_PROCS);
	assert_non_null(model_translate(1, UVA_PROCS + sizeof(procs)).fault);
	assert_non_null(model_translate(1, UVA_FILES + sizeof(files)).fault);
	assert_int_equal(model.unpublished, 0); /* and the table walker can see all that */
	/* Its own ASID. */
	assert_int_equal(model_sysreg_read("ttbr0_el1"), 1UL << 48 | page_pa(procs[1].root));
}

static void memory_for_one_program_only(void **state)
{
	u32 pn, count = 0;
	pid_t pid;

	fresh();
	add_program("init", 0x400000);
	board.initrd = (struct range){ INITRD_AT, INITRD_AT + initrd_size };
	board.memory[board.nmemory++] = (struct range){ MODEL_DRAM, MODEL_DRAM + 45 * PAGE_SIZE };
	page_init();
	assert_null(proc_load("init", &pid));
	assert_string_equal(proc_load("init", &pid), "no memory is left");
	assert_int_equal(procs[2].state, PROC_FREE);
	for (pn = 0; pn < page_count(); pn++) {
		assert_in_range(pages[pn].owner, 0, 1);
		count += pages[pn].owner == 1;
	}
	assert_in_range(count, 25, 45);
}

static void no_more_processes_than_the_table_has(void **state)
{
	pid_t pid;
	int i;

	fresh();
	add_program("init", 0x400000);
	board.initrd = (struct range){ INITRD_AT, INITRD_AT + initrd_size };
	board.memory[board.nmemory++] = (struct range){ MODEL_DRAM, MODEL_DRAM + 0x8000000 };
	page_init();
	for (i = 1; i < NPROC; i++) {
		assert_null(proc_load("init", &pid));
		assert_int_equal(pid, i);
	}
	assert_string_equal(proc_load("init", &pid), "too many processes");
}

static void ends_with(const char *bootargs, u64 level, const char *text)
{
	const char *output;

	assert_int_equal(boot(bootargs, level), MODEL_OFF);
	output = model_output();
	says(output, text);
	says(output, "hv8: power off\r\n");
}

static void nothing_to_run(void **state)
{
	fresh();
	ends_with("", 2, "hv8: panic: there is no program to run\r\n");
	model_reset();
	fresh();
	add_program("init", 0x400000);
	ends_with("init=", 2, "hv8: panic: there is no program to run\r\n");
}

static void entered_at_the_wrong_level(void **state)
{
	fresh();
	ends_with(
		"", 1,
		"hv8: panic: entered at EL1, but hv8 is a hypervisor and needs EL2: on QEMU, run with "
		"-machine virt,virtualization=on");
	assert_int_equal(model_sysreg_writes("vbar_el2"), 0); /* would be undefined there */
}

static void an_unknown_test(void **state)
{
	fresh();
	ends_with("test=no-such nonce=12ab", 2,
	          "hv8: panic: there is no test called no-such in this stage\r\n");
}

static void a_device_tree_that_cannot_be_read(void **state)
{
	static u8 bad[64] __attribute__((aligned(8)));
	struct start start = { 2, pointer_pa(bad) };

	assert_int_equal(model_run(do_main, &start), MODEL_OFF);
	assert_string_equal(model_output(), ""); /* where would one say it? */
	start.fdt = 0;
	assert_int_equal(model_run(do_main, &start), MODEL_OFF);
}

/* The console is known, so it can be said. */
static void a_board_without_memory(void **state)
{
	struct start start = { 2, FDT_AT };
	void *tree;
	size_t size = oracle_set(tree_virt, &tree, "/memory@40000000", "device_type", "none", 5);

	memcpy((void *)FDT_AT, tree, size);
	free(tree);
	assert_int_equal(model_run(do_main, &start), MODEL_OFF);
	says(model_output(), "hv8: panic: device tree: no memory node\r\n");
}

static const struct CMUnitTest tests[] = {
	TEST(one_program_runs),
	TEST(the_interrupt_controller_is_a_device),
	TEST(a_board_without_an_interrupt_controller),
	TEST(several_programs_apart),
	TEST(what_is_refused_leaves_nothing),
	TEST(a_refused_program_leaves_no_name),
	TEST(the_kernels_tables_are_where_a_program_finds_them),
	TEST(memory_for_one_program_only),
	TEST(no_more_processes_than_the_table_has),
	TEST(nothing_to_run),
	TEST(entered_at_the_wrong_level),
	TEST(an_unknown_test),
	TEST(a_device_tree_that_cannot_be_read),
	TEST(a_board_without_memory),
};

MODEL_MAIN("boot", tests)
