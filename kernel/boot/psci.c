/* Firmware calls: PSCI (ARM DEN 0022), by SMC unless the device tree says HVC. */
#include <hv8/board.h>
#include <machine.h>

#define PSCI_SYSTEM_OFF   0x84000008 /* 5.9 */
#define PSCI_SYSTEM_RESET 0x84000009 /* 5.10 */

void psci_system_off(void)
{
	/* Some boards cannot power off: a reset is the next best end. */
	firmware_call(board.psci_by_hvc, PSCI_SYSTEM_OFF, 0, 0, 0);
	firmware_call(board.psci_by_hvc, PSCI_SYSTEM_RESET, 0, 0, 0);
}
