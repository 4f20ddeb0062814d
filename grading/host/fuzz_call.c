/* Arguments for hypercalls that are nearly right: names of what exists, and now and then something wild. */
#include "fuzz.h"
#include "world.h"

#include <uapi/tables.h>

u64 wild(void)
{
	static const u64 values[] = { 0,
		                      1,
		                      2,
		                      15,
		                      16,
		                      63,
		                      64,
		                      127,
		                      128,
		                      511,
		                      512,
		                      FUZZ_PAGES - 1,
		                      FUZZ_PAGES,
		                      0xffff,
		                      NPAGE - 1,
		                      NPAGE,
		                      NONE,
		                      1UL << 32,
		                      1UL << 32 | 1,
		                      1UL << 63,
		                      ~0UL };
	u8 byte = take();

	return byte < 2 * ARRAY_SIZE(values) ? values[byte / 2]
	                                     : (u64)(byte % 4) << (byte % 61) | take();
}

static u64 some_pid(void)
{
	u8 byte = take();

	return byte < 120 ? (u64)current->pid : byte < 245 ? byte % 7 : wild();
}

/* A child of the caller in @p state, or any pid. */
static u64 child(enum proc_state state)
{
	u64 i, start = take();

	for (i = 0; i < NPROC; i++) {
		const u64 pid = (start + i) % NPROC;

		if (procs[pid].state == state &&
		    (procs[pid].parent == (u32)current->pid || procs[pid].parent == 0))
			return pid;
	}
	return some_pid();
}

static u64 any_proc(enum proc_state state)
{
	u64 i, start = take();

	for (i = 0; i < NPROC; i++)
		if (procs[(start + i) % NPROC].state == state)
			return (start + i) % NPROC;
	return some_pid();
}

static bool ours(u32 pid)
{
	return pid == (u32)current->pid ||
	       (procs[pid].state == PROC_EMBRYO && procs[pid].parent == (u32)current->pid);
}

/* A page of type first..last; nearly always of the caller or its embryo. */
static u64 page_of_type(u32 first, u32 last)
{
	u32 i, start = take();
	const bool any = take() < 8;

	for (i = 0; i < page_count(); i++) {
		const u32 pn = (start + i) % page_count();

		if (pages[pn].type >= first && pages[pn].type <= last &&
		    (any || pages[pn].type == PAGE_FREE || ours(pages[pn].owner)))
			return pn;
	}
	return wild();
}

/* A frame of the caller; now and then anybody's. */
static u64 my_frame(void)
{
	u32 i, start = take();
	const bool any = take() < 12;

	for (i = 0; i < page_count(); i++) {
		const u32 pn = (start + i) % page_count();

		if (pages[pn].type == PAGE_FRAME && (any || pages[pn].owner == (u32)current->pid))
			return pn;
	}
	return wild();
}

static u64 frame_or_none(void)
{
	return take() < 160 ? NONE : my_frame();
}

static u64 my_fd(bool taken)
{
	u32 i, start = take();

	for (i = 0; i < NOFILE; i++)
		if (!procs[current->pid].fd[(start + i) % NOFILE] != taken)
			return (start + i) % NOFILE;
	return wild();
}

static u64 fd_or_none(bool taken)
{
	return take() < 160 ? NONE : my_fd(taken);
}

static u64 perm(void)
{
	u8 byte = take();

	return byte < 220 ? byte % 3 + 1 + (byte & 4) : byte % 16;
}

static u64 owner_of(u64 page)
{
	return page < page_count() ? pages[page].owner : wild();
}

/* The table and index where page @p pn is entered, as its line says. */
static void entry_of(u64 pn, u64 *table, u64 *index)
{
	static const int shifts[] = {
		[PAGE_FRAME] = 12, [PAGE_L1] = 39, [PAGE_L2] = 30, [PAGE_L3] = 21
	};
	int shift;
	u32 i;

	*table = wild();
	*index = wild();
	if (pn >= page_count() || pages[pn].type == PAGE_FREE || pages[pn].type == PAGE_L0)
		return;
	shift = shifts[pages[pn].type];
	for (i = 0; i < page_count(); i++)
		if (pages[i].type >= PAGE_L0 && pages[i].owner == pages[pn].owner &&
		    pages[i].type ==
		            (pages[pn].type == PAGE_FRAME ? PAGE_L3 : pages[pn].type - 1) &&
		    pages[i].va >> (shift + 9) == pages[pn].va >> (shift + 9))
			*table = i;
	*index = pages[pn].va >> shift & 511;
}

/* Fill in the arguments of call @p number so that it could succeed, where that is easy. */
void choose(u64 number, u64 a[6])
{
	u32 i;

	for (i = 0; i < 6; i++)
		a[i] = 0;
	switch (number) {
	case HC_console_write:
		a[0] = WORLD_UVA + take() * 64;
		a[1] = take() % 8;
		break;
	case HC_console_read:
		if (model.uart.rx_count == 0 && take() % 2)
			model_type("x");
		break;
	case HC_alloc_table:
		a[2] = page_of_type(PAGE_L0, PAGE_L2);
		a[0] = owner_of(a[2]);
		a[1] = a[2] < page_count() ? pages[a[2]].type - PAGE_L0 + 1 : 1;
		a[3] = take() % 3;
		a[4] = page_of_type(PAGE_FREE, PAGE_FREE);
		break;
	case HC_alloc_frame:
		a[1] = page_of_type(PAGE_L3, PAGE_L3);
		a[0] = owner_of(a[1]);
		a[2] = take() % 6;
		a[3] = page_of_type(PAGE_FREE, PAGE_FREE);
		a[4] = perm();
		break;
	case HC_copy_frame:
		a[0] = my_frame();
		a[2] = page_of_type(PAGE_FRAME, PAGE_FRAME);
		a[1] = owner_of(a[2]);
		break;
	case HC_protect_frame:
	case HC_free_frame:
		a[2] = page_of_type(PAGE_FRAME, PAGE_FRAME);
		entry_of(a[2], &a[0], &a[1]);
		a[3] = number == HC_protect_frame ? perm() : 0;
		break;
	case HC_free_table:
		a[2] = page_of_type(PAGE_L1, PAGE_L3);
		entry_of(a[2], &a[0], &a[1]);
		break;
	case HC_reclaim_page:
		a[0] = take() % page_count();
		for (i = 0; i < page_count(); i++)
			if (pages[(a[0] + i) % page_count()].owner &&
			    procs[pages[(a[0] + i) % page_count()].owner].state == PROC_ZOMBIE) {
				a[0] = (a[0] + i) % page_count();
				break;
			}
		break;
	case HC_map_pages:
	case HC_map_procs:
	case HC_map_files:
	case HC_map_vectors:
	case HC_map_irqs:
	case HC_map_gicv:
	case HC_unmap_kernel:
		a[0] = page_of_type(PAGE_L3, PAGE_L3);
		a[1] = take() % 8;
		a[2] = take() % 3;
		break;
	case HC_clone:
		a[0] = take() % 12;
		a[1] = page_of_type(PAGE_FREE, PAGE_FREE);
		break;
	case HC_set_name:
		a[0] = child(PROC_EMBRYO);
		a[1] = 0x6162UL << (take() & 32);
		break;
	case HC_set_runnable:
		a[0] = child(PROC_EMBRYO);
		break;
	case HC_switch:
		a[0] = any_proc(PROC_RUNNABLE);
		break;
	case HC_kill:
		a[0] = take() < 128 ? child(PROC_WAITING) : child(take() % 6);
		break;
	case HC_reap:
	case HC_reparent:
		a[0] = child(number == HC_reap ? PROC_ZOMBIE : take() % 6);
		break;
	case HC_send:
	case HC_call:
	case HC_reply_wait:
		a[0] = any_proc(PROC_WAITING);
		a[1] = take();
		a[2] = frame_or_none();
		a[3] = fd_or_none(true);
		a[4] = frame_or_none();
		a[5] = fd_or_none(false);
		break;
	case HC_recv:
		a[0] = take() < 200 ? 0 : some_pid();
		a[1] = take() < 60 ? NONE : my_frame();
		a[2] = take() < 60 ? NONE : my_fd(false);
		break;
	case HC_wake:
		a[0] = any_proc(PROC_WAITING);
		break;
	case HC_create:
		a[0] = my_fd(false);
		a[1] = take() % 24;
		a[2] = 1 + take() % 4;
		a[3] = take();
		break;
	case HC_close:
		a[0] = take() < 128 ? (u64)current->pid : any_proc(PROC_ZOMBIE);
		a[1] = a[0] == (u64)current->pid ? my_fd(true) : take() % NOFILE;
		break;
	case HC_dup:
	case HC_dup2:
	case HC_transfer:
		a[0] = my_fd(true);
		a[1] = take() < 128 ? (u64)current->pid : child(PROC_EMBRYO);
		a[2] = take() % NOFILE;
		break;
	case HC_lseek:
		a[0] = my_fd(true);
		a[1] = take();
		break;
	case HC_console_give:
		a[0] = some_pid();
		break;
	case HC_dmesg:
		a[0] = my_frame();
		a[1] = take() % DMESG_PAGES;
		break;
	case HC_alloc_irq:
		a[0] = fuzz_device();
		a[1] = take() % 2;
		break;
	case HC_reclaim_irq:
		a[0] = fuzz_owned();
		break;
	case HC_ack_irq:
		a[0] = fuzz_mine();
		break;
	case HC_raise_irq:
		a[0] = take() % 2 ? any_proc(PROC_SLEEPING) : some_pid();
		a[1] = take() % 4 ? take() % 16 : fuzz_owned();
		break;
	case HC_irq_priority:
		a[0] = fuzz_mine();
		a[1] = take() % 32 * 8;
		break;
	case HC_stat:
		a[0] = take() % 8;
		break;
	}
	for (i = take(); i < 32; i = 256) /* one call in eight is wrong somewhere */
		a[i % 6] = wild();
}
