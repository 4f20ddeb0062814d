/* Included by .S files: saving the part of a process's registers that the fast path leaves in the CPU. */
#pragma once

#include <offsets.h>

/* Complete @p frame with what hypercall_entry leaves where it is: x20-x29, ELR_EL2, SPSR_EL2. Clobbers @p a and @p b. */
.macro save_rest frame, a, b
	stp	x20, x21, [\frame, #FRAME_X + 8 * 20]
	stp	x22, x23, [\frame, #FRAME_X + 8 * 22]
	stp	x24, x25, [\frame, #FRAME_X + 8 * 24]
	stp	x26, x27, [\frame, #FRAME_X + 8 * 26]
	stp	x28, x29, [\frame, #FRAME_X + 8 * 28]
	mrs	\a, elr_el2
	mrs	\b, spsr_el2
	stp	\a, \b, [\frame, #FRAME_ELR]
.endm
