#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "gate/dirs.h"
#include "gate/facts.h"
#include "gate/fan.h"
#include "gate/fetch.h"
#include "gate/files.h"
#include "gate/proc.h"

#define READ_LEAST	4096	/* room for any record: two names, three handles */

/* In the order in which one record may say them of one object. */
static const struct { uint64_t bits; enum event_kind kind; } acts[] = {
	{ FAN_CREATE, EVENT_CREATE }, { FAN_RENAME | FAN_MOVED_FROM | FAN_MOVED_TO, EVENT_RENAME }, { FAN_ATTRIB, EVENT_CHMOD },
	{ FAN_CLOSE_WRITE, EVENT_MODIFY }, { FAN_DELETE, EVENT_DELETE },
};
#define ACTS	(sizeof(acts) / sizeof(acts[0]))

/* What is asked of /proc about a process, which may be another one by now. */
#define OF_PROC	(HAVE_ARGS | HAVE_ENV | HAVE_CWD | HAVE_COMM | HAVE_AUID | HAVE_CGROUP)

bool
files_read(struct gate *g)
{
	struct files *f = &g->files;

	if (g->setup.files_group < 0 || sizeof(f->buffer) - f->len < READ_LEAST)
		return false;
	ssize_t n = read(g->setup.files_group, f->buffer + f->len, sizeof(f->buffer) - f->len);
	if (n <= 0)
		return false;
	f->len += (size_t)n;
	f->unheard = true;
	return true;
}

static void
close_pidfd(struct fan_record *r)
{
	if (r->pidfd >= 0)
		close(r->pidfd);
	r->pidfd = -1;
}

/* Linux before 5.17 tells a rename in two records, one right behind the other if nobody came between. */
static void
join_moved(struct files *f)
{
	struct fan_record *r = &f->record, next;
	size_t at = f->at;

	if (r->mask & FAN_MOVED_TO)
		r->to = r->dir;
	if (!(r->mask & FAN_MOVED_FROM))
		return;
	r->from = r->dir;
	if (fan_next(f->buffer, f->len, &at, &next) != 1 || !(next.mask & FAN_MOVED_TO) || next.pid != r->pid)
		return;
	close_pidfd(&next);
	f->at = at;
	r->to = next.dir;
}

static uint64_t
acts_of(const struct gate *g, const struct fan_record *r)
{
	uint64_t left = 0;

	for (size_t i = 0; i < ACTS; i++)
		if ((r->mask & acts[i].bits) && (g->kinds & 1ull << acts[i].kind))
			left |= acts[i].bits;
	/* Without a name it is the number of links that changed, of which another record tells. */
	return r->dir.there ? left : left & ~(uint64_t)FAN_ATTRIB;
}

/* What it is about, or where that is. */
static const struct fan_object *
subject(const struct fan_record *r)
{
	return r->self.there ? &r->self : r->dir.there ? &r->dir : r->to.there ? &r->to : &r->from;
}

/* The next record with something that is asked for. */
static bool
next_record(struct gate *g)
{
	struct files *f = &g->files;
	struct fan_record *r = &f->record;
	int got;

	if (f->at == f->len) {
		f->at = f->len = 0;
		files_read(g);
	}
	while ((got = fan_next(f->buffer, f->len, &f->at, r)) != 0) {
		close_pidfd(r);
		counter_add(g->setup.page, COUNTER_FILE_EVENTS, 1);
		if (got < 0 || (r->mask & FAN_Q_OVERFLOW)) {
			counter_add(g->setup.page, COUNTER_FILES_LOST, 1);
			facts_again(g);
			continue;
		}
		if (page_owns(g->setup.page, r->pid))
			continue;
		join_moved(f);
		f->left = acts_of(g, r);
		if (!f->left && !facts_concern(g))
			continue;
		if (!dirs_mount(g, subject(r)->fsid) && f->hear)
			f->hear(g);
		facts_heard(g);
		if (f->left)
			return true;
	}
	return false;
}

/* PATH of a directory, and the name in it. */
static bool
put_path(struct gate *g, enum event_text which, const struct fan_object *o)
{
	char path[DIRS_PATH_MAX + 1024];
	ssize_t n = dirs_path_of(g, o, path);

	return n >= 0 && event_set(&g->report.event, which, path, (size_t)n) == 0;
}

/* A directory that is looked at once more is found although it will be gone by then. */
static void
learn(struct gate *g, enum event_text which)
{
	const struct fan_record *r = &g->files.record;
	size_t len;
	const char *path = event_text(&g->report.event, which, &len);

	if ((r->mask & FAN_ONDIR) && r->self.there && !(r->mask & FAN_DELETE))
		dirs_learn(g, &r->self, path, len);
}

static void
put_paths(struct gate *g, enum event_kind kind)
{
	struct event *ev = &g->report.event;
	const struct fan_record *r = &g->files.record;
	char path[DIRS_PATH_MAX];
	bool known;

	if (kind == EVENT_RENAME && r->from.there && put_path(g, TEXT_FILE_PREVIOUS, &r->from))
		ev->have |= HAVE_FILE_PREVIOUS;
	if (kind != EVENT_RENAME) {
		known = put_path(g, TEXT_FILE_PATH, &r->dir);
	} else if (r->to.there) {
		known = put_path(g, TEXT_FILE_PATH, &r->to);
	} else {	/* to where nothing is marked: it may have gone on from there */
		ssize_t n = r->self.there ? dirs_path_now(g, &r->self, path) : -ENOENT;
		known = n > 0 && event_set(ev, TEXT_FILE_PATH, path, (size_t)n) == 0;
	}
	if (known) {
		ev->have |= HAVE_FILE;
		learn(g, TEXT_FILE_PATH);
	}
	if (!(ev->have & (HAVE_FILE | HAVE_FILE_PREVIOUS)))
		counter_add(g->setup.page, COUNTER_FILES_UNPLACED, 1);
}

static void
put_attributes(struct gate *g)
{
	const struct fan_record *r = &g->files.record;
	const struct file_mount *m = dirs_mount(g, subject(r)->fsid);
	struct stat st;

	if (m)
		fan_filesystem(g, m->fd);
	if (dirs_stat(g, r, &st) == 0)
		fan_attributes(g, &st);
}

/* Who has the number of a process that was reaped is another one, unless it is known to be dead. */
void
files_put_process(struct gate *g)
{
	struct event *ev = &g->report.event;
	const struct fan_record *r = &g->files.record;

	if (r->gone && tree_lives(g->tree, r->pid)) {
		ev->tried = HAVE_ALL;
		return;
	}
	ev->process.pid = r->pid;
	if (r->gone)
		ev->tried |= OF_PROC;
	fetch_place(g);
}

static void
put_event(struct gate *g, enum event_kind kind)
{
	struct event *ev = &g->report.event;

	event_init(ev, kind, SENSOR_FILES);
	ev->flags |= FLAG_NOTIFIED;
	ev->boot_ns = now_boot_ns();
	ev->wall_ns = now_wall_ns();
	put_paths(g, kind);
	put_attributes(g);
	ev->tried |= HAVE_FILE | HAVE_ATTRIBUTES | HAVE_FILE_PREVIOUS;
	files_put_process(g);
}

bool
files_next(struct gate *g)
{
	struct files *f = &g->files;

	if (!f->left && !next_record(g))
		return false;
	if (f->unheard) {
		f->unheard = false;
		proc_collect(g);
	}
	for (size_t i = 0; i < ACTS; i++) {
		if (!(f->left & acts[i].bits))
			continue;
		f->left &= ~acts[i].bits;
		put_event(g, acts[i].kind);
		return true;
	}
	f->left = 0;
	return false;
}

int
files_tend(const struct gate *g)
{
	const struct files *f = &g->files;

	return f->left || f->at < f->len ? 0 : -1;
}

/* The work is done between turns. */
static int
on_ready(struct source *s, uint32_t events)
{
	(void)s;
	(void)events;
	return 0;
}

int
files_start(struct gate *g)
{
	struct files *f = &g->files;

	return g->setup.files_group < 0 ? 0 : loop_watch(&g->loop, &f->source, g->setup.files_group, on_ready, EPOLLIN);
}
