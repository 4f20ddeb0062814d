/*
 * A QEMU plugin that bounds a run in guest instructions and remembers where the guest was.
 *
 * Arguments: limit=N   end QEMU with status 124 after N guest instructions (0: never)
 *            out=FILE  a struct report that changes while the guest runs, so that it can be read however QEMU ends
 *            mark=ADDR a guest address; for each entry the address it was entered from is noted
 *            ask=FD    a socket: at the limit write one byte there and read one; 1 grants another N instructions
 * Counting is by translation block, so an exception in the middle of a block counts the whole block. With
 * -icount the numbers are the same in every run. The guest cannot see or influence any of this.
 */
#include <fcntl.h>
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
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, tb_exec_cb_t cb,
                                          enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION 1 /* 1: QEMU 7.2 to 8.x, 2: QEMU 9.0 and later */
#endif
#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = PLUGIN_VERSION;

enum { RING = 64, CPUS = 64, MARKS = 8, LIMIT_STATUS = 124 };

/* What plugin.py reads. */
struct report {
	uint64_t count;     /* instructions that ran */
	uint64_t last;      /* address of the last one, of whichever CPU */
	uint64_t ring_used; /* how many blocks ran; a repeated block counts once */
	uint64_t ring[RING];
	uint64_t marks;
	uint64_t marked[MARKS];
};

static struct report own_report, *report = &own_report; /* in the file when there is one */
static uint64_t limit, budget, mark;
static int ask_fd = -1;
static uint64_t last_insn[CPUS]; /* per CPU: address of the latest block's last instruction */

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

/* The limit is reached: the harness may still have input for the guest, and then grants more. */
static void at_limit(void)
{
	char answer = 0;

	if (ask_fd >= 0 && write(ask_fd, "?", 1) == 1 && read(ask_fd, &answer, 1) == 1 &&
	    answer == 1) {
		budget = report->count + limit;
		return;
	}
	_exit(LIMIT_STATUS);
}

/* A block is packed in the callback's pointer: its address (54 bits, sign extended) and its length (10 bits). */
static void on_block(unsigned int cpu, void *data)
{
	uint64_t address = (uint64_t)((int64_t)(uintptr_t)data >> 10);
	uint64_t length = (uintptr_t)data & 0x3ff;

	if (address == mark && mark && report->marks < MARKS)
		report->marked[report->marks++] = last_insn[cpu % CPUS];
	report->last = last_insn[cpu % CPUS] = address + 4 * (length - 1);
	if (!report->ring_used || report->ring[(report->ring_used - 1) % RING] != address)
		report->ring[report->ring_used++ % RING] = address;
	report->count += length;
	if (limit && report->count > budget)
		at_limit();
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t packed = qemu_plugin_tb_vaddr(tb) << 10 | (qemu_plugin_tb_n_insns(tb) & 0x3ff);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS,
	                                     (void *)(uintptr_t)packed);
}

/* The second argument describes the target; nothing of it is needed. */
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "limit=", 6))
			budget = limit = strtoull(argv[i] + 6, NULL, 0);
		else if (!strncmp(argv[i], "out=", 4))
			share_report(argv[i] + 4);
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
	return 0;
}
