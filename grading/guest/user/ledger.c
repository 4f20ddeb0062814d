/* The kernel's tables, which every process reads: they are right, and nobody can write them. */
#include "fault.h"

#define FAR 0x321000000000UL

static u64 owned(u64 pid)
{
	u64 pn, count = 0;

	for (pn = 0; pn < NPAGE; pn++)
		count += PAGES[pn].owner == pid;
	return count;
}

/* How many of a process's tables of a level there are, and whether one counts its entries wrongly: the pages below it
 * and, for level 3, what the kernel mapped there are known. */
static void level(u64 me, u64 type)
{
	u64 pn, tables = 0, used = 0;

	for (pn = 0; pn < NPAGE; pn++)
		if (PAGES[pn].owner == me && PAGES[pn].type == type) {
			tables++;
			used += PAGES[pn].used;
		}
	print("level ");
	print_decimal((i64)(type - PAGE_L0));
	print(": tables ");
	print_decimal((i64)tables);
	line_decimal(", entries", (i64)used);
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), nonce = argument(arguments, "nonce");
	const uva_t at = FAR + (nonce & 0x7fffff) * 4096;
	u64 before = PROCS[me].npages, frames = 0, kernel, pn, sum = 0, value;
	volatile u64 *target;
	i64 frame, child;

	faults_begin();
	line_decimal("pages are counted", PROCS[me].npages == owned(me));
	frame = map_page(me, at, VM_RW);
	line_hex("new frame at", PAGES[frame].va - FAR);
	line_decimal("new pages", (i64)(PROCS[me].npages - before));
	line_decimal("pages are counted", PROCS[me].npages == owned(me));
	level(me, PAGE_L0);
	level(me, PAGE_L1);
	for (pn = 0; pn < NPAGE; pn++)
		frames += PAGES[pn].owner == me && PAGES[pn].type == PAGE_FRAME;
	for (pn = 0; pn < NPAGE; pn++)
		sum += PAGES[pn].owner == me && PAGES[pn].type == PAGE_L3 ? PAGES[pn].used : 0;
	kernel = 1 + PAGES_PAGES + PROCS_PAGES + FILES_PAGES;
#if LAB >= 5
	kernel++; /* the table of interrupts */
#endif
	line_decimal("level 3 entries are frames and the kernel's", sum == frames + kernel);
	unmap_page(at);
	line_decimal("pages left", (i64)(PROCS[me].npages - before));
	line_decimal("the frame is nobody's", PAGES[frame].owner == 0 && PAGES[frame].va == 0);

	/* Its own line: an owner to write, a state, a file. */
	target = (volatile u64 *)&PAGES[PROCS[me].root];
	line_fault("table of pages", try_write((uva_t)target, nonce), (uva_t)target);
	target = (volatile u64 *)&PROCS[me];
	line_fault("table of processes", try_write((uva_t)target, nonce), (uva_t)target);
	target = (volatile u64 *)&FILES[1];
	line_fault("table of files", try_write((uva_t)target, nonce), (uva_t)target);
	target = (volatile u64 *)UVA_VECTORS;
	line_fault("the vector page", try_write((uva_t)target, nonce), (uva_t)target);
	value = nonce;
	line_fault("behind the table of files", try_read(UVA_FILES + FILES_PAGES * 4096, &value),
	           UVA_FILES + FILES_PAGES * 4096);
	line_decimal("right of a kernel page",
	             protect_page(UVA_PAGES, VM_RW)); /* no frame of anybody is there */

	/* One that does not catch its faults. */
	child = fork_embryo(PAGES_PAGES);
	if (child == 0) {
		faults_end();
		*(volatile u64 *)&PROCS[1] = nonce;
		return 1;
	}
	if (child < 0) {
		line_decimal("fork", child);
		return 1;
	}
	line_decimal("named", hv8_set_name((u64)child, 0x656269726373 /* scribe */, 0));
	hv8_set_runnable((u64)child);
	while (PROCS[child].state != PROC_ZOMBIE)
		yield();
	line_decimal("status", PROCS[child].status);
	line_decimal("pages are counted", PROCS[child].npages == owned((u64)child));
	line_decimal("buried", bury((u64)child));
	line_decimal("left of it", (i64)owned((u64)child) + PROCS[child].npages);
	return 0;
}
