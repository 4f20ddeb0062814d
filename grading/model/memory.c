/*
 * Memory, caches and barriers; and where the seam makes mistakes on purpose (model.plant). A cache
 * or a store buffer is not modelled: only which maintenance was asked for.
 */
#include "model.h"
#include "inside.h"
#include "image.h"

#include <machine.h>
#include <string.h>

extern u8 model_image[]; /* image.S */

/* The whole program, from the linker. (machine.h uses the name _end for the kernel's.) */
extern u8 program_start[] __asm__("__executable_start"), program_end[] __asm__("_end");

static bool is_dram(pa_t pa)
{
	return pa - MODEL_DRAM < MODEL_DRAM_SIZE;
}

/* A pointer into the image, or to its end, is an address where the image was loaded. */
pa_t pointer_pa(const void *pointer)
{
	const u64 at = (u64)pointer, offset = at - (u64)model_image;

	if (offset <= MODEL_END)
		return model.image + offset;
	if (at - (u64)program_start < (u64)program_end - (u64)program_start)
		return MODEL_PROGRAM + (at - ROUND_DOWN((u64)program_start, PAGE_SIZE));
	return at;
}

void *pa_pointer(pa_t pa)
{
	if (pa - model.image < MODEL_END)
		return model_image + (pa - model.image);
	if (pa - MODEL_PROGRAM < MODEL_PROGRAM_SIZE)
		return (void *)(pa - MODEL_PROGRAM + ROUND_DOWN((u64)program_start, PAGE_SIZE));
	return (void *)pa;
}

bool is_memory(pa_t pa)
{
	const u64 start = ROUND_DOWN((u64)program_start, PAGE_SIZE);

	return is_dram(pa) || pa - model.image < MODEL_END ||
	       pa - MODEL_PROGRAM < (u64)program_end - start;
}

/* ---- table entries --------------------------------------------------------------------------- */

/* What stands in @p entry, as far as break-before-make is concerned. */
static pte_t before(const pte_t *entry)
{
	return model.plant == PLANT_NO_BREAK && model.unbroken.entry == entry ? model.unbroken.value
	                                                                      : *entry;
}

/* EL2's tables are the kernel's variables, EL1's are pages: a store to DRAM is one to a process's
 * tables. */
static void store_el1(pte_t *entry, pte_t value)
{
	if (value & 1) {
		model.unpublished++;
		model.tlbi.made = model.tlbi.broken;
	} else if (*entry & 1) {
		model.tlbi.broken = true;
		model.tlbi.at_change = model.tlbi.count;
		model.unbroken.entry = entry;
		model.unbroken.value = *entry;
		tlb_speculate_now();
	}
}

/* Break-before-make (D8.14.1): a valid entry may become invalid, or nothing else. */
void pte_store(pte_t *entry, pte_t value)
{
	const bool el1 = is_dram((pa_t)entry);
	pte_t old;

	if ((u64)entry % 8)
		model_fail("a table entry at %p, not aligned", (void *)entry);
	/* A table has no access flag; that tells it from a leaf. */
	if (model.plant == PLANT_NO_NG && el1 && (value & 1) && (value & 1 << 10))
		value &= ~(1UL << 11);
	old = before(entry);
	if ((old & 1) && (value & 1) && old != value)
		model_fail(
			"the valid entry at 0x%lx, 0x%lx, was replaced by 0x%lx without a break: "
			"first it becomes invalid, then the TLB is flushed",
			pointer_pa(entry), old, value);
	if (el1)
		store_el1(entry, value);
	*entry = value;
	changes++;
	model.stores++;
}

void pte_publish(void)
{
	model.publish++;
	model.unpublished = 0;
}

/* ---- devices --------------------------------------------------------------------------------- */

u32 mmio_read32(pa_t pa)
{
	u32 value;

	if (pa % 4)
		model_fail("a 32-bit read of 0x%lx, which is not aligned", pa);
	return intc_read(pa, &value) ? value : uart_read(pa);
}

void mmio_write32(pa_t pa, u32 value)
{
	if (pa % 4)
		model_fail("a 32-bit write of 0x%lx, which is not aligned", pa);
	if (!intc_write(pa, value))
		uart_write(pa, value);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void must_be_page(pa_t pa, const char *what)
{
	if (pa % PAGE_SIZE || !is_dram(pa))
		model_fail("%s() of 0x%lx, which is no page of memory", what, pa);
}

void page_zero(pa_t pa)
{
	must_be_page(pa, "page_zero");
	rules_page_given(pa);
	memset(pa_pointer(pa), 0, PAGE_SIZE);
	changes++;
	dcache_clean(pa, pa + PAGE_SIZE);
	model.page_zero++;
}

void page_copy(pa_t to, pa_t from)
{
	must_be_page(to, "page_copy");
	if (from % PAGE_SIZE || !is_memory(from)) /* perhaps of the kernel: its log */
		model_fail("page_copy() from 0x%lx, which is no page of memory", from);
	rules_page_written(to);
	memmove(pa_pointer(to), pa_pointer(from), PAGE_SIZE);
	changes++;
	model.page_copy++;
}

/* ---- barriers and caches --------------------------------------------------------------------- */

void isb(void)
{
	model.isb++;
}

void dsb_ish(void)
{
	model.dsb++;
	model.unpublished = 0;
}

void dsb_sy(void)
{
	dsb_ish();
}

void dcache_invalidate(pa_t start, pa_t end)
{
	if (start % 64 || end % 64)
		model_fail("dcache_invalidate() of parts of a line: others' data is lost");
	model.dcache_start = start;
	model.dcache_end = end;
	model.unpublished = 0;
}

void dcache_clean(pa_t start, pa_t end)
{
	model.cleaned_start = start;
	model.cleaned_end = end;
	model.unpublished = 0; /* it ends with a dsb, as icache_sync() does */
}

void icache_sync(pa_t start, pa_t end)
{
	model.icache++;
	model.icache_start = start;
	model.icache_end = end;
	model.unpublished = 0;
}
