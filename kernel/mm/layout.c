/*
 * What EL2 maps, and how a bad address is explained. The map, from low to high inside the image:
 *
 *	page 0 of the machine	nothing, so that a null pointer faults
 *	header page		nothing: never needed after the first branch
 *	_text.._etext		text
 *	_rodata.._erodata	read-only data
 *	_data.._edata		data
 *	_guard			nothing, so that a stack overflow faults
 *	_stack.._stack_top	data
 *	_panic_guard		nothing
 *	_panic_stack..		data
 *	elsewhere in DRAM	data, but nothing where the device tree reserves memory
 *	the UART		device
 *	the GIC			device, if there is one (lab 5)
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/map.h>
#include <hv8/sysreg.h>
#include <hv8/trap.h>
#include <machine.h>
#include <uapi/errno.h>

#define GIB (1UL << 30)

extern const char _start[], _text[], _etext[], _rodata[], _erodata[], _data[], _edata[], _guard[],
	_stack[], _stack_top[], _panic_guard[], _panic_stack[], _panic_stack_top[], _end[];

static void map_or_panic(const char *what, pa_t start, pa_t end, enum map_kind kind)
{
	int error = map_range(start, end, kind);

	if (error)
		panic("cannot map %s at 0x%lx-0x%lx: error %d", what, start, end, error);
}

/* Where the nearest hole at or above @p at begins and ends: memory that the kernel must leave
 * unmapped, or has mapped itself. */
static struct range next_hole(pa_t at)
{
	struct range hole = { ~0UL, ~0UL };
	int i;

	for (i = -2; i < board.nreserved; i++) {
		struct range r = i == -2   ? (struct range){ 0, PAGE_SIZE }
		                 : i == -1 ? board.image
		                           : board.reserved[i];

		r.start = ROUND_DOWN(r.start, PAGE_SIZE);
		r.end = ROUND_UP(r.end, PAGE_SIZE);
		if (r.end > at && r.start < hole.start)
			hole = r;
	}
	return hole;
}

/*
 * Memory range @p index without its holes, a GiB at a time: one table each. If no table is left, the
 * memory from there on does not exist for the kernel.
 */
static void map_memory(int index)
{
	struct range *memory = &board.memory[index];
	pa_t at = ROUND_UP(memory->start, PAGE_SIZE), end = ROUND_DOWN(memory->end, PAGE_SIZE);
	int error;

	while (at < end) {
		struct range hole = next_hole(at);
		pa_t stop = ROUND_DOWN(at, GIB) + GIB;

		stop = stop < end ? stop : end;
		stop = stop < hole.start ? stop : hole.start;
		error = stop > at ? map_range(at, stop, MAP_DATA) : 0;
		if (error == -ENOMEM) {
			printk("hv8: memory from 0x%lx on is not used: no table is left for it\n",
			       at);
			memory->end = at;
			board.nmemory = index + 1;
			return;
		}
		if (error)
			panic("cannot map memory at 0x%lx-0x%lx: error %d", at, stop, error);
		at = stop < hole.start ? stop : hole.end;
	}
}

/* The kernel itself, page by page as the linker script lays it out. */
static void map_image(void)
{
#if SOLUTION >= 2
	map_or_panic("text", pointer_pa(_text), pointer_pa(_etext), MAP_TEXT);
	map_or_panic("read-only data", pointer_pa(_rodata), pointer_pa(_erodata), MAP_RODATA);
	map_or_panic("data", pointer_pa(_data), pointer_pa(_edata), MAP_DATA);
	map_or_panic("stack", pointer_pa(_stack), pointer_pa(_stack_top), MAP_DATA);
	map_or_panic("panic stack", pointer_pa(_panic_stack), pointer_pa(_panic_stack_top),
	             MAP_DATA);
#else
	/*
	 * LAB 2: map the image's five parts with map_or_panic(), each with the kind that the table
	 * at the top of this file gives it, and leave the header page and both guard pages out. The
	 * symbols are the linker script's (kernel/boot/kernel.ld); they are addresses: use
	 * pointer_pa(_text). Checked from outside, and by a stack overflow that must end in a
	 * readable panic.
	 */
	todo("map_image");
#endif
}

#if LAB >= 5
static void map_device(const char *what, struct range r)
{
	if (r.end > r.start)
		map_or_panic(what, ROUND_DOWN(r.start, PAGE_SIZE), ROUND_UP(r.end, PAGE_SIZE),
		             MAP_DEVICE);
}

/* What of the interrupt controller the kernel uses: not GICV, which is for processes. */
static void map_gic(void)
{
	int i;

	map_device("GICD", board.gic.dist);
	for (i = 0; i < board.gic.nredist; i++)
		map_device("GICR", board.gic.redist[i]);
	map_device("GICC", board.gic.cpu);
	map_device("GICH", board.gic.hyp);
}
#endif

void map_kernel(void)
{
	int i;

	map_image();
	map_or_panic("UART", ROUND_DOWN(board.uart.start, PAGE_SIZE),
	             ROUND_UP(board.uart.end, PAGE_SIZE), MAP_DEVICE);
	for (i = 0; i < board.nmemory; i++)
		map_memory(i);
#if LAB >= 5
	map_gic();
#endif
}

/* Called by mmu_enable() while the cache is still off. */
void image_invalidate(void)
{
	dcache_invalidate(pointer_pa(_rodata), pointer_pa(_end)); /* relocated: from _rodata on */
}

static bool inside(u64 address, const char *start, const char *end)
{
	return address >= pointer_pa(start) && address < pointer_pa(end);
}

const char *map_region(u64 address)
{
	int i;

	if (address < PAGE_SIZE)
		return "page 0 (a null pointer)";
	if (inside(address, _start, _text))
		return "image header";
	if (inside(address, _text, _etext))
		return "kernel text";
	if (inside(address, _rodata, _erodata))
		return "kernel read-only data";
	if (inside(address, _data, _edata))
		return "kernel data";
	if (inside(address, _guard, _stack))
		return "guard page of the kernel stack (stack overflow)";
	if (inside(address, _stack, _stack_top))
		return "kernel stack";
	if (inside(address, _panic_guard, _panic_stack))
		return "guard page of the panic stack";
	if (inside(address, _panic_stack, _panic_stack_top))
		return "panic stack";
	if (address >= board.uart.start && address < board.uart.end)
		return "UART";
	for (i = 0; i < board.nreserved; i++)
		if (address >= board.reserved[i].start && address < board.reserved[i].end)
			return "memory reserved by the device tree";
	for (i = 0; i < board.nmemory; i++)
		if (address >= board.memory[i].start && address < board.memory[i].end)
			return "memory";
	return "no region";
}

void print_address(const char *name, u64 address)
{
	int level;
	pte_t leaf;
	const char *access;

	if (!(read_sysreg(sctlr_el2) & SCTLR_ELx_M))
		return; /* there is no map yet */
	leaf = map_lookup(address, &level);
	access = !leaf                 ? "not mapped"
	         : !(leaf & PTE_XN)    ? "read and execute"
	         : (leaf & PTE_AP2_RO) ? "read only"
	                               : "read and write";

	printk("  %s is in: %s; mapped: %s\n", name, map_region(address), access);
}
