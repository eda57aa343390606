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

/*
 * Writes the object into OUT (not terminated), at most SIZE bytes; what would not fit of the list of mounts is left out and counted.
 * *HEALTHY: nothing in "problems". Returns its length, or 0 if SIZE is too small for the rest.
 */
size_t	status_write(const struct page *, const struct config *, const struct losses *, uint64_t now_ns, char *out, size_t size, bool *healthy);

#endif
