/*
 * Hostile processes: sequences of hypercalls, mostly nearly right, over the model machine. Behind each call every
 * invariant holds, the tables and the TLB obey the rules, and a refused call has changed nothing.
 *
 * Bytes choose what happens: random ones (fuzz --calls N), a fuzzer's (libFuzzer, built with -DLIBFUZZER), or those of a
 * file that a finding has left (fuzz FILE), which shows each call.
 */
#define _GNU_SOURCE /* memmem */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/hypercall.h>
#include <machine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FUZZ_PAGES  96
#define ROUND_CALLS 2000  /* then a new world */
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

static u8 take(void)
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

/* ---- names for a call ------------------------------------------------------------------------ */

static u64 wild(void)
{
	static const u64 values[] = { 0,
		                      1,
		                      2,
		                      15,
		                      16,
		                      63,
		                      64,
		                      127,
		                      128,
		                      511,
		                      512,
		                      FUZZ_PAGES - 1,
		                      FUZZ_PAGES,
		                      0xffff,
		                      NPAGE - 1,
		                      NPAGE,
		                      NONE,
		                      1UL << 32,
		                      1UL << 32 | 1,
		                      1UL << 63,
		                      ~0UL };
	u8 byte = take();

	return byte < 2 * ARRAY_SIZE(values) ? values[byte / 2]
	                                     : (u64)(byte % 4) << (byte % 61) | take();
}

static u64 some_pid(void)
{
	u8 byte = take();

	return byte < 120 ? (u64)current->pid : byte < 245 ? byte % 7 : wild();
}

/* A child of the caller in @p state, or any pid. */
static u64 child(enum proc_state state)
{
	u64 i, start = take();

	for (i = 0; i < NPROC; i++) {
		const u64 pid = (start + i) % NPROC;

		if (procs[pid].state == state &&
		    (procs[pid].parent == (u32)current->pid || procs[pid].parent == 0))
			return pid;
	}
	return some_pid();
}

static u64 any_proc(enum proc_state state)
{
	u64 i, start = take();

	for (i = 0; i < NPROC; i++)
		if (procs[(start + i) % NPROC].state == state)
			return (start + i) % NPROC;
	return some_pid();
}

static bool ours(u32 pid)
{
	return pid == (u32)current->pid ||
	       (procs[pid].state == PROC_EMBRYO && procs[pid].parent == (u32)current->pid);
}

/* A page of type first..last; nearly always of the caller or its embryo. */
static u64 page_of_type(u32 first, u32 last)
{
	u32 i, start = take();
	const bool any = take() < 8;

	for (i = 0; i < page_count(); i++) {
		const u32 pn = (start + i) % page_count();

		if (pages[pn].type >= first && pages[pn].type <= last &&
		    (any || pages[pn].type == PAGE_FREE || ours(pages[pn].owner)))
			return pn;
	}
	return wild();
}

static u64 my_frame(void)
{
	u32 i, start = take();

	for (i = 0; i < page_count(); i++) {
		const u32 pn = (start + i) % page_count();

		if (pages[pn].type == PAGE_FRAME && pages[pn].owner == (u32)current->pid)
			return pn;
	}
	return wild();
}

static u64 frame_or_none(void)
{
	return take() < 160 ? NONE : my_frame();
}

static u64 my_fd(bool taken)
{
	u32 i, start = take();

	for (i = 0; i < NOFILE; i++)
		if (!procs[current->pid].fd[(start + i) % NOFILE] != taken)
			return (start + i) % NOFILE;
	return wild();
}

static u64 fd_or_none(bool taken)
{
	return take() < 160 ? NONE : my_fd(taken);
}

static u64 perm(void)
{
	u8 byte = take();

	return byte < 220 ? byte % 3 + 1 + (byte & 4) : byte % 16;
}

static u64 owner_of(u64 page)
{
	return page < page_count() ? pages[page].owner : wild();
}

/* The table and index where page @p pn is entered, as its line says. */
static void entry_of(u64 pn, u64 *table, u64 *index)
{
	static const int shifts[] = {
		[PAGE_FRAME] = 12, [PAGE_L1] = 39, [PAGE_L2] = 30, [PAGE_L3] = 21
	};
	int shift;
	u32 i;

	*table = wild();
	*index = wild();
	if (pn >= page_count() || pages[pn].type == PAGE_FREE || pages[pn].type == PAGE_L0)
		return;
	shift = shifts[pages[pn].type];
	for (i = 0; i < page_count(); i++)
		if (pages[i].type >= PAGE_L0 && pages[i].owner == pages[pn].owner &&
		    pages[i].type ==
		            (pages[pn].type == PAGE_FRAME ? PAGE_L3 : pages[pn].type - 1) &&
		    pages[i].va >> (shift + 9) == pages[pn].va >> (shift + 9))
			*table = i;
	*index = pages[pn].va >> shift & 511;
}

/* Fill in the arguments of call @p number so that it could succeed, where that is easy. */
static void choose(u64 number, u64 a[6])
{
	u32 i;

	for (i = 0; i < 6; i++)
		a[i] = 0;
	switch (number) {
	case HC_console_write:
		a[0] = WORLD_UVA + take() * 64;
		a[1] = take() % 8;
		break;
	case HC_console_read:
		if (model.uart.rx_count == 0 && take() % 2)
			model_type("x");
		break;
	case HC_alloc_table:
		a[2] = page_of_type(PAGE_L0, PAGE_L2);
		a[0] = owner_of(a[2]);
		a[1] = a[2] < page_count() ? pages[a[2]].type - PAGE_L0 + 1 : 1;
		a[3] = take() % 3;
		a[4] = page_of_type(PAGE_FREE, PAGE_FREE);
		break;
	case HC_alloc_frame:
		a[1] = page_of_type(PAGE_L3, PAGE_L3);
		a[0] = owner_of(a[1]);
		a[2] = take() % 6;
		a[3] = page_of_type(PAGE_FREE, PAGE_FREE);
		a[4] = perm();
		break;
	case HC_copy_frame:
		a[0] = my_frame();
		a[2] = page_of_type(PAGE_FRAME, PAGE_FRAME);
		a[1] = owner_of(a[2]);
		break;
	case HC_protect_frame:
	case HC_free_frame:
		a[2] = page_of_type(PAGE_FRAME, PAGE_FRAME);
		entry_of(a[2], &a[0], &a[1]);
		a[3] = number == HC_protect_frame ? perm() : 0;
		break;
	case HC_free_table:
		a[2] = page_of_type(PAGE_L1, PAGE_L3);
		entry_of(a[2], &a[0], &a[1]);
		break;
	case HC_reclaim_page:
		a[0] = take() % page_count();
		for (i = 0; i < page_count(); i++)
			if (pages[(a[0] + i) % page_count()].owner &&
			    procs[pages[(a[0] + i) % page_count()].owner].state == PROC_ZOMBIE) {
				a[0] = (a[0] + i) % page_count();
				break;
			}
		break;
	case HC_map_pages:
	case HC_map_procs:
	case HC_map_files:
	case HC_map_vectors:
	case HC_unmap_kernel:
		a[0] = page_of_type(PAGE_L3, PAGE_L3);
		a[1] = take() % 8;
		a[2] = take() % 3;
		break;
	case HC_clone:
		a[0] = take() % 12;
		a[1] = page_of_type(PAGE_FREE, PAGE_FREE);
		break;
	case HC_set_name:
		a[0] = child(PROC_EMBRYO);
		a[1] = 0x6162UL << (take() & 32);
		break;
	case HC_set_runnable:
		a[0] = child(PROC_EMBRYO);
		break;
	case HC_switch:
		a[0] = any_proc(PROC_RUNNABLE);
		break;
	case HC_kill:
		a[0] = take() < 128 ? child(PROC_WAITING) : child(take() % 6);
		break;
	case HC_reap:
	case HC_reparent:
		a[0] = child(number == HC_reap ? PROC_ZOMBIE : take() % 6);
		break;
	case HC_send:
	case HC_call:
	case HC_reply_wait:
		a[0] = any_proc(PROC_WAITING);
		a[1] = take();
		a[2] = frame_or_none();
		a[3] = fd_or_none(true);
		a[4] = frame_or_none();
		a[5] = fd_or_none(false);
		break;
	case HC_recv:
		a[0] = take() < 200 ? 0 : some_pid();
		a[1] = take() < 60 ? NONE : my_frame();
		a[2] = take() < 60 ? NONE : my_fd(false);
		break;
	case HC_wake:
		a[0] = any_proc(PROC_WAITING);
		break;
	case HC_create:
		a[0] = my_fd(false);
		a[1] = take() % 24;
		a[2] = 1 + take() % 4;
		a[3] = take();
		break;
	case HC_close:
		a[0] = take() < 128 ? (u64)current->pid : any_proc(PROC_ZOMBIE);
		a[1] = a[0] == (u64)current->pid ? my_fd(true) : take() % NOFILE;
		break;
	case HC_dup:
	case HC_dup2:
	case HC_transfer:
		a[0] = my_fd(true);
		a[1] = take() < 128 ? (u64)current->pid : child(PROC_EMBRYO);
		a[2] = take() % NOFILE;
		break;
	case HC_lseek:
		a[0] = my_fd(true);
		a[1] = take();
		break;
	case HC_console_give:
		a[0] = some_pid();
		break;
	case HC_dmesg:
		a[0] = my_frame();
		a[1] = take() % DMESG_PAGES;
		break;
	case HC_stat:
		a[0] = take() % 8;
		break;
	}
	for (i = take(); i < 32; i = 256) /* one call in eight is wrong somewhere */
		a[i % 6] = wild();
}

/* ---- one step -------------------------------------------------------------------------------- */

static struct {
	struct page pages[FUZZ_PAGES];
	struct proc procs[NPROC];
	struct file files[NFILE];
	struct context *current;
} before;

static void snapshot(void)
{
	memcpy(before.pages, pages, sizeof(before.pages));
	memcpy(before.procs, procs, sizeof(before.procs));
	memcpy(before.files, files, sizeof(before.files));
	before.current = current;
}

static bool unchanged(void)
{
	return before.current == current && !memcmp(before.pages, pages, sizeof(before.pages)) &&
	       !memcmp(before.procs, procs, sizeof(before.procs)) &&
	       !memcmp(before.files, files, sizeof(before.files));
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

static void fault(void)
{
	proc_kill("by the fuzzer");
}

static void step(void *unused)
{
	const u8 kind = take();
	const u64 number = kind < 240 ? kind % NHYPERCALL : kind < 244 ? wild() : 0;
	u64 a[6];
	i64 result;
	u32 index;
	const char *broken;

	calls++;
	if (kind >= 244) {
		snprintf(what, sizeof(what), "process %d: %s", current->pid,
		         kind < 250   ? "wfi"
		         : kind < 254 ? "fp"
		                      : "fault");
		if (kind >= 254 && current->pid == INIT_PID)
			return;
		world_event(kind < 250 ? proc_yield : kind < 254 ? fp_take : fault);
		broken = invariants_check(&index);
		if (broken)
			model_fail("%s(%u) does not hold", broken, index);
		goto rules;
	}
	choose(number, a);
	if ((number == HC_exit || number == HC_poweroff) && current->pid == INIT_PID)
		return; /* once is enough: see main */
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
		if (!unchanged())
			model_fail("a refused call (%ld) has changed something", (long)result);
	} else if (number == HC_alloc_frame) {
		new_frame(a[3]);
	}
rules:
	model_check_tables();
	model_check_tlb();
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
	world_boot(FUZZ_PAGES);
	new_frame((u64)page_at(model_translate(1, WORLD_UVA).pa));
	for (i = 0; !finished() && (!random_bytes || i < ROUND_CALLS); i++) {
		enum model_stop stop;

		if (i % 256 == 0)
			model_progress("call", calls);
		stop = model_run(step, NULL);
		if (stop == MODEL_RETURNED)
			continue;
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
