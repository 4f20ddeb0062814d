/*
 * Names for kernel addresses, and the call chain. The symbol table is made from the linked kernel
 * by the Makefile and linked in again (.symbols: offset of the function, offset of its name),
 * sorted by address.
 */
#include <hv8/console.h>
#include <hv8/trap.h>
#include <machine.h>

struct symbol {
	u32 address; /* offset into the image */
	u32 name;    /* offset of the name from this table's end */
};

extern const char _start[], _text[], _etext[], _stack[], _stack_top[], _panic_stack[],
	_panic_stack_top[];
extern const struct symbol _symbols[];
extern const u32 symbol_count; /* in the generated table */

const char *symbol_name(u64 address, u64 *offset)
{
	u64 link = address - pointer_pa(_start);
	u32 low = 0, high = symbol_count;

	if (address < pointer_pa(_text) || address >= pointer_pa(_etext) || symbol_count == 0)
		return NULL;
	while (high - low > 1) {
		u32 middle = (low + high) / 2;

		if (_symbols[middle].address <= link)
			low = middle;
		else
			high = middle;
	}
	*offset = link - _symbols[low].address;
	return (const char *)&_symbols[symbol_count] + _symbols[low].name;
}

static void print_code_address(const char *label, u64 address, bool kernel)
{
	u64 offset;
	const char *name = kernel ? symbol_name(address, &offset) : NULL;

	if (name)
		printk("  %s 0x%016lx  %s+0x%lx\n", label, address, name, offset);
	else
		printk("  %s 0x%016lx\n", label, address);
}

/* Whether a frame record (two words) at @p fp is inside one of the kernel's stacks. */
static bool on_stack(u64 fp)
{
	return fp % 16 == 0 &&
	       ((fp >= pointer_pa(_stack) && fp < pointer_pa(_stack_top)) ||
	        (fp >= pointer_pa(_panic_stack) && fp < pointer_pa(_panic_stack_top)));
}

void backtrace(u64 pc, u64 fp)
{
	int depth;

	printk("  backtrace:\n");
	print_code_address("  ", pc, true);
	for (depth = 0; depth < 24 && on_stack(fp); depth++) {
		const u64 *record = pa_pointer(fp);

		if (record[1] == 0)
			break;
		print_code_address("  ", record[1] - 4,
		                   true); /* the call, not the return address behind it */
		if (record[0] <= fp)
			break; /* callers are higher up: anything else is a smashed stack */
		fp = record[0];
	}
}

void print_frame(const struct trap_frame *frame, bool kernel)
{
	int i;

	print_code_address("ELR ", frame->elr, kernel);
	printk("  SPSR 0x%08lx  SP 0x%016lx\n", frame->spsr, frame->sp);
	for (i = 0; i < 30; i += 3)
		printk("  x%-2d  0x%016lx  x%-2d  0x%016lx  x%-2d  0x%016lx\n", i, frame->x[i],
		       i + 1, frame->x[i + 1], i + 2, frame->x[i + 2]);
	print_code_address("x30 ", frame->x[30], kernel);
}
