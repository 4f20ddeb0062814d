/* Firmware calls: PSCI (ARM DEN 0022), by SMC or HVC as the device tree says. */
#include <hv8/board.h>
#include <machine.h>

#define PSCI_SYSTEM_OFF   0x84000008 /* 5.9 */
#define PSCI_SYSTEM_RESET 0x84000009 /* 5.10 */

void psci_system_off(void)
{
	/*
	 * Before the device tree is read, the level tells: hv8 at EL2 has its firmware at EL3; at EL1,
	 * by mistake, it is a guest, and SMC would be undefined.
	 */
	bool by_hvc = board.psci == PSCI_UNKNOWN ? read_sysreg(CurrentEL) == 1 << 2
	                                         : board.psci == PSCI_HVC;

	/* Some boards cannot power off: a reset is the next best end. */
	firmware_call(by_hvc, PSCI_SYSTEM_OFF, 0, 0, 0);
	firmware_call(by_hvc, PSCI_SYSTEM_RESET, 0, 0, 0);
}
