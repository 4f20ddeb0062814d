/* Where the interrupt controllers of the boards are, a process finds nothing; on a GICv3 there is no page for it either. */
#include "irqs.h"

static const u64 devices[] = {
	0x08000000, 0x08000104, 0x08006108, /* virt: GICD */
	0x080a0014, 0x080b0100,             /* GICR */
	0x08010000, 0x08011000,             /* GICC, on a GICv2 */
	0x08030000, 0x08040000,             /* GICH, GICV */
	0xf9000000, 0xf9080014, 0xf9090100, /* versal: GICD, GICR */
	0x09000000, 0xff000000,             /* the UARTs */
};

int main(const char *arguments)
{
	const u64 nonce = argument(arguments, "nonce"), n = sizeof(devices) / sizeof(devices[0]),
		  l3 = (u64)table_of((u64)hv8_getpid(), 3, UVA_GICV);
	u64 value = nonce, reads = 0, writes = 0, i;

	faults_begin();
	for (i = 0; i < n; i++) {
		reads += (try_read(devices[i] & ~7UL, &value) & 0x3c) == 0x04;
		writes += (try_write(devices[i] & ~7UL, ~0UL) & 0x3c) == 0x04;
	}
	line_decimal("addresses", (i64)n);
	line_decimal("where a read faults", (i64)reads);
	line_decimal("where a write faults", (i64)writes);
	line_hex("the register", value);
	line_decimal("map_gicv", hv8_map_gicv(l3, table_index(UVA_GICV, 3)));
	line_fault("its page", try_read(UVA_GICV, &value), UVA_GICV);
	line_fault("table of interrupts", try_write(UVA_IRQS, 0), UVA_IRQS);
	line_fault("behind it", try_read(UVA_IRQS + 0x1000, &value), UVA_IRQS + 0x1000);
	hv8_wake(0); /* refused: the grader stops the machine here */
	return 0;
}
