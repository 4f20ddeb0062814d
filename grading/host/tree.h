/*
 * Trees that dtc compiled from dts/, in the test program itself; the Makefile tells the assembler
 * where they are.
 */
#pragma once

#define TREE(name)                                                                  \
	__asm__(".pushsection .rodata\n.balign 8\ntree_" #name ": .incbin \"" #name \
	        ".dtb\"\ntree_" #name "_end: .byte 0\n.popsection\n");              \
	extern const unsigned char tree_##name[], tree_##name##_end[]
