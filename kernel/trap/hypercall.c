/*
 * The hypercalls. Handlers take and return integers, check every argument before the first write,
 * contain no loop without a constant bound, and change nothing when they refuse. The table is made
 * from uapi/hypercall.def.
 */
#include <hv8/console.h>
#include <hv8/pl011.h>
#include <hv8/proc.h>
#include <machine.h>
#include <uapi/errno.h>
#include <uapi/hypercall.h>

/** The caller's pid. */
static i64 hc_getpid(void)
{
	return current->pid;
}

/** End the caller; @p code is printed. Does not return to it. */
static i64 hc_exit(u64 code)
{
	printk("hv8: process %d (%s) exited with %ld\n", current->pid, current->name, (long)code);
	proc_end();
	return 0;
}

/** Power the machine off. */
static i64 hc_poweroff(void)
{
	power_off();
}

/**
 * Print @p length bytes at @p text.
 *
 * @param length  1..CONSOLE_WRITE_MAX
 * @return length, or -EINVAL, or -EFAULT (not all mapped): then nothing was printed
 */
static i64 hc_console_write(uva_t text, u64 length)
{
	u8 bytes[CONSOLE_WRITE_MAX];
	u64 i;

	if (length == 0 || length > CONSOLE_WRITE_MAX)
		return -EINVAL;
	if (copy_from_process(bytes, text, length))
		return -EFAULT;
	for (i = 0; i < length; i++)
		printk("%c", bytes[i]);
	return (i64)length;
}

/** The next byte typed at the console, 0..255, or -EAGAIN if there is none. */
static i64 hc_console_read(void)
{
	int byte = pl011_getc();

	return byte < 0 ? -EAGAIN : byte;
}

#define HYPERCALL(number, name, ...) [number] = (void (*)(void))hc_##name,
void (*const hypercall_table[NHYPERCALL])(void) = {
#include <uapi/hypercall.def>
};
