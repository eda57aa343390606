#ifndef RECORD_STREAM_H
#define RECORD_STREAM_H
/*
 * One of the logs that this process writes: a chain, the batch that waits for it, and who waits for that. A stream whose disk fails keeps
 * its batch and tries again; nobody else waits for it.
 */
#include "alert/chain.h"
#include "wire/page.h"

enum sender { FROM_GATE, FROM_WARDEN, FROM__MAX };

struct stream {
	struct chain	*chain;		/* NULL: nobody writes this one */
	unsigned	 most, batch;	/* records of one commit; that are not committed */
	uint64_t	 due_ns;	/* commit no later; 0: nothing is due */
	uint64_t	 last_ns;	/* last commit */
	uint64_t	 failing_ns;	/* since when commits fail; 0: they do not */
	int		 error;		/* of the last one */
	bool		 ending;	/* the segment is to be closed after this commit */
	bool		 rotating;	/* the log is to be set aside after this commit, and another begins */
	bool		 begun;		/* that one has, and holds nothing yet */
	bool		 closed;	/* one was closed since somebody looked */
	uint64_t	 dropped;	/* reports that found no room while it fails */
	uint64_t	 last[FROM__MAX], committed[FROM__MAX], held[FROM__MAX];	/* numbers of reports: the last that came, and that is on
											 * disk; the first that is not, 0 none */
};

/* A report of that NUMBER (0: without) is in the batch; it has to be committed within WAIT_NS. */
void	stream_added(struct stream *, enum sender, uint64_t number, uint64_t wait_ns);
/* Is the number new to this stream? */
bool	stream_is_new(const struct stream *, enum sender, uint64_t number);
bool	stream_has_room(const struct stream *);
/* Something to commit, a segment to close or a log to begin, and the time has come. */
bool	stream_is_due(const struct stream *, uint64_t now_ns);
/*
 * Commits the batch, and closes the segment or begins another log where that is wanted. 0 or -errno: it fails from now on, and is due again
 * in a while.
 */
int	stream_commit(struct stream *, struct page *);
/* ms until it is due, -1 never. */
int	stream_wait(const struct stream *, uint64_t now_ns);

#endif
