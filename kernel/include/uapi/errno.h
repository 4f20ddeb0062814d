/* Errors, as negative results; numbers and meanings as on Linux. Seen by user space too. */
#pragma once

#define EPERM  1  /* not yours */
#define ENOENT 2  /* no such thing */
#define ESRCH  3  /* no such process any more */
#define EINTR  4  /* an interrupt came first */
#define EAGAIN 11 /* nothing there now */
#define ENOMEM 12 /* a fixed-size table is full */
#define EFAULT 14 /* the address is not mapped for you */
#define EBUSY  16 /* taken */
#define EINVAL 22 /* malformed argument */
#define ENOSYS 38 /* no such hypercall */
