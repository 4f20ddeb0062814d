/*
 * List registers, exhaustively: every sequence of up to DEPTH events of two processes on a GIC with two list registers,
 * against a reference that has none (vgic_reference.h). No interrupt is lost, doubled
 * or delivered to another, and after every sequence the processes can end all that they have.
 *
 * Sequences that lead to the same state of kernel, GIC and reference go on alike: each state is gone into once.
 */
#include "unit.h"
#include "vgic_reference.h"

#include <machine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 7  /* of every sequence */
#define WALK  40 /* of a random one */

/* ---- states: kept, put back, recognised -------------------------------------------------------- */

extern u64 kernel_data[], kernel_data_end[]; /* reset.ld */

#define NCHANGING 4096

static u64 *at_first;           /* all the kernel's variables, before the first event */
static u32 changing[NCHANGING]; /* the words that events change: found by trying, proved below */
static u32 nchanging;
static bool is_changing[1 << 20];

struct state {
	u64 kernel[NCHANGING];
	struct model_state machine;
	struct has has[3];
};

#define UNWATCHED __attribute__((no_sanitize("address", "undefined")))

UNWATCHED static void keep(struct state *to)
{
	u32 i;

	for (i = 0; i < nchanging; i++)
		to->kernel[i] = kernel_data[changing[i]];
	model_save(&to->machine);
	memcpy(to->has, has, sizeof(has));
}

UNWATCHED static void put_back(const struct state *from)
{
	u32 i;

	for (i = 0; i < nchanging; i++)
		kernel_data[changing[i]] = from->kernel[i];
	model_restore(&from->machine);
	memcpy(has, from->has, sizeof(has));
}

UNWATCHED static void remember_all(void)
{
	const volatile u64 *from = kernel_data;
	u64 *to = at_first;

	while (from < kernel_data_end)
		*to++ = *from++;
}

UNWATCHED static void look_for_changes(bool learn)
{
	const size_t words = (size_t)(kernel_data_end - kernel_data);
	u32 i;

	for (i = 0; i < words; i++) {
		if (kernel_data[i] == at_first[i] || is_changing[i])
			continue;
		if (!learn || nchanging == NCHANGING)
			model_fail("an event has changed word %u of the kernel's variables", i);
		is_changing[i] = true;
		changing[nchanging++] = i;
	}
}

static u64 mixed(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}

/* Everything on which it depends what happens next. */
UNWATCHED static u64 digest(void)
{
	u64 hash = (u64)current->pid;
	const u64 *words;
	size_t i;
	int n;

	for (words = (const u64 *)&vgics[1]; words < (const u64 *)&vgics[3]; words++)
		hash = mixed(hash, *words);
	for (i = DEVICE; i <= OTHER_DEVICE; i++) {
		const struct model_irq m = model_irq((u32)i);

		hash = mixed(hash, (u64)irqs[i].type << 32 | irqs[i].owner);
		hash = mixed(hash, (u64)(m.enabled | m.pending << 1 | m.active << 2 | m.edge << 3));
	}
	for (n = 0; n < gic.nlr; n++)
		hash = mixed(hash, gic_lr_read(n));
	{
		struct gic_virtual v;

		gic_virtual_save(&v);
		hash = mixed(hash, (u64)v.vmcr << 32 | v.ap[0]);
	}
	hash = mixed(hash, gic.version == 3 ? read_sysreg(ich_hcr_el2) : mmio_read32(gic.hyp));
	for (i = 0; i < sizeof(has); i++)
		hash = mixed(hash, ((const u8 *)has)[i]);
	return hash ? hash : 1;
}

#define TABLE (1u << 22)

static struct known {
	u64 digest;
	u64 sequences[DEPTH + 1]; /* from here, by their greatest length; 0: not yet gone into */
} * known;
static u32 nstates;

static struct known *recognise(void)
{
	const u64 now = digest();
	u32 at;

	for (at = now % TABLE; known[at].digest && known[at].digest != now; at = (at + 1) % TABLE)
		continue;
	if (known[at].digest == 0) {
		known[at].digest = now;
		if (++nstates > TABLE / 2)
			model_fail("more states than the test has room for");
	}
	return &known[at];
}

/* ---- every sequence ---------------------------------------------------------------------------- */

static size_t path[WALK]; /* the events so far */
static int length;

/* All sequences of at most @p more events from here; how many there are. */
static u64 go_on(int more)
{
	static struct state states[DEPTH + 1];
	struct known *here = recognise();
	u64 sequences = 1;
	size_t i;

	if (here->sequences[more])
		return here->sequences[more];
	keep(&states[more]);
	for (i = 0; i <= (size_t)DEPTH && !here->sequences[i]; i++)
		continue;
	if (i > (size_t)DEPTH) { /* it is new */
		if (nstates % 256 == 0)
			look_for_changes(false);
		reference_agrees();
		reference_drain();
		put_back(&states[more]);
	}
	for (i = 0; more && i < NEVENT; i++) {
		path[length++] = i;
		if (reference_event(i)) {
			sequences += go_on(more - 1);
			put_back(&states[more]);
		}
		length--;
	}
	here->sequences[more] = sequences;
	return sequences;
}

/* What events change: by random walks. */
UNWATCHED static void learn(void)
{
	static struct state first;
	u32 walk, i;

	keep(&first);
	for (walk = 0; walk < 100; walk++) {
		for (length = 0; length < WALK;) {
			path[length++] = model_random() % NEVENT;
			reference_event(path[length - 1]);
			look_for_changes(true);
		}
		reference_drain();
	}
	length = 0;
	for (i = 0; i < nchanging; i++)
		first.kernel[i] = at_first[changing[i]];
	put_back(&first);
	look_for_changes(false);
}

static void every_sequence(void **state)
{
	const size_t words = (size_t)(kernel_data_end - kernel_data);
	const int version = (int)(intptr_t)*state;
	u64 sequences;

	known = calloc(TABLE, sizeof(*known));
	at_first = malloc(words * sizeof(u64));
	reference_begin(version);
	nstates = nchanging = 0;
	memset(is_changing, 0, sizeof(is_changing));
	remember_all();
	learn();
	sequences = go_on(DEPTH);
	print_message("GICv%d: %lu sequences, %u states, %u words of the kernel change\n", version,
	              sequences, nstates, nchanging);
	look_for_changes(false);
	assert_string_equal(model_output(), "");
	assert_true(nstates > 10000);
	free(known);
	free(at_first);
}

/* The events that led to a failure. */
static int told(void **state)
{
	int i;

	for (i = 0; i < length; i++)
		print_error("%s%s", i ? ", then " : "behind: ", events[path[i]].name);
	print_error(length ? "\n" : "");
	length = 0;
	return model_teardown(state);
}

static const struct CMUnitTest tests[] = {
	{ "every_sequence, GICv3", every_sequence, model_setup, told, (void *)3 },
	{ "every_sequence, GICv2", every_sequence, model_setup, told, (void *)2 },
};

MODEL_MAIN("vgic", tests)
