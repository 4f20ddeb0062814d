/*
 * What an exokernel's operations cost: hypercalls, a process's own faults, processes that call each other. Two of these
 * run, `init=bench,bench`: process 1 measures, process 2 is the other end; sample.h says how it counts.
 *
 * A program in a hurry looks up its names once: what is measured is the hypercall and the fault, not the search.
 */
#include "rows.h"

#define HEAP       0x50000000UL /* HEAP_PAGES writable pages, then one that is not mapped */
#define HEAP_PAGES 64UL

/* fault.S */
extern const char fault_vectors[];
void stop_and_skip(u64 esr, u64 far);
extern void (*on_fault)(u64 esr, u64 far);
extern u64 stopped_at;

static u64 table, frames[HEAP_PAGES]; /* of the heap: its level 3 table and its frames */
static u64 spare;                     /* a free page */

static u64 random(u64 below)
{
	static u64 state = 1;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (state >> 33) % below;
}

/* The arguments are in their registers already, as they are for the `hvc` of any stub. */
INLINE u64 timed_hypercall(u64 number, u64 a0, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 __asm__("x0") = a0;
	register u64 x1 __asm__("x1") = a1;
	register u64 x2 __asm__("x2") = a2;
	register u64 x3 __asm__("x3") = a3;
	register u64 x4 __asm__("x4") = NONE;
	register u64 x5 __asm__("x5") = NONE;
	register u64 x8 __asm__("x8") = number;
	u64 count;

	__asm__ volatile(START "hvc #0" STOP("%0")
	                 : "=r"(count), "+r"(x0), "+r"(x1), "+r"(x2)
	                 : "r"(x3), "r"(x4), "r"(x5), "r"(x8)
	                 : "memory");
	check((i64)x0);
	return count - nothing;
}

INLINE u64 timed_store(uva_t at)
{
	u64 count;

	__asm__ volatile(START "str xzr, [%1]" STOP("%0") : "=r"(count) : "r"(at) : "memory");
	return count - nothing;
}

/* What a process does about its faults */

static void skip(u64 esr, u64 far)
{
	u64 elr;

	__asm__ volatile("mrs %0, elr_el1" : "=r"(elr));
	__asm__ volatile("msr elr_el1, %0" : : "r"(elr + 4));
}

static void give_page(u64 esr, u64 far)
{
	check(hv8_alloc_frame(me, table, table_index(far, 3), spare, VM_RW));
}

static void protect(u64 page, u64 perm)
{
	check(hv8_protect_frame(table, page, frames[page], perm));
}

static u64 protect_next; /* which page protect_other() protects */

static void protect_other(u64 esr, u64 far)
{
	protect(protect_next, VM_R);
	protect(table_index(far, 3), VM_RW);
}

static void unprotect(u64 esr, u64 far)
{
	protect(table_index(far, 3), VM_RW);
}

/* The rows */

static void calls(void)
{
	u64 i;

	for (i = 0; i < SAMPLES; i++)
		samples[i] = timed_hypercall(HC_getpid, 0, 0, 0, 0);
	report("null_hypercall");
	for (i = 0; i < SAMPLES; i++)
		samples[i] = timed_hypercall(HC_protect_frame, table, 0, frames[0],
		                             i % 2 ? VM_RW : VM_R);
	protect(0, VM_RW);
	report("protect_page");
}

static void faults(void)
{
	const uva_t unmapped = HEAP + HEAP_PAGES * PAGE_SIZE;
	u64 i;

	on_fault = stop_and_skip;
	for (i = 0; i < SAMPLES; i++) {
		timed_store(unmapped);
		samples[i] = stopped_at - nothing;
	}
	report("fault_to_handler");
	on_fault = skip;
	for (i = 0; i < SAMPLES; i++)
		samples[i] = timed_store(unmapped);
	report("fault_round_trip");
	on_fault = give_page;
	for (i = 0; i < SAMPLES; i++) {
		samples[i] = timed_store(unmapped);
		check(hv8_free_frame(table, HEAP_PAGES, spare));
	}
	report("demand_zero_page");
}

/*
 * Appel and Li, "Virtual memory primitives for user programs" (ASPLOS 1991), prot1+trap+unprot: write to a random
 * protected page; the handler protects another one and unprotects this one. A sample is one write.
 */
static void appel1(void)
{
	u64 i, page = 0;

	on_fault = protect_other;
	protect(page, VM_R);
	for (i = 0; i < SAMPLES; i++) {
		protect_next = (page + 1 + random(HEAP_PAGES - 1)) % HEAP_PAGES;
		samples[i] = timed_store(HEAP + page * PAGE_SIZE);
		page = protect_next;
	}
	protect(page, VM_RW);
	report("appel1_per_page");
}

/* protN+trap+unprot: protect all pages, one by one, write to each in random order, unprotect it in the handler. A sample
 * is all that, its loops included, divided by the number of pages. */
static void appel2(void)
{
	static uva_t order[HEAP_PAGES];
	u64 i, page;

	on_fault = unprotect;
	for (page = 0; page < HEAP_PAGES; page++)
		order[page] = HEAP + page * PAGE_SIZE;
	for (i = 0; i < SAMPLES; i++) {
		for (page = HEAP_PAGES - 1; page > 0; page--) {
			const u64 other = random(page + 1);
			const uva_t at = order[page];

			order[page] = order[other];
			order[other] = at;
		}
		start();
		for (page = 0; page < HEAP_PAGES; page++)
			protect(page, VM_R);
		for (page = 0; page < HEAP_PAGES; page++)
			*(volatile u64 *)order[page] = 0;
		samples[i] = (stop() + HEAP_PAGES / 2) / HEAP_PAGES;
	}
	report("appel2_per_page");
}

/* Two processes, each of which switches to the other: the other's START and one's own STOP are the way here. */
static void switches(void)
{
	u64 i;

	for (i = 0; i < SAMPLES; i++)
		samples[i] = timed_hypercall(HC_switch, OTHER(me), 0, 0, 0);
	if (me == INIT_PID)
		report("switch_to_named");
}

static void client(void)
{
	u64 i;

	while (PROCS[OTHER(me)].state != PROC_WAITING)
		yield();
	for (i = 0; i < SAMPLES; i++)
		samples[i] = timed_hypercall(HC_call, OTHER(me), i, NONE, NONE);
	report("ipc_round_trip");
	check(hv8_send(OTHER(me), SAMPLES, NONE, NONE)); /* the end */
}

/* Answers with the word that came. */
static void server(void)
{
	struct message m = receive(0, NONE, NONE);

	while (m.from > 0 && m.word < SAMPLES)
		m = reply_wait((u64)m.from, m.word);
}

static void map_heap(void)
{
	u64 page;
	i64 frame;

	for (page = 0; page < HEAP_PAGES; page++) {
		frame = map_page(me, HEAP + page * PAGE_SIZE, VM_RW);
		check(frame);
		frames[page] = (u64)frame;
	}
	table = (u64)table_of(me, 3, HEAP);
	spare = (u64)free_page();
}

static void alone(void)
{
	measure_nothing();
	map_heap();
	__asm__ volatile("msr vbar_el1, %0\n\tisb" : : "r"(fault_vectors));
	calls();
	faults();
	appel1();
	appel2();
}

int main(const char *arguments)
{
	me = (u64)hv8_getpid();
	if (me != INIT_PID) {
		switches();
		server();
		return 0;
	}
	alone();
	switches();
	client();
	print(broken ? "bench: broken\n" : "bench: done\n");
	return 0;
}
