#ifndef ALERT_RECOVER_H
#define ALERT_RECOVER_H
/* Where a log goes on: its last sealed line that one of the keys at hand continues. */
#include "alert/line.h"
#include "alert/ratchet.h"

struct recovered {
	bool		fits;		/* a key continues it; else nothing below but SIZE is set */
	unsigned	slot;		/* the key */
	uint64_t	size, end;	/* of the file; of what is sealed: the rest is a torn tail */
	uint64_t	sequence;	/* of the next line */
	char		prev[65], log[17];
};

/*
 * Reads all of FD (-1: there is no log). ANCHOR may be NULL when it is not known. A line counts when it chains and a signature
 * covers it that, after the last key change, is checked: an unsigned line that nothing sealed was never acknowledged, and somebody
 * else may have put it there. Returns 0 or -errno of reading.
 */
int	recover(int fd, const struct ratchet *, const uint8_t *anchor, struct recovered *);

#endif
