/*
 * Process 1 owns the console and SPI, and has an embryo; process 2 tries everything about interrupts that it must not do. Each refusal
 * is printed, and behind each the kernel's tables are compared with before.
 */
#include "irqs.h"

#define VICTIM  1UL
#define ME      2UL
#define EMBRYO  7UL /* of the victim */
#define OWN     8UL /* of process 2 */
#define NONSUCH 9UL
#define MINE    (SPI + 1)
#define FREE    (SPI + 2)
#define SOME    4096 /* pages; all that are in use are among them */
#define BIT(n)  (1UL << (n))

static u64 before, tried, wrong;
static volatile u64 taken;

static u64 sum(u64 value, const volatile void *from, const volatile void *to)
{
	const volatile u64 *at;

	for (at = from; at < (const volatile u64 *)to; at++)
		value = (value ^ *at) * 0x100000001b3;
	return value;
}

static u64 sum_of_tables(void)
{
	return sum(sum(sum(0, PAGES, PAGES + SOME), PROCS, PROCS + NPROC), IRQS, IRQS + NIRQ);
}

static void refused(const char *what, i64 result)
{
	const u64 now = sum_of_tables();

	tried++;
	print("  ");
	print(what);
	print(": ");
	print_decimal(result);
	print(now == before ? "\n" : ", and the tables have changed\n");
	wrong += result >= 0 || now != before;
	before = now;
}

static void handler(u64 intid)
{
	taken += intid == SPI ? 1 : 100;
}

static int victim(u64 nonce)
{
	irq_begin_or_end(handler);
	hv8_alloc_irq(SPI, 0);
	hv8_clone(EMBRYO, (u64)free_page());
	map_page(EMBRYO, 0x50000000, VM_RW);
	irq_on();
	while (PROCS[ME].state != PROC_ZOMBIE && PROCS[ME].state != PROC_FREE)
		yield();
	print("the victim has heard ");
	print_decimal((i64)taken);
	hv8_raise_irq(VICTIM, SPI);
	irq_window();
	line_decimal(", and then", (i64)taken);
	line_hex("it has", nonce * 3);
	return 0;
}

static void owners(u64 console, u64 end)
{
	print("alloc_irq\n");
	refused("an SGI", hv8_alloc_irq(3, 0));
	refused("SGI 15", hv8_alloc_irq(15, 0));
	refused("a PPI", hv8_alloc_irq(16, 0));
	refused("the maintenance interrupt", hv8_alloc_irq(25, 0));
	refused("a timer", hv8_alloc_irq(27, 0));
	refused("PPI 31", hv8_alloc_irq(31, 0));
	refused("one too many", hv8_alloc_irq(end, 0));
	refused("1019", hv8_alloc_irq(1019, 0));
	refused("1020", hv8_alloc_irq(1020, 0));
	refused("1023", hv8_alloc_irq(1023, 0));
	refused("1024", hv8_alloc_irq(1024, 0));
	refused("2^32 more", hv8_alloc_irq(FREE + BIT(32), 0));
	refused("2^63 more", hv8_alloc_irq(FREE + BIT(63), 0));
	refused("trigger 2", hv8_alloc_irq(FREE, 2));
	refused("trigger 2^32", hv8_alloc_irq(FREE, BIT(32)));
	refused("another's", hv8_alloc_irq(SPI, 0));
	refused("mine", hv8_alloc_irq(MINE, 0));
	refused("the console's", hv8_alloc_irq(console, 0));
	refused("another's, trigger 2", hv8_alloc_irq(SPI, 2));

	print("reclaim_irq\n");
	refused("an SGI", hv8_reclaim_irq(3));
	refused("a PPI", hv8_reclaim_irq(25));
	refused("a free one", hv8_reclaim_irq(FREE));
	refused("the console's", hv8_reclaim_irq(console));
	refused("one too many", hv8_reclaim_irq(end));
	refused("1024", hv8_reclaim_irq(1024));
	refused("2^32 more", hv8_reclaim_irq(MINE + BIT(32)));
	refused("another's", hv8_reclaim_irq(SPI));

	print("ack_irq\n");
	refused("an SGI that is not pending", hv8_ack_irq(3));
	refused("mine, not pending", hv8_ack_irq(MINE));
	refused("SGI 16", hv8_ack_irq(16));
	refused("the maintenance interrupt", hv8_ack_irq(25));
	refused("one too many", hv8_ack_irq(end));
	refused("1024", hv8_ack_irq(1024));
	refused("SGI 3 + 2^32", hv8_ack_irq(3 + BIT(32)));
	refused("another's", hv8_ack_irq(SPI));
	refused("a free one", hv8_ack_irq(FREE));
	refused("the console's", hv8_ack_irq(console));
}

static void raising(u64 console, u64 end)
{
	print("raise_irq\n");
	refused("for nobody", hv8_raise_irq(0, 3));
	refused("for process 64", hv8_raise_irq(NPROC, 3));
	refused("for process 2 + 2^32", hv8_raise_irq(ME + BIT(32), 3));
	refused("for no process", hv8_raise_irq(NONSUCH, 3));
	refused("SGI 16", hv8_raise_irq(ME, 16));
	refused("the maintenance interrupt", hv8_raise_irq(ME, 25));
	refused("SGI 3 + 2^32", hv8_raise_irq(ME, 3 + BIT(32)));
	refused("one too many", hv8_raise_irq(ME, end));
	refused("1024", hv8_raise_irq(ME, 1024));
	refused("mine + 2^32", hv8_raise_irq(ME, MINE + BIT(32)));
	refused("for a stranger", hv8_raise_irq(VICTIM, 3));
	refused("for a stranger's embryo", hv8_raise_irq(EMBRYO, 3));
	refused("a free one", hv8_raise_irq(ME, FREE));
	refused("another's, for me", hv8_raise_irq(ME, SPI));
	refused("another's, for it", hv8_raise_irq(VICTIM, SPI));
	refused("mine, for another", hv8_raise_irq(VICTIM, MINE));
	refused("mine, for my embryo", hv8_raise_irq(OWN, MINE));
	refused("the console's, for me", hv8_raise_irq(ME, console));
	refused("the console's, for its owner", hv8_raise_irq(VICTIM, console));
	refused("SGI 16, for a stranger", hv8_raise_irq(VICTIM, 16));

	print("irq_priority\n");
	refused("4", hv8_irq_priority(3, 4));
	refused("249", hv8_irq_priority(3, 249));
	refused("256", hv8_irq_priority(3, 256));
	refused("2^32", hv8_irq_priority(MINE, BIT(32)));
	refused("-8", hv8_irq_priority(MINE, ~7UL));
	refused("of SGI 16", hv8_irq_priority(16, 8));
	refused("of the maintenance interrupt", hv8_irq_priority(25, 8));
	refused("of one too many", hv8_irq_priority(end, 8));
	refused("of 1024", hv8_irq_priority(1024, 8));
	refused("of mine + 2^32", hv8_irq_priority(MINE + BIT(32), 8));
	refused("of another's", hv8_irq_priority(SPI, 8));
	refused("of a free one", hv8_irq_priority(FREE, 8));
	refused("of the console's", hv8_irq_priority(console, 8));
	refused("of another's, 4", hv8_irq_priority(SPI, 4));
}

static void mapping(void)
{
	const u64 root = PROCS[ME].root, l3 = (u64)page_of(ME, PAGE_L3, 0x80200000),
		  frame = (u64)page_of(ME, PAGE_FRAME, UVA_STACK),
		  his = (u64)page_of(VICTIM, PAGE_L3, 0x80200000),
		  hers = (u64)page_of(EMBRYO, PAGE_L3, 0x50000000), hole = 300,
		  taken_entry = table_index(UVA_IRQS, 3);

	print("map_irqs\n");
	refused("in no table", hv8_map_irqs(NPAGE, hole));
	refused("in a frame", hv8_map_irqs(frame, hole));
	refused("in the root", hv8_map_irqs(root, hole));
	refused("in table + 2^32", hv8_map_irqs(l3 + BIT(32), hole));
	refused("entry 512", hv8_map_irqs(l3, 512));
	refused("in another's table", hv8_map_irqs(his, hole));
	refused("in another's embryo", hv8_map_irqs(hers, hole));
	refused("entry taken", hv8_map_irqs(l3, taken_entry));

	print("map_gicv\n");
	refused("in no table", hv8_map_gicv(NPAGE, hole));
	refused("in a frame", hv8_map_gicv(frame, hole));
	refused("in the root", hv8_map_gicv(root, hole));
	refused("in table + 2^32", hv8_map_gicv(l3 + BIT(32), hole));
	refused("entry 512", hv8_map_gicv(l3, 512));
	refused("in another's table", hv8_map_gicv(his, hole));
	refused("in another's embryo", hv8_map_gicv(hers, hole));
	refused("entry taken", hv8_map_gicv(l3, taken_entry));
}

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce");
	u64 console, end;

	if (hv8_getpid() == VICTIM)
		return victim(nonce);
	while (PROCS[EMBRYO].npages < 5 || IRQS[SPI].type != IRQ_OWNED)
		yield();
	for (console = 32; IRQS[console].type != IRQ_KERNEL; console++)
		continue;
	for (end = 32; IRQS[end].type != IRQ_NONE; end++)
		continue;
	hv8_clone(OWN, (u64)free_page());
	hv8_alloc_irq(MINE, 0);
	before = sum_of_tables();
	owners(console, end);
	raising(console, end);
	mapping();
	line_decimal("tried", (i64)tried);
	line_decimal("not refused, or with effect", (i64)wrong);
	/* What was refused so often is to be had, as is the last one that there is. */
	line_decimal("a free one", hv8_alloc_irq(FREE, 1));
	line_decimal("the last one", hv8_alloc_irq(end - 1, 0));
	line_decimal("its owner", IRQS[end - 1].owner);
	line_decimal("mine", PROCS[ME].nirqs);
	return 0;
}
