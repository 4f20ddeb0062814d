/* Software for the model's interrupt controller, as short as the manual allows, for its tests. */
#pragma once

#include "unit.h"

#include <machine.h>

#define GICD  0x08000000UL
#define OTHER 0x080a0000UL /* the redistributor of another CPU */
#define GICR  0x080c0000UL
#define SGI   (GICR + 0x10000)
#define GICC  0x08010000UL
#define GICH  0x08030000UL

#define HCR_IMO (1UL << 4)

static inline bool v3(void)
{
	return model.gic.version == 3;
}

static inline void wait_rwp(pa_t pa, u32 bit)
{
	while (mmio_read32(pa) & bit)
		continue;
}

/* The registers of SPI and PPI @p intid, whichever frame has them. */
static inline pa_t bank(u32 intid, u32 offset, u32 per_word)
{
	const pa_t frame = v3() && intid < 32 ? SGI : GICD;

	return frame + offset + intid / per_word * 4;
}

static inline u32 bit_of(u32 intid)
{
	return 1u << intid % 32;
}

#define SET_ENABLE(intid)    mmio_write32(bank(intid, 0x100, 32), bit_of(intid))
#define CLEAR_ENABLE(intid)  mmio_write32(bank(intid, 0x180, 32), bit_of(intid))
#define SET_PENDING(intid)   mmio_write32(bank(intid, 0x200, 32), bit_of(intid))
#define CLEAR_PENDING(intid) mmio_write32(bank(intid, 0x280, 32), bit_of(intid))
#define SET_ACTIVE(intid)    mmio_write32(bank(intid, 0x300, 32), bit_of(intid))
#define CLEAR_ACTIVE(intid)  mmio_write32(bank(intid, 0x380, 32), bit_of(intid))

static inline void set_field(u32 intid, u32 offset, u32 bits, u32 value)
{
	const pa_t pa = bank(intid, offset, 32 / bits);
	const u32 shift = intid % (32 / bits) * bits, mask = (u32)((1UL << bits) - 1);

	mmio_write32(pa, (mmio_read32(pa) & ~(mask << shift)) | value << shift);
}

static inline void set_edge(u32 intid, bool edge)
{
	set_field(intid, 0xc00, 2, (u32)edge << 1 | (model.gic.version == 2 && intid >= 32));
}

static inline void set_priority(u32 intid, u32 priority)
{
	set_field(intid, 0x400, 8, priority);
}

/** Configure and enable @p intid: for this CPU, in the group of its IRQs, with @p priority. */
static inline void use(u32 intid, bool edge, u32 priority)
{
	if (intid >= 16)
		set_edge(intid, edge);
	set_priority(intid, priority);
	set_field(intid, 0x080, 1, v3());
	if (intid >= 32 && v3()) {
		mmio_write32(GICD + 0x6000 + 8 * intid, 3);
		mmio_write32(GICD + 0x6004 + 8 * intid, 0);
	} else if (intid >= 32) {
		set_field(intid, 0x800, 8, mmio_read32(GICD + 0x800) & 0xff);
	}
	SET_ENABLE(intid);
}

static inline void wake(void)
{
	mmio_write32(GICR + 0x14, 0);
	while (mmio_read32(GICR + 0x14) & 4)
		continue;
}

/** Switch on distributor, redistributor, CPU interface; EOImode is @p split. */
static inline void init_v3(bool split)
{
	mmio_write32(GICD, 1 << 4);
	wait_rwp(GICD, 1u << 31);
	mmio_write32(GICD, 1 << 4 | 1 << 1);
	wake();
	write_sysreg(icc_sre_el2, 7);
	isb();
	write_sysreg(icc_sre_el1, 7);
	write_sysreg(icc_ctlr_el1, (u64)split << 1);
	write_sysreg(icc_bpr1_el1, 0);
	write_sysreg(icc_pmr_el1, 0xff);
	write_sysreg(icc_igrpen1_el1, 1);
}

static inline void init_v2(bool split)
{
	model.gic.version = 2;
	mmio_write32(GICD, 1);
	mmio_write32(GICC + 4, 0xff);
	mmio_write32(GICC, 1 | (u32)split << 9);
}

/** The same in the other version's words. */
static inline u32 ack(void)
{
	return v3() ? (u32)read_sysreg(icc_iar1_el1) : mmio_read32(GICC + 0xc);
}

static inline void eoi(u32 iar)
{
	if (v3())
		write_sysreg(icc_eoir1_el1, iar);
	else
		mmio_write32(GICC + 0x10, iar);
}

static inline void dir(u32 iar)
{
	if (v3())
		write_sysreg(icc_dir_el1, iar);
	else
		mmio_write32(GICC + 0x1000, iar);
}

/** @p state is the version, of a test in BOTH(). */
static inline void init(void **state, bool split)
{
	if (*state == (void *)2)
		init_v2(split);
	else
		init_v3(split);
}

#define VERSION(function, version)                                                  \
	{                                                                           \
#function ", GICv" #version, function, model_setup, model_teardown, \
			(void *)version                                             \
	}
/** A test of both versions, each on a machine just switched on. */
#define BOTH(function) VERSION(function, 3), VERSION(function, 2)
