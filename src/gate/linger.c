#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "gate/fan.h"
#include "gate/linger.h"

#define ALLOWED_NS	NS_PER_SEC		/* an exec takes microseconds; a writer must not wait for a stopped one */
#define DOOMED_NS	(200 * NS_PER_MS)	/* the signal is late: then at least the answer is no */
#define SEAL_NS		(50 * NS_PER_MS)	/* a disk that takes longer is told */
#define SEAL_LOOK_MS	1			/* nobody wakes us when the record is there */

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
	if (l->seal)
		fan_count(g, l->question.taken_ns);
	fan_answer(g, &l->question, l->decision, l->err);	/* who was allowed has the answer: this only closes */
}

static struct lingering *
keep(struct gate *g, struct question *q, uint64_t for_ns)
{
	struct lingering *l = place(g);

	if (l->used)
		let_go(g, l);
	*l = (struct lingering){ .used = true, .pid = g->report.event.process.pid, .due_ns = now_boot_ns() + for_ns, .question = *q,
		.decision = DECISION_DENY, .err = EPERM };
	g->n_lingering++;
	q->fd = q->group = -1;
	return l;
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

bool
linger_seal(struct gate *g, struct question *q, enum decision decision, int err)
{
	uint64_t half = g->setup.config->deadline_ns / 2;	/* then the warden would answer */

	if (q->group < 0 || place(g)->used)
		return false;
	struct lingering *l = keep(g, q, SEAL_NS < half ? SEAL_NS : half);
	l->decision = decision;
	l->err = err;
	g->sealing = l;
	fan_debt(g, 0);
	return true;
}

void
linger_sealed(struct gate *g, uint64_t report)
{
	struct lingering *l = g->sealing;

	g->sealing = NULL;
	l->seal = report;
	if (!report) {
		fan_count(g, l->question.taken_ns);
		let_go(g, l);
	}
}

/* Is what L waits for on disk, or has it waited long enough? */
static bool
is_due(struct gate *g, const struct lingering *l, uint64_t now_ns)
{
	if (!l->seal)
		return l->due_ns <= now_ns;
	if (atomic_load(&g->setup.page->record.acked) >= l->seal) {
		counter_add(g->setup.page, COUNTER_SEALED, 1);
		return true;
	}
	if (l->due_ns > now_ns)
		return false;
	counter_add(g->setup.page, COUNTER_SEAL_LATE, 1);
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
		if (is_due(g, l, now_ns))
			let_go(g, l);
		else if (l->seal)
			first = now_ns;
		else if (l->due_ns < first)
			first = l->due_ns;
	}
	return first == UINT64_MAX ? -1 : first <= now_ns ? SEAL_LOOK_MS : (int)((first - now_ns) / NS_PER_MS) + 1;
}
