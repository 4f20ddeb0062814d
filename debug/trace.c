/*
 * A QEMU plugin that tells the time in QEMU's own log (-d int,plugin -D FILE), for trace.py.
 *
 * A line `@CPU COUNT LETTER ADDRESS` says that this CPU is at this address when COUNT instructions have begun, of all CPUs
 * together. LETTER: `b` where an exception may have brought it, behind an ERET, or where another CPU goes on; `m` at
 * an address that was asked for; `s` before an access to a system register of the GIC.
 *
 * Arguments: mark=ADDR   an address, up to 64 of them; a function that does not begin a block is not seen
 *            lines=N     end QEMU with status 124 after N lines
 *            limit=N     the same after N instructions
 *            kernel=START, kernel_end=END, vectors=ADDR   in the kernel exceptions come to these vectors alone: what
 *                        returns to another address like theirs is no exception
 * An instruction that faults counts, and counts again when it is repeated. The guest cannot see any of this.
 */
#include "blocks.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { CPUS = 64, MARKS = 64, ENDED = 124, SLOT = 0x80, VECTORS = 0x800 };

static uint64_t count, lines, line_limit, limit, marks[MARKS];
static uint64_t kernel, kernel_end, vectors;
static unsigned int mark_count, running = CPUS;
static const struct block *latest[CPUS];

static void tell(unsigned int cpu, char letter, uint64_t address)
{
	char text[64];

	snprintf(text, sizeof(text), "@%u %" PRIu64 " %c %" PRIx64 "\n", cpu, count, letter,
	         address);
	qemu_plugin_outs(text);
	if (++lines == line_limit)
		_exit(ENDED);
}

/* May an exception lead here? At EL1 and EL0 the vectors are wherever the process has them. */
static bool may_be_vector(uint64_t address)
{
	return address % SLOT == 0 && (address < kernel || address >= kernel_end ||
	                               (address >= vectors && address < vectors + VECTORS));
}

static void on_block(unsigned int cpu, void *data)
{
	const struct block *block = data, *before = latest[cpu % CPUS];
	const uint64_t address = block->address;

	latest[cpu % CPUS] = block;
	if (limit && count >= limit)
		_exit(ENDED);
	if (!before || before->eret || cpu != running ||
	    (may_be_vector(address) && (before->anywhere || !block_follows(before, address))))
		tell(cpu, 'b', address);
	running = cpu;
}

static void on_instruction(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	count++;
}

static void on_mark(unsigned int cpu, void *data)
{
	tell(cpu, 'm', (uintptr_t)data);
}

static void on_register(unsigned int cpu, void *data)
{
	tell(cpu, 's', (uintptr_t)data);
}

/* MRS or MSR of a register with op0 = 3 and CRn = 12, among which are ICC_*, ICV_* and ICH_* (Arm ARM D18.3). */
static bool is_gic(const void *code)
{
	uint32_t insn = 0;

	if (code)
		memcpy(&insn, code, sizeof(insn));
	return (insn & 0xffd8f000) == 0xd518c000;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = block_new(tb);

	(void)id;
	for (unsigned int i = 0; i < mark_count; i++)
		if (block->address == marks[i])
			qemu_plugin_register_vcpu_tb_exec_cb(tb, on_mark, QEMU_PLUGIN_CB_NO_REGS,
			                                     (void *)(uintptr_t)marks[i]);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, block);
	for (size_t i = 0; i < block->length; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (is_gic(qemu_plugin_insn_haddr(insn)))
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, on_register, QEMU_PLUGIN_CB_NO_REGS,
				(void *)(uintptr_t)(block->address + 4 * i));
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, QEMU_PLUGIN_CB_NO_REGS,
		                                       NULL);
	}
}

/* The second argument describes the target; nothing of it is needed. */
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		uint64_t number = value ? strtoull(value + 1, NULL, 0) : 0;

		if (!strncmp(argv[i], "mark=", 5) && mark_count < MARKS)
			marks[mark_count++] = number;
		else if (!strncmp(argv[i], "lines=", 6))
			line_limit = number;
		else if (!strncmp(argv[i], "limit=", 6))
			limit = number;
		else if (!strncmp(argv[i], "kernel=", 7))
			kernel = number;
		else if (!strncmp(argv[i], "kernel_end=", 11))
			kernel_end = number;
		else if (!strncmp(argv[i], "vectors=", 8))
			vectors = number;
		else {
			fprintf(stderr, "trace.c: unknown argument %s\n", argv[i]);
			return -1;
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
