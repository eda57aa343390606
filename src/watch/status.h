#ifndef WATCH_STATUS_H
#define WATCH_STATUS_H
/* The answer to `status`: what the shared page says, as one JSON object. */
#include "policy/config.h"
#include "wire/page.h"

/* How long a loss keeps the state degraded. */
#define STATUS_LOSS_NS	900000000000ull

/* When something was lost last: the page has totals only. */
struct losses {
	uint64_t	total, since_ns;	/* since_ns: boot clock, 0 never */
};
void	losses_note(struct losses *, const struct page *, uint64_t now_ns);

struct status {
	const struct page	*page;
	const struct config	*config;
	const struct losses	*losses;
	uint64_t		 now_ns;	/* boot clock */
	bool			 healthy;	/* written: nothing in "problems" */
};

/* Writes the object into OUT (not terminated). Returns its length, or 0 when SIZE is too small for it. */
size_t	status_write(struct status *, char *out, size_t size);

#endif
