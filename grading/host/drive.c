/*
 * Processes without their code: what they do is what tests let them do. Registers live in contexts[].frame, those of
 * the current process too; what the assembly leaves in the CPU is hidden from the handler meanwhile.
 */
#include "unit.h"
#include "drive.h"

#include <hv8/asid.h>
#include <hv8/board.h>
#include <hv8/hypercall.h>
#include <hv8/page.h>
#include <hv8/pl011.h>
#include <hv8/vm.h>
#include <machine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STALE 0x57a1e57a1e57a1e5 /* what is in the frame of a register that was not saved */

static const char *const names[NHYPERCALL] = {
#define HYPERCALL(number, name, ...) [number] = #name,
#include <uapi/hypercall.def>
#undef HYPERCALL
};

/* ---- which call had which result, for documented.py ------------------------------------------- */

static bool results[NHYPERCALL][64];  /* [call][0 or the error] */
static u64 waits_in[NPROC];           /* the call whose result a waiting process will find */
extern char *program_invocation_name; /* glibc's */
static bool any_result;

static void record(u64 number, i64 result)
{
	if (number >= NHYPERCALL)
		return;
	if (result < -63)
		model_fail("%s returned %ld, which is no error", names[number], result);
	results[number][result < 0 ? -result : 0] = true;
	any_result = true;
}

__attribute__((destructor)) static void write_results(void)
{
	char path[500];
	FILE *file;
	int number, error;

	if (!any_result)
		return;
	snprintf(path, sizeof(path), "%s.calls", program_invocation_name);
	file = fopen(path, "w");
	if (!file)
		return;
	for (number = 0; number < NHYPERCALL; number++)
		for (error = 0; error < 64; error++)
			if (results[number][error])
				fprintf(file, "%s %d\n", names[number], error);
	fclose(file);
}

/* ---- el1.S and clone.S ------------------------------------------------------------------------ */

static struct trap_frame cpu; /* the caller's registers */

/* x20-x29, ELR and SPSR: C keeps them, and they are saved only if another process will run. */
static void complete(struct trap_frame *frame)
{
	memcpy(&frame->x[20], &cpu.x[20], 10 * sizeof(u64));
	frame->elr = cpu.elr;
	frame->spsr = cpu.spsr;
}

static void hide(struct trap_frame *frame)
{
	int i;

	for (i = 20; i < 30; i++)
		frame->x[i] = STALE;
	frame->elr = frame->spsr = STALE;
}

static void must_hold(const char *when)
{
	u32 index;
	const char *broken = invariants_check(&index);

	if (broken)
		model_fail("%s(%u) does not hold %s", broken, index, when);
}

static void must_hold_behind(u64 number, i64 result, pid_t caller)
{
	char when[200];

	snprintf(when, sizeof(when),
	         "behind %s(0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx) = %ld of process %d",
	         number < NHYPERCALL ? names[number] : "no hypercall", cpu.x[0], cpu.x[1], cpu.x[2],
	         cpu.x[3], cpu.x[4], cpu.x[5], result, caller);
	must_hold(when);
}

i64 drive_array(u64 number, const u64 arguments[6])
{
	struct context *caller = current;
	struct trap_frame *frame = &caller->frame;
	const u64 *a = arguments;
	i64 result = -ENOSYS;
	typedef i64 handler(u64, u64, u64, u64, u64, u64);

	memcpy(frame->x, arguments, 6 * sizeof(u64));
	frame->x[8] = number;
	cpu = *frame;
	hide(frame);
	if (number == HC_clone)
		complete(frame); /* as clone.S does */
	if (number < NHYPERCALL)
		result = ((handler *)hypercall_table[number])(a[0], a[1], a[2], a[3], a[4], a[5]);
	complete(frame);
	if (memcmp(frame, &cpu, sizeof(cpu)))
		model_fail("%s has changed a register of its caller",
		           number < NHYPERCALL ? names[number] : "?");
	frame->x[0] = (u64)result;
	if (current == caller) {
		record(number, result);
	} else {
		if (procs[caller->pid].state == PROC_WAITING)
			waits_in[caller->pid] = number;
		else
			record(number, result);
		proc_switch(caller);
		if (waits_in[current->pid])
			record(waits_in[current->pid], (i64)current->frame.x[0]);
		waits_in[current->pid] = 0;
	}
	must_hold_behind(number, result, caller->pid);
	model_check_tables();
	model_check_tlb();
	return result;
}

i64 drive(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	return drive_array(number, (const u64[6]){ a0, a1, a2, a3, a4, a5 });
}

struct call {
	u64 number;
	const u64 *arguments;
};

static void do_call(void *argument)
{
	struct call *call = argument;

	drive_array(call->number, call->arguments);
}

enum model_stop drive_stop(u64 number, const u64 arguments[6])
{
	struct call call = { number, arguments };
	enum model_stop stop = model_run(do_call, &call);

	if (stop == MODEL_OFF)
		record(number, 0); /* it does not return, and that is what it promises */
	return stop;
}

/* ---- snapshots --------------------------------------------------------------------------------- */

extern u64 kernel_data[], kernel_data_end[]; /* reset.ld */
extern u64 stats[];

static const char *const registers[] = {
#define X(a, b) #a, #b,
	EL1_REGISTERS(X)
#undef X
		"cptr_el2",
	"hcr_el2",
	"sctlr_el1",
	"tcr_el1",
	"mair_el1",
};

static struct {
	u64 *data;
	u8 memory[WORLD_PAGES * PAGE_SIZE];
	u64 registers[ARRAY_SIZE(registers)];
	struct model model;
	u64 arguments[9]; /* x0-x8 of the current process */
} saved;

/* Word by word and unwatched: the redzones between the kernel's variables are read too. */
__attribute__((no_sanitize("address", "undefined"))) static void copy_data(u64 *to)
{
	const volatile u64 *from;

	for (from = kernel_data; from < kernel_data_end; from++)
		*to++ = *from;
}

__attribute__((no_sanitize("address", "undefined"))) static u64 *changed_data(void)
{
	volatile u64 *at;

	for (at = kernel_data; at < kernel_data_end; at++)
		if (*at != saved.data[at - kernel_data])
			return (u64 *)at;
	return NULL;
}

void snapshot(void)
{
	size_t i;

	if (!saved.data)
		saved.data = malloc((size_t)(kernel_data_end - kernel_data) * sizeof(u64));
	must_hold("before a call"); /* and what it counts in is as it will be behind the call */
	copy_data(saved.data);
	memcpy(saved.memory, bytes(0), page_count() * PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(registers); i++)
		saved.registers[i] = model_sysreg_read(registers[i]);
	memcpy(&saved.model, &model, sizeof(model));
	memcpy(saved.arguments, current->frame.x, sizeof(saved.arguments));
}

static void fail_at(const void *at)
{
	const struct {
		const char *name;
		const void *start;
		size_t size, unit;
	} known[] = {
		{ "pages", pages, sizeof(pages), sizeof(pages[0]) },
		{ "procs", procs, sizeof(procs), sizeof(procs[0]) },
		{ "files", files, sizeof(files), sizeof(files[0]) },
		{ "contexts", contexts, sizeof(contexts), sizeof(contexts[0]) },
		{ "current", &current, sizeof(current), sizeof(current) },
		{ "stats", stats, NSTAT * sizeof(u64), sizeof(u64) },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		const size_t offset = (size_t)((const u8 *)at - (const u8 *)known[i].start);

		if (offset < known[i].size)
			model_fail("an error has changed %s[%lu], at byte %lu of it", known[i].name,
			           offset / known[i].unit, offset % known[i].unit);
	}
	model_fail("an error has changed a variable of the kernel, %lu bytes behind kernel_data",
	           (size_t)((const u8 *)at - (const u8 *)kernel_data));
}

void unchanged(void)
{
	size_t i;
	const u64 *at;

	memcpy(current->frame.x, saved.arguments, sizeof(saved.arguments));
	at = changed_data();
	if (at)
		fail_at(at);
	for (i = 0; i < page_count(); i++)
		if (memcmp(saved.memory + i * PAGE_SIZE, bytes(i), PAGE_SIZE))
			model_fail("an error has changed the contents of page %lu", i);
	for (i = 0; i < ARRAY_SIZE(registers); i++)
		if (model_sysreg_read(registers[i]) != saved.registers[i])
			model_fail("an error has changed %s", registers[i]);
	saved.model.uart.polls =
		model.uart.polls; /* who looks whether a byte has come does nothing */
	if (memcmp(&saved.model, &model, sizeof(model)))
		model_fail("an error has done something to the machine");
}

void refuse(u64 number, const struct refusal *refusals, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const u64 *a = refusals[i].arguments;
		i64 result;

		snapshot();
		result = drive_array(number, a);
		if (result != -refusals[i].error)
			model_fail(
				"%s(0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx), refusal %lu here, gave "
				"%ld instead of %d",
				names[number], a[0], a[1], a[2], a[3], a[4], a[5], i, result,
				-refusals[i].error);
		unchanged();
	}
}

/* ---- a small machine --------------------------------------------------------------------------- */

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
	proc_run(INIT_PID);
	context_switch(NULL, current);
}

void world_of(u64 features, const char *arguments)
{
	u64 size = WORLD_PAGES * PAGE_SIZE;

	model_reset();
	memset(home, 0, sizeof(home));
	memset(waits_in, 0, sizeof(waits_in));
	model_sysreg_set("id_aa64mmfr0_el1", features);
	strcpy(board.bootargs, arguments);
	board.uart = (struct range){ model.uart.base, model.uart.base + PAGE_SIZE };
	pl011_init(model.uart.base, 24000000);
	board.memory[board.nmemory++] = (struct range){ MODEL_DRAM, MODEL_DRAM + size };
	memset((void *)MODEL_DRAM, 0xa5, size);
	proc_init();
	first_process();
	model_output();
}

/* 16 bits of ASID; 48 of physical address, as the host's addresses of the kernel's tables may have. */
void world(void)
{
	world_of(0x1125, "");
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

void family(void)
{
	world();
	embryo(2);
	child(3);
	embryo(4);
	run(3);
	embryo(5);
	run(1);
	if (hc(kill, 4))
		model_fail("an embryo does not die");
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
