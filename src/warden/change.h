#ifndef WARDEN_CHANGE_H
#define WARDEN_CHANGE_H
/*
 * Changes while running: policies, configuration, mode. What admins wrote is read by a child of a moment; only a whole,
 * checked, sealed policy comes back. Until then, and on any fault, everything stays as it is.
 */
#include "warden/warden.h"

/* At start, in this process: reads policies and puts them in w->policy. Faults are printed. 0, -EINVAL, or -errno. */
int	change_first(struct warden *);
/* Begins a change; REQUEST NULL: nobody waits for an answer. -EBUSY when one is under way. */
int	change_begin(struct warden *, enum change, enum mode, const struct msg_request *);
/* On a timer: a helper that hangs, a temporary monitor mode that ends, old places that go. */
void	change_tend(struct warden *, uint64_t now_ns);
/* An admin asks. */
void	change_request(struct warden *, const struct msg_request *);

#endif
