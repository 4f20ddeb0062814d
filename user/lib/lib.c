/* The little that programs need before there is a C library. */
#include "hv8.h"
#if LAB >= 4
#include <uapi/tables.h>
#endif

/* What main returns: called by start.S. */
_Noreturn void finish(i64 status);
_Noreturn void finish(i64 status)
{
	hv8_exit(status);
	for (;;)
		yield();
}

#if LAB >= 4
struct message receive(u64 from, u64 page, u64 fd)
{
	return hypercall_message(HC_recv, from, page, fd, 0, 0, 0);
}

struct message call(u64 to, u64 word)
{
	return hypercall_message(HC_call, to, word, NONE, NONE, NONE, NONE);
}

struct message reply_wait(u64 to, u64 word)
{
	return hypercall_message(HC_reply_wait, to, word, NONE, NONE, NONE, NONE);
}
#endif

void print(const char *text)
{
	u64 length = 0;

	while (text[length])
		length++;
	while (length) {
		u64 chunk = length < CONSOLE_WRITE_MAX ? length : CONSOLE_WRITE_MAX;

		hv8_console_write((uva_t)text, chunk);
		text += chunk;
		length -= chunk;
	}
}

void print_hex(u64 value)
{
	char text[17];
	int i;

	for (i = 0; i < 16; i++)
		text[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
	text[16] = '\0';
	print(text);
}

void print_decimal(i64 value)
{
	char text[24];
	int at = sizeof(text) - 1;
	u64 rest = value < 0 ? -(u64)value : (u64)value;

	text[at] = '\0';
	do {
		text[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		text[--at] = '-';
	print(text + at);
}

u64 argument(const char *arguments, const char *name)
{
	for (; *arguments; arguments++) {
		u64 value = 0;
		int i;

		for (i = 0; name[i] && arguments[i] == name[i]; i++)
			continue;
		if (name[i] || arguments[i] != '=')
			continue;
		for (arguments += i + 1; *arguments && *arguments != ' '; arguments++)
			value = value << 4 |
			        (u64)(*arguments <= '9' ? *arguments - '0'
			                                : (*arguments | 0x20) - 'a' + 10);
		return value;
	}
	return 0;
}
