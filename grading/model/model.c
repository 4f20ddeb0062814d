/*
 * The model machine. Written from the manuals (Arm ARM DDI 0487, PL011 DDI 0183), with its own
 * constants: what the kernel believes of a register must not be what it is tested against.
 *
 * Here: power and firmware. memory.c, sysreg.c, uart.c, gic*.c, timer.c, walk.c, tlb.c: the
 * machine's parts.
 * rules.c: what no machine checks.
 */
#include "model.h"
#include "inside.h"

#include <machine.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

struct model model;
u64 changes;

/* ---- power on -------------------------------------------------------------------------------- */

/* reset.ld. Without it the machine can be switched on once. */
extern u64 kernel_data[] __attribute__((weak)), kernel_data_end[] __attribute__((weak));
extern struct board board; /* one of the kernel's variables */

static jmp_buf stop;
static bool running;
static enum model_stop stopped;
static u64 random_state;

/* Word by word and unwatched: the redzones between the kernel's variables are copied too. */
__attribute__((no_sanitize("address", "undefined"))) static void copy_words(
	volatile u64 *to, const volatile u64 *from, const volatile u64 *end)
{
	while (from < end)
		*to++ = *from++;
}

static void map_dram(void)
{
	void *dram = mmap((void *)MODEL_DRAM, MODEL_DRAM_SIZE, PROT_READ | PROT_WRITE,
	                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (dram != (void *)MODEL_DRAM) {
		fprintf(stderr, "model: the addresses from 0x%lx on are taken\n", MODEL_DRAM);
		exit(1);
	}
}

/* Put the kernel's variables back to what they are at boot. */
static void kernel_reset(void)
{
	static u64 *at_boot;
	size_t size = (size_t)((u8 *)kernel_data_end - (u8 *)kernel_data);

	if (!at_boot) {
		if ((u8 *)&board < (u8 *)kernel_data || (u8 *)&board >= (u8 *)kernel_data_end) {
			fprintf(stderr, "model: reset.ld has not found the kernel's variables\n");
			exit(1);
		}
		at_boot = malloc(size);
		copy_words(at_boot, kernel_data, kernel_data_end);
	}
	copy_words(kernel_data, at_boot, at_boot + size / 8);
}

void model_reset(void)
{
	static bool before;

	if (!before)
		map_dram();
	else if (!kernel_data)
		model_fail("a second model_reset() in a program without reset.ld");
	before = true;
	if (kernel_data)
		kernel_reset();
	madvise((void *)MODEL_DRAM, MODEL_DRAM_SIZE, MADV_DONTNEED);
	memset(&model, 0, sizeof(model));
	model.image = MODEL_DRAM + (2UL << 20);
	model.uart.base = 0x9000000;
	model.uart.cr = 0x300;
	model.uart.ifls = 0x12; /* half full */
	model.gic = (struct model_gic){ .version = 3, .nlr = 4, .single_security = true };
	changes++;
	sysreg_reset();
	tlb_reset();
	intc_reset();
	generic_timer_reset();
	random_state = 88172645463325252UL;
	running = false;
}

static int parts(struct part part[6])
{
	part[0] = intc_part();
	part[1] = virtual_part();
	part[2] = generic_timer_part();
	part[3] = sysreg_part(0);
	part[4] = sysreg_part(1);
	part[5] = sysreg_part(2);
	return 6;
}

void model_save(struct model_state *to)
{
	struct part part[6];
	size_t used = 0;
	int i, n = parts(part);

	for (i = 0; i < n; used += part[i++].size) {
		if (used + part[i].size > sizeof(*to))
			model_fail("struct model_state is too small");
		memcpy((u8 *)to + used, part[i].start, part[i].size);
	}
	memset((u8 *)to + used, 0, sizeof(*to) - used);
}

void model_restore(const struct model_state *from)
{
	struct part part[6];
	size_t used = 0;
	int i, n = parts(part);

	for (i = 0; i < n; used += part[i++].size)
		memcpy(part[i].start, (const u8 *)from + used, part[i].size);
	changes++;
}

enum model_stop model_run(void (*code)(void *), void *argument)
{
	stopped = MODEL_RETURNED;
	running = true;
	if (setjmp(stop) == 0)
		code(argument);
	running = false;
	return stopped;
}

void stop_machine(enum model_stop how, const char *what)
{
	if (!running)
		model_fail("%s; the console says: %s", what, model.uart.sent);
	stopped = how;
	longjmp(stop, 1);
}

static const char *program, *doing;
static u64 doing_number;

static void never_ends(int signal_number)
{
	char text[160];
	int length = snprintf(text, sizeof(text), "%s: endless loop; at %s %lu\n", program,
	                      doing ? doing : "test", doing_number);

	if (write(STDERR_FILENO, text, (size_t)length) < 0)
		_exit(2);
	_exit(1);
}

/* Processor time, so that a slow or busy host makes no difference. */
void model_start_alarm(const char *name)
{
	program = name;
	setvbuf(stdout, NULL, _IOLBF, 0); /* what was said before a sudden end is still said */
	signal(SIGPROF, never_ends);
	model_progress(NULL, 0);
}

void model_progress(const char *what, u64 number)
{
	static u32 calls;

	doing = what;
	doing_number = number;
	if (calls++ % 64 == 0) {
		struct itimerval limit = { .it_value = { .tv_sec = 20 } };

		setitimer(ITIMER_PROF, &limit, NULL);
	}
}

u64 model_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	return random_state ^= random_state << 17;
}

/* ---- firmware, and what is assembly in the kernel -------------------------------------------- */

/* A pending interrupt that is masked wakes the CPU too, again and again. */
void wfi(void)
{
	if (!model_irq_line() && model.asleep) {
		void (*happens)(void) = model.asleep;

		model.asleep = NULL;
		happens();
	}
	while (!model_irq_line())
		if (!generic_timer_next())
			stop_machine(MODEL_WFI, "the CPU sleeps for ever");
	if (!intc_is_ignored())
		return;
	stop_machine(MODEL_WFI, "the CPU waits for ever, and takes no interrupt");
}

/* PSCI (DEN 0022), 5.9 and 5.10. */
u64 firmware_call(bool by_hvc, u64 function, u64 a1, u64 a2, u64 a3)
{
	if (model.nfirmware < (int)ARRAY_SIZE(model.firmware)) {
		model.firmware[model.nfirmware].by_hvc = by_hvc;
		model.firmware[model.nfirmware++].function = function;
	}
	if (function == 0x84000008 && !model.cannot_power_off)
		stop_machine(MODEL_OFF, "the machine was powered off");
	if (function == 0x84000009 && !model.cannot_reset)
		stop_machine(MODEL_RESET, "the machine was reset");
	return (u64)-1;
}

struct fp_state;
u64 map_tcr(void);
pa_t map_root(void);
void image_invalidate(void);
void mmu_enable(void);
_Noreturn void el1_return(void);
i64 hypercall_clone(u64 pid, u64 root);
i64 clone_saved(u64 pid, u64 root);
void fp_save(struct fp_state *to);
void fp_load(const struct fp_state *from);

/* What mmu.S does, with the manual's values. */
void mmu_enable(void)
{
	image_invalidate();
	model_sysreg_write("mair_el2", 0x04ff);
	model_sysreg_write("tcr_el2", map_tcr());
	model_sysreg_write("ttbr0_el2", map_root());
	tlbi_alle2();
	model_sysreg_write("sctlr_el2", 0x30c50830 | 1 << 19 | 1 << 12 | 1 << 3 | 1 << 2 | 1 << 0);
}

void el1_return(void)
{
	model_check_gic();
	stop_machine(MODEL_EL1, "a process runs");
}

#if LAB >= 4
/* What clone.S does: here the whole frame is complete already. */
i64 hypercall_clone(u64 pid, u64 root)
{
	return clone_saved(pid, root);
}
#endif

void fp_save(struct fp_state *to)
{
	memcpy(to, model.fp, sizeof(model.fp));
}

void fp_load(const struct fp_state *from)
{
	memcpy(model.fp, from, sizeof(model.fp));
}
