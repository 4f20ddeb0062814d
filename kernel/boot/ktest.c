/* Finds and runs the in-kernel test that the boot arguments name. */
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/ktest.h>
#include <hv8/string.h>

extern const struct ktest _ktests[], _ektests[];

__attribute__((noinline)) void ktest_stop(void)
{
	__asm__ volatile("" : : : "memory");
}

static u64 parse_hex(const char *text)
{
	u64 value = 0;

	for (; *text; text++)
		value = value << 4 | (u64)(*text <= '9' ? *text - '0' : (*text | 0x20) - 'a' + 10);
	return value;
}

void ktest_run(int stage)
{
	char name[32], nonce[20] = "";
	const struct ktest *test;

	if (!bootarg("test", name, sizeof(name)))
		return;
	bootarg("nonce", nonce, sizeof(nonce));
	for (test = _ktests; test < _ektests; test++)
		if (test->stage == stage && !strcmp(test->name, name)) {
			test->run(parse_hex(nonce));
			power_off();
		}
	if (stage == LAB)
		panic("there is no test called %s in this stage", name);
}
