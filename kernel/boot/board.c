/*
 * The board, read from the device tree once at boot: memory, holes, console, firmware, arguments,
 * initrd. Later code asks `board` and never the tree, whose memory may be gone by then.
 */
#include <hv8/board.h>
#include <hv8/fdt.h>
#include <hv8/string.h>
#include <machine.h>

struct board board;

/*
 * An empty range is no range. One that would wrap ends at the last page boundary instead: of a
 * reservation, nothing may be lost. One that does not fit the list is a defect that the caller
 * reports.
 */
static bool add_range(struct range *ranges, int *count, int limit, pa_t start, u64 size)
{
	const pa_t top = -PAGE_SIZE;

	if (size == 0 || start >= top)
		return true;
	if (size > top - start)
		size = top - start;
	if (*count == limit)
		return false;
	ranges[(*count)++] = (struct range){ start, start + size };
	return true;
}

/* What a boot loader reserves because it passes it to the kernel is no hole: the initrd is read. */
static bool add_reserved(struct board *b, pa_t start, u64 size)
{
	const pa_t first = ROUND_DOWN(b->initrd.start, PAGE_SIZE);
	const pa_t end = ROUND_UP(b->initrd.end, PAGE_SIZE);

	if (start >= first && start < end && size <= end - start)
		return true;
	return add_range(b->reserved, &b->nreserved, BOARD_NRESERVED, start, size);
}

static bool is_memory(const struct fdt *fdt, int node)
{
	u32 length;
	const u8 *type = fdt_property(fdt, node, "device_type", &length);

	return type && length == sizeof("memory") && !memcmp(type, "memory", length) &&
	       fdt_enabled(fdt, node);
}

/* One or two cells, whatever the property is long: boot loaders write either. */
static u64 chosen_address(const struct fdt *fdt, int chosen, const char *name)
{
	u32 length;
	const u8 *value = fdt_property(fdt, chosen, name, &length);

	return value && (length == 4 || length == 8) ? fdt_cells(value, length / 4) : 0;
}

static void read_chosen(struct board *b, const struct fdt *fdt)
{
	int chosen = fdt_path(fdt, "/chosen");
	u32 length, i;
	const u8 *text;

	if (chosen < 0)
		return;
	text = fdt_property(fdt, chosen, "bootargs", &length);
	for (i = 0; text && i < length && i < BOOTARGS_MAX - 1 && text[i]; i++)
		b->bootargs[i] = text[i];
	b->initrd.start = chosen_address(fdt, chosen, "linux,initrd-start");
	b->initrd.end = chosen_address(fdt, chosen, "linux,initrd-end");
	if (b->initrd.start >= b->initrd.end)
		b->initrd = (struct range){ 0, 0 };
}

/* The rate of the console's first clock, by the binding its UARTCLK; only a "fixed-clock" tells it.
 */
static u32 console_clock(const struct fdt *fdt, int console)
{
	u32 length;
	const u8 *clocks = fdt_property(fdt, console, "clocks", &length);
	int clock = clocks && length >= 4 ? fdt_phandle(fdt, fdt_cells(clocks, 1)) : -1;

	return clock < 0 || !fdt_is(fdt, clock, "fixed-clock")
	               ? 0
	               : fdt_u32(fdt, clock, "clock-frequency", 0);
}

/* How firmware is called: PSCI (ARM DEN 0022) is found under /psci, wherever that stands. */
static void read_psci(struct board *b, const struct fdt *fdt, int node)
{
	u32 length;
	const u8 *method;

	if (!fdt_is(fdt, node, "arm,psci-0.2") && !fdt_is(fdt, node, "arm,psci-1.0"))
		return;
	method = fdt_property(fdt, node, "method", &length);
	if (method && length == 4 && !memcmp(method, "hvc", 4))
		b->psci = PSCI_HVC;
	if (method && length == 4 && !memcmp(method, "smc", 4))
		b->psci = PSCI_SMC;
}

/* Memory nodes, the reservation block, and the children of /reserved-memory. */
static const char *read_memory(struct board *b, const struct fdt *fdt)
{
	int node, depth = 0;
	bool in_reserved = false;
	pa_t start;
	u64 size;
	u32 i, length;

	for (i = 0; fdt_reservation(fdt, i, &start, &size); i++)
		if (!add_reserved(b, start, size))
			return "too many memory reservations";
	for (node = 0; node >= 0; node = fdt_next_node(fdt, node, &depth)) {
		if (depth <= 1)
			in_reserved = depth == 1 && !strcmp(fdt_name(fdt, node), "reserved-memory");
		for (i = 0; is_memory(fdt, node) && fdt_reg(fdt, node, i, &start, &size); i++)
			if (!add_range(b->memory, &b->nmemory, BOARD_NMEMORY, start, size))
				return "too many memory ranges";
		for (i = 0; in_reserved && fdt_reg(fdt, node, i, &start, &size); i++)
			if (!add_reserved(b, start, size))
				return "too many memory reservations";
		if (in_reserved && depth > 1 && i == 0 && fdt_property(fdt, node, "reg", &length))
			return "a memory reservation without a physical address";
		read_psci(b, fdt, node);
	}
	return b->nmemory ? NULL : "no memory node";
}

const char *board_read(struct board *b, pa_t pa)
{
	struct fdt fdt;
	const char *problem = fdt_open(&fdt, pa);
	int console;
	pa_t start;
	u64 size;

	if (problem)
		return problem;
	b->fdt = (struct range){ pa, pa + fdt.size };
	read_chosen(b, &fdt);
	console = fdt_console(&fdt);
	if (console >= 0 && fdt_reg(&fdt, console, 0, &start, &size)) {
		b->uart = (struct range){ start, start + size };
		b->uart_clock = console_clock(&fdt, console);
	}
#if LAB >= 5
	board_read_irq(b, &fdt, console);
#endif
	return read_memory(b, &fdt);
}

bool bootarg(const char *name, char *value, size_t size)
{
	const char *word = board.bootargs;
	size_t length = strlen(name), i;

	while (*word) {
		if (!strncmp(word, name, length) && word[length] == '=') {
			word += length + 1;
			for (i = 0; i < size - 1 && word[i] && word[i] != ' '; i++)
				value[i] = word[i];
			value[i] = '\0';
			return true;
		}
		while (*word && *word != ' ')
			word++;
		while (*word == ' ')
			word++;
	}
	return false;
}
