/*
 * A device with an interrupt line of its own: the real-time clock of QEMU's virt machine (PL031, DDI 0224), whose page the in-kernel
 * test `clock` maps for process 1. Its line is high from match() until quiet().
 */
#pragma once

#include "irqs.h"

#define RTC_UVA   0x60000000UL /* as in grading/guest/lab5.c */
#define RTC_INTID 34UL

#define RTC_DR   (*(volatile u32 *)(RTC_UVA + 0x00))
#define RTC_MR   (*(volatile u32 *)(RTC_UVA + 0x04))
#define RTC_IMSC (*(volatile u32 *)(RTC_UVA + 0x10))
#define RTC_RIS  (*(volatile u32 *)(RTC_UVA + 0x14))
#define RTC_ICR  (*(volatile u32 *)(RTC_UVA + 0x1c))

/** The alarm is now: the line is high, and stays so. */
static inline void match(void)
{
	while (!(RTC_RIS & 1)) /* again, if a second ends between the read and the write */
		RTC_MR = RTC_DR;
	RTC_IMSC = 1;
}

static inline void quiet(void)
{
	RTC_IMSC = 0;
	RTC_ICR = 1;
}
