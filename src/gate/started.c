#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/procfs.h"
#include "gate/fan.h"
#include "gate/fetch.h"
#include "gate/started.h"

#define A_READ	64	/* events; each holds a descriptor until it is looked at */

/* The loader is opened behind its program and does not replace it. */
static void
take_opened(struct gate *g, const struct fanotify_event_metadata *m)
{
	struct opened *o = &g->started.opened[(uint32_t)m->pid % STARTED_OPENED];
	char name[32], path[TREE_PATH];
	struct stat st;

	if (m->pid <= 0 || page_owns(g->setup.page, m->pid) || fstat(m->fd, &st) || policy_loader(g->policy, st.st_dev, st.st_ino))
		return;
	snprintf(name, sizeof(name), "self/fd/%d", m->fd);
	ssize_t n = readlinkat(g->proc, name, path, sizeof(path));
	if (n <= 0)
		return;
	o->pid = m->pid;
	o->file = event_file_of(&st);
	o->len = (uint16_t)n;
	memcpy(o->path, path, (size_t)n);
}

void
started_hear(struct gate *g)
{
	_Alignas(struct fanotify_event_metadata) char buf[A_READ * sizeof(struct fanotify_event_metadata)];
	ssize_t n;

	while (g->setup.started_group >= 0 && (n = read(g->setup.started_group, buf, sizeof(buf))) > 0) {
		size_t left = (size_t)n;
		for (struct fanotify_event_metadata *m = (void *)buf; FAN_EVENT_OK(m, left); m = FAN_EVENT_NEXT(m, left)) {
			if (m->mask & FAN_Q_OVERFLOW)
				counter_add(g->setup.page, COUNTER_STARTED_OVERFLOW, 1);
			if (m->fd < 0)
				continue;
			take_opened(g, m);
			close(m->fd);
		}
	}
}

static const struct opened *
opened_by(const struct gate *g, int32_t pid)
{
	const struct opened *o = &g->started.opened[(uint32_t)pid % STARTED_OPENED];

	return o->pid == pid ? o : NULL;
}

const char *
started_name(const struct gate *g, int32_t pid, size_t *len)
{
	const struct opened *o = opened_by(g, pid);

	*len = o ? o->len : 0;
	return o ? o->path : NULL;
}

/* What was opened and what runs: one only if the program is not a script, and not gone. */
static void
identify(struct gate *g, struct started *s, const struct coverage_exec *e)
{
	const struct opened *o = opened_by(g, e->pid);
	const char *exe = e->exe;
	size_t len = e->len;

	if (e->st) {
		s->file = event_file_of(e->st);
		s->heard = o && o->file.dev == s->file.dev && o->file.ino == s->file.ino;
	} else if (o) {
		s->file = o->file;
		s->heard = true;
		exe = o->path;
		len = o->len;
	}
	s->len = (uint16_t)(len < sizeof(s->path) ? len : sizeof(s->path));
	memcpy(s->path, exe, s->len);
}

void
started_note(struct gate *g, const struct coverage_exec *e)
{
	struct started_notes *n = &g->started;

	if (n->head - n->tail == STARTED_NOTES) {
		counter_add(g->setup.page, COUNTER_NOTES_LOST, 1);
		return;
	}
	struct started *s = &n->note[n->head++ % STARTED_NOTES];
	*s = (struct started){ .pid = e->pid, .at_ns = e->at_ns };
	identify(g, s, e);
}

static void
put_started(struct gate *g, const struct started *s)
{
	struct event *ev = &g->report.event;

	if (s->len) {
		event_set(ev, TEXT_EXECUTABLE, s->path, s->len);
		event_set(ev, TEXT_FILE_PATH, s->path, s->len);
		ev->have |= HAVE_PROCESS | HAVE_FILE;
	}
	if (s->len == sizeof(s->path))
		ev->flags |= FLAG_PATH_CUT;
	if (s->file.ino)
		fan_file(g, &s->file);
	ev->tried |= HAVE_FILE | HAVE_ATTRIBUTES | HAVE_SCANNED;
}

bool
started_next(struct gate *g)
{
	struct started_notes *n = &g->started;
	struct event *ev = &g->report.event;

	if (n->head == n->tail)
		return false;
	const struct started *s = &n->note[n->tail++ % STARTED_NOTES];
	event_init(ev, EVENT_START, SENSOR_PROC);
	if (s->heard)
		ev->sensors |= 1u << SENSOR_FANOTIFY;
	ev->flags |= FLAG_NOTIFIED;
	ev->boot_ns = s->at_ns;
	ev->wall_ns = now_wall_ns();
	ev->process.pid = s->pid;
	put_started(g, s);
	fetch_place(g);
	return true;
}
