/* An exception from a process: who deals with it. Most of its own faults never come here: they go
 * to its own EL1 vectors. */
#include <hv8/console.h>
#include <hv8/proc.h>
#include <hv8/string.h>
#include <hv8/sysreg.h>
#include <hv8/vm.h>
#include <machine.h>
#include <stdarg.h>
#include <uapi/errno.h>
#include <uapi/vectors.h>

static void put(char c, void *context)
{
	printk("%c", c);
}

void proc_kill(const char *why, ...)
{
	va_list arguments;

	printk("hv8: process %d (%s) killed: ", current->pid, procs[current->pid].name);
	va_start(arguments, why);
	format(put, NULL, why, arguments);
	va_end(arguments);
	printk("\n");
	current->frame.sp = read_sysreg(sp_el1);
	print_frame(&current->frame, false);
	proc_end(STATUS_KILLED);
}

/* A fault that the process does not handle arrived in the kernel's vector page. Its state is in the
 * EL1 registers. */
USED_BY_HOLES static void report_fault(struct trap_frame *frame, u64 vector)
{
	static const char *const kinds[4] = { "", "IRQ, ", "FIQ, ", "SError, " };
	u64 esr = read_sysreg(esr_el1), far = read_sysreg(far_el1);
	const char *fault = esr_fault(esr);

	frame->elr = read_sysreg(elr_el1);
	frame->spsr = read_sysreg(spsr_el1);
	print_syndrome("EL1", esr, far);
	if (*fault)
		proc_kill("%s%s, %s, at 0x%lx", kinds[vector % 4], esr_class(esr), fault, far);
	else
		proc_kill("%s%s", kinds[vector % 4], esr_class(esr));
}

void trap_el1(struct trap_frame *frame, u64 kind)
{
#if SOLUTION >= 3
	u64 esr = read_sysreg(esr_el2), iss = ESR_ISS(esr);

	if (kind == TRAP_IRQ)
		panic("an interrupt that nobody asked for");
	if (kind == TRAP_SERROR) {
		proc_kill("SError");
		return;
	}
	switch (ESR_EC(esr)) {
	case EC_WFX:
		/* A trapped instruction: ELR is at it, not behind it. IL: it has 4 bytes, else 2. */
		frame->elr += esr & ESR_IL ? 4 : 2;
		proc_yield();
		break;
	case EC_FP:
		fp_take();
		break;
	case EC_SYSREG:
		sysreg_trap(frame, iss);
		break;
	case EC_HVC64:
		if (iss >= HVC_VECTOR && iss < HVC_VECTOR + 16)
			report_fault(frame, iss - HVC_VECTOR);
		else
			proc_kill("hvc #%lu is not a hypercall", iss);
		break;
	case EC_SMC64:
		proc_kill("SMC is denied: firmware belongs to the kernel");
		break;
	default:
		proc_kill("%s", esr_class(esr));
	}
#else
	/*
	 * LAB 3: an IRQ is a bug in this lab: panic. An SError kills the process. (The words are yours.)
	 * For a synchronous exception decide by its class, ESR_EC(esr) of ESR_EL2 (constants in
	 * hv8/sysreg.h):
	 *
	 *	WFI or WFE	go behind the instruction (ELR is at a trapped one), then let
	 *			another process run: proc_yield()
	 *	FP		fp_take(); the instruction runs again
	 *	system register	sysreg_trap()
	 *	HVC		its number is ISS; HVC_VECTOR and the 15 behind it are the vector page's:
	 *			report_fault(frame, number - HVC_VECTOR); any other: kill,
	 *			"hvc #%lu is not a hypercall"
	 *	SMC		kill: "SMC is denied: firmware belongs to the kernel"
	 *	anything else	kill, with esr_class() as the reason
	 *
	 * Read: Arm ARM D19.2.38 ESR_EL2, and D1.3.1 on which address ELR holds.
	 */
	todo("trap_el1");
#endif
}

int copy_from_process(void *to, uva_t from, size_t size)
{
	u8 *bytes = to;

	while (size) {
		pte_t leaf = vm_lookup(procs[current->pid].root, from);
		u64 offset = from % PAGE_SIZE;
		u64 chunk = size < PAGE_SIZE - offset ? size : PAGE_SIZE - offset;

		if (!leaf)
			return -EFAULT;
#if LAB >= 5
		if ((leaf & PTE_ATTR(7)) == PTE_ATTR(MAIR_DEVICE))
			return -EFAULT; /* GICV is no memory, and not mapped at EL2: the kernel would fault */
#endif
		memcpy(bytes, (u8 *)pa_pointer(leaf & PTE_ADDRESS) + offset, chunk);
		bytes += chunk;
		from += chunk;
		size -= chunk;
	}
	return 0;
}
