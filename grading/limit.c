/*
 * A QEMU plugin that bounds a run in guest instructions and remembers where the guest was.
 *
 * Arguments: limit=N   end QEMU with status 124 after N guest instructions (0: never)
 *            out=FILE  a text file written at the end: instructions, reason, the latest blocks, entries of the mark
 *            mark=ADDR a guest address; for each entry the address it was entered from is noted
 *            live=FILE the count so far, as 8 bytes that change while the guest runs
 *            ask=FD    a socket: at the limit write one byte there and read one; 1 grants another N instructions
 * Counting is by translation block, so an exception in the middle of a block counts the whole block. With
 * -icount the numbers are the same in every run. The guest cannot see or influence any of this.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* QEMU's plugin interface, as far as it is used here: Debian packages no header for it. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*tb_exec_cb_t)(unsigned int cpu, void *data);
typedef void (*atexit_cb_t)(qemu_plugin_id_t id, void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, tb_exec_cb_t cb,
                                          enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, atexit_cb_t cb, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION 1 /* 1: QEMU 7.2 to 8.x, 2: QEMU 9.0 and later */
#endif
#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = PLUGIN_VERSION;

enum { RING = 64, CPUS = 64, MARKS = 8, LIMIT_STATUS = 124 };

static uint64_t own_count, *count = &own_count; /* in the live file when there is one */
static uint64_t limit, budget, mark;
static const char *out_path;
static int ask_fd = -1;
static uint64_t ring[RING];      /* blocks in the order they ran; a repeated block counts once */
static uint64_t ring_used;       /* how many ran */
static uint64_t last_insn[CPUS]; /* per CPU: address of the latest block's last instruction */
static uint64_t marked[MARKS];
static unsigned int marks;

static void share_count(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	void *page = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(*count)) == 0)
		page = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (page != MAP_FAILED)
		count = page;
}

static void write_report(const char *reason)
{
	FILE *out = out_path ? fopen(out_path, "w") : NULL;

	if (!out)
		return;
	fprintf(out, "instructions %" PRIu64 "\nreason %s\n", *count, reason);
	for (unsigned int i = 0; i < marks; i++)
		fprintf(out, "mark 0x%" PRIx64 "\n", marked[i]);
	for (uint64_t i = ring_used; i > 0 && i + RING > ring_used; i--)
		fprintf(out, "block 0x%" PRIx64 "\n", ring[(i - 1) % RING]);
	fclose(out);
}

/* The limit is reached: the harness may still have input for the guest, and then grants more. */
static void at_limit(void)
{
	char answer = 0;

	if (ask_fd >= 0 && write(ask_fd, "?", 1) == 1 && read(ask_fd, &answer, 1) == 1 &&
	    answer == 1) {
		budget = *count + limit;
		return;
	}
	write_report("limit");
	_exit(LIMIT_STATUS);
}

/* A block is packed in the callback's pointer: its address (54 bits, sign extended) and its length (10 bits). */
static void on_block(unsigned int cpu, void *data)
{
	uint64_t address = (uint64_t)((int64_t)(uintptr_t)data >> 10);
	uint64_t length = (uintptr_t)data & 0x3ff;

	if (address == mark && mark && marks < MARKS)
		marked[marks++] = last_insn[cpu % CPUS];
	last_insn[cpu % CPUS] = address + 4 * (length - 1);
	if (!ring_used || ring[(ring_used - 1) % RING] != address)
		ring[ring_used++ % RING] = address;
	*count += length;
	if (limit && *count > budget)
		at_limit();
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t packed = qemu_plugin_tb_vaddr(tb) << 10 | (qemu_plugin_tb_n_insns(tb) & 0x3ff);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS,
	                                     (void *)(uintptr_t)packed);
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	write_report("exit");
}

/* The second argument describes the target; nothing of it is needed. */
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "limit=", 6))
			budget = limit = strtoull(argv[i] + 6, NULL, 0);
		else if (!strncmp(argv[i], "out=", 4))
			out_path = strdup(argv[i] + 4);
		else if (!strncmp(argv[i], "live=", 5))
			share_count(argv[i] + 5);
		else if (!strncmp(argv[i], "mark=", 5))
			mark = strtoull(argv[i] + 5, NULL, 0);
		else if (!strncmp(argv[i], "ask=", 4))
			ask_fd = atoi(argv[i] + 4);
		else {
			fprintf(stderr, "limit.c: unknown argument %s\n", argv[i]);
			return -1;
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
