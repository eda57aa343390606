#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/clock.h"
#include "gate/coverage.h"

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
	const struct file *f = &g->report.event.file;

	for (unsigned i = 0; g->setup.mode == MODE_MONITOR && i < COVERAGE_LATE; i++) {
		struct coverage_late *l = &c->late[i];
		if (!l->due_ns || l->pid != pid || !same(&l->file, f->dev, f->ino))
			continue;
		l->due_ns = 0;
		count_one(g, f->dev, COVERAGE_JUDGED);
		return;
	}
	if (a->pid != pid)
		*a = (struct coverage_ask){ .pid = pid };
	a->file[1] = a->file[0];	/* the program, perhaps, and then its loader */
	a->file[0] = (struct coverage_file){ f->dev, f->ino };
}

/* It may be told of in a moment. False: there is no place to wait for that. */
static bool
wait_for(struct gate *g, int32_t pid, const struct stat *st)
{
	for (unsigned i = 0; g->setup.mode == MODE_MONITOR && i < COVERAGE_LATE; i++) {
		struct coverage_late *l = &g->coverage.late[i];
		if (l->due_ns)
			continue;
		*l = (struct coverage_late){ .pid = pid, .file = { st->st_dev, st->st_ino }, .due_ns = now_boot_ns() + LATE_NS };
		return true;
	}
	return false;
}

/* Of a program that is there no more, only what was asked before says anything. */
static void
ran_unseen(struct gate *g, const struct coverage_ask *a, const struct coverage_exec *e)
{
	bool asked = a->pid == e->pid && a->file[0].ino;
	uint64_t dev = asked ? (a->file[1].ino ? a->file[1] : a->file[0]).dev : 0;

	count_one(g, dev, asked ? COVERAGE_JUDGED : COVERAGE_GONE);
}

void
coverage_ran(struct gate *g, const struct coverage_exec *e)
{
	static const char memfd[] = "/memfd:";
	struct coverage_ask *a = &g->coverage.ask[(uint32_t)e->pid % COVERAGE_ASKS], asked = *a;
	const struct page *p = g->setup.page;
	char name[32];
	struct stat st;

	if (a->pid == e->pid)
		*a = (struct coverage_ask){ 0 };
	snprintf(name, sizeof(name), "%d/exe", e->pid);
	if (!e->len || fstatat(g->proc, name, &st, 0)) {
		ran_unseen(g, &asked, e);
		return;
	}
	bool named = same(&asked.file[0], st.st_dev, st.st_ino) || same(&asked.file[1], st.st_dev, st.st_ino);
	bool judged = e->seen || (asked.pid == e->pid && named);
	if (judged)
		count_one(g, st.st_dev, COVERAGE_JUDGED);
	else if (e->len >= sizeof(memfd) - 1 && memcmp(e->exe, memfd, sizeof(memfd) - 1) == 0)
		count_one(g, st.st_dev, COVERAGE_MEMORY);
	else if (!coverage_gated(p, st.st_dev))
		count_one(g, st.st_dev, COVERAGE_UNGATED);
	else if (e->at_ns < atomic_load(&p->process[ROOM_GATE].started_ns))
		count_one(g, st.st_dev, COVERAGE_NO_GATE);
	else if (!wait_for(g, e->pid, &st))
		count_one(g, st.st_dev, COVERAGE_CACHED);
}

void
coverage_tend(struct gate *g, uint64_t now_ns)
{
	for (unsigned i = 0; i < COVERAGE_LATE; i++) {
		struct coverage_late *l = &g->coverage.late[i];
		if (!l->due_ns || now_ns < l->due_ns)
			continue;
		l->due_ns = 0;
		count_one(g, l->file.dev, COVERAGE_CACHED);
	}
}
