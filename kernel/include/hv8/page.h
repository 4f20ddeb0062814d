/* Who owns each page of process memory. The kernel's own memory is not here. */
#pragma once

#include <hv8/types.h>
#include <uapi/tables.h>

extern struct page pages[NPAGE]; /* by page number; processes see it */

/* Where they are, one behind the other; set by page_init(). */
extern struct page_memory {
	pa_t base; /* of page 0 */
	u32 count; /* of pages */
} page_memory;     /* set once */

/** Take the largest piece of free DRAM, up to NPAGE pages of it, for processes. Panics if there is
 * none. */
void page_init(void);

/** How many pages page_init() found, 1..NPAGE. */
static inline u32 page_count(void)
{
	return page_memory.count;
}

#if CHECKED
/** Pages from here on were never given: the invariants need not look at them. */
extern u32 page_high;
#endif

/** Give the free page @p pn to @p owner as a page of @p type, filled with zeros; `used` and `perm` are 0. @p va: see struct
 * page. */
void page_give(pn_t pn, pid_t owner, enum page_type type, uva_t va);

/** Take page @p pn from its owner: it is free. No table of a live process may lead to it, nor a TLB entry with a live ASID. */
void page_free(pn_t pn);

/**
 * Find a free page and give it to @p owner, with @p type and @p va as page_give() does. For programs
 * loaded at boot: a process names its pages itself.
 *
 * @return its number, or -ENOMEM
 */
int page_take(pid_t owner, enum page_type type, uva_t va);

/** Give back every page of @p owner. */
void page_free_all(pid_t owner);

/** Where page @p pn is. */
static inline pa_t page_pa(pn_t pn)
{
	return page_memory.base + ((pa_t)pn << PAGE_SHIFT);
}

/** The page at physical address @p pa, or -1 if that is not process memory. */
int page_at(pa_t pa);
