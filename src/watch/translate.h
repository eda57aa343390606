#ifndef WATCH_TRANSLATE_H
#define WATCH_TRANSLATE_H
/* What an audited system call means as an event. */
#include "watch/assemble.h"

/* The kinds of events that this call may be, a bit each, judged by what its SYSCALL (or URINGOP) record says alone; 0: none of ours. */
uint64_t translate_kinds(const struct audited *);

/* The kind of event that it is to open a file; -1: none of ours. */
int	translate_file(const struct audited_file *, const char *name, size_t len);

/* How many events it is: a signal to several is one for each of them. At least 1. */
unsigned translate_count(const struct audited *);

/*
 * Makes EV of the Nth of them. BOOT_NS: now. Returns 0, or -ENOMSG when it is no event for us: not of KINDS, or without the network
 * address or the file that makes it one.
 */
int	translate(const struct audited *, unsigned n, uint64_t kinds, uint64_t boot_ns, struct event *ev);

#endif
