/*
 * Files and descriptors by hypercall: who has which, how many there are of each, and what a file says of itself.
 */
#include "unit.h"
#include "drive.h"

#include <machine.h>
#include <string.h>

/* family(); 1 has the files 9 (descriptor 2) and 10 (descriptor 3); 3 has 11 (4); 4 had 12 (5) when it died. */
static void owners(void)
{
	family();
	ok(create, 2, 9, 0x80000001, ~0UL, 77);
	ok(create, 3, 10, 1, 0, 0);
	embryo(6);
	ok(create, 5, 12, 7, 7, 7);
	ok(transfer, 5, 6, 5);
	ok(kill, 6);
	run(3);
	ok(create, 4, 11, 2, 0, 0);
	run(1);
}

static void is_file(u64 file, struct file expected)
{
	assert_memory_equal(&files[file], &expected, sizeof(expected));
}

static void create_opens_a_free_file(void **state)
{
	const u64 numbers[] = { 1, NFILE - 1 }, fds[] = { 0, NOFILE - 1 };
	const u64 types[] = { 1, 0xffffffff };
	u64 i;

	family();
	for (i = 0; i < 2; i++) {
		ok(create, fds[i], numbers[i], types[i], ~0UL - i, ~i);
		is_file(numbers[i], (struct file){ (u32)types[i], 1, ~0UL - i, 0, ~i });
		assert_int_equal(procs[1].fd[fds[i]], numbers[i]);
		assert_int_equal(procs[1].nfiles, i + 1);
	}
	run(3); /* descriptors are each process's own, files are not */
	ok(create, 0, 2, 1, 0, 0);
	refused(EBUSY, create, 1, 1, 1, 0, 0);
	assert_int_equal(procs[1].fd[0], 1);
	assert_int_equal(procs[3].fd[0], 2);
}

static void create_refuses(void **state)
{
	const struct refusal refusals[] = {
		{ EINVAL, { NOFILE, 20, 1, 0, 0 } }, { EINVAL, { HIGH | 7, 20, 1, 0, 0 } },
		{ EINVAL, { ~0UL, 20, 1, 0, 0 } },   { EINVAL, { 7, 0, 1, 0, 0 } },
		{ EINVAL, { 7, NFILE, 1, 0, 0 } },   { EINVAL, { 7, HIGH | 20, 1, 0, 0 } },
		{ EINVAL, { 7, ~0UL, 1, 0, 0 } },    { EINVAL, { 7, 20, 0, 0, 0 } },
		{ EINVAL, { 7, 20, HIGH, 0, 0 } },   { EINVAL, { 7, 20, HIGH | 1, 0, 0 } },
		{ EINVAL, { 7, 20, ~0UL, 0, 0 } },   { EBUSY, { 2, 20, 1, 0, 0 } },
		{ EBUSY, { 7, 9, 1, 0, 0 } },        { EBUSY, { 7, 11, 1, 0, 0 } },
		{ EBUSY, { 7, 12, 1, 0, 0 } },
	};

	owners();
	refuse(HC_create, refusals, ARRAY_SIZE(refusals));
	ok(create, 7, 20, 1, 0, 0);
}

static void close_frees_the_file_with_its_last_descriptor(void **state)
{
	owners();
	ok(dup, 2, 1, 7);
	ok(dup, 2, 2, 7);
	is_file(9, (struct file){ 0x80000001, 3, ~0UL, 0, 77 });
	ok(close, 1, 2);
	is_file(9, (struct file){ 0x80000001, 2, ~0UL, 0, 77 });
	assert_int_equal(procs[1].fd[2], 0);
	assert_int_equal(procs[1].nfiles, 2);
	ok(close, 1, 7);
	is_file(9, (struct file){ 0x80000001, 1, ~0UL, 0, 77 });
	ok(kill, 2);
	run(3); /* a zombie's are for anyone */
	ok(close, 2, 7);
	is_file(9, (struct file){ 0, 0, 0, 0, 0 });
	assert_int_equal(procs[2].nfiles, 0);
	ok(close, 6, 5);
	is_file(12, (struct file){ 0, 0, 0, 0, 0 });
	ok(create, 0, 9, 5, 6, 7);
	is_file(9, (struct file){ 5, 1, 6, 0, 7 });
}

static void close_refuses(void **state)
{
	const struct refusal refusals[] = {
		{ EINVAL, { NPROC, 2 } },  { EINVAL, { HIGH | 1, 2 } }, { EINVAL, { ~0UL, 2 } },
		{ EINVAL, { 1, NOFILE } }, { EINVAL, { 1, HIGH | 2 } }, { EINVAL, { 1, ~0UL } },
		{ EINVAL, { 1, 7 } },      { EINVAL, { 6, 4 } },        { EINVAL, { 4, 5 } },
		{ EPERM, { 0, 2 } },       { EPERM, { 2, 2 } },         { EPERM, { 3, 4 } },
		{ EPERM, { 5, 2 } },       { EPERM, { 7, 2 } },         { EPERM, { NPROC - 1, 2 } },
	};

	owners();
	refuse(HC_close, refusals, ARRAY_SIZE(refusals));
}

static void dup_shares_a_file_with_oneself_and_with_an_embryo(void **state)
{
	u64 i;

	owners();
	for (i = 0; i < NOFILE; i++) {
		ok(dup, 2, 2, i);
		assert_int_equal(procs[2].fd[i], 9);
		assert_int_equal(procs[2].nfiles, i + 1);
		is_file(9, (struct file){ 0x80000001, (u32)i + 2, ~0UL, 0, 77 });
	}
	ok(dup, 2, 1, NOFILE - 1);
	assert_int_equal(procs[1].fd[NOFILE - 1], 9);
	assert_int_equal(procs[1].fd[2], 9);
	assert_int_equal(procs[1].nfiles, 3);
	assert_int_equal(files[9].refs, NOFILE + 2);
}

static void dup2_closes_what_is_in_its_way(void **state)
{
	owners();
	ok(dup2, 2, 2, 0); /* nothing */
	is_file(9, (struct file){ 0x80000001, 2, ~0UL, 0, 77 });
	ok(dup2, 3, 2, 0); /* one of several */
	is_file(9, (struct file){ 0x80000001, 1, ~0UL, 0, 77 });
	assert_int_equal(procs[2].fd[0], 10);
	assert_int_equal(procs[2].nfiles, 1);
	assert_int_equal(files[10].refs, 2);
	ok(dup2, 3, 2, 0); /* the same file */
	assert_int_equal(files[10].refs, 2);
	assert_int_equal(procs[2].nfiles, 1);
	ok(dup2, 3, 1, 2); /* the last of its file */
	is_file(9, (struct file){ 0, 0, 0, 0, 0 });
	assert_int_equal(files[10].refs, 3);
	assert_int_equal(procs[1].nfiles, 2);
	snapshot();
	ok(dup2, 3, 1, 3); /* itself */
	unchanged();
	ok(dup2, 3, 2, 3); /* the same number, another's */
	assert_int_equal(files[10].refs, 4);
}

static void transfer_moves_a_descriptor(void **state)
{
	owners();
	ok(transfer, 2, 2, 6);
	assert_int_equal(procs[1].fd[2], 0);
	assert_int_equal(procs[1].nfiles, 1);
	assert_int_equal(procs[2].fd[6], 9);
	assert_int_equal(procs[2].nfiles, 1);
	is_file(9, (struct file){ 0x80000001, 1, ~0UL, 0, 77 });
	ok(transfer, 3, 1, 0);
	assert_int_equal(procs[1].fd[0], 10);
	assert_int_equal(procs[1].fd[3], 0);
	assert_int_equal(procs[1].nfiles, 1);
	assert_int_equal(files[10].refs, 1);
	refused(EBUSY, transfer, 0, 1, 0);
}

static void dup_dup2_and_transfer_refuse(void **state)
{
	const u64 calls[] = { HC_dup, HC_dup2, HC_transfer };
	const struct refusal refusals[] = {
		{ EINVAL, { NOFILE, 2, 0 } }, { EINVAL, { HIGH | 2, 2, 0 } },
		{ EINVAL, { ~0UL, 2, 0 } },   { EINVAL, { 7, 2, 0 } },
		{ EINVAL, { 2, NPROC, 0 } },  { EINVAL, { 2, HIGH | 2, 0 } },
		{ EINVAL, { 2, ~0UL, 0 } },   { EINVAL, { 2, 2, NOFILE } },
		{ EINVAL, { 2, 2, HIGH } },   { EINVAL, { 2, 2, ~0UL } },
		{ EINVAL, { 4, 2, 0 } }, /* another's */
		{ EPERM, { 2, 0, 0 } },       { EPERM, { 2, 3, 0 } },
		{ EPERM, { 2, 4, 0 } },       { EPERM, { 2, 5, 0 } },
		{ EPERM, { 2, 6, 0 } },       { EPERM, { 2, NPROC - 1, 0 } },
	};
	const struct refusal taken[] = {
		{ EBUSY, { 2, 1, 2 } },
		{ EBUSY, { 2, 1, 3 } },
		{ EBUSY, { 2, 2, 15 } },
	};
	int i;

	owners();
	ok(dup, 3, 2, 15);
	for (i = 0; i < 3; i++) {
		refuse(calls[i], refusals, ARRAY_SIZE(refusals));
		if (calls[i] != HC_dup2)
			refuse(calls[i], taken, ARRAY_SIZE(taken));
	}
}

static void lseek_sets_what_all_descriptors_share(void **state)
{
	const u64 offsets[] = { 5, ~0UL, 0, 1UL << 63 };
	const struct refusal refusals[] = {
		{ EINVAL, { NOFILE, 1 } }, { EINVAL, { HIGH | 2, 1 } }, { EINVAL, { ~0UL, 1 } },
		{ EINVAL, { 7, 1 } },      { EINVAL, { 4, 1 } }, /* another's */
	};
	u64 i;

	owners();
	refuse(HC_lseek, refusals, ARRAY_SIZE(refusals));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ok(lseek, 2, offsets[i]);
		is_file(9, (struct file){ 0x80000001, 1, ~0UL, offsets[i], 77 });
		is_file(10, (struct file){ 1, 1, 0, 0, 0 });
	}
	ok(lseek, 2, 3);
	ok(close, 1, 2);
	ok(create, 2, 9, 1, 0, 0);
	assert_int_equal(files[9].offset, 0);
}

static const struct CMUnitTest tests[] = {
	TEST(create_opens_a_free_file),
	TEST(create_refuses),
	TEST(close_frees_the_file_with_its_last_descriptor),
	TEST(close_refuses),
	TEST(dup_shares_a_file_with_oneself_and_with_an_embryo),
	TEST(dup2_closes_what_is_in_its_way),
	TEST(transfer_moves_a_descriptor),
	TEST(dup_dup2_and_transfer_refuse),
	TEST(lseek_sets_what_all_descriptors_share),
};

MODEL_MAIN("files", tests)
