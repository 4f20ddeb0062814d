/*
 * Six children after each other, all with the same pid. Each leaves what it can: memory, FP registers, thread
 * registers, a name, a descriptor. Its successor sees its parent's values or nothing.
 */
#include "fault.h"

#define HEAP   0x50000000UL
#define SECRET 0x51000000UL

__asm__(".arch_extension fp\n.arch_extension simd\n");

static u64 nonce;
static volatile u64 word;

static void fp_fill(u64 value)
{
	__asm__ volatile("dup v0.2d, %0\n\tdup v9.2d, %0\n\tdup v31.2d, %0" : : "r"(value));
}

static u64 fp_bits(void)
{
	u64 value, high;

	__asm__ volatile("orr v1.16b, v0.16b, v9.16b\n\torr v1.16b, v1.16b, v31.16b\n\t"
	                 "fmov %0, d1\n\tmov %1, v1.d[1]"
	                 : "=r"(value), "=r"(high));
	return value | high;
}

#define GET(reg)                                                  \
	({                                                        \
		u64 value_;                                       \
		__asm__ volatile("mrs %0, " #reg : "=r"(value_)); \
		value_;                                           \
	})
#define SET(reg, value) __asm__ volatile("msr " #reg ", %0" : : "r"((u64)(value)))

static int child(int life)
{
	const u64 me = (u64)hv8_getpid();
	u64 secret = ~nonce * (u64)(life + 2), value = nonce, fp, esr;

	fp = fp_bits();
	esr = try_read(SECRET, &value);
	print("life ");
	print_decimal(life);
	print(": pid ");
	print_decimal((i64)me);
	print(" asid ");
	print_decimal(PROCS[me].asid);
	line_hex(" word", word);
	print("  fp ");
	print_hex(fp);
	print(" tpidr ");
	print_hex(GET(tpidr_el0));
	print(" contextidr ");
	print_hex(GET(contextidr_el1));
	print("\n  ");
	line_fault("secret", esr, SECRET);
	line_hex("  register", value);
	print("  name '");
	print((const char *)PROCS[me].name);
	line_decimal("' files", PROCS[me].nfiles);

	word = secret;
	map_page(me, SECRET, VM_RW);
	*(volatile u64 *)SECRET = secret;
	fp_fill(secret);
	SET(tpidr_el0, secret);
	SET(contextidr_el1, secret);
	hv8_set_name(me, 0x746572636573 /* secret */, 0);
	hv8_create(3, 7, 1, secret, 0);
	if (life == 5)       /* its ASID has more than 8 bits */
		hv8_wake(0); /* refused: the grader stops the machine here */
	return life;
}

int main(const char *arguments)
{
	int life;

	nonce = argument(arguments, "nonce");
	faults_begin();
	fp_fill(nonce);
	SET(tpidr_el0, nonce + 1);
	SET(contextidr_el1, nonce + 2);
	for (life = 0; life < 6; life++) {
		i64 pid;

		word = nonce + (u64)life;
		pid = fork_or_end();
		if (pid == 0)
			return child(life);
		while (PROCS[pid].state != PROC_ZOMBIE)
			yield();
		print("  buried ");
		print_decimal(bury((u64)pid));
		line_hex(", parent's word", word);
	}
	line_hex("parent's fp", fp_bits());
	line_hex("parent's tpidr", GET(tpidr_el0));
	line_decimal("flushes by ASID", hv8_stat(STAT_FLUSH_ASID));
	return 0;
}
