/*
 * What a process may do with the machine: the EL2 controls as el1_configure() leaves them, each
 * trap and what follows from it, and the register state that moves on a switch.
 */
#include "unit.h"

#include <hv8/board.h>
#include <hv8/pl011.h>
#include <hv8/proc.h>
#include <hv8/sysreg.h> /* TRAP_... */
#include <hv8/vm.h>
#include <machine.h>
#include <uapi/vectors.h>
#include <stdio.h>
#include <string.h>

#define ISS(op0, op1, crn, crm, op2, rt, read)                                       \
	((u64)(op0) << 20 | (u64)(op2) << 17 | (u64)(op1) << 14 | (u64)(crn) << 10 | \
	 (u64)(rt) << 5 | (u64)(crm) << 1 | (read))

static void start_process(void)
{
	board.uart = (struct range){ model.uart.base, model.uart.base + PAGE_SIZE };
	pl011_init(model.uart.base, 24000000);
	memset(procs, 0, sizeof(procs));
	contexts[1].pid = 1;
	contexts[2].pid = 2;
	procs[1] = (struct proc){ .name = "victim", .state = PROC_RUNNING };
	procs[2] = (struct proc){ .name = "other" };
	ready_add(2);
	current = &contexts[1];
	current->frame.elr = 0x400000;
}

static void is(const char *name, u64 expected)
{
	u64 value = model_sysreg_read(name);

	if (value != expected)
		fail_msg("%s is 0x%lx, should be 0x%lx", name, value, expected);
	if (!model_sysreg_writes(name))
		fail_msg("%s was not written", name);
}

static void does_not_write(const char *name)
{
	if (model_sysreg_writes(name))
		fail_msg("%s was written, and this CPU does not have it", name);
}

/* ---- el1_configure() ------------------------------------------------------------------------- */

static void controls_of_a_cortex_a53(void **state)
{
	el1_configure();
	/* RW; FMO, IMO, AMO; TWI, TIDCP, TSC, TACR, TSW, TVM, TLOR, TERR */
	is("hcr_el2", 1UL << 31 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 13 | 1 << 20 | 1 << 19 | 1 << 21 |
	                      1 << 22 | 1 << 26 | 1UL << 35 | 1UL << 36);
	/* RES1 13, 9, 7:0; TFP, TZ, TSM, TTA, TAM */
	is("cptr_el2", 0x22ff | 1 << 10 | 1 << 8 | 1 << 12 | 1 << 20 | 1 << 30);
	/* HPMN 6; TPMCR, TPM, TDA, TDOSA, TDRA, TPMS, TTRF */
	is("mdcr_el2", 6 | 1 << 5 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 14 | 1 << 19);
	is("cnthctl_el2", 1); /* the counter may be read, the physical timer not used */
	is("sctlr_el1", 0x30d00800 | 1 << 0 | 1 << 2 | 1 << 12 | 1 << 3 | 1 << 4 | 1 << 14 |
	                        1 << 15 | 1 << 26 | 1 << 16 | 1 << 18 | 1 << 19);
	is("tcr_el1", vm_tcr());
	is("mair_el1", 0x04ff);
	is("ttbr1_el1", 0);
	is("amair_el1", 0);
	is("mdscr_el1", 0);
	is("hstr_el2", 0);
	is("vttbr_el2", 0);
	is("vtcr_el2", 1UL << 31);
	is("cntvoff_el2", 0);
	is("vpidr_el2", 0x410fd034);
	is("vmpidr_el2", 0x80000003);
	is("s3_4_c12_c9_5", 7);        /* ICC_SRE_EL2: SRE, DFB, DIB; not Enable */
	is("s3_4_c12_c11_0", 7 << 10); /* ICH_HCR_EL2: TC, TALL0, TALL1 */
	is("s3_0_c12_c12_7", 0);       /* ICC_IGRPEN1_EL1 */
	does_not_write("s3_4_c1_c2_2");
	does_not_write("s3_4_c1_c1_4");
	does_not_write("s3_4_c5_c2_3");
	assert_true(model.tlbi_el1 > 0);
}

static void controls_of_a_newer_cpu(void **state)
{
	model_sysreg_set("id_aa64mmfr0_el1", 1UL << 56 | 0x1126);
	model_sysreg_set("id_aa64mmfr1_el1", 1UL << 40);
	/* RAS and MPAM, no GICv3 interface */
	model_sysreg_set("id_aa64pfr0_el1", 1UL << 40 | 1UL << 28 | 0x2222);
	model_sysreg_set("id_aa64dfr0_el1", 0xf << 8); /* an implementation's own PMU */
	el1_configure();
	is("s3_4_c1_c2_2", 0);
	is("s3_4_c5_c2_3", 0);
	is("s3_4_c10_c5_0", 3UL << 48);
	is("s3_4_c1_c1_4", 0);
	is("s3_4_c1_c1_5", 0);
	is("s3_4_c1_c1_6", 0);
	is("s3_4_c3_c1_4", 0);
	is("s3_4_c3_c1_5", 0);
	does_not_write("s3_4_c12_c9_5");
	does_not_write("s3_4_c12_c11_0");
	assert_int_equal(model_sysreg_read("mdcr_el2") & 0x1f, 0);
	assert_int_equal(model_sysreg_read("tcr_el1") >> 32 & 7, 6);
}

/* ---- sysreg_trap() --------------------------------------------------------------------------- */

static void writes_of_own_registers_go_through(void **state)
{
	static const struct {
		const char *name;
		u64 iss;
	} own[] = {
		{ "afsr0_el1", ISS(3, 0, 5, 1, 0, 0, 0) },
		{ "afsr1_el1", ISS(3, 0, 5, 1, 1, 0, 0) },
		{ "esr_el1", ISS(3, 0, 5, 2, 0, 0, 0) },
		{ "far_el1", ISS(3, 0, 6, 0, 0, 0, 0) },
		{ "contextidr_el1", ISS(3, 0, 13, 0, 1, 0, 0) },
	};
	size_t i;
	u32 rt;

	start_process();
	for (i = 0; i < 31; i++)
		current->frame.x[i] = 0x1000 + i;
	current->frame.sp = 0xbad; /* what x[31] would be */
	for (i = 0; i < ARRAY_SIZE(own); i++)
		for (rt = 0; rt < 32; rt++) {
			u64 elr = current->frame.elr;

			sysreg_trap(&current->frame, own[i].iss | rt << 5);
			is(own[i].name, rt == 31 ? 0 : 0x1000 + rt);
			assert_int_equal(current->frame.elr, elr + 4);
		}
	assert_int_equal(current->pid, 1);
	assert_string_equal(model_output(), "");
}

static void denied(u64 iss, const char *what)
{
	char expected[120];
	const char *output;

	model_reset();
	start_process();
	sysreg_trap(&current->frame, iss);
	output = model_output();
	snprintf(expected, sizeof(expected), "hv8: process 1 (victim) killed: %s is denied\r\n",
	         what);
	if (strncmp(output, expected, strlen(expected)))
		fail_msg("not \"%s\" but: %s", what, output);
	assert_int_equal(procs[1].state, PROC_ZOMBIE);
	assert_int_equal(current->pid, 2);
	assert_int_equal(contexts[1].frame.elr, 0x400000);
}

/* The names, from the manual's encodings (D19, C5.3). */
static void denied_registers_have_names(void **state)
{
	denied(ISS(3, 0, 1, 0, 0, 5, 0), "write of SCTLR_EL1");
	denied(ISS(3, 0, 2, 0, 0, 5, 0), "write of TTBR0_EL1");
	denied(ISS(3, 0, 2, 0, 1, 5, 0), "write of TTBR1_EL1");
	denied(ISS(3, 0, 2, 0, 2, 31, 0), "write of TCR_EL1");
	denied(ISS(3, 0, 10, 2, 0, 0, 0), "write of MAIR_EL1");
	denied(ISS(3, 0, 10, 3, 0, 0, 0), "write of AMAIR_EL1");
	denied(ISS(3, 0, 1, 0, 1, 0, 0), "write of ACTLR_EL1");
	denied(ISS(3, 0, 1, 0, 1, 0, 1), "read of ACTLR_EL1");
	denied(ISS(1, 0, 7, 6, 2, 0, 0), "write of DC ISW");
	denied(ISS(1, 0, 7, 10, 2, 0, 0), "write of DC CSW");
	denied(ISS(1, 0, 7, 14, 2, 0, 0), "write of DC CISW");
	denied(ISS(2, 0, 0, 2, 2, 0, 0), "write of MDSCR_EL1");
	denied(ISS(2, 0, 1, 0, 0, 0, 1), "read of MDRAR_EL1");
	denied(ISS(2, 0, 1, 0, 4, 0, 0), "write of OSLAR_EL1");
	denied(ISS(2, 0, 1, 1, 4, 0, 1), "read of OSLSR_EL1");
	denied(ISS(2, 0, 1, 3, 4, 0, 0), "write of OSDLR_EL1");
	denied(ISS(2, 0, 0, 0, 4, 0, 0), "write of DBGBVR0_EL1");
	denied(ISS(2, 0, 0, 0, 5, 0, 0), "write of DBGBCR0_EL1");
	denied(ISS(2, 0, 0, 0, 6, 0, 0), "write of DBGWVR0_EL1");
	denied(ISS(2, 0, 0, 0, 7, 0, 0), "write of DBGWCR0_EL1");
	denied(ISS(3, 3, 9, 12, 0, 0, 1), "read of PMCR_EL0");
	denied(ISS(3, 3, 9, 12, 1, 0, 0), "write of PMCNTENSET_EL0");
	denied(ISS(3, 3, 9, 12, 2, 0, 0), "write of PMCNTENCLR_EL0");
	denied(ISS(3, 3, 9, 12, 5, 0, 0), "write of PMSELR_EL0");
	denied(ISS(3, 3, 9, 13, 0, 0, 1), "read of PMCCNTR_EL0");
	denied(ISS(3, 3, 9, 14, 0, 0, 0), "write of PMUSERENR_EL0");
	denied(ISS(3, 0, 9, 14, 1, 0, 0), "write of PMINTENSET_EL1");
	denied(ISS(3, 3, 14, 2, 0, 0, 1), "read of CNTP_TVAL_EL0");
	denied(ISS(3, 3, 14, 2, 1, 0, 0), "write of CNTP_CTL_EL0");
	denied(ISS(3, 3, 14, 2, 2, 0, 0), "write of CNTP_CVAL_EL0");
	denied(ISS(3, 0, 4, 6, 0, 0, 1), "read of ICC_PMR_EL1");
	denied(ISS(3, 0, 12, 11, 5, 0, 0), "write of ICC_SGI1R_EL1");
	denied(ISS(3, 0, 12, 12, 0, 0, 1), "read of ICC_IAR1_EL1");
	denied(ISS(3, 0, 12, 12, 1, 0, 0), "write of ICC_EOIR1_EL1");
	denied(ISS(3, 0, 12, 12, 4, 0, 0), "write of ICC_CTLR_EL1");
	denied(ISS(3, 0, 12, 12, 5, 0, 1), "read of ICC_SRE_EL1");
	denied(ISS(3, 0, 12, 12, 7, 0, 0), "write of ICC_IGRPEN1_EL1");
}

static void reads_of_own_registers_do_not_trap_and_are_denied(void **state)
{
	denied(ISS(3, 0, 5, 2, 0, 0, 1), "read of S3_0_C5_C2_0");
	assert_int_equal(model_sysreg_writes("esr_el1"), 0);
}

/* Whatever the encoding: what is not allowed is denied under its own name. */
static void every_encoding(void **state)
{
	u32 op0, op1, crn, crm, op2, read, killed = 0;

	for (op0 = 1; op0 < 4; op0++)
		for (op1 = 0; op1 < 8; op1++)
			for (crn = 0; crn < 16; crn++)
				for (crm = 0; crm < 16; crm++)
					for (op2 = 0; op2 < 8; op2++)
						for (read = 0; read < 2; read++) {
							char generic[40];

							model.uart.nsent = 0;
							start_process();
							sysreg_trap(&current->frame,
							            ISS(op0, op1, crn, crm, op2, 3,
							                read));
							if (current->pid == 1) {
								assert_int_equal(read, 0);
								continue;
							}
							killed++;
							snprintf(generic, sizeof(generic),
							         " S%u_%u_C%u_C%u_%u is", op0, op1,
							         crn, crm, op2);
							model.uart.sent[model.uart.nsent] = '\0';
							assert_true(
								strstr(model.uart.sent, generic) ||
								!strstr(model.uart.sent, " S3_"));
						}
	assert_int_equal(killed, 3 * 8 * 16 * 16 * 8 * 2 - 5);
}

/* ---- trap_el1() ------------------------------------------------------------------------------ */

static const char *trapped(u64 kind, u64 esr)
{
	model_reset();
	start_process();
	model_sysreg_set("esr_el2", esr);
	trap_el1(&current->frame, kind);
	return model_output();
}

static void killed_saying(u64 kind, u64 esr, const char *why)
{
	char expected[120];
	const char *output = trapped(kind, esr);

	snprintf(expected, sizeof(expected), "hv8: process 1 (victim) killed: %s\r\n", why);
	if (!strstr(output, expected))
		fail_msg("not \"%s\" but: %s", why, output);
	assert_int_equal(procs[1].state, PROC_ZOMBIE);
	assert_int_equal(current->pid, 2);
}

static void wfi_lets_another_run(void **state)
{
	assert_string_equal(trapped(TRAP_SYNC, 0x01UL << 26 | 1UL << 25), "");
	assert_int_equal(current->pid, 2);
	assert_int_equal(procs[2].state, PROC_RUNNING);
	assert_int_equal(procs[1].state, PROC_RUNNABLE);
	assert_int_equal(contexts[1].frame.elr, 0x400004); /* behind the WFI */
	/* Thumb code at EL0 has a WFI of two bytes: ESR.IL is clear. */
	contexts[2].frame.elr = 0x8000;
	model_sysreg_set("esr_el2", 0x01UL << 26);
	trap_el1(&contexts[2].frame, TRAP_SYNC);
	assert_int_equal(contexts[2].frame.elr, 0x8002);
	assert_int_equal(current->pid, 1);
	/* Alone it goes on at once. */
	ready_remove(2);
	procs[2].state = PROC_FREE;
	trap_el1(&contexts[1].frame, TRAP_SYNC);
	assert_int_equal(current->pid, 1);
	assert_int_equal(procs[1].state, PROC_RUNNING);
}

static void traps_that_kill(void **state)
{
	killed_saying(TRAP_SYNC, 0x17UL << 26, "SMC is denied: firmware belongs to the kernel");
	killed_saying(TRAP_SYNC, 0x16UL << 26 | 1, "hvc #1 is not a hypercall");
	killed_saying(TRAP_SYNC, 0x16UL << 26 | 0xff, "hvc #255 is not a hypercall");
	killed_saying(TRAP_SYNC, 0x16UL << 26 | (HVC_VECTOR + 16), "hvc #272 is not a hypercall");
	killed_saying(TRAP_SYNC, 0x18UL << 26 | ISS(3, 0, 2, 0, 0, 0, 0),
	              "write of TTBR0_EL1 is denied");
	killed_saying(TRAP_SYNC, 0x19UL << 26, "SVE, trapped");
	killed_saying(TRAP_SYNC, 0x0eUL << 26, "illegal execution state");
	killed_saying(TRAP_SYNC, 0, "unknown reason (an undefined instruction?)");
	killed_saying(TRAP_SERROR, 0x01UL << 26, "SError"); /* ESR is not looked at */
}

static void faults_reported_by_the_vector_page(void **state)
{
	static const char *const kinds[4] = { "", "IRQ, ", "FIQ, ", "SError, " };
	u64 vector;

	for (vector = 0; vector < 16; vector++) {
		char expected[120];
		const char *output;

		model_reset();
		start_process();
		model_sysreg_set("esr_el2", 0x16UL << 26 | (HVC_VECTOR + vector));
		model_sysreg_set("esr_el1", 0x96000047); /* its own data abort, a write */
		model_sysreg_set("far_el1", 0x12345678);
		model_sysreg_set("elr_el1", 0x400abc);
		model_sysreg_set("spsr_el1", 0x3c5);
		model_sysreg_set("sp_el1", 0x7ffff000);
		trap_el1(&current->frame, TRAP_SYNC);
		output = model_output();
		snprintf(
			expected, sizeof(expected),
			"killed: %sdata abort, write, translation fault, level 3, at 0x12345678\r\n",
			kinds[vector % 4]);
		if (!strstr(output, expected))
			fail_msg("not \"%s\" but: %s", expected, output);
		assert_non_null(strstr(output, "0x0000000000400abc"));
		assert_non_null(strstr(output, "SPSR 0x000003c5  SP 0x000000007ffff000"));
	}
	/* No abort: no address. */
	model_reset();
	start_process();
	model_sysreg_set("esr_el2", 0x16UL << 26 | (HVC_VECTOR + 4));
	model_sysreg_set("esr_el1", 0x56000000);
	trap_el1(&current->frame, TRAP_SYNC);
	assert_non_null(strstr(model_output(), "killed: SVC\r\n"));
}

static void do_irq(void *unused)
{
	trap_el1(&current->frame, TRAP_IRQ);
}

static void an_interrupt_is_a_bug(void **state)
{
	start_process();
	assert_int_equal(model_run(do_irq, NULL), MODEL_OFF);
	assert_non_null(strstr(model_output(), "hv8: panic: an interrupt that nobody asked for"));
}

/* ---- context.c ------------------------------------------------------------------------------- */

static const char *const el1_registers[] = {
#define X(a, b) #a, #b,
	EL1_REGISTERS(X)
#undef X
};

static void a_switch_moves_every_register(void **state)
{
	u64 i;

	start_process();
	context_prepare();
	for (i = 0; i < ARRAY_SIZE(el1_registers); i++)
		model_sysreg_set(el1_registers[i], 0x1111 * (i + 1));
	memset(&contexts[2].el1, 0xee, sizeof(contexts[2].el1));
	context_switch(&contexts[1], &contexts[2]);
	for (i = 0; i < ARRAY_SIZE(el1_registers); i++)
		is(el1_registers[i], 0xeeeeeeeeeeeeeeee);
	assert_int_equal(model.tlbi_el1, 1);
	context_switch(&contexts[2], &contexts[1]);
	for (i = 0; i < ARRAY_SIZE(el1_registers); i++)
		is(el1_registers[i], 0x1111 * (i + 1));
	/* With nobody to save it for, the state is only loaded. */
	memset(&contexts[1].el1, 0x11, sizeof(contexts[1].el1));
	context_switch(NULL, &contexts[2]);
	assert_int_equal(contexts[1].el1.tpidr_el0, 0x1111111111111111);
	is("tpidr_el0", 0xeeeeeeeeeeeeeeee);
}

static void a_fresh_process_has_nothing_of_another(void **state)
{
	u64 i;

	start_process();
	memset(&contexts[1], 0x77, sizeof(contexts[1]));
	contexts[1].pid = 1;
	context_init(&contexts[1], 0x400100, 0x7ffff000, 0x7ffff800);
	assert_int_equal(contexts[1].frame.x[0], 0x7ffff800);
	for (i = 1; i < 31; i++)
		assert_int_equal(contexts[1].frame.x[i], 0);
	assert_int_equal(contexts[1].frame.elr, 0x400100);
	assert_int_equal(contexts[1].frame.spsr, 0x3c5); /* EL1h, all masked */
	context_switch(NULL, &contexts[1]);
	for (i = 0; i < ARRAY_SIZE(el1_registers); i++) {
		const char *name = el1_registers[i];

		if (!strcmp(name, "sp_el1"))
			is(name, 0x7ffff000);
		else if (!strcmp(name, "vbar_el1"))
			is(name, 0x10000);
		else if (!strcmp(name, "cpacr_el1"))
			is(name, 3 << 20);
		else
			is(name, 0);
	}
	for (i = 0; i < 64; i++)
		assert_int_equal(contexts[1].fp.q[i], 0);
}

static bool fp_traps(void)
{
	return model_sysreg_read("cptr_el2") & 1 << 10;
}

/* Each process sees its own FP registers, whoever ran in between, and they move only when used. */
/* With RAS, VDISR_EL2 is what EL1 has as DISR_EL1: it must not carry a word from one to the other. */
static void vdisr_moves_where_there_is_ras(void **state)
{
	model_sysreg_set("id_aa64pfr0_el1", 1UL << 28 | 0x2222);
	context_prepare();
	context_switch(NULL, &contexts[1]);
	model_sysreg_set("s3_4_c12_c1_1", 0x80abcdef);
	context_switch(&contexts[1], &contexts[2]);
	assert_int_equal(model_sysreg_read("s3_4_c12_c1_1"), 0);
	context_switch(&contexts[2], &contexts[1]);
	assert_int_equal(model_sysreg_read("s3_4_c12_c1_1"), 0x80abcdef);
}

static void fp_registers_move_on_first_use(void **state)
{
	start_process();
	contexts[1].fp.q[5] = 111;
	contexts[2].fp.q[5] = 222;
	el1_configure();
	context_switch(NULL, &contexts[1]);
	assert_true(fp_traps());
	model_sysreg_set("esr_el2", 0x07UL << 26);
	trap_el1(&contexts[1].frame, TRAP_SYNC);
	assert_false(fp_traps());
	assert_int_equal(contexts[1].frame.elr, 0x400000); /* the instruction runs again */
	assert_int_equal(model.fp[5], 111);
	model.fp[5] = 112;

	current = &contexts[2];
	context_switch(&contexts[1], &contexts[2]); /* does not use FP */
	assert_true(fp_traps());
	current = &contexts[1];
	context_switch(&contexts[2], &contexts[1]); /* they are still its own */
	assert_false(fp_traps());
	assert_int_equal(model.fp[5], 112);

	current = &contexts[2];
	context_switch(&contexts[1], &contexts[2]);
	fp_take();
	assert_int_equal(model.fp[5], 222);
	assert_int_equal(contexts[1].fp.q[5], 112);
	assert_int_equal(model_sysreg_read("cptr_el2"),
	                 0x22ff | 1 << 8 | 1 << 12 | 1 << 20 | 1 << 30);

	/* Process 2 is gone: what it left is not saved, and process 1 gets its own. */
	fp_drop(&contexts[2]);
	contexts[2].fp.q[5] = 5;
	current = &contexts[1];
	context_switch(&contexts[2], &contexts[1]);
	assert_true(fp_traps());
	fp_take();
	assert_int_equal(model.fp[5], 112);
	assert_int_equal(contexts[2].fp.q[5], 5);
}

static void nothing_moves_without_a_switch(void **state)
{
	start_process();
	proc_switch(&contexts[1]);
	assert_int_equal(model_sysreg_writes("ttbr0_el1"), 0);
	current = &contexts[2];
	proc_switch(&contexts[1]);
	assert_int_equal(model_sysreg_writes("ttbr0_el1"), 1);
}

static const struct CMUnitTest tests[] = {
	TEST(controls_of_a_cortex_a53),
	TEST(controls_of_a_newer_cpu),
	TEST(writes_of_own_registers_go_through),
	TEST(denied_registers_have_names),
	TEST(reads_of_own_registers_do_not_trap_and_are_denied),
	TEST(every_encoding),
	TEST(wfi_lets_another_run),
	TEST(traps_that_kill),
	TEST(faults_reported_by_the_vector_page),
	TEST(an_interrupt_is_a_bug),
	TEST(a_switch_moves_every_register),
	TEST(a_fresh_process_has_nothing_of_another),
	TEST(vdisr_moves_where_there_is_ras),
	TEST(fp_registers_move_on_first_use),
	TEST(nothing_moves_without_a_switch),
};

MODEL_MAIN("sysreg", tests)
