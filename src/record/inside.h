#ifndef RECORD_INSIDE_H
#define RECORD_INSIDE_H
/* Inside of the record process: record.c reads, appends and commits; begin.c opens the logs; rotate.c gives them new anchors. */
#include "base/loop.h"
#include "record/closed.h"
#include "record/flight.h"
#include "record/kept.h"
#include "record/record.h"
#include "record/reserve.h"
#include "record/stream.h"

struct record {
	const struct record_setup *setup;
	struct loop	 loop;
	struct source	 gate, warden, signals, timer;
	struct stream	 stream[CHAIN__MAX];
	struct closed	 closed;		/* what becomes of closed segments */
	struct reserve	 reserve;
	uint64_t	 start_ns;		/* as the warden tells it */
	struct kept_state kept;
	struct flights	*flights;		/* NULL: it is off */
	struct flight_news news;		/* what it has to tell */
	bool		 mended[CHAIN__MAX];	/* its file was put back, which is not told yet */
	uint64_t	 broken;		/* messages that made no sense, not told yet */
	bool		 ending;
	struct msg_rotate rotate;		/* new anchors that are asked for; ticket 0: none */
	struct msg_rotated rotated;		/* what became of that so far */
	struct report	 report;
	char		 body[RECORD_MAX - CHAIN_SUFFIX];
	_Alignas(8) char buffer[WIRE_MAX];
};
extern struct record the_record;	/* there is one in a process */

/* What this process has to tell itself: a word, how many, lines as in TEXT_DETAILS (LEN 0: none), and who asked for it (NULL: nobody). */
struct stating { const char *action; uint64_t count; const char *details; size_t len; const struct msg_rotate *by; };
/* With a sentence, in the log of S, which has room: appended, and committed with the batch. */
void	record_state_of(struct stream *, const struct stating *, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void	record_state(struct stream *, uint64_t count, const char *action, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Commits the batch of S, and whatever is to be done behind it (stream.h). 0 or -errno: it is tried again each second. */
int	record_commit(struct record *, struct stream *);

/* Opens the logs and tells how they were found. 0 or -errno. */
int	begin_logs(struct record *);
/* The first record of a log: what it follows, if it follows one. */
void	begin_tell(struct record *, enum chain_which);
/* That there is a new log of events, in the log of alerts, which has room. */
void	begin_tell_events(struct record *);

/* Takes such a message. False: it makes no sense. */
bool	rotate_on_rotate(struct record *, const struct msg_rotate *);
/* Begins what is asked for, as soon as nothing else is under way, and answers once it is done. */
void	rotate_tend(struct record *);

#endif
