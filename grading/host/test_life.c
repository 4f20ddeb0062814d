/*
 * Processes by hypercall: born as embryos, started, switched to, ended, collected; and what of one must never be
 * seen by another.
 */
#include "unit.h"
#include "drive.h"

#include <hv8/page.h>
#include <hv8/stat.h>
#include <machine.h>
#include <string.h>

#define LAST (WORLD_PAGES - 1)

/* The ready list, first to last. */
static void ready(const char *pids)
{
	u32 at = procs[0].next;

	for (; *pids; pids++, at = procs[at].next) {
		assert_int_equal(at, *pids - '0');
		assert_int_equal(procs[at].state, PROC_RUNNABLE);
	}
	assert_int_equal(at, 0);
}

static void getpid_tells_who_runs(void **state)
{
	family();
	assert_int_equal(hc(getpid), 1);
	run(3);
	assert_int_equal(hc(getpid), 3);
}

/* ---- clone ------------------------------------------------------------------------------------- */

static const char *const el1_registers[] = {
#define X(a, b) #a, #b,
	EL1_REGISTERS(X)
#undef X
};

static void rubbish_in_all_registers(void)
{
	u64 i;

	for (i = 0; i < 31; i++)
		current->frame.x[i] = 0x100 + i;
	current->frame.elr = CODE + 0x44;
	current->frame.spsr = 0x600003c5;
	for (i = 0; i < ARRAY_SIZE(el1_registers); i++)
		if (strcmp(el1_registers[i], "ttbr0_el1"))
			model_sysreg_set(el1_registers[i], 0x9000 + i);
}

static void has_the_registers_of_its_parent(u64 pid)
{
	u64 i;

	assert_int_equal(contexts[pid].frame.x[0], 0);
	for (i = 1; i < 31; i++)
		assert_int_equal(contexts[pid].frame.x[i], contexts[1].frame.x[i]);
	for (i = 9; i < 31; i++)
		assert_int_equal(contexts[pid].frame.x[i], 0x100 + i);
	assert_int_equal(contexts[pid].frame.elr, CODE + 0x44);
	assert_int_equal(contexts[pid].frame.spsr, 0x600003c5);
}

static void clone_makes_an_embryo_with_the_callers_registers(void **state)
{
	const u64 pids[] = { 6, NPROC - 1 };
	u64 i, n;

	family();
	for (n = 0; n < 2; n++) {
		const u64 pid = pids[n], root = LAST - n;
		const u32 nchildren = procs[1].nchildren;

		rubbish_in_all_registers();
		assert_int_equal(hc(clone, pid, root), pid);
		has_the_registers_of_its_parent(pid);
		assert_int_equal(contexts[pid].pid, pid);
		assert_int_equal(procs[pid].state, PROC_EMBRYO);
		assert_int_equal(procs[pid].parent, 1);
		assert_int_equal(procs[pid].root, root);
		assert_int_equal(procs[pid].npages, 1);
		assert_int_equal(procs[pid].nfiles, 0);
		assert_int_equal(procs[pid].nchildren, 0);
		assert_string_equal(procs[pid].name, "");
		assert_int_equal(procs[1].nchildren, nchildren + 1);
		assert_int_equal(pages[root].type, PAGE_L0);
		assert_int_equal(pages[root].owner, pid);
		assert_int_equal(pages[root].va, 0);
		assert_true(filled(root, 0));
		assert_non_null(seen(pid, CODE).fault);
		ok(set_runnable, pid);
		run(pid);
		assert_int_equal(current->frame.x[0], 0);
		for (i = 0; i < ARRAY_SIZE(el1_registers); i++)
			if (strcmp(el1_registers[i], "ttbr0_el1"))
				assert_int_equal(model_sysreg_read(el1_registers[i]), 0x9000 + i);
		assert_int_equal(model_sysreg_read("ttbr0_el1"),
		                 (u64)procs[pid].asid << 48 | page_pa((pn_t)root));
		run(1);
	}
}

static void clone_copies_no_descriptor(void **state)
{
	family();
	ok(create, 3, 9, 1, 0, 0);
	embryo(6);
	assert_int_equal(procs[6].fd[3], 0);
	assert_int_equal(files[9].refs, 1);
}

static void clone_refuses(void **state)
{
	const u64 taken[] = { 1, 2, 3, 4, 5 };
	u64 i;

	family();
	{
		const struct refusal refusals[] = {
			{ EINVAL, { 0, LAST } },        { EINVAL, { NPROC, LAST } },
			{ EINVAL, { HIGH | 6, LAST } }, { EINVAL, { ~0UL, LAST } },
			{ EINVAL, { 6, WORLD_PAGES } }, { EINVAL, { 6, HIGH | LAST } },
			{ EINVAL, { 6, ~0UL } },        { EBUSY, { 6, home[1].data } },
			{ EBUSY, { 6, home[1].l0 } },   { EBUSY, { 6, home[3].data } },
			{ EBUSY, { 6, home[4].l0 } },
		};

		refuse(HC_clone, refusals, ARRAY_SIZE(refusals));
	}
	for (i = 0; i < ARRAY_SIZE(taken); i++)
		refused(EBUSY, clone, taken[i], LAST);
}

/* ---- set_name, set_runnable, switch ------------------------------------------------------------ */

static i64 name(u64 pid, const char bytes_of_it[16])
{
	u64 words[2];

	memcpy(words, bytes_of_it, 16);
	return hc(set_name, pid, words[0], words[1]);
}

static void set_name_takes_printable_characters(void **state)
{
	static const char *const names[] = { "fifteen letters", "x", "", " !~", "8 bytes." };
	char text[16] = "";
	size_t i;
	int c;

	family();
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		memset(text, 0, sizeof(text));
		strcpy(text, names[i]);
		assert_int_equal(name(1 + i % 2, text), 0);
		assert_memory_equal(procs[1 + i % 2].name, text, 16);
	}
	for (i = 0; i < 15; i++)
		for (c = 0; c < 256; c++) {
			memset(text, 'a', 15);
			text[i] = (char)c;
			snapshot();
			if (c >= 32 && c < 127) {
				assert_int_equal(name(1, text), 0);
				continue;
			}
			if (c == 0)
				memset(text + i, 0, 16 - i);
			assert_int_equal(name(1, text), c == 0 ? 0 : -EINVAL);
			if (c)
				unchanged();
		}
	/* A zero ends the name: nothing may stand behind it; and there must be one. */
	memset(text, 'a', 15);
	for (i = 0; i < 15; i++) {
		text[i] = '\0';
		snapshot();
		assert_int_equal(name(1, text), i == 14 ? 0 : -EINVAL);
		if (i != 14)
			unchanged();
		text[i] = 'a';
	}
	text[15] = 'a';
	snapshot();
	assert_int_equal(name(1, text), -EINVAL);
	unchanged();
}

static void set_name_and_set_runnable_are_for_ones_own(void **state)
{
	const u64 beyond[] = { NPROC, HIGH | 2, ~0UL }, others[] = { 0, 3, 4, 5, 6, NPROC - 1 };
	u64 i;

	family();
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		refused(EINVAL, set_name, beyond[i], 'a', 0);
		refused(EINVAL, set_runnable, beyond[i]);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		refused(EPERM, set_name, others[i], 'a', 0);
		refused(EPERM, set_runnable, others[i]);
	}
	refused(EPERM, set_runnable, 1);
	ok(set_runnable, 2);
	refused(EPERM, set_runnable, 2);
	refused(EPERM, set_name, 2, 'a', 0);
}

static void set_runnable_and_switch_move_the_ready_list(void **state)
{
	u64 switches;

	family();
	ready("3");
	ok(set_runnable, 2);
	ready("32");
	child(6);
	ready("326");
	switches = stats[STAT_SWITCHES];
	run(2);
	assert_int_equal(stats[STAT_SWITCHES], switches + 1);
	assert_int_equal(current->pid, 2);
	assert_int_equal(procs[2].state, PROC_RUNNING);
	ready("361");
	run(6);
	ready("312");
	run(3);
	ready("126");
	run(1);
	ready("263");
	assert_int_equal(current->frame.x[0], 0);
	snapshot();
	ok(switch, 1);
	unchanged();
	assert_int_equal(contexts[6].frame.x[0], 0);
}

static void switch_refuses(void **state)
{
	const u64 beyond[] = { 0, NPROC, HIGH | 3, ~0UL }, others[] = { 2, 4, 5, 7, NPROC - 1 };
	u64 i;

	family();
	child(6);
	run(6);
	hc(recv, 0, NONE, NONE);
	assert_int_equal(current->pid, 3);
	run(1);
	for (i = 0; i < ARRAY_SIZE(beyond); i++)
		refused(EINVAL, switch, beyond[i]);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		refused(EAGAIN, switch, others[i]);
	refused(EAGAIN, switch, 6);
}

/* ---- exit, kill -------------------------------------------------------------------------------- */

static void is_dead(u64 pid, i64 status)
{
	assert_int_equal(procs[pid].state, PROC_ZOMBIE);
	assert_int_equal(procs[pid].status, status);
	assert_int_equal(procs[pid].wait_from + procs[pid].wait_page + procs[pid].wait_fd, 0);
	assert_int_equal(procs[pid].next + procs[pid].prev, 0);
}

static void exit_lets_the_first_that_is_ready_run(void **state)
{
	static const i64 codes[] = { 0, -7, 0x123456789abcdef0, STATUS_KILLED };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		u32 npages;

		family();
		child(6);
		run(3);
		ready("61");
		ok(create, 2, 5, 1, 0, 0);
		npages = procs[3].npages;
		model_output();
		hc(exit, (u64)codes[i]);
		assert_int_equal(current->pid, 6);
		ready("1");
		is_dead(3, codes[i]);
		assert_int_equal(procs[3].npages, npages);
		assert_int_equal(procs[3].nfiles, 1);
		assert_int_equal(procs[3].nchildren, 1);
		assert_int_equal(procs[1].nchildren, 4);
		assert_int_equal(procs[3].parent, 1);
		assert_string_equal(model_output(), ""); /* its parent looks */
	}
}

static void exit_of_nobodys_child_is_said_and_of_the_last_ends_it_all(void **state)
{
	family();
	run(3);
	hc(exit, 0);
	assert_int_equal(procs[1].state, PROC_RUNNING);
	assert_int_equal(hc_stop(exit, (u64)-7), MODEL_OFF);
	assert_string_equal(model_output(), "hv8: process 1 (init) exited with -7\r\n"
	                                    "hv8: no process is left\r\n"
	                                    "hv8: power off\r\n");
}

static void kill_ends_a_child_in_whatever_state(void **state)
{
	u64 pid;

	family();
	child(6);
	child(7);
	run(7);
	hc(recv, 6, home[7].data, 3);
	assert_int_equal(current->pid, 3);
	run(1);
	ready("63");
	for (pid = 2; pid <= 7; pid++) {
		const u32 npages = procs[pid].npages, nchildren = procs[1].nchildren;

		if (pid == 4 || pid == 5)
			continue;
		ok(kill, pid);
		is_dead(pid, STATUS_KILLED);
		assert_int_equal(procs[pid].npages, npages);
		assert_int_equal(procs[pid].parent, 1);
		assert_int_equal(procs[1].nchildren, nchildren);
		assert_int_equal(current->pid, 1);
	}
	ready("");
	/* 5 was 3's; now it can be init's. */
	ok(reparent, 5);
	ok(kill, 5);
	is_dead(5, STATUS_KILLED);
}

static void kill_refuses(void **state)
{
	const u64 nobody[] = { 0, 6, NPROC - 1, NPROC, HIGH | 2, ~0UL };
	u64 i;

	family();
	for (i = 0; i < ARRAY_SIZE(nobody); i++)
		refused(EINVAL, kill, nobody[i]);
	refused(EPERM, kill, 1); /* nobody's child, but not its own */
	refused(EPERM, kill, 5);
	refused(ESRCH, kill, 4);
	run(3);
	for (i = 1; i <= 4; i++)
		refused(EPERM, kill, i);
	ok(kill, 5);
	refused(ESRCH, kill, 5);
}

/* ---- reap, reparent ---------------------------------------------------------------------------- */

static void reap_frees_the_pid(void **state)
{
	static const struct proc nothing;
	static const struct context nobody;

	family();
	run(3);
	hc(exit, 9);
	ok(reparent, 5);
	ok(kill, 5);
	bury(3);
	assert_memory_equal(&procs[3], &nothing, sizeof(nothing));
	assert_memory_equal(&contexts[3], &nobody, sizeof(nobody));
	assert_int_equal(procs[1].nchildren, 2);
	bury(5); /* nobody's */
	bury(4);
	assert_int_equal(procs[1].nchildren, 1);
	assert_int_equal(procs[1].npages, 6);
	child(3);
	run(3);
	assert_int_equal(current->pid, 3);
}

static void reap_refuses(void **state)
{
	const u64 nobody[] = { 0, 6, NPROC - 1, NPROC, HIGH | 4, ~0UL };
	u64 i, page;

	family();
	for (i = 0; i < ARRAY_SIZE(nobody); i++)
		refused(EINVAL, reap, nobody[i]);
	refused(EPERM, reap, 1);
	refused(EPERM, reap, 5);
	refused(EAGAIN, reap, 2);
	refused(EAGAIN, reap, 3);
	refused(EBUSY, reap, 4); /* pages */
	run(3);
	ok(kill, 5);
	refused(EPERM, reap, 1);
	refused(EPERM, reap, 4);
	ok(create, 2, 5, 1, 0, 0);
	hc(exit, 0);
	assert_int_equal(current->pid, 1);
	refused(EPERM, reap, 5); /* its parent is dead, but it is its child still */
	for (page = 0; page < WORLD_PAGES; page++)
		if (pages[page].owner == 3)
			ok(reclaim_page, page);
	assert_int_equal(procs[3].npages, 0);
	refused(EBUSY, reap, 3); /* a descriptor and a child */
	ok(close, 3, 2);
	refused(EBUSY, reap, 3); /* a child */
	ok(reparent, 5);
	ok(reap, 3);
	assert_int_equal(hc(clone, 3, LAST), 3);
	ok(create, 2, 5, 1, 0, 0);
	ok(transfer, 2, 3, 0);
	ok(kill, 3);
	ok(reclaim_page, LAST);
	refused(EBUSY, reap, 3); /* a descriptor */
	ok(close, 3, 0);
	ok(reap, 3);
}

static void reparent_makes_a_child_nobodys(void **state)
{
	const u64 nobody[] = { 0, 7, NPROC - 1, NPROC, HIGH | 5, ~0UL };
	u64 i;

	family();
	child(6);
	for (i = 1; i <= 6; i++)
		refused(EPERM, reparent, i);
	for (i = 0; i < ARRAY_SIZE(nobody); i++)
		refused(EINVAL, reparent, nobody[i]);
	run(3);
	hc(exit, 0);
	run(6); /* it is for anyone */
	ok(reparent, 5);
	assert_int_equal(procs[5].parent, 0);
	assert_int_equal(procs[5].state, PROC_EMBRYO);
	assert_int_equal(procs[3].nchildren, 0);
	refused(EPERM, reparent, 5);
	refused(EPERM, kill, 5); /* it is init's now */
	refused(EPERM, set_runnable, 5);
	run(1);
	refused(EPERM, set_runnable, 5);
	ok(kill, 5);
	bury(5);
	bury(3);
}

/* ---- FP and SIMD registers --------------------------------------------------------------------- */

static void fp_fill(u64 value)
{
	u64 *fp = fp_use();
	int i;

	for (i = 0; i < 66; i++)
		fp[i] = value + (u64)i;
}

static void fp_is(u64 value)
{
	const u64 *fp = fp_use();
	int i;

	for (i = 0; i < 66; i++)
		assert_int_equal(fp[i], value ? value + (u64)i : 0);
}

static void a_clone_has_the_fp_registers_of_its_parent(void **state)
{
	family();
	fp_fill(0x1000);
	child(6); /* they are in the CPU */
	fp_is(0x1000);
	run(6);
	fp_is(0x1000);
	fp_fill(0x6000);
	run(1);
	child(7); /* they are not */
	run(7);
	fp_is(0x1000);
	run(6);
	fp_is(0x6000);
	run(1);
	fp_is(0x1000);
	run(3); /* cloned before */
	fp_is(0);
}

static void fp_registers_do_not_move_without_use(void **state)
{
	u64 moved;

	family();
	moved = stats[STAT_FP_SWITCHES];
	fp_fill(0x1000);
	assert_int_equal(stats[STAT_FP_SWITCHES], moved + 1);
	run(3);
	assert_true(model_sysreg_read("cptr_el2") & 1 << 10);
	run(1);
	assert_false(model_sysreg_read("cptr_el2") & 1 << 10);
	fp_is(0x1000);
	assert_int_equal(stats[STAT_FP_SWITCHES], moved + 1);
	run(3);
	fp_is(0);
	assert_int_equal(stats[STAT_FP_SWITCHES], moved + 2);
}

/* Whoever has a pid next begins with what its parent has, not with what its predecessor left in the CPU. */
static void the_dead_leave_no_fp_registers(void **state)
{
	u64 killed, parent;

	for (killed = 0; killed < 2; killed++)
		for (parent = 0; parent < 2; parent++) {
			family();
			if (parent)
				fp_fill(0x1000);
			child(6);
			run(6);
			fp_fill(0x6666);
			if (killed) {
				run(1);
				ok(kill, 6);
			} else {
				hc(exit, 0);
				assert_int_equal(current->pid, 3);
				fp_is(0);
				run(1);
			}
			bury(6);
			child(6);
			run(6);
			assert_true(model_sysreg_read("cptr_el2") & 1 << 10);
			fp_is(parent ? 0x1000 : 0);
			run(1);
			fp_is(parent ? 0x1000 : 0);
		}
}

static const struct CMUnitTest tests[] = {
	TEST(getpid_tells_who_runs),
	TEST(clone_makes_an_embryo_with_the_callers_registers),
	TEST(clone_copies_no_descriptor),
	TEST(clone_refuses),
	TEST(set_name_takes_printable_characters),
	TEST(set_name_and_set_runnable_are_for_ones_own),
	TEST(set_runnable_and_switch_move_the_ready_list),
	TEST(switch_refuses),
	TEST(exit_lets_the_first_that_is_ready_run),
	TEST(exit_of_nobodys_child_is_said_and_of_the_last_ends_it_all),
	TEST(kill_ends_a_child_in_whatever_state),
	TEST(kill_refuses),
	TEST(reap_frees_the_pid),
	TEST(reap_refuses),
	TEST(reparent_makes_a_child_nobodys),
	TEST(a_clone_has_the_fp_registers_of_its_parent),
	TEST(fp_registers_do_not_move_without_use),
	TEST(the_dead_leave_no_fp_registers),
};

MODEL_MAIN("life", tests)
