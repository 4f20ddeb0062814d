/*
 * For programs that run beside each other and are preempted anywhere: lines that are printed at once, a common beginning and end, and
 * a view of one's own slices. Process 1 leads: it outlives the others, and prints what they found.
 */
#pragma once

#include "irq.h"
#include <stdarg.h>

/** Print a line, all of it or nothing between what others print. %ld, %s and %016lx only. */
__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
	char line[CONSOLE_WRITE_MAX];
	u64 length = 0;
	va_list values;

	va_start(values, format);
	for (; *format; format++) {
		char digits[20];
		int n = 0;

		if (*format != '%') {
			line[length++] = *format;
		} else if (*++format == 's') {
			const char *text = va_arg(values, const char *);

			while (*text)
				line[length++] = *text++;
		} else {
			const u64 value = va_arg(values, u64), base = *format == '0' ? 16 : 10;
			u64 rest = base == 10 && (i64)value < 0 ? -value : value;

			if (rest != value)
				line[length++] = '-';
			do {
				digits[n++] = "0123456789abcdef"[rest % base];
				rest /= base;
			} while (rest || (base == 16 && n < 16));
			while (n)
				line[length++] = digits[--n];
			format += base == 16 ? 4 : 1; /* "016lx", "ld": to the last letter */
		}
	}
	va_end(values);
	line[length++] = '\n';
	hv8_console_write((uva_t)line, length);
}

static inline u64 from_us(u64 us)
{
	return us * timer_hz() / 1000000;
}

/** Microseconds of @p count, or -1 if that is negative. */
static inline i64 to_us(u64 count)
{
	return (i64)count < 0 ? -1 : (i64)(count * 1000000 / timer_hz());
}

/** A slice, of the counter: the boot argument tick=N, in microseconds. */
static inline u64 tick_of(const char *arguments)
{
	u64 us = 0;

	for (; *arguments; arguments++)
		if (arguments[0] == 't' && arguments[1] == 'i' && arguments[2] == 'c' &&
		    arguments[3] == 'k' && arguments[4] == '=') {
			for (arguments += 5; *arguments >= '0' && *arguments <= '9'; arguments++)
				us = us * 10 + (u64)(*arguments - '0');
			return from_us(us);
		}
	return from_us(10000);
}

/** How many processes there are. */
static inline u64 processes(void)
{
	u64 pid, count = 0;

	for (pid = 1; pid < NPROC; pid++)
		count += PROCS[pid].state != PROC_FREE && PROCS[pid].state != PROC_ZOMBIE;
	return count;
}

/** Let process @p pid get on until it is in state @p state. Not by WFI: init's waits for input when nobody else is ready any more. */
static inline void await_state(u64 pid, u64 state)
{
	while (PROCS[pid].state != state)
		hv8_switch(pid);
}

/** Wait until all of the first @p count processes are here. @return a time in the near future, the same for all */
static inline u64 together(u64 count)
{
	u64 pid, start;

	if (hv8_getpid() != INIT_PID)
		return receive(INIT_PID, NONE, NONE).word;
	for (pid = 2; pid <= count; pid++)
		await_state(pid, PROC_WAITING);
	start = timer_now() + from_us(50);
	for (pid = 2; pid <= count; pid++)
		hv8_send(pid, start, NONE, NONE);
	return start;
}

/** Tell the leader @p word and end. */
_Noreturn static inline void report(u64 word)
{
	while (hv8_send(INIT_PID, word, NONE, NONE))
		yield();
	hv8_exit(0);
	for (;;)
		yield();
}

/** The leader: what process @p pid reports. */
static inline u64 reported(u64 pid)
{
	return receive(pid, NONE, NONE).word;
}

static inline void spin_until(u64 time)
{
	while (timer_now() < time)
		continue;
}

/** Wait until no slice runs any more; one may, although nobody else is ready. */
static inline void end_of_slice(const char *arguments)
{
	spin_until(timer_now() + 2 * tick_of(arguments));
}

/** What a process that looks at the counter all the time sees of its slices. Times are of the counter. */
struct slices {
	u64 tick, looks, waits, longest_wait, longest_run;
	u64 began, seen; /* this run began; the latest look */
	u64 last_run;    /* how long the run before the latest wait was */
};

static inline void slices_begin(struct slices *s, const char *arguments)
{
	s->tick = tick_of(arguments);
	s->looks = s->waits = s->longest_wait = s->longest_run = s->last_run = 0;
	s->began = s->seen = timer_now();
}

/** Look. @return whether others ran since the last look: more time passed than half a tick */
static inline bool slices_look(struct slices *s)
{
	const u64 now = timer_now(), wait = now - s->seen;
	const bool waited = wait > s->tick / 2;

	s->looks++;
	if (waited) {
		s->waits++;
		s->last_run = s->seen - s->began;
		s->longest_run = s->last_run > s->longest_run ? s->last_run : s->longest_run;
		s->longest_wait = wait > s->longest_wait ? wait : s->longest_wait;
		s->began = now;
	}
	s->seen = now;
	return waited;
}

/** @p time in ticks, rounded. */
static inline i64 in_ticks(const struct slices *s, u64 time)
{
	return (i64)((time + s->tick / 2) / s->tick);
}
