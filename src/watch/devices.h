#ifndef WATCH_DEVICES_H
#define WATCH_DEVICES_H
/* Reads what the kernel says of devices from the descriptor that the warden opened, and turns it into events for the gate. */
#include "base/loop.h"
#include "watch/outbox.h"
#include "watch/watch.h"

#define DEVICE_BYTES	8192	/* the kernel's own buffer of one message is a quarter of it */

struct devices {
	struct source	 source;
	struct loop	*loop;
	struct outbox	*out;
	struct page	*page;
	struct event	 event;
	char		 message[DEVICE_BYTES];
};

/* Without a socket for devices nothing is ever heard. 0 or -errno. */
int	devices_init(struct devices *, struct loop *, const struct watch_setup *, struct outbox *);
/* Reads from FD (owned; -1: no more). 0 or -errno. */
int	devices_use(struct devices *, int fd);

#endif
