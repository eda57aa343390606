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
#define SIZE_MOST	(256ll << 20)		/* who runs more than that waits for what nobody else should */
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

/* What would an exec of it ask? The hand that holds no event between turns is lent for it. */
static uint32_t
needs_of(struct gate *g, int fd, uint64_t now_ns)
{
	struct event *ev = &g->report.event;
	const struct question q = { .group = -1, .fd = fd, .kind = EVENT_EXEC, .taken_ns = now_ns };
	size_t len;

	fan_event(g, &q);
	const char *path = event_text(ev, TEXT_FILE_PATH, &len);
	if (event_set(ev, TEXT_EXECUTABLE, path, len) == 0)
		ev->have |= HAVE_PROCESS;
	content_fetch(g, HAVE_SCANNED);
	return content_times_tell(ev) ? judge_object_needs(g->policy, ev) & HAVE_SCANNED : 0;
}

static enum fate
fate_of(struct gate *g, unsigned i, uint64_t now_ns, struct msg_scan *ask)
{
	int fd = g->ahead.file[i].fd;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_nlink || !st.st_size || st.st_size > SIZE_MOST)
		return FATE_DROP;
	*ask = (struct msg_scan){ .file = event_file_of(&st), .program = 1 };
	if (now_wall_ns() < ask->file.ctime_ns + REST_NS)
		return now_ns < g->ahead.file[i].due_ns ? FATE_WAIT : FATE_DROP;
	if (!(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
		return FATE_DROP;
	uint32_t needs = needs_of(g, fd, now_ns);
	ask->content = (needs & HAVE_CONTENT) != 0;
	return needs ? FATE_SCAN : FATE_DROP;
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
		struct msg_scan ask;
		enum fate fate = fate_of(g, i, now_ns, &ask);
		if (fate == FATE_WAIT) {
			i++;
			continue;
		}
		if (fate == FATE_SCAN) {
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

int
ahead_start(struct gate *g)
{
	return g->setup.written_group < 0 ? 0 : loop_watch(&g->loop, &g->ahead.source, g->setup.written_group, on_ready, EPOLLIN);
}
