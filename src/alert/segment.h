#ifndef ALERT_SEGMENT_H
#define ALERT_SEGMENT_H
/*
 * Closed segments of a chain. Number N of the chain STEM lies in the log directory as
 *
 *	STEM-0000000N.jsonl		the records; .jsonl.zst when they are packed; gone when they are too old
 *	STEM-0000000N.sums		SHA-256 of the sums before it and of the records, as sha256sum --check reads it; kept for ever
 *	STEM-0000000N.sums.minisig	its signature, by a key that signs nothing else (minisign.h)
 *
 * The trusted comment tells where the chain goes on: `yett1 log=ID seg=N first=SEQ end=SEQ head=HASH key=KEY next=RW...`: first record,
 * number and hash and key of the line behind the last, and the public key of the next signature. Number 0 is the beginning: it has no
 * records, its sums are those of the public key file, and the anchor signs it.
 */
#include "alert/minisign.h"

#define SEGMENT_NAME	40
#define SEGMENT_LINE	160		/* of a file of sums */

enum segment_file { SEGMENT_RECORDS, SEGMENT_PACKED, SEGMENT_SUMS, SEGMENT_SIG };

static inline bool
segment_has_records(enum segment_file file)
{
	return file == SEGMENT_RECORDS || file == SEGMENT_PACKED;
}

struct segment {
	uint64_t	number, first, end;	/* records [first, end) */
	char		log[17], head[65];
	uint8_t		key[32], next[32];	/* that signs line END; that signs the next sums */
	char		hash[65];		/* of its records; "" for number 0. Filled by segment_read() */
	char		before[65];		/* of the sums before it; "": the signatures began anew here */
};

/* "alerts-00000017.jsonl" and the like. */
void	segment_name(char name[SEGMENT_NAME], const char *stem, uint64_t number, enum segment_file);
/* The number in such a name, and the kind of it; -1: it is none. */
int64_t	segment_number(const char *name, const char *stem, enum segment_file *);

/*
 * Writes and syncs sums and signature of S. KEYS sign. What is summed is the file WHAT of DIR: the records, under the name that they have
 * now; for number 0, the public key. 0 or -errno: nothing is promised until it returned 0, and it can be called again.
 */
struct segment_place { int dir; const char *stem, *what; };
int	segment_seal(const struct segment_place *, const struct segment *s, const struct ratchet *keys);

/*
 * Reads sums and signature. KEY: of the signature; NULL: nothing is proved. 0, -ENOENT: one of them is not there, -EBADMSG: they are
 * not what KEY signed, or no sums of number NUMBER; or another -errno.
 */
int	segment_read(int dir, const char *stem, uint64_t number, const uint8_t *key, struct segment *);

/* SHA-256 of all of FD, as hex. 0 or -errno. */
int	segment_hash(int fd, char hex[65]);

#endif
