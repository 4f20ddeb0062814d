/* The first program: says that it runs, where, and what it was given, then echoes what is typed,
 * until ^D powers off. */
#include "hv8.h"

int main(const char *arguments)
{
	u64 el;

	__asm__("mrs %0, CurrentEL" : "=r"(el));
	print("init: process ");
	print_decimal(hv8_getpid());
	print(" at EL");
	print_decimal((i64)(el >> 2));
	print(", arguments: ");
	print(arguments);
	print("\ninit: echoing what you type; ^D powers off\n");
	yield(); /* alone or not: comes back */
	for (;;) {
		i64 byte = hv8_console_read();
		char c = (char)byte;

		if (byte == 4)
			hv8_poweroff();
		if (byte == '\r')
			print("\n");
		else if (byte >= 0)
			hv8_console_write((uva_t)&c, 1);
		else
			yield();
	}
}
