/* In-kernel tests of lab 4. Chosen by test=NAME; see grading/lab4/. Most of lab 4's tests are
 * programs: grading/guest/user/. */
#include <hv8/console.h>
#include <hv8/ktest.h>
#include <hv8/page.h>
#include <hv8/sysreg.h>
#include <hv8/vm.h>
#include <machine.h>

static void enter(u64 table, int level, uva_t uva, pte_t entry)
{
	pte_store((pte_t *)pa_pointer(page_pa((pn_t)table)) + vm_index(uva, level), entry);
}

static void walk(const char *what, u64 root, uva_t uva, int level)
{
	int table = vm_walk((pn_t)root, uva, level);

	if (table < 0)
		printk("%s: none\n", what);
	else
		printk("%s: page %016lx\n", what, (u64)table);
}

/* Four tables at pages that the nonce chooses, for an address that the nonce chooses. */
KTEST(4, walk)
{
	const u64 root = nonce & 0xff, l1 = 0x100 + (nonce * 3 & 0xff),
		  l2 = 0x200 + (nonce * 5 & 0xff), l3 = 0x300 + (nonce * 7 & 0xff), never = 0x400;
	const uva_t uva = nonce & 0xfffffffff000;
	u64 pn;

	for (pn = 0; pn <= never; pn++)
		page_zero(page_pa((pn_t)pn));
	enter(root, 0, uva, page_pa((pn_t)l1) | PTE_TABLE | PTE_VALID);
	enter(l1, 1, uva, page_pa((pn_t)l2) | PTE_TABLE | PTE_VALID);
	enter(l2, 2, uva, page_pa((pn_t)l3) | PTE_TABLE | PTE_VALID);
	enter(l2, 2, uva ^ 1UL << 22, page_pa((pn_t)never) | PTE_TABLE); /* not valid */
	walk("root", root, uva, 0);
	walk("level 1", root, uva, 1);
	walk("level 2", root, uva, 2);
	walk("level 3", root, uva, 3);
	walk("another page", root, uva ^ 1UL << 12, 3);
	walk("another level 3", root, uva ^ 1UL << 21, 3);
	walk("another level 2", root, uva ^ 1UL << 30, 2);
	walk("another level 1", root, uva ^ 1UL << 39, 1);
	walk("far below another level 1", root, uva ^ 1UL << 39, 3);
	walk("above an empty entry", root, uva ^ 1UL << 21, 2);
	walk("an entry that is not valid", root, uva ^ 1UL << 22, 3);
	walk("beyond 48 bits", root, uva | 1UL << 48, 3);
	walk("far beyond 48 bits", root, uva | 1UL << 63, 0);
}
