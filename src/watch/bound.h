#ifndef WATCH_BOUND_H
#define WATCH_BOUND_H
/*
 * Where sockets were bound: audit tells the address with bind() and only the descriptor with listen(). A small table, the oldest
 * goes first. A socket that another process bound and handed over is not known here.
 */
#include "event/event.h"

#define BOUND_MAX 1024

struct bound { int32_t pid; uint32_t fd; struct peer peer; };
struct bounds { unsigned next; struct bound at[BOUND_MAX]; };

void	bound_put(struct bounds *, int32_t pid, uint32_t fd, const struct peer *);
/* The last address that PID bound FD to; NULL: not known. */
const struct peer *bound_find(const struct bounds *, int32_t pid, uint32_t fd);

#endif
