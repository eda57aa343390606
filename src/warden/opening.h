#ifndef WARDEN_OPENING_H
#define WARDEN_OPENING_H
/*
 * Opens for watch the files whose entries it tells of (event/fact.def). Whoever opens a file may have to wait for the gate, so neither the
 * gate nor the warden does: a child of ours lives as long as there is something to open. It takes what the gate has heard of from a socket
 * of its own; and when it may be that not all was heard, it walks through all places, and lists them, so that they are marked, also those
 * that have come into being.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/loop.h"
#include "policy/config.h"

struct warden;

#define FACT_PLACES	512	/* directories */

/* Shared with the child, which fills it in on a walk. */
struct fact_places {
	uint32_t	n;
	bool		more, again;
	bool		way[FACT_PLACES];	/* one is expected to be made in it */
	char		path[FACT_PLACES][CONFIG_PATH];
};

struct fact_opener {
	struct source	 edge;		/* from the gate; heard while there is no child */
	struct source	 source;	/* pidfd of the child */
	pid_t		 pid;		/* 0: there is none */
	uint64_t	 started_ns, next_ns;	/* no walk before */
	uint64_t	 kinds;		/* that were asked for at the last walk */
	uint64_t	 walk;		/* its number */
	uint64_t	 again;		/* of the gate, at the last look */
	bool		 due, walking;
	struct fact_places *found, *marked;	/* by the child; as they are marked */
};

/* Before the first fork. 0 or -errno. */
int	opening_init(struct warden *);
/* Takes up listening to the gate. 0 or -errno. */
int	opening_listen(struct warden *);
/* On a timer. */
void	opening_tend(struct warden *, uint64_t now_ns);
/* A place was marked, or went: what is in it has to be looked at. */
void	opening_look(struct warden *);
/* The end of yettd. */
void	opening_stop(struct warden *);
/* Is all known that changes will be compared with, or is nothing to be known? */
bool	opening_ready(const struct warden *);

/* The directories to be marked; 0: no rule asks for what is in them. */
unsigned opening_places(const struct warden *);
const char *opening_place(const struct warden *, unsigned i);
bool	opening_way(const struct warden *, unsigned i);

/* The child: what waits on the socket, and, if WALK, everything. */
int	opener_run(struct warden *, bool walk);

#endif
