/* Two of these run side by side at the same addresses, each with its own memory and registers,
 * changing over at every WFI. */
#include "hv8.h"

#define ROUNDS 50

static u64 slot;

static u64 fp_get(void)
{
	u64 value;

	__asm__ volatile(".arch_extension fp\n\tfmov %0, d8" : "=r"(value));
	return value;
}

static void fp_set(u64 value)
{
	__asm__ volatile(".arch_extension fp\n\tfmov d8, %0" : : "r"(value));
}

#define GET(reg)                                                  \
	({                                                        \
		u64 value_;                                       \
		__asm__ volatile("mrs %0, " #reg : "=r"(value_)); \
		value_;                                           \
	})
#define SET(reg, value) __asm__ volatile("msr " #reg ", %0" : : "r"((u64)(value)))

int main(const char *arguments)
{
	u64 pid = (u64)hv8_getpid(), nonce = argument(arguments, "nonce"), mine = nonce ^ pid,
	    wrong = 0;
	int round;

	for (round = 1; round <= ROUNDS; round++) {
		slot = mine + round;
		fp_set(mine - round);
		SET(tpidr_el0, mine + 2);
		SET(tpidr_el1, mine + 3);
		SET(sp_el0, mine + 4);
		SET(elr_el1, mine + 5);
		SET(far_el1, mine + 6);
		yield();
		wrong |= slot ^ (mine + round);
		wrong |= fp_get() ^ (mine - round);
		wrong |= GET(tpidr_el0) ^ (mine + 2);
		wrong |= GET(tpidr_el1) ^ (mine + 3);
		wrong |= GET(sp_el0) ^ (mine + 4);
		wrong |= GET(elr_el1) ^ (mine + 5);
		wrong |= GET(far_el1) ^ (mine + 6);
		if (round % 25 == 0) {
			print("process ");
			print_decimal((i64)pid);
			print(" round ");
			print_decimal(round);
			print(wrong ? ": state was lost\n" : ": all state kept\n");
		}
	}
	print("process ");
	print_decimal((i64)pid);
	print(" ends with ");
	print_hex(slot - ROUNDS);
	print("\n");
	return 0;
}
