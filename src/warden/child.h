#ifndef WARDEN_CHILD_H
#define WARDEN_CHILD_H
/* The other processes: started, watched, replaced. */
#include "warden/warden.h"

/* Forks ROOM. 0 or -errno. */
int	child_start(struct warden *, enum room);
/* SIGKILL, and waits until it is gone. */
void	child_kill(struct warden *, enum room);
/* The same to one that runs, and another is started; WHY is recorded. */
void	child_replace(struct warden *, enum room, const char *why);
/* On a timer: starts what is missing and may be started, replaces what was stopped. */
void	child_tend(struct warden *, uint64_t now_ns);
/* Fork of a moment, so that the proc connector has something to tell. */
void	child_beat(struct warden *);

#endif
