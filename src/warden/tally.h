#ifndef WARDEN_TALLY_H
#define WARDEN_TALLY_H
/* How many programs were started and judged, as a record each hour: yettctl coverage adds them up. Pure. */
#include "warden/details.h"
#include "wire/page.h"

struct tally {
	uint64_t told[PAGE_COVERAGES][COVERAGE__MAX];
	const char *(*place)(const void *arg, uint64_t dev);	/* where a device is mounted that the gate had no name for; NULL: unknown */
	const void *arg;
	uint64_t hour;		/* of the wall clock, since 1970; 0: not begun */
	uint64_t since_s;	/* what was not told yet began then, by the wall clock */
};

struct tally_told { uint64_t ran, judged, cached, gone; struct details details; };

/*
 * True when another hour has begun, or LAST, and programs were started since this was last so: what became of them in all, and as details
 * "since=SECONDS", then for each file system "judged=N ... path=PATH" with the names of wire/coverage.def, those that are 0 left out.
 */
bool	tally_next(struct tally *, const struct page *, uint64_t wall_ns, bool last, struct tally_told *);

#endif
