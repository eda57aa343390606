#ifndef GATE_ENDS_H
#define GATE_ENDS_H
/*
 * What a call that audit told of left among the descriptors of the process that made it, while that lives and still has it: the ends of a
 * connection, where a socket listens, the name of a file in memory, whom a pidfd means.
 *
 * A socket is taken over for a moment (pidfd_getfd), asked, and closed. Its owner may close it meanwhile, so that we are the last, or put
 * another file in its place, so that we wait for something: what is no socket is never closed (a file system in user space would be
 * asked), at most ENDS_KEPT of those, after which sockets are not looked at any more; and no close waits longer than ENDS_WAIT_US for
 * what a socket has still to send.
 */
#include "gate/state.h"

#define ENDS_WAIT_US	2000
#define ENDS_KEPT	16

/* Once, before the first event. 0 or -errno. */
int	ends_start(void);
/*
 * Fills what NEEDS (enum event_have) of the event in hand can be had. -EAFNOSUPPORT: it is about a socket that is none of the network, and
 * the event is none that anybody asked for. Else 0.
 */
int	ends_fetch(struct gate *, uint32_t needs);

#endif
