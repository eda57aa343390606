#include <errno.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/clock.h"
#include "warden/backstop.h"
#include "warden/roles.h"

#define START_GRACE_NS	(10 * NS_PER_SEC)	/* a new gate reads /proc before it answers */
#define PARKED_GRACE_NS	(NS_PER_SEC / 2)	/* the gate times its parked questions out itself */

static bool
unread(int group)
{
	int bytes = 0;

	return ioctl(group, FIONREAD, &bytes) == 0 && bytes > 0;
}

static bool
older(uint64_t since_ns, uint64_t now_ns, uint64_t limit_ns)
{
	return since_ns && now_ns > since_ns && now_ns - since_ns > limit_ns;
}

bool
backstop_overdue(const struct warden *w, uint64_t now_ns, const char **why)
{
	const struct page_gate *g = &w->page->gate;
	uint64_t deadline = w->config.deadline_ns, turned = atomic_load(&g->loop_ns);

	if (w->groups.mode != MODE_ENFORCE || !w->child[ROOM_GATE].pid)
		return false;
	if (turned < w->child[ROOM_GATE].started_ns)
		turned = w->child[ROOM_GATE].started_ns + START_GRACE_NS;
	*why = "it owed an answer longer than the deadline";
	if (older(atomic_load(&g->owed_since_ns), now_ns, deadline))
		return true;
	*why = "questions waited for a scan longer than the deadline";
	if (older(atomic_load(&g->parked_since_ns), now_ns, deadline + PARKED_GRACE_NS))
		return true;
	*why = "it left questions unread longer than the deadline";
	return older(turned, now_ns, deadline) && (unread(w->groups.exec) || unread(w->groups.open));
}

unsigned
backstop_sweep(struct warden *w, enum decision d)
{
	const int groups[] = { w->groups.exec, w->groups.open };
	unsigned answered = 0;

	for (int i = 0; i < 2 && w->groups.mode == MODE_ENFORCE; i++) {
		for (int fd = 0; fd < GATE_FDS; fd++) {
			struct fanotify_response r = { .fd = fd, .response = d == DECISION_DENY ? FAN_DENY : FAN_ALLOW };
			if (write(groups[i], &r, sizeof(r)) == (ssize_t)sizeof(r))
				answered++;	/* ENOENT: nothing of that number waits */
		}
	}
	atomic_store(&w->page->gate.owed_since_ns, 0);
	atomic_store(&w->page->gate.parked_since_ns, 0);
	atomic_store(&w->page->gate.parked, 0);
	counter_add(w->page, COUNTER_SWEPT, answered);
	return answered;
}

static int
on_group(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;
	struct fanotify_event_metadata m;

	(void)events;
	if (read(s->fd, &m, sizeof(m)) != (ssize_t)sizeof(m) || m.fd < 0)
		return 0;
	struct fanotify_response r = { .fd = m.fd, .response = FAN_ALLOW };
	if (w->config.deadline_verdict == DECISION_DENY && !page_owns(w->page, m.pid))
		r.response = FAN_DENY;
	if (w->groups.mode == MODE_ENFORCE && write(s->fd, &r, sizeof(r)) == (ssize_t)sizeof(r))
		counter_add(w->page, COUNTER_SWEPT, 1);
	close(m.fd);
	return 0;
}

void
backstop_read(struct warden *w, bool on)
{
	if (on == w->backstop_reads)
		return;
	w->backstop_reads = on;
	if (!on) {
		loop_remove(&w->loop, &w->exec_backstop);
		loop_remove(&w->loop, &w->open_backstop);
		return;
	}
	w->exec_backstop = (struct source){ .fd = w->groups.exec, .ready = on_group, .owner = w };
	w->open_backstop = (struct source){ .fd = w->groups.open, .ready = on_group, .owner = w };
	loop_add(&w->loop, &w->exec_backstop, EPOLLIN);
	loop_add(&w->loop, &w->open_backstop, EPOLLIN);
}
