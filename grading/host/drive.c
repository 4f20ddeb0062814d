/*
 * Processes without their code: what they do is what tests let them do. Registers live in contexts[].frame, those of
 * the current process too; what the assembly leaves in the CPU is hidden from the handler meanwhile.
 */
#include "unit.h"
#include "drive.h"

#include <hv8/hypercall.h>
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

const char *drive_name(u64 number)
{
	return number < NHYPERCALL ? names[number] : "no hypercall";
}

void drive_begin(void)
{
	memset(waits_in, 0, sizeof(waits_in));
}

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

void drive_must_hold(const char *when)
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
	         drive_name(number), cpu.x[0], cpu.x[1], cpu.x[2], cpu.x[3], cpu.x[4], cpu.x[5],
	         result, caller);
	drive_must_hold(when);
}

static void rules_hold(void)
{
	model_check_tables();
	model_check_tlb();
	model_check_gic();
}

/* Another process is current: its call may be over now. */
static void move_cpu(struct context *from)
{
	proc_switch(from);
	if (waits_in[current->pid])
		record(waits_in[current->pid], (i64)current->frame.x[0]);
	waits_in[current->pid] = 0;
}

void drive_switch(struct context *from, const char *name)
{
	char when[100];

	if (current != from)
		move_cpu(from);
	snprintf(when, sizeof(when), "behind %s of process %d", name, from->pid);
	drive_must_hold(when);
	rules_hold();
}

void event(void (*what)(void), const char *name)
{
	struct context *caller = current;

	cpu = caller->frame;
	hide(&caller->frame);
	what();
	complete(&caller->frame);
	if (memcmp(&caller->frame, &cpu, sizeof(cpu)))
		model_fail("%s has changed a register of process %d", name, caller->pid);
	drive_switch(caller, name);
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
		model_fail("%s has changed a register of its caller", drive_name(number));
	frame->x[0] = (u64)result;
	if (current == caller) {
		record(number, result);
	} else {
		if (procs[caller->pid].state == PROC_WAITING)
			waits_in[caller->pid] = number;
		else
			record(number, result);
		move_cpu(caller);
	}
	must_hold_behind(number, result, caller->pid);
	rules_hold();
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
