/*
 * The interrupt controller, and whose interrupt is which, read from the device tree. An interrupt is three cells there
 * (Linux bindings, interrupt-controller/arm,gic): 0 for an SPI or 1 for a PPI, its number among them, and flags.
 */
#include <hv8/board.h>
#include <hv8/fdt.h>
#include <hv8/string.h>

/* Interrupt @p index of @p node as an INTID, 0 if it has none. */
static intid_t interrupt(const struct fdt *fdt, int node, u32 index)
{
	u32 length;
	const u8 *cells = node < 0 ? NULL : fdt_property(fdt, node, "interrupts", &length);
	u32 kind, number;

	if (!cells || length < 12 * (index + 1))
		return 0;
	kind = (u32)fdt_cells(cells + 12 * index, 1);
	number = (u32)fdt_cells(cells + 12 * index + 4, 1);
	if (kind == 0)
		return number < 988 ? 32 + number : 0;
	return kind == 1 && number < 16 ? 16 + number : 0;
}

static struct range reg(const struct fdt *fdt, int node, u32 index)
{
	pa_t start;
	u64 size;

	if (!fdt_reg(fdt, node, index, &start, &size))
		return (struct range){ 0, 0 };
	return (struct range){ start, start + size };
}

static int first(const struct fdt *fdt, const char *const *compatible)
{
	int node;

	for (; *compatible; compatible++)
		for (node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL))
			if (fdt_is(fdt, node, *compatible))
				return node;
	return -1;
}

static const char *const gicv3_names[] = { "arm,gic-v3", NULL };
static const char *const gicv2_names[] = { "arm,gic-400", "arm,cortex-a15-gic", NULL };
static const char *const timer_names[] = { "arm,armv8-timer", NULL };

void board_read_irq(struct board *b, const struct fdt *fdt, int console)
{
	struct board_gic *gic = &b->gic;
	int node = first(fdt, gicv3_names), timer = first(fdt, timer_names);
	u32 i, regions;

	if (node >= 0) {
		gic->version = 3;
		regions = fdt_u32(fdt, node, "#redistributor-regions", 1);
		for (i = 0; i < regions && i < BOARD_NREDIST; i++)
			gic->redist[gic->nredist++] = reg(fdt, node, 1 + i);
	} else {
		node = first(fdt, gicv2_names);
		if (node < 0)
			return;
		gic->version = 2;
		gic->cpu = reg(fdt, node, 1);
		gic->hyp = reg(fdt, node, 2);
		gic->vcpu = reg(fdt, node, 3);
	}
	gic->dist = reg(fdt, node, 0);
	gic->maintenance = interrupt(fdt, node, 0);
	gic->uart = interrupt(fdt, console, 0);
	/* The binding's order: secure, non-secure, virtual, hypervisor. */
	gic->el1_timer = interrupt(fdt, timer, 1);
	gic->el2_timer = interrupt(fdt, timer, 3);
	b->timer_clock = timer < 0 ? 0 : fdt_u32(fdt, timer, "clock-frequency", 0);
}
