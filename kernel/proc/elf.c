/*
 * Reading program files. Everything in them is distrusted: a file comes from whoever made the
 * initrd. Pure functions over bytes: no machine, no state.
 */
#include <hv8/console.h>
#include <hv8/elf.h>
#include <hv8/string.h>
#include <uapi/hypercall.h>

#define ELF_TYPE_EXEC       2
#define ELF_MACHINE_AARCH64 183

struct elf64_header elf_header(const u8 *file)
{
	struct elf64_header header;

	memcpy(&header, file, sizeof(header));
	return header;
}

struct elf64_segment elf_segment(const u8 *file, u32 index)
{
	struct elf64_segment segment;

	memcpy(&segment, file + elf_header(file).phoff + index * sizeof(segment), sizeof(segment));
	return segment;
}

const char *elf_check_segment(const struct elf64_segment *segment, u64 size)
{
#if SOLUTION >= 3
	if (segment->offset > size || segment->filesz > size - segment->offset)
		return "a segment's bytes are outside the file";
	if (segment->filesz > segment->memsz)
		return "a segment is larger in the file than in memory";
	if (segment->vaddr % PAGE_SIZE)
		return "a segment is not page-aligned";
	if (segment->vaddr < UVA_PROGRAM || segment->vaddr >= UVA_STACK || segment->memsz == 0 ||
	    segment->memsz > UVA_STACK - segment->vaddr)
		return "a segment is outside the range for programs";
	if (!(segment->flags & ELF_R))
		return "a segment is not readable";
	if ((segment->flags & ELF_W) && (segment->flags & ELF_X))
		return "a segment is writable and executable";
	return NULL;
#else
	/*
	 * LAB 3: check what elf.h promises, in this order, and return the first thing that is wrong:
	 *
	 *	"a segment's bytes are outside the file"
	 *	"a segment is larger in the file than in memory"
	 *	"a segment is not page-aligned"
	 *	"a segment is outside the range for programs"	also if it is empty in memory
	 *	"a segment is not readable"
	 *	"a segment is writable and executable"
	 *
	 * or NULL. Every number is the enemy's: offset + filesz may overflow, and a - b does not if
	 * b <= a is known.
	 * Read: ELF-64 Object File Format, "Program header table"; uapi/hypercall.h for the range.
	 */
	todo("elf_check_segment");
#endif
}

const char *elf_check(const u8 *file, u64 size)
{
	static const u8 magic[7] = { 0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little endian */,
		                     1 /* version */ };
	struct elf64_header header;
	bool entry_found = false;
	u64 last_end = 0;
	u32 i;

	if (size < sizeof(header) || memcmp(file, magic, sizeof(magic)))
		return "not a little-endian ELF64 file";
	header = elf_header(file);
	if (header.machine != ELF_MACHINE_AARCH64)
		return "not for AArch64";
	if (header.type != ELF_TYPE_EXEC)
		return "not an executable (type EXEC)";
	if (header.phentsize != sizeof(struct elf64_segment) || header.phnum == 0 ||
	    header.phnum > ELF_MAX_SEGMENTS)
		return "a bad number or size of program headers";
	if (header.phoff > size ||
	    header.phnum * sizeof(struct elf64_segment) > size - header.phoff)
		return "program headers outside the file";
	for (i = 0; i < header.phnum; i++) {
		struct elf64_segment segment = elf_segment(file, i);
		const char *problem;

		if (segment.type != ELF_LOAD)
			continue;
		problem = elf_check_segment(&segment, size);
		if (problem)
			return problem;
		if (segment.vaddr < last_end)
			return "segments overlap or are out of order";
		last_end = ROUND_UP(segment.vaddr + segment.memsz, PAGE_SIZE);
		if ((segment.flags & ELF_X) && header.entry >= segment.vaddr &&
		    header.entry - segment.vaddr < segment.memsz && header.entry % 4 == 0)
			entry_found = true;
	}
	return entry_found ? NULL : "the entry point is not in an executable segment";
}

/* The cpio "newc" format: a header of 6 + 13 * 8 characters, fields in hexadecimal, name and data
 * padded to 4 bytes. */
#define CPIO_HEADER   110
#define CPIO_FILESIZE 54
#define CPIO_NAMESIZE 94

#define CPIO_BAD (1UL << 32) /* larger than any field, and than any archive can be */

static u64 cpio_field(const u8 *header, int at)
{
	u64 value = 0;
	int i;

	for (i = 0; i < 8; i++) {
		u8 c = header[at + i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (u64)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | (u64)((c | 0x20) - 'a' + 10);
		else
			return CPIO_BAD;
	}
	return value;
}

const u8 *cpio_find(const u8 *archive, u64 size, const char *name, u64 *file_size)
{
	const u64 wanted = strlen(name) + 1;
	u64 at = 0;

	while (at <= size && size - at >= CPIO_HEADER && !memcmp(archive + at, "070701", 6)) {
		u64 names = cpio_field(archive + at, CPIO_NAMESIZE),
		    data = cpio_field(archive + at, CPIO_FILESIZE);
		u64 data_at = ROUND_UP(at + CPIO_HEADER + names, 4);

		if (data_at > size || data > size - data_at)
			return NULL;
		if (names == wanted && !memcmp(archive + at + CPIO_HEADER, name, wanted)) {
			*file_size = data;
			return archive + data_at;
		}
		at = ROUND_UP(data_at + data, 4);
	}
	return NULL;
}
