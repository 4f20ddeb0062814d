/*
 * The EL2 translation tables: how a descriptor is made, how a range is mapped, how an address is
 * looked up. map_kernel(), in layout.c, says what is mapped. Tables come from a fixed pool in .bss;
 * nothing is ever unmapped.
 *
 *	 47     39 38     30 29     21 20     12 11        0
 *	+---------+---------+---------+---------+-----------+
 *	| level 0 | level 1 | level 2 | level 3 |  offset   |	nine bits of index a level,
 *	+---------+---------+---------+---------+-----------+	512 entries a table
 *			     2 MiB block  4 KiB page
 */
#include <hv8/console.h>
#include <hv8/map.h>
#include <hv8/sysreg.h>
#include <machine.h>
#include <uapi/errno.h>

#define NTABLE  64
#define VA_BITS 48

static pte_t tables[NTABLE][512] __attribute__((aligned(PAGE_SIZE)));
static int used; /* of tables[1..]; tables[0] is the root */

/* Which entry of a level's table translates an address. */
USED_BY_HOLES static u32 map_index(u64 address, int level)
{
	return (address >> (PAGE_SHIFT + 9 * (3 - level))) & 511;
}

pte_t map_leaf(pa_t pa, int level, enum map_kind kind)
{
#if SOLUTION >= 2
	/* AP[1] is reserved, one, in a regime without EL0; D8.3 and D8.4.1. */
	pte_t leaf = pa | PTE_VALID | PTE_AF | PTE_AP1;

	if (level == 3)
		leaf |= PTE_TABLE; /* at level 3 this bit makes a page */
	leaf |= kind == MAP_DEVICE ? PTE_ATTR(MAIR_DEVICE) : PTE_ATTR(MAIR_NORMAL) | PTE_SH_INNER;
	if (kind == MAP_TEXT || kind == MAP_RODATA)
		leaf |= PTE_AP2_RO;
	if (kind != MAP_TEXT)
		leaf |= PTE_XN;
	return leaf;
#else
	/*
	 * LAB 2: the leaf descriptor for `kind`: valid, accessed (AF), AP[1] set (reserved, one, at
	 * EL2), the memory attribute index, inner shareable unless it is a device, read-only
	 * (AP[2]) or execute-never (XN) as map.h says, and bit 1 set for a page but not for a
	 * block. MAIR_NORMAL and MAIR_DEVICE are indices into MAIR_EL2.
	 * Read: Arm ARM D8.3.1 (descriptor formats) and D8.4.1 (permissions).
	 * Symptom of a forgotten AF: silence once the MMU is on. The next instruction faults, and so
	 * does the first instruction of the handler.
	 */
	todo("map_leaf");
#endif
}

/*
 * The table below @p entry; an empty entry gets a fresh one. NULL if the entry is a block, or the
 * pool is empty.
 */
USED_BY_HOLES static pte_t *next_table(pte_t *entry)
{
#if SOLUTION >= 2
	if (*entry & PTE_VALID)
		return *entry & PTE_TABLE ? pa_pointer(*entry & PTE_ADDRESS) : NULL;
	if (used == NTABLE - 1)
		return NULL;
	pte_store(entry, pointer_pa(tables[++used]) | PTE_TABLE | PTE_VALID);
	return tables[used];
#else
	/*
	 * LAB 2: if `entry` is valid, it is a table (bit 1 set: return where it points, bits 47:12)
	 * or a block (return NULL: something is mapped there already). If it is not valid, take the
	 * next unused table of the pool (`used` is the last one taken; .bss made them zero), store a
	 * table descriptor with pte_store(), and return the table; NULL if the pool is empty.
	 * Read: Arm ARM D8.3.1, "VMSAv8-64 descriptor formats".
	 */
	todo("next_table");
#endif
}

int map_range(pa_t start, pa_t end, enum map_kind kind)
{
#if SOLUTION >= 2
	if ((start | end) % PAGE_SIZE || start >= end || end > 1UL << VA_BITS)
		return -EINVAL;
	while (start < end) {
		bool block = start % BLOCK_SIZE == 0 && end - start >= BLOCK_SIZE;
		int leaf_level = block ? 2 : 3, level;
		pte_t *table = tables[0], *entry;

		for (level = 0; level < leaf_level; level++) {
			entry = &table[map_index(start, level)];
			table = next_table(entry);
			if (!table)
				return *entry & PTE_VALID ? -EBUSY : -ENOMEM;
		}
		entry = &table[map_index(start, leaf_level)];
		if (*entry & PTE_VALID)
			return -EBUSY;
		pte_store(entry, map_leaf(start, leaf_level, kind));
		start += block ? BLOCK_SIZE : PAGE_SIZE;
	}
	return 0;
#else
	/*
	 * LAB 2: check the arguments as map.h promises. Then, until `start` reaches `end`: choose a
	 * block (level 2) if a whole aligned one fits, otherwise a page (level 3); walk down from
	 * tables[0] with map_index() and next_table(); refuse an entry that is valid already; store
	 * map_leaf(); advance by what you mapped.
	 * Read: Arm ARM D8.2.5 "Translation tables", table
	 * walk with the 4 KiB granule. Checked: a range that begins and ends between blocks, from
	 * outside, entry by entry.
	 */
	todo("map_range");
#endif
}

pte_t map_lookup(u64 address, int *level)
{
#if SOLUTION >= 2
	pte_t *table = tables[0];

	for (*level = 0; *level <= 3 && address >> VA_BITS == 0; (*level)++) {
		pte_t entry = table[map_index(address, *level)];

		if (!(entry & PTE_VALID))
			return 0;
		if (*level == 3 || !(entry & PTE_TABLE))
			return entry;
		table = pa_pointer(entry & PTE_ADDRESS);
	}
	return 0;
#else
	/*
	 * LAB 2: walk like the hardware: from tables[0], a level at a time, until an entry is not
	 * valid (return 0) or is a leaf (a page at level 3, or a block: bit 1 clear); leave the
	 * level in *level. An address beyond VA_BITS is not mapped. The panic report uses this to
	 * say how the faulting address is mapped.
	 */
	todo("map_lookup");
#endif
}

int map_table_count(void)
{
	return used + 1;
}

pa_t map_root(void)
{
	return pointer_pa(tables[0]);
}

u64 map_tcr(void)
{
#if SOLUTION >= 2
	return TCR_EL2_RES1 | TCR_T0SZ(VA_BITS) | TCR_TG0_4K | TCR_IRGN0_WBWA | TCR_ORGN0_WBWA |
	       TCR_SH0_INNER | /* walks hit the caches that stores go to */
	       TCR_EL2_PS(ID_FIELD(read_sysreg(id_aa64mmfr0_el1), ID_AA64MMFR0_PARANGE));
#else
	/*
	 * LAB 2: TCR_EL2 whole: the reserved ones, T0SZ for VA_BITS, the 4 KiB granule, table walks
	 * that are inner and outer write-back and inner shareable, and PS copied from
	 * ID_AA64MMFR0_EL1.PARange: with a smaller one, addresses beyond it fault.
	 * Read: Arm ARM D19.2, TCR_EL2; the fields are in hv8/sysreg.h.
	 */
	todo("map_tcr");
#endif
}
