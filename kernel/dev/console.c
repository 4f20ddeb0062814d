/*
 * The console: printk over the board's UART, and the ways in which the kernel ends. A kernel that
 * is about to die says why, decoded, then powers off; it never spins silently.
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/pl011.h>
#include <hv8/trap.h>
#if LAB >= 2
#include <hv8/map.h>
#endif
#include <machine.h>

#if LAB >= 4
#include <hv8/string.h>
#include <uapi/limits.h>

/* The latest messages: pages in a ring, each begun with zeros. */
static char messages[DMESG_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u64 nmessages; /* characters since boot */

pa_t console_log(u32 part)
{
	return pointer_pa(messages[(nmessages / PAGE_SIZE + 1 + part) % DMESG_PAGES]);
}

u32 console_log_length(u32 part)
{
	if (part == DMESG_PAGES - 1)
		return nmessages % PAGE_SIZE;
	return nmessages / PAGE_SIZE + part + 1 >= DMESG_PAGES ? PAGE_SIZE : 0;
}

static void log_putc(char c)
{
	char *page = messages[nmessages / PAGE_SIZE % DMESG_PAGES];

	if (nmessages % PAGE_SIZE == 0)
		memset(page, 0, PAGE_SIZE);
	page[nmessages++ % PAGE_SIZE] = c;
}
#endif

static void console_putc(char c, void *context)
{
#if LAB >= 4
	log_putc(c);
#endif
	if (board.uart.start == 0)
		return;
	if (c == '\n')
		pl011_putc('\r');
	pl011_putc((u8)c);
}

void printk(const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	format(console_putc, NULL, text, arguments);
	va_end(arguments);
}

_Noreturn void power_off(void)
{
	printk("hv8: power off\n");
	psci_system_off();
	for (;;) /* firmware without the service: nothing is left but to wait, at low power */
		wfi();
}

/* The report of a death may itself fault, even twice: it must still end the machine. */
static void count_deaths(void)
{
	static int deaths;

	if (++deaths == 1)
		return;
	if (deaths == 2) {
		printk("\nhv8: the report itself failed\n");
		power_off();
	}
	psci_system_off();
	for (;;)
		wfi();
}

_Noreturn void panic(const char *text, ...)
{
	va_list arguments;

	count_deaths();
	printk("hv8: panic: ");
	va_start(arguments, text);
	format(console_putc, NULL, text, arguments);
	va_end(arguments);
	printk("\n");
	backtrace((u64)__builtin_return_address(0) - 4,
	          *(u64 *)__builtin_frame_address(0)); /* from the caller on */
	power_off();
}

_Noreturn void panic_exception(const struct trap_frame *frame, const char *vector)
{
	u64 esr = read_sysreg(esr_el2), far = read_sysreg(far_el2);

	count_deaths();
	printk("hv8: panic: %s at EL2: %s\n", vector, esr_class(esr));
	print_syndrome("EL2", esr, far);
#if LAB >= 2
	if (esr_has_far(esr))
		print_address("FAR_EL2", far);
#endif
	print_frame(frame, true);
	backtrace(frame->elr, frame->x[29]);
	power_off();
}

#undef todo
_Noreturn void todo(const char *name, const char *file, int line)
{
	count_deaths();
	if (line)
		printk("hv8: todo: %s (%s:%d)\n", name, file, line);
	else
		printk("hv8: todo: %s (%s)\n", name, file);
	power_off();
}
