/* The small machine of drive.h, and its processes. */
#include "unit.h"
#include "drive.h"
#include "world.h"

#include <hv8/asid.h>
#include <hv8/board.h>
#include <hv8/irq.h>
#include <hv8/pl011.h>
#include <hv8/vm.h>
#include <machine.h>
#include <string.h>

struct home home[NPROC];

u8 *bytes(u64 page)
{
	return pa_pointer(page_pa((pn_t)page));
}

bool filled(u64 page, u8 value)
{
	u64 i;

	for (i = 0; i < PAGE_SIZE; i++)
		if (bytes(page)[i] != value)
			return false;
	return true;
}

u64 free_page(void)
{
	u64 page;

	for (page = 0; page < page_count(); page++)
		if (pages[page].type == PAGE_FREE)
			return page;
	model_fail("the test has no free page left");
}

static u64 first_page(uva_t uva, int perm)
{
	u64 page = (u64)page_take(INIT_PID, PAGE_FRAME, uva);

	if (vm_map(INIT_PID, procs[INIT_PID].root, uva, page_pa((pn_t)page), perm))
		model_fail("no page for the first process");
	return page;
}

/* As proc.c loads a program, but with nothing in it. */
static void first_process(void)
{
	struct home *h = &home[INIT_PID];
	struct context *context = &contexts[INIT_PID];

	h->l0 = (u64)page_take(INIT_PID, PAGE_L0, 0);
	procs[INIT_PID].root = (pn_t)h->l0;
	strcpy(procs[INIT_PID].name, "init");
	context->pid = INIT_PID;
	h->code = first_page(CODE, VM_RX | VM_EL0);
	h->data = first_page(DATA, VM_RW | VM_EL0);
	pte_publish();
	h->l1 = (u64)vm_walk((pn_t)h->l0, CODE, 1);
	h->l2 = (u64)vm_walk((pn_t)h->l0, CODE, 2);
	h->l3 = (u64)vm_walk((pn_t)h->l0, CODE, 3);
	context_init(context, CODE, DATA + PAGE_SIZE, 0);
	context->el1.ttbr0_el1 = asid_start(INIT_PID);
	vgic_reset(INIT_PID);
	proc_run(INIT_PID);
	context_switch(NULL, current);
}

static void begin(u64 features, const char *arguments, const struct model_gic *intc)
{
	const u64 size = WORLD_PAGES * PAGE_SIZE;

	model_reset();
	memset(home, 0, sizeof(home));
	drive_begin();
	model_sysreg_set("id_aa64mmfr0_el1", features);
	strcpy(board.bootargs, arguments);
	board.uart = (struct range){ model.uart.base, model.uart.base + PAGE_SIZE };
	pl011_init(model.uart.base, 24000000);
	board.memory[board.nmemory++] = (struct range){ MODEL_DRAM, MODEL_DRAM + size };
	memset((void *)MODEL_DRAM, 0xa5, size);
	if (intc) {
		model.gic = *intc;
		world_gic();
	}
	proc_init();
	first_process();
	model_output();
}

void world_of(u64 features, const char *arguments)
{
	begin(features, arguments, NULL);
}

/* 16 bits of ASID; 48 of physical address, as the host's addresses of the kernel's tables may have. */
void world(void)
{
	begin(0x1125, "", NULL);
}

void world_irq(struct model_gic intc, const char *arguments)
{
	begin(0x1125, arguments, &intc);
}

static void must(i64 result, i64 expected, const char *what)
{
	if (result != expected)
		model_fail("%s gave %ld", what, result);
}

static u64 new_table(u64 pid, u64 level, u64 from)
{
	u64 to = free_page();

	must(hc(alloc_table, pid, level, from, vm_index(CODE, (int)level - 1), to), 0,
	     "alloc_table");
	return to;
}

static u64 new_frame(u64 pid, u64 table, uva_t uva, int perm)
{
	u64 frame = free_page();

	must(hc(alloc_frame, pid, table, vm_index(uva, 3), frame, (u64)perm), 0, "alloc_frame");
	return frame;
}

void embryo(u64 pid)
{
	struct home *h = &home[pid];

	h->l0 = free_page();
	must(hc(clone, pid, h->l0), (i64)pid, "clone");
	h->l1 = new_table(pid, 1, h->l0);
	h->l2 = new_table(pid, 2, h->l1);
	h->l3 = new_table(pid, 3, h->l2);
	h->code = new_frame(pid, h->l3, CODE, VM_RX | VM_EL0);
	h->data = new_frame(pid, h->l3, DATA, VM_RW | VM_EL0);
}

void child(u64 pid)
{
	embryo(pid);
	must(hc(set_runnable, pid), 0, "set_runnable");
}

void run(u64 pid)
{
	must(hc(switch, pid), 0, "switch");
}

void relatives(void)
{
	embryo(2);
	child(3);
	embryo(4);
	run(3);
	embryo(5);
	run(1);
	if (hc(kill, 4))
		model_fail("an embryo does not die");
}

void family(void)
{
	world();
	relatives();
}

void bury(u64 pid)
{
	u64 i;

	for (i = 0; i < page_count(); i++)
		if (pages[i].owner == pid)
			must(hc(reclaim_page, i), 0, "reclaim_page");
	for (i = 0; i < NOFILE; i++)
		if (procs[pid].fd[i])
			must(hc(close, pid, i), 0, "close");
	must(hc(reap, pid), 0, "reap");
}

struct model_translation seen(u64 pid, uva_t uva)
{
	const u64 ttbr0 = model_sysreg_read("ttbr0_el1");
	struct model_translation t;

	if (pid != (u64)current->pid)
		model_sysreg_set("ttbr0_el1", contexts[pid].el1.ttbr0_el1);
	t = model_translate(1, uva);
	model_sysreg_set("ttbr0_el1", ttbr0);
	return t;
}

u64 *fp_use(void)
{
	if (model_sysreg_read("cptr_el2") & 1 << 10) {
		model_sysreg_set("esr_el2", 0x07UL << 26);
		trap_el1(&current->frame, 0);
	}
	if (model_sysreg_read("cptr_el2") & 1 << 10)
		model_fail("FP registers still trap when they were used");
	return model.fp;
}
