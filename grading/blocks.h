/*
 * What the QEMU plugins share: the plugin interface, as far as they use it, and where a translated block of AArch64
 * instructions can lead, from which follows where an exception was taken.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* QEMU's plugin interface, as far as it is used by ours: Debian packages no header for it. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*tb_exec_cb_t)(unsigned int cpu, void *data);
typedef void (*simple_cb_t)(qemu_plugin_id_t id);
void qemu_plugin_reset(qemu_plugin_id_t id, simple_cb_t cb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, tb_exec_cb_t cb,
                                          enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, tb_exec_cb_t cb,
                                            enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_outs(const char *text);

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION 1 /* 1: QEMU 7.2 to 8.x, 2: QEMU 9.0 and later */
#endif
#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = PLUGIN_VERSION;

/* A translated block. It may be entered in the middle, after a device access. */
struct block {
	uint64_t address, last; /* of its first and of its last instruction */
	uint64_t next[2];       /* what can follow without an exception */
	uint64_t length;
	bool anywhere; /* its last instruction is an indirect branch: anything can follow */
	bool eret;
};

/* Where a block can lead, from its last instruction (Arm ARM C4.1.65, branches). */
static inline void find_next(struct block *block, const void *code)
{
	uint32_t insn;
	int64_t offset = 0;

	block->next[0] = block->next[1] = block->last + 4;
	if (!code) {
		block->anywhere = true; /* not in memory: unknown */
		return;
	}
	memcpy(&insn, code, sizeof(insn));
	if ((insn & 0x7c000000) == 0x14000000) { /* B, BL */
		block->next[0] = block->last + ((int64_t)((uint64_t)insn << 38) >> 36);
		block->next[1] = block->next[0];
		return;
	}
	if ((insn & 0xff000010) == 0x54000000 || (insn & 0x7e000000) == 0x34000000)
		offset = ((int64_t)((uint64_t)insn << 40) >> 45) * 4; /* B.cond, CBZ */
	else if ((insn & 0x7e000000) == 0x36000000)
		offset = ((int64_t)((uint64_t)insn << 45) >> 50) * 4; /* TBZ */
	else if ((insn & 0xfe000000) == 0xd6000000)
		block->anywhere = true; /* BR, BLR, RET, ERET */
	block->eret = insn == 0xd69f03e0;
	if (offset)
		block->next[1] = block->last + (uint64_t)offset;
}

/* A new struct block for what QEMU has translated; it stays as long as QEMU runs. */
static inline struct block *block_new(const struct qemu_plugin_tb *tb)
{
	struct block *block = calloc(1, sizeof(*block));

	if (!block)
		abort();
	block->address = qemu_plugin_tb_vaddr(tb);
	block->length = qemu_plugin_tb_n_insns(tb);
	block->last = block->address + 4 * (block->length - 1);
	find_next(block, qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(tb, block->length - 1)));
	return block;
}

/* Can a block at this address run behind the other without an exception? */
static inline bool block_follows(const struct block *before, uint64_t address)
{
	return before->anywhere || address == before->next[0] || address == before->next[1] ||
	       (address > before->address && address <= before->last);
}
