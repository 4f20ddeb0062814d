/*
 * The first programs: loaded by the kernel from the initrd, because somebody has to be first. And
 * the end of a process.
 */
#if LAB >= 4
#include <hv8/asid.h>
#endif
#include <hv8/board.h>
#include <hv8/console.h>
#include <hv8/elf.h>
#include <hv8/page.h>
#include <hv8/proc.h>
#include <hv8/string.h>
#include <hv8/sysreg.h>
#include <hv8/vm.h>
#include <machine.h>
#include <uapi/hypercall.h>
#if LAB >= 5
#include <hv8/irq.h>
#endif

extern const char user_vectors[]; /* one page, user_vectors.S */

void proc_init(void)
{
	page_init();
	el1_configure();
#if LAB >= 4
	asid_init();
#endif
	context_prepare();
#if LAB >= 5
	irq_init();
#endif
	printk("hv8: %u pages for processes\n", page_count());
}

/* Copy one checked segment into fresh pages. */
static const char *load_segment(pid_t pid, const u8 *file, const struct elf64_segment *segment)
{
	int perm = segment->flags & ELF_X ? VM_RX : segment->flags & ELF_W ? VM_RW : VM_R;
	u64 at;

	for (at = 0; at < segment->memsz; at += PAGE_SIZE) {
		int pn = page_take(pid, PAGE_FRAME, segment->vaddr + at);

		if (pn < 0 || vm_map(pid, procs[pid].root, segment->vaddr + at, page_pa((pn_t)pn),
		                     perm | VM_EL0))
			return "no memory is left";
		if (at < segment->filesz) {
			u64 bytes =
				segment->filesz - at < PAGE_SIZE ? segment->filesz - at : PAGE_SIZE;

			memcpy(pa_pointer(page_pa((pn_t)pn)), file + segment->offset + at, bytes);
		}
		if (perm == VM_RX)
			icache_sync(page_pa((pn_t)pn), page_pa((pn_t)pn) + PAGE_SIZE);
	}
	return NULL;
}

/* The stack, with the boot arguments at its top. */
static const char *load_stack(pid_t pid, uva_t *sp)
{
	const u64 size = ROUND_UP(strlen(board.bootargs) + 1, 16);
	uva_t uva;

	*sp = UVA_STACK_TOP - size;
	for (uva = UVA_STACK; uva < UVA_STACK_TOP; uva += PAGE_SIZE) {
		int pn = page_take(pid, PAGE_FRAME, uva);

		if (pn < 0 || vm_map(pid, procs[pid].root, uva, page_pa((pn_t)pn), VM_RW | VM_EL0))
			return "no memory is left";
		if (uva + PAGE_SIZE == UVA_STACK_TOP)
			memcpy((u8 *)pa_pointer(page_pa((pn_t)pn)) + PAGE_SIZE - size,
			       board.bootargs, strlen(board.bootargs) + 1);
	}
	return NULL;
}

static const char *load(pid_t pid, const u8 *file, u64 size)
{
	struct proc *proc = &procs[pid];
	const char *problem = elf_check(file, size);
	int root, error;
	uva_t sp;
	u32 i;

	if (problem)
		return problem;
	root = page_take(pid, PAGE_L0, 0);
	if (root < 0)
		return "no memory is left";
	proc->root = (pn_t)root;
	error = vm_map(pid, proc->root, UVA_VECTORS, pointer_pa(user_vectors), VM_RX);
#if LAB >= 4
	error |= vm_map_tables(pid, proc->root);
#endif
	if (error)
		return "no memory is left";
	for (i = 0; i < elf_header(file).phnum; i++) {
		struct elf64_segment segment = elf_segment(file, i);

		problem = segment.type == ELF_LOAD ? load_segment(pid, file, &segment) : NULL;
		if (problem)
			return problem;
	}
	problem = load_stack(pid, &sp);
	if (problem)
		return problem;
	pte_publish(); /* no flush follows in which the walker would see the tables */
	context_init(&contexts[pid], elf_header(file).entry, sp, sp);
#if LAB >= 4
	contexts[pid].el1.ttbr0_el1 = asid_start(pid);
#endif
#if LAB >= 5
	vgic_reset(pid);
#endif
	return NULL;
}

const char *proc_load(const char *name, pid_t *pid)
{
	const u8 *file, *archive = pa_pointer(board.initrd.start);
	const char *problem;
	u64 size, i;

	if (board.initrd.start == 0)
		return "there is no initrd";
	file = cpio_find(archive, board.initrd.end - board.initrd.start, name, &size);
	if (!file)
		return "the initrd has no such file";
	for (*pid = 1; *pid < NPROC && procs[*pid].state != PROC_FREE; (*pid)++)
		continue;
	if (*pid == NPROC)
		return "too many processes";
	for (i = 0; i < PROC_NAME - 1 && name[i]; i++)
		procs[*pid].name[i] = name[i];
	procs[*pid].name[i] = '\0';
	contexts[*pid].pid = *pid;
	problem = load(*pid, file, size);
	if (problem) {
		page_free_all(*pid);
		memset(&procs[*pid], 0, sizeof(procs[*pid]));
		memset(&contexts[*pid], 0, sizeof(contexts[*pid]));
		return problem;
	}
	ready_add(*pid);
	return NULL;
}

_Noreturn void proc_start(void)
{
	char names[320] = "init", *name = names, *end;
	bool more = true;
	bool loaded = false;
	pid_t pid;

	bootarg("init", names, sizeof(names));
	for (; more; name = end + 1) {
		const char *problem;

		for (end = name; *end && *end != ','; end++)
			continue;
		more = *end == ',';
		*end = '\0';
		problem = proc_load(name, &pid);
		if (problem)
			printk("hv8: %s refused: %s\n", name, problem);
		else
			loaded = true;
	}
	if (!loaded)
		panic("there is no program to run");
	proc_run_next();
	context_switch(NULL, current);
	el1_return();
}

void proc_end(i64 status)
{
	const pid_t pid = current->pid;

#if LAB >= 4
	proc_die(pid, status);
#else
	fp_drop(current);
	page_free_all(pid);
	procs[pid].state = PROC_ZOMBIE;
#endif
	proc_run_next();
}
