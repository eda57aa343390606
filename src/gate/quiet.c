#include <fcntl.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gate/cache.h"
#include "gate/quiet.h"

#define IGNORE	(FAN_MARK_IGNORE | FAN_MARK_EVICTABLE)

static int
mark(const struct gate *g, unsigned how, int fd)
{
	uint64_t mask = g->setup.mode == MODE_ENFORCE ? FAN_OPEN_PERM : FAN_OPEN | FAN_OPEN_EXEC | FAN_CLOSE_WRITE;

	return fanotify_mark(g->setup.open_group, how, mask, fd, NULL);
}

/* Are there opens that rules on script hear? They name places, or hear of what is started only. */
static bool
hears_of_scripts(const struct policy *p)
{
	struct watch_place place;
	unsigned n = policy_places(p), events = 0;

	for (unsigned i = 0; i < n; i++) {
		policy_place(p, i, &place);
		events |= place.events;
	}
	return events & WATCH_SCRIPTS;
}

/* Whatever it is opened for: rules on opens are asked by all of these. */
static bool
always_allowed(struct gate *g)
{
	static const enum event_kind kinds[] = { EVENT_WRITE, EVENT_LOAD, EVENT_SCRIPT };
	struct event *ev = &g->report.event;
	uint16_t kind = ev->kind;
	bool allowed = true;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && allowed; i++) {
		if (kinds[i] == EVENT_SCRIPT && !hears_of_scripts(g->policy))
			continue;
		ev->kind = (uint16_t)kinds[i];
		allowed = judge_always_allows(g->policy, ev, VIEW_OBJECT);
	}
	ev->kind = kind;
	return allowed;
}

/* Who was asked about twice in short time is busy. One slot a file, by its number: who is seldom opened makes way. */
static bool
is_busy(struct gate *g, const struct file *f)
{
	struct quiet *q = &g->quiet;
	uint64_t key = f->ino ^ f->dev << 32;
	unsigned at = (unsigned)(f->ino % QUIET_CANDIDATES);

	if (q->candidate[at] == key)
		return true;
	q->candidate[at] = key;
	return false;
}

void
quiet_allow(struct gate *g, struct question *q)
{
	struct quiet *quiet = &g->quiet;
	const struct event *ev = &g->report.event;
	size_t len;
	const char *path = event_text(ev, TEXT_FILE_PATH, &len);

	if (!g->cache.works || quiet->n == PAGE_QUIET || cache_is_young(ev) || len >= sizeof(g->setup.page->quiet[0].path))
		return;
	if (!(ev->have & HAVE_FILE) || !S_ISREG(ev->file.mode) || !event_only_root_writes(&ev->file) ||
	    !cache_may_stay_busy(g, ev->file.dev) || !is_busy(g, &ev->file))
		return;
	if (!always_allowed(g) || !cache_watch(g, q->fd))
		return;
	/* The name first: should we die now, the warden knows it. */
	struct page_quiet *p = &g->setup.page->quiet[quiet->n];
	snprintf(p->path, sizeof(p->path), "%.*s", (int)len, path);
	atomic_store(&g->setup.page->gate.quiet, quiet->n + 1);
	if (mark(g, FAN_MARK_ADD | IGNORE, q->fd) || !cache_unchanged(q->fd, &ev->file)) {
		mark(g, FAN_MARK_REMOVE | FAN_MARK_IGNORE, q->fd);
		atomic_store(&g->setup.page->gate.quiet, quiet->n);
		return;
	}
	quiet->fd[quiet->n++] = q->fd;
	q->kept = true;
	counter_add(g->setup.page, COUNTER_QUIET, 1);
}

void
quiet_end(struct gate *g)
{
	struct quiet *quiet = &g->quiet;

	while (quiet->n) {
		int fd = quiet->fd[--quiet->n];
		mark(g, FAN_MARK_REMOVE | FAN_MARK_IGNORE, fd);
		close(fd);
	}
	atomic_store(&g->setup.page->gate.quiet, 0);
}
