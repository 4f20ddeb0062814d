/* A parent and its child: the same address, different data. */
#include "space.h"

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
	print("fresh: ");
	print_decimal((i64)*word);
	*word = nonce;
	pid = fork();
	if (pid == 0) {
		print("\nchild sees ");
		print_hex(*word);
		*word = nonce + 1;
		m = call((u64)PROCS[hv8_getpid()].parent, *word);
		print("child got ");
		print_hex(m.word);
		print("\n");
		return 5;
	}
	m = receive(0, NONE, NONE);
	print("\nparent got ");
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
