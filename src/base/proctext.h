#ifndef BASE_PROCTEXT_H
#define BASE_PROCTEXT_H
/*
 * The texts of /proc/PID as values, without reading any file. The kernel writes them, but names in them are chosen by whoever
 * runs there. TEXT is not terminated. 0, or -EBADMSG with the result unchanged.
 */
#include "base/procfs.h"

int	proc_parse_stat(const char *text, size_t len, struct proc_stat *);
int	proc_parse_status(const char *text, size_t len, struct proc_status *);
/* -EAGAIN while the thread runs. A thread that waits outside of a system call has number -1. */
int	proc_parse_syscall(const char *text, size_t len, struct proc_syscall *);
int	proc_parse_number(const char *text, size_t len, uint32_t *);

#endif
