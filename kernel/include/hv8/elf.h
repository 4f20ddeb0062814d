/* Program files: ELF64 executables for AArch64, and the cpio archive (newc) that carries them. */
#pragma once

#include <hv8/types.h>

/* What a program file begins with: fields as in "ELF-64 Object File Format", chapter 3. */
struct elf64_header {
	u8 ident[16];      /* magic, 64 bits, little-endian, version */
	u16 type, machine; /* 2: EXEC; 183: AArch64 */
	u32 version;       /* 1 */
	u64 entry;         /* address of the first instruction */
	u64 phoff, shoff;  /* where program and section headers are in the file */
	u32 flags;         /* none on AArch64 */
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx; /* sizes and counts of headers */
};

/* A program header. */
struct elf64_segment {
	u32 type, flags;          /* ELF_LOAD; ELF_R, ELF_W, ELF_X */
	u64 offset, vaddr, paddr; /* where it is in the file; in memory; not used */
	u64 filesz, memsz, align; /* bytes in the file; in memory, with zeros behind; not used */
};

#define ELF_LOAD         1 /* segment type: loadable */
#define ELF_X            1 /* segment flags: execute */
#define ELF_W            2 /* write */
#define ELF_R            4 /* read */
#define ELF_MAX_SEGMENTS 8 /* program headers of a file */

/**
 * Check the program @p file of @p size bytes before anything of it is used.
 *
 * Allowed: little-endian ELF64 for AArch64, type EXEC, 1..ELF_MAX_SEGMENTS program headers inside
 * the file, loadable segments as elf_check_segment() wants them, in ascending order without a
 * shared page, an entry point inside an executable one.
 *
 * @return NULL, or what is wrong, in words
 */
const char *elf_check(const u8 *file, u64 size);

/**
 * Check @p segment, loadable, of a file of @p size bytes: bytes inside the file, no more in the file
 * than in memory, page-aligned address, inside [UVA_PROGRAM, UVA_STACK), readable, not writable and
 * executable at once.
 *
 * @return NULL, or what is wrong, in words
 */
const char *elf_check_segment(const struct elf64_segment *segment, u64 size);

/** Segment @p index of the checked @p file, by value: that may be unaligned. */
struct elf64_segment elf_segment(const u8 *file, u32 index);

/** The header of the checked @p file. */
struct elf64_header elf_header(const u8 *file);

/**
 * Find @p name in the cpio @p archive of @p size bytes.
 *
 * @return its bytes and *@p file_size, or NULL; a malformed archive has no files behind the defect
 */
const u8 *cpio_find(const u8 *archive, u64 size, const char *name, u64 *file_size);
