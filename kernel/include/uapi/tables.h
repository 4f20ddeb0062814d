/*
 * The kernel's tables of names: which page, process, file is free, and whose it is. The kernel
 * writes them; every process sees them read-only (UVA_PAGES, UVA_PROCS, UVA_FILES at birth, or where
 * it maps them by map_pages, map_procs, map_files) and picks the names for its hypercalls there. What
 * one process must not know of another (registers, memory) is not in them.
 */
#pragma once

#include <hv8/types.h>
#include <uapi/limits.h>

/* What a page is. */
enum page_type {
	PAGE_FREE,  /* nobody's */
	PAGE_FRAME, /* memory of a process, mapped once: at `va` */
	PAGE_L0,    /* translation tables, the root first */
	PAGE_L1,    /* level 1 */
	PAGE_L2,    /* level 2 */
	PAGE_L3,    /* level 3: its entries are frames */
	PAGE_NONE,  /* this board has no such page */
};

/* One page of process memory. */
struct page {
	u16 type;  /* enum page_type */
	u16 owner; /* a pid; 0: nobody's */
	u16 used;  /* a table: how many of its 512 entries are valid */
	u16 perm;  /* a frame: enum vm_perm */
	uva_t va;  /* a frame: where it is mapped; a table: the first address that it translates */
};

/* Where a process is in its life. */
enum proc_state {
	PROC_FREE,     /* there is none with this pid */
	PROC_EMBRYO,   /* made by clone; its parent builds it and starts it by set_runnable */
	PROC_RUNNABLE, /* in the ready list */
	PROC_RUNNING,  /* current */
	PROC_WAITING,  /* in recv, call or reply_wait */
	PROC_ZOMBIE,   /* dead: its pages wait for reclaim_page, its files for close, it for reap */
#if LAB >= 5
	PROC_SLEEPING, /* in wait: for an interrupt */
#endif
};

/* One process. */
struct proc {
	u32 state;      /* enum proc_state */
	u32 parent;     /* a pid; 0: nobody's child, and so init's (INIT_PID) to kill and reap */
	pn_t root;      /* page of its level 0 table */
	u32 asid;       /* its address space identifier */
	u32 nchildren;  /* processes whose `parent` it is */
	u32 npages;     /* pages whose `owner` it is */
	u32 nfiles;     /* descriptors in use */
	u32 nwaiting;   /* processes whose `wait_from` it is */
	u32 next, prev; /* the ready list, in a ring through procs[0] */
	u32 wait_from;  /* PROC_WAITING: for a message of this process; 0: of any */
	pn_t wait_page; /* which of its frames receives a page, or NONE */
	u32 wait_fd;    /* which descriptor receives one, or NONE */
	i64 status;     /* PROC_ZOMBIE: what it gave to exit, or STATUS_KILLED */
	char name[PROC_NAME]; /* for people */
	u16 fd[NOFILE];       /* which file; 0: the descriptor is free */
#if LAB >= 5
	u32 nirqs;        /* interrupts whose `owner` it is, by alloc_irq */
	u32 reserved_irq; /* 0 */
	u64 reserved[1];  /* to a power of two */
#else
	u64 reserved[2]; /* to a power of two */
#endif
};

/* One open file. */
struct file {
	u32 type;   /* what it is, by convention of user space; 0 exactly if it is free */
	u32 refs;   /* descriptors that lead to it */
	u64 value;  /* of the creator's choice: a server, an inode... */
	u64 offset; /* set by lseek */
	u64 mode;   /* of the creator's choice */
};

#if LAB >= 5
/* Who gets an interrupt. */
enum irq_type {
	IRQ_NONE,  /* this board has no such interrupt, or none that a process may have */
	IRQ_FREE,  /* for alloc_irq */
	IRQ_OWNED, /* `owner` handles it */
	IRQ_KERNEL, /* the kernel handles it; if `owner` is not 0, that process is told by a virtual one: the console */
};

/* One interrupt. */
struct irq {
	u8 type;     /* enum irq_type */
	u8 priority; /* as irq_priority set it: lower numbers first */
	u16 owner;   /* a pid; 0: nobody */
};

#define IRQ_SGIS     16   /* INTIDs 0..15: SGIs, each process's own */
#define IRQ_PRIORITY 0x80 /* of each interrupt until irq_priority */
#define IRQ_EDGE     1    /* alloc_irq: edge-triggered */
#if LAB >= 6
#define IRQ_TIMER 30 /* each process's own: its EL1 physical timer */
#endif
#endif

#define INIT_PID 1 /* the first program: inherits orphans, may power off */

#define NONE          0xffffffffU /* "no page", "no descriptor" as an argument */
#define STATUS_KILLED (-128)      /* the status of who did not end by itself */

#define PAGES_PAGES (NPAGE * sizeof(struct page) / 4096) /* pages that each table takes */
#define PROCS_PAGES (NPROC * sizeof(struct proc) / 4096) /* likewise */
#define FILES_PAGES (NFILE * sizeof(struct file) / 4096) /* likewise */
