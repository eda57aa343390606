#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "gate/cache.h"
#include "gate/quiet.h"

#define LEASE_SIGNAL	(SIGRTMIN + 1)
#define LEASE_NS	(10 * NS_PER_SEC)	/* then the program is asked about once more */
#define YOUNG_NS	NS_PER_SEC		/* a file that changed just now may soon change again, and then all is forgotten */
#define LEASE_CHECK_MS	1000			/* a signal may have been lost */
#define CHANGES		(FAN_ATTRIB | FAN_MOVE_SELF | FAN_DELETE_SELF | FAN_MODIFY | FAN_CLOSE_WRITE)

static uint64_t
exec_mask(const struct gate *g)
{
	return g->setup.mode == MODE_ENFORCE ? FAN_OPEN_EXEC_PERM : FAN_OPEN_EXEC;
}

void
cache_flush(struct gate *g)
{
	struct cache *c = &g->cache;

	if (!c->works)
		return;
	fanotify_mark(g->setup.exec_group, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	fanotify_mark(g->setup.stale_group, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	quiet_end(g);
	for (unsigned i = 0; i < CACHE_LEASES && c->n_leases; i++) {
		if (!c->lease[i].fd)
			continue;
		close(c->lease[i].fd);
		c->lease[i].fd = 0;
		c->n_leases--;
	}
	c->generation++;
	counter_add(g->setup.page, COUNTER_UNCACHED, 1);
}

static void
end_lease(struct gate *g, unsigned i)
{
	struct cache *c = &g->cache;

	/* In this order: whoever waits for the lease finds that exec asks again. */
	fanotify_mark(g->setup.exec_group, FAN_MARK_REMOVE | FAN_MARK_IGNORE, exec_mask(g), c->lease[i].fd, NULL);
	close(c->lease[i].fd);
	c->lease[i].fd = 0;
	c->n_leases--;
}

static int
on_lease(struct source *s, uint32_t events)
{
	struct gate *g = s->owner;
	struct signalfd_siginfo si;

	(void)events;
	while (read(s->fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
		for (unsigned i = 0; i < CACHE_LEASES; i++)
			if (g->cache.lease[i].fd && g->cache.lease[i].fd == si.ssi_fd)
				end_lease(g, i);
	return 0;
}

/* Of what is renamed, a file has a mark of its own; what moves with its directory has moved without it. What was lost may be anything. */
static bool
only_files_moved(struct gate *g, const char *buf, size_t len)
{
	struct fan_record r;
	size_t at = 0;
	bool only = true;
	int got;

	while ((got = fan_next(buf, len, &at, &r)) != 0) {
		if (got > 0 && (r.mask & FAN_Q_OVERFLOW))
			counter_add(g->setup.page, COUNTER_STALE_OVERFLOW, 1);
		if (got < 0)
			return false;
		only = only && r.mask == FAN_MOVED_TO;
	}
	return only;
}

/* What changed is not looked at: it is seldom, and all is forgotten. */
static int
on_stale(struct source *s, uint32_t events)
{
	struct gate *g = s->owner;
	char buf[4096];
	bool any = false;
	ssize_t n;

	(void)events;
	while ((n = read(s->fd, buf, sizeof(buf))) > 0)
		any = !only_files_moved(g, buf, (size_t)n) || any;
	if (any)
		cache_flush(g);
	return 0;
}

bool
cache_is_young(const struct event *ev)
{
	return ev->wall_ns < ev->file.ctime_ns + YOUNG_NS;
}

bool
cache_may_stay_busy(const struct gate *g, uint64_t dev)
{
	const struct page *p = g->setup.page;
	uint32_t n = atomic_load(&p->warden.first_mounts);

	for (uint32_t i = 0; i < n && i < PAGE_MOUNTS; i++)
		if (atomic_load(&p->mount[i].dev) == dev)
			return true;
	return false;
}

/* Takes the descriptor of Q over: the signal of the lease names it by its number. */
static bool
keep_lease(struct gate *g, struct question *q)
{
	struct cache *c = &g->cache;
	unsigned i = c->next++ % CACHE_LEASES;

	if (!cache_may_stay_busy(g, g->report.event.file.dev) || fcntl(q->fd, F_SETSIG, LEASE_SIGNAL))
		return false;
	if (!q->leased && fcntl(q->fd, F_SETLEASE, F_RDLCK))
		return false;
	if (c->lease[i].fd)
		end_lease(g, i);
	q->kept = true;
	c->lease[i].fd = q->fd;
	c->lease[i].until_ns = now_boot_ns() + LEASE_NS;
	c->n_leases++;
	return true;
}

bool
cache_unchanged(int fd, const struct file *f)
{
	struct stat st;

	return fstat(fd, &st) == 0 && event_file_of(&st).ctime_ns == f->ctime_ns;
}

bool
cache_watch(struct gate *g, int fd)
{
	return fanotify_mark(g->setup.stale_group, FAN_MARK_ADD | FAN_MARK_EVICTABLE, CHANGES, fd, NULL) == 0;
}

static void
mark(struct gate *g, struct question *q)
{
	const struct file *f = &g->report.event.file;
	unsigned ignore = FAN_MARK_IGNORE | FAN_MARK_EVICTABLE;

	/* First who tells of changes, then what makes exec silent. */
	if (!cache_watch(g, q->fd))
		return;
	if (!event_only_root_writes(f) && !keep_lease(g, q))
		return;
	if (fanotify_mark(g->setup.exec_group, FAN_MARK_ADD | ignore, exec_mask(g), q->fd, NULL))
		return;
	counter_add(g->setup.page, COUNTER_CACHED, 1);
	if (!cache_unchanged(q->fd, f))
		fanotify_mark(g->setup.exec_group, FAN_MARK_REMOVE | FAN_MARK_IGNORE, exec_mask(g), q->fd, NULL);
}

/* Whoever starts this script, no rule on scripts is about it. */
static bool
no_script_rule(struct gate *g)
{
	struct event *ev = &g->report.event;

	ev->kind = EVENT_SCRIPT;
	bool none = judge_always_allows(g->policy, ev, VIEW_OBJECT);
	ev->kind = EVENT_EXEC;
	return none;
}

void
cache_allow(struct gate *g, struct question *q)
{
	struct cache *c = &g->cache;
	const struct event *ev = &g->report.event;
	const struct file *f = &ev->file;

	if (!c->works || q->kind != EVENT_EXEC || !(ev->have & HAVE_FILE) || !S_ISREG(f->mode) || !f->links || cache_is_young(ev))
		return;
	unsigned at = cache_place(f);
	bool same = c->known[at].ino == f->ino && c->known[at].dev == f->dev && c->known[at].ctime_ns == f->ctime_ns &&
	    c->known[at].generation == c->generation;
	if (!same) {
		bool loader = policy_loader(g->policy, f->dev, f->ino);
		c->known[at].ino = f->ino;
		c->known[at].dev = f->dev;
		c->known[at].ctime_ns = f->ctime_ns;
		c->known[at].generation = c->generation;
		c->known[at].allowed = judge_always_allows(g->policy, ev, loader ? VIEW_LOADER : VIEW_OBJECT) &&
		    (!q->script || no_script_rule(g));
	}
	if (c->known[at].allowed)
		mark(g, q);
}

int
cache_tend(struct gate *g, uint64_t now_ns)
{
	struct cache *c = &g->cache;

	for (unsigned i = 0; i < CACHE_LEASES && c->n_leases; i++)
		if (c->lease[i].fd && (c->lease[i].until_ns <= now_ns || fcntl(c->lease[i].fd, F_GETLEASE) != F_RDLCK))
			end_lease(g, i);
	return c->n_leases ? LEASE_CHECK_MS : -1;
}

int
cache_start(struct gate *g)
{
	struct cache *c = &g->cache;
	sigset_t set;

	c->works = g->setup.stale_group >= 0;
	c->generation = 1;
	if (!c->works)
		return 0;
	sigemptyset(&set);
	sigaddset(&set, LEASE_SIGNAL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	cache_flush(g);		/* what a predecessor left */
	c->stale_source = (struct source){ .fd = g->setup.stale_group, .ready = on_stale, .urgent = true, .owner = g };
	c->lease_source = (struct source){ .fd = fd, .ready = on_lease, .urgent = true, .owner = g };
	int err = loop_add(&g->loop, &c->stale_source, EPOLLIN);
	return err ? err : loop_add(&g->loop, &c->lease_source, EPOLLIN);
}
