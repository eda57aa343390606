#ifndef WARDEN_PLAN_H
#define WARDEN_PLAN_H
/*
 * The mark plan: the places that rules name, and which of them are marked. What does not exist yet is awaited in the nearest directory
 * that does; what exists is watched for being moved away or removed, on every directory that leads to it. So a place is marked as soon
 * as it is there, or there again.
 */
#include "warden/warden.h"

/* Takes up the places that the policy asks for, besides those that it asked for before. */
void	plan_want(struct warden *);
/* Marks all places that are there, and watches the ways to all of them. */
void	plan_mark(struct warden *, const struct groups *);
/* Forgets the places that the policy in force does not ask for. */
void	plan_prune(struct warden *);
/* Has a place appeared, or is it another file by now, without our being told? */
bool	plan_stale(const struct warden *);
/* Into the page, for status. */
void	plan_publish(struct warden *);

/* Reads the plan group; marks again what somebody changed. */
int	plan_ready(struct source *, uint32_t events);
/* What had to wait because it came too often. */
void	plan_tend(struct warden *, uint64_t now_ns);

#endif
