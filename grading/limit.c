/*
 * A QEMU plugin that bounds a run in guest instructions and remembers where the guest was.
 *
 * Arguments: limit=N    end QEMU with status 124 after N guest instructions (0: never)
 *            grace=N    and N instructions after the first entry of an end=ADDR, which a sound kernel never leaves
 *            out=FILE   a struct report that changes while the guest runs, so that it can be read however QEMU ends
 *            mark=ADDR  a guest address; for each entry the address it was entered from is noted
 *            step=ADDR  up to 48 of them: the order of their first entries is noted
 *            ask=FD     a socket: before the end write one byte there, enum reason, and read one; 1 grants another N
 *                       instructions
 *            turn=N     every N instructions make the CPU pause: while QEMU records, a CPU that nothing
 *                       interrupts never lets the rest of QEMU have a turn, to see input or to end
 * A CPU that takes exceptions without ever returning from one ends the run as well: see on_exception.
 * Counting is by translation block, so an exception in the middle of a block counts the whole block. With
 * -icount the numbers are the same in every run. The guest cannot see or influence any of this.
 */
#include "blocks.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

enum { RING = 64, CPUS = 64, MARKS = 8, STEPS = 48, ENDS = 4, LIMIT_STATUS = 124 };
enum {
	STORM = 100000,
	STORM_LENGTH = 50
}; /* exceptions without a return, instructions each at most */
enum reason { RUNS, AT_LIMIT, AFTER_END, IN_STORM };

/* What plugin.py reads. */
struct report {
	uint64_t count;     /* instructions that ran */
	uint64_t last;      /* address of the last one, of whichever CPU */
	uint64_t reason;    /* why the plugin ended the run */
	uint64_t ring_used; /* how many blocks ran; a repeated block counts once */
	uint64_t ring[RING];
	uint64_t marks;
	uint64_t marked[MARKS];
	uint64_t steps;          /* how many of the steps were entered, */
	uint64_t step[STEPS];    /* and which, in that order */
	uint64_t cpu_last[CPUS]; /* address of each CPU's last instruction, 0 when none ran */
};

/* Exceptions of one CPU since its last ERET. */
struct storm {
	uint64_t exceptions, since;
};

static struct report own_report, *report = &own_report; /* in the file when there is one */
static uint64_t limit, grace, budget, turn, next_turn, mark, ends[ENDS], steps[STEPS];
static unsigned int end_count, step_count;
static bool ending;
static int ask_fd = -1;
static qemu_plugin_id_t own_id;
static const struct block *latest[CPUS];
static uint64_t newest = 1; /* in the ring; 1 is no address of a block */
static struct storm storms[CPUS];

static void share_report(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	void *page = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(*report)) == 0)
		page = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (page != MAP_FAILED)
		report = page;
}

/* The run is over, unless the harness still has input for the guest and grants more. */
static void end_run(enum reason reason)
{
	char question = (char)reason, answer = 0;

	report->reason = reason;
	if (ask_fd >= 0 && write(ask_fd, &question, 1) == 1 && read(ask_fd, &answer, 1) == 1 &&
	    answer == 1) {
		report->reason = RUNS;
		budget = report->count + limit;
		return;
	}
	_exit(LIMIT_STATUS);
}

/*
 * An exception takes a few instructions to handle at the least, and ends with an ERET. A CPU that takes one after the
 * other with neither faults in its own vectors, which can last for ever and is slow.
 */
static void on_exception(struct storm *storm)
{
	if (storm->exceptions++ == 0)
		storm->since = report->count;
	if (storm->exceptions < STORM)
		return;
	if (report->count - storm->since < (uint64_t)STORM * STORM_LENGTH)
		end_run(IN_STORM);
	storm->exceptions = 0;
}

static void start(qemu_plugin_id_t id);

/* QEMU stops the CPU to reset a plugin; what it has translated is dropped, and on_translate sees it again. */
static void pause_cpu(void)
{
	next_turn = report->count + turn;
	qemu_plugin_reset(own_id, start);
}

static void on_block(unsigned int cpu, void *data)
{
	const struct block *block = data, *before = latest[cpu % CPUS];
	struct report *seen = report;
	uint64_t address = block->address;

	if (before && !block_follows(before, address))
		on_exception(&storms[cpu % CPUS]);
	else if (block->eret)
		storms[cpu % CPUS].exceptions = 0;
	latest[cpu % CPUS] = block;
	seen->last = seen->cpu_last[cpu % CPUS] = block->last;
	if (address != newest) {
		newest = address;
		seen->ring[seen->ring_used++ % RING] = address;
	}
	seen->count += block->length;
	if (turn && seen->count >= next_turn)
		pause_cpu();
	if (budget && seen->count > budget)
		end_run(ending ? AFTER_END : AT_LIMIT);
}

/* Entered for the blocks at these addresses only, before on_block. */
static void on_mark(unsigned int cpu, void *data)
{
	(void)data;
	if (report->marks < MARKS)
		report->marked[report->marks++] = report->cpu_last[cpu % CPUS];
}

static void on_step(unsigned int cpu, void *data)
{
	uint64_t index = (uintptr_t)data;

	(void)cpu;
	for (uint64_t i = 0; i < report->steps; i++)
		if (report->step[i] == index)
			return;
	report->step[report->steps++] = index;
}

static void on_end(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	if (!ending && grace && budget && report->count + grace < budget)
		budget = report->count + grace;
	ending = true;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = block_new(tb);

	(void)id;
	if (mark && block->address == mark)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_mark, QEMU_PLUGIN_CB_NO_REGS, NULL);
	for (uintptr_t i = 0; i < step_count; i++)
		if (block->address == steps[i])
			qemu_plugin_register_vcpu_tb_exec_cb(tb, on_step, QEMU_PLUGIN_CB_NO_REGS,
			                                     (void *)i);
	for (unsigned int i = 0; i < end_count; i++)
		if (block->address == ends[i])
			qemu_plugin_register_vcpu_tb_exec_cb(tb, on_end, QEMU_PLUGIN_CB_NO_REGS,
			                                     NULL);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void start(qemu_plugin_id_t id)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
}

/* The second argument describes the target; nothing of it is needed. */
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG,
	      9); /* SIGKILL: a guest that idles for ever outlives no harness, however that ended */
#endif
	for (int i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		uint64_t number = value ? strtoull(value + 1, NULL, 0) : 0;

		if (!strncmp(argv[i], "limit=", 6))
			budget = limit = number;
		else if (!strncmp(argv[i], "grace=", 6))
			grace = number;
		else if (!strncmp(argv[i], "out=", 4))
			share_report(value + 1);
		else if (!strncmp(argv[i], "turn=", 5))
			turn = next_turn = number;
		else if (!strncmp(argv[i], "mark=", 5))
			mark = number;
		else if (!strncmp(argv[i], "end=", 4) && end_count < ENDS)
			ends[end_count++] = number;
		else if (!strncmp(argv[i], "step=", 5) && step_count < STEPS)
			steps[step_count++] = number;
		else if (!strncmp(argv[i], "ask=", 4))
			ask_fd = (int)number;
		else {
			fprintf(stderr, "limit.c: unknown argument %s\n", argv[i]);
			return -1;
		}
	}
	own_id = id;
	start(id);
	return 0;
}
