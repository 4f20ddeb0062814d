/* What the kernel says, and how it dies. */
#pragma once

#include <hv8/types.h>
#include <stdarg.h>

struct trap_frame;

/** Print to the console by @p format; "\n" becomes "\r\n". Conversions: see format(). Before
 * pl011_init() nothing is printed. */
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * Report a kernel bug or an impossible machine by @p format, with a backtrace, and power off. Never returns,
 * never prints its message twice, and powers off even when the report itself faults.
 */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** As panic(), for an exception taken at EL2: dumps @p frame, ESR_EL2 and FAR_EL2 decoded.
 * @p vector says in words where it arrived. */
_Noreturn void panic_exception(const struct trap_frame *frame, const char *vector);

/** Say "hv8: power off" and power off. */
_Noreturn void power_off(void);

/** A lab's hole was reached: say that @p name is to do, in @p file at @p line, and power off. Works
 * without a UART: the grader sees the call itself. */
_Noreturn void todo(const char *name, const char *file, int line);
/** The hole @p name is here. */
#define todo(name) todo(name, __FILE__, __LINE__)

/**
 * Format @p arguments by @p format, like printf. @p put is called once for each character, with
 * @p context.
 *
 * Conversions: %d %u %x %c %s %p %%, with flags 0 and -, a width, and the lengths l and ll. %p
 * prints 0x and 16 digits. Anything else is printed as it stands.
 */
void format(void (*put)(char c, void *context), void *context, const char *format,
            va_list arguments);

/**
 * Write @p value to @p text in @p base (2..16), most significant digit first, lower case, no
 * terminator.
 *
 * @param text  room for 64 characters
 * @return how many characters were written, at least 1
 */
int format_number(char *text, u64 value, unsigned int base);

#if LAB >= 4
/** Where page @p part (0..DMESG_PAGES-1, the oldest first) of what was printed is kept. */
pa_t console_log(u32 part);

/** How many bytes of page @p part are messages, 0..PAGE_SIZE. */
u32 console_log_length(u32 part);
#endif

#if LAB >= 5
/** From now on what is typed interrupts. */
void console_interrupts(void);

/** The UART interrupts: take what it has. @return whether it had something */
bool console_receive(void);

/** Whether something was typed that nobody has read. */
bool console_has_input(void);

/** The next byte that was typed, 0..255, or -1. */
int console_input(void);
#endif
