#ifndef WARDEN_MARKS_H
#define WARDEN_MARKS_H
/*
 * Which file systems raise questions, and events that nobody waits for. Superblocks, not mounts: a bind mount or a new mount namespace
 * walks around a mount mark. Overlay is covered through its layers (Linux 6.5); FUSE and network are never marked, because a server
 * that does not answer would stall the gate.
 */
#include "warden/warden.h"

/*
 * Marks GROUPS for what the configuration lists and the policy needs, and publishes what is covered in the page. Only adds: safe at
 * any time, and again for new mounts, reloads, and directories that have come into being. 0 or -errno when nothing at all could be marked.
 */
int	marks_apply(struct warden *, const struct groups *);
/* The same for the places of the policy alone, after something on their way has changed. */
void	marks_places(struct warden *, const struct groups *);
/* Removes what the policy in force does not ask for any more. */
void	marks_prune(struct warden *);
/* Once a second: what was not told, and what could not be handed over. */
void	marks_tend(struct warden *);
/* Forgets what is marked in the groups of questions, for new ones. */
void	marks_forget(struct warden *);
/* Stops all questions: what waits still has to be answered. */
void	marks_flush(const struct groups *);
/* What need not be asked about any more is asked about again. */
void	marks_uncache(const struct groups *, struct page *);

/* The one in which DEV is marked; NULL: it is not gated. */
struct marked *marks_find(struct warden *, uint64_t dev);
/* Masks of places in the open group, and in the files group. */
uint64_t marks_opens(const struct groups *);
uint64_t marks_heard(const struct warden *, unsigned events);
/*
 * Adds MASK to what is asked at PATH; HOW: 0 of the inode, FAN_MARK_FILESYSTEM. While a mark is destroyed the kernel lets pass whoever asks
 * at an object that it is on, also if others of the group are there, and as long as somebody waits for an answer by it: a reload would open
 * a gap. So each gets a second mask that ignores what is never asked for, and outlives its first.
 */
int	marks_ask(const struct groups *, unsigned how, uint64_t mask, const char *path);
/* Is A the directory B or above it? */
bool	marks_above(const char *a, const char *b);

#endif
