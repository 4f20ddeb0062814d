/* Runs, says where, and takes its nonce through its own stack, data and .bss. */
#include "hv8.h"

static u64 data[4] = { 1, 2, 3, 4 };
static u64 bss[1024];

int main(const char *arguments)
{
	volatile u64 stack = argument(arguments, "nonce");
	u64 el, i, sum = 0;

	__asm__("mrs %0, CurrentEL" : "=r"(el));
	for (i = 0; i < 1024; i++)
		sum += bss[i];
	bss[1000] = stack;
	data[2] += bss[1000];
	print("hello from process ");
	print_decimal(hv8_getpid());
	print(" at EL");
	print_decimal((i64)(el >> 2));
	print("\nhello: bss was ");
	print_decimal((i64)sum);
	print(", data is ");
	print_hex(data[2]);
	print("\n");
	return 7;
}
