#ifndef WATCH_AUDIT_H
#define WATCH_AUDIT_H
/* Reads audit records from the descriptor that the warden opened, and turns them into events for the gate. */
#include "watch/assemble.h"
#include "watch/bound.h"
#include "watch/logons.h"
#include "watch/outbox.h"
#include "watch/packets.h"
#include "watch/watch.h"

struct listener {
	struct source	 source;
	struct loop	*loop;
	struct outbox	*out;
	struct page	*page;
	struct packets	*packets;	/* wants to know who speaks to a name server */
	uint64_t	 told;		/* kinds of events that go to the gate */
	uint64_t	 forced;	/* of `assemble`, at the last look */
	struct bounds	 bounds;
	struct logons	 logons;
	struct assemble	 assemble;
	struct event	 event;
	uint8_t		 datagram[16384];
};

/* Without a socket for audit nothing is ever heard. 0 or -errno. */
int	listener_init(struct listener *, struct loop *, const struct watch_setup *, struct outbox *, struct packets *);
/* Hears events of KINDS of audit on FD (owned; -1: no more) and passes on those of TOLD. 0 or -errno. */
int	listener_use(struct listener *, int fd, uint64_t kinds, uint64_t told);
/* Closes what waits too long; the number of events still open. */
unsigned listener_tick(struct listener *, uint64_t now_ns);

/* One datagram as it came from the kernel. Public for tests: the kernel is a stranger like any other. 0 or -EBADMSG. */
int	listener_take(struct listener *, const void *datagram, size_t len, uint64_t now_ns);

#endif
