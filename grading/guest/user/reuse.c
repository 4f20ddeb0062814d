/*
 * A pid that is used again gets another ASID, as long as there are some: the TLB needs no flush. Embryos are
 * enough, none runs; pid 2 comes and goes 1024 times, with 16 bits the number of its ASIDs, and a few times more.
 */
#include "fault.h"

#define PID 2

/* One life of a pid. @return its ASID, or -errno */
static i64 life(u64 pid, u64 root)
{
	i64 error = hv8_clone(pid, root), asid;

	if (error < 0)
		return error;
	asid = PROCS[pid].asid;
	error = hv8_kill(pid);
	if (!error)
		error = hv8_reclaim_page(root);
	if (!error)
		error = hv8_reap(pid);
	return error ? error : asid;
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce"), more = (nonce & 7) + 1;
	u64 root = (u64)free_page(), i, wrong = 0, word = nonce;

	line_decimal("life 1", life(PID, root));
	line_decimal("life 2", life(PID, root));
	line_decimal("life 3", life(PID, root));
	line_decimal("another pid, life 1", life(PID + 1, root));
	line_decimal("another pid, life 2", life(PID + 1, root));
	for (i = 3; i < 1024; i++) {
		const i64 asid = life(PID, root);

		wrong += asid != (i64)(i * NPROC + PID);
		word = word * 31 + (u64)asid;
	}
	line_decimal("wrong among 1024", (i64)wrong);
	line_hex("their word", word);
	line_decimal("flushes by then", hv8_stat(STAT_FLUSH_ASID));
	line_decimal("life 1025", life(PID, root));
	line_decimal("flushes", hv8_stat(STAT_FLUSH_ASID));
	for (i = 0; i < more; i++)
		wrong += life(PID, root) != (i64)((i + 1) * NPROC + PID);
	line_decimal("wrong", (i64)wrong);
	line_hex("more flushes", (u64)hv8_stat(STAT_FLUSH_ASID) - 1);
	line_decimal("another pid, life 3", life(PID + 1, root));
	line_hex("more flushes", (u64)hv8_stat(STAT_FLUSH_ASID) - 1);
	line_decimal("flushes by page", hv8_stat(STAT_FLUSH_PAGE));
	return 0;
}
