/* In-kernel tests of lab 3. Chosen by test=NAME; see grading/lab3/. Most of lab 3's tests are
 * programs: grading/guest/user/. */
#include <hv8/console.h>
#include <hv8/elf.h>
#include <hv8/ktest.h>
#include <uapi/hypercall.h>

static u64 word; /* the nonce and every letter of the answers in turn */

static void check(const char *what, u64 offset, u64 filesz, u64 vaddr, u64 memsz, u32 flags)
{
	struct elf64_segment segment = { .type = ELF_LOAD,
		                         .flags = flags,
		                         .offset = offset,
		                         .vaddr = vaddr,
		                         .filesz = filesz,
		                         .memsz = memsz };
	const char *problem = elf_check_segment(&segment, 10000);

	if (!problem)
		problem = "accepted";
	printk("%s: %s\n", what, problem);
	while (*problem)
		word = word * 31 + (u8)*problem++;
}

KTEST(3, segments)
{
	word = nonce;
	check("good", 64, 5000, UVA_PROGRAM, 5000, ELF_R | ELF_X);
	check("to the last byte", 0, 10000, UVA_PROGRAM, 10000, ELF_R);
	check("one byte too many", 1, 10000, UVA_PROGRAM, 10000, ELF_R);
	check("overflowing", 8, ~0UL - 4, UVA_PROGRAM, ~0UL - 4, ELF_R);
	check("only .bss", 10000, 0, UVA_PROGRAM, 4096, ELF_R | ELF_W);
	check("larger in the file", 0, 11, UVA_PROGRAM, 10, ELF_R);
	check("unaligned", 0, 10, UVA_PROGRAM + 8, 10, ELF_R);
	check("unaligned and below", 0, 10, UVA_PROGRAM - 8, 10, ELF_R);
	check("below", 0, 10, UVA_PROGRAM - 4096, 10, ELF_R);
	check("just fits", 0, 10, UVA_STACK - 4096, 4096, ELF_R);
	check("into the stack", 0, 10, UVA_STACK - 4096, 4097, ELF_R);
	check("wrapping around", 0, 10, UVA_PROGRAM, ~0UL, ELF_R);
	check("empty", 0, 0, UVA_PROGRAM, 0, ELF_R);
	check("execute only", 0, 10, UVA_PROGRAM, 10, ELF_X);
	check("write and execute", 0, 10, UVA_PROGRAM, 10, ELF_R | ELF_W | ELF_X);
	printk("word: %016lx\n", word);
}
