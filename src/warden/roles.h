#ifndef WARDEN_ROLES_H
#define WARDEN_ROLES_H
/* The table of privileges: which process has which user, capabilities, limits, system calls, and ends of which edges. */
#include "base/sandbox.h"
#include "warden/warden.h"

/* The two processes of an edge, the end that each holds is [0] for `from`. */
struct edge_info { enum room a, b; };
const struct edge_info *edge_info(enum edge);
/* The end that ROOM holds. */
int	edge_fd(const struct warden *, enum edge, enum room);

/* What ROOM gives up. USER ids are filled in by roles_users(). */
const struct sandbox *role_sandbox(enum room);

/*
 * Looks up the users of the processes: config.user "nobody" for all, else USER-gate, USER-watch, ... 0, or -ENOENT with the missing
 * name in WHY.
 */
int	roles_users(const struct config *, char *why, size_t n);
/* User id of ROOM, after roles_users(). */
void	role_ids(enum room, uid_t *, gid_t *);

/* In the child after the fork: becomes ROOM for ever. Returns the exit status. */
int	role_run(struct warden *, enum room);

/* Descriptors that a gate can have open: what the backstop sweeps. */
#define GATE_FDS 4096

#endif
