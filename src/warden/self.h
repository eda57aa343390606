#ifndef WARDEN_SELF_H
#define WARDEN_SELF_H
/* What yett tells of itself. */
#include "warden/warden.h"

/* What it is that runs from now on, so that nobody can say later that it was something else. */
void	self_start(struct warden *);
/* Losses, steps of the wall clock, and each hour what became of programs that were started. */
void	self_second(struct warden *, uint64_t now_ns);
/* All that was not told yet, and who ended it; once the other processes but the one that writes are gone. */
void	self_stop(struct warden *);

#endif
