#ifndef WATCH_FACTS_H
#define WATCH_FACTS_H
/*
 * The files of event/fact.def, from descriptors that a helper of the warden opened: those that the gate heard of, with the process that
 * it heard of, and now and then all of them, one after the other (a walk). The first walk is what later changes are compared with; what a
 * later one finds has happened without being heard, and has no process. A file that goes, or that a walk finds other than it was, waits
 * for a moment: it may be on its way back, or be heard of after all.
 */
#include "watch/change.h"
#include "watch/watch.h"

#define FACTS_WAITING	64

enum waiting_for { WAITING_NOTHING, WAITING_HEARD, WAITING_OPEN, WAITING_GONE, WAITING_FOUND, WAITING_LOST };

struct waiting {
	enum waiting_for what;
	struct fact	 fact;
	int		 fd;		/* owned; -1 none */
	uint64_t	 due_ns;	/* boot clock */
	struct event	*cause;		/* owned */
};

struct facts {
	struct page	*page;
	struct knowns	 known;
	struct changes	 changes;
	uint64_t	 complete;	/* kinds of which a walk came to its end */
	uint64_t	 walk;		/* its number */
	bool		 large;		/* memory was taken for a large file */
	struct waiting	 waiting[FACTS_WAITING];	/* in order */
	unsigned	 n_waiting;
	struct event	 scratch;
};

/* LOGONS: see change.h. */
void	facts_init(struct facts *, struct outbox *, struct logons *, struct page *);
/* FACT, FACT_GONE, FACT_FOUND, WALK of the warden. 0 or -EBADMSG. */
int	facts_take(struct facts *, const struct wire_msg *, uint64_t now_ns);
/* Looks at what is due. True while something waits. */
bool	facts_tick(struct facts *, uint64_t now_ns);
/* May more come? Not while the gate has yet to take what was told of many. */
bool	facts_room(const struct facts *);

#endif
