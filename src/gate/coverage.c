#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/clock.h"
#include "gate/cache.h"
#include "gate/coverage.h"

#define AGAIN_NS	NS_PER_SEC	/* two messages of the proc connector may be of what is one question to us, no longer than this apart */
#define SWEPT_NS	(200 * NS_PER_MS)	/* who waited for a predecessor was answered, and runs a moment later */
#define TOLD_MAX	4		/* audit tells of each, soon, or is silent */
#define LATE_NS		(200 * NS_PER_MS)	/* in monitor mode: no notification comes later than this after its exec */

enum { NOWHERE, IN_MEMORY, ELSEWHERE, PLACES };	/* the first entries: unknown, no file system, those that found no entry */

bool
coverage_gated(const struct page *p, uint64_t dev)
{
	uint32_t n = atomic_load(&p->warden.mounts);

	for (uint32_t i = 0; i < n && i < PAGE_MOUNTS; i++)
		if (atomic_load(&p->mount[i].covered) == COVER_MARKED && atomic_load(&p->mount[i].dev) == dev)
			return true;
	return false;
}

_Static_assert(PAGE_COVERAGE_PATH == sizeof(((struct page_mount *)0)->path), "where it is mounted");

/* Where it is mounted; of one that the warden knows nothing of, what its device is, in BUF. */
static const char *
name_of(const struct page *p, uint64_t dev, char buf[PAGE_COVERAGE_PATH])
{
	uint32_t n = atomic_load(&p->warden.mounts);

	for (uint32_t i = 0; i < n && i < PAGE_MOUNTS; i++)
		if (atomic_load(&p->mount[i].dev) == dev && p->mount[i].path[0])
			return p->mount[i].path;
	snprintf(buf, PAGE_COVERAGE_PATH, "device %u:%u", major((dev_t)dev), minor((dev_t)dev));
	return buf;
}

/* The entry of this file system at this place: numbers of devices come again. */
static uint32_t
entry_of(struct page *p, uint64_t dev)
{
	uint32_t n = atomic_load(&p->gate.coverages);
	char buf[PAGE_COVERAGE_PATH];

	if (n < PLACES || n > PAGE_COVERAGES) {
		snprintf(p->coverage[NOWHERE].path, PAGE_COVERAGE_PATH, "(unknown)");
		snprintf(p->coverage[IN_MEMORY].path, PAGE_COVERAGE_PATH, "(memory)");
		snprintf(p->coverage[ELSEWHERE].path, PAGE_COVERAGE_PATH, "(others)");
		n = PLACES;
		atomic_store(&p->gate.coverages, n);
	}
	const char *name = name_of(p, dev, buf);
	for (uint32_t i = PLACES; i < n; i++)
		if (atomic_load(&p->coverage[i].dev) == dev && strncmp(p->coverage[i].path, name, PAGE_COVERAGE_PATH - 1) == 0)
			return i;
	if (n == PAGE_COVERAGES)
		return ELSEWHERE;
	snprintf(p->coverage[n].path, PAGE_COVERAGE_PATH, "%.*s", PAGE_COVERAGE_PATH - 1, name);
	atomic_store(&p->coverage[n].dev, dev);
	atomic_store(&p->gate.coverages, n + 1);
	return n;
}

static void
count_one(struct gate *g, uint64_t dev, enum coverage what)
{
	struct page *p = g->setup.page;
	uint32_t i = entry_of(p, dev);

	if (what == COVERAGE_GONE)
		i = NOWHERE;
	else if (what == COVERAGE_MEMORY)
		i = IN_MEMORY;
	atomic_fetch_add_explicit(&p->coverage[i].count[what], 1, memory_order_relaxed);
}

static bool
same(const struct coverage_file *f, uint64_t dev, uint64_t ino)
{
	return f->ino == ino && f->dev == dev;
}

void
coverage_asked(struct gate *g, int32_t pid)
{
	struct coverage_state *c = &g->coverage;
	struct coverage_ask *a = &c->ask[(uint32_t)pid % COVERAGE_ASKS];
	struct event *ev = &g->report.event;
	const struct file *f = &ev->file;

	for (unsigned i = 0; g->setup.mode == MODE_MONITOR && i < COVERAGE_LATE; i++) {
		struct coverage_late *l = &c->late[i];
		if (!l->due_ns || l->pid != pid || !same(&l->file, f->dev, f->ino))
			continue;
		l->due_ns = 0;
		ev->sensors |= 1u << SENSOR_PROC;
		count_one(g, f->dev, COVERAGE_JUDGED);
		return;
	}
	if (a->pid != pid || a->ran_ns)
		*a = (struct coverage_ask){ .pid = pid, .told = a->pid == pid ? a->told : 0 };
	a->file[1] = a->file[0];	/* the program, perhaps, and then its loader */
	a->file[0] = (struct coverage_file){ f->dev, f->ino };
}

/* It may be told of in a moment. False: there is no place to wait for that. */
static bool
wait_for(struct gate *g, const struct coverage_exec *e)
{
	for (unsigned i = 0; i < COVERAGE_LATE; i++) {
		struct coverage_late *l = &g->coverage.late[i];
		if (l->due_ns)
			continue;
		*l = (struct coverage_late){ .pid = e->pid, .file = e->file, .due_ns = now_boot_ns() + LATE_NS };
		return true;
	}
	return false;
}

/* The kernel was told not to ask about it, as it is. */
static bool
in_cache(const struct gate *g, const struct stat *st)
{
	const struct file f = event_file_of(st);
	const struct cache_known *k = &g->cache.known[cache_place(&f)];

	return k->ino == f.ino && k->dev == f.dev && k->ctime_ns == f.ctime_ns && k->generation == g->cache.generation && k->allowed;
}

/* What was asked, and is no older than the messages that may be of the same exec. */
static bool
was_asked(const struct coverage_ask *a, const struct coverage_exec *e)
{
	return a->pid == e->pid && a->file[0].ino && (!a->ran_ns || now_boot_ns() - a->ran_ns < AGAIN_NS);
}

/* Of a program that is there no more, only what was asked before says anything. */
static enum coverage
ran_unseen(struct coverage_exec *e, const struct coverage_ask *a)
{
	if (!was_asked(a, e) || a->ran_ns)
		return COVERAGE_GONE;
	e->file = a->file[1].ino ? a->file[1] : a->file[0];
	return COVERAGE_JUDGED;
}

/* COVERAGE__MAX: that is not known yet. */
static enum coverage
ran_seen(struct gate *g, const struct coverage_exec *e, const struct coverage_ask *a)
{
	const struct stat *st = e->st;
	static const char memfd[] = "/memfd:";
	uint64_t started = atomic_load(&g->setup.page->process[ROOM_GATE].started_ns);
	bool named = same(&a->file[0], st->st_dev, st->st_ino) || same(&a->file[1], st->st_dev, st->st_ino);

	if (e->seen || (named && was_asked(a, e)))
		return !e->seen && a->ran_ns && in_cache(g, st) ? COVERAGE_CACHED : COVERAGE_JUDGED;
	if (e->len >= sizeof(memfd) - 1 && memcmp(e->exe, memfd, sizeof(memfd) - 1) == 0)
		return COVERAGE_MEMORY;
	if (!coverage_gated(g->setup.page, st->st_dev))
		return COVERAGE_UNGATED;
	/* In monitor mode nothing is swept, and what was not told of yet may be soon. */
	if (started && e->at_ns < started + (g->setup.mode == MODE_MONITOR ? 0 : SWEPT_NS))
		return COVERAGE_NO_GATE;
	return in_cache(g, st) ? COVERAGE_CACHED : COVERAGE__MAX;
}

static enum coverage_answer
answer_of(struct gate *g, const struct coverage_exec *e, enum coverage what)
{
	bool monitor = g->setup.mode == MODE_MONITOR;

	switch (what) {
	case COVERAGE_JUDGED: case COVERAGE_GONE:
		count_one(g, e->file.dev, what);
		return COVERAGE_EXPLAINED;
	case COVERAGE_UNGATED: case COVERAGE_MEMORY: case COVERAGE_NO_GATE: case COVERAGE_MISSED:
		count_one(g, e->file.dev, what);
		return COVERAGE_SLIPPED;
	case COVERAGE_CACHED: case COVERAGE__MAX:
		break;
	}
	if (monitor && wait_for(g, e))
		return COVERAGE_EXPLAINED;
	if (!monitor && what == COVERAGE__MAX)
		return COVERAGE_OPEN;
	count_one(g, e->file.dev, COVERAGE_CACHED);
	return COVERAGE_EXPLAINED;
}

enum coverage_answer
coverage_ran(struct gate *g, struct coverage_exec *e)
{
	struct coverage_ask *a = &g->coverage.ask[(uint32_t)e->pid % COVERAGE_ASKS];
	enum coverage what;

	if (e->st) {
		e->file = (struct coverage_file){ e->st->st_dev, e->st->st_ino };
		what = ran_seen(g, e, a);
	} else {
		what = ran_unseen(e, a);
	}
	if (a->pid != e->pid)
		*a = (struct coverage_ask){ .pid = e->pid };
	if (!a->ran_ns)
		a->ran_ns = now_boot_ns();
	if (what != COVERAGE_GONE && a->told < TOLD_MAX)	/* of what is gone audit may know more */
		a->told++;
	return answer_of(g, e, what);
}

void
coverage_settle(struct gate *g, uint64_t dev, enum coverage what)
{
	count_one(g, dev, what);
}

bool
coverage_audited(struct gate *g, struct event *ev)
{
	int32_t pid = ev->process.pid;
	struct coverage_ask *a = &g->coverage.ask[(uint32_t)pid % COVERAGE_ASKS];

	if (a->pid != pid)
		return false;
	a->audited_ns = now_boot_ns();
	if (a->told) {
		a->told--;
		return true;
	}
	if (same(&a->file[0], ev->file.dev, ev->file.ino) || same(&a->file[1], ev->file.dev, ev->file.ino))
		return true;
	if (a->ran_ns && now_boot_ns() - a->ran_ns < AGAIN_NS)
		ev->sensors |= 1u << SENSOR_PROC;
	return false;
}

bool
coverage_witnessed(const struct gate *g, const struct event *ev)
{
	const struct coverage_ask *a = &g->coverage.ask[(uint32_t)ev->process.pid % COVERAGE_ASKS];

	return ev->sensor == SENSOR_PROC && a->pid == ev->process.pid && a->audited_ns >= ev->boot_ns;
}

bool
coverage_overdue(struct gate *g, uint64_t now_ns, struct coverage_late *out)
{
	for (unsigned i = 0; i < COVERAGE_LATE; i++) {
		struct coverage_late *l = &g->coverage.late[i];
		if (!l->due_ns || now_ns < l->due_ns)
			continue;
		*out = *l;
		l->due_ns = 0;
		return true;
	}
	return false;
}
