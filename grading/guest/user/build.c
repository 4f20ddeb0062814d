/* Builds a path of tables to an address of this run's choice, call by call, and maps one frame of each
 * right there. */
#include "fault.h"

/* Nothing of a process at birth has these upper bits: each table on the way is new. */
#define FAR 0x654321000000UL

static i64 take_table(u64 me, u64 level, u64 from, uva_t uva)
{
	i64 page = free_page(), error;

	error = hv8_alloc_table(me, level, from, table_index(uva, (int)level - 1), (u64)page);
	print("table of level ");
	print_decimal((i64)level);
	line_decimal("", error);
	return page;
}

/* What EL0 could do, by the walker that EL1 can ask (AT S1E0R, S1E0W). */
static const char *el0_rights(uva_t at)
{
	u64 reads, writes;

	__asm__ volatile("at s1e0r, %2\n\tisb\n\tmrs %0, par_el1\n\t"
	                 "at s1e0w, %2\n\tisb\n\tmrs %1, par_el1"
	                 : "=&r"(reads), "=&r"(writes)
	                 : "r"(at));
	return reads & 1 ? "none" : writes & 1 ? "reads" : "reads and writes";
}

int main(const char *arguments)
{
	static const char *const names[8] = { "",   "r--",     "rw-",     "r-x",
		                              "4:", "r-- EL0", "rw- EL0", "r-x EL0" };
	const u64 me = (u64)hv8_getpid(), nonce = argument(arguments, "nonce");
	const uva_t far = FAR + (nonce & 0x1f) * 0x200000;
	u64 root = PROCS[me].root, perm, l1, l2, l3, poison;

	faults_begin();
	l1 = (u64)take_table(me, 1, root, far);
	l2 = (u64)take_table(me, 2, l1, far);
	l3 = (u64)take_table(me, 3, l2, far);
	line_hex("level 3 begins at", PAGES[l3].va);
	line_decimal("entries of the root", PAGES[root].used);
	for (perm = 1; perm < 8; perm++) {
		uva_t at = far + perm * 4096;
		u64 frame, executed = nonce;
		i64 error;

		if (perm == VM_EL0)
			continue;
		frame = (u64)free_page();
		error = hv8_alloc_frame(me, l3, perm, frame, perm);
		poison = nonce;
		print(names[perm]);
		print(": ");
		print_decimal(error);
		print(", ");
		print_fault(try_read(at, &poison), at);
		print(" and ");
		print_hex(poison);
		print(", ");
		print_fault(try_write(at, nonce * perm), at);
		/* the frame is zero: UDF if it is executable at all */
		print(", ");
		print_fault(try_run(at, &executed), at);
		print(", EL0 ");
		print(el0_rights(at));
		print(PAGES[frame].perm == perm && PAGES[frame].owner == me && PAGES[frame].va == at
		              ? "\n"
		              : ", and its line in the table of pages is wrong\n");
	}
	line_decimal("entries of level 3", PAGES[l3].used);
	poison = 0;
	try_read(far + 2 * 4096, &poison);
	line_hex("rw- holds", poison);
	hv8_wake(0); /* refused: the grader stops the machine here */
	return 0;
}
