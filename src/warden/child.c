#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "warden/backstop.h"
#include "warden/child.h"
#include "warden/hand.h"
#include "warden/marks.h"
#include "warden/roles.h"
#include "warden/tell.h"

#define LOOP_WINDOW_NS	(10 * NS_PER_SEC)	/* that many deaths within this: a crash loop */
#define LOOP_HOLD_NS	(2 * NS_PER_SEC)
#define KILL_WAIT_MS	1000
#define DEATHS		(sizeof(((struct child *)0)->deaths_ns) / sizeof(uint64_t))

/* Before the pid can be anybody else's. */
static void
forget(struct warden *w, enum room room)
{
	struct child *c = &w->child[room];

	atomic_store(&w->page->process[room].pid, 0);
	loop_remove(&w->loop, &c->source);
	close(c->source.fd);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
}

static void
count_death(struct child *c, uint64_t now_ns)
{
	uint64_t oldest = c->deaths_ns[c->deaths % DEATHS];

	c->deaths_ns[c->deaths++ % DEATHS] = now_ns;
	if (c->deaths > DEATHS && now_ns - oldest < LOOP_WINDOW_NS)
		c->hold_until_ns = now_ns + LOOP_HOLD_NS;
}

/* What a gate that is gone owes is paid before another reads. */
static void
settle_gate(struct warden *w, const char *why)
{
	/* The leases that kept writers from what it had allowed for good went with it. */
	marks_uncache(&w->groups, w->page);
	unsigned n = backstop_sweep(w, w->config.deadline_verdict);

	counter_add(w->page, COUNTER_GATE_RESTARTS, 1);
	tell(w, "gate-restart", n, "The gate was replaced because %s; %u waiting questions were answered with %s.", why, n,
	    decision_name(w->config.deadline_verdict));
}

static void
replace(struct warden *w, enum room room, const char *why)
{
	struct child *c = &w->child[room];
	uint64_t now = now_boot_ns();

	forget(w, room);
	count_death(c, now);
	if (room != ROOM_HOOK)
		atomic_fetch_add(&w->page->process[room].restarts, 1);
	if (room == ROOM_GATE)
		settle_gate(w, why);
	else if (room == ROOM_HOOK)
		tell(w, "hook-ended", 1, "The process that runs a program on alerts ended because %s. It cannot come back, since whatever "
		    "the warden starts by now has its filter of system calls: restart yettd.", why);
	else
		tell(w, "process-restart", 1, "The process %s was replaced because %s.", room_name(room), why);
	if (room == ROOM_HOOK)
		return;
	if (c->hold_until_ns > now) {
		log_error("%s dies again and again: it is held back", room_name(room));
		if (room == ROOM_GATE)
			backstop_read(w, true);
		return;
	}
	child_start(w, room);
}

static int
on_death(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;

	(void)events;
	for (int r = ROOM_GATE; r < ROOM__MAX; r++) {
		if (&w->child[r].source != s || !w->child[r].pid)
			continue;
		siginfo_t si = { 0 };
		waitid(P_PID, (id_t)w->child[r].pid, &si, WEXITED | WNOHANG | WNOWAIT);
		const char *why = si.si_code == CLD_EXITED ? "it ended by itself" : si.si_status == SIGSYS ?
		    "it asked for a system call that it may not have" : "it was killed";
		replace(w, (enum room)r, why);
	}
	return 0;
}

int
child_start(struct warden *w, enum room room)
{
	struct child *c = &w->child[room];

	c->started_ns = now_boot_ns();
	atomic_store(&w->page->process[room].started_ns, c->started_ns);
	if (room == ROOM_GATE) {	/* events wait for it: what it finds files by has to be there before it looks */
		hand_again(w);
		hand_over(w);
	}
	if (room == ROOM_WATCH)
		opening_look(w);		/* it knows nothing yet */
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		/* The parent learns our pid when fork() returns there, which may be after our first open. */
		atomic_store(&w->page->process[room].pid, getpid());
		log_init(room_name(room), LOG_LEVEL_NOTICE);
		_exit(role_run(w, room));
	}
	c->pid = pid;
	atomic_store(&w->page->process[room].pid, pid);
	c->source = (struct source){ .fd = (int)syscall(SYS_pidfd_open, pid, 0), .ready = on_death, .owner = w };
	return c->source.fd < 0 ? -errno : loop_add(&w->loop, &c->source, EPOLLIN);
}

void
child_kill(struct warden *w, enum room room)
{
	struct child *c = &w->child[room];
	struct pollfd p = { .fd = c->source.fd, .events = POLLIN };

	if (!c->pid)
		return;
	kill(c->pid, SIGKILL);
	if (poll(&p, 1, KILL_WAIT_MS) != 1)
		log_error("%s does not die", room_name(room));
	forget(w, room);
}

static bool
stopped(const struct child *c)
{
	siginfo_t si = { 0 };

	return waitid(P_PID, (id_t)c->pid, &si, WSTOPPED | WNOHANG) == 0 && si.si_pid == c->pid && si.si_code == CLD_STOPPED;
}

void
child_replace(struct warden *w, enum room room, const char *why)
{
	struct child *c = &w->child[room];
	struct pollfd p = { .fd = c->source.fd, .events = POLLIN };

	kill(c->pid, SIGKILL);
	if (poll(&p, 1, KILL_WAIT_MS) == 1)
		replace(w, room, why);
}

void
child_tend(struct warden *w, uint64_t now_ns)
{
	const char *why;

	for (int r = ROOM_GATE; r < ROOM__MAX; r++) {
		struct child *c = &w->child[r];
		if (!c->pid && r != ROOM_HOOK && now_ns >= c->hold_until_ns && !w->stopping) {
			if (r == ROOM_GATE)
				backstop_read(w, false);
			child_start(w, (enum room)r);
		} else if (c->pid && stopped(c)) {
			if (r == ROOM_HOOK)	/* nobody waits for it, and there is no other */
				kill(c->pid, SIGCONT);
			else
				child_replace(w, (enum room)r, "it was stopped");
		}
	}
	if (backstop_overdue(w, now_ns, &why))
		child_replace(w, ROOM_GATE, why);
}

void
child_beat(struct warden *w)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0 && waitpid(pid, NULL, 0) == pid)
		atomic_fetch_add(&w->page->warden.beats, 1);
}
