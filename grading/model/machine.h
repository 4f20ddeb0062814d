/*
 * The seam on the host: the functions of kernel/include/machine.h, as kernel C calls them, over the
 * model machine. model.h is the other side: what a test sets up and looks at.
 */
#pragma once

#include <hv8/types.h>

/* The linker's symbols whose names a host program has already. image.S defines all of them. */
#define _start model_start
#define _etext model_etext
#define _edata model_edata
#define _end   model_end

#define read_sysreg(reg)         model_sysreg_read(#reg)
#define write_sysreg(reg, value) model_sysreg_write(#reg, value)

u64 model_sysreg_read(const char *name);
void model_sysreg_write(const char *name, u64 value);

void isb(void);
void dsb_ish(void);
void dsb_sy(void);
void tlbi_alle2(void);
void tlbi_vmalle1is(void);
void tlb_flush_page(asid_t asid, uva_t uva);
void tlb_flush_asid(asid_t asid);
void pte_publish(void);
void pte_store(pte_t *entry, pte_t value);
void *pa_pointer(pa_t pa);
pa_t pointer_pa(const void *pointer);
u32 mmio_read32(pa_t pa);
void mmio_write32(pa_t pa, u32 value);
void dcache_invalidate(pa_t start, pa_t end);
void dcache_clean(pa_t start, pa_t end);
void page_zero(pa_t pa);
void page_copy(pa_t to, pa_t from);
void icache_sync(pa_t start, pa_t end);
void wfi(void);
u64 firmware_call(bool by_hvc, u64 function, u64 a1, u64 a2, u64 a3);
