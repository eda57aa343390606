#ifndef RECORD_CLOSED_H
#define RECORD_CLOSED_H
/*
 * What becomes of closed segments: they are packed when there is time, and removed, the oldest first, when they are too many bytes or too
 * old. Their sums stay. What cannot be done is told on stderr and tried again with the next segment.
 */
#include "alert/chain.h"
#include "policy/config.h"

struct closed {
	int		 dir;		/* of the log; the caller's */
	const struct config *config;
	struct pack	*pack;
	enum chain_which of;
	uint64_t	 number;	/* that is packed */
	bool		 wanted[CHAIN__MAX];
};

void	closed_init(struct closed *, int log_dir, const struct config *);
void	closed_end(struct closed *);

/* There may be something to pack. */
void	closed_packs(struct closed *, enum chain_which);
bool	closed_is_packing(const struct closed *);
/* Packs a piece. False: there is nothing more. */
bool	closed_pack(struct closed *);

/* Segments that have to go: FIRST to LAST, of so many BYTES. False: none. */
struct trim { uint64_t first, last, bytes; };
bool	closed_plan(const struct closed *, enum chain_which, uint64_t wall_ns, struct trim *);
void	closed_remove(struct closed *, enum chain_which, const struct trim *);

#endif
