/*
 * What libfdt says of a tree, and trees that it makes. Its header and the kernel's cannot be in one
 * file: they have the same names for different things.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** Whether libfdt finds the tree in @p size bytes sound. */
int oracle_sound(const void *tree, size_t size);

int oracle_next(const void *tree, int node, int *depth);
int oracle_parent(const void *tree, int node);
int oracle_path(const void *tree, const char *path);
int oracle_phandle(const void *tree, uint32_t phandle);
int oracle_compatible(const void *tree, int node, const char *what);
const char *oracle_name(const void *tree, int node);
int oracle_full_path(const void *tree, int node, char *path, int size);
const void *oracle_property(const void *tree, int node, const char *name, int *length);
int oracle_cells(const void *tree, int node, const char *name, int otherwise);

/** Property @p index of a node: its value, name and length; NULL behind the last. */
const void *oracle_each(const void *tree, int node, int index, const char **name, int *length);

/**
 * A copy of @p tree with property @p name of node @p path set, or deleted if @p value is NULL.
 *
 * @param copy  receives it; free() it
 * @return its size
 */
size_t oracle_set(const void *tree, void **copy, const char *path, const char *name,
                  const void *value, int length);

/** A tree of nodes "n" nested @p depth deep, the root counted; as oracle_set(). */
size_t oracle_nested(void **tree, int depth);

/** A tree with @p count memory nodes and @p count reservations of a page each, far apart. */
size_t oracle_many(void **tree, int count);
