#ifndef ALERT_CHAIN_INSIDE_H
#define ALERT_CHAIN_INSIDE_H
/* Inside of a chain: chain.c writes it, chain_open.c finds where it goes on. */
#include "alert/chain.h"
#include "alert/ratchet.h"
#include "alert/rotation.h"

struct chain_names { const char *stem, *file, *ratchet, *segments, *anchor, *pub, *rotation; };
extern const struct chain_names chain_names[CHAIN__MAX];

enum closing { CLOSING_NOT, CLOSING_SEALED, CLOSING_MOVED };

struct chain {
	const struct chain_names *names;
	int		 log_dir, state_dir, fd;
	struct ratchet	*keys, *segments;	/* that sign lines; that sign the sums of closed segments */
	struct chain_head head;
	uint64_t	 first;		/* record that the open segment begins with */
	uint64_t	 size;		/* of the file, as far as it is acknowledged */
	char		*batch;
	size_t		 len;		/* bytes of it, the last line included */
	size_t		 last;		/* where the last line starts */
	size_t		 written;	/* bytes of it that the last commit wrote */
	bool		 open;		/* the last line still lacks its end */
	bool		 last_sealed;
	bool		 overdue;	/* signed, and not on disk */
	bool		 rested;	/* the last erasing is durable */
	bool		 anew;		/* nobody announced the key that signs the next sums */
	enum closing	 closing;
	struct rotation	 rotation;	/* of the keys, as it is on disk */
	bool		 planned;	/* the next commit names the first key of the next log, and is the last of this one */
	bool		 ended;		/* it was: nothing but chain_rotate() is left to do */
	bool		 follows;	/* this log follows the one of `rotation` */
	struct chain_head before;	/* where that one ended */
};

/* An empty file for the open segment, or that which is there; synced. 0 or -errno. */
int	chain_open_file(struct chain *);
/* Gives the file of the open segment the name of the closed one with that NUMBER; synced. 0 or -errno. */
int	chain_name_segment(struct chain *, uint64_t number);
/*
 * The log has named the first key of the next one: closes its last segment, and writes down that it has to be set aside. 0 or -errno: call
 * again.
 */
int	chain_end(struct chain *);
/* Finds where the chain goes on, or begins one, also after a log that has ended. As chain_open(). */
int	chain_continue(struct chain *, enum chain_found *, uint64_t *torn);

#endif
