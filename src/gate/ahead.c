#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "gate/ahead.h"
#include "gate/content.h"
#include "gate/fan.h"
#include "gate/held.h"

#define REST_NS		(20 * NS_PER_MS)	/* longer than the steps of the clock that files are dated by */
#define PATIENCE_NS	NS_PER_SEC		/* for what is written again and again */
#define SIZE_MOST	(256ull << 20)		/* who runs more than that waits for what nobody else should */
#define READS		(2 * AHEAD_MAX)		/* of the group in one turn */

enum fate { FATE_WAIT, FATE_DROP, FATE_SCAN };

/* Takes one file from the kernel. False: there is none. */
static bool
take(struct gate *g, uint64_t now_ns)
{
	struct ahead *a = &g->ahead;
	struct fanotify_event_metadata m;

	if (read(g->setup.written_group, &m, sizeof(m)) != (ssize_t)sizeof(m) || m.vers != FANOTIFY_METADATA_VERSION)
		return false;
	if (m.mask & FAN_Q_OVERFLOW)
		counter_add(g->setup.page, COUNTER_AHEAD_MISSED, 1);
	if (m.fd < 0)
		return true;
	if (page_owns(g->setup.page, m.pid)) {
		close(m.fd);
		return true;
	}
	a->file[a->n].fd = m.fd;
	a->file[a->n].due_ns = now_ns + PATIENCE_NS;
	a->n++;
	return true;
}

/* Puts its file into the event in hand, which nobody holds between turns. */
static bool
place(struct gate *g, int fd)
{
	struct event *ev = &g->report.event;
	struct stat st;

	if (fstat(fd, &st))
		return false;
	event_init(ev, EVENT_EXEC, SENSOR_FANOTIFY);
	ev->file = event_file_of(&st);
	ev->have = HAVE_FILE;
	fan_filesystem(g, fd);
	return true;
}

static enum fate
fate_of(struct gate *g, unsigned i, uint64_t now_ns)
{
	struct event *ev = &g->report.event;
	const struct file *f = &ev->file;

	if (!place(g, g->ahead.file[i].fd) || !S_ISREG(f->mode) || !f->links || !f->size || f->size > SIZE_MOST)
		return FATE_DROP;
	if (now_wall_ns() < f->ctime_ns + REST_NS)
		return now_ns < g->ahead.file[i].due_ns ? FATE_WAIT : FATE_DROP;
	if (!(f->mode & (S_IXUSR | S_IXGRP | S_IXOTH)) || !content_times_tell(ev))
		return FATE_DROP;
	content_fetch(g, g->ahead.needs);
	return (ev->have & g->ahead.needs) == g->ahead.needs ? FATE_DROP : FATE_SCAN;
}

static void
drop(struct ahead *a, unsigned i)
{
	close(a->file[i].fd);
	a->n--;
	memmove(&a->file[i], &a->file[i + 1], (a->n - i) * sizeof(a->file[0]));
}

/* One at a time: whoever waits for another file waits at most twice as long. */
static void
hand_on(struct gate *g, uint64_t now_ns)
{
	struct ahead *a = &g->ahead;

	for (unsigned i = 0; i < a->n && !a->ticket;) {
		enum fate fate = fate_of(g, i, now_ns);
		if (fate == FATE_WAIT) {
			i++;
			continue;
		}
		if (fate == FATE_SCAN) {
			const struct msg_scan ask = { .file = g->report.event.file, .content = (a->needs & HAVE_CONTENT) != 0, .program = 1 };
			a->ticket = held_scan(g, &ask, a->file[i].fd);
			counter_add(g->setup.page, a->ticket ? COUNTER_AHEAD : COUNTER_AHEAD_MISSED, 1);
		}
		drop(a, i);
	}
}

static int
on_ready(struct source *s, uint32_t events)
{
	struct gate *g = s->owner;

	(void)events;
	g->ahead.rests = true;
	g->ahead.due_ns = now_boot_ns() + REST_NS;
	return loop_change(&g->loop, s, 0);
}

int
ahead_tend(struct gate *g, uint64_t now_ns)
{
	struct ahead *a = &g->ahead;
	bool more = true, due = now_ns >= a->due_ns, done = a->ticket && !held_scanning(g, a->ticket);

	if (!a->rests)
		return -1;
	if (done)
		a->ticket = 0;
	if (due) {
		for (unsigned i = 0; i < READS && a->n < AHEAD_MAX && more; i++)
			more = take(g, now_ns);
		a->due_ns = now_ns + REST_NS;
	}
	if (due || done)
		hand_on(g, now_ns);
	if (a->n || a->ticket || more)
		return (int)((a->due_ns - now_ns) / NS_PER_MS) + 1;
	a->rests = false;
	loop_change(&g->loop, &a->source, EPOLLIN);
	return -1;
}

void
ahead_policy(struct gate *g)
{
	g->ahead.needs = policy_hangs_on(g->policy, EVENT_EXEC) & HAVE_SCANNED;
}

int
ahead_start(struct gate *g)
{
	return g->setup.written_group < 0 ? 0 : loop_watch(&g->loop, &g->ahead.source, g->setup.written_group, on_ready, EPOLLIN);
}
