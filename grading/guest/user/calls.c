/* Every hypercall, and what each refuses. */
#include "hv8.h"

static u64 word; /* the nonce and every result in turn */

static void result(const char *what, i64 value)
{
	word = word * 31 + (u64)value;
	print(what);
	print(": ");
	print_decimal(value);
	print("\n");
}

int main(const char *arguments)
{
	static char long_text[2 * 4096] __attribute__((aligned(4096)));
	char *across = long_text + 4096 - 8;
	int i;

	word = argument(arguments, "nonce");

	for (i = 0; i < 16; i++)
		across[i] = "across the pages"[i];
	result("getpid", hv8_getpid());
	result("number behind the last", hypercall(NHYPERCALL, 0, 0, 0, 0, 0, 0));
	result("number 999", hypercall(999, 0, 0, 0, 0, 0, 0));
	result("number 1 << 32", hypercall(1UL << 32, 0, 0, 0, 0, 0, 0));
	result("number -1", hypercall(~0UL, 0, 0, 0, 0, 0, 0));
	result("write nothing", hv8_console_write((uva_t) "x", 0));
	result("write too much", hv8_console_write((uva_t)long_text, CONSOLE_WRITE_MAX + 1));
	result("write from null", hv8_console_write((uva_t)NULL, 4));
	result("write from the kernel", hv8_console_write((uva_t)0x40201000, 4));
	result("write off the end of memory", hv8_console_write((uva_t)UVA_STACK_TOP - 4, 8));
	result("write beyond 48 bits", hv8_console_write((uva_t)(1UL << 63), 4));
	result(" written", hv8_console_write((uva_t)across, 16));
	result("read nothing", hv8_console_read());
	print("word: ");
	print_hex(word);
	print("\n");
	return -3;
}
