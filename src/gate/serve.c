#include <errno.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "gate/act.h"
#include "gate/cache.h"
#include "gate/coverage.h"
#include "gate/fan.h"
#include "gate/fetch.h"
#include "gate/files.h"
#include "gate/held.h"
#include "gate/labels.h"
#include "gate/late.h"
#include "gate/linger.h"
#include "gate/owner.h"
#include "gate/proc.h"
#include "gate/quiet.h"
#include "gate/script.h"
#include "gate/serve.h"

#define SCANS_MAX	2	/* of one question: a file that keeps changing is not waited for */
#define JUDGE_ROUNDS	8	/* each fetches something new; bounded all the same */

/* What the kernel asked about, until the exec happens; the loader comes after its program and does not replace it. */
static void
remember(struct gate *g, const struct question *q)
{
	const struct event *ev = &g->report.event;
	size_t len;
	const char *path = event_text(ev, TEXT_FILE_PATH, &len);

	if (q->kind != EVENT_EXEC)
		return;
	if (g->verdict.decision == DECISION_DENY)
		tree_pending(g->tree, ev->process.pid, "", 0);
	else if (!policy_loader(g->policy, ev->file.dev, ev->file.ino))
		tree_pending(g->tree, ev->process.pid, path, len);
	if (g->verdict.decision == DECISION_ALLOW)
		coverage_asked(g, ev->process.pid);
}

static void
too_late(struct verdict *v)
{
	v->decision = DECISION_ALLOW;
	v->actions &= (uint16_t)~ACTION_DENY;
}

static bool
dooms(const struct verdict *v)
{
	return v->decision == DECISION_DENY && (v->actions & (ACTION_KILL | ACTION_KILL_TREE));
}

/* What has to be on record before it happens. */
static bool
grave(const struct verdict *v)
{
	return v->severity == SEVERITY_CRITICAL && (v->actions & (ACTION_ALERT | ACTION_DENY));
}

/* The record first: the answer waits for it. What is folded into others has no record of its own to wait for. */
static void
act_sealing(struct gate *g, uint64_t latency_ns)
{
	uint64_t before = atomic_load(&g->setup.page->gate.report_number);

	g->late_ticket = g->late_others = 0;
	g->report.event.flags |= FLAG_SEAL;
	act(g, latency_ns);
	uint64_t after = atomic_load(&g->setup.page->gate.report_number);
	linger_sealed(g, after > before ? after : 0);
}

/* Answers, then does the rest. What a record tells is fetched while the process still waits. ERR: see fan_answer(). */
static void
conclude(struct gate *g, struct question *q, int err)
{
	bool waits = q->group >= 0, trace = act_leaves_trace(&g->verdict);
	uint64_t taken_ns = q->taken_ns;

	remember(g, q);
	labels_give(g);
	if (!waits)
		too_late(&g->verdict);
	if (!trace && g->verdict.decision == DECISION_ALLOW && !g->verdict.n_fed)
		q->kind == EVENT_EXEC ? cache_allow(g, q) : quiet_allow(g, q);
	if (trace)
		fetch(g, q, (FETCH_FOR_RECORD & ~g->report.event.tried) | late_wants(g));
	bool doomed = dooms(&g->verdict) && linger_doom(g, q);
	if (trace)
		g->late_others = late_expects(g);
	bool seals = !doomed && grave(&g->verdict) && linger_seal(g, q, (enum decision)g->verdict.decision, err);
	if (trace && !seals)
		late_ask(g, q);
	if (!doomed && !seals)
		fan_answer(g, q, (enum decision)g->verdict.decision, err);
	if (waits && !seals)
		fan_count(g, taken_ns);
	if (seals)
		act_sealing(g, now_boot_ns() - taken_ns);
	else if (trace)
		act(g, now_boot_ns() - taken_ns);
}

/* Nobody could say in time what the file is. */
static void
conclude_late(struct gate *g, struct question *q)
{
	enum decision d = g->setup.config->deadline_verdict;

	counter_add(g->setup.page, COUNTER_DEADLINE, 1);
	g->verdict = (struct verdict){ .decision = (uint8_t)(q->group >= 0 ? d : DECISION_ALLOW), .would = (uint8_t)d,
		.mode = (uint8_t)g->setup.mode, .settled = SETTLED_DEADLINE, .severity = SEVERITY_MEDIUM, .actions = ACTION_ALERT,
		.decider = -1, .exception = -1 };
	conclude(g, q, EBUSY);
}

/* A verdict hangs on a content that somebody is still writing. What the kernel says to such an exec a moment later, if he still is. */
static void
conclude_written(struct gate *g, struct question *q)
{
	counter_add(g->setup.page, COUNTER_WRITTEN, 1);
	tree_pending(g->tree, g->report.event.process.pid, "", 0);
	fan_answer(g, q, DECISION_DENY, ETXTBSY);
}

/*
 * Asks the judge until it needs nothing more. Q: NULL for what nobody waits for. Returns 0; 1 when the question was parked;
 * -ETIMEDOUT when what the verdict hangs on cannot be had; -ETXTBSY when it changes while we look.
 */
static int
settle(struct gate *g, struct question *q)
{
	struct event *ev = &g->report.event;

	for (int round = 0; round < JUDGE_ROUNDS; round++) {
		judge(g->policy, ev, &g->verdict);
		uint32_t needs = g->verdict.needs;
		if (!needs)
			return 0;
		if ((needs & HAVE_SCANNED) && q && q->group >= 0 && q->kind == EVENT_EXEC && linger_hold(q, &ev->file) == CONTENT_WRITTEN)
			return -ETXTBSY;
		fetch(g, q, needs);
		if (!(needs & HAVE_SCANNED & ~ev->have))
			continue;
		if (!q || !(ev->have & HAVE_FILE) || !S_ISREG(ev->file.mode)) {
			ev->tried |= HAVE_SCANNED;
			continue;
		}
		const struct msg_scan ask = { .file = ev->file, .content = (needs & HAVE_CONTENT) != 0 };
		return q->scans < SCANS_MAX && held_park(g, q, &ask) == 0 ? 1 : -ETIMEDOUT;
	}
	ev->tried = HAVE_ALL;
	judge(g->policy, ev, &g->verdict);
	return 0;
}

/* What rules matched may complete a correlation, whose actions count from this event on. */
static void
join(struct gate *g, const struct question *q)
{
	struct event *ev = &g->report.event;
	struct correlated out;
	uint32_t needs;

	if (!g->verdict.n_fed)
		return;
	fetch(g, q, correlate_needs(g->policy, &g->verdict) & ~ev->tried);
	correlate(g->correlate, g->policy, ev, &g->verdict, &out);
	for (unsigned i = 0; i < out.n; i++) {
		for (int round = 0; (needs = judge_add(g->policy, ev, &g->verdict, out.rule[i])) && round < JUDGE_ROUNDS; round++) {
			fetch(g, q, needs);
			ev->tried |= needs;
		}
		counter_add(g->setup.page, COUNTER_CORRELATED, 1);
	}
}

static void
name_program(struct gate *g, const struct question *q)
{
	struct event *ev = &g->report.event;
	size_t len;
	const char *path = event_text(ev, TEXT_FILE_PATH, &len);
	const char *pending = tree_pending_exe(g->tree, ev->process.pid);

	if (q->kind != EVENT_EXEC)
		return;
	if (pending[0] && policy_loader(g->policy, ev->file.dev, ev->file.ino)) {
		ev->flags |= FLAG_LOADER;
		event_set_str(ev, TEXT_EXECUTABLE, pending);
	} else {
		event_set(ev, TEXT_EXECUTABLE, path, len);
	}
	ev->have |= HAVE_PROCESS;
}

/* Of a verdict that nobody waits for. It has happened: no is only what would have been said. Q: what it came with, or NULL. */
static void
follow(struct gate *g, const struct question *q)
{
	join(g, q);
	labels_give(g);
	act_note_too_hard(g);
	if (!act_leaves_trace(&g->verdict))
		return;
	too_late(&g->verdict);
	owner_spare(g);
	fetch(g, q, (FETCH_FOR_RECORD & ~g->report.event.tried) | late_wants(g));
	g->late_ticket = 0;
	if (q)
		late_ask(g, q);
	g->late_others = late_expects(g);
	act(g, now_boot_ns() - g->report.event.boot_ns);
}

void
serve_notice(struct gate *g)
{
	if (!page_owns(g->setup.page, g->report.event.process.pid) && settle(g, NULL) == 0)
		follow(g, NULL);
}

void
serve_files(struct gate *g, int most)
{
	for (int i = 0; i < most && files_next(g); i++)
		serve_notice(g);
}

/* The question as an event, with its process. */
static void
place(struct gate *g, const struct question *q)
{
	fan_event(g, q);
	g->report.event.process.pid = q->tid;
	name_program(g, q);
	fetch_place(g);
	name_program(g, q);	/* again: a thread is known by its group only now */
}

/* True: it was parked, and comes again. What cannot be known of the content in time has no value. */
static bool
serve_script(struct gate *g, struct question *q)
{
	script_event(g, q);
	int parked = settle(g, q);
	if (parked > 0)
		return true;
	if (parked < 0) {
		g->report.event.tried |= HAVE_SCANNED;
		settle(g, NULL);
	}
	script_told(g, q);
	follow(g, q);
	return false;
}

void
serve_late(struct gate *g, struct question *q)
{
	place(g, q);
	if (script_is(g, q)) {
		script_event(g, q);
		g->report.event.tried |= HAVE_SCANNED;
		settle(g, NULL);
		script_told(g, q);
		follow(g, q);
		place(g, q);
	}
	conclude_late(g, q);
}

void
serve(struct gate *g, struct question *q)
{
	if (g->files.first)
		serve_files(g, FILES_A_QUESTION);
	proc_collect(g);
	place(g, q);
	if (script_is(g, q)) {
		if (serve_script(g, q))
			return;
		place(g, q);
	}
	int parked = settle(g, q);
	if (parked == 0) {
		join(g, q);
		act_note_too_hard(g);
		conclude(g, q, 0);
	} else if (parked == -ETXTBSY) {
		conclude_written(g, q);
	} else if (parked < 0) {
		conclude_late(g, q);
	}
}
