#ifndef ALERT_CHAIN_H
#define ALERT_CHAIN_H
/*
 * Signed, linked, forward-secure lines (records.md). A line is BODY,"sig":"SIG"}\n; SIG is Ed25519 over the bytes of BODY; each commit
 * signs with the present key, names the next one, syncs, and erases the old. Two key slots, written in turn, each with a checksum.
 */
#include "alert/json.h"

#define CHAIN_TAIL	97	/* ,"sig":"<86>"}\n */
#define CHAIN_SLOT	4096

struct chain;

struct chain_head { uint64_t sequence, segment, epoch; char prev[65]; char log[17]; };

enum chain_found {		/* what opening found */
	CHAIN_NEW,		/* no log, no keys: created; the anchor is new */
	CHAIN_WHOLE,
	CHAIN_TORN,		/* a torn tail was kept aside and cut */
	CHAIN_BROKEN,		/* no key slot continues the log: a new chain starts, under a new anchor, in a new log */
};

/*
 * Opens or creates the chain: LOG_DIR and STATE_DIR are directory descriptors (kept by the caller). Returns 0 or -errno.
 * FOUND and TORN_BYTES tell what to record.
 */
int	chain_open(struct chain **, int log_dir, int state_dir, enum chain_found *found, uint64_t *torn_bytes);
void	chain_free(struct chain *);

const struct chain_head *chain_head(const struct chain *);

/* Adds one line to the batch in memory: BODY as alert_json() leaves it. Returns 0 or -ENOSPC: commit first. */
int	chain_append(struct chain *, const char *body, size_t len, uint64_t boot_mono_ns, const char *boot_id);

/*
 * Signs the last line of the batch with the next key in it, writes and syncs: after 0 every appended record is acknowledged.
 * On -errno (disk full, I/O) nothing is acknowledged, the file is cut back to the last acknowledged line, the batch is kept: call again later.
 */
int	chain_commit(struct chain *);

/* The first public key: what a verifier is given. Hex, 64 characters. 0 or -errno. */
int	chain_anchor(int state_dir, char hex[65]);
/* Creates keys and anchor if there are none (yettctl keys init, first start). 0, -EEXIST, or -errno. */
int	chain_keys_init(int state_dir, char hex[65]);

#endif
