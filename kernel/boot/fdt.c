/*
 * Reading a flattened device tree. Everything here is a walk over 32-bit big-endian tokens:
 *
 *	FDT_BEGIN_NODE name\0 pad { FDT_PROP length nameoff value pad }* { child nodes }*
 *	FDT_END_NODE ... FDT_END
 *
 * fdt_open() makes the one walk that distrusts everything; after it, offsets that these functions
 * compute stay inside the structure block. Uses nothing but machine.h.
 */
#include <hv8/console.h>
#include <hv8/fdt.h>
#include <hv8/string.h>
#include <machine.h>

#define FDT_MAGIC       0xd00dfeed
#define FDT_HEADER_SIZE 40
#define FDT_BEGIN_NODE  1
#define FDT_END_NODE    2
#define FDT_PROP        3
#define FDT_NOP         4
#define FDT_END         9

static u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static u32 token(const struct fdt *fdt, u32 at)
{
	return be32(fdt->structure + at);
}

/* The offset of the token behind the one at @p at. Only for a checked tree. */
static u32 skip(const struct fdt *fdt, u32 at)
{
	switch (token(fdt, at)) {
	case FDT_BEGIN_NODE:
		return ROUND_UP(at + 4 + strlen((const char *)fdt->structure + at + 4) + 1, 4);
	case FDT_PROP:
		return ROUND_UP(at + 12 + token(fdt, at + 4), 4);
	default:
		return at + 4;
	}
}

/* Whether a string that starts at @p at ends before @p size. */
static bool string_inside(const u8 *block, u32 size, u32 at)
{
	while (at < size)
		if (block[at++] == '\0')
			return true;
	return false;
}

static const char *check_structure(const struct fdt *fdt)
{
	const u32 size = fdt->structure_size;
	int depth = 0;
	u64 at = 0;

	while (at + 4 <= size) {
		switch (token(fdt, at)) {
		case FDT_BEGIN_NODE:
			if (at != 0 && depth == 0)
				return "a second root node";
			if (++depth > FDT_MAX_DEPTH)
				return "nodes nested too deeply";
			if (!string_inside(fdt->structure, size, at + 4))
				return "a node name without an end";
			break;
		case FDT_PROP:
			if (depth == 0)
				return "a property outside any node";
			if (at + 12 > size || token(fdt, at + 4) > size ||
			    at + 12 + token(fdt, at + 4) > size)
				return "a property longer than the tree";
			if (!string_inside((const u8 *)fdt->strings, fdt->strings_size,
			                   token(fdt, at + 8)))
				return "a property name outside the strings block";
			break;
		case FDT_END_NODE:
			if (--depth < 0)
				return "more node ends than nodes";
			break;
		case FDT_NOP:
			break;
		case FDT_END:
			return depth || at == 0 ? "the tree ends inside a node" : NULL;
		default:
			return "an unknown token";
		}
		if (at == 0 && token(fdt, 0) != FDT_BEGIN_NODE)
			return "no root node";
		at = skip(fdt, at);
	}
	return "no end token";
}

static bool block_inside(u32 offset, u32 length, u32 size)
{
	return offset >= FDT_HEADER_SIZE && offset <= size && length <= size - offset;
}

const char *fdt_open(struct fdt *fdt, pa_t pa)
{
	const u8 *base = pa_pointer(pa);
	u32 structure, strings, reservations, at;

	if (pa == 0)
		return "no device tree: x0 is 0 at entry";
	if (pa % 8)
		return "the device tree is not aligned to 8 bytes";
	if (be32(base) != FDT_MAGIC)
		return "bad magic number";
	fdt->base = base;
	fdt->size = be32(base + 4);
	if (fdt->size < FDT_HEADER_SIZE || fdt->size > FDT_MAX_SIZE)
		return "impossible size";
	if (be32(base + 20) < 17 || be32(base + 24) > 17)
		return "unsupported version";
	structure = be32(base + 8);
	strings = be32(base + 12);
	reservations = be32(base + 16);
	fdt->structure_size = be32(base + 36);
	fdt->strings_size = be32(base + 32);
	if (structure % 4 || !block_inside(structure, fdt->structure_size, fdt->size))
		return "structure block outside the tree";
	if (!block_inside(strings, fdt->strings_size, fdt->size))
		return "strings block outside the tree";
	if (reservations % 8 || !block_inside(reservations, 16, fdt->size))
		return "reservation block outside the tree";
	fdt->structure = base + structure;
	fdt->strings = (const char *)base + strings;
	fdt->reservations = base + reservations;
	for (at = 0;
	     fdt_cells(fdt->reservations + at, 2) || fdt_cells(fdt->reservations + at + 8, 2);
	     at += 16)
		if (!block_inside(reservations + at + 16, 16, fdt->size))
			return "reservation block without an end";
	return check_structure(fdt);
}

int fdt_next_node(const struct fdt *fdt, int node, int *depth)
{
	u32 at = skip(fdt, node);
	int level = depth ? *depth : 0;

	for (;; at = skip(fdt, at)) {
		switch (token(fdt, at)) {
		case FDT_BEGIN_NODE:
			if (depth)
				*depth = level + 1;
			return at;
		case FDT_END_NODE:
			level--;
			break;
		case FDT_END:
			return -1;
		}
	}
}

const char *fdt_name(const struct fdt *fdt, int node)
{
	return (const char *)fdt->structure + node + 4;
}

const u8 *fdt_property(const struct fdt *fdt, int node, const char *name, u32 *length)
{
	u32 at;

	for (at = skip(fdt, node); token(fdt, at) == FDT_PROP || token(fdt, at) == FDT_NOP;
	     at = skip(fdt, at)) {
		if (token(fdt, at) != FDT_PROP || strcmp(fdt->strings + token(fdt, at + 8), name))
			continue;
		*length = token(fdt, at + 4);
		return fdt->structure + at + 12;
	}
	return NULL;
}

u32 fdt_u32(const struct fdt *fdt, int node, const char *name, u32 otherwise)
{
	u32 length;
	const u8 *value = fdt_property(fdt, node, name, &length);

	return value && length == 4 ? be32(value) : otherwise;
}

int fdt_parent(const struct fdt *fdt, int node)
{
	int open[FDT_MAX_DEPTH + 1];
	int depth = 0, at;

	for (at = 0; at >= 0; at = fdt_next_node(fdt, at, &depth)) {
		open[depth] = at;
		if (at == node)
			return depth ? open[depth - 1] : -1;
	}
	return -1;
}

/* Whether a node is called @p wanted, a path component that ends at '/', ':' or NUL; "uart" also
 * names "uart@1000". */
static bool name_is(const char *name, const char *wanted)
{
	while (*wanted && *wanted != '/' && *wanted != ':')
		if (*name++ != *wanted++)
			return false;
	return *name == '\0' || *name == '@';
}

int fdt_path(const struct fdt *fdt, const char *path)
{
	int node = 0, depth = 0, found = 0;

	if (*path != '/')
		return -1;
	while (*path && *path != ':') {
		while (*path == '/')
			path++;
		if (*path == '\0' || *path == ':')
			break;
		do {
			node = fdt_next_node(fdt, node, &depth);
			if (node < 0 || depth <= found)
				return -1;
		} while (depth != found + 1 || !name_is(fdt_name(fdt, node), path));
		found = depth;
		while (*path && *path != '/' && *path != ':')
			path++;
	}
	return node;
}

int fdt_phandle(const struct fdt *fdt, u32 phandle)
{
	int node;

	for (node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL))
		if (phandle && fdt_u32(fdt, node, "phandle", 0) == phandle)
			return node;
	return -1;
}

bool fdt_enabled(const struct fdt *fdt, int node)
{
	u32 length;
	const u8 *value = fdt_property(fdt, node, "status", &length);

	return !value || (length >= 2 && value[0] == 'o' && value[1] == 'k');
}

bool fdt_is(const struct fdt *fdt, int node, const char *what)
{
	u32 length, at, end;
	const u8 *value = fdt_property(fdt, node, "compatible", &length);

	if (!fdt_enabled(fdt, node))
		return false;
	for (at = 0; value && at < length; at = end + 1) {
		for (end = at; end < length && value[end]; end++)
			continue;
		if (end < length && !strcmp((const char *)value + at, what))
			return true;
	}
	return false;
}

u64 fdt_cells(const u8 *value, u32 cells)
{
#if SOLUTION >= 1
	u64 number = 0;

	for (; cells; cells--, value += 4)
		number = number << 32 | be32(value);
	return number;
#else
	/*
	 * LAB 1: the number that stands in `cells` 32-bit big-endian cells at `value`, most
	 * significant cell first; no cells is 0. be32() reads one cell. An address on a board with
	 * #address-cells = <2> takes two of them.
	 * Read: Devicetree Specification 0.4, 2.2.4
	 * "Property values" and 2.3.5 "#address-cells and #size-cells".
	 */
	todo("fdt_cells");
#endif
}

/* Take a bus address through the "ranges" of the buses from @p bus up to the root. */
static bool translate(const struct fdt *fdt, int bus, pa_t *address)
{
	for (; bus > 0; bus = fdt_parent(fdt, bus)) {
		u32 child = fdt_u32(fdt, bus, "#address-cells", 2),
		    size = fdt_u32(fdt, bus, "#size-cells", 1);
		u32 parent = fdt_u32(fdt, fdt_parent(fdt, bus), "#address-cells", 2);
		u32 length, at, entry = 4 * (child + parent + size);
		const u8 *ranges = fdt_property(fdt, bus, "ranges", &length);
		bool found = ranges && length == 0; /* empty: the same addresses on both sides */

		if (child > 3 || parent > 3 || size > 2 || (!found && entry == 0))
			return false;
		for (at = 0; ranges && !found && at + entry <= length; at += entry) {
			u64 from = fdt_cells(ranges + at, child);
			u64 to = fdt_cells(ranges + at + 4 * child, parent);
			u64 span = fdt_cells(ranges + at + 4 * (child + parent), size);

			if (*address >= from && *address - from < span) {
				*address = *address - from + to;
				found = true;
			}
		}
		if (!found)
			return false;
	}
	return true;
}

bool fdt_reg(const struct fdt *fdt, int node, u32 index, pa_t *start, u64 *size)
{
	int bus = fdt_parent(fdt, node);
	u32 length, addresses, sizes, entry;
	const u8 *reg = fdt_property(fdt, node, "reg", &length);

	if (!reg || bus < 0)
		return false;
	addresses = fdt_u32(fdt, bus, "#address-cells", 2);
	sizes = fdt_u32(fdt, bus, "#size-cells", 1);
	entry = 4 * (addresses + sizes);
	if (addresses > 2 || sizes > 2 || entry == 0 || index >= length / entry)
		return false;
	*start = fdt_cells(reg + index * entry, addresses);
	*size = fdt_cells(reg + index * entry + 4 * addresses, sizes);
	return translate(fdt, bus, start);
}

bool fdt_reservation(const struct fdt *fdt, u32 index, pa_t *start, u64 *size)
{
	const u8 *entry = fdt->reservations;

	for (;; entry += 16, index--) {
		*start = fdt_cells(entry, 2);
		*size = fdt_cells(entry + 8, 2);
		if (*start == 0 && *size == 0)
			return false;
		if (index == 0)
			return true;
	}
}

int fdt_console(const struct fdt *fdt)
{
#if SOLUTION >= 1
	int chosen = fdt_path(fdt, "/chosen"), node = -1;
	u32 length = 0;
	const u8 *path = chosen < 0 ? NULL : fdt_property(fdt, chosen, "stdout-path", &length);

	if (path && string_inside(path, length, 0) && path[0] != '/') {
		int aliases = fdt_path(fdt, "/aliases");
		char alias[32];
		u32 i;

		for (i = 0; i < sizeof(alias) - 1 && path[i] && path[i] != ':'; i++)
			alias[i] = path[i];
		alias[i] = '\0';
		path = aliases < 0 ? NULL : fdt_property(fdt, aliases, alias, &length);
	}
	if (path && string_inside(path, length, 0))
		node = fdt_path(fdt, (const char *)path);
	if (node >= 0 && fdt_is(fdt, node, "arm,pl011"))
		return node;
	for (node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL))
		if (fdt_is(fdt, node, "arm,pl011"))
			return node;
	return -1;
#else
	/*
	 * LAB 1: which node is the console? /chosen has a property "stdout-path". It holds a path
	 * ("/pl011@9000000") or the name of a property of /aliases that holds the path, either with
	 * ":options" behind it. Both are strings inside a property of a given length:
	 * string_inside() tells whether they end there. Take the node it names if fdt_is() says
	 * that it is an "arm,pl011"; if not, or if there is none, take the first node that is one;
	 * if there is no such node, return -1. Do not write down any address: the same image must
	 * run on boards where the UART is elsewhere.
	 * Read: Devicetree Specification 0.4, 3.3
	 * "/aliases" and 3.6 "/chosen"; use fdt_path(), fdt_property(), fdt_is(), fdt_next_node().
	 */
	todo("fdt_console");
#endif
}
