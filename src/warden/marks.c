#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/log.h"
#include "warden/kernel.h"
#include "warden/marks.h"
#include "warden/mountinfo.h"

#define FAN_MARK_IGNORE_	0x00000400	/* Linux 6.0 */

static uint64_t
exec_mask(const struct groups *g)
{
	return g->mode == MODE_ENFORCE ? FAN_OPEN_EXEC_PERM : FAN_OPEN_EXEC;
}

static uint64_t
open_mask(const struct groups *g)
{
	return g->mode == MODE_ENFORCE ? FAN_OPEN_PERM : FAN_OPEN | FAN_CLOSE_WRITE;
}

static struct marked *
marked_find(struct warden *w, uint64_t dev)
{
	for (unsigned i = 0; i < w->n_marked; i++)
		if (w->marked[i].dev == dev)
			return &w->marked[i];
	return NULL;
}

static void
publish(struct warden *w, const struct mount *at, enum cover cover, const char *why)
{
	const char *path = at->path, *type = at->type;
	uint32_t n = atomic_load(&w->page->warden.mounts);
	struct page_mount *m = NULL;

	for (uint32_t i = 0; i < n && !m; i++)
		if (strncmp(w->page->mount[i].path, path, sizeof(m->path) - 1) == 0)
			m = &w->page->mount[i];
	bool fresh = !m && n < PAGE_MOUNTS;
	if (!m && !fresh)
		return;
	if (fresh)
		m = &w->page->mount[n];
	snprintf(m->path, sizeof(m->path), "%s", path);
	snprintf(m->type, sizeof(m->type), "%s", type);
	snprintf(m->why, sizeof(m->why), "%s", why ? why : "");
	atomic_store(&m->dev, at->dev);
	atomic_store(&m->covered, cover);
	if (fresh)
		atomic_store(&w->page->warden.mounts, n + 1);
}

static int
mark_superblock(struct warden *w, const struct groups *g, const char *path, const char *type)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (marked_find(w, st.st_dev))
		return 0;
	if (w->n_marked == MARKED_MAX)
		return -ENOSPC;
	if (fanotify_mark(g->exec, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, exec_mask(g), AT_FDCWD, path))
		return -errno;
	struct marked *m = &w->marked[w->n_marked++];
	*m = (struct marked){ .dev = st.st_dev };
	snprintf(m->path, sizeof(m->path), "%s", path);
	publish(w, &(struct mount){ .path = path, .type = type, .dev = st.st_dev }, COVER_MARKED, NULL);
	return 0;
}

/* The real file systems under an overlay, which see what is opened through it. */
static int
mark_layers(struct warden *w, const struct groups *g, const struct mount *m)
{
	static const char *const keys[] = { "lowerdir=", "upperdir=" };
	int err = 0;

	for (size_t k = 0; k < 2; k++) {
		const char *at = strstr(m->options, keys[k]);
		char dirs[CONFIG_PATH * 4], *save = NULL;
		if (!at)
			continue;
		snprintf(dirs, sizeof(dirs), "%.*s", (int)strcspn(at + strlen(keys[k]), ","), at + strlen(keys[k]));
		for (char *d = strtok_r(dirs, ":", &save); d; d = strtok_r(NULL, ":", &save)) {
			int e = mark_superblock(w, g, d, "layer");
			err = e ? e : err;
		}
	}
	return err;
}

static void
mark_mount(struct warden *w, const struct groups *g, const struct mount *m, bool listed)
{
	int err;

	switch (mount_class(m->type)) {
	case MOUNT_PSEUDO:
		if (listed)
			publish(w, m, COVER_FAILED, "holds no files of its own");
		return;
	case MOUNT_REMOTE:
		publish(w, m, listed ? COVER_FAILED : COVER_LEFT_OUT, "a server could stall every answer");
		return;
	case MOUNT_STACKED:
		if (!kernel_at_least(6, 5)) {
			publish(w, m, COVER_FAILED, "overlay is covered from Linux 6.5 on");
			return;
		}
		/* Automatic: the layers are local file systems, marked by themselves. */
		err = listed ? mark_layers(w, g, m) : 0;
		publish(w, m, err ? COVER_FAILED : COVER_MARKED, err ? "its layers could not be marked" : NULL);
		return;
	case MOUNT_LOCAL:
		err = mark_superblock(w, g, m->path, m->type);
		if (err)
			publish(w, m, COVER_FAILED, errno_name(err));
		return;
	}
}

static bool
listed(const struct config *c, const char *path)
{
	for (unsigned i = 0; i < c->n_filesystems; i++)
		if (strcmp(c->filesystems[i], path) == 0)
			return true;
	return false;
}

struct round { struct warden *w; const struct groups *g; };

static int
each_mount(void *arg, const struct mount *m)
{
	struct round *r = arg;
	const struct config *c = &r->w->config;

	if (c->filesystems_auto)
		mark_mount(r->w, r->g, m, false);
	else if (listed(c, m->path))
		mark_mount(r->w, r->g, m, true);
	return 0;
}

static int
mark_inode(const struct groups *g, struct place *p)
{
	uint64_t mask = open_mask(g) | (p->kind == WATCH_DIRECTORY ? FAN_EVENT_ON_CHILD : 0);

	return fanotify_mark(g->open, FAN_MARK_ADD, mask, AT_FDCWD, p->path) ? -errno : 0;
}

static int
mark_opens(const struct groups *g, struct marked *m)
{
	if (m->opens)
		return 0;
	if (fanotify_mark(g->open, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, open_mask(g), AT_FDCWD, m->path))
		return -errno;
	m->opens = true;
	return 0;
}

/* Is A the directory B or above it? */
static bool
holds(const char *a, const char *b)
{
	size_t n = strlen(a);

	if (n == 1)
		return true;
	return strncmp(a, b, n) == 0 && (b[n] == '/' || b[n] == '\0');
}

/* A tree is the superblock it lies on and those mounted below it. */
static void
mark_tree(struct warden *w, const struct groups *g, struct place *p, uint64_t dev)
{
	for (unsigned i = 0; i < w->n_marked; i++) {
		struct marked *m = &w->marked[i];
		if (p->kind != WATCH_EVERYTHING && m->dev != dev && !holds(p->path, m->path))
			continue;
		int err = mark_opens(g, m);
		if (err)
			log_errno(err, "opens on %s are not seen", m->path);
	}
}

static void
mark_place(struct warden *w, const struct groups *g, struct place *p)
{
	struct stat st;
	int err;

	if (p->kind == WATCH_EVERYTHING) {
		mark_tree(w, g, p, 0);
		return;
	}
	if (stat(p->path, &st)) {
		p->dev = p->ino = 0;
		return;
	}
	if (p->kind == WATCH_TREE)
		mark_tree(w, g, p, st.st_dev);
	if (p->dev == st.st_dev && p->ino == st.st_ino)
		return;
	/* Only on file systems that we are told to gate. */
	bool gated = marked_find(w, st.st_dev) != NULL;
	err = p->kind != WATCH_TREE && gated ? mark_inode(g, p) : 0;
	if (err)
		log_errno(err, "opens of %s are not seen", p->path);
	p->dev = st.st_dev;
	p->ino = st.st_ino;
}

static void
want_place(struct warden *w, enum watch_kind kind, const char *path, size_t len)
{
	for (unsigned i = 0; i < w->n_places; i++) {
		struct place *p = &w->place[i];
		if (p->kind == kind && strlen(p->path) == len && memcmp(p->path, path, len) == 0) {
			p->fresh = true;
			return;
		}
	}
	/* What does not fit makes the plan coarser, never blind. */
	bool fits = w->n_places < PLACES_MAX - 1 && len < CONFIG_PATH;
	if (w->n_places == PLACES_MAX)
		return;
	struct place *p = &w->place[w->n_places++];
	*p = (struct place){ .kind = fits ? kind : WATCH_EVERYTHING, .fresh = true };
	if (fits)
		memcpy(p->path, path, len);
}

/* A single file is also watched through its directory: it may be replaced, or not exist yet. */
static void
want_places(struct warden *w)
{
	for (unsigned i = 0; i < w->n_places; i++)
		w->place[i].fresh = false;
	for (unsigned i = 0; i < policy_places(w->policy); i++) {
		struct watch_place p;
		policy_place(w->policy, i, &p);
		const char *slash = p.path ? strrchr(p.path, '/') : NULL;
		want_place(w, p.kind, p.path ? p.path : "", p.path ? strlen(p.path) : 0);
		if (p.kind == WATCH_FILE && slash)
			want_place(w, WATCH_DIRECTORY, p.path, slash == p.path ? 1 : (size_t)(slash - p.path));
	}
}

int
marks_apply(struct warden *w, struct groups *g)
{
	struct round r = { .w = w, .g = g };
	int err = mountinfo_each(each_mount, &r);

	if (err)
		return err;
	want_places(w);
	for (unsigned i = 0; i < w->n_places; i++)
		mark_place(w, g, &w->place[i]);
	for (unsigned i = 0; i < w->config.n_filesystems && !w->config.filesystems_auto; i++)
		if (!mountinfo_has(w->config.filesystems[i]))
			publish(w, &(struct mount){ .path = w->config.filesystems[i], .type = "none" }, COVER_FAILED, "nothing is mounted there");
	return w->n_marked ? 0 : -ENODEV;
}

void
marks_tend(struct warden *w)
{
	for (unsigned i = 0; i < w->n_places; i++)
		if (w->place[i].kind != WATCH_EVERYTHING)
			mark_place(w, &w->groups, &w->place[i]);
}

static bool
tree_wanted(const struct warden *w, const struct marked *m)
{
	for (unsigned i = 0; i < w->n_places; i++) {
		const struct place *p = &w->place[i];
		if (p->kind == WATCH_EVERYTHING || (p->kind == WATCH_TREE && (p->dev == m->dev || holds(p->path, m->path))))
			return true;
	}
	return false;
}

void
marks_prune(struct warden *w)
{
	const struct groups *g = &w->groups;
	unsigned kept = 0;

	for (unsigned i = 0; i < w->n_places; i++) {
		struct place *p = &w->place[i];
		if (p->fresh) {
			w->place[kept++] = *p;
			continue;
		}
		if (p->ino && p->kind != WATCH_TREE && p->kind != WATCH_EVERYTHING)
			fanotify_mark(g->open, FAN_MARK_REMOVE, open_mask(g) | (p->kind == WATCH_DIRECTORY ? FAN_EVENT_ON_CHILD : 0),
			    AT_FDCWD, p->path);	/* gone already: nothing left to remove */
	}
	w->n_places = kept;
	for (unsigned i = 0; i < w->n_marked; i++) {
		struct marked *m = &w->marked[i];
		if (!m->opens || tree_wanted(w, m))
			continue;
		if (fanotify_mark(g->open, FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM, open_mask(g), AT_FDCWD, m->path) == 0)
			m->opens = false;
	}
}

void
marks_forget(struct warden *w)
{
	w->n_marked = 0;
	w->n_places = 0;
	atomic_store(&w->page->warden.mounts, 0);
}

void
marks_uncache(const struct groups *g, struct page *page)
{
	uint32_t n = atomic_load(&page->gate.quiet);

	fanotify_mark(g->exec, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);	/* of the exec group, only these are on inodes */
	for (uint32_t i = 0; i < n && i < PAGE_QUIET; i++) {
		char path[sizeof(page->quiet[0].path)];
		snprintf(path, sizeof(path), "%.*s", (int)sizeof(path) - 1, page->quiet[i].path);
		fanotify_mark(g->open, FAN_MARK_REMOVE | FAN_MARK_IGNORE_, open_mask(g), AT_FDCWD, path);
	}
	atomic_store(&page->gate.quiet, 0);
}

void
marks_flush(const struct groups *g)
{
	const unsigned kinds[] = { 0, FAN_MARK_FILESYSTEM };

	for (int i = 0; i < 2; i++) {
		fanotify_mark(g->exec, FAN_MARK_FLUSH | kinds[i], 0, AT_FDCWD, NULL);
		fanotify_mark(g->open, FAN_MARK_FLUSH | kinds[i], 0, AT_FDCWD, NULL);
	}
}
