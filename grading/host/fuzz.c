/*
 * Hostile processes: sequences of hypercalls, mostly nearly right, over the model machine. Behind each call every
 * invariant holds, the tables and the TLB obey the rules, and a refused call has changed nothing.
 *
 * Bytes choose what happens: random ones (fuzz --calls N), a fuzzer's (libFuzzer, built with -DLIBFUZZER), or those of a
 * file that a finding has left (fuzz FILE), which shows each call.
 */
#define _GNU_SOURCE /* memmem */
#include "fuzz.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/hypercall.h>
#include <hv8/irq.h>
#include <machine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ROUND_CALLS 500   /* then a new world */
#define ROUND_BYTES 65536 /* that a round uses at most */

extern struct file files[NFILE];

static const char *const names[NHYPERCALL] = {
#define HYPERCALL(number, name, ...) [number] = #name,
#include <uapi/hypercall.def>
#undef HYPERCALL
};

/* ---- where the bytes come from --------------------------------------------------------------- */

static u8 bytes[ROUND_BYTES]; /* of this round: what a finding is repeated with */
static size_t nbytes, used;
static bool random_bytes, verbose;
static const char *finding = "finding.bin";
static u64 seed_state;

static u64 random64(void)
{
	seed_state ^= seed_state << 13;
	seed_state ^= seed_state >> 7;
	return seed_state ^= seed_state << 17;
}

static bool finished(void)
{
	return random_bytes ? used + 128 > ROUND_BYTES : used >= nbytes;
}

u8 take(void)
{
	if (random_bytes && used == nbytes)
		bytes[nbytes++] = (u8)(random64() >> 32);
	return used < nbytes ? bytes[used++] : 0;
}

/* ---- a finding ------------------------------------------------------------------------------- */

static char what[160] = "the beginning"; /* the latest call */

#ifndef STANDALONE_FAIL
void model_fail(const char *format, ...)
{
	va_list arguments;
	FILE *file;

	fflush(stdout);
	fprintf(stderr, "model: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nbehind %s\nthe console: ", what);
	fwrite(model.uart.sent, 1, model.uart.nsent, stderr);
	fprintf(stderr, "\n");
#ifdef LIBFUZZER
	abort(); /* libFuzzer keeps the input */
#else
	file = random_bytes ? fopen(finding, "wb") : NULL;
	if (file) {
		fwrite(bytes, 1, used, file);
		fclose(file);
		fprintf(stderr, "to repeat it: make fuzz FINDING=%s\n", finding);
	} else if (random_bytes) {
		fprintf(stderr, "cannot write %s: %s\n", finding, strerror(errno));
	}
	exit(1);
#endif
}
#endif

/* ---- one step -------------------------------------------------------------------------------- */

static struct {
	struct page pages[FUZZ_PAGES];
	struct proc procs[NPROC];
	struct file files[NFILE];
	struct irq irqs[NIRQ];
	struct vgic vgics[NPROC];
	struct context *current;
} before;

static void snapshot(void)
{
	memcpy(before.pages, pages, sizeof(before.pages));
	memcpy(before.procs, procs, sizeof(before.procs));
	memcpy(before.files, files, sizeof(before.files));
	memcpy(before.irqs, irqs, sizeof(before.irqs));
	memcpy(before.vgics, vgics, sizeof(before.vgics));
	before.current = current;
}

static bool unchanged(void)
{
	return before.current == current && !memcmp(before.pages, pages, sizeof(before.pages)) &&
	       !memcmp(before.procs, procs, sizeof(before.procs)) &&
	       !memcmp(before.files, files, sizeof(before.files)) &&
	       !memcmp(before.irqs, irqs, sizeof(before.irqs)) &&
	       !memcmp(before.vgics, vgics, sizeof(before.vgics));
}

static u64 calls, refused, totals[NHYPERCALL], successes[NHYPERCALL];

/* A frame that has just been given is zero; then it gets its owner's mark, which nobody else may ever see fresh. */
static void new_frame(u64 pn)
{
	u64 *words = pa_pointer(page_pa((pn_t)pn));

	if (words[0] || words[256] || words[511] || memcmp(words, words + 1, PAGE_SIZE - 8))
		model_fail("page %lu was given with 0x%lx of a former owner in it", pn, words[0]);
	words[0] = words[256] = words[511] = 0xdead000000000000 | pages[pn].owner;
}

/* Whether, before the call, page @p pn was the caller's, or also its embryo's. */
static bool had(u64 pn, bool embryo_too)
{
	const u32 me = (u32)before.current->pid,
		  owner = pn < FUZZ_PAGES ? before.pages[pn].owner : 0;

	return owner == me || (embryo_too && before.procs[owner].state == PROC_EMBRYO &&
	                       before.procs[owner].parent == me);
}

/* Whether interrupt @p intid was the caller's. */
static bool owned(u64 intid)
{
	return before.irqs[intid % NIRQ].owner == (u32)before.current->pid;
}

/* Nobody has power over another's page or interrupt: said again here, apart from the kernel's own checks. */
static bool allowed(u64 number, const u64 a[6])
{
	switch (number) {
	case HC_alloc_table:
		return had(a[2], true);
	case HC_alloc_frame:
		return had(a[1], true);
	case HC_copy_frame:
		return had(a[0], false) && had(a[2], true);
	case HC_protect_frame:
	case HC_free_frame:
	case HC_free_table:
		return had(a[0], true) && had(a[2], true);
	case HC_map_pages:
	case HC_map_procs:
	case HC_map_files:
	case HC_map_vectors:
	case HC_map_irqs:
	case HC_map_gicv:
	case HC_unmap_kernel:
		return had(a[0], true);
	case HC_recv:
		return a[1] == NONE || had(a[1], false);
	case HC_call:
	case HC_reply_wait:
		return (a[2] == NONE || had(a[2], false)) && (a[4] == NONE || had(a[4], false));
	case HC_send:
		return a[2] == NONE || had(a[2], false);
	case HC_dmesg:
		return had(a[0], false);
	case HC_alloc_irq:
		return before.irqs[a[0] % NIRQ].type == IRQ_FREE;
	case HC_reclaim_irq:
		return owned(a[0]) ||
		       before.procs[before.irqs[a[0] % NIRQ].owner].state == PROC_ZOMBIE;
	case HC_ack_irq:
	case HC_irq_priority:
		return a[0] < 16 || a[0] == IRQ_TIMER || owned(a[0]);
	default:
		return true;
	}
}

static void fault(void)
{
	proc_kill("by the fuzzer");
}

/* Something other than a hypercall. */
static void step_event(u8 kind)
{
	u32 index;
	const char *broken, *name = "irq";
	const pid_t pid = current->pid;

	if (kind >= 254 && pid == INIT_PID)
		return; /* the world is over too soon */
	if (kind < 242)
		name = fuzz_irq(kind);
	else
		world_event(kind < 248 ? proc_yield : kind < 254 ? fp_take : fault);
	snprintf(what, sizeof(what), "process %d: %s", pid,
	         kind < 242   ? name
	         : kind < 248 ? "wfi"
	         : kind < 254 ? "fp"
	                      : "fault");
	if (verbose)
		printf("%s; process %d runs\n", what, current->pid);
	broken = invariants_check(&index);
	if (broken)
		model_fail("%s(%u) does not hold", broken, index);
}

/* Nearly a hypercall of @p number that could succeed. */
static void step_call(u64 number)
{
	u64 a[6];
	i64 result;

	choose(number, a);
	if ((number == HC_exit || number == HC_poweroff) && current->pid == INIT_PID)
		return; /* the world is over too soon */
	if (number == HC_recv && procs[0].next == 0 && take() >= 16)
		return; /* nobody would be left to send */
	if (number == HC_wait && take() >= (procs[0].next ? 64 : 8))
		return; /* nor to wake */
	snprintf(what, sizeof(what), "process %d: %s(0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx)",
	         current->pid, number < NHYPERCALL ? names[number] : "no hypercall", a[0], a[1],
	         a[2], a[3], a[4], a[5]);
	snapshot();
	result = world_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (verbose)
		printf("%s = %ld; process %d runs\n", what, (long)result, current->pid);
	if (number < NHYPERCALL) {
		totals[number]++;
		successes[number] += result >= 0;
	}
	if (result < 0) {
		refused++;
		/* reply_wait has sent before it is interrupted. */
		if (!unchanged() && !(number == HC_reply_wait && result == -EINTR))
			model_fail("a refused call (%ld) has changed something", (long)result);
	} else {
		if (!allowed(number, a))
			model_fail("process %d has used what is not its own", before.current->pid);
		if (number == HC_alloc_frame)
			new_frame(a[3]);
	}
}

static void step(void *unused)
{
	const u8 kind = take();

	calls++;
	model.asleep = fuzz_asleep;
	if (kind < 4 * NHYPERCALL)
		step_call(kind % NHYPERCALL);
	else if (kind < 4 * NHYPERCALL + 4)
		step_call(wild());
	else
		step_event(kind);
	if (irq_on && take() % 8)
		world_interrupts(); /* nearly always at once, as the hardware does */
	model_check_tables();
	model_check_tlb();
	model_check_gic();
}

/* Whether the kernel has printed @p text; processes print anything, zeros too. */
static bool said(const char *text)
{
	return memmem(model.uart.sent, model.uart.nsent, text, strlen(text)) != NULL;
}

/* One world; ends when the bytes do, or when all processes wait. */
static void world(void)
{
	u32 i;

	model_reset();
	model.speculates = true;
	used = 0;
	fuzz_irq_begin();
	world_boot(FUZZ_PAGES);
	for (i = 2; i <= 5; i++) {
		new_frame(world_child(i));
		if (i != 5)
			CALL(set_runnable, i);
	}
	new_frame((u64)page_at(model_translate(1, WORLD_UVA).pa));
	for (i = 0; !finished() && (!random_bytes || i < ROUND_CALLS); i++) {
		enum model_stop stop;

		if (i % 256 == 0)
			model_progress("call", calls);
		stop = model_run(step, NULL);
		if (stop == MODEL_RETURNED)
			continue;
		if (stop == MODEL_WFI && irq_on)
			break; /* all sleep, and what could wake one does not happen */
		if (stop != MODEL_OFF || said("hv8: panic") || !said("hv8: no process is left"))
			model_fail("the machine stopped (%d)", stop);
		break;
	}
	model.uart.lost = 0;
}

#ifdef LIBFUZZER
/* The calls of all processes that fuzz in this directory, added up in a file. */
static u64 *all_calls(void)
{
	const int file = open("calls", O_RDWR | O_CREAT, 0666);
	void *shared = MAP_FAILED;

	if (file >= 0 && ftruncate(file, sizeof(u64)) == 0)
		shared = mmap(NULL, sizeof(u64), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (shared == MAP_FAILED) {
		fprintf(stderr, "fuzz: cannot count in the file calls: %s\n", strerror(errno));
		exit(2);
	}
	return shared;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u64 *all;

	if (!all) {
		all = all_calls();
		model_start_alarm("fuzz");
	}
	nbytes = size < ROUND_BYTES ? size : ROUND_BYTES;
	memcpy(bytes, data, nbytes);
	calls = 0;
	world();
	__atomic_add_fetch(all, calls, __ATOMIC_RELAXED);
	return 0;
}
#else
static void repeat(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file) {
		fprintf(stderr, "fuzz: cannot read %s: %s\n", path, strerror(errno));
		exit(2);
	}
	nbytes = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	verbose = true;
	world();
	printf("%s: no finding in %lu calls\n", path, calls);
}

int main(int argc, char **argv)
{
	u64 wanted = 0, seconds = 0, seed = 1, worlds, number;
	time_t start = time(NULL);
	int i;

	model_start_alarm("fuzz");
	for (i = 1; i < argc && argv[i][0] == '-'; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		char *end;
		u64 parsed = strtoull(value, &end, 0);

		if (!strcmp(argv[i], "--finding"))
			finding = value;
		else if (*end || !*value)
			break;
		else if (!strcmp(argv[i], "--calls"))
			wanted = parsed;
		else if (!strcmp(argv[i], "--seconds"))
			seconds = parsed;
		else if (!strcmp(argv[i], "--seed"))
			seed = parsed;
		else
			break;
	}
	if (i < argc && argv[i][0] != '-') {
		for (; i < argc; i++)
			repeat(argv[i]);
		return 0;
	}
	if (i < argc || (!wanted && !seconds)) {
		fprintf(stderr,
		        "usage: fuzz --calls N | --seconds N  [--seed N] [--finding FILE]\n       fuzz FILE...\n");
		return 2;
	}
	random_bytes = true;
	for (worlds = 0; calls < wanted || (u64)(time(NULL) - start) < seconds; worlds++) {
		seed_state = (seed + worlds) * 0x9e3779b97f4a7c15 | 1;
		nbytes = 0;
		world();
	}
	for (number = 0; number < NHYPERCALL; number++) {
		printf("  %-14s %9lu calls, %9lu succeeded\n", names[number], totals[number],
		       successes[number]);
		if (wanted >= 1000000 && !successes[number] && number != HC_poweroff) {
			fprintf(stderr, "fuzz: %s never succeeded: the fuzzer has lost its way\n",
			        names[number]);
			return 1;
		}
	}
	printf("%lu calls in %lu worlds, %lu refused, no finding (seed %lu)\n", calls, worlds,
	       refused, seed);
	return 0;
}
#endif
