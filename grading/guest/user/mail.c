/* Messages between a client and the server that it forks: words, a page, a descriptor; and a partner that dies. */
#include "fault.h"

#define HEAP 0x50000000UL

static u64 nonce;

static int server(void)
{
	const u64 me = (u64)hv8_getpid();
	volatile u64 *page = (volatile u64 *)HEAP;
	i64 frame = page_of(me, PAGE_FRAME, HEAP);
	struct message m = receive(0, NONE, NONE);
	int i;

	for (i = 0; i < 3; i++) /* the calls */
		m = reply_wait((u64)m.from, m.word * 3 + (u64)i);
	line_hex("server: last word", m.word);
	hv8_send((u64)m.from, 0, NONE, NONE);
	*page = 0;
	m = receive(1, (u64)frame, 5);
	print("server: page holds ");
	print_hex(*page);
	print(", came ");
	print_decimal((i64)m.came);
	line_hex(", word", m.word);
	line_hex("server: the file's value", FILES[PROCS[me].fd[5]].value);
	line_decimal("server: seek", hv8_lseek(5, nonce + 6));
	*page += 1;
	line_decimal("server: page back", hv8_send(1, nonce + 7, (u64)frame, NONE));
	receive(0, NONE, NONE); /* until it is killed */
	return 0;
}

/* Waits for the server, which will not send. */
static int waiter(u64 from)
{
	struct message m = receive(from, NONE, NONE);

	line_decimal("waiter: woken", m.from);
	line_decimal("waiter: waits again", receive(from, NONE, NONE).from);
	return 0;
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid();
	volatile u64 *page = (volatile u64 *)HEAP;
	struct message m;
	i64 frame, pid, late;

	nonce = argument(arguments, "nonce");
	frame = map_page(me, HEAP, VM_RW);
	pid = fork_or_end();
	if (pid == 0)
		return server();
	line_decimal("sent too early", hv8_send((u64)pid, 1, NONE, NONE));
	while (PROCS[pid].state != PROC_WAITING)
		yield();
	line_hex("first answer", call((u64)pid, nonce).word);
	line_hex("second answer", call((u64)pid, nonce + 1).word);
	line_hex("third answer", call((u64)pid, nonce + 2).word);
	m = call((u64)pid, nonce + 3);
	line_decimal("from the server", m.from == pid);
	while (PROCS[pid].state != PROC_WAITING)
		yield();
	*page = nonce + 4;
	line_decimal("create", hv8_create(2, 9, 77, nonce + 5, 0));
	line_decimal("a page that is not mine",
	             hv8_send((u64)pid, 0, (u64)page_of((u64)pid, PAGE_FRAME, HEAP), NONE));
	line_decimal("a descriptor that is not open", hv8_send((u64)pid, 0, NONE, 3));
	line_decimal("page and descriptor", hv8_send((u64)pid, nonce ^ 4, (u64)frame, 2));
	m = receive((u64)pid, (u64)frame, NONE);
	print("page back holds ");
	print_hex(*page);
	print(", came ");
	print_decimal((i64)m.came);
	line_hex(", word", m.word);
	line_hex("the file's offset", FILES[9].offset);
	line_decimal("its descriptors", FILES[9].refs);

	late = fork_or_end();
	if (late == 0)
		return waiter((u64)pid);
	while (PROCS[late].state != PROC_WAITING)
		yield();
	line_decimal("wake too early", hv8_wake((u64)late));
	line_decimal("kill", hv8_kill((u64)pid));
	line_decimal("wake", hv8_wake((u64)late));
	while (PROCS[late].state != PROC_ZOMBIE)
		yield();
	line_decimal("bury the server", bury((u64)pid));
	line_decimal("bury the waiter", bury((u64)late));
	line_decimal("its descriptors", FILES[9].refs);
	return 0;
}
