/* Program files: ELF64 executables for AArch64, and the cpio archive (newc) that carries them. */
#pragma once

#include <hv8/types.h>

struct elf64_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf64_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

#define ELF_LOAD         1
#define ELF_X            1
#define ELF_W            2
#define ELF_R            4
#define ELF_MAX_SEGMENTS 8

/**
 * Check a program file of @p size bytes before anything of it is used.
 *
 * Allowed: little-endian ELF64 for AArch64, type EXEC, 1..ELF_MAX_SEGMENTS program headers inside
 * the file, loadable segments as elf_check_segment() wants them, in ascending order without a
 * shared page, an entry point inside an executable one.
 *
 * @return NULL, or what is wrong, in words
 */
const char *elf_check(const u8 *file, u64 size);

/**
 * Check one loadable segment of a file of @p size bytes: bytes inside the file, no more in the file
 * than in memory, page-aligned address, inside [UVA_PROGRAM, UVA_STACK), readable, not writable and
 * executable at once.
 *
 * @return NULL, or what is wrong, in words
 */
const char *elf_check_segment(const struct elf64_segment *segment, u64 size);

/** Segment @p index of a checked file, by value: the file may be unaligned. */
struct elf64_segment elf_segment(const u8 *file, u32 index);

/** The header of a checked file. */
struct elf64_header elf_header(const u8 *file);

/**
 * Find @p name in a cpio archive of @p size bytes.
 *
 * @return its bytes and *@p file_size, or NULL; a malformed archive has no files behind the defect
 */
const u8 *cpio_find(const u8 *archive, u64 size, const char *name, u64 *file_size);
