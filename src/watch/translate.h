#ifndef WATCH_TRANSLATE_H
#define WATCH_TRANSLATE_H
/* What an audited system call means as an event. */
#include "watch/assemble.h"

/*
 * The kind of event that this call is, judged by what its SYSCALL (or URINGOP) record says alone; -1: none of ours. *NAME is the
 * name of the call, "" unknown.
 */
int	translate_kind(const struct audited *, const char **name);

/*
 * Makes EV of A. BOOT_NS: now. Returns 0, or -ENOMSG when it is no event for us: not of KINDS, or without the network address that
 * makes it one.
 */
int	translate(const struct audited *, uint64_t kinds, uint64_t boot_ns, struct event *ev);

#endif
