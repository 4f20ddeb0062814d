/*
 * On a GICv2 the virtual CPU interface is a page, which a process maps for itself or for its embryo, and unmaps. What is in its
 * registers is the process's own: two that have the page see different ones.
 */
#include "irqs.h"

#define SECOND    (UVA_GICV + 0x4000)
#define PMR(page) (*(volatile u32 *)((page) + 4))

extern const char irq_vectors[];

static volatile u64 taken, value;

static void handler(u64 intid)
{
	taken++;
	value *= 3;
}

static u64 table(i64 pid)
{
	return (u64)table_of((u64)pid, 3, UVA_GICV);
}

static void look(const char *what, u64 page)
{
	u64 word = 0;

	faults_begin();
	line_fault(what, try_read(page, &word), page);
	__asm__ volatile("msr vbar_el1, %0\n\tisb" : : "r"(irq_vectors));
}

/* Its parent has mapped the page for it. */
static int child(u64 mask)
{
	line_hex("child: mask at birth", PMR(UVA_GICV));
	look("child: the other page", SECOND);
	irq_begin_or_end(handler);
	PMR(UVA_GICV) = (u32)mask;
	irq_window();
	yield();
	line_hex("child: mask", PMR(UVA_GICV) ^ mask);
	irq_mask(0xff);
	irq_window();
	line_decimal("child: came", (i64)taken);
	line_hex("child: value", value);
	return 0;
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce"), mask = 0x80 | (nonce & 0x78);
	const i64 me = hv8_getpid();
	i64 pid;

	value = nonce;
	look("before", UVA_GICV);
	irq_begin_or_end(handler);
	look("behind", UVA_GICV + 0x1000);
	irq_mask(mask);
	line_hex("mask", PMR(UVA_GICV) ^ mask);
	line_decimal("again", hv8_map_gicv(table(me), table_index(UVA_GICV, 3)));
	line_decimal("a second place", hv8_map_gicv(table(me), table_index(SECOND, 3)));
	line_hex("mask there", PMR(SECOND) ^ mask);
	line_decimal("unmap", hv8_unmap_kernel(table(me), table_index(UVA_GICV, 3)));
	look("unmapped", UVA_GICV);
	line_hex("mask there", PMR(SECOND) ^ mask);
	line_decimal("unmap nothing", hv8_unmap_kernel(table(me), table_index(UVA_GICV, 3)));

	pid = fork_embryo(PAGES_PAGES);
	if (pid == 0)
		return child(mask ^ 0xf8);
	line_decimal("for the embryo", hv8_map_gicv(table(pid), table_index(UVA_GICV, 3)));
	line_decimal("raise", hv8_raise_irq((u64)pid, 5));
	hv8_set_runnable((u64)pid);
	while (PROCS[pid].state != PROC_ZOMBIE)
		yield();
	line_hex("mask", PMR(SECOND) ^ mask);
	line_decimal("bury", bury((u64)pid));
	line_decimal("back", hv8_map_gicv(table(me), table_index(UVA_GICV, 3)));
	line_decimal("unmap", hv8_unmap_kernel(table(me), table_index(SECOND, 3)));
	irq_mask(0xff);
	irq_send(3);
	irq_window();
	line_decimal("came", (i64)taken);
	hv8_wake(0); /* refused: the grader stops the machine here */
	return 0;
}
