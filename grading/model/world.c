/* See world.h. The first process is made as proc.c makes it, but by hand: it needs no program file. */
#include "world.h"

#include <hv8/asid.h>
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/hypercall.h>
#if LAB >= 5
#include <hv8/irq.h>
#endif
#include <hv8/pl011.h>
#include <hv8/vm.h>
#include <machine.h>
#include <string.h>

#define MUST(what)                                                                     \
	do {                                                                           \
		if (!(what))                                                           \
			model_fail("the world could not be made: %s is false", #what); \
	} while (0)

void world_boot(u32 npages)
{
	const pid_t pid = INIT_PID;
	int root, frame;

	board.uart = (struct range){ model.uart.base, model.uart.base + PAGE_SIZE };
	pl011_init(board.uart.start, 24000000);
	board.memory[board.nmemory++] =
		(struct range){ MODEL_DRAM, MODEL_DRAM + npages * PAGE_SIZE };
	board.image = (struct range){ model.image, model.image };
	board.psci = PSCI_SMC;
	proc_init();
	root = page_take(pid, PAGE_L0, 0);
	MUST(root >= 0);
	procs[pid].root = (pn_t)root;
	contexts[pid].pid = pid;
	frame = page_take(pid, PAGE_FRAME, WORLD_UVA);
	MUST(frame >= 0);
	MUST(!vm_map(pid, (pn_t)root, WORLD_UVA, page_pa((pn_t)frame), VM_RW | VM_EL0));
	pte_publish();
	memcpy(procs[pid].name, "first", 6);
	context_init(&contexts[pid], WORLD_UVA, WORLD_UVA + PAGE_SIZE, 0);
	contexts[pid].el1.ttbr0_el1 = asid_start(pid);
#if LAB >= 5
	vgic_reset(pid);
#endif
	ready_add(pid);
	proc_run_next();
	context_switch(NULL, current);
}

#if LAB >= 5
static struct range at(pa_t start, u64 size)
{
	return (struct range){ start, start + size };
}

void world_gic(void)
{
	struct board_gic *b = &board.gic;

	*b = (struct board_gic){ .version = model.gic.version,
		                 .dist = at(0x08000000, 0x10000),
		                 .maintenance = 25,
		                 .uart = 33,
		                 .el1_timer = 30,
		                 .el2_timer = 26 };
	if (b->version == 3) {
		b->redist[b->nredist++] = at(0x080a0000, 0x40000);
		return;
	}
	b->cpu = at(0x08010000, 0x10000);
	b->hyp = at(0x08030000, 0x10000);
	b->vcpu = at(0x08040000, 0x10000);
}
#endif

i64 world_call(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	typedef i64 (*handler)(u64, u64, u64, u64, u64, u64);
	struct context *from = current;
	i64 result = -ENOSYS;

	memcpy(from->frame.x, (u64[]){ a0, a1, a2, a3, a4, a5, 0, 0, number }, 9 * sizeof(u64));
	if (number < NHYPERCALL)
		result = ((handler)hypercall_table[number])(a0, a1, a2, a3, a4, a5);
	if (current == from) {
		from->frame.x[0] = (u64)result;
	} else {
		from->frame.x[0] = (u64)result; /* what it would find, unless a message comes */
		proc_switch(from);
	}
	return result;
}

void world_event(void (*event)(void))
{
	struct context *from = current;

	event();
	proc_switch(from);
}

#if LAB >= 5
int world_interrupts(void)
{
	int taken;

	for (taken = 0; model_irq_line(); taken++) {
		if (taken == 1000)
			model_fail("a thousand interrupts, and still one is signalled");
		world_event(irq_handle);
	}
	model_check_gic();
	return taken;
}

void world_open(void)
{
	if (gic.version == 2 && !(current->uses & USES_GIC))
		MUST(CALL(map_gicv, world_table((u64)current->pid, WORLD_UVA, 3), 511) == 0);
	else if (!(current->uses & USES_GIC))
		irq_open(current);
	model_virq_open();
	world_interrupts();
}
#endif

pn_t world_free_page(void)
{
	static pn_t next;
	u32 tried;

	for (tried = 0; tried < page_count(); tried++) {
		next = (next + 1) % page_count();
		if (pages[next].type == PAGE_FREE)
			return next;
	}
	model_fail("no page is free");
}

u64 world_free_pid(void)
{
	u64 pid;

	for (pid = 1; pid < NPROC; pid++)
		if (procs[pid].state == PROC_FREE)
			return pid;
	model_fail("no pid is free");
}

pn_t world_table(u64 pid, uva_t uva, int level)
{
	pn_t pn;
	const uva_t first = level ? uva & ~0UL << (PAGE_SHIFT + 9 * (4 - level)) : 0;

	for (pn = 0; pn < page_count(); pn++)
		if (pages[pn].owner == pid && pages[pn].type == PAGE_L0 + level &&
		    pages[pn].va == first)
			return pn;
	model_fail("process %lu has no table of level %d for 0x%lx", pid, level, uva);
}

pn_t world_child(u64 pid)
{
	pn_t table = world_free_page(), page;
	u64 level;

	MUST(CALL(clone, pid, table) == (i64)pid);
	for (level = 1; level <= 3; level++, table = page) {
		const u64 index = WORLD_UVA >> (PAGE_SHIFT + 9 * (4 - level)) & 511;

		page = world_free_page();
		MUST(CALL(alloc_table, pid, level, table, index, page) == 0);
	}
	page = world_free_page();
	MUST(CALL(alloc_frame, pid, table, 0, page, VM_RW) == 0);
	return page;
}
