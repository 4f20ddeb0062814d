/* A process makes code: writes it, may execute it, must not write it any more; and again, with other code at the
 * same address. */
#include "fault.h"

#define HEAP 0x50000000UL

static uva_t at;
static u64 table, frame;

/* movz x1; movk x1, three times; OPERATION; ret */
static void assemble(u64 number, u32 operation)
{
	volatile u32 *code = (volatile u32 *)at;

	code[0] = 0xd2800001 | (u32)(number & 0xffff) << 5;
	code[1] = 0xf2a00001 | (u32)(number >> 16 & 0xffff) << 5;
	code[2] = 0xf2c00001 | (u32)(number >> 32 & 0xffff) << 5;
	code[3] = 0xf2e00001 | (u32)(number >> 48 & 0xffff) << 5;
	code[4] = operation;
	code[5] = 0xd65f03c0;
}

static void run(const char *what, u64 x0)
{
	u64 esr = try_run(at, &x0);

	print(what);
	print(": ");
	if (esr)
		print_fault(esr, at);
	else
		print_hex(x0);
	print("\n");
}

static i64 right(u64 perm)
{
	return hv8_protect_frame(table, table_index(at, 3), frame, perm);
}

int main(const char *arguments)
{
	const u64 me = (u64)hv8_getpid(), nonce = argument(arguments, "nonce");

	at = HEAP + (nonce & 0xff) * 4096;
	faults_begin();
	frame = (u64)map_page(me, at, VM_RW);
	table = (u64)table_of(me, 3, at);
	assemble(nonce, 0xca010000); /* eor x0, x0, x1 */
	run("writable", 1);
	line_decimal("made executable", right(VM_RX));
	run("eor", 0x5a5a);
	line_fault("written", try_write(at, 0), at);
	run("eor again", 0xa5a5);
	line_decimal("made writable", right(VM_RW));
	assemble(nonce, 0x8b010000); /* add x0, x0, x1 */
	run("writable", 1);
	line_decimal("made executable", right(VM_RX));
	run("add", 0x1111);
	/* Another frame at this address. */
	line_decimal("freed", hv8_free_frame(table, table_index(at, 3), frame));
	run("freed", 1);
	frame = (u64)map_page(me, at, VM_RW);
	assemble(nonce + 1, 0x9b017c00); /* mul x0, x0, x1 */
	line_decimal("made executable", right(VM_RX));
	run("mul", 7);
	line_decimal("made read-only", right(VM_R));
	run("read-only", 1);
	return 0;
}
