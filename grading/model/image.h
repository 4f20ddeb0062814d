/* The image's layout, as offsets: kernel/boot/kernel.ld with small sections. For C and image.S. */
#pragma once

#define MODEL_TEXT            0x1000
#define MODEL_USER_VECTORS    0x3000
#define MODEL_ETEXT           0x5000
#define MODEL_RODATA          0x5000
#define MODEL_ERODATA         0x8000
#define MODEL_DATA            0x8000
#define MODEL_EDATA           0xf000
#define MODEL_GUARD           0xf000
#define MODEL_STACK           0x10000
#define MODEL_STACK_TOP       0x14000
#define MODEL_PANIC_GUARD     0x14000
#define MODEL_PANIC_STACK     0x15000
#define MODEL_PANIC_STACK_TOP 0x17000
#define MODEL_END             0x17000
