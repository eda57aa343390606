#ifndef GATE_QUIET_H
#define GATE_QUIET_H
/*
 * Opens that ask although no rule is about them: to be asked about a file that does not exist yet, its directory is marked, and so all
 * its neighbours ask, of which some, such as /etc/ld.so.cache, are opened all day. The busiest of them are told not to ask:
 * only regular files that nobody but root may write, whose every open is allowed without a trace, and whose file system was mounted
 * before yettd started, since each costs a descriptor. What ends it is what ends remembered allows of execs (cache.h).
 *
 * The names stand in the shared page, so that the warden can make them ask again when the gate dies.
 */
#include "gate/state.h"

/* The event in hand was allowed, without a trace: may opens of Q's file be quiet? Before it is answered. */
void	quiet_allow(struct gate *, struct question *q);
/* All ask again. */
void	quiet_end(struct gate *);

#endif
