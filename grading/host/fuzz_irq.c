/*
 * What happens beside hypercalls where there are interrupts: devices, time, keys; and what the process that runs does with its
 * virtual CPU interface and its timer, also what it should not.
 */
#include "fuzz.h"
#include "world.h"

#include <hv8/irq.h>
#include <hv8/sysreg.h>
#include <machine.h>

/* INTIDs of devices, and one that is nobody's. */
#define FIRST_DEVICE 40
#define NDEVICE      8

static u32 acknowledged
	[NPROC][8]; /* what each has acknowledged and not ended, as a well-behaved one knows it */
static u32 depth[NPROC];

static u32 device(void)
{
	return FIRST_DEVICE + take() % NDEVICE;
}

u64 fuzz_device(void)
{
	return device();
}

/* An interrupt of the caller, of any kind; what is pending more often. */
u64 fuzz_mine(void)
{
	u32 intid, start = take() % 64;

	for (intid = 0; take() % 4 && intid < 64; intid++)
		if (vgic_is_outstanding(current->pid, (start + intid) % 64))
			return (start + intid) % 64;
	switch (take() % 8) {
	case 0:
		return IRQ_TIMER;
	case 1:
		return 33;
	case 2:
	case 3:
		return device();
	default:
		return take() % 17;
	}
}

/* One that the caller, or a zombie, owns. */
u64 fuzz_owned(void)
{
	u32 i, start = take();

	for (i = 0; i < NDEVICE; i++) {
		const u32 intid = FIRST_DEVICE + (start + i) % NDEVICE, owner = irqs[intid].owner;

		if (irqs[intid].type == IRQ_OWNED &&
		    (owner == (u32)current->pid || procs[owner].state == PROC_ZOMBIE))
			return intid;
	}
	return device();
}

/* ---- the world --------------------------------------------------------------------------------- */

void fuzz_irq_begin(void)
{
	static const int nlrs[] = { 2, 4, 3, 16 };
	const u8 byte = take();
	u32 pid;

	for (pid = 0; pid < NPROC; pid++)
		depth[pid] = 0;
	if (byte < 32)
		return; /* no interrupts */
	model.gic.version = byte % 2 ? 3 : 2;
	model.gic.nlr = nlrs[byte / 2 % 4];
	model.gic.single_security = byte / 8 % 2;
	model.gic.dirty = byte / 16;
	world_gic();
}

/* The CPU sleeps: a device acts, or somebody types. */
void fuzz_asleep(void)
{
	u32 i;

	if (take() % 2)
		model_type("z");
	for (i = 0; i < NDEVICE; i++)
		if (take() % 2)
			model_irq_level(FIRST_DEVICE + i, true);
}

static void devices_act(void)
{
	switch (take() % 4) {
	case 0:
		model_irq_pulse(device());
		break;
	case 1:
		if (model.uart.rx_count < 8)
			model_type("y");
		break;
	default: {
		const u32 intid = device();

		model_irq_level(intid, take() % 2);
	}
	}
}

/* ---- the process ------------------------------------------------------------------------------- */

static u64 syndrome;

static void trapped(void)
{
	model_sysreg_set("esr_el2", 0x18UL << 26 | 1UL << 25 | syndrome);
	trap_el1(&current->frame, 0);
}

/* An access to the register S3_op1_crn_crm_op2; x1 is its value. */
static void traps(u64 op1, u64 crn, u64 crm, u64 op2)
{
	syndrome = 3 << 20 | op2 << 17 | op1 << 14 | crn << 10 | 1 << 5 | crm << 1;
	world_event(trapped);
}

static void acknowledge(void)
{
	const pid_t pid = current->pid;
	const u32 iar = model_virq_ack();

	if (iar == 1023)
		return;
	if (iar >= 16 && iar != IRQ_TIMER && irqs[iar].owner != (u32)pid)
		model_fail("process %d gets interrupt %u, which is not its own", pid, iar);
	if (depth[pid] < 8)
		acknowledged[pid][depth[pid]++] = iar;
	if (iar == IRQ_TIMER && take() % 4) {
		if (!(current->uses & USES_TIMER))
			model_fail("process %d gets the interrupt of a timer that it does not use",
			           pid);
		write_sysreg(cntp_ctl_el0, take() % 2 ? 0 : CNT_CTL_ENABLE | CNT_CTL_IMASK);
	}
	if (iar >= FIRST_DEVICE && take() % 4)
		model_irq_level(iar, false);
}

static void end(void)
{
	const pid_t pid = current->pid;

	if (take() % 16 == 0)
		model_virq_eoi(take() % 64); /* whatever that is */
	else if (depth[pid])
		model_virq_eoi(acknowledged[pid][--depth[pid]]);
}

static void set_timer(void)
{
	write_sysreg(cntp_cval_el0, take() % 8 ? model_time() + (1UL << take() % 20) : wild());
	write_sysreg(cntp_ctl_el0, take() % 4 ? CNT_CTL_ENABLE : take() % 4);
}

static void process_acts(void)
{
	const bool open = current->uses & USES_GIC;
	const u8 what = take() % 16;

	if (what < 2) {
		current->frame.x[1] = (u64)(take() % 16) << 24 | (take() % 8 ? 1 << 3 : wild());
		traps(0, 12, 11, 5); /* ICC_SGI1R_EL1 */
	} else if (what < 4 && !(current->uses & USES_TIMER)) {
		traps(3, 14, 2, 1); /* CNTP_CTL_EL0 */
	} else if (what < 6 && gic.version == 3 && !open) {
		traps(0, 4, 6, 0); /* ICC_PMR_EL1 */
	} else if (what < 9 && current->uses & USES_TIMER) {
		set_timer();
	} else if (!open) {
		return;
	} else if (what == 9) {
		model_virq_open();
	} else if (what < 13) {
		acknowledge();
	} else {
		end();
	}
}

const char *fuzz_irq(u8 kind)
{
	const char *what = "process";

	if (!irq_on)
		return "nothing";
	if (kind % 8 == 0) {
		what = "device";
		devices_act();
	} else if (kind % 8 == 1) {
		what = "time";
		model_time_advance(1UL << take() % 22);
	} else {
		process_acts();
	}
	return what;
}
