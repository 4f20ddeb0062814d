/*
 * The boot order, readable from top to bottom. start.S calls main() with the MMU off, .bss zero and
 * a stack; each step says what the next may rely on. A `test=` boot argument ends the boot after
 * the stage that it tests.
 */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/ktest.h>
#include <hv8/pl011.h>
#include <hv8/trap.h>
#include <machine.h>
#if LAB >= 2
#include <hv8/map.h>
#endif
#if LAB >= 3
#include <hv8/proc.h>
#endif

extern const char _end[];

/* Why the boot failed before there was a console to say it; `p boot_failure` in gdb. */
const char *boot_failure;

static void banner(u64 level)
{
	u64 bytes = 0;
	int i;

	for (i = 0; i < board.nmemory; i++)
		bytes += board.memory[i].end - board.memory[i].start;
	printk("hv8 boots at EL%lu, image at 0x%lx\n", level, board.image.start);
	if (level != 2)
		panic("entered at EL%lu, but hv8 is a hypervisor and needs EL2: on QEMU, run with "
		      "-machine virt,virtualization=on; on a board, start it from firmware that runs at EL2",
		      level);
	printk("hv8: console at 0x%lx, %lu MiB of memory\n", board.uart.start, bytes >> 20);
}

/**
 * Bring up the kernel. Called once, by start.S.
 *
 * @param fdt    physical address of the device tree
 * @param level  exception level at entry, 1..3
 * @param image  load address
 */
_Noreturn void main(pa_t fdt, u64 level, pa_t image)
{
	board.image = (struct range){ image, pointer_pa(_end) };
	if (level == 2)
		trap_init();

	/* Stage 1: the device tree tells where the console is. */
	boot_failure = board_read(&board, fdt);
	if (board.uart.start == 0) {
		psci_system_off(); /* nobody can be told; gdb can read boot_failure */
		for (;;)
			wfi();
	}
	pl011_init(board.uart.start, board.uart_clock);
	banner(level);
	if (boot_failure)
		panic("device tree: %s", boot_failure);
	ktest_run(1);

#if LAB >= 2
	/* Stage 2: EL2's own address space, caches on. From here a wild pointer faults. */
	map_kernel();
	mmu_enable();
	printk("hv8: MMU and caches are on, %d table pages\n", map_table_count());
	ktest_run(2);
#endif

#if LAB >= 3
	/* Stage 3: processes. */
	proc_init();
	ktest_run(3);
#if LAB >= 4
	ktest_run(4);
#endif
#if LAB >= 5
	ktest_run(5);
#endif
#if LAB >= 6
	ktest_run(6);
#endif
	proc_start();
#else
	power_off();
#endif
}
