/* Firmware calls: PSCI (ARM DEN 0022), by SMC or HVC as the device tree says. */
#include <hv8/board.h>
#include <machine.h>

#define PSCI_SYSTEM_OFF   0x84000008
#define PSCI_SYSTEM_RESET 0x84000009

void psci_system_off(void)
{
	/* At EL2 firmware is at EL3, and an HVC would come to ourselves, whatever the tree says. */
	bool by_hvc = read_sysreg(CurrentEL) == 1 << 2 && board.psci != PSCI_SMC;

	/* Some boards cannot power off: a reset is the next best end. */
	firmware_call(by_hvc, PSCI_SYSTEM_OFF, 0, 0, 0);
	firmware_call(by_hvc, PSCI_SYSTEM_RESET, 0, 0, 0);
}
