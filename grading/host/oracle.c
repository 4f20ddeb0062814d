#include "oracle.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 65536

int oracle_sound(const void *tree, size_t size)
{
	return fdt_check_full(tree, size) == 0;
}

int oracle_next(const void *tree, int node, int *depth)
{
	return fdt_next_node(tree, node, depth);
}

int oracle_parent(const void *tree, int node)
{
	return fdt_parent_offset(tree, node);
}

int oracle_path(const void *tree, const char *path)
{
	return fdt_path_offset(tree, path);
}

int oracle_phandle(const void *tree, uint32_t phandle)
{
	return fdt_node_offset_by_phandle(tree, phandle);
}

int oracle_compatible(const void *tree, int node, const char *what)
{
	return fdt_node_check_compatible(tree, node, what) == 0;
}

const char *oracle_name(const void *tree, int node)
{
	return fdt_get_name(tree, node, NULL);
}

int oracle_full_path(const void *tree, int node, char *path, int size)
{
	return fdt_get_path(tree, node, path, size);
}

const void *oracle_property(const void *tree, int node, const char *name, int *length)
{
	return fdt_getprop(tree, node, name, length);
}

int oracle_cells(const void *tree, int node, const char *name, int otherwise)
{
	int length;
	const fdt32_t *value = fdt_getprop(tree, node, name, &length);

	return value && length == 4 ? (int)fdt32_to_cpu(*value) : otherwise;
}

const void *oracle_each(const void *tree, int node, int index, const char **name, int *length)
{
	int property;

	fdt_for_each_property_offset(property, tree, node)
	{
		if (index-- == 0)
			return fdt_getprop_by_offset(tree, property, name, length);
	}
	return NULL;
}

static size_t packed(void *tree, int error)
{
	if (error || fdt_pack(tree))
		abort();
	return fdt_totalsize(tree);
}

size_t oracle_set(const void *tree, void **copy, const char *path, const char *name,
                  const void *value, int length)
{
	int error;

	*copy = calloc(1, ROOM);
	error = fdt_open_into(tree, *copy, ROOM);
	if (!error && value)
		error = fdt_setprop(*copy, fdt_path_offset(*copy, path), name, value, length);
	else if (!error)
		error = fdt_delprop(*copy, fdt_path_offset(*copy, path), name);
	return packed(*copy, error);
}

size_t oracle_nested(void **tree, int depth)
{
	int error, i;

	*tree = calloc(1, ROOM);
	error = fdt_create(*tree, ROOM);
	error |= fdt_finish_reservemap(*tree);
	for (i = 0; i < depth; i++)
		error |= fdt_begin_node(*tree, i ? "n" : "");
	for (i = 0; i < depth; i++)
		error |= fdt_end_node(*tree);
	return packed(*tree, error | fdt_finish(*tree));
}

size_t oracle_many(void **tree, int count)
{
	int error, i;

	*tree = calloc(1, ROOM);
	error = fdt_create(*tree, ROOM);
	for (i = 0; i < count; i++)
		error |= fdt_add_reservemap_entry(*tree, 0x1000000UL * (uint64_t)i, 0x1000);
	error |= fdt_finish_reservemap(*tree);
	error |= fdt_begin_node(*tree, "");
	error |= fdt_property_u32(*tree, "#address-cells", 2);
	error |= fdt_property_u32(*tree, "#size-cells", 2);
	for (i = 0; i < count; i++) {
		uint64_t reg[2] = { cpu_to_fdt64(0x100000000UL * (uint64_t)(i + 1)),
			            cpu_to_fdt64(0x1000) };

		error |= fdt_begin_node(*tree, "memory");
		error |= fdt_property_string(*tree, "device_type", "memory");
		error |= fdt_property(*tree, "reg", reg, sizeof(reg));
		error |= fdt_end_node(*tree);
	}
	error |= fdt_end_node(*tree);
	return packed(*tree, error | fdt_finish(*tree));
}
