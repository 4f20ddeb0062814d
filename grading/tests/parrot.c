/*
 * A guest that can only talk: it prints the text that stands behind its image, and powers off. In the text the byte 1 stands for 16
 * hexadecimal digits, those of its boot arguments or the last that were typed, and the byte 2 for 16 digits to wait for now.
 *
 * Runs on every machine of grading/machines.py, at EL2 or EL1 with the MMU off. It has the symbols where outside reads are made, and
 * passes each of them; -DNEVER(X)='X(ktest_boot) ...' gives it functions that it never enters.
 */
typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned char u8;

#define NOINLINE        __attribute__((noinline, used))
#define REG(address)    (*(volatile u32 *)(address))
#define PSCI_SYSTEM_OFF 0x84000008UL

__asm__(".section .head, \"ax\"\n"
        ".globl _start\n"
        "_start: b 1f\n"
        ".long 0\n.quad 0, 0x100000, 0, 0, 0, 0\n.ascii \"ARM\\x64\"\n.long 0\n"
        "1: adr x1, _start\nadd sp, x1, #0x80000\nbl guest_main\n2: wfi\nb 2b\n"
        ".text\n");

extern const char behind[]
	__attribute__((visibility("hidden"))); /* the end of the image: the text */

#define STOP(name)                                   \
	NOINLINE void name(void);                    \
	void name(void)                              \
	{                                            \
		__asm__ volatile("" : : : "memory"); \
	}
#define STOPS(do_it)                                                                        \
	do_it(ktest_stop) do_it(el1_return) do_it(hc_getpid) do_it(hc_wake) do_it(hc_lseek) \
		do_it(hc_poweroff) do_it(panic)
STOPS(STOP)
#ifdef NEVER
NEVER(STOP)
#endif

#define DATA __attribute__((section(".data"))) /* .bss would be where the text is */
static char digits[16] DATA;
static int known DATA; /* does digits hold any? */

static u32 cell(const u8 *at)
{
	return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
}

static int is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Behind an '=' in the device tree's structure block, where the boot arguments are. */
static void look_for_digits(const u8 *fdt)
{
	const u8 *at = fdt + cell(fdt + 8), *end = at + cell(fdt + 36);
	int n;

	for (; at < end && !known; at++) {
		if (*at != '=')
			continue;
		for (n = 0; n < 16 && at + 1 + n < end && is_digit((char)at[1 + n]); n++)
			digits[n] = (char)at[1 + n];
		known = n == 16;
	}
}

/* Wait until 16 digits in a row have been typed. */
static void wait_for_digits(u64 uart)
{
	int n;

	for (n = 0; n < 16; n = is_digit(digits[n]) ? n + 1 : 0) {
		while (REG(uart + 0x18) & 0x10)
			continue;
		digits[n] = (char)REG(uart);
	}
	known = 1;
}

NOINLINE void guest_main(const u8 *fdt, u64 image)
{
	const u64 uart = image < 0x40000000 ? 0xff000000 : 0x09000000;
	register u64 x0 __asm__("x0");
	const char *text;
	u64 level;
	int n;

	look_for_digits(fdt);
#define CALL(name) name();
	STOPS(CALL)
	for (text = behind; *text; text++) {
		if (*text > 2) {
			REG(uart) = (u32)*text;
			continue;
		}
		if (*text == 2 || !known)
			wait_for_digits(uart);
		for (n = 0; n < 16; n++)
			REG(uart) = (u32)digits[n];
	}
	__asm__("mrs %0, CurrentEL" : "=r"(level));
	x0 = PSCI_SYSTEM_OFF;
	if (level >> 2 == 1)
		__asm__ volatile("hvc #0" : "+r"(x0) : : "memory");
	else
		__asm__ volatile("smc #0" : "+r"(x0) : : "memory");
}
