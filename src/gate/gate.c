#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/procfs.h"
#include "gate/act.h"
#include "gate/ahead.h"
#include "gate/cache.h"
#include "gate/content.h"
#include "gate/coverage.h"
#include "gate/dirs.h"
#include "gate/ends.h"
#include "gate/facts.h"
#include "gate/fan.h"
#include "gate/fetch.h"
#include "gate/files.h"
#include "gate/fold.h"
#include "gate/held.h"
#include "gate/labels.h"
#include "gate/late.h"
#include "gate/linger.h"
#include "gate/owner.h"
#include "gate/proc.h"
#include "gate/serve.h"
#include "gate/spool.h"
#include "gate/state.h"

#define EXECS_A_TURN	64
#define OPENS_A_TURN	1	/* an answer wakes all that wait in its group: with many waiting, execs are looked at after each */
#define NOTES_A_TURN	64
#define FILES_A_TURN	8
#define WARDEN_MESSAGES	64
#define RETRY_MS	20
#define HASHES		16384
#define CONTENTS	2048

static struct gate the_gate;

/* Libraries count from their own start, the page from that of yettd. */
static void
count_on(struct gate *g, enum counter c, uint64_t *counted, uint64_t now)
{
	counter_add(g->setup.page, c, now - *counted);
	*counted = now;
}

/* What tree and correlations could not keep. */
static void
count_kept(struct gate *g)
{
	struct tree_stats ts;
	struct correlate_stats cs;

	tree_stats(g->tree, &ts);
	correlate_stats(g->correlate, &cs);
	atomic_store_explicit(&g->setup.page->gate.tree_nodes, ts.nodes, memory_order_relaxed);
	count_on(g, COUNTER_TREE_FULL, &g->tree_full, ts.full + ts.names_full);
	count_on(g, COUNTER_TREE_SPLICED, &g->tree_spliced, ts.spliced);
	count_on(g, COUNTER_CORRELATE_EVICTED, &g->evicted, cs.evicted);
}

static int
serve_group(struct gate *g, int group, int budget)
{
	bool waits = g->setup.mode == MODE_ENFORCE;

	for (int i = 0; i < budget && !g->reader.seed_wanted; i++) {
		struct question q;
		int got = fan_take(g, group, waits, &q);
		if (got <= FAN_NONE)
			return got;
		if (got == FAN_OWED)
			serve(g, &q);
	}
	return 0;
}

static int
on_exec_group(struct source *s, uint32_t events)
{
	struct gate *g = s->owner;
	int err = g->files.opens_first ? serve_group(g, g->setup.open_group, FILES_A_QUESTION) : 0;

	(void)events;
	return err < 0 ? err : serve_group(g, s->fd, EXECS_A_TURN);
}

static int
on_open_group(struct source *s, uint32_t events)
{
	(void)events;
	return serve_group(s->owner, s->fd, OPENS_A_TURN);
}

/*
 * Of an exec audit is the last to tell, so what it says is news only where the kernel did not ask and the proc connector was deaf: that is
 * judged now. Else it bears witness to what was told.
 */
static bool
is_news(struct gate *g)
{
	struct event *ev = &g->report.event;

	if (ev->kind != EVENT_EXEC || ev->sensor != SENSOR_AUDIT)
		return true;
	late_heard(g, ev->process.pid, SENSOR_AUDIT, ev);
	if ((ev->have & HAVE_RESULT) && ev->result < 0)
		return false;
	if (coverage_audited(g, ev) || judge_always_allows(g->policy, ev, VIEW_OBJECT))
		return false;
	counter_add(g->setup.page, COUNTER_AUDIT_EXECS, 1);
	return true;
}

static void
gate_on_event(struct gate *g, const struct wire_msg *m)
{
	struct event *ev = &g->report.event;

	if (event_from_wire(ev, m->payload, m->len))
		return;
	if (ev->kind == EVENT_AGENT) {
		act_pass_on(g);
		return;
	}
	proc_collect(g);
	if (ev->sensor != SENSOR_FACTS) {	/* those were placed before they went out */
		owner_name(g);
		fetch_place(g);
	}
	/* Who did not ask by whom he was called is told whatever it was that called. */
	if (ev->kind == EVENT_ACCEPT && !(ev->have & HAVE_SOURCE) && ends_fetch(g, HAVE_SOURCE) == -EAFNOSUPPORT)
		return;
	if (is_news(g))
		serve_notice(g);
}

static void
gate_on_holds(struct gate *g, const struct wire_msg *m)
{
	struct msg_holds h;

	memcpy(&h, m->payload, sizeof(h));
	owner_look(g, &h);
}

static void
gate_on_scanned(struct gate *g, const struct wire_msg *m)
{
	struct msg_scanned s;
	struct question q;

	memcpy(&s, m->payload, m->len);
	if (content_remember(g, &s, m->len))
		g->scanned = &s;
	late_scanned(g, s.ticket);
	held_scanned(g, s.ticket);
	while (held_resume(g, s.ticket, &q))
		serve(g, &q);
	g->scanned = NULL;
}

static int
use_policy(struct gate *g, int fd)
{
	const struct policy *p;
	int err = policy_open(fd, &p);

	close(fd);
	if (err)
		return err;
	labels_policy(g, p);
	if (g->policy)
		policy_close(g->policy);
	g->policy = p;
	g->kinds = policy_kinds(p);
	const uint64_t opens = policy_watch_kinds(WATCH_ASKED), exec = 1ull << EVENT_EXEC;
	g->files.first = correlate_joins(p, policy_watch_kinds(WATCH_HEARD), opens | exec);
	g->files.opens_first = g->setup.mode == MODE_MONITOR && correlate_joins(p, opens, exec);
	correlate_policy(g->correlate, p);
	cache_flush(g);
	return 0;
}

static void
gate_on_policy(struct gate *g, const struct wire_msg *m)
{
	struct msg_policy p;

	memcpy(&p, m->payload, sizeof(p));
	if (use_policy(g, m->fd) == 0)
		atomic_store(&g->setup.page->gate.policy_generation, p.generation);
}

static void
gate_on_mounted(struct gate *g, const struct wire_msg *m)
{
	struct msg_mounted mounted;

	memcpy(&mounted, m->payload, sizeof(mounted));
	dirs_mounted(g, &mounted, m->fd);
}

static void
gate_on_unmounted(struct gate *g, const struct wire_msg *m)
{
	struct msg_unmounted u;

	memcpy(&u, m->payload, sizeof(u));
	dirs_unmounted(g, &u);
}

static void
gate_on_ending(struct gate *g, const struct wire_msg *m)
{
	(void)m;
	fold_end(g);
}

typedef void message_fn(struct gate *, const struct wire_msg *);
static message_fn *const handlers[MSG__MAX] = {
	[MSG_EVENT] = gate_on_event, [MSG_HOLDS] = gate_on_holds, [MSG_SCANNED] = gate_on_scanned, [MSG_POLICY] = gate_on_policy,
	[MSG_MOUNTED] = gate_on_mounted, [MSG_UNMOUNTED] = gate_on_unmounted, [MSG_ENDING] = gate_on_ending,
};

/* -EAGAIN: there is none. */
static int
take_message(struct gate *g, int sock, enum room from)
{
	struct wire_msg m;
	int err = wire_recv(sock, from, ROOM_GATE, g->buffer, sizeof(g->buffer), &m);

	if (err == -EBADMSG) {
		log_error("a message from %s makes no sense and was dropped", room_name(from));
		return 0;
	}
	if (err)
		return err;
	handlers[m.type](g, &m);
	return 0;
}

static int
receive(struct gate *g, int sock, enum room from)
{
	int err = take_message(g, sock, from);

	return err == -EAGAIN ? 0 : err;
}

static int
on_watch(struct source *s, uint32_t events)
{
	(void)events;
	return receive(s->owner, s->fd, ROOM_WATCH);
}

static int
on_scan(struct source *s, uint32_t events)
{
	(void)events;
	return receive(s->owner, s->fd, ROOM_SCAN);
}

static int
on_warden(struct source *s, uint32_t events)
{
	(void)events;
	return receive(s->owner, s->fd, ROOM_WARDEN);
}

static void
hear_warden(struct gate *g)
{
	for (int i = 0; i < WARDEN_MESSAGES && take_message(g, g->setup.warden_sock, ROOM_WARDEN) == 0; i++)
		;
}

static int
sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static void
tend_scan(struct gate *g, uint64_t now_ns)
{
	uint64_t started = atomic_load(&g->setup.page->process[ROOM_SCAN].started_ns);
	struct question q;

	if (started != g->scan_start_ns) {
		g->scan_start_ns = started;
		held_again(g);
	}
	while (held_overdue(g, now_ns, &q))
		serve_late(g, &q);
}

/* Between turns. */
static int
tend(struct loop *l)
{
	struct gate *g = l->owner;
	uint64_t now = now_boot_ns();
	struct page *page = g->setup.page;

	atomic_store_explicit(&page->gate.loop_ns, now, memory_order_relaxed);
	tend_scan(g, now);
	for (int i = 0; i < NOTES_A_TURN && proc_next(g); i++)
		serve_notice(g);
	serve_files(g, FILES_A_TURN);
	int wait = sooner(sooner(proc_tend(g, now), held_wait_ms(g, now)), sooner(late_tend(g, now), linger_tend(g, now)));
	wait = sooner(sooner(wait, fold_tend(g, now)), sooner(cache_tend(g, now), files_tend(g)));
	wait = sooner(wait, ahead_tend(g, now));
	count_kept(g);
	spool_flush(g);
	act_tell_too_hard(g, now);
	return g->record_waits ? sooner(wait, RETRY_MS) : wait;
}

static int
start(struct gate *g)
{
	int err = loop_init(&g->loop);

	g->loop.owner = g;
	g->loop.before = tend;
	g->files.hear = hear_warden;
	g->ticket = now_boot_ns();	/* no answer to a predecessor may be taken for one to us */
	g->proc = proc_open();
	if (err || g->proc < 0)
		return err ? err : g->proc;
	if ((err = tree_new(&g->tree, g->setup.boot)) || (err = correlate_new(&g->correlate, g->tree, g->setup.terms)) ||
	    (err = use_policy(g, g->setup.policy_fd)) || (err = hashes_new(&g->hashes, HASHES, sizeof(struct hashed))) ||
	    (err = hashes_new(&g->contents, CONTENTS, sizeof(struct content))) || (err = proc_start(g)))
		return err;
	atomic_store(&g->setup.page->gate.policy_generation, g->setup.generation);
	g->record_start_ns = atomic_load(&g->setup.page->process[ROOM_RECORD].started_ns);
	g->scan_start_ns = atomic_load(&g->setup.page->process[ROOM_SCAN].started_ns);
	g->sent = atomic_load(&g->setup.page->record.acked);
	struct correlate_stats cs;
	correlate_stats(g->correlate, &cs);	/* what was learnt outlives us, and so does its count */
	g->evicted = cs.evicted;
	fold_recover(g);
	late_recover(g);
	facts_again(g);		/* what a predecessor had read and not passed on */
	if ((err = cache_start(g)) || (err = files_start(g)) || (err = ahead_start(g)) ||
	    (err = ends_start()))
		return err;
	if ((err = loop_watch(&g->loop, &g->exec_source, g->setup.exec_group, on_exec_group, EPOLLIN)) ||
	    (err = loop_watch(&g->loop, &g->open_source, g->setup.open_group, on_open_group, EPOLLIN)) ||
	    (err = loop_watch(&g->loop, &g->watch_source, g->setup.watch_sock, on_watch, EPOLLIN)) ||
	    (err = loop_watch(&g->loop, &g->scan_source, g->setup.scan_sock, on_scan, EPOLLIN)) ||
	    (err = loop_watch(&g->loop, &g->warden_source, g->setup.warden_sock, on_warden, EPOLLIN)))
		return err;
	g->exec_source.urgent = true;
	return 0;
}

int
gate_main(const struct gate_setup *setup)
{
	struct gate *g = &the_gate;

	g->setup = *setup;
	signal(SIGIO, SIG_IGN);		/* broken leases: see intent() in fan.c */
	int err = start(g);
	if (!err)
		err = loop_run(&g->loop);
	log_errno(err, "gate ends");
	return 1;
}
