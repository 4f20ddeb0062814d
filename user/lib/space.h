/*
 * A process's own address space, and its children's, built by hypercall: the search for free names is done here,
 * in the kernel's tables, which every process sees.
 */
#pragma once

#include "hv8.h"
#include <uapi/tables.h>

/* The kernel's tables, where they are mapped at birth */
#define PAGES ((const volatile struct page *)UVA_PAGES)
#define PROCS ((const volatile struct proc *)UVA_PROCS)
#define FILES ((const volatile struct file *)UVA_FILES)

/** A free page, or -ENOMEM. */
i64 free_page(void);

/** A free pid, or -EAGAIN. */
i64 free_pid(void);

/** Which entry of a table of @p level (0..3) translates @p uva. */
static inline u64 table_index(uva_t uva, int level)
{
	return uva >> (12 + 9 * (3 - level)) & 511;
}

/** The page of type @p type of process @p pid at @p uva (for a table: the first address that it translates), or -ENOENT. */
i64 page_of(u64 pid, u64 type, uva_t uva);

/** The table of @p level (0..3) of process @p pid that translates @p uva; made, with those above it, if there is none. */
i64 table_of(u64 pid, int level, uva_t uva);

/** Give process @p pid, the caller or its embryo, a zeroed page at @p uva with @p perm. @return the frame, or -errno */
i64 map_page(u64 pid, uva_t uva, u64 perm);

/** Change what the caller may do with its page at @p uva: @p perm. @return 0, or -errno */
i64 protect_page(uva_t uva, u64 perm);

/** Unmap the caller's page at @p uva and free it. @return 0, or -errno */
i64 unmap_page(uva_t uva);

/**
 * Make a child with a copy of all of the caller's memory, and the kernel's vectors and tables of processes and files where
 * they are at birth; of the table of pages the first @p page_parts pages only, since they are many.
 *
 * @return the child's pid, not yet runnable; 0 in the child; or -errno
 */
i64 fork_embryo(u64 page_parts);

/** As fork_embryo(), and start it. */
i64 fork(void);

/** Collect what is left of the zombie @p pid, and reap it if it is a child of the caller. @return 0, or -errno */
i64 bury(u64 pid);
