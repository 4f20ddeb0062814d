/*
 * One ASID a process (hv8/asid.h). The TLB tags each translation with the ASID of TTBR0_EL1, unless it is
 * global: that is why vm_leaf() sets nG.
 */
#include <hv8/asid.h>
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/page.h>
#include <hv8/proc.h>
#include <hv8/stat.h>
#include <hv8/string.h>
#include <hv8/sysreg.h>
#include <machine.h>

bool asid_on;
static u32 count; /* 256 or 65536; 0: all share ASID 0 */
u64 generations[NPROC];

void asid_init(void)
{
	char word[4] = "";

	bootarg("asid", word, sizeof(word));
	if (!strcmp(word, "off"))
		return;
	count = ID_FIELD(read_sysreg(id_aa64mmfr0_el1), ID_AA64MMFR0_ASIDBITS) ? 1U << 16 : 1U << 8;
	asid_on = true;
}

u32 asid_count(void)
{
	return count;
}

asid_t asid_assign(pid_t pid)
{
#if SOLUTION >= 4
	u64 generation = generations[pid]++;
	asid_t asid = (asid_t)((generation * NPROC + (u64)pid) % count);

	if (generation >= count / NPROC) {
		tlb_flush_asid(asid);
		stats[STAT_FLUSH_ASID]++;
	}
	return asid;
#else
	/*
	 * LAB 4: generation * NPROC + pid, where generations[pid] counts how often the pid has had
	 * an ASID. There are `count` ASIDs, a power of two: behind the last generation the first
	 * comes again. Then, and only then, the TLB may hold what the ASID's former owner left:
	 * tlb_flush_asid(), and count it in stats[STAT_FLUSH_ASID].
	 * Read: Arm ARM D8.14.5 (TLBI ASIDE1IS). Checked by processes that come and go, and on the
	 * model machine, which tells which entry of which predecessor survived.
	 */
	todo("asid_assign");
#endif
}

u64 asid_ttbr0(pa_t root, asid_t asid)
{
#if SOLUTION >= 4
	return (u64)asid << 48 | root;
#else
	/*
	 * LAB 4: the root table's address in bits 47:1, the ASID in bits 63:48.
	 * Read: Arm ARM D19.2.155 TTBR0_EL1. Checked from outside.
	 */
	todo("asid_ttbr0");
#endif
}

u64 asid_start(pid_t pid)
{
	const pa_t root = page_pa(procs[pid].root);

	if (!asid_used())
		return root;
	procs[pid].asid = asid_assign(pid);
	return asid_ttbr0(root, (asid_t)procs[pid].asid);
}
