/*
 * Numbers are typed, and read in the handler of the console's interrupt, until there is nothing more to read. The console goes to
 * a child and comes back: its interrupt goes with it, and who does not own it hears nothing.
 */
#include "irqs.h"

static volatile u64 calls, others, bytes, number;
static volatile bool line, told;
static u64 console;

static void handler(u64 intid)
{
	i64 byte;

	if (intid != console) {
		told |= intid == 7;
		others += intid != 7;
		return;
	}
	calls++;
	while ((byte = hv8_console_read()) >= 0) {
		bytes++;
		if (byte == '\n')
			line = true;
		else
			number = number << 4 |
			         ((u64)byte <= '9' ? (u64)byte - '0' : (u64)byte - 'a' + 10);
	}
	others += byte != -EAGAIN;
}

static void report(const char *what)
{
	print(what);
	print(": ");
	print_hex(number * 3);
	print(", bytes ");
	print_decimal((i64)bytes);
	print(", interrupts fit: ");
	print_decimal(calls >= 1 && calls <= bytes);
	line_decimal(", others", (i64)others);
	calls = others = bytes = number = 0;
	line = false;
}

/* Hears only what is typed while the console is its own. */
static int child(void)
{
	irq_begin_or_end(handler);
	irq_window();
	hv8_raise_irq(1, 7);
	sleep_until(&line);
	report("child");
	line_decimal("child: nothing more", hv8_console_read());
	return 0;
}

int main(const char *arguments)
{
	i64 pid;

	for (console = 32; console < NIRQ; console++)
		if (IRQS[console].type == IRQ_KERNEL && IRQS[console].owner == 1)
			break;
	irq_begin_or_end(handler);
	irq_window();
	line_decimal("nothing typed", hv8_console_read());
	sleep_until(&line);
	report("first");

	pid = fork_or_end();
	if (pid == 0)
		return child();
	sleep_until(&told);
	while (PROCS[pid].state != PROC_SLEEPING)
		yield();
	print("give it away\n");
	hv8_wait(); /* until the first byte is pending here */
	line_decimal("gave", hv8_console_give((u64)pid));
	irq_window();
	line_decimal("read", hv8_console_read());
	while (PROCS[pid].state != PROC_ZOMBIE)
		yield();
	print("heard meanwhile: ");
	print_decimal((i64)calls);
	line_decimal(", others", (i64)others);
	print("mine again\n");
	sleep_until(&line);
	report("last");
	line_decimal("bury", bury((u64)pid));
	return 0;
}
