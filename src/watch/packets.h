#ifndef WATCH_PACKETS_H
#define WATCH_PACKETS_H
/*
 * Reads packets of DNS from the descriptor that the warden opened, and turns each lookup into an event for the gate: question and answer,
 * with the process that asked as far as it can be known. Three things tell of it: audit says who speaks to the name server, the kernel's
 * table of sockets has inode and owner of the socket as long as it is open, and the gate can see whether a process holds that inode
 * (MSG_HOLDS); what only the first says is FLAG_GUESSED.
 */
#include "base/loop.h"
#include "watch/asker.h"
#include "watch/assemble.h"
#include "watch/diag.h"
#include "watch/outbox.h"
#include "watch/watch.h"

#define PACKET_BYTES	4096

struct packets {
	struct source	 source;
	struct loop	*loop;
	struct outbox	*out;
	struct page	*page;
	struct diag	 diag;
	bool		 paused;	/* packets stay in the kernel until the gate has caught up */
	uint64_t	 early;		/* of `lookups`, at the last look */
	struct lookups	 lookups;
	struct askers	 askers;
	struct event	 event;
	struct dns	 dns;
	uint8_t		 packet[PACKET_BYTES];
};

/* Without a socket for packets nothing is ever heard. 0 or -errno. */
int	packets_init(struct packets *, struct loop *, const struct watch_setup *, struct outbox *);
/* Reads packets from FD (owned; -1: no more). 0 or -errno. */
int	packets_use(struct packets *, int fd);
/* Tells what is due. The longest wait until the next, in ms; -1 for ever. */
int	packets_tick(struct packets *, uint64_t now_ns);
/* What audit tells: this process speaks to EV's peer by the descriptor that is the first argument of its call. */
void	packets_asked(struct packets *, const struct event *ev);

/* One packet from its network header on. OURS: this host sends it. Public for tests: whoever sends it is a stranger. */
void	packets_take(struct packets *, const uint8_t *, size_t len, bool ours, uint64_t now_ns);

#endif
