#ifndef WARDEN_TRIAL_H
#define WARDEN_TRIAL_H
/*
 * A change that waits for confirmation: what was in force before it is kept, and comes back unless an admin who still gets in confirms
 * in time. Further changes while it waits are part of it: what it goes back to is what was confirmed last.
 */
#include "warden/warden.h"

/* Keeps what is in force now, before a change to it, unless a change waits already. 0, or -errno: then there must be no change. */
int	trial_keep(struct warden *);
/* The change was made: FOR_NS from now it is undone. 0: it was not, and nothing is kept that was not kept before. */
void	trial_begin(struct warden *, uint64_t for_ns);
/* What is in force stays. False: nothing waited. */
bool	trial_confirm(struct warden *);
/* The admin wants nothing blocked, and so it is also when the change is undone. */
void	trial_monitor(struct warden *);
/* Is it time to go back? */
bool	trial_over(const struct warden *, uint64_t now_ns);
/* What was kept, as a policy in the mode that it comes back in: a descriptor for the caller. -errno: once more after a while. */
int	trial_end(struct warden *, struct earlier *);
/* " Going back to generation 7 in 300 s unless confirmed: yettctl confirm"; "" when nothing waits. Returns OUT. */
const char *trial_words(const struct warden *, char *out, size_t size);

#endif
