#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fanrecord.h"
#include "base/log.h"
#include "warden/hand.h"
#include "warden/marks.h"
#include "warden/plan.h"

#define READS		4		/* of the group, before others have their turn */
#define ROUNDS		3		/* for what changes while it is looked at; then the clock looks again */
#define REST		4		/* so many times as long as the last round took */
#define STAYS		(FAN_MOVE_SELF | FAN_DELETE_SELF | FAN_ONDIR)
#define COMES		(FAN_CREATE | FAN_MOVED_TO | FAN_ONDIR)

static struct place *
find(struct warden *w, enum watch_kind kind, const char *path, size_t len)
{
	for (unsigned i = 0; i < w->n_places; i++) {
		struct place *p = &w->place[i];
		if (p->kind == kind && strlen(p->path) == len && memcmp(p->path, path, len) == 0)
			return p;
	}
	return NULL;
}

/* Length of the directory that PATH lies in; 0: it has none. */
static size_t
parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
}

static void
want(struct warden *w, enum watch_kind kind, unsigned events, const char *path, size_t len)
{
	struct place *p = find(w, kind, path, len);

	/* What does not fit makes the plan coarser, never blind. */
	if (!p && (len >= CONFIG_PATH || w->n_places >= PLACES_MAX - 1)) {
		kind = WATCH_EVERYTHING;
		len = 0;
		p = find(w, kind, "", 0);
	}
	if (!p) {
		p = &w->place[w->n_places++];
		*p = (struct place){ .kind = kind };
		memcpy(p->path, path, len);
	}
	p->events = p->fresh ? p->events | events : events;
	p->fresh = true;
}

/* A single file is also seen through its directory: it may be replaced, or not exist yet. */
void
plan_want(struct warden *w)
{
	for (unsigned i = 0; i < w->n_places; i++)
		w->place[i].fresh = false;
	for (unsigned i = 0; i < policy_places(w->policy); i++) {
		struct watch_place p;
		policy_place(w->policy, i, &p);
		want(w, p.kind, p.events, p.path, strlen(p.path));
		if (p.kind == WATCH_FILE && parent(p.path))
			want(w, WATCH_DIRECTORY, p.events, p.path, parent(p.path));
	}
	for (unsigned i = 0; i < opening_places(w); i++)
		want(w, WATCH_DIRECTORY, opening_way(w, i) ? WATCH_WAYS : WATCH_FACTS, opening_place(w, i), strlen(opening_place(w, i)));
}

static int
watch(const struct warden *w, const char *path, uint64_t mask)
{
	if (w->heard.plan < 0)
		return 0;
	return fanotify_mark(w->heard.plan, FAN_MARK_ADD, mask, AT_FDCWD, path) ? -errno : 0;
}

/* The end of the part of PATH that begins at AT, behind a slash. */
static size_t
part_end(const char *path, size_t at)
{
	return at + strcspn(path + at, "/");
}

static void
directory_of(const char *path, size_t at, char out[CONFIG_PATH])
{
	snprintf(out, CONFIG_PATH, "%.*s", at > 1 ? (int)at - 1 : 1, path);
}

/* Is it there? Whoever is to make it, or to put something else there, is heard of from now on. */
static bool
look_for(const struct warden *w, struct place *p, size_t at, size_t end)
{
	char dir[CONFIG_PATH], path[CONFIG_PATH];
	struct stat st;
	bool last = p->path[end] == '\0', may_change;

	directory_of(p->path, at, dir);
	snprintf(path, sizeof(path), "%.*s", (int)end, p->path);
	may_change = lstat(path, &st) != 0 || S_ISLNK(st.st_mode) || (last && p->kind == WATCH_FILE);
	if (may_change) {
		p->awaits = true;
		watch(w, dir, COMES);	/* where that cannot be had, the clock looks */
	}
	if (!last || p->kind != WATCH_FILE)
		watch(w, path, STAYS);
	return lstat(path, &st) == 0;
}

/* Follows the way to P as far as it goes. */
static void
follow(const struct warden *w, struct place *p)
{
	p->awaits = false;
	for (size_t at = 1; p->path[at];) {
		size_t end = part_end(p->path, at);
		if (!look_for(w, p, at, end) || !p->path[end])
			return;
		at = end + 1;
	}
}

/* On a file system that we are told to gate; of one with subvolumes, on whichever. */
static bool
gated(struct warden *w, const char *path, uint64_t dev)
{
	const struct mounted *best = NULL;

	if (marks_find(w, dev))
		return true;
	for (unsigned i = 0; i < w->n_mounted && i < MOUNTED_MAX; i++) {
		const struct mounted *m = &w->mounted[i];
		if (marks_above(m->path, path) && (!best || strlen(m->path) >= strlen(best->path)))
			best = m;
	}
	return best && best->subvolumes && marks_find(w, best->dev);
}

/* What P wants of what is there, DIR: a directory, which is marked for what is in it; but its own rights are told by itself only. */
struct masks { uint64_t opens, heard; };
static struct masks
masks_of(const struct warden *w, const struct groups *g, const struct place *p, bool dir)
{
	bool all = p->kind == WATCH_DIRECTORY;
	uint64_t child = all ? FAN_EVENT_ON_CHILD : 0, heard = marks_heard(w, all ? p->events : dir ? p->events & WATCH_CHMOD : 0);

	return (struct masks){ .opens = p->events & WATCH_ASKED ? marks_opens(g) | child : 0, .heard = heard ? heard | child : 0 };
}

static void
mark_inode(struct warden *w, const struct groups *g, struct place *p, const struct stat *st)
{
	const struct masks want = masks_of(w, g, p, S_ISDIR(st->st_mode));
	int err, was = p->err;

	if (p->dev != st->st_dev || p->ino != st->st_ino)
		p->opens = p->heard = 0;
	err = want.opens ? marks_ask(g, 0, want.opens, p->path) : 0;
	p->opens |= err ? 0 : want.opens;
	p->err = err;
	struct marked *m = marks_find(w, st->st_dev);
	if (want.heard && w->heard.files >= 0) {
		if (m)
			hand_one(w, m);
		err = fanotify_mark(w->heard.files, FAN_MARK_ADD, want.heard, AT_FDCWD, p->path) ? -errno : 0;
		if (!err && (p->events & WATCH_FACTS) && want.heard & ~p->heard)
			opening_look(w);
		p->heard |= err ? 0 : want.heard;
		p->err = p->err ? p->err : err;
	}
	if (p->err && p->err != was)
		log_errno(p->err, "what happens to %s is not seen", p->path);
}

/* Is something there, and of the kind that it should be? */
static bool
look_at(const struct place *p, struct stat *st)
{
	return stat(p->path, st) == 0 && (p->kind != WATCH_DIRECTORY || S_ISDIR(st->st_mode));
}

/* False: it is another one since. */
static bool
mark_place(struct warden *w, const struct groups *g, struct place *p)
{
	struct stat st, again;

	if (p->kind == WATCH_EVERYTHING)
		return true;
	follow(w, p);
	if (!look_at(p, &st)) {
		if (p->ino && (p->events & WATCH_FACTS))
			opening_look(w);
		p->dev = p->ino = p->opens = p->heard = 0;
		return true;
	}
	p->dark = !gated(w, p->path, st.st_dev);
	if (p->kind != WATCH_TREE && !p->dark)
		mark_inode(w, g, p, &st);
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	return stat(p->path, &again) == 0 && again.st_dev == st.st_dev && again.st_ino == st.st_ino;
}

/* The group is flushed, not changed: whatever happens before it is complete is found by looking, which comes after. */
void
plan_mark(struct warden *w, const struct groups *g)
{
	if (w->heard.plan >= 0)
		fanotify_mark(w->heard.plan, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	for (unsigned i = 0; i < w->n_places; i++)
		for (int round = 0; round < ROUNDS && !mark_place(w, g, &w->place[i]); round++)
			;
}

bool
plan_stale(const struct warden *w)
{
	for (unsigned i = 0; i < w->n_places; i++) {
		const struct place *p = &w->place[i];
		struct stat st;
		if (p->kind == WATCH_EVERYTHING)
			continue;
		if (look_at(p, &st) ? st.st_dev != p->dev || st.st_ino != p->ino : p->ino != 0)
			return true;
	}
	return false;
}

/* What all places that stay want of an inode: several may be the same one. */
static struct masks
wanted(const struct warden *w, const struct place *of)
{
	struct masks all = { 0, 0 };

	for (unsigned i = 0; i < w->n_places; i++) {
		const struct place *p = &w->place[i];
		if (!p->fresh || p->kind >= WATCH_TREE || p->dev != of->dev || p->ino != of->ino)
			continue;
		struct masks one = masks_of(w, &w->groups, p, true);	/* what is no directory never had what only one can have */
		all.opens |= one.opens;
		all.heard |= one.heard;
	}
	return all;
}

static void
unmark(const struct warden *w, struct place *p)
{
	struct stat st;

	if (p->kind >= WATCH_TREE || (!p->opens && !p->heard))
		return;
	const struct masks stay = wanted(w, p);
	uint64_t opens = p->opens & ~stay.opens, heard = p->heard & ~stay.heard;
	if (stat(p->path, &st) || st.st_dev != p->dev || st.st_ino != p->ino)
		return;		/* gone: nothing left to remove */
	if (opens && fanotify_mark(w->groups.open, FAN_MARK_REMOVE, opens, AT_FDCWD, p->path) == 0)
		p->opens &= ~opens;
	if (heard && fanotify_mark(w->heard.files, FAN_MARK_REMOVE, heard, AT_FDCWD, p->path) == 0)
		p->heard &= ~heard;
}

void
plan_prune(struct warden *w)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < w->n_places; i++)
		unmark(w, &w->place[i]);
	for (unsigned i = 0; i < w->n_places; i++)
		if (w->place[i].fresh)
			w->place[kept++] = w->place[i];
	w->n_places = kept;
}

/* Is what leads to P, or P itself, called NAME? */
static bool
names(const struct place *p, const char *name, size_t len)
{
	for (size_t at = 1; p->path[at];) {
		size_t end = part_end(p->path, at);
		if (end - at == len && memcmp(p->path + at, name, len) == 0)
			return true;
		at = p->path[end] ? end + 1 : end;
	}
	return false;
}

static bool
concerns(const struct warden *w, const struct fan_record *r)
{
	if (r->mask & (FAN_Q_OVERFLOW | FAN_MOVE_SELF | FAN_DELETE_SELF))
		return true;
	for (unsigned i = 0; i < w->n_places; i++)
		if (w->place[i].awaits && r->dir.name && names(&w->place[i], r->dir.name, r->dir.name_len))
			return true;
	return false;
}

int
plan_ready(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;
	struct fan_record r;
	bool changed = false;

	(void)events;
	for (int i = 0; i < READS; i++) {
		ssize_t n = read(s->fd, w->buffer, sizeof(w->buffer));
		size_t at = 0;
		int got;
		if (n <= 0)
			break;
		while ((got = fan_next(w->buffer, (size_t)n, &at, &r)) != 0) {
			if (got > 0 && (r.mask & FAN_Q_OVERFLOW))
				counter_add(w->page, COUNTER_PLAN_OVERFLOW, 1);
			changed = changed || got < 0 || concerns(w, &r);
		}
	}
	w->places_due = w->places_due || changed;
	plan_tend(w, now_boot_ns());
	return 0;
}

/* Whoever makes and removes a place all day costs a fifth of one processor, not all of it: then the timer calls. */
void
plan_tend(struct warden *w, uint64_t now_ns)
{
	if (!w->places_due || now_ns < w->places_next_ns)
		return;
	w->places_due = false;
	marks_places(w, &w->groups);
	uint64_t end_ns = now_boot_ns();
	w->places_next_ns = end_ns + REST * (end_ns - now_ns);
}

/* What an admin is told of a place; of a file that is not there, its directory tells when it comes. */
static enum place_state
state_of(struct warden *w, const struct place *p, const char **why)
{
	const struct marked *m = p->kind == WATCH_TREE && p->ino ? marks_find(w, p->dev) : NULL;
	uint64_t heard = marks_heard(w, p->events);

	*why = "";
	for (unsigned i = 0; p->kind == WATCH_EVERYTHING && i < w->n_marked; i++)
		if (w->marked[i].err)
			*why = "some file systems refuse it";
	if (heard && w->heard.files < 0)
		*why = "this kernel does not tell of files by handle";
	else if (p->kind != WATCH_EVERYTHING && p->ino && p->dark)
		*why = "its file system is not gated";
	else if (p->err)
		*why = errno_name(p->err);
	else if (m && m->err)
		*why = errno_name(m->err);
	if (**why)
		return PLACE_REFUSED;
	return p->kind == WATCH_EVERYTHING || p->ino ? PLACE_MARKED : PLACE_AWAITED;
}

void
plan_publish(struct warden *w)
{
	uint32_t n = 0;
	unsigned events = 0;

	atomic_store(&w->page->warden.places, 0);
	for (unsigned i = 0; i < policy_places(w->policy) && n < PAGE_PLACES; i++) {
		struct page_place *to = &w->page->place[n];
		struct watch_place of;
		const char *why;
		policy_place(w->policy, i, &of);
		const struct place *p = find(w, of.kind, of.path, strlen(of.path));
		if (!p)
			continue;
		events |= of.events;
		enum place_state state = state_of(w, p, &why);
		const struct place *dir = of.kind == WATCH_FILE ? find(w, WATCH_DIRECTORY, of.path, parent(of.path)) : NULL;
		if (dir && state != PLACE_REFUSED)
			state = state_of(w, dir, &why);
		snprintf(to->path, sizeof(to->path), "%s", of.path);
		snprintf(to->why, sizeof(to->why), "%s", why);
		atomic_store(&to->kind, of.kind);
		atomic_store(&to->kinds, policy_watch_kinds(of.events));
		atomic_store(&to->state, state);
		n++;
	}
	atomic_store(&w->page->warden.places, n);
	bool needed = (events & WATCH_HEARD) || opening_places(w);
	atomic_store(&w->page->warden.files, !needed ? FILES_UNNEEDED : w->heard.files < 0 ? FILES_FAILED : FILES_ON);
}
