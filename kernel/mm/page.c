/*
 * Process pages. An array says of each who owns it, and nothing else in the kernel does. A page is
 * zeroed when it is given, so that no process sees what another has left.
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/page.h>
#include <hv8/proc.h>
#include <machine.h>
#include <uapi/errno.h>

struct page pages[NPAGE] __attribute__((aligned(PAGE_SIZE)));
struct page_memory page_memory;
#if CHECKED
u32 page_high;
#endif

/* The lowest used range that touches [@p start, ...), or an empty one at the end of the address
 * space. */
static struct range next_used(pa_t start)
{
	struct range first = { ~0UL, ~0UL };
	int i;

	for (i = -3; i < board.nreserved; i++) {
		struct range r = i == -3   ? board.image
		                 : i == -2 ? board.fdt
		                 : i == -1 ? board.initrd
		                           : board.reserved[i];

		if (r.end > r.start && r.end > start && r.start < first.start)
			first = r;
	}
	return first;
}

static void consider(pa_t start, pa_t end)
{
	start = ROUND_UP(start, PAGE_SIZE);
	end = ROUND_DOWN(end, PAGE_SIZE);
	if (start == 0)
		start = PAGE_SIZE; /* EL2 leaves page 0 unmapped */
	if (end > start && (end - start) / PAGE_SIZE > page_count()) {
		const u64 count = (end - start) / PAGE_SIZE;

		page_memory = (struct page_memory){ start, count > NPAGE ? NPAGE : (u32)count };
	}
}

void page_init(void)
{
	u32 pn;
	int i;

	for (i = 0; i < board.nmemory; i++) {
		pa_t at = board.memory[i].start, end = board.memory[i].end;

		while (at < end) {
			struct range used = next_used(at);

			consider(at, used.start < end ? used.start : end);
			at = used.end;
		}
	}
	if (page_count() == 0)
		panic("no memory is left for processes");
	for (pn = page_count(); pn < NPAGE; pn++)
		pages[pn].type = PAGE_NONE;
}

void page_give(pn_t pn, pid_t owner, enum page_type type, uva_t va)
{
	pages[pn] = (struct page){ (u16)type, (u16)owner, 0, 0, va };
	procs[owner].npages++;
	page_zero(page_pa(pn));
#if CHECKED
	page_high = pn < page_high ? page_high : pn + 1;
#endif
}

void page_free(pn_t pn)
{
	procs[pages[pn].owner].npages--;
	pages[pn] = (struct page){ PAGE_FREE, 0, 0, 0, 0 };
}

int page_take(pid_t owner, enum page_type type, uva_t va)
{
	static u32 next; /* where the last search ended: boot loads take pages in order */
	u32 tried;

	for (tried = 0; tried < page_count(); tried++, next = (next + 1) % page_count()) {
		if (pages[next].type != PAGE_FREE)
			continue;
		page_give(next, owner, type, va);
		return (int)next;
	}
	return -ENOMEM;
}

void page_free_all(pid_t owner)
{
	u32 pn;

	for (pn = 0; pn < page_count(); pn++)
		if (pages[pn].owner == owner)
			page_free(pn);
}

int page_at(pa_t pa)
{
	const pa_t base = page_memory.base;

	return pa >= base && (pa - base) >> PAGE_SHIFT < page_count()
	               ? (int)((pa - base) >> PAGE_SHIFT)
	               : -1;
}
