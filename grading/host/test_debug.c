/*
 * The console, the kernel's messages and counters, the end of the machine; and numbers that are no hypercall's.
 */
#include "unit.h"
#include "drive.h"

#include <hv8/console.h>
#include <hv8/page.h>
#include <hv8/stat.h>
#include <machine.h>
#include <stdio.h>
#include <string.h>

#define LAST (WORLD_PAGES - 1)

static void numbers_that_are_no_hypercalls(void **state)
{
	const u64 numbers[] = { NHYPERCALL, NHYPERCALL + 1, HIGH, HIGH | HC_getpid, ~0UL };
	size_t i;

	world();
	assert_int_equal(NHYPERCALL, 46);
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_int_equal(drive(numbers[i], 1, 2, 3, 4, 5, 6), -ENOSYS);
}

/* ---- the console ------------------------------------------------------------------------------- */

static void console_write_prints_memory_of_the_caller(void **state)
{
	u64 i;

	family();
	/* DATA and the page behind it, which are no neighbours in memory. */
	ok(alloc_frame, 1, home[1].l3, HOLE >> 12 & 511, LAST, VM_R);
	for (i = 0; i < PAGE_SIZE; i++)
		bytes(home[1].data)[i] = bytes(LAST)[i] = (u8)('a' + i % 26);
	assert_int_equal(hc(console_write, DATA + 1, 3), 3);
	assert_string_equal(model_output(), "bcd");
	assert_int_equal(hc(console_write, HOLE - 2, CONSOLE_WRITE_MAX), CONSOLE_WRITE_MAX);
	assert_memory_equal(model.uart.sent, "mnabcdef", 8); /* 4094 % 26 is 12, and anew */
	assert_int_equal(strlen(model_output()), CONSOLE_WRITE_MAX);
	assert_int_equal(hc(console_write, HOLE + PAGE_SIZE - 2, 2), 2);
	{
		const struct refusal refusals[] = {
			{ EINVAL, { DATA, 0 } },
			{ EINVAL, { DATA, CONSOLE_WRITE_MAX + 1 } },
			{ EINVAL, { DATA, HIGH | 1 } },
			{ EINVAL, { DATA, ~0UL } },
			{ EFAULT, { HOLE + PAGE_SIZE, 1 } },
			{ EFAULT, { HOLE + PAGE_SIZE - 3, 4 } }, /* and not the first three */
			{ EFAULT, { CODE - 1, 2 } },
			{ EFAULT, { 0, 1 } },
			{ EFAULT, { ~0UL, 2 } },
			{ EFAULT, { 1UL << 48 | DATA, 1 } },
			{ EFAULT, { MODEL_DRAM, 1 } }, /* a physical address means nothing */
		};

		refuse(HC_console_write, refusals, ARRAY_SIZE(refusals));
	}
	run(3); /* it is for anyone, and everybody's memory is their own */
	model_output();
	memcpy(bytes(home[3].data), "three", 5);
	assert_int_equal(hc(console_write, DATA, 5), 5);
	assert_string_equal(model_output(), "three");
	refused(EFAULT, console_write, HOLE, 1);
}

static void reads(i64 expected)
{
	assert_int_equal(hc(console_read), expected);
}

static void console_read_takes_what_was_typed(void **state)
{
	world();
	refused(EAGAIN, console_read);
	model_type("a\xff");
	reads('a');
	reads(0xff);
	refused(EAGAIN, console_read);
}

static void only_the_owner_reads_and_gives_the_console(void **state)
{
	const u64 bad[] = { 0, 4, 6, NPROC - 1, NPROC, HIGH | 3, ~0UL };
	u64 i;

	family();
	model_type("typed");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		refused(EINVAL, console_give, bad[i]);
	ok(console_give, 1);
	reads('t');
	ok(console_give, 3);
	refused(EPERM, console_read);
	refused(EPERM, console_give, 1);
	refused(EPERM, console_give, 3);
	refused(EPERM, dmesg, home[1].data, 0);
	run(3);
	reads('y');
	ok(console_give, 5); /* even to an embryo */
	refused(EPERM, console_read);
}

/* The owner ends: its parent owns the console, or init. */
static void the_console_is_inherited(void **state)
{
	int kills;

	for (kills = 0; kills < 2; kills++) {
		family();
		model_type("ab");
		run(3);
		ok(set_runnable, 5);
		run(1);
		ok(console_give, 5);
		run(5);
		if (kills) {
			run(3);
			ok(kill, 5);
		} else {
			hc(exit, 0);
			run(3);
		}
		reads('a'); /* 3 is its parent */
		if (kills) {
			run(1);
			ok(kill, 3);
		} else {
			hc(exit, 0);
		}
		assert_int_equal(current->pid, 1);
		reads('b');
	}
}

static void orphans_leave_the_console_to_init(void **state)
{
	family();
	model_type("a");
	run(3);
	ok(set_runnable, 5);
	run(1);
	ok(console_give, 5);
	ok(kill, 3);
	ok(reparent, 5);
	run(5);
	hc(exit, 0);
	reads('a');
}

/* The parent may be dead itself, and nobody has reparented yet: nothing may be left to a zombie. */
static void a_zombie_does_not_inherit_the_console(void **state)
{
	family();
	model_type("ab");
	run(3);
	ok(set_runnable, 5);
	run(1);
	ok(console_give, 5);
	ok(kill, 3);
	run(5);
	hc(exit, 0);
	assert_int_equal(current->pid, 1);
	reads('a');
	ok(reparent, 5);
	bury(5);
	bury(3);
	child(3); /* who has the pid next has not the console */
	run(3);
	refused(EPERM, console_read);
}

/* ---- dmesg ------------------------------------------------------------------------------------- */

static char all[16 * PAGE_SIZE];
static size_t length;

static void say(u64 bytes_of_it)
{
	for (; bytes_of_it; bytes_of_it--) {
		all[length] = (char)('a' + length % 23);
		printk("%c", all[length++]);
	}
	model_output();
}

/* All parts together are the latest messages, in order. */
static void dmesg_is(u64 first)
{
	const u64 frame = home[1].data;
	size_t at = first;
	u64 part;

	for (part = 0; part < DMESG_PAGES; part++) {
		i64 n;

		memset(bytes(frame), 0xee, PAGE_SIZE);
		n = hc(dmesg, frame, part);
		assert_in_range(n, 0, PAGE_SIZE);
		assert_memory_equal(bytes(frame), all + at, (size_t)n);
		at += (size_t)n;
	}
	assert_int_equal(at, length);
}

static void dmesg_is_the_latest_pages_of_messages(void **state)
{
	int i;

	world();
	length = (size_t)sprintf(
		all,
		"hv8: no interrupts: the device tree has no interrupt for the console "
		"or the virtual interface\nhv8: %d pages for processes\n",
		WORLD_PAGES);
	dmesg_is(0);
	say(PAGE_SIZE - 1 - length);
	dmesg_is(0);
	say(1);
	dmesg_is(0);
	say(1);
	dmesg_is(0);
	say(2 * PAGE_SIZE);
	dmesg_is(0);
	for (i = 0; i < 8; i++) {
		say(PAGE_SIZE - 1 - length % PAGE_SIZE);
		dmesg_is(length / PAGE_SIZE < 3 ? 0 : (length / PAGE_SIZE - 3) * PAGE_SIZE);
		say(1);
		dmesg_is(length / PAGE_SIZE < 3 ? 0 : (length / PAGE_SIZE - 3) * PAGE_SIZE);
		say(700);
	}
}

static void dmesg_refuses(void **state)
{
	family();
	{
		const struct refusal refusals[] = {
			{ EINVAL, { WORLD_PAGES, 0 } },
			{ EINVAL, { HIGH | home[1].data, 0 } },
			{ EINVAL, { ~0UL, 0 } },
			{ EINVAL, { home[1].l3, 0 } },
			{ EINVAL, { LAST, 0 } },
			{ EINVAL, { home[1].data, DMESG_PAGES } },
			{ EINVAL, { home[1].data, HIGH } },
			{ EINVAL, { home[1].data, ~0UL } },
			{ EPERM, { home[2].data, 0 } },
			{ EPERM, { home[3].data, 0 } },
			{ EPERM, { home[4].data, 0 } },
		};

		refuse(HC_dmesg, refusals, ARRAY_SIZE(refusals));
	}
	run(3);
	refused(EPERM, dmesg, home[3].data, 0);
}

/* ---- stat, poweroff ---------------------------------------------------------------------------- */

static void stat_tells_the_counters(void **state)
{
	const u64 bad[] = { NSTAT, HIGH, ~0UL };
	i64 switches;
	u64 i;

	family();
	switches = hc(stat, STAT_SWITCHES);
	run(3);
	assert_int_equal(hc(stat, STAT_SWITCHES), switches + 1);
	run(1);
	fp_use();
	for (i = 0; i < NSTAT; i++)
		assert_int_equal(hc(stat, i), stats[i]);
	assert_int_equal(stats[STAT_FP_SWITCHES], 1);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		refused(EINVAL, stat, bad[i]);
}

static void poweroff_is_for_init(void **state)
{
	family();
	run(3);
	refused(EPERM, poweroff);
	run(1);
	assert_int_equal(hc_stop(poweroff), MODEL_OFF);
	assert_string_equal(model_output(), "hv8: power off\r\n");
}

static const struct CMUnitTest tests[] = {
	TEST(numbers_that_are_no_hypercalls),
	TEST(console_write_prints_memory_of_the_caller),
	TEST(console_read_takes_what_was_typed),
	TEST(only_the_owner_reads_and_gives_the_console),
	TEST(the_console_is_inherited),
	TEST(orphans_leave_the_console_to_init),
	TEST(a_zombie_does_not_inherit_the_console),
	TEST(dmesg_is_the_latest_pages_of_messages),
	TEST(dmesg_refuses),
	TEST(stat_tells_the_counters),
	TEST(poweroff_is_for_init),
};

MODEL_MAIN("debug", tests)
