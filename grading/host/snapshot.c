/*
 * Whether a call has changed anything: the kernel's variables, process memory, what the machine holds. It says what.
 */
#include "unit.h"
#include "drive.h"

#include <hv8/irq.h>
#include <hv8/page.h>
#include <hv8/stat.h>
#include <machine.h>
#include <stdlib.h>
#include <string.h>

extern u64 kernel_data[], kernel_data_end[]; /* reset.ld */

static const char *const registers[] = {
#define X(a, b) #a, #b,
	EL1_REGISTERS(X)
#undef X
		"cptr_el2",
	"hcr_el2",
	"sctlr_el1",
	"tcr_el1",
	"mair_el1",
};

static struct {
	u64 *data;
	u8 memory[WORLD_PAGES * PAGE_SIZE];
	u64 registers[ARRAY_SIZE(registers)];
	struct model_state state;
	struct model model;
	u64 arguments[9]; /* x0-x8 of the current process */
} saved;

/* Word by word and unwatched: the redzones between the kernel's variables are read too. */
__attribute__((no_sanitize("address", "undefined"))) static void copy_data(u64 *to)
{
	const volatile u64 *from;

	for (from = kernel_data; from < kernel_data_end; from++)
		*to++ = *from;
}

__attribute__((no_sanitize("address", "undefined"))) static u64 *changed_data(void)
{
	volatile u64 *at;

	for (at = kernel_data; at < kernel_data_end; at++)
		if (*at != saved.data[at - kernel_data])
			return (u64 *)at;
	return NULL;
}

void snapshot(void)
{
	size_t i;

	if (!saved.data)
		saved.data = malloc((size_t)(kernel_data_end - kernel_data) * sizeof(u64));
	drive_must_hold(
		"before a call"); /* and what it counts in is as it will be behind the call */
	copy_data(saved.data);
	memcpy(saved.memory, bytes(0), page_count() * PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(registers); i++)
		saved.registers[i] = model_sysreg_read(registers[i]);
	model_save(&saved.state);
	memcpy(&saved.model, &model, sizeof(model));
	memcpy(saved.arguments, current->frame.x, sizeof(saved.arguments));
}

static void fail_at(const void *at)
{
	const struct {
		const char *name;
		const void *start;
		size_t size, unit;
	} known[] = {
		{ "pages", pages, sizeof(pages), sizeof(pages[0]) },
		{ "procs", procs, sizeof(procs), sizeof(procs[0]) },
		{ "files", files, sizeof(files), sizeof(files[0]) },
		{ "contexts", contexts, sizeof(contexts), sizeof(contexts[0]) },
		{ "irqs", irqs, sizeof(irqs), sizeof(irqs[0]) },
		{ "vgics", vgics, sizeof(vgics), sizeof(vgics[0]) },
		{ "current", &current, sizeof(current), sizeof(current) },
		{ "stats", stats, NSTAT * sizeof(u64), sizeof(u64) },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		const size_t offset = (size_t)((const u8 *)at - (const u8 *)known[i].start);

		if (offset < known[i].size)
			model_fail("an error has changed %s[%lu], at byte %lu of it", known[i].name,
			           offset / known[i].unit, offset % known[i].unit);
	}
	model_fail("an error has changed a variable of the kernel, %lu bytes behind kernel_data",
	           (size_t)((const u8 *)at - (const u8 *)kernel_data));
}

void unchanged(void)
{
	static struct model_state state;
	size_t i;
	const u64 *at;

	memcpy(current->frame.x, saved.arguments, sizeof(saved.arguments));
	at = changed_data();
	if (at)
		fail_at(at);
	for (i = 0; i < page_count(); i++)
		if (memcmp(saved.memory + i * PAGE_SIZE, bytes(i), PAGE_SIZE))
			model_fail("an error has changed the contents of page %lu", i);
	for (i = 0; i < ARRAY_SIZE(registers); i++)
		if (model_sysreg_read(registers[i]) != saved.registers[i])
			model_fail("an error has changed %s", registers[i]);
	model_save(&state);
	if (memcmp(&state, &saved.state, sizeof(state)))
		model_fail("an error has changed the GIC or a timer, or written a register");
	saved.model.uart.polls =
		model.uart.polls; /* who looks whether a byte has come does nothing */
	if (memcmp(&saved.model, &model, sizeof(model)))
		model_fail("an error has done something to the machine");
}

void refuse(u64 number, const struct refusal *refusals, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const u64 *a = refusals[i].arguments;
		i64 result;

		snapshot();
		result = drive_array(number, a);
		if (result != -refusals[i].error)
			model_fail(
				"%s(0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx), refusal %lu here, gave "
				"%ld instead of %d",
				drive_name(number), a[0], a[1], a[2], a[3], a[4], a[5], i, result,
				-refusals[i].error);
		unchanged();
	}
}
