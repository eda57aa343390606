#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/log.h"
#include "warden/hand.h"
#include "warden/roles.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE		1
#endif

/* The mount goes with the descriptor of its tree; what was opened in it stays usable, alone. */
static int
open_top(const struct marked *m)
{
	CLEANUP_FD int tree = (int)syscall(SYS_open_tree, AT_FDCWD, m->path, OPEN_TREE_CLONE | O_CLOEXEC);
	struct statfs sf;

	if (tree < 0)
		return -errno;
	CLEANUP_FD int top = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0 || fstatfs(top, &sf))
		return -errno;
	return memcmp(&sf.f_fsid, &m->fsid, sizeof(m->fsid)) == 0 ? steal_fd(&top) : -EXDEV;
}

/* Something of it is told of. */
static bool
needed(const struct warden *w, const struct marked *m)
{
	if (m->heard)
		return true;
	for (unsigned i = 0; i < w->n_places; i++)
		if (w->place[i].heard && w->place[i].dev == m->dev)
			return true;
	return false;
}

int
hand_back(struct warden *w, struct marked *m)
{
	struct msg_unmounted u = { .fsid = m->given.fsid };

	if (!m->given.path[0])
		return 0;
	int err = wire_send(edge_fd(w, EDGE_GATE_WARDEN, ROOM_WARDEN), MSG_UNMOUNTED, &u, sizeof(u), -1);
	if (!err)
		m->given.path[0] = '\0';
	return err;
}

void
hand_one(struct warden *w, struct marked *m)
{
	struct msg_mounted now = { .fsid = m->fsid, .whole = m->whole };

	snprintf(now.path, sizeof(now.path), "%s", m->path);
	if (m->given.path[0] && memcmp(&now, &m->given, sizeof(now)) == 0)
		return;
	if (m->given.path[0] && m->given.fsid != now.fsid && hand_back(w, m))
		return;
	CLEANUP_FD int top = open_top(m);
	if (top < 0 && top != m->given_err)
		log_errno(top, "paths of files on %s are not known", m->path);
	m->given_err = top < 0 ? top : 0;
	if (top >= 0 && wire_send(edge_fd(w, EDGE_GATE_WARDEN, ROOM_WARDEN), MSG_MOUNTED, &now, sizeof(now), top) == 0)
		m->given = now;
}

void
hand_over(struct warden *w)
{
	for (unsigned i = 0; i < w->n_marked; i++) {
		if (needed(w, &w->marked[i]))
			hand_one(w, &w->marked[i]);
		else
			hand_back(w, &w->marked[i]);
	}
}

void
hand_again(struct warden *w)
{
	for (unsigned i = 0; i < w->n_marked; i++)
		w->marked[i].given.path[0] = '\0';
}
