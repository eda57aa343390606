#ifndef RECORD_RING_H
#define RECORD_RING_H
/*
 * The last lines of the logs, with whose they are, in memory of a fixed size: the oldest go when there is no room for another, or when they
 * are too old. Pure.
 */
#include "alert/family.h"

struct ring_line {
	struct kin	 kin;
	uint64_t	 at_ns, wall_ns;	/* when it happened, by the boot clock and the wall clock; as the record says, so nothing hangs on it */
	uint64_t	 kept_ns;		/* when it came here */
	const char	*text;			/* with its newline; in the ring */
	size_t		 len;
};

struct ring {
	char		*bytes;
	struct ring_line *line;
	size_t		 size, head;		/* bytes; where the next line may be put */
	unsigned	 most, first, n;	/* lines: room, the oldest, how many */
	uint64_t	 span_ns;
	uint64_t	 evicted;		/* went for want of room, younger than SPAN_NS */
};

/* SIZE bytes of text and MOST lines that came at most SPAN_NS ago. 0 or -ENOMEM. */
struct ring_bounds { size_t size; unsigned most; uint64_t span_ns; };
int	ring_init(struct ring *, const struct ring_bounds *);
void	ring_free(struct ring *);
/* Copies LINE, which came at its kept_ns, and forgets what is too old by then. A text larger than the ring is not taken: evicted. */
void	ring_put(struct ring *, const struct ring_line *line);
/* Line I, 0 is the oldest; valid until the next ring_put(). */
const struct ring_line *ring_at(const struct ring *, unsigned i);

#endif
