/*
 * Messages: a word, a page and a descriptor to a process that waits; who runs then; and who is woken when nothing will
 * come any more.
 */
#include "unit.h"
#include "drive.h"

#include <hv8/page.h>
#include <hv8/stat.h>
#include <machine.h>
#include <string.h>

#define LAST (WORLD_PAGES - 1)
#define WORD 0xfedcba9876543210

/* family(), and 1 and 3 each have a descriptor, 2, and their data are different. 6 and 7 are runnable. */
static void correspondents(void)
{
	family();
	child(6);
	child(7);
	run(3);
	ok(create, 2, 8, 1, 0, 0);
	run(1);
	ok(create, 2, 9, 1, 0, 0);
	memset(bytes(home[1].data), 0x11, PAGE_SIZE);
	memset(bytes(home[3].data), 0x33, PAGE_SIZE);
}

/* Process @p pid waits; then 1 runs. */
static void waits(u64 pid, u64 from, u64 page, u64 fd)
{
	run(pid);
	ok(recv, from, page, fd);
	assert_int_equal(procs[pid].state, PROC_WAITING);
	if (current->pid != 1)
		run(1);
}

/* What a process finds when its recv, call or reply_wait returns. */
static void received(u64 pid, u64 from, u64 word, u64 came)
{
	const struct trap_frame *frame = &contexts[pid].frame;

	assert_int_equal(frame->x[0], from);
	assert_int_equal(frame->x[1], word);
	assert_int_equal(frame->x[2], came);
	assert_int_equal(procs[pid].wait_from + procs[pid].wait_page + procs[pid].wait_fd, 0);
}

/* ---- send -------------------------------------------------------------------------------------- */

static void send_brings_a_word_a_page_and_a_descriptor(void **state)
{
	u64 what, from;

	for (what = 0; what < 4; what++)
		for (from = 0; from < 2; from++) {
			const u64 page = what & IPC_PAGE ? home[1].data : NONE;
			const u64 fd = what & IPC_FD ? 2 : NONE;

			correspondents();
			waits(3, from, home[3].data, NOFILE - 1);
			contexts[3].frame.x[3] = 0x3333;
			ok(send, 3, WORD + what, page, fd);
			assert_int_equal(current->pid, 1);
			assert_int_equal(procs[3].state, PROC_RUNNABLE);
			assert_int_equal(procs[0].prev, 3); /* at the end */
			received(3, 1, WORD + what, what);
			assert_int_equal(contexts[3].frame.x[3], 0x3333);
			assert_true(filled(home[3].data, what & IPC_PAGE ? 0x11 : 0x33));
			assert_true(filled(home[1].data, 0x11));
			assert_int_equal(procs[3].fd[NOFILE - 1], what & IPC_FD ? 9 : 0);
			assert_int_equal(procs[3].nfiles, what & IPC_FD ? 2 : 1);
			assert_int_equal(files[9].refs, what & IPC_FD ? 2 : 1);
			assert_int_equal(procs[1].fd[2], 9);
			assert_int_equal(pages[home[3].data].owner, 3);
			refused(EAGAIN, send, 3, WORD, NONE, NONE); /* it was one message */
			run(3);
			received(3, 1, WORD + what, what);
		}
}

/* What send, call and reply_wait refuse alike. 3 offers all, 6 nothing, 7 waits for 3. */
static void sending_refuses(u64 number)
{
	const u64 data = home[1].data;
	const struct refusal refusals[] = {
		{ EINVAL, { 0, WORD, NONE, NONE, NONE, NONE } },
		{ EINVAL, { NPROC, WORD, NONE, NONE, NONE, NONE } },
		{ EINVAL, { HIGH | 3, WORD, NONE, NONE, NONE, NONE } },
		{ EINVAL, { ~0UL, WORD, NONE, NONE, NONE, NONE } },
		{ EINVAL, { 3, WORD, WORLD_PAGES, NONE, NONE, NONE } },
		{ EINVAL, { 3, WORD, HIGH | data, NONE, NONE, NONE } },
		{ EINVAL, { 3, WORD, HIGH | NONE, NONE, NONE, NONE } },
		{ EINVAL, { 3, WORD, ~0UL, NONE, NONE, NONE } },
		{ EINVAL, { 3, WORD, home[1].l3, NONE, NONE, NONE } },
		{ EINVAL, { 3, WORD, LAST, NONE, NONE, NONE } },
		{ EINVAL, { 3, WORD, NONE, NOFILE, NONE, NONE } },
		{ EINVAL, { 3, WORD, NONE, HIGH | 2, NONE, NONE } },
		{ EINVAL, { 3, WORD, NONE, HIGH | NONE, NONE, NONE } },
		{ EINVAL, { 3, WORD, NONE, ~0UL, NONE, NONE } },
		{ EINVAL, { 3, WORD, NONE, 3, NONE, NONE } }, /* free */
		{ EPERM, { 3, WORD, home[2].data, NONE, NONE, NONE } },
		{ EPERM, { 3, WORD, home[3].code, NONE, NONE, NONE } },
		{ EAGAIN, { 1, WORD, NONE, NONE, NONE, NONE } },
		{ EAGAIN, { 2, WORD, NONE, NONE, NONE, NONE } },
		{ EAGAIN, { 4, WORD, NONE, NONE, NONE, NONE } },
		{ EAGAIN, { 5, WORD, NONE, NONE, NONE, NONE } },
		{ EAGAIN, { 8, WORD, NONE, NONE, NONE, NONE } },
		{ EAGAIN, { NPROC - 1, WORD, NONE, NONE, NONE, NONE } },
		{ EAGAIN, { 6, WORD, data, NONE, NONE, NONE } },
		{ EAGAIN, { 6, WORD, NONE, 2, NONE, NONE } },
		{ EAGAIN, { 6, WORD, data, 2, NONE, NONE } },
		{ EAGAIN, { 7, WORD, NONE, NONE, NONE, NONE } },
	};

	refuse(number, refusals, ARRAY_SIZE(refusals));
}

/* The same of their offers, and recv's; they are arguments @p at and @p at + 1. */
static void waiting_refuses(u64 number, int at, const u64 good[6])
{
	const struct {
		int error;
		u64 page, fd;
	} offers[] = {
		{ EINVAL, WORLD_PAGES, NONE },
		{ EINVAL, HIGH | home[1].data, NONE },
		{ EINVAL, HIGH | NONE, NONE },
		{ EINVAL, ~0UL, NONE },
		{ EINVAL, home[1].l3, NONE },
		{ EINVAL, LAST, NONE },
		{ EINVAL, NONE, NOFILE },
		{ EINVAL, NONE, HIGH | 3 },
		{ EINVAL, NONE, HIGH | NONE },
		{ EINVAL, NONE, ~0UL },
		{ EPERM, home[2].data, NONE },
		{ EPERM, home[3].data, NONE },
		{ EBUSY, NONE, 2 },
		{ EBUSY, home[1].data, 2 },
	};
	struct refusal refusal;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offers); i++) {
		refusal.error = offers[i].error;
		memcpy(refusal.arguments, good, sizeof(refusal.arguments));
		refusal.arguments[at] = offers[i].page;
		refusal.arguments[at + 1] = offers[i].fd;
		refuse(number, &refusal, 1);
	}
}

static void receivers(void)
{
	correspondents();
	child(8);
	waits(3, 0, home[3].data, 5);
	waits(6, 1, NONE, NONE);
	waits(7, 3, home[7].data, 5);
}

static void send_call_and_reply_wait_refuse(void **state)
{
	const u64 calls[] = { HC_call, HC_reply_wait };
	const u64 good[6] = { 3, WORD, home[1].data, 2, NONE, NONE };
	int i;

	receivers();
	sending_refuses(HC_send);
	for (i = 0; i < 2; i++) {
		sending_refuses(calls[i]);
		waiting_refuses(calls[i], 4, good);
	}
	ok(send, 3, WORD, home[1].data, 2);
	ok(send, 6, WORD, NONE, NONE);
}

/* ---- recv -------------------------------------------------------------------------------------- */

static void recv_waits_and_the_first_that_is_ready_runs(void **state)
{
	correspondents();
	assert_int_equal(procs[0].next, 6);
	ok(recv, 2, home[1].data, 0); /* an embryo may send one day */
	assert_int_equal(current->pid, 6);
	assert_int_equal(procs[1].state, PROC_WAITING);
	assert_int_equal(procs[1].wait_from, 2);
	assert_int_equal(procs[1].wait_page, home[1].data);
	assert_int_equal(procs[1].wait_fd, 0);
	ok(recv, 0, NONE, NONE);
	assert_int_equal(procs[6].wait_from, 0);
	assert_int_equal(procs[6].wait_page, NONE);
	assert_int_equal(procs[6].wait_fd, NONE);
	assert_int_equal(current->pid, 7);
	ok(recv, 1, NONE, NOFILE - 1);
	assert_int_equal(procs[7].wait_fd, NOFILE - 1);
	assert_int_equal(current->pid, 3);
	assert_int_equal(procs[0].next, 0);
}

static void recv_refuses(void **state)
{
	const u64 good[6] = { 3 };

	receivers();
	{
		const struct refusal refusals[] = {
			{ EINVAL, { NPROC, NONE, NONE } },    { EINVAL, { HIGH | 3, NONE, NONE } },
			{ EINVAL, { ~0UL, NONE, NONE } },     { EINVAL, { 1, NONE, NONE } },
			{ ESRCH, { 4, NONE, NONE } },         { ESRCH, { 9, NONE, NONE } },
			{ ESRCH, { NPROC - 1, NONE, NONE } },
		};

		refuse(HC_recv, refusals, ARRAY_SIZE(refusals));
	}
	waiting_refuses(HC_recv, 1, good);
}

static void everybody_waits_and_the_machine_is_off(void **state)
{
	world();
	child(2);
	run(2);
	hc(recv, 1, NONE, NONE);
	assert_int_equal(hc_stop(recv, 0, NONE, NONE), MODEL_OFF);
	assert_string_equal(model_output(),
	                    "hv8: process 1 (init) waits for process 0, and nobody can run\r\n"
	                    "hv8: process 2 () waits for process 1, and nobody can run\r\n"
	                    "hv8: no process is left\r\n"
	                    "hv8: power off\r\n");
}

/* ---- call and reply_wait ----------------------------------------------------------------------- */

static void call_and_reply_wait_let_the_other_run_at_once(void **state)
{
	u64 round, switches;

	correspondents();
	waits(3, 0, home[3].data, 5);
	for (round = 0; round < 3; round++) {
		/* 6 and 7 stay in the ready list, and nobody asks it. */
		const u32 first = procs[0].next, last = procs[0].prev;

		switches = stats[STAT_SWITCHES];
		memset(bytes(home[1].data), (int)round + 1, PAGE_SIZE);
		memset(bytes(home[1].code), 0xcc, PAGE_SIZE);
		ok(call, 3, WORD + round, home[1].data, 2, home[1].code, 7);
		assert_int_equal(current->pid, 3);
		assert_int_equal(procs[3].state, PROC_RUNNING);
		assert_int_equal(stats[STAT_SWITCHES], switches + 1);
		received(3, 1, WORD + round, IPC_PAGE | IPC_FD);
		assert_true(filled(home[3].data, (u8)(round + 1)));
		assert_int_equal(procs[3].fd[5], 9);
		assert_int_equal(procs[1].state, PROC_WAITING);
		assert_int_equal(procs[1].wait_from, 3);
		assert_int_equal(procs[1].wait_page, home[1].code);
		assert_int_equal(procs[1].wait_fd, 7);
		assert_int_equal(procs[0].next, first);
		assert_int_equal(procs[0].prev, last);
		/* Nobody else may answer. */
		run(6);
		refused(EAGAIN, send, 1, WORD, NONE, NONE);
		run(3);
		ok(close, 3, 5);
		ok(reply_wait, 1, ~WORD, home[3].data, 2, home[3].data, 5);
		assert_int_equal(current->pid, 1);
		assert_int_equal(procs[1].state, PROC_RUNNING);
		received(1, 3, ~WORD, IPC_PAGE | IPC_FD);
		assert_true(filled(home[1].code, (u8)(round + 1)));
		assert_int_equal(procs[1].fd[7], 8);
		assert_int_equal(procs[3].state, PROC_WAITING);
		assert_int_equal(procs[3].wait_from, 0);
		assert_int_equal(procs[3].wait_page, home[3].data);
		assert_int_equal(procs[3].wait_fd, 5);
		ok(close, 1, 7);
	}
}

static void words_alone_and_no_offers(void **state)
{
	correspondents();
	waits(3, 1, NONE, NONE);
	ok(call, 3, 0, NONE, NONE, NONE, NONE);
	received(3, 1, 0, 0);
	refused(EAGAIN, reply_wait, 1, 7, home[3].data, NONE, NONE, NONE);
	refused(EAGAIN, reply_wait, 1, 7, NONE, 2, NONE, NONE);
	ok(reply_wait, 1, 7, NONE, NONE, NONE, NONE);
	received(1, 3, 7, 0);
	assert_true(filled(home[3].data, 0x33));
}

/* ---- wake -------------------------------------------------------------------------------------- */

static void is_awake(u64 pid)
{
	assert_int_equal(procs[pid].state, PROC_RUNNABLE);
	assert_int_equal(procs[0].prev, pid);
	assert_int_equal(contexts[pid].frame.x[0], (u64)-ESRCH);
	assert_int_equal(procs[pid].wait_from + procs[pid].wait_page + procs[pid].wait_fd, 0);
	run(pid);
	run(1);
}

static void the_deads_waiters_are_woken(void **state)
{
	u32 pn, fd;

	correspondents();
	waits(6, 3, home[6].data, 1);
	waits(3, 7, NONE, NONE);
	run(7);
	ok(call, 3, WORD, NONE, NONE, home[7].data, 2);
	assert_int_equal(current->pid, 3);
	hc(exit, 0);
	assert_int_equal(current->pid, 1);
	embryo(8);
	ok(set_runnable, 8);
	run(8);
	ok(wake, 6); /* it is for anyone */
	refused(EAGAIN, wake, 6);
	run(1);
	run(6);
	run(1);
	assert_int_equal(contexts[6].frame.x[0], 0); /* of its switch */
	/* The pid is not free before all are: another's message would pass for that of the dead. */
	run(8);
	ok(reparent, 5);
	run(1);
	for (pn = 0; pn < page_count(); pn++)
		if (pages[pn].owner == 3)
			ok(reclaim_page, pn);
	for (fd = 0; fd < NOFILE; fd++)
		if (procs[3].fd[fd])
			ok(close, 3, fd);
	assert_int_equal(procs[3].nwaiting, 1);
	refused(EBUSY, reap, 3);
	ok(wake, 7);
	is_awake(7);
	ok(reap, 3);
	/* An embryo can die, too. */
	waits(6, 2, NONE, NONE);
	ok(kill, 2);
	ok(wake, 6);
	is_awake(6);
}

/* Init waits for its child alone; the child dies: nobody is left to wake init, so the kernel does. */
static void the_last_waiter_is_woken_by_the_kernel(void **state)
{
	world();
	child(2);
	hc(recv, 2, NONE, NONE);
	assert_int_equal(current->pid, 2);
	hc(exit, 0);
	assert_int_equal(current->pid, 1);
	assert_int_equal((i64)contexts[1].frame.x[0], -ESRCH);
	assert_int_equal(procs[2].nwaiting, 0);
}

static void wake_refuses(void **state)
{
	const u64 beyond[] = { 0, NPROC, HIGH | 6, ~0UL };
	u64 pid;

	correspondents();
	waits(6, 3, NONE, NONE); /* lives */
	waits(7, 0, NONE, NONE); /* may come from anyone */
	child(8);
	waits(8, 2, NONE, NONE); /* an embryo */
	for (pid = 0; pid < ARRAY_SIZE(beyond); pid++)
		refused(EINVAL, wake, beyond[pid]);
	for (pid = 1; pid < NPROC; pid++)
		refused(EAGAIN, wake, pid);
}

/* A server waits for anyone: nobody's death is a reason to wake it. */
static void reply_wait_is_not_woken(void **state)
{
	correspondents();
	waits(6, 0, NONE, NONE);
	run(3);
	ok(call, 6, 1, NONE, NONE, NONE, NONE);
	ok(reply_wait, 3, 2, NONE, NONE, NONE, NONE);
	assert_int_equal(current->pid, 3);
	hc(exit, 0);
	refused(EAGAIN, wake, 6);
}

static const struct CMUnitTest tests[] = {
	TEST(send_brings_a_word_a_page_and_a_descriptor),
	TEST(send_call_and_reply_wait_refuse),
	TEST(recv_waits_and_the_first_that_is_ready_runs),
	TEST(recv_refuses),
	TEST(everybody_waits_and_the_machine_is_off),
	TEST(call_and_reply_wait_let_the_other_run_at_once),
	TEST(words_alone_and_no_offers),
	TEST(the_deads_waiters_are_woken),
	TEST(the_last_waiter_is_woken_by_the_kernel),
	TEST(wake_refuses),
	TEST(reply_wait_is_not_woken),
};

MODEL_MAIN("ipc", tests)
