/*
 * How many of each thing there are. All kernel state is in arrays of these sizes: nothing is
 * allocated at run time, and a number out of range is the only way to name something that does not
 * exist. Powers of two.
 */
#pragma once

#define NPROC \
	64 /* processes; pid 0 is nobody. An ASID is a pid and a generation: 8 bits hold 4 generations */
#define NPAGE  65536 /* pages of process memory, 256 MiB; a board may have fewer */
#define NFILE  128   /* open files of all processes; file 0 is none */
#define NOFILE 16    /* descriptors of a process */
#if LAB >= 5
#define NIRQ 1024 /* interrupts by INTID; a board may have fewer */
#endif

#define PROC_NAME         16  /* bytes of a name, with its end */
#define CONSOLE_WRITE_MAX 256 /* bytes a console_write */
#define DMESG_PAGES       4   /* pages of kernel messages that are kept: a power of two */
