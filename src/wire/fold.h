#ifndef WIRE_FOLD_H
#define WIRE_FOLD_H
/* Alerts that are counted instead of recorded one by one, in the shared page, so that they outlive the gate (see gate/fold.h). */
#include <stdatomic.h>
#include "event/verdict.h"

#define FOLD_CAUSES	128
#define FOLD_SAMPLES	4
#define FOLD_RECORDED	16

struct fold_cause {
	_Atomic uint64_t count;		/* alerts that have no record of their own */
	_Atomic uint64_t settling;	/* 1 + head of the spool before the summary went there; 0: none is on its way */
	uint32_t	 recorded;	/* and those that have one */
	uint64_t	 object[FOLD_RECORDED];	/* what each of these was about */
	_Atomic uint32_t samples;
	uint64_t	 first_ns, last_ns;	/* wall clock, of those that were counted */
	struct { uint64_t id; uint16_t len; char file[198]; } sample[FOLD_SAMPLES];
	struct report	 report;	/* the first one, with the tree that all are of */
};

/* The alert in hand: what counts it, and what its record would change. A successor sees which of it was done. */
struct fold_hand {
	_Atomic uint64_t alerts;	/* the counters once it is through; 0: there is none in hand */
	uint64_t	 folded;
	uint32_t	 cause;		/* counted here; FOLD_CAUSES: it gets a record */
	uint64_t	 before;	/* of that count, or of what grows with a record */
};

struct fold_page {
	struct fold_hand hand;
	_Atomic uint64_t hash[FOLD_CAUSES];	/* of what the alerts of a cause have in common; 0: free. Written last */
	_Atomic uint64_t until_ns[FOLD_CAUSES];	/* boot clock: end of the window */
	struct fold_cause cause[FOLD_CAUSES];
};

/* Alerts that were counted and are in no summary yet. */
uint64_t fold_waiting(const struct fold_page *);

#endif
