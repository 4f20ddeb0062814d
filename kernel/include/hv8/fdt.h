/*
 * A reader for flattened device trees (Devicetree Specification 0.4, chapter 5). fdt_open() checks
 * the whole structure block once, so that the other functions may trust offsets; they still treat
 * property values as untrusted.
 *
 * A node is named by the offset of its FDT_BEGIN_NODE token in the structure block; negative means
 * "no such node".
 */
#pragma once

#include <hv8/types.h>

#define FDT_MAX_SIZE  0x200000 /* bytes of a tree, at most */
#define FDT_MAX_DEPTH 16       /* nodes inside nodes, at most */

/* A tree that fdt_open() has checked. */
struct fdt {
	const u8 *base;                         /* its header */
	const u8 *structure;                    /* the structure block: nodes and properties */
	const char *strings;                    /* the strings block: names of properties */
	const u8 *reservations;                 /* the memory reservation block */
	u32 size, structure_size, strings_size; /* bytes of the whole and of the two blocks */
};

/**
 * Check the tree at @p pa, and fill @p fdt: alignment (8), magic, version, sizes, every token, every name.
 *
 * @return NULL, or what is wrong, in words
 */
const char *fdt_open(struct fdt *fdt, pa_t pa);

/** The node after @p node of @p fdt in document order, or -1; @p depth (root is 0), if given, is kept up to
 * date. */
int fdt_next_node(const struct fdt *fdt, int node, int *depth);

/** The name of @p node in @p fdt with its unit address, "" for the root. */
const char *fdt_name(const struct fdt *fdt, int node);

/** The value of property @p name of @p node in @p fdt, or NULL; @p length receives its size in bytes. */
const u8 *fdt_property(const struct fdt *fdt, int node, const char *name, u32 *length);

/** Property @p name of @p node in @p fdt, one 32-bit cell, or @p otherwise if it is missing or of another size. */
u32 fdt_u32(const struct fdt *fdt, int node, const char *name, u32 otherwise);

/** The node of @p fdt that @p node stands in, or -1 for the root. */
int fdt_parent(const struct fdt *fdt, int node);

/** The node of @p fdt at the absolute @p path, such as "/soc/uart@f7113000"; ends at ':' or NUL. Unit
 * addresses may be left out. */
int fdt_path(const struct fdt *fdt, const char *path);

/** The node of @p fdt whose "phandle" is @p phandle, or -1. */
int fdt_phandle(const struct fdt *fdt, u32 phandle);

/** Whether @p node of @p fdt has no "status", or one that says okay: a disabled one belongs to somebody else, perhaps
 * to the secure world. */
bool fdt_enabled(const struct fdt *fdt, int node);

/** Whether @p node of @p fdt is compatible with @p what and not disabled by its "status". */
bool fdt_is(const struct fdt *fdt, int node, const char *what);

/** The big-endian number of @p cells 32-bit cells at @p value, 0..2; higher cells beyond 64 bits are cut off. */
u64 fdt_cells(const u8 *value, u32 cells);

/**
 * Entry @p index of the "reg" of @p node in @p fdt, as physical addresses: parents' "ranges" are applied.
 *
 * @param start  receives the address
 * @param size   receives how many bytes it has
 * @return false if there is no such entry, or a bus on the way has no translation
 */
bool fdt_reg(const struct fdt *fdt, int node, u32 index, pa_t *start, u64 *size);

/** Entry @p index of the memory reservation block of @p fdt to @p start and @p size; false behind the last. */
bool fdt_reservation(const struct fdt *fdt, u32 index, pa_t *start, u64 *size);

/**
 * The console of @p fdt: the node that /chosen/stdout-path names, by path or by alias, with or without
 * ":options", if it is an enabled PL011; otherwise the first enabled PL011 of the tree; otherwise
 * -1.
 */
int fdt_console(const struct fdt *fdt);
