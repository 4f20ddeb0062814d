/*
 * What a program has: the hypercalls, hv8_NAME for each line of uapi/hypercall.def, where they are documented; and
 * printing. A program is `int main(const char *arguments)`, linked with this library alone; it runs at EL1.
 */
#pragma once

#include <hv8/types.h>
#include <uapi/errno.h>
#include <uapi/hypercall.h>

/* Inlined even where the compiler would not. */
#define INLINE static inline __attribute__((always_inline))

/** What a hypercall brings: x0, and from recv, call and reply_wait a message. */
struct message {
	i64 from; /* the result: the sender's pid, or -errno */
	u64 word; /* what the sender gave */
	u64 came; /* IPC_PAGE, IPC_FD */
};

/** The raw call: number @p number, up to six arguments, @p a0 @p a1 @p a2 @p a3 @p a4 @p a5. Inline, so that a clone has no stack
 * frame of it. */
INLINE struct message hypercall_message(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	register u64 x0 __asm__("x0") = a0;
	register u64 x1 __asm__("x1") = a1;
	register u64 x2 __asm__("x2") = a2;
	register u64 x3 __asm__("x3") = a3;
	register u64 x4 __asm__("x4") = a4;
	register u64 x5 __asm__("x5") = a5;
	register u64 x8 __asm__("x8") = number;

	__asm__ volatile("hvc #0"
	                 : "+r"(x0), "+r"(x1), "+r"(x2)
	                 : "r"(x3), "r"(x4), "r"(x5), "r"(x8)
	                 : "memory");
	return (struct message){ (i64)x0, x1, x2 };
}

/** The same, @p number with @p a0 @p a1 @p a2 @p a3 @p a4 @p a5, for calls that bring only a result: x0. */
INLINE i64 hypercall(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	return hypercall_message(number, a0, a1, a2, a3, a4, a5).from;
}

/* hv8_NAME() of a hypercall, by its count of arguments */
#define STUB0(name)                                            \
	INLINE i64 hv8_##name(void)                            \
	{                                                      \
		return hypercall(HC_##name, 0, 0, 0, 0, 0, 0); \
	}
#define STUB1(name, t1, a1)                                          \
	INLINE i64 hv8_##name(t1 a1)                                 \
	{                                                            \
		return hypercall(HC_##name, (u64)a1, 0, 0, 0, 0, 0); \
	}
#define STUB2(name, t1, a1, t2, a2)                              \
	INLINE i64 hv8_##name(t1 a1, t2 a2)                      \
	{                                                        \
		return hypercall(HC_##name, a1, a2, 0, 0, 0, 0); \
	}
#define STUB3(name, t1, a1, t2, a2, t3, a3)                       \
	INLINE i64 hv8_##name(t1 a1, t2 a2, t3 a3)                \
	{                                                         \
		return hypercall(HC_##name, a1, a2, a3, 0, 0, 0); \
	}
#define STUB4(name, t1, a1, t2, a2, t3, a3, t4, a4)                \
	INLINE i64 hv8_##name(t1 a1, t2 a2, t3 a3, t4 a4)          \
	{                                                          \
		return hypercall(HC_##name, a1, a2, a3, a4, 0, 0); \
	}
#define STUB5(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)         \
	INLINE i64 hv8_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5)    \
	{                                                           \
		return hypercall(HC_##name, a1, a2, a3, a4, a5, 0); \
	}
#define STUB6(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6)     \
	INLINE i64 hv8_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6) \
	{                                                               \
		return hypercall(HC_##name, a1, a2, a3, a4, a5, a6);    \
	}
#define HYPERCALL(number, name, count, ...) STUB##count(name, ##__VA_ARGS__)
#include <uapi/hypercall.def>
#undef HYPERCALL

/**
 * Let another process run: WFI, which the kernel traps. It is trapped only if it would sleep (HCR_EL2.TWI), so with an
 * interrupt pending, masked or not, it comes back at once.
 */
static inline void yield(void)
{
	__asm__ volatile("wfi" : : : "memory");
}

/** Print the string @p text. */
void print(const char *text);

/** Print @p value as 16 hexadecimal digits. */
void print_hex(u64 value);

/** Print @p value in decimal. */
void print_decimal(i64 value);

/** The number behind @p name and an equals sign in @p arguments, hexadecimal; 0 if there is none. */
u64 argument(const char *arguments, const char *name);

#if LAB >= 4
/** Wait for a message of @p from, a page for frame @p page and a descriptor for @p fd: hypercall recv. */
struct message receive(u64 from, u64 page, u64 fd);

/** Send @p word to @p to and wait for its answer, a word: hypercall call. */
struct message call(u64 to, u64 word);

/** Answer @p to with @p word and wait for anyone's next: hypercall reply_wait. */
struct message reply_wait(u64 to, u64 word);
#endif
