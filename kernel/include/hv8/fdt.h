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

#define FDT_MAX_SIZE  0x200000
#define FDT_MAX_DEPTH 16

struct fdt {
	const u8 *base;
	const u8 *structure;
	const char *strings;
	const u8 *reservations;
	u32 size, structure_size, strings_size;
};

/**
 * Check the tree at @p pa: alignment (8), magic, version, sizes, every token, every name.
 *
 * @return NULL, or what is wrong, in words
 */
const char *fdt_open(struct fdt *fdt, pa_t pa);

/** The node after @p node in document order, or -1; @p depth (root is 0), if given, is kept up to
 * date. */
int fdt_next_node(const struct fdt *fdt, int node, int *depth);

/** The node's name with its unit address, "" for the root. */
const char *fdt_name(const struct fdt *fdt, int node);

/** The value of property @p name, or NULL; @p length receives its size in bytes. */
const u8 *fdt_property(const struct fdt *fdt, int node, const char *name, u32 *length);

/** A property of one 32-bit cell, or @p otherwise if it is missing or of another size. */
u32 fdt_u32(const struct fdt *fdt, int node, const char *name, u32 otherwise);

/** The node that @p node stands in, or -1 for the root. */
int fdt_parent(const struct fdt *fdt, int node);

/** The node at an absolute path such as "/soc/uart@f7113000"; ends at ':' or NUL. Unit addresses
 * may be left out. */
int fdt_path(const struct fdt *fdt, const char *path);

/** The node whose "phandle" is @p phandle. */
int fdt_phandle(const struct fdt *fdt, u32 phandle);

/** Whether @p node has no "status", or one that says okay: a disabled one belongs to somebody else, perhaps to the secure world. */
bool fdt_enabled(const struct fdt *fdt, int node);

/** Whether @p node is compatible with @p what and not disabled by its "status". */
bool fdt_is(const struct fdt *fdt, int node, const char *what);

/** A big-endian number of @p cells 32-bit cells, 0..2; higher cells beyond 64 bits are cut off. */
u64 fdt_cells(const u8 *value, u32 cells);

/**
 * Entry @p index of the node's "reg", as physical addresses: parents' "ranges" are applied.
 *
 * @return false if there is no such entry, or a bus on the way has no translation
 */
bool fdt_reg(const struct fdt *fdt, int node, u32 index, pa_t *start, u64 *size);

/** Entry @p index of the memory reservation block; false behind the last. */
bool fdt_reservation(const struct fdt *fdt, u32 index, pa_t *start, u64 *size);

/**
 * The console: the node that /chosen/stdout-path names, by path or by alias, with or without
 * ":options", if it is an enabled PL011; otherwise the first enabled PL011 of the tree; otherwise
 * -1.
 */
int fdt_console(const struct fdt *fdt);
