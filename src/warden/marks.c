#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/fanrecord.h"
#include "base/log.h"
#include "warden/hand.h"
#include "warden/kernel.h"
#include "warden/marks.h"
#include "warden/mountinfo.h"
#include "warden/plan.h"

#define FAN_MARK_IGNORE_	0x00000400	/* Linux 6.0 */

/* One look at all mounts. */
struct round {
	struct warden		*w;
	const struct groups	*g;
	unsigned		 marked;		/* file systems that ask */
	bool			 told[PAGE_MOUNTS];	/* entries of the page that hold */
};

static uint64_t
exec_mask(const struct groups *g)
{
	return g->mode == MODE_ENFORCE ? FAN_OPEN_EXEC_PERM : FAN_OPEN_EXEC;
}

uint64_t
marks_opens(const struct groups *g)
{
	/* OPEN_EXEC makes no event of its own: it tells the opens of an exec from others. */
	return g->mode == MODE_ENFORCE ? FAN_OPEN_PERM : FAN_OPEN | FAN_OPEN_EXEC | FAN_CLOSE_WRITE;
}

uint64_t
marks_heard(const struct warden *w, unsigned events)
{
	uint64_t mask = 0;

	if (events & WATCH_CREATE)
		mask |= FAN_CREATE;
	if (events & WATCH_RENAME)
		mask |= w->heard.rename;
	if (events & WATCH_DELETE)
		mask |= FAN_DELETE;
	if (events & WATCH_CHMOD)
		mask |= FAN_ATTRIB;
	if (events & WATCH_MODIFY)
		mask |= FAN_CLOSE_WRITE;
	if (events & WATCH_FACTS)
		mask |= FAN_CHANGES | w->heard.rename;
	if (events & WATCH_WAYS)
		mask |= FAN_CREATE | w->heard.rename;
	return mask ? mask | FAN_ONDIR : 0;
}

struct marked *
marks_find(struct warden *w, uint64_t dev)
{
	for (unsigned i = 0; i < w->n_marked; i++)
		if (w->marked[i].dev == dev)
			return &w->marked[i];
	return NULL;
}

/* The entry of PATH, else a free one behind those of the start, else a new one; PAGE_MOUNTS: none. */
static uint32_t
entry_of(struct warden *w, const char *path)
{
	uint32_t n = atomic_load(&w->page->warden.mounts), first = atomic_load(&w->page->warden.first_mounts), unused = n;

	for (uint32_t i = 0; i < n; i++) {
		if (strncmp(w->page->mount[i].path, path, sizeof(w->page->mount[i].path) - 1) == 0)
			return i;
		if (i >= first && !w->page->mount[i].path[0])
			unused = i;
	}
	return unused;
}

static void
publish(struct round *r, const struct mount *at, enum cover cover, const char *why)
{
	struct page *page = r->w->page;
	uint32_t i = entry_of(r->w, at->path);

	if (i >= PAGE_MOUNTS)
		return;
	struct page_mount *m = &page->mount[i];
	snprintf(m->path, sizeof(m->path), "%s", at->path);
	snprintf(m->type, sizeof(m->type), "%s", at->type);
	snprintf(m->why, sizeof(m->why), "%s", why ? why : "");
	atomic_store(&m->dev, at->dev);
	atomic_store(&m->covered, cover);
	if (i == atomic_load(&page->warden.mounts))
		atomic_store(&page->warden.mounts, i + 1);
	r->told[i] = true;
}

/* What is not mounted any more. */
static void
retract(const struct round *r)
{
	struct page *page = r->w->page;
	uint32_t n = atomic_load(&page->warden.mounts);

	for (uint32_t i = 0; i < n && i < PAGE_MOUNTS; i++) {
		if (r->told[i])
			continue;
		atomic_store(&page->mount[i].covered, COVER_LEFT_OUT);
		atomic_store(&page->mount[i].dev, 0);
		page->mount[i].path[0] = '\0';
	}
}

static uint64_t
fsid_of(const struct statfs *sf)
{
	uint64_t id;

	_Static_assert(sizeof(sf->f_fsid) == sizeof(id), "two words");
	memcpy(&id, &sf->f_fsid, sizeof(id));
	return id;
}

static bool
wants_started(const struct warden *w)
{
	return policy_kinds(w->policy) & 1ull << EVENT_START;
}

/*
 * Each time again: the number of a device that is gone is given to the next one, whose superblock has no marks. AT->dev 0: a layer,
 * wherever it is.
 */
static int
mark_superblock(struct round *r, const struct mount *at)
{
	struct warden *w = r->w;
	struct statfs sf;
	struct stat st;

	if (stat(at->path, &st) || statfs(at->path, &sf))
		return -errno;
	struct marked *m = marks_find(w, st.st_dev);
	if (at->dev && at->dev != st.st_dev && strcmp(at->type, "btrfs") != 0)
		return 0;	/* hidden below another mount, by which it was or will be seen */
	if (m && m->seen) {
		if (at->dev && !w->config.filesystems_auto)
			publish(r, at, COVER_MARKED, NULL);
		return 0;
	}
	if (!m && w->n_marked == MARKED_MAX)
		return -ENOSPC;
	if (fanotify_mark(r->g->exec, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, exec_mask(r->g), AT_FDCWD, at->path))
		return -errno;
	/* What is remembered of a file is not of its place: a directory that moves takes it along. Where this cannot be had, nothing is. */
	if (r->g->stale >= 0)
		fanotify_mark(r->g->stale, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_MOVED_TO | FAN_ONDIR, AT_FDCWD, at->path);
	if (w->heard.started >= 0 && wants_started(w))
		fanotify_mark(w->heard.started, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC, AT_FDCWD, at->path);
	if (!m) {
		m = &w->marked[w->n_marked++];
		*m = (struct marked){ .dev = st.st_dev };
	}
	m->fsid = fsid_of(&sf);
	m->whole = false;
	m->seen = true;
	snprintf(m->path, sizeof(m->path), "%s", at->path);
	r->marked++;
	publish(r, &(struct mount){ .path = at->path, .type = at->type, .dev = st.st_dev }, COVER_MARKED, NULL);
	return 0;
}

/* The real file systems under an overlay, which see what is opened through it. */
static int
mark_layers(struct round *r, const struct mount *m)
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
			int e = mark_superblock(r, &(struct mount){ .path = d, .type = "layer" });
			err = e ? e : err;
		}
	}
	return err;
}

static void
mark_mount(struct round *r, const struct mount *m, bool listed)
{
	int err;

	switch (mount_class(m->type)) {
	case MOUNT_PSEUDO:
		if (listed)
			publish(r, m, COVER_FAILED, "holds no files of its own");
		return;
	case MOUNT_REMOTE:
		publish(r, m, listed ? COVER_FAILED : COVER_LEFT_OUT, "a server could stall every answer");
		return;
	case MOUNT_STACKED:
		if (!kernel_at_least(6, 5)) {
			publish(r, m, COVER_FAILED, "overlay is covered from Linux 6.5 on");
			return;
		}
		/* Automatic: the layers are local file systems, marked by themselves. */
		err = listed ? mark_layers(r, m) : 0;
		publish(r, m, err ? COVER_FAILED : COVER_MARKED, err ? "its layers could not be marked" : NULL);
		return;
	case MOUNT_LOCAL:
		err = mark_superblock(r, m);
		if (err)
			publish(r, m, COVER_FAILED, errno_name(err));
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

static void
note_mounted(struct warden *w, const struct mount *m)
{
	bool subvolumes = strcmp(m->type, "btrfs") == 0;
	struct stat st;

	if (mount_class(m->type) != MOUNT_LOCAL || w->n_mounted++ >= MOUNTED_MAX)
		return;
	struct mounted *to = &w->mounted[w->n_mounted - 1];
	*to = (struct mounted){ .dev = m->dev, .whole = strcmp(m->root, "/") == 0, .subvolumes = subvolumes };
	if (subvolumes && stat(m->path, &st) == 0)
		to->dev = st.st_dev;
	snprintf(to->path, sizeof(to->path), "%s", m->path);
}

static int
each_mount(void *arg, const struct mount *m)
{
	struct round *r = arg;
	const struct config *c = &r->w->config;

	note_mounted(r->w, m);
	if (c->filesystems_auto)
		mark_mount(r, m, false);
	else if (listed(c, m->path))
		mark_mount(r, m, true);
	return 0;
}

bool
marks_above(const char *a, const char *b)
{
	size_t n = strlen(a);

	if (n == 1)
		return true;
	return strncmp(a, b, n) == 0 && (b[n] == '/' || b[n] == '\0');
}

/* Where it is mounted now, all of it if that can be: what its files are called. */
static bool
locate(struct warden *w, struct marked *m)
{
	struct stat st;
	bool there = false;

	for (unsigned i = 0; i < w->n_mounted && i < MOUNTED_MAX; i++) {
		const struct mounted *at = &w->mounted[i];
		if (at->dev != m->dev)
			continue;
		there = true;
		if (m->whole || (!at->whole && m->seen) || stat(at->path, &st) || st.st_dev != m->dev)
			continue;
		m->whole = at->whole;
		m->seen = true;
		snprintf(m->path, sizeof(m->path), "%s", at->path);
	}
	return there || w->n_mounted > MOUNTED_MAX;
}

static void
drop_unmounted(struct warden *w)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < w->n_marked; i++) {
		struct marked *m = &w->marked[i];
		/* The gate keeps it from going: it stays until that has been told. */
		if (!locate(w, m) && !m->seen && hand_back(w, m) == 0)
			continue;
		w->marked[kept++] = *m;
	}
	w->n_marked = kept;
}

/* Does a tree reach file system M? It may be mounted in several places. */
static bool
reaches(const struct warden *w, const struct place *p, const struct marked *m)
{
	if (p->kind == WATCH_EVERYTHING)
		return true;
	if (p->kind != WATCH_TREE || !p->ino || p->dark)
		return false;
	if (p->dev == m->dev || w->n_mounted > MOUNTED_MAX)
		return true;
	for (unsigned i = 0; i < w->n_mounted; i++)
		if (w->mounted[i].dev == m->dev && marks_above(p->path, w->mounted[i].path))
			return true;
	return false;
}

static unsigned
asked_of(const struct warden *w, const struct marked *m, bool fresh)
{
	unsigned events = 0;

	for (unsigned i = 0; i < w->n_places; i++)
		if ((w->place[i].fresh || !fresh) && reaches(w, &w->place[i], m))
			events |= w->place[i].events;
	return events;
}

int
marks_ask(const struct groups *g, unsigned how, uint64_t mask, const char *path)
{
	const unsigned stays = FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY | how;

	if (g->mode == MODE_ENFORCE && fanotify_mark(g->open, stays, FAN_ACCESS, AT_FDCWD, path))
		return -errno;
	return fanotify_mark(g->open, FAN_MARK_ADD | how, mask, AT_FDCWD, path) ? -errno : 0;
}

/* Another file system may have been mounted over it. */
static int
visible(const struct marked *m)
{
	struct stat st;

	if (stat(m->path, &st))
		return -errno;
	return st.st_dev == m->dev ? 0 : -EXDEV;
}

static int
change_mark(const struct marked *m, int group, unsigned how, uint64_t mask)
{
	int err = visible(m);

	return err || fanotify_mark(group, how | FAN_MARK_FILESYSTEM, mask, AT_FDCWD, m->path) == 0 ? err : -errno;
}

static void
mark_trees(struct warden *w, const struct groups *g)
{
	for (unsigned i = 0; i < w->n_marked; i++) {
		struct marked *m = &w->marked[i];
		unsigned events = asked_of(w, m, false);
		uint64_t heard = w->heard.files < 0 ? 0 : marks_heard(w, events);
		int err = 0, was = m->err;
		if (events & WATCH_ASKED) {
			err = visible(m);
			err = err ? err : marks_ask(g, FAN_MARK_FILESYSTEM, marks_opens(g), m->path);
			m->opens = m->opens || !err;
		}
		m->err = err;
		if (heard) {
			hand_one(w, m);
			err = change_mark(m, w->heard.files, FAN_MARK_ADD, heard);
			m->heard |= err ? 0 : heard;
			m->err = m->err ? m->err : err;
		}
		if (m->err && m->err != was)
			log_errno(m->err, "files on %s are not seen", m->path);
	}
}

/*
 * Where an exec would wait for what is in a program, it is looked at when it is written. Who has not read such an event yet keeps the file
 * system busy: only where one was mounted before yettd started.
 */
static bool
wants_written(const struct warden *w, const struct groups *g, const struct marked *m)
{
	uint32_t n = atomic_load(&w->page->warden.first_mounts);

	if (w->heard.written < 0 || g->mode != MODE_ENFORCE || !(policy_hangs_on(w->policy, EVENT_EXEC) & HAVE_SCANNED))
		return false;
	for (uint32_t i = 0; i < n && i < PAGE_MOUNTS; i++)
		if (atomic_load(&w->page->mount[i].dev) == m->dev)
			return true;
	return !n;	/* these are the first */
}

static void
mark_written(struct warden *w, const struct groups *g)
{
	for (unsigned i = 0; i < w->n_marked; i++) {
		struct marked *m = &w->marked[i];
		bool wanted = wants_written(w, g, m);
		if ((wanted || m->written) &&
		    change_mark(m, w->heard.written, wanted ? FAN_MARK_ADD : FAN_MARK_REMOVE, FAN_CLOSE_WRITE) == 0)
			m->written = wanted;
	}
}

void
marks_places(struct warden *w, const struct groups *g)
{
	plan_mark(w, g);
	mark_trees(w, g);
	mark_written(w, g);
	hand_over(w);
	plan_publish(w);
}

int
marks_apply(struct warden *w, const struct groups *g)
{
	struct round r = { .w = w, .g = g };

	for (unsigned i = 0; i < w->n_marked; i++)
		w->marked[i].seen = false;
	w->n_mounted = 0;
	int err = mountinfo_each(each_mount, &r);
	if (err)
		return err;
	for (unsigned i = 0; i < w->config.n_filesystems && !w->config.filesystems_auto; i++)
		if (!mountinfo_has(w->config.filesystems[i]))
			publish(&r, &(struct mount){ .path = w->config.filesystems[i], .type = "none" }, COVER_FAILED, "nothing is mounted there");
	retract(&r);
	drop_unmounted(w);
	plan_want(w);
	marks_places(w, g);
	return r.marked ? 0 : -ENODEV;
}

void
marks_tend(struct warden *w)
{
	if (plan_stale(w))
		marks_places(w, &w->groups);
	else
		hand_over(w);
}

void
marks_prune(struct warden *w)
{
	const struct groups *g = &w->groups;

	for (unsigned i = 0; i < w->n_marked; i++) {
		struct marked *m = &w->marked[i];
		unsigned events = asked_of(w, m, true);
		uint64_t more = m->heard & ~marks_heard(w, events);
		if (m->opens && !(events & WATCH_ASKED) && change_mark(m, g->open, FAN_MARK_REMOVE, marks_opens(g)) == 0)
			m->opens = false;
		if (more && change_mark(m, w->heard.files, FAN_MARK_REMOVE, more) == 0)
			m->heard &= ~more;
	}
	if (w->heard.started >= 0 && !wants_started(w))
		fanotify_mark(w->heard.started, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, AT_FDCWD, NULL);
	plan_prune(w);
	hand_over(w);
	plan_publish(w);
}

void
marks_forget(struct warden *w)
{
	for (unsigned i = 0; i < w->n_marked; i++)
		w->marked[i].opens = false;
	for (unsigned i = 0; i < w->n_places; i++)
		w->place[i].opens = 0;
}

void
marks_uncache(const struct groups *g, struct page *page)
{
	uint32_t n = atomic_load(&page->gate.quiet);

	fanotify_mark(g->exec, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);	/* of the exec group, only these are on inodes */
	for (uint32_t i = 0; i < n && i < PAGE_QUIET; i++) {
		char path[sizeof(page->quiet[0].path)];
		snprintf(path, sizeof(path), "%.*s", (int)sizeof(path) - 1, page->quiet[i].path);
		fanotify_mark(g->open, FAN_MARK_REMOVE | FAN_MARK_IGNORE_, marks_opens(g), AT_FDCWD, path);
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
