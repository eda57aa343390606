#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "event/fact.h"
#include "warden/opening.h"
#include "warden/marks.h"
#include "warden/roles.h"

#define CHILD_NS	(10 * NS_PER_SEC)	/* longest life */
#define AGAIN_NS	(2 * NS_PER_SEC)	/* after one that did not come to its end */
#define EDGE_BYTES	(8 << 20)		/* of changes that wait: a package brings hundreds of units in one breath */
#define REST		4			/* so many times as long as a walk took there is none */

static uint64_t
wanted(const struct warden *w)
{
	return w->heard.files < 0 ? 0 : policy_kinds(w->policy) & FACT_KINDS;
}

unsigned
opening_places(const struct warden *w)
{
	return wanted(w) ? w->facts.marked->n : 0;
}

const char *
opening_place(const struct warden *w, unsigned i)
{
	return w->facts.marked->path[i];
}

bool
opening_way(const struct warden *w, unsigned i)
{
	return w->facts.marked->way[i];
}

/* What the child lists is what its own walk opened, and is looked at all the same. */
static bool
take_places(struct fact_opener *f)
{
	static struct fact_places fresh;
	uint32_t n = f->found->n < FACT_PLACES ? f->found->n : FACT_PLACES;

	memset(&fresh, 0, sizeof(fresh));
	for (uint32_t i = 0; i < n; i++) {
		const char *path = f->found->path[i];
		size_t len = strnlen(path, CONFIG_PATH);
		if (path[0] != '/' || len == CONFIG_PATH)
			continue;
		memcpy(fresh.path[fresh.n], path, len);
		fresh.way[fresh.n++] = f->found->way[i];
	}
	bool same = memcmp(fresh.path, f->marked->path, sizeof(fresh.path)) == 0 && memcmp(fresh.way, f->marked->way, sizeof(fresh.way)) == 0;
	*f->marked = fresh;
	return !same;
}

/* False: it did not come to its end. */
static bool
end_child(struct warden *w)
{
	struct fact_opener *f = &w->facts;
	int status = 0;

	atomic_store(&w->page->warden.opener, 0);
	loop_remove(&w->loop, &f->source);
	close(f->source.fd);
	while (waitpid(f->pid, &status, 0) < 0 && errno == EINTR)
		;
	f->pid = 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* New places are marked, then looked at once more: nothing that happened before they were is missed. */
static int
on_end(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;
	struct fact_opener *f = &w->facts;
	uint64_t now = now_boot_ns();

	(void)events;
	if (!end_child(w)) {
		counter_add(w->page, COUNTER_FACTS_LATE, 1);
		f->due = true;
		f->walking = false;
		f->next_ns = now + AGAIN_NS;
		return loop_change(&w->loop, &f->edge, EPOLLIN);
	}
	if (f->walking)
		f->next_ns = now + REST * (now - f->started_ns);
	if (f->found->again)
		f->due = true;
	if (f->walking && f->found->more)
		log_error("more than %u directories of accounts, schedules and services: the others are not watched", FACT_PLACES);
	if (f->walking && take_places(f)) {
		marks_apply(w, &w->groups);
		w->prune = true;
		f->due = true;
		f->next_ns = now;
	}
	f->walking = false;
	return loop_change(&w->loop, &f->edge, EPOLLIN);
}

static int
start_child(struct warden *w, bool walk)
{
	struct fact_opener *f = &w->facts;

	f->started_ns = now_boot_ns();
	f->walking = walk;
	f->found->again = false;
	if (walk) {
		f->due = false;
		f->kinds = wanted(w);
		f->walk++;
	}
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		atomic_store(&w->page->warden.opener, getpid());
		_exit(opener_run(w, walk));
	}
	f->pid = pid;
	atomic_store(&w->page->warden.opener, pid);
	loop_change(&w->loop, &f->edge, 0);
	f->source = (struct source){ .fd = (int)syscall(SYS_pidfd_open, pid, 0), .ready = on_end, .owner = w };
	return f->source.fd < 0 ? -errno : loop_add(&w->loop, &f->source, EPOLLIN);
}

static int
on_edge(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;

	(void)events;
	return w->facts.pid ? 0 : start_child(w, false);
}

/* It waits for a disk that does not answer, or for a gate that is about to be replaced. */
static void
kill_late(struct warden *w, uint64_t now_ns)
{
	struct fact_opener *f = &w->facts;

	if (!f->pid || now_ns - f->started_ns < CHILD_NS)
		return;
	kill(f->pid, SIGKILL);
	f->started_ns = now_ns;
}

void
opening_tend(struct warden *w, uint64_t now_ns)
{
	struct fact_opener *f = &w->facts;
	uint64_t again = atomic_load(&w->page->gate.facts_again);

	kill_late(w, now_ns);
	if (wanted(w) != f->kinds || (f->kinds && again != f->again))
		f->due = true;
	f->again = again;
	bool asked = policy_kinds(w->policy) & FACT_KINDS;
	atomic_store(&w->page->warden.facts, !asked ? FILES_UNNEEDED : w->heard.files < 0 ? FILES_FAILED : FILES_ON);
	if (f->due && !f->pid && now_ns >= f->next_ns)
		start_child(w, true);
}

void
opening_look(struct warden *w)
{
	w->facts.due = true;
}

bool
opening_ready(const struct warden *w)
{
	const struct fact_opener *f = &w->facts;

	return !wanted(w) || (!f->due && !f->pid && f->kinds == wanted(w) && atomic_load(&w->page->watch.walk) == f->walk);
}

void
opening_stop(struct warden *w)
{
	if (!w->facts.pid)
		return;
	kill(w->facts.pid, SIGKILL);
	end_child(w);
}

int
opening_listen(struct warden *w)
{
	const int room = EDGE_BYTES;

	/* Where it cannot be had, the usual room is enough for a hundred. */
	if (setsockopt(edge_fd(w, EDGE_GATE_OPENER, ROOM_GATE), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		log_errno(errno, "more changes of accounts, schedules and services at once than wait in a socket are told without who made them");
	return loop_watch(&w->loop, &w->facts.edge, edge_fd(w, EDGE_GATE_OPENER, ROOM_WARDEN), on_edge, EPOLLIN);
}

int
opening_init(struct warden *w)
{
	struct fact_places *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static struct fact_places marked;

	if (p == MAP_FAILED)
		return -errno;
	w->facts.found = p;
	w->facts.marked = &marked;
	return 0;
}
