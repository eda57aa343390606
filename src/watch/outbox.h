#ifndef WATCH_OUTBOX_H
#define WATCH_OUTBOX_H
/*
 * Events on their way to the gate. Never blocks: what the gate cannot take yet waits in bounded memory, in order; what finds that
 * full is lost and counted.
 */
#include "base/loop.h"
#include "wire/page.h"

#define OUTBOX_BYTES	(1u << 20)

struct outbox {
	struct loop	*loop;
	struct page	*page;
	struct source	 source;	/* the gate's socket */
	size_t		 head, used;	/* bytes in the ring: length (4 bytes) and event, one after the other */
	struct event	 scratch;
	uint8_t		 ring[OUTBOX_BYTES];
};

int	outbox_init(struct outbox *, struct loop *, int gate_sock, struct page *);
void	outbox_put(struct outbox *, const struct event *);
/* So much waits already that whoever can wait too should. */
bool	outbox_busy(const struct outbox *);
/* A question that is only worth something at once: with a gate that is behind it is dropped. */
void	outbox_ask(struct outbox *, const struct msg_holds *);
/* An event of yett itself: ACTION is a word, REASON a sentence (may be NULL). */
void	outbox_tell(struct outbox *, const char *action, uint64_t count, const char *reason);

#endif
