/*
 * What a program has: the hypercalls (hv8_NAME for each line of uapi/hypercall.def), and printing.
 * A program is `int main(const char *arguments)`, linked with this library alone; it runs at EL1.
 */
#pragma once

#include <hv8/types.h>
#include <uapi/errno.h>
#include <uapi/hypercall.h>

/** The raw call: number @p number, up to six arguments; returns x0. */
i64 hypercall(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

static inline i64 hv8_getpid(void)
{
	return hypercall(HC_getpid, 0, 0, 0, 0, 0, 0);
}

_Noreturn void hv8_exit(i64 code);

static inline i64 hv8_poweroff(void)
{
	return hypercall(HC_poweroff, 0, 0, 0, 0, 0, 0);
}

static inline i64 hv8_console_write(const char *text, u64 length)
{
	return hypercall(HC_console_write, (u64)text, length, 0, 0, 0, 0);
}

static inline i64 hv8_console_read(void)
{
	return hypercall(HC_console_read, 0, 0, 0, 0, 0, 0);
}

/** Let another process run. */
static inline void yield(void)
{
	__asm__ volatile("wfi" : : : "memory");
}

/** Print a string. */
void print(const char *text);

/** Print @p value as 16 hexadecimal digits. */
void print_hex(u64 value);

/** Print @p value in decimal. */
void print_decimal(i64 value);

/** The number behind "@p name=" in @p arguments, hexadecimal; 0 if there is none. */
u64 argument(const char *arguments, const char *name);
