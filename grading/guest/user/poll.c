/* Interrupts without vectors, and with interrupts masked throughout: sleep by wait or WFI, look by ack_irq. */
#include "irqs.h"

static u64 number, value, bytes;
static volatile bool ended;

static void read_all(void)
{
	i64 byte;

	while ((byte = hv8_console_read()) >= 0) {
		bytes++;
		if (byte == '\n')
			ended = true;
		else
			value = value << 4 |
			        ((u64)byte <= '9' ? (u64)byte - '0' : (u64)byte - 'a' + 10);
	}
}

static int child(void)
{
	u64 k;

	for (k = 0; k < 16; k++) {
		while (PROCS[1].state != PROC_SLEEPING)
			yield();
		hv8_raise_irq(1, digit(number, k));
	}
	return 0;
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid();
	u64 console, k, came = 0, wrong = 0, naps = 0;
	i64 pid;

	for (console = 32; IRQS[console].type != IRQ_KERNEL; console++)
		continue;
	number = argument(arguments, "nonce");
	line_decimal("nothing is pending", hv8_ack_irq(3));
	hv8_raise_irq(me, 3);
	hv8_raise_irq(me, 3);
	line_decimal("wait", hv8_wait());
	line_decimal("acknowledge", hv8_ack_irq(3));
	line_decimal("once more", hv8_ack_irq(3));
	hv8_raise_irq(me, 4);
	yield();
	line_decimal("behind WFI", hv8_ack_irq(4));

	pid = fork_or_end();
	if (pid == 0)
		return child();
	for (k = 0; k < 16; k++) {
		u64 intid, found = 16;

		wrong += hv8_wait() != 0;
		for (intid = 0; intid < 16; intid++)
			if (hv8_ack_irq(intid) == 0)
				found = intid;
		came = came << 4 | found;
	}
	while (PROCS[pid].state != PROC_ZOMBIE)
		yield();
	line_hex("woken by", came);
	line_decimal("wrong", (i64)wrong);
	line_decimal("bury", bury((u64)pid));

	/* ack_irq ends a device's interrupt, too: it comes again. */
	hv8_alloc_irq(SPI, 0);
	hv8_alloc_irq(SPI + 1, IRQ_EDGE);
	came = 0;
	for (k = 0; k < 16; k++) {
		const u64 intid = SPI + k % 2;

		hv8_raise_irq(me, intid);
		wrong += hv8_wait() != 0;
		if (hv8_ack_irq(intid) == 0)
			came = came << 4 | digit(number, k);
		wrong += hv8_ack_irq(intid) != -EAGAIN;
	}
	line_hex("acknowledged SPIs", came);
	hv8_raise_irq(me, SPI);
	hv8_raise_irq(me, SPI); /* waits at the distributor */
	line_decimal("twice: first", hv8_ack_irq(SPI));
	line_decimal("twice: second", hv8_ack_irq(SPI));
	line_decimal("twice: third", hv8_ack_irq(SPI));
	line_decimal("wrong", (i64)wrong);

	print("type\n");
	while (!ended) {
		naps++;
		yield();
		read_all();
	}
	line_hex("read behind WFI", value * 3);
	line_decimal("pending still", hv8_ack_irq(console));
	line_decimal("naps fit", naps <= bytes + 2);
	ended = false;
	value = 0;
	print("type again\n");
	hv8_wait();
	line_decimal("acknowledge", hv8_ack_irq(console));
	for (read_all(); !ended; read_all())
		hv8_wait();
	line_hex("read behind wait", value * 5);
	return 0;
}
