#ifndef WARDEN_MARKS_H
#define WARDEN_MARKS_H
/*
 * Which file systems and places raise questions. Superblocks, not mounts: a bind mount or a new mount namespace walks around a mount
 * mark. Overlay is covered through its layers (Linux 6.5); FUSE, network and autofs are never marked, because a server that does not
 * answer would stall the gate.
 */
#include "warden/warden.h"

/*
 * Marks GROUPS for what the configuration lists and the policy needs, and publishes what is covered in the page. Only adds: safe at
 * any time, and again for new mounts, reloads, and directories that have come into being. 0 or -errno when nothing at all could be marked.
 */
int	marks_apply(struct warden *, struct groups *);
/* Removes the places that the policy in force does not name any more. */
void	marks_prune(struct warden *);
/* Once a second: have missing places appeared, or were they replaced? */
void	marks_tend(struct warden *);
/* Forgets what was marked, for new groups. */
void	marks_forget(struct warden *);
/* Stops all questions: what waits still has to be answered. */
void	marks_flush(const struct groups *);
/* What need not be asked about any more is asked about again. */
void	marks_uncache(const struct groups *, struct page *);

#endif
