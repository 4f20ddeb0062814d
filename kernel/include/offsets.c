/* Structure offsets for assembly: compiled to text only; the Makefile turns each "->NAME value"
 * line into a #define. */
#include <hv8/trap.h>
#if LAB >= 3
#include <hv8/proc.h>
#include <uapi/hypercall.h>
#endif

#define OFFSET(name, value) __asm__ volatile("\n->" #name " %0" : : "i"(value))

void offsets(void)
{
	OFFSET(FRAME_X, offsetof(struct trap_frame, x));
	OFFSET(FRAME_SP, offsetof(struct trap_frame, sp));
	OFFSET(FRAME_ELR, offsetof(struct trap_frame, elr));
	OFFSET(FRAME_SPSR, offsetof(struct trap_frame, spsr));
	OFFSET(FRAME_SIZE, sizeof(struct trap_frame));
#if LAB >= 3
	OFFSET(NHYPERCALL, NHYPERCALL);
#endif
}
