#ifndef ALERT_RECOVER_H
#define ALERT_RECOVER_H
/* Where a log goes on: its last sealed line that one of the keys at hand continues. */
#include "alert/line.h"
#include "alert/ratchet.h"

/* What comes before the file. KEY, that signs its first line, may be NULL when it is not known; log "": its name follows from the key. */
struct recover_from {
	const uint8_t	*key;
	uint64_t	sequence;
	char		prev[65], log[17];
	bool		any;		/* nothing is known but perhaps KEY, of record 0: the first line may be of any number */
};

struct recovered {
	bool		fits;		/* a key continues it; else nothing below but SIZE is set */
	unsigned	slot;		/* the key */
	uint64_t	size, end;	/* of the file; of what is sealed: the rest is a torn tail */
	uint64_t	first, sequence;	/* of the first line, and of the next one */
	char		prev[65], log[17];
};

/*
 * Reads all of FD (-1: there is no log). A line counts when it chains and a signature covers it that, after the last key change, is
 * checked: an unsigned line that nothing sealed was never acknowledged, and somebody else may have put it there. Returns 0 or -errno of
 * reading.
 */
int	recover(int fd, const struct ratchet *, const struct recover_from *, struct recovered *);

#endif
