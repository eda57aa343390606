#ifndef ALERT_CHAIN_H
#define ALERT_CHAIN_H
/*
 * Signed, linked, forward-secure lines (yett-record(5)). A line is BODY,"sig":"SIG"}\n; SIG is Ed25519 over the bytes of
 * BODY. Each commit signs its last line with the present key, names the next one in it, syncs, and erases the old.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_FILE	"alerts.jsonl"	/* open segment of CHAIN_ALERTS; segment.h has the names of closed ones */
#define CHAIN_EVENTS_FILE "events.jsonl"
#define CHAIN_SUFFIX	512	/* a body may have RECORD_MAX minus these bytes */

struct chain;

/* Alerts and what yett tells of itself; what rules only log. Each has its own keys and anchor. */
enum chain_which { CHAIN_ALERTS, CHAIN_EVENTS, CHAIN__MAX };

/* The first part of the names of its files. */
const char *chain_stem(enum chain_which);
/* Where its anchor is kept in the state directory. */
const char *chain_anchor_file(enum chain_which);

/* What the next line will be, or is on top of. */
struct chain_head { uint64_t sequence, segment, epoch; char prev[65]; char log[17]; };

enum chain_found {		/* what opening found */
	CHAIN_NEW,		/* no log: created; so is the anchor, if there was none */
	CHAIN_WHOLE,
	CHAIN_TORN,		/* a torn tail was kept aside and cut */
	CHAIN_BROKEN,		/* no key continues the log: a new chain starts, under a new anchor, in a new log; the old ones were kept aside,
				 * closed segments too, in a directory with the name of the log */
};

struct chain_place { enum chain_which which; int log_dir, state_dir; };
/*
 * Opens or creates the chain: LOG_DIR and STATE_DIR are directory descriptors that can be synced (kept by the caller). FOUND tells what
 * to record, TORN how many bytes were cut. Reads the open segment. Returns 0 or -errno.
 */
int	chain_open(struct chain **, const struct chain_place *, enum chain_found *found, uint64_t *torn);
void	chain_free(struct chain *);

const struct chain_head *chain_head(const struct chain *);

/* BODY as alert_json() leaves it: without its last two braces. SEALED: signed of its own, not only through the hash. */
struct chain_line {
	const char	*body;
	size_t		 len;
	uint64_t	 mono_ns;
	const char	*boot_id;
	bool		 sealed;
};
/* Adds one line to the batch in memory. 0; -ENOSPC or -EBUSY: commit first; -EMSGSIZE: no record is that long. */
int	chain_append(struct chain *, const struct chain_line *);

/*
 * Signs the last line of the batch with the next key in it, writes and syncs: after 0 every appended record is acknowledged, and the
 * key that signed them is gone. On -errno (disk full, I/O) nothing is acknowledged, the file is cut back to the last acknowledged
 * line, the batch is kept and takes nothing more: call again later.
 */
int	chain_commit(struct chain *);

/* The lines of the last commit that succeeded, LEN bytes; until the next chain_append(). */
const char *chain_written(const struct chain *, size_t *len);

/* Has room for one more line, and no commit is overdue. */
bool	chain_has_room(const struct chain *);
bool	chain_is_empty(const struct chain *);

/* When there is time: makes the erasing of the last key durable. 0 or -errno. */
int	chain_rest(struct chain *);

/*
 * Closes the open segment, if it has records: seals it (segment.h), gives its file a name with its number, and begins the next one. Nothing
 * may wait to be committed: -EBUSY. On another -errno nothing can be appended until it was called again with success; what is on disk
 * is whole at each step, and chain_open() does what was left to do.
 */
int	chain_close_segment(struct chain *);
/*
 * Is the open segment still where it belongs? Where somebody has moved or removed its file, or put another in its place, all that is
 * acknowledged is written there again, from the descriptor. 0: it is; 1: it is again; or -errno: it is not, ask again later.
 */
int	chain_mend(struct chain *);
/* Bytes of the open segment. */
uint64_t chain_size(const struct chain *);
/*
 * The signatures of closed segments were lost, so they begin anew: the public key of the next one, which a record has to tell. NULL: all
 * is well.
 */
const uint8_t *chain_sums_key(const struct chain *);

/*
 * A new anchor. chain_plan_rotation() draws the first key of the log that is to follow; ANCHOR is its public half as hex, which a record
 * appended now has to tell. Then the next chain_commit() is the last of this log: its last line, signed as all before it, names that key
 * as the next one, so who trusts this log trusts the anchor of the next. Then chain_rotate() closes the segment, sets the log aside as a
 * whole, in the directory named by its id, and the chain is the new one, at its beginning.
 * All return 0 or -errno: -EBUSY out of that order. After a failed plan nothing has changed; a failed commit or rotation has to be called
 * again until it succeeds, and nothing is appended meanwhile. A crash before the commit was on disk changes nothing; after one behind
 * that chain_open() does what was left to do.
 */
int	chain_plan_rotation(struct chain *, char anchor[65]);
int	chain_rotate(struct chain *);
/* Where the log ended that this one follows: its id, the number behind its last record, and the hash of that; NULL: it follows none. */
const struct chain_head *chain_follows(const struct chain *);

/* The first public key: what a verifier is given. Hex, 64 characters. 0 or -errno. */
int	chain_anchor(enum chain_which, int state_dir, char hex[65]);
/* Creates keys and anchor if there are none (yettctl keys init, first start). 0, -EEXIST, or -errno. */
int	chain_keys_init(enum chain_which, int state_dir, char hex[65]);

#endif
