/* Three generations: who may end, collect and inherit whom. */
#include "fault.h"

static u64 nonce;

static void until_zombie(i64 pid)
{
	while (PROCS[pid].state != PROC_ZOMBIE)
		yield();
}

/* Ends when its word arrives; its status depends on it. */
static int grandchild(u64 parent)
{
	struct message m = receive(1, NONE, NONE);

	print("grandchild: word ");
	print_hex(m.word);
	line_decimal(", child of the first", PROCS[hv8_getpid()].parent == parent);
	hv8_exit((i64)(m.word * 3));
	return 0;
}

static int child(i64 sibling)
{
	u64 me = (u64)hv8_getpid();
	i64 pid;

	line_decimal("child: kill the sibling", hv8_kill((u64)sibling));
	line_decimal("child: kill the parent", hv8_kill(1));
	line_decimal("child: reap the sibling", hv8_reap((u64)sibling));
	line_decimal("child: reparent the sibling", hv8_reparent((u64)sibling));
	line_decimal("child: poweroff", hv8_poweroff());
	pid = fork_or_end();
	if (pid == 0)
		return grandchild(me);
	line_decimal("child: children", PROCS[me].nchildren);
	while (PROCS[pid].state != PROC_WAITING)
		yield();
	hv8_exit((i64)(nonce + 1));
	return 0;
}

int main(const char *arguments)
{
	i64 sibling, first, last = 0;
	u64 pid;

	nonce = argument(arguments, "nonce");
	sibling = fork_or_end();
	if (sibling == 0) {
		receive(0, NONE, NONE); /* nobody sends */
		return 0;
	}
	first = fork_or_end();
	if (first == 0)
		return child(sibling);
	line_decimal("children", PROCS[1].nchildren);
	until_zombie(first);
	line_hex("child's status", (u64)PROCS[first].status);
	for (pid = 1; pid < NPROC; pid++)
		if (PROCS[pid].parent == (u64)first)
			last = (i64)pid;
	line_decimal("kill the dead", hv8_kill((u64)first));
	line_decimal("reap with pages", hv8_reap((u64)first));
	line_decimal("kill the grandchild", hv8_kill((u64)last));
	line_decimal("bury", bury((u64)first));
	line_decimal("the orphan's parent", PROCS[last].parent);
	line_decimal("reap the living", hv8_reap((u64)last));
	line_decimal("send", hv8_send((u64)last, nonce + 2, NONE, NONE));
	until_zombie(last);
	line_hex("orphan's status", (u64)PROCS[last].status);
	line_decimal("bury", bury((u64)last));
	line_decimal("kill the sibling", hv8_kill((u64)sibling));
	line_decimal("sibling's status", PROCS[sibling].status);
	line_decimal("bury", bury((u64)sibling));
	line_decimal("bury again", hv8_reap((u64)sibling));
	line_decimal("children", PROCS[1].nchildren);
	return 0;
}
