/*
 * 4000 interrupts of three kinds in each process, as the nonce says, masked now and then, under preemption: SGIs to itself, its
 * device's SPIs, its timer. One is raised only when it is not outstanding; so each must come once, before the end.
 */
#include "together.h"

#define WANTED 4000
#define SPIS   4

static volatile bool outstanding[NIRQ];
static volatile u64 taken, doubled, word;
static u64 nonce;

static void handler(u64 intid)
{
	if (!outstanding[intid])
		doubled++;
	outstanding[intid] = false;
	if (intid == IRQ_TIMER)
		timer_off();
	taken++;
	word += nonce;
}

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return *state >> 32;
}

/* Own some SPIs. Each process looks at other ones; those that the kernel or another has are taken. */
static void own_spis(u64 me, u64 *spis)
{
	u64 intid, n = 0;

	for (intid = 32 + 16 * me; n < SPIS; intid++)
		if (hv8_alloc_irq(intid, IRQ_EDGE) == 0)
			spis[n++] = intid;
}

/* Raise one of 16 + SPIS + 1 interrupts, unless it is outstanding. @return whether it was raised */
static bool raise(u64 me, u64 some, const u64 *spis)
{
	const u64 which = some % (16 + SPIS + 1);
	const u64 intid = which < 16 ? which : which < 16 + SPIS ? spis[which - 16] : IRQ_TIMER;

	if (outstanding[intid])
		return false;
	outstanding[intid] = true;
	if (which < 16)
		irq_send(intid);
	else if (intid != IRQ_TIMER)
		hv8_raise_irq(me, intid);
	else
		timer_set(timer_now() + from_us(some >> 8 & 15));
	return true;
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), count = processes();
	u64 random, raised = 0, spis[SPIS], until, i;

	nonce = argument(arguments, "nonce");
	random = nonce ^ me;
	own_spis(me, spis);
	irq_begin(handler);
	together(count);
	while (raised < WANTED) {
		const u64 some = next_random(&random);

		raised += raise(me, some, spis);
		if (some >> 16 & 3)
			irq_on();
		else
			irq_off();
	}
	irq_on();
	until = timer_now() + 100 * tick_of(arguments) + from_us(1000);
	while (taken < raised && timer_now() < until)
		continue;
	spin_until(timer_now() + 4 * tick_of(arguments)); /* for one that is too many */
	irq_off();
	say("process %ld: %ld lost, %ld twice, word: %016lx", me, raised - taken, doubled, word);
	if (me != INIT_PID)
		report(0);
	for (i = 2; i <= count; i++)
		reported(i);
	return 0;
}
