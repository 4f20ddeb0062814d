/* Who owns each page of process memory. The kernel's own memory is not here. */
#pragma once

#include <hv8/types.h>

#define NPAGE 65536 /* 256 MiB */

enum page_type { PAGE_FREE, PAGE_TABLE, PAGE_FRAME };

struct page {
	u16 owner; /* a pid; 0 if free */
	u16 type;  /* enum page_type */
};

extern struct page pages[NPAGE];

/** Take the largest piece of free DRAM, up to NPAGE pages of it, for processes. Panics if there is
 * none. */
void page_init(void);

/** How many pages page_init() found, 1..NPAGE. */
u32 page_count(void);

/**
 * Give a free page to @p owner, filled with zeros.
 *
 * @return its number, or -ENOMEM
 */
int page_take(pid_t owner, enum page_type type);

/** Give back every page of @p owner. */
void page_free_all(pid_t owner);

/** Where page @p pn is. */
pa_t page_pa(pn_t pn);

/** The page at physical address @p pa, or -1 if that is not process memory. */
int page_at(pa_t pa);
