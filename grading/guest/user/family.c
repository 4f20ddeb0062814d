/* A parent and its child: the same address, different data. */
#include "fault.h"

#define HEAP 0x50000000UL

int main(const char *arguments)
{
	volatile u64 *word = (volatile u64 *)HEAP;
	u64 nonce = argument(arguments, "nonce");
	i64 frame = map_page((u64)hv8_getpid(), HEAP, VM_RW), pid;
	struct message m;

	if (frame < 0) {
		print_decimal(frame);
		return 1;
	}
	line_decimal("fresh", (i64)*word);
	*word = nonce;
	pid = fork_or_end();
	if (pid == 0) {
		line_hex("child sees", *word);
		*word = nonce + 1;
		m = call((u64)PROCS[hv8_getpid()].parent, *word);
		line_hex("child got", m.word);
		return 5;
	}
	m = receive(0, NONE, NONE);
	print("parent got ");
	print_hex(m.word);
	print(" and has ");
	print_hex(*word);
	print("\n");
	hv8_send((u64)m.from, m.word + 1, NONE, NONE);
	while (PROCS[pid].state != PROC_ZOMBIE)
		yield();
	print("status ");
	print_decimal(PROCS[pid].status);
	print(" bury ");
	print_decimal(bury((u64)pid));
	print("\n");
	return 0;
}
