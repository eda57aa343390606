#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/procfs.h"
#include "gate/act.h"
#include "gate/fetch.h"
#include "gate/fold.h"
#include "gate/late.h"
#include "gate/proc.h"
#include "gate/spool.h"

#define KILLS			(ACTION_KILL | ACTION_KILL_PARENT | ACTION_KILL_TREE)
#define TREE_KILL_MAX		4096
#define TOO_HARD_NS	(60 * NS_PER_SEC)
#define TREE_KILL_ROUNDS	3
#define WARDEN_WAIT_MS		20	/* a full socket to the warden is waited for, once; nobody waits for us by now */
#define START_SLACK_NS		(20 * NS_PER_MS)	/* two clock ticks: the kernel's two clocks of a start differ by that */

bool
act_leaves_trace(const struct verdict *v)
{
	return v->decision == DECISION_DENY || v->would == DECISION_DENY || ((v->actions | v->would_actions) & ~(unsigned)ACTION_ALLOW);
}

uint64_t
act_event_id(struct gate *g)
{
	/* A bijective mix of a number that never repeats while yettd runs, and of boot and start. */
	uint64_t n = atomic_fetch_add(&g->setup.page->gate.event_number, 1);
	uint64_t z = g->setup.boot + atomic_load(&g->setup.page->warden.started_ns) + n * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* The process that the tree means, not one that has its number by now. */
static int
aim(struct gate *g, int32_t pid, uint64_t *start_ns)
{
	CLEANUP_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t known = tree_start_ns(g->tree, pid);
	struct proc_stat st;

	if (fd < 0 || proc_stat(g->proc, pid, &st))
		return -ESRCH;
	if (known && (st.start_ns > known + START_SLACK_NS || known > st.start_ns + START_SLACK_NS))
		return -ESRCH;
	*start_ns = st.start_ns;
	return steal_fd(&fd);
}

static void
send_signal(struct gate *g, int32_t pid, int sig)
{
	struct msg_signal m = { .signal = (uint32_t)sig, .pid = pid };

	if (pid <= 1 || page_owns(g->setup.page, pid))
		return;
	CLEANUP_FD int fd = aim(g, pid, &m.start_ns);
	if (fd < 0)
		return;
	int err = wire_send(g->setup.warden_sock, MSG_SIGNAL, &m, sizeof(m), fd);
	if (err == -EAGAIN) {
		struct pollfd p = { .fd = g->setup.warden_sock, .events = POLLOUT };
		poll(&p, 1, WARDEN_WAIT_MS);
		err = wire_send(g->setup.warden_sock, MSG_SIGNAL, &m, sizeof(m), fd);
	}
	counter_add(g->setup.page, err ? COUNTER_SIGNALS_LOST : COUNTER_SIGNALS, 1);
}

/* All of a tree, the eldest first; again for those that were born meanwhile. */
static void
kill_tree(struct gate *g, int32_t pid)
{
	static int32_t pids[TREE_KILL_MAX];

	for (int round = 0; round < TREE_KILL_ROUNDS; round++) {
		size_t n = tree_descendants(g->tree, pid, pids, TREE_KILL_MAX);
		for (size_t i = 0; i < n && i < TREE_KILL_MAX; i++)
			send_signal(g, pids[i], SIGKILL);
		if (n == 0)
			send_signal(g, pid, SIGKILL);
		proc_collect(g);
	}
}

static void
signals(struct gate *g)
{
	const struct event *ev = &g->report.event;
	int32_t pid = ev->process.pid, parent = ev->parent.pid;
	unsigned actions = g->verdict.actions;

	if (actions & ACTION_SUSPEND)
		send_signal(g, pid, SIGSTOP);
	if (actions & ACTION_KILL)
		send_signal(g, pid, SIGKILL);
	if (actions & ACTION_KILL_PARENT)
		send_signal(g, parent, SIGKILL);
	if (actions & ACTION_KILL_TREE)
		kill_tree(g, pid);
}

static void
report(struct gate *g, enum report_kind kind, uint64_t latency_ns)
{
	g->report.kind = (uint8_t)kind;
	g->report.repeated = 0;
	g->report.latency_us = (uint32_t)(latency_ns / NS_PER_US);
	g->report.event.id = act_event_id(g);
	g->report.root_pid = kind == REPORT_STATE ? 0 : tree_root(g->tree, g->report.event.process.pid, &g->report.root);
	if (kind == REPORT_ALERT)
		fold_put(g);
	else if (kind == REPORT_STATE || !late_keep(g))
		spool_put(g, &g->report);
	spool_flush(g);
}

void
act(struct gate *g, uint64_t latency_ns)
{
	const struct verdict *v = &g->verdict;

	if (v->actions & (KILLS | ACTION_SUSPEND))
		signals(g);
	if (v->decision == DECISION_DENY)
		counter_add(g->setup.page, COUNTER_DENIED, 1);
	else if (v->would == DECISION_DENY)
		counter_add(g->setup.page, COUNTER_WOULD_DENY, 1);
	judge_report(g->policy, v, &g->report);
	/* What was done to a program is always an alert; what a rule only asked to log is not. */
	bool alert = ((v->actions | v->would_actions) & ~(unsigned)(ACTION_ALLOW | ACTION_LOG)) || v->decision == DECISION_DENY ||
	    v->would == DECISION_DENY;
	if (alert || g->setup.config->events)
		report(g, alert ? REPORT_ALERT : REPORT_EVENT, latency_ns);
}

void
act_tell(struct gate *g, const char *what, uint64_t count, const char *why)
{
	struct event *ev = &g->report.event;

	memset(&g->report, 0, offsetof(struct report, event));
	g->report.mode = (uint8_t)g->setup.mode;
	event_init(ev, EVENT_AGENT, SENSOR_SELF);
	ev->wall_ns = now_wall_ns();
	ev->boot_ns = now_boot_ns();
	ev->count = count;
	event_set_str(ev, TEXT_ACTION, what);
	event_set_str(ev, TEXT_REASON, why);
	ev->have |= HAVE_ACTION;
	report(g, REPORT_STATE, 0);
}

static void
copy_text(const struct event *ev, enum event_text which, char *out, size_t size)
{
	size_t n;
	const char *s = event_text(ev, which, &n);

	snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), s);
}

void
act_pass_on(struct gate *g)
{
	const struct event *ev = &g->report.event;
	char what[64], why[1024];

	copy_text(ev, TEXT_ACTION, what, sizeof(what));
	copy_text(ev, TEXT_REASON, why, sizeof(why));
	act_tell(g, what, ev->count, why);
}

void
act_note_too_hard(struct gate *g)
{
	struct rule_info rule;

	if (!g->verdict.too_hard)
		return;
	policy_rule(g->policy, g->verdict.too_hard - 1u, &rule);
	snprintf(g->too_hard_rule, sizeof(g->too_hard_rule), "%s", rule.name);
	g->too_hard++;
	counter_add(g->setup.page, COUNTER_TOO_HARD, 1);
}

void
act_tell_too_hard(struct gate *g, uint64_t now_ns)
{
	uint64_t n = g->too_hard;
	char why[256];

	if (!n || (g->too_hard_ns && now_ns - g->too_hard_ns < TOO_HARD_NS))
		return;
	g->too_hard_ns = now_ns;
	g->too_hard = 0;
	snprintf(why, sizeof(why), "Texts took too long for a regular expression, the last for one of rule %s: what forbids took them as met, "
	    "what lets through did not.", g->too_hard_rule);
	act_tell(g, "regex-too-hard", n, why);
}
