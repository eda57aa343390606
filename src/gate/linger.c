#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "gate/fan.h"
#include "gate/linger.h"

#define ALLOWED_NS	NS_PER_SEC		/* an exec takes microseconds; a writer must not wait for a stopped one */
#define DOOMED_NS	(200 * NS_PER_MS)	/* the signal is late: then at least the answer is no */

enum content_hold
linger_hold(struct question *q, const struct file *file)
{
	struct stat st;

	if (!q->leased && fcntl(q->fd, F_SETLEASE, F_RDLCK))
		return errno == EAGAIN ? CONTENT_WRITTEN : CONTENT_FREE;
	q->leased = true;
	if (fstat(q->fd, &st))
		return CONTENT_WRITTEN;
	struct file now = event_file_of(&st);
	return event_file_same(&now, file) ? CONTENT_HELD : CONTENT_WRITTEN;
}

static struct lingering *
place(struct gate *g)
{
	struct lingering *oldest = &g->lingering[0];

	for (unsigned i = 0; i < LINGER_MAX; i++) {
		struct lingering *l = &g->lingering[i];
		if (!l->used)
			return l;
		if (l->due_ns < oldest->due_ns)
			oldest = l;
	}
	return oldest;
}

static void
let_go(struct gate *g, struct lingering *l)
{
	l->used = false;
	g->n_lingering--;
	fan_answer(g, &l->question, DECISION_DENY, EPERM);	/* who was allowed has the answer: this only closes */
}

static void
keep(struct gate *g, struct question *q, uint64_t for_ns)
{
	struct lingering *l = place(g);

	if (l->used)
		let_go(g, l);
	*l = (struct lingering){ .used = true, .pid = g->report.event.process.pid, .due_ns = now_boot_ns() + for_ns, .question = *q };
	g->n_lingering++;
	q->fd = q->group = -1;
}

void
linger_allow(struct gate *g, struct question *q)
{
	if (!q->leased)
		return;
	q->group = -1;
	keep(g, q, ALLOWED_NS);
}

bool
linger_doom(struct gate *g, struct question *q)
{
	if (q->group < 0 || place(g)->used)
		return false;
	keep(g, q, DOOMED_NS);
	fan_debt(g, 0);
	return true;
}

void
linger_end(struct gate *g, int32_t pid)
{
	for (unsigned i = 0; i < LINGER_MAX && g->n_lingering; i++)
		if (g->lingering[i].used && g->lingering[i].pid == pid)
			let_go(g, &g->lingering[i]);
}

int
linger_tend(struct gate *g, uint64_t now_ns)
{
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < LINGER_MAX && g->n_lingering; i++) {
		struct lingering *l = &g->lingering[i];
		if (!l->used)
			continue;
		if (l->due_ns <= now_ns)
			let_go(g, l);
		else if (l->due_ns < first)
			first = l->due_ns;
	}
	return first == UINT64_MAX ? -1 : (int)((first - now_ns) / NS_PER_MS) + 1;
}
