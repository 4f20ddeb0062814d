/*
 * The model machine. Written from the manuals (Arm ARM DDI 0487, PL011 DDI 0183), with its own
 * constants: what the kernel believes of a register must not be what it is tested against.
 */
#include "model.h"

#include <machine.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

struct model model;

/* ---- power on -------------------------------------------------------------------------------- */

extern u64 kernel_data[], kernel_data_end[]; /* reset.ld */
extern struct board board;                   /* one of the kernel's variables */

static jmp_buf stop;
static bool running;
static enum model_stop stopped;
static u64 random_state;

static void sysreg_reset(void);

/* Word by word and unwatched: the redzones between the kernel's variables are copied too. */
__attribute__((no_sanitize("address", "undefined"))) static void copy_words(
	volatile u64 *to, const volatile u64 *from, const volatile u64 *end)
{
	while (from < end)
		*to++ = *from++;
}

static void map_dram(void)
{
	void *dram = mmap((void *)MODEL_DRAM, MODEL_DRAM_SIZE, PROT_READ | PROT_WRITE,
	                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (dram != (void *)MODEL_DRAM) {
		fprintf(stderr, "model: the addresses from 0x%lx on are taken\n", MODEL_DRAM);
		exit(1);
	}
}

void model_reset(void)
{
	static u64 *at_boot;
	size_t size = (size_t)((u8 *)kernel_data_end - (u8 *)kernel_data);

	if (!at_boot) {
		if ((u8 *)&board < (u8 *)kernel_data || (u8 *)&board >= (u8 *)kernel_data_end) {
			fprintf(stderr, "model: reset.ld has not found the kernel's variables\n");
			exit(1);
		}
		map_dram();
		at_boot = malloc(size);
		copy_words(at_boot, kernel_data, kernel_data_end);
	}
	copy_words(kernel_data, at_boot, at_boot + size / 8);
	madvise((void *)MODEL_DRAM, MODEL_DRAM_SIZE, MADV_DONTNEED);
	memset(&model, 0, sizeof(model));
	model.image = MODEL_DRAM + (2UL << 20);
	model.uart.base = 0x9000000;
	model.uart.cr = 0x300;
	sysreg_reset();
	random_state = 88172645463325252UL;
	running = false;
}

enum model_stop model_run(void (*code)(void *), void *argument)
{
	stopped = MODEL_RETURNED;
	running = true;
	if (setjmp(stop) == 0)
		code(argument);
	running = false;
	return stopped;
}

static _Noreturn void stop_machine(enum model_stop how, const char *what)
{
	if (!running)
		fail_msg("%s; the console says: %s", what, model.uart.sent);
	stopped = how;
	longjmp(stop, 1);
}

int model_setup(void **state)
{
	model_reset();
	return 0;
}

int model_teardown(void **state)
{
	if (model.uart.lost)
		print_error("%d bytes were lost on the way to the UART\n", model.uart.lost);
	return model.uart.lost;
}

static const char *program, *doing;
static u64 doing_number;

static void never_ends(int signal_number)
{
	char text[160];
	int length = snprintf(text, sizeof(text), "%s: endless loop; at %s %lu\n", program,
	                      doing ? doing : "test", doing_number);

	if (write(STDERR_FILENO, text, (size_t)length) < 0)
		_exit(2);
	_exit(1);
}

/* Processor time, so that a slow or busy host makes no difference. */
void model_start_alarm(const char *name)
{
	program = name;
	setvbuf(stdout, NULL, _IOLBF, 0); /* what was said before a sudden end is still said */
	signal(SIGPROF, never_ends);
	model_progress(NULL, 0);
}

void model_progress(const char *what, u64 number)
{
	static u32 calls;

	doing = what;
	doing_number = number;
	if (calls++ % 64 == 0) {
		struct itimerval limit = { .it_value = { .tv_sec = 20 } };

		setitimer(ITIMER_PROF, &limit, NULL);
	}
}

u64 model_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	return random_state ^= random_state << 17;
}

/* Nothing is allocated by the code under test, and tracing may be forbidden where this runs. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:quarantine_size_mb=16";
}

/* ---- memory ---------------------------------------------------------------------------------- */

extern u8 model_image[]; /* image.S */

/* A pointer into the image, or to its end, is an address where the image was loaded. */
pa_t pointer_pa(const void *pointer)
{
	u64 offset = (u64)pointer - (u64)model_image;

	return offset <= MODEL_END ? model.image + offset : (pa_t)pointer;
}

void *pa_pointer(pa_t pa)
{
	return pa - model.image < MODEL_END ? model_image + (pa - model.image) : (void *)pa;
}

/* Break-before-make (D8.14.1): a valid entry may become invalid, or nothing else. */
void pte_store(pte_t *entry, pte_t value)
{
	if ((u64)entry % 8)
		fail_msg("a table entry at %p, not aligned", (void *)entry);
	if ((*entry & 1) && (value & 1) && *entry != value)
		fail_msg("a valid entry 0x%lx was replaced by 0x%lx without a break", *entry,
		         value);
	*entry = value;
	model.stores++;
}

void isb(void)
{
	model.isb++;
}

void dsb_ish(void)
{
	model.dsb++;
}

void tlbi_alle2(void)
{
	model.tlbi_el2++;
}

void tlbi_vmalle1is(void)
{
	model.tlbi_el1++;
}

void dcache_invalidate(pa_t start, pa_t end)
{
	if (start % 64 || end % 64)
		fail_msg("dcache_invalidate() of parts of a line: others' data is lost");
	model.dcache_start = start;
	model.dcache_end = end;
}

void dcache_clean(pa_t start, pa_t end)
{
	model.cleaned_start = start;
	model.cleaned_end = end;
}

void icache_sync(pa_t start, pa_t end)
{
	model.icache++;
	model.icache_start = start;
	model.icache_end = end;
}

/* ---- system registers ------------------------------------------------------------------------ */

struct sysreg {
	const char *name;
	bool read_only;
	u64 reset;
	u64 value;
	int writes;
};

#define UNKNOWN 0xdeadbeefdeadbeef /* what reset leaves in a register that has no reset value */
#define RW(name)                            \
	{                                   \
#name, false, UNKNOWN, 0, 0 \
	}
#define RO(name, value)                  \
	{                                \
#name, true, value, 0, 0 \
	}

static struct sysreg sysregs[] = {
	RO(CurrentEL, 2 << 2),
	RO(id_aa64mmfr0_el1, 0x1122), /* a Cortex-A53: 40 bits of physical address */
	RO(id_aa64mmfr1_el1, 0),
	RO(id_aa64pfr0_el1, 0x1002222), /* with a GICv3 interface */
	RO(id_aa64dfr0_el1, 0x10305106),
	RO(midr_el1, 0x410fd034),
	RO(mpidr_el1, 0x80000003),
	RO(pmcr_el0, 0x41033000), /* six counters */
	RO(ctr_el0, 0x84448004),
	{ "sctlr_el2", false, 0x30c50830, 0, 0 }, /* MMU and caches off */
	RW(hcr_el2),
	RW(cptr_el2),
	RW(mdcr_el2),
	RW(cnthctl_el2),
	RW(hstr_el2),
	RW(vttbr_el2),
	RW(vtcr_el2),
	RW(cntvoff_el2),
	RW(vpidr_el2),
	RW(vmpidr_el2),
	RW(vbar_el2),
	RW(esr_el2),
	RW(far_el2),
	RW(ttbr0_el2),
	RW(tcr_el2),
	RW(mair_el2),
	RW(s3_4_c1_c2_2),
	RW(s3_4_c1_c1_4),
	RW(s3_4_c1_c1_5),
	RW(s3_4_c1_c1_6),
	RW(s3_4_c3_c1_4),
	RW(s3_4_c3_c1_5),
	RW(s3_4_c12_c9_5),
	RW(s3_4_c12_c11_0),
	RW(s3_0_c12_c12_7),
	RW(s3_4_c12_c1_1),
	RW(s3_4_c5_c2_3),
	RW(s3_4_c10_c5_0),
	RW(sctlr_el1),
	RW(tcr_el1),
	RW(mair_el1),
	RW(amair_el1),
	RW(ttbr0_el1),
	RW(ttbr1_el1),
	RW(mdscr_el1),
	RW(vbar_el1),
	RW(sp_el0),
	RW(sp_el1),
	RW(elr_el1),
	RW(spsr_el1),
	RW(esr_el1),
	RW(far_el1),
	RW(afsr0_el1),
	RW(afsr1_el1),
	RW(par_el1),
	RW(cpacr_el1),
	RW(contextidr_el1),
	RW(csselr_el1),
	RW(cntkctl_el1),
	RW(tpidr_el0),
	RW(tpidrro_el0),
	RW(tpidr_el1),
	RW(cntv_ctl_el0),
	RW(cntv_cval_el0),
};

static struct sysreg *sysreg(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sysregs); i++)
		if (!strcmp(sysregs[i].name, name))
			return &sysregs[i];
	fail_msg("the model has no system register %s: add it to the table in model.c", name);
	return NULL;
}

static void sysreg_reset(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sysregs); i++) {
		sysregs[i].value = sysregs[i].reset;
		sysregs[i].writes = 0;
	}
}

u64 model_sysreg_read(const char *name)
{
	return sysreg(name)->value;
}

void model_sysreg_write(const char *name, u64 value)
{
	if (sysreg(name)->read_only)
		fail_msg("a write of %s, which is read-only", name);
	sysreg(name)->value = value;
	sysreg(name)->writes++;
}

void model_sysreg_set(const char *name, u64 value)
{
	sysreg(name)->value = value;
}

int model_sysreg_writes(const char *name)
{
	return sysreg(name)->writes;
}

/* ---- the PL011: DDI 0183 chapter 3 ----------------------------------------------------------- */

#define FIFO_DEPTH 16

static int tx_depth(const struct model_uart *uart)
{
	return uart->lcr_h & 1 << 4 ? FIFO_DEPTH : 1;
}

/* Time passes only while software looks at the flags: that is all that a polling driver can tell. */
static u32 uart_flags(struct model_uart *uart)
{
	if (uart->tx_level && ++uart->waited >= uart->byte_time) {
		uart->waited = 0;
		uart->tx_level--;
		uart->polls = 0;
	}
	if (++uart->polls > 1000000)
		fail_msg("a million reads of the UART's flags, and nothing has changed");
	return (uart->tx_level ? 1 << 3 : 1 << 7) | (uart->rx_count ? 0 : 1 << 4) |
	       (uart->tx_level >= tx_depth(uart) ? 1 << 5 : 0);
}

static u32 uart_receive(struct model_uart *uart)
{
	u32 data = uart->rx[0];

	if (uart->rx_count == 0)
		fail_msg("a read of the UART's data register while the receive FIFO is empty");
	uart->rx_count--;
	memmove(uart->rx, uart->rx + 1, sizeof(uart->rx) - sizeof(uart->rx[0]));
	return data;
}

static void uart_transmit(struct model_uart *uart, u32 value)
{
	if (value >> 8)
		fail_msg("a write of 0x%x to the UART's data register: bits 31:8 are reserved",
		         value);
	if ((uart->cr & 0x101) != 0x101 || uart->tx_level >= tx_depth(uart) ||
	    uart->nsent == sizeof(uart->sent) - 1) {
		uart->lost++;
		return;
	}
	uart->sent[uart->nsent++] = (char)value;
	uart->polls = 0;
	if (uart->byte_time)
		uart->tx_level++;
}

/* 3.3.5-3.3.8: baud rate and line control change only while the UART is off. */
static void must_be_off(const struct model_uart *uart, const char *what)
{
	if (uart->cr & 1)
		fail_msg("%s was written while the UART is on", what);
}

u32 mmio_read32(pa_t pa)
{
	struct model_uart *uart = &model.uart;

	switch (pa - uart->base) {
	case 0x00:
		return uart_receive(uart);
	case 0x18:
		return uart_flags(uart);
	case 0x24:
		return uart->ibrd;
	case 0x28:
		return uart->fbrd;
	case 0x2c:
		return uart->lcr_h;
	case 0x30:
		return uart->cr;
	case 0x38:
		return uart->imsc;
	}
	fail_msg("a read of 0x%lx, where no device register is", pa);
	return 0;
}

void mmio_write32(pa_t pa, u32 value)
{
	struct model_uart *uart = &model.uart;

	switch (pa - uart->base) {
	case 0x00:
		uart_transmit(uart, value);
		return;
	case 0x24:
		must_be_off(uart, "IBRD");
		uart->ibrd = value & 0xffff;
		return;
	case 0x28:
		must_be_off(uart, "FBRD");
		uart->fbrd = value & 0x3f;
		return;
	case 0x2c:
		must_be_off(uart, "LCR_H");
		uart->lcr_h = value & 0xff;
		uart->divisor = uart->ibrd << 6 | uart->fbrd; /* only now */
		return;
	case 0x30:
		if (uart->cr & 1 && !(value & 1) && uart->tx_level)
			fail_msg("the UART was switched off with %d bytes unsent", uart->tx_level);
		if (value & 1 && uart->divisor < 1 << 6)
			fail_msg("the UART was switched on with an integer divisor of 0");
		uart->cr = value;
		return;
	case 0x38:
		uart->imsc = value;
		return;
	case 0x44:
		uart->pending &= ~value;
		return;
	}
	fail_msg("a write of 0x%lx, where no device register is", pa);
}

const char *model_output(void)
{
	static char text[sizeof(model.uart.sent)];

	memcpy(text, model.uart.sent, model.uart.nsent + 1);
	model.uart.nsent = 0;
	memset(model.uart.sent, 0, sizeof(model.uart.sent));
	return text;
}

void model_type(const char *text)
{
	for (; *text; text++)
		model.uart.rx[model.uart.rx_count++] = (u8)*text;
}

/* ---- firmware, and what is assembly in the kernel -------------------------------------------- */

void wfi(void)
{
	stop_machine(MODEL_WFI, "the CPU sleeps for ever");
}

/* PSCI (DEN 0022), 5.9 and 5.10. */
u64 firmware_call(bool by_hvc, u64 function, u64 a1, u64 a2, u64 a3)
{
	if (model.nfirmware < (int)ARRAY_SIZE(model.firmware)) {
		model.firmware[model.nfirmware].by_hvc = by_hvc;
		model.firmware[model.nfirmware++].function = function;
	}
	if (function == 0x84000008 && !model.cannot_power_off)
		stop_machine(MODEL_OFF, "the machine was powered off");
	if (function == 0x84000009 && !model.cannot_reset)
		stop_machine(MODEL_RESET, "the machine was reset");
	return (u64)-1;
}

struct fp_state;
u64 map_tcr(void);
pa_t map_root(void);
void image_invalidate(void);
void mmu_enable(void);
_Noreturn void el1_return(void);
void fp_save(struct fp_state *to);
void fp_load(const struct fp_state *from);

/* What mmu.S does, with the manual's values. */
void mmu_enable(void)
{
	image_invalidate();
	model_sysreg_write("mair_el2", 0x04ff);
	model_sysreg_write("tcr_el2", map_tcr());
	model_sysreg_write("ttbr0_el2", map_root());
	tlbi_alle2();
	model_sysreg_write("sctlr_el2", 0x30c50830 | 1 << 19 | 1 << 12 | 1 << 3 | 1 << 2 | 1 << 0);
}

void el1_return(void)
{
	stop_machine(MODEL_EL1, "a process runs");
}

void fp_save(struct fp_state *to)
{
	memcpy(to, model.fp, sizeof(model.fp));
}

void fp_load(const struct fp_state *from)
{
	memcpy(model.fp, from, sizeof(model.fp));
}

/* ---- the table walker: D8.2, D8.3, D8.4 ------------------------------------------------------ */

static u64 bits(u64 value, int high, int low)
{
	return value >> low & (~0UL >> (63 - high + low));
}

static struct model_translation fault(const char *what, int level)
{
	return (struct model_translation){ .fault = what, .level = level };
}

struct model_translation model_translate(int el, u64 address)
{
	static const int sizes[8] = { 32, 36, 40, 42, 44, 48, 48, 48 };
	const bool el2 = el == 2;
	const u64 tcr = read_sysreg(tcr_el2) * el2 + read_sysreg(tcr_el1) * !el2;
	const u64 mair = el2 ? read_sysreg(mair_el2) : read_sysreg(mair_el1);
	const u64 sctlr = el2 ? read_sysreg(sctlr_el2) : read_sysreg(sctlr_el1);
	const int va_bits = 64 - (int)bits(tcr, 5, 0);
	const int pa_bits = sizes[el2 ? bits(tcr, 18, 16) : bits(tcr, 34, 32)];
	pa_t table = el2 ? read_sysreg(ttbr0_el2) : read_sysreg(ttbr0_el1);
	bool table_ro = false, table_no_el0 = false, table_xn = false, table_pxn = false;
	struct model_translation t = { 0 };
	int level, shift;
	u64 entry;

	if (!(sctlr & 1))
		fail_msg("a translation at EL%d with the MMU off", el);
	if (bits(tcr, 15, 14))
		fail_msg("TCR_EL%d.TG0 is not the 4 KiB granule", el);
	if (pa_bits > sizes[bits(read_sysreg(id_aa64mmfr0_el1), 3, 0)])
		fail_msg("TCR_EL%d has a larger physical address than the CPU", el);
	if (!el2 && address >> 63 && !(tcr & 1UL << 23))
		fail_msg("TTBR1_EL1 would be walked");
	if (address >> va_bits)
		return fault("translation fault", 0);
	table &= 0x0000fffffffff000;
	for (level = 4 - (va_bits - 12 + 8) / 9;; level++) {
		shift = 12 + 9 * (3 - level);
		entry = ((const u64 *)pa_pointer(table))[bits(address, shift + 8, shift)];
		if (!(entry & 1) || (level == 0 && !(entry & 2)) || (level == 3 && !(entry & 2)))
			return fault("translation fault", level);
		if (level == 3 || !(entry & 2))
			break;
		table_ro |= bits(entry, 62, 62);
		table_no_el0 |= bits(entry, 61, 61);
		table_xn |= bits(entry, 60, 60);
		table_pxn |= bits(entry, 59, 59);
		table = entry & 0x0000fffffffff000;
	}
	/* Only of the leaf: the tables themselves are where the host put the kernel's variables. */
	if (bits(entry, 50, 48) || bits(entry, 47, 12) << 12 >> pa_bits)
		return fault("address size fault", level);
	if (shift > 12 && bits(entry, shift - 1, 12))
		return fault("reserved address bits in a block", level);
	if (el2 && (!(entry & 1 << 6) || entry & 1 << 11 || entry & 1UL << 53))
		return fault("reserved attribute bits at EL2", level);
	if (!(entry & 1 << 10))
		return fault("access flag fault", level);
	t.level = level;
	t.pa = (entry & 0x0000fffffffff000) | (address & ((1UL << shift) - 1));
	t.read = true;
	t.write = !(entry & 1 << 7) && !table_ro;
	t.memory = (u8)(mair >> 8 * bits(entry, 4, 2));
	t.shareability = (int)bits(entry, 9, 8);
	t.global = !(entry & 1 << 11);
	if (el2) {
		t.execute = !(entry & 1UL << 54) && !table_xn;
	} else {
		t.el0_read = entry & 1 << 6 && !table_no_el0;
		t.el0_write = t.el0_read && t.write;
		t.el0_execute = !(entry & 1UL << 54) && !table_xn; /* even where it may not read */
		t.execute = !(entry & 1UL << 53) && !table_pxn && !t.el0_write;
	}
	if (sctlr & 1 << 19) { /* WXN */
		t.execute &= !t.write;
		t.el0_execute &= !t.el0_write;
	}
	return t;
}
