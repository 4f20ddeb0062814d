/* The kernel's basic types. An address or number that means something has a type that says so. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;   /* 8 bits, unsigned */
typedef uint16_t u16; /* 16 bits */
typedef uint32_t u32; /* 32 bits */
typedef uint64_t u64; /* 64 bits: a register */
typedef int64_t i64;  /* 64 bits, signed: a result or -errno */

typedef u64 pa_t;    /* physical address; also an EL2 virtual one, since EL2 runs with VA = PA */
typedef u64 uva_t;   /* virtual address in a process, translated by its TTBR0_EL1 */
typedef int pid_t;   /* process, 1..NPROC-1; 0 is nobody */
typedef u32 pn_t;    /* number of a process page, 0..NPAGE-1 */
typedef u64 pte_t;   /* translation table entry */
typedef u16 asid_t;  /* address space identifier, 8 or 16 bits */
typedef u32 intid_t; /* interrupt identifier: 0..15 SGI, 16..31 PPI, 32..1019 SPI */

#define PAGE_SIZE  4096UL      /* bytes of a page, the granule */
#define PAGE_SHIFT 12          /* its logarithm */
#define BLOCK_SIZE (2UL << 20) /* bytes that an entry of a level 2 table maps */

#define ROUND_DOWN(value, unit) ((value) & ~((unit)-1))              /* unit: a power of two */
#define ROUND_UP(value, unit)   ROUND_DOWN((value) + (unit)-1, unit) /* the same */

/* Something that only lab holes use, so that a starter compiles without a warning about it. */
#define USED_BY_HOLES __attribute__((unused))

/* How many elements an array has. */
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
