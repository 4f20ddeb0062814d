/* Building address spaces: see space.h. Searches go through tables of at most 65536 lines; a program in a hurry keeps
 * what it has found. */
#include "space.h"

i64 free_page(void)
{
	static u64 next;
	u64 tried;

	for (tried = 0; tried < NPAGE; tried++, next = (next + 1) % NPAGE)
		if (PAGES[next].type == PAGE_FREE)
			return (i64)next;
	return -ENOMEM;
}

i64 free_pid(void)
{
	i64 pid;

	for (pid = 1; pid < NPROC; pid++)
		if (PROCS[pid].state == PROC_FREE)
			return pid;
	return -EAGAIN;
}

i64 page_of(u64 pid, u64 type, uva_t uva)
{
	u64 pn;

	for (pn = 0; pn < NPAGE; pn++)
		if (PAGES[pn].owner == pid && PAGES[pn].type == type && PAGES[pn].va == uva)
			return (i64)pn;
	return -ENOENT;
}

i64 table_of(u64 pid, int level, uva_t uva)
{
	uva_t first = level ? uva & ~0UL << (12 + 9 * (4 - level)) : 0;
	i64 table = level ? page_of(pid, PAGE_L0 + (u64)level, first) : PROCS[pid].root;
	i64 from, error;

	if (table >= 0)
		return table;
	from = table_of(pid, level - 1, uva);
	if (from < 0)
		return from;
	table = free_page();
	if (table < 0)
		return table;
	error = hv8_alloc_table(pid, (u64)level, (u64)from, table_index(uva, level - 1),
	                        (u64)table);
	return error ? error : table;
}

i64 map_page(u64 pid, uva_t uva, u64 perm)
{
	i64 table = table_of(pid, 3, uva), frame = free_page(), error;

	if (table < 0 || frame < 0)
		return table < 0 ? table : frame;
	error = hv8_alloc_frame(pid, (u64)table, table_index(uva, 3), (u64)frame, perm);
	return error ? error : frame;
}

i64 protect_page(uva_t uva, u64 perm)
{
	u64 me = (u64)hv8_getpid();
	i64 frame = page_of(me, PAGE_FRAME, uva);

	return frame < 0 ? frame
	                 : hv8_protect_frame((u64)table_of(me, 3, uva), table_index(uva, 3),
	                                     (u64)frame, perm);
}

i64 unmap_page(uva_t uva)
{
	u64 me = (u64)hv8_getpid();
	i64 frame = page_of(me, PAGE_FRAME, uva);

	return frame < 0
	               ? frame
	               : hv8_free_frame((u64)table_of(me, 3, uva), table_index(uva, 3), (u64)frame);
}

/* The kernel's pages, where they are at birth. */
static i64 map_kernel(u64 pid, u64 page_parts)
{
	i64 table, error = 0;
	u64 part;

	table = table_of(pid, 3, UVA_VECTORS);
	if (table < 0)
		return table;
	error = hv8_map_vectors((u64)table, table_index(UVA_VECTORS, 3));
	for (part = 0; !error && part < page_parts; part++) {
		table = part % 512 ? table : table_of(pid, 3, UVA_PAGES + part * PAGE_SIZE);
		error = table < 0
		                ? table
		                : hv8_map_pages((u64)table,
		                                table_index(UVA_PAGES + part * PAGE_SIZE, 3), part);
	}
	table = error ? error : table_of(pid, 3, UVA_PROCS);
	for (part = 0; table >= 0 && !error && part < PROCS_PAGES; part++)
		error = hv8_map_procs((u64)table, table_index(UVA_PROCS + part * PAGE_SIZE, 3),
		                      part);
	table = table < 0 ? table : table_of(pid, 3, UVA_FILES);
	for (part = 0; table >= 0 && !error && part < FILES_PAGES; part++)
		error = hv8_map_files((u64)table, table_index(UVA_FILES + part * PAGE_SIZE, 3),
		                      part);
#if LAB >= 5
	if (table >= 0 && !error)
		error = hv8_map_irqs((u64)table, table_index(UVA_IRQS, 3));
#endif
	return table < 0 ? table : error;
}

/*
 * The child begins behind hv8_clone() with its parent's registers, and with what the parent's stack holds when it is copied:
 * of this function's frame the child may use nothing but the way back.
 */
__attribute__((noinline)) i64 fork_embryo(u64 page_parts)
{
	u64 me = (u64)hv8_getpid(), pn;
	i64 pid = free_pid(), root = free_page(), error;

	if (pid < 0 || root < 0)
		return pid < 0 ? pid : root;
	pid = hv8_clone((u64)pid, (u64)root);
	if (pid <= 0)
		return pid; /* 0: this is the child */
	error = map_kernel((u64)pid, page_parts);
	for (pn = 0; !error && pn < NPAGE; pn++) {
		i64 frame;

		if (PAGES[pn].owner != me || PAGES[pn].type != PAGE_FRAME)
			continue;
		frame = map_page((u64)pid, PAGES[pn].va, PAGES[pn].perm);
		error = frame < 0 ? frame : hv8_copy_frame(pn, (u64)pid, (u64)frame);
	}
	if (error) {
		hv8_kill((u64)pid);
		bury((u64)pid);
		return error;
	}
	return pid;
}

i64 fork(void)
{
	i64 pid = fork_embryo(PAGES_PAGES);

	if (pid > 0)
		hv8_set_runnable((u64)pid);
	return pid;
}

i64 bury(u64 pid)
{
	u64 i;

	for (i = 0; i < NPAGE && PROCS[pid].npages; i++)
		if (PAGES[i].owner == pid)
			hv8_reclaim_page(i);
	for (i = 0; i < NOFILE; i++)
		if (PROCS[pid].fd[i])
			hv8_close(pid, i);
	for (i = 1; i < NPROC; i++) {
		if (PROCS[i].parent == pid)
			hv8_reparent(i);
		if (PROCS[i].wait_from == pid)
			hv8_wake(i);
	}
#if LAB >= 5
	for (i = 32; i < NIRQ && PROCS[pid].nirqs; i++)
		hv8_reclaim_irq(i);
#endif
	return hv8_reap(pid);
}
