/*
 * Program files and the archive that carries them, right, wrong and damaged. What is accepted is
 * held against the promises of elf.h, written down here a second time.
 */
#include "unit.h"

#include <hv8/elf.h>
#include <uapi/hypercall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE 0x3000

/* Text, read-only data, data that is larger in memory, and a note that is not loaded. */
static const struct elf64_header good_header = {
	.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
	.type = 2,
	.machine = 183,
	.version = 1,
	.entry = 0x400100,
	.phoff = 64,
	.ehsize = 64,
	.phentsize = 56,
	.phnum = 4,
};
static const struct elf64_segment good_segments[4] = {
	{ .type = 1,
	  .flags = 5,
	  .offset = 0x1000,
	  .vaddr = 0x400000,
	  .filesz = 0x200,
	  .memsz = 0x200 },
	{ .type = 1,
	  .flags = 4,
	  .offset = 0x1200,
	  .vaddr = 0x401000,
	  .filesz = 0xe00,
	  .memsz = 0xe00 },
	{ .type = 4, .flags = 7, .offset = ~0UL, .vaddr = 1, .filesz = ~0UL, .memsz = 3 },
	{ .type = 1,
	  .flags = 6,
	  .offset = 0x2000,
	  .vaddr = 0x500000,
	  .filesz = 0x1000,
	  .memsz = 0x5000 },
};

static struct elf64_header header;
static struct elf64_segment segments[4];

static void start_from_good(void)
{
	header = good_header;
	memcpy(segments, good_segments, sizeof(segments));
}

/* Check header and segments in a file of exactly @p size bytes. */
static const char *checked(u64 size)
{
	u8 *file = calloc(1, size ? size : 1), *exact;
	const char *problem;

	memcpy(file, &header, size < sizeof(header) ? size : sizeof(header));
	if (size >= 64 + sizeof(segments))
		memcpy(file + 64, segments, sizeof(segments));
	exact = memcpy(malloc(size), file, size);
	problem = elf_check(exact, size);
	free(file);
	free(exact);
	start_from_good();
	return problem ? problem : "good";
}
#define CHECK(why, change)                                    \
	do {                                                  \
		start_from_good();                            \
		change;                                       \
		assert_string_equal(checked(FILE_SIZE), why); \
	} while (0)

static void a_good_program(void **state)
{
	u8 file[1 + FILE_SIZE] = { 0 };
	int offset;

	CHECK("good", (void)0);
	/* Anywhere in memory: an archive aligns nothing to more than 4. */
	for (offset = 0; offset < 2; offset++) {
		memcpy(file + offset, &good_header, sizeof(good_header));
		memcpy(file + offset + 64, good_segments, sizeof(good_segments));
		assert_null(elf_check(file + offset, FILE_SIZE));
		assert_int_equal(elf_header(file + offset).entry, 0x400100);
		assert_int_equal(elf_segment(file + offset, 3).vaddr, 0x500000);
	}
}

static void what_is_not_a_program(void **state)
{
	int i;

	for (i = 0; i < 7; i++)
		CHECK("not a little-endian ELF64 file", header.ident[i] ^= 3);
	CHECK("good", header.ident[7] = 3); /* the OS ABI says nothing */
	CHECK("not for AArch64", header.machine = 62);
	CHECK("not for AArch64", header.machine = 0);
	CHECK("not an executable (type EXEC)", header.type = 1);
	CHECK("not an executable (type EXEC)", header.type = 3);
	start_from_good();
	assert_string_equal(checked(0), "not a little-endian ELF64 file");
	assert_string_equal(checked(63), "not a little-endian ELF64 file");
	assert_string_equal(checked(64), "program headers outside the file");
}

static void program_headers(void **state)
{
	CHECK("a bad number or size of program headers", header.phentsize = 55);
	CHECK("a bad number or size of program headers", header.phentsize = 57);
	CHECK("a bad number or size of program headers", header.phentsize = 0);
	CHECK("a bad number or size of program headers", header.phnum = 0);
	CHECK("a bad number or size of program headers", header.phnum = ELF_MAX_SEGMENTS + 1);
	CHECK("a bad number or size of program headers", header.phnum = 0xffff);
	CHECK("good", header.phnum = ELF_MAX_SEGMENTS); /* the others are zero: type NULL */
	CHECK("program headers outside the file", header.phoff = FILE_SIZE - 4 * 56 + 1);
	CHECK("program headers outside the file", header.phoff = FILE_SIZE);
	CHECK("program headers outside the file", header.phoff = FILE_SIZE + 1);
	CHECK("program headers outside the file", header.phoff = ~0UL);
	CHECK("program headers outside the file", header.phoff = -4UL * 56);
	CHECK("the entry point is not in an executable segment", header.phoff = FILE_SIZE - 4 * 56);
}

static void each_rule_of_a_segment(void **state)
{
	CHECK("a segment's bytes are outside the file", segments[3].offset = 0x2001);
	CHECK("a segment's bytes are outside the file", segments[3].offset = FILE_SIZE + 1);
	CHECK("a segment's bytes are outside the file", segments[3].offset = ~0UL);
	CHECK("a segment's bytes are outside the file", segments[3].offset = -0x800UL);
	CHECK("a segment's bytes are outside the file", segments[3].filesz = 0x1001);
	CHECK("a segment's bytes are outside the file", segments[3].filesz = ~0UL);
	CHECK("a segment's bytes are outside the file", segments[3].filesz = -0x2000UL);
	CHECK("a segment is larger in the file than in memory", segments[3].memsz = 0xfff);
	CHECK("a segment is not page-aligned", segments[3].vaddr += 1);
	CHECK("a segment is not page-aligned", segments[3].vaddr += 0x800);
	CHECK("a segment is outside the range for programs", segments[0].vaddr = 0);
	CHECK("a segment is outside the range for programs",
	      segments[0].vaddr = UVA_PROGRAM - PAGE_SIZE);
	CHECK("a segment is outside the range for programs", segments[3].vaddr = UVA_STACK);
	CHECK("a segment is outside the range for programs",
	      segments[3].vaddr = UVA_STACK - 4 * PAGE_SIZE);
	CHECK("a segment is outside the range for programs", segments[3].vaddr = -PAGE_SIZE);
	CHECK("a segment is outside the range for programs",
	      segments[3].memsz = UVA_STACK - 0x500000 + 1);
	CHECK("a segment is outside the range for programs", segments[3].memsz = ~0UL);
	CHECK("a segment is outside the range for programs", segments[3].memsz = -0x500000UL);
	CHECK("a segment is outside the range for programs",
	      (segments[3].filesz = 0, segments[3].memsz = 0));
	CHECK("a segment is not readable", segments[1].flags = 0);
	CHECK("a segment is not readable", segments[0].flags = 1);
	CHECK("a segment is not readable", segments[3].flags = 2);
	CHECK("a segment is writable and executable", segments[3].flags = 7);
	CHECK("good", segments[3].vaddr = UVA_STACK - 5 * PAGE_SIZE);
	CHECK("good", segments[3].memsz = UVA_STACK - 0x500000);
	CHECK("good", (segments[3].filesz = 0, segments[3].offset = FILE_SIZE));
	CHECK("good", segments[0].flags = 0xf5); /* bits of the operating system's */
}

/* Which defect is named when there are several: the order of elf.h. */
static void the_first_defect_is_named(void **state)
{
	struct elf64_segment s = {
		.type = 1, .flags = 3, .offset = 9, .vaddr = 1, .filesz = 1, .memsz = 0
	};

	assert_string_equal(elf_check_segment(&s, 8), "a segment's bytes are outside the file");
	assert_string_equal(elf_check_segment(&s, 10),
	                    "a segment is larger in the file than in memory");
	s.filesz = 0;
	assert_string_equal(elf_check_segment(&s, 10), "a segment is not page-aligned");
	s.vaddr = 0x1000;
	assert_string_equal(elf_check_segment(&s, 10),
	                    "a segment is outside the range for programs");
	s.vaddr = UVA_PROGRAM;
	s.memsz = 1;
	assert_string_equal(elf_check_segment(&s, 10), "a segment is not readable");
	s.flags = 7;
	assert_string_equal(elf_check_segment(&s, 10), "a segment is writable and executable");
	s.flags = 5;
	assert_null(elf_check_segment(&s, 10));
}

static void order_of_segments(void **state)
{
	CHECK("segments overlap or are out of order", segments[1].vaddr = 0x400000);
	CHECK("segments overlap or are out of order", segments[3].vaddr = 0x401000);
	CHECK("segments overlap or are out of order", segments[0].vaddr = 0x600000);
	CHECK("segments overlap or are out of order", segments[0].memsz = 0x1001);
	CHECK("good", segments[0].memsz = 0x1000);
	CHECK("good", segments[1].memsz = 0x500000 - 0x401000);
	CHECK("segments overlap or are out of order", segments[1].memsz = 0x500000 - 0x401000 + 1);
}

static void entry_point(void **state)
{
	CHECK("good", header.entry = 0x400000);
	CHECK("good", header.entry = 0x4001fc);
	CHECK("the entry point is not in an executable segment", header.entry = 0x400200);
	CHECK("the entry point is not in an executable segment", header.entry = 0x3ffffc);
	CHECK("the entry point is not in an executable segment", header.entry = 0x400102);
	CHECK("the entry point is not in an executable segment", header.entry = 0x401000);
	CHECK("the entry point is not in an executable segment", header.entry = 0);
	CHECK("the entry point is not in an executable segment", segments[0].flags = 4);
	CHECK("the entry point is not in an executable segment", segments[0].type = 6);
}

/* What elf.h promises of an accepted file. */
static void must_be_good(const u8 *file, u64 size)
{
	struct elf64_header h;
	u64 last = 0;
	bool entry = false;
	int i;

	assert_in_range(size, sizeof(h), FILE_SIZE);
	memcpy(&h, file, sizeof(h));
	assert_memory_equal(h.ident,
	                    "\x7f"
	                    "ELF\2\1\1",
	                    7);
	assert_int_equal(h.type, 2);
	assert_int_equal(h.machine, 183);
	assert_int_equal(h.phentsize, 56);
	assert_in_range(h.phnum, 1, ELF_MAX_SEGMENTS);
	assert_in_range(h.phoff, 0, size);
	assert_in_range(h.phoff + 56 * h.phnum, 56, size);
	for (i = 0; i < h.phnum; i++) {
		struct elf64_segment s;

		memcpy(&s, file + h.phoff + 56 * i, 56);
		if (s.type != 1)
			continue;
		assert_in_range(s.offset, 0, size);
		assert_in_range(s.filesz, 0, size - s.offset);
		assert_in_range(s.memsz, s.filesz, UVA_STACK);
		assert_int_equal(s.vaddr % 4096, 0);
		assert_in_range(s.vaddr, last ? (last + 4095) & ~4095UL : UVA_PROGRAM,
		                UVA_STACK - 1);
		assert_in_range(s.vaddr + s.memsz, s.vaddr + 1, UVA_STACK);
		last = s.vaddr + s.memsz;
		assert_true(s.flags & 4);
		assert_true((s.flags & 3) != 3);
		entry |= (s.flags & 1) && h.entry >= s.vaddr && h.entry < last && h.entry % 4 == 0;
	}
	assert_true(entry);
}

static bool survives(const u8 *file, u64 size)
{
	u8 *exact = memcpy(malloc(size), file, size);
	bool accepted = elf_check(exact, size) == NULL;

	if (accepted)
		must_be_good(exact, size);
	free(exact);
	return accepted;
}

static void fill(u8 *file)
{
	memset(file, 0, FILE_SIZE);
	memcpy(file, &good_header, sizeof(good_header));
	memcpy(file + 64, good_segments, sizeof(good_segments));
}

static void truncated_at_every_length(void **state)
{
	static u8 file[FILE_SIZE];
	u64 size;

	fill(file);
	for (size = 0; size < FILE_SIZE; size++)
		assert_false(survives(file, size));
	assert_true(survives(file, FILE_SIZE));
}

static void damaged_programs(void **state)
{
	static u8 file[FILE_SIZE];
	static const u64 values[] = { 0,          1,           4096,     0x7fffffff,
		                      0xffffffff, 1UL << 63,   ~0UL,     ~0UL - 4095,
		                      UVA_STACK,  UVA_PROGRAM, FILE_SIZE };
	u32 accepted = 0, i, v;

	for (i = 0; i + 8 <= 64 + sizeof(good_segments); i++)
		for (v = 0; v < ARRAY_SIZE(values); v++) {
			fill(file);
			memcpy(file + i, &values[v], 8);
			survives(file, FILE_SIZE);
			fill(file);
			memcpy(file + i, &values[v], 4);
			survives(file, FILE_SIZE);
		}
	for (i = 0; i < 200000; i++) {
		int changes = (int)(model_random() % 3) + 1;
		u64 size = model_random() % 4 ? FILE_SIZE : model_random() % FILE_SIZE;

		fill(file);
		while (changes--) {
			u64 value = model_random() % 2 ? values[model_random() % ARRAY_SIZE(values)]
			                               : 1UL << model_random() % 64;

			value += model_random() % 3 - 1;
			memcpy(file + model_random() % (64 + sizeof(good_segments)), &value,
			       1UL << model_random() % 4);
		}
		model_progress("program", i);
		accepted += survives(file, size);
	}
	assert_in_range(accepted, 2000, 150000);
}

/* ---- cpio ------------------------------------------------------------------------------------ */

static u8 archive[8192];
static u64 archive_size;

static void add_file(const char *name, const void *data, u64 size)
{
	int i, n = sprintf((char *)archive + archive_size, "070701");
	const u64 fields[13] = { [1] = 0100755, [4] = 1, [6] = size, [11] = strlen(name) + 1 };

	for (i = 0; i < 13; i++)
		n += sprintf((char *)archive + archive_size + n, i % 2 ? "%08lx" : "%08lX",
		             fields[i]);
	strcpy((char *)archive + archive_size + n, name);
	archive_size = (archive_size + 110 + strlen(name) + 1 + 3) & ~3UL;
	memcpy(archive + archive_size, data, size);
	archive_size = (archive_size + size + 3) & ~3UL;
}

static void make_archive(void)
{
	memset(archive, 0, sizeof(archive));
	archive_size = 0;
	add_file("init", "first", 5);
	add_file("in", "short name", 10);
	add_file("empty", "", 0);
	add_file("x", "0123456789abcdef0123456789ABCDEF", 32);
	add_file("init", "second", 6);
	add_file("last-one", "bye", 3);
	add_file("TRAILER!!!", "", 0);
}

static void finds(const char *name, const char *content)
{
	u8 *exact = memcpy(malloc(archive_size), archive, archive_size);
	u64 size = 77;
	const u8 *file = cpio_find(exact, archive_size, name, &size);

	if (!file != !content)
		fail_msg("\"%s\" is %s", name, file ? "found" : "not found");
	if (content) {
		assert_int_equal(size, strlen(content));
		assert_memory_equal(file, content, size);
	}
	free(exact);
}

static void files_of_an_archive(void **state)
{
	make_archive();
	finds("init", "first"); /* the first of that name */
	finds("in", "short name");
	finds("empty", "");
	finds("x", "0123456789abcdef0123456789ABCDEF");
	finds("last-one", "bye");
	finds("ini", NULL);
	finds("init2", NULL);
	finds("", NULL);
	finds("last", NULL);
	archive_size = 0;
	finds("init", NULL);
}

static void an_archive_cut_at_every_length(void **state)
{
	u64 whole, at;

	make_archive();
	whole = archive_size;
	for (archive_size = 0; archive_size < whole; archive_size++) {
		/* "init" is complete with its 5 bytes; "last-one" begins with the 6th header. */
		at = 116 + 5;
		finds("init", archive_size >= at ? "first" : NULL);
		finds("no-such", NULL);
	}
}

static void nothing_behind_a_defect(void **state)
{
	make_archive();
	archive[124] = 'x'; /* the magic number of the second file */
	finds("init", "first");
	finds("in", NULL);
	finds("last-one", NULL);
	make_archive();
	memcpy(archive + 54, "ffffffff", 8);
	finds("init", NULL);
	finds("in", NULL);
	make_archive();
	memcpy(archive + 94, "ffffffff", 8);
	finds("init", NULL);
	finds("in", NULL);
	make_archive();
	archive[54 + 7] = 'g'; /* no hexadecimal digit */
	finds("init", NULL);
	finds("in", NULL);
	make_archive();
	memcpy(archive + 94, "00000004", 8); /* a name that is not terminated is another */
	finds("init", "second");
}

static void damaged_archives(void **state)
{
	static const char *const names[] = { "init", "x", "last-one", "nothing", "" };
	u32 i, found = 0;

	for (i = 0; i < 200000; i++) {
		u64 length, size = model_random() % 4 ? 800 : model_random() % 1000, file_size = 0;
		const char *name = names[model_random() % ARRAY_SIZE(names)];
		int changes = (int)(model_random() % 4);
		const u8 *file;
		u8 *exact;

		make_archive();
		while (changes--)
			archive[model_random() % archive_size] =
				"0189afAFgGzZ\0\xff :"[model_random() % 16];
		length = size < archive_size ? size : archive_size;
		exact = memcpy(malloc(length), archive, length);
		model_progress("archive", i);
		file = cpio_find(exact, length, name, &file_size);
		if (file) {
			found++;
			assert_in_range(file - exact, 110, length);
			assert_in_range(file_size, 0, length - (u64)(file - exact));
		}
		free(exact);
	}
	assert_in_range(found, 10000, 150000);
}

static const struct CMUnitTest tests[] = {
	TEST(a_good_program),
	TEST(what_is_not_a_program),
	TEST(program_headers),
	TEST(each_rule_of_a_segment),
	TEST(the_first_defect_is_named),
	TEST(order_of_segments),
	TEST(entry_point),
	TEST(truncated_at_every_length),
	TEST(damaged_programs),
	TEST(files_of_an_archive),
	TEST(an_archive_cut_at_every_length),
	TEST(nothing_behind_a_defect),
	TEST(damaged_archives),
};

MODEL_MAIN("elf", tests)
