/* What happened, and who deals with it. */
#include <hv8/trap.h>
#include <machine.h>

extern const char vectors[];

void trap_init(void)
{
	write_sysreg(vbar_el2, pointer_pa(vectors));
	isb();
}
