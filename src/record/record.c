#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "alert/chain.h"
#include "alert/minisign.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "record/inside.h"
#include "record/own.h"
#include "record/ways.h"

#define BATCH_NS	(10 * NS_PER_MS)	/* [records] sync = batch: an alert waits so long for company */
#define EVENTS_NS	NS_PER_SEC		/* what rules only log waits so long */
#define REST_MS		50
#define LATE_NS		(30 * NS_PER_SEC)	/* so long a file of the flight recorder waits for a moment when nobody waits for the disk */

struct record the_record;

static const struct chain_head *
alerts_head(const struct record *r)
{
	return chain_head(r->stream[CHAIN_ALERTS].chain);
}

static enum chain_which
which_of(const struct record *r, const struct stream *s)
{
	return (enum chain_which)(s - r->stream);
}

/* Number of the last report such that it and all before it are on disk, whichever stream they went to. */
static uint64_t
acked(const struct record *r, enum sender from)
{
	uint64_t n = 0, held = 0;

	for (int i = 0; i < CHAIN__MAX; i++) {
		const struct stream *s = &r->stream[i];
		if (i == CHAIN_EVENTS && s->failing_ns)
			continue;	/* alerts go on without it */
		n = s->last[from] > n ? s->last[from] : n;
		held = s->held[from] && (!held || s->held[from] < held) ? s->held[from] : held;
	}
	return held ? held - 1 : n;
}

static void
publish(struct record *r)
{
	struct page_record *p = &r->setup->page->record;

	for (int i = 0; i < CHAIN__MAX; i++) {
		atomic_store(&p->in[i].reports, r->stream[i].committed[FROM_GATE]);
		atomic_store(&p->in[i].states, r->stream[i].committed[FROM_WARDEN]);
	}
	atomic_store(&p->acked, acked(r, FROM_GATE));
	atomic_store(&p->acked_state, acked(r, FROM_WARDEN));
	atomic_store(&p->epoch, alerts_head(r)->epoch);
	atomic_store(&p->sequence, alerts_head(r)->sequence);
	atomic_store(&p->error, r->stream[CHAIN_ALERTS].error ? r->stream[CHAIN_ALERTS].error : r->stream[CHAIN_EVENTS].error);
}

static void
listen_to(struct record *r, bool on)
{
	loop_change(&r->loop, &r->gate, on ? EPOLLIN : 0);
	loop_change(&r->loop, &r->warden, on ? EPOLLIN : 0);
}

static bool
is_full(int err)
{
	return err == -ENOSPC || err == -EDQUOT;
}

/*
 * While the disk does not take alerts nothing more is read: they wait where they are, and the gate counts what finds no room there. Events
 * that find no room are dropped and counted instead, so that alerts go on.
 */
int
record_commit(struct record *r, struct stream *s)
{
	bool failing = s->failing_ns;

	if (s->rotating)	/* what is packed moves */
		closed_end(&r->closed);
	int err = stream_commit(s, r->setup->page);

	if (is_full(err) && s == &r->stream[CHAIN_ALERTS] && reserve_release(&r->reserve))
		err = stream_commit(s, r->setup->page);
	if (!err) {
		size_t len;
		const char *lines = chain_written(s->chain, &len);
		publish(r);
		flights_committed(r->flights, which_of(r, s), lines, len);
		if (s == &r->stream[CHAIN_ALERTS])
			ways_committed(chain_head(s->chain), false);
		if (s->begun)	/* before anything else that there is to tell */
			begin_tell(r, which_of(r, s));
		s->begun = false;
		return 0;
	}
	if (!failing) {
		log_errno(err, "records cannot be written (tried again each second)");
		if (s == &r->stream[CHAIN_ALERTS])
			listen_to(r, false);
	}
	atomic_store(&r->setup->page->record.error, -err);
	return err;
}

/* The record in r->report is the next of S. NUMBER: of the report, 0 without. */
static void
append(struct record *r, struct stream *s, enum sender from, uint64_t number)
{
	struct chain_line line = { .body = r->body, .mono_ns = r->report.event.boot_ns, .boot_id = r->setup->host.boot_id,
		.sealed = r->report.kind != REPORT_EVENT };
	uint64_t wait = r->report.kind == REPORT_EVENT ? EVENTS_NS : r->setup->config->sync == SYNC_BATCH ? BATCH_NS : 0;

	uint64_t sequence = chain_head(s->chain)->sequence;
	line.len = alert_json(r->body, sizeof(r->body), &r->report, &r->setup->host, sequence);
	int err = chain_append(s->chain, &line);
	if (err) {
		log_errno(err, "a record could not be added");	/* the loop reads only while there is room */
		return;
	}
	stream_added(s, from, number, wait);
	flights_note(r->flights, which_of(r, s), &r->report);
	ways_record(&(struct ways_line){ &r->report, r->body, line.len, sequence });
}

static void __attribute__((format(printf, 3, 0)))
state(struct stream *s, const struct stating *of, const char *fmt, va_list ap)
{
	struct record *r = &the_record;
	char why[400];

	vsnprintf(why, sizeof(why), fmt, ap);
	own_report(&r->report, &(struct own){ of->action, why, of->details, of->len, of->count,
	    (uint8_t)atomic_load(&r->setup->page->warden.mode) }, r->setup->host.boot_id, chain_head(s->chain));
	if (of->by) {
		struct event *ev = &r->report.event;
		ev->process = of->by->by;
		ev->have |= HAVE_PROCESS | HAVE_USER | HAVE_AUID;
		event_set_str(ev, TEXT_EXECUTABLE, of->by->executable);
		event_set_str(ev, TEXT_USER_NAME, of->by->user);
	}
	append(r, s, FROM_WARDEN, 0);
}

void
record_state_of(struct stream *s, const struct stating *of, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	state(s, of, fmt, ap);
	va_end(ap);
}

void
record_state(struct stream *s, uint64_t count, const char *action, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	state(s, &(struct stating){ .action = action, .count = count }, fmt, ap);
	va_end(ap);
}

/* Once writing works again the gap is told, with its cause. */
static void
recovered(struct record *r, struct stream *s)
{
	struct stream *alerts = &r->stream[CHAIN_ALERTS];
	uint64_t seconds = (now_boot_ns() - s->failing_ns) / NS_PER_SEC;
	const char *name = errno_name(s->error);
	bool full = is_full(-s->error);

	s->failing_ns = 0;
	s->error = 0;
	log_notice("records are written again");
	if (s == alerts) {
		listen_to(r, true);
		record_state(alerts, seconds, full ? "disk-full" : "write-error", "Records could not be written for %llu s (%s); they waited, and what "
		    "found no room to wait is counted.", (unsigned long long)seconds, name);
		return;
	}
	if (chain_has_room(alerts->chain))
		record_state(alerts, s->dropped, full ? "disk-full" : "write-error", "Events could not be written for %llu s (%s); %llu of them were "
		    "dropped.", (unsigned long long)seconds, name, (unsigned long long)s->dropped);
	s->dropped = 0;
}

static struct stream *
stream_of(struct record *r)
{
	struct stream *events = &r->stream[CHAIN_EVENTS];

	return r->report.kind == REPORT_EVENT && events->chain ? events : &r->stream[CHAIN_ALERTS];
}

/*
 * The reports of a sender rise; one that a new sender sent again may be here already. What our predecessor had not read comes again
 * too, behind what it had read and not written: taken here, it would hide that.
 */
static void
take(struct record *r, const struct wire_msg *m)
{
	enum sender from = m->type == MSG_STATE ? FROM_WARDEN : FROM_GATE;

	if (m->type == MSG_ROTATE) {
		r->broken += !rotate_on_rotate(r, m->payload);
		return;
	}
	if (report_from_wire(&r->report, m->payload, m->len)) {
		r->broken++;
		return;
	}
	struct stream *s = stream_of(r);
	if (r->report.number && (!stream_is_new(s, from, r->report.number) || r->report.to_ns != r->start_ns))
		return;
	if (stream_has_room(s)) {
		append(r, s, from, r->report.number);
		return;
	}
	/* Only events come here: of alerts nothing is read while there is no room. */
	s->last[from] = r->report.number ? r->report.number : s->last[from];
	s->dropped++;
	counter_add(r->setup->page, COUNTER_EVENTS_DROPPED, 1);
}

static bool
wants_more(const struct record *r)
{
	const struct stream *events = &r->stream[CHAIN_EVENTS];

	return stream_has_room(&r->stream[CHAIN_ALERTS]) && (!events->chain || events->failing_ns || stream_has_room(events));
}

/* Reads what there is, as far as one batch goes. -EPIPE: nobody will send any more. */
static int
drain(struct record *r, int sock, enum room from)
{
	struct wire_msg m;

	while (wants_more(r)) {
		int err = wire_recv(sock, from, ROOM_RECORD, r->buffer, sizeof(r->buffer), &m);
		if (err == -EAGAIN)
			return 0;
		if (err == -EBADMSG)
			r->broken++;
		else if (err)
			return err;
		else
			take(r, &m);
	}
	return 0;
}

static int
drain_all(struct record *r)
{
	/* The warden's first: what happened to yett explains what comes after it. */
	int err = drain(r, r->setup->warden_sock, ROOM_WARDEN);

	return err ? err : drain(r, r->setup->gate_sock, ROOM_GATE);
}

static int
on_messages(struct source *s, uint32_t events)
{
	struct record *r = s->owner;

	(void)events;
	int err = drain_all(r);
	if (err == -EPIPE) {
		r->ending = true;
		loop_stop(&r->loop, 0);
		return 0;
	}
	return err;
}

static int
on_signal(struct source *s, uint32_t events)
{
	struct record *r = s->owner;
	struct signalfd_siginfo si;

	(void)events;
	if (read(s->fd, &si, sizeof(si)) == (ssize_t)sizeof(si) && si.ssi_signo == SIGTERM) {
		r->ending = true;
		loop_stop(&r->loop, 0);
	}
	return 0;
}

/* A sign of life, and what the log of events had come to by then, so that neither can be cut unnoticed. */
static void
beat(struct record *r)
{
	const struct stream *events = &r->stream[CHAIN_EVENTS];
	struct stream *alerts = &r->stream[CHAIN_ALERTS];

	if (!events->chain)
		record_state(alerts, 0, "heartbeat", "yettd is alive.");
	else
		record_state(alerts, 0, "heartbeat", "yettd is alive; the log of events has %llu records, head %s.",
		    (unsigned long long)chain_head(events->chain)->sequence, chain_head(events->chain)->prev);
}

/* A segment that is large enough ends with a record that says so. */
static void
end_segment(struct record *r, struct stream *s)
{
	unsigned long long n = chain_head(s->chain)->segment;

	if (s->batch || s->ending || s->rotating || s->failing_ns || chain_size(s->chain) < r->setup->config->segment_size)
		return;
	record_state(s, n, "segment-end", "Segment %llu ends here; the next one is %llu.", n, n + 1);
	s->ending = true;
	s->due_ns = 0;
}

/* What is too old or too much: first it is recorded, then it goes. */
static void
trim(struct record *r, enum chain_which which)
{
	struct stream *alerts = &r->stream[CHAIN_ALERTS], *s = &r->stream[which];
	struct trim t;

	s->closed = false;
	closed_packs(&r->closed, which);
	if (!closed_plan(&r->closed, which, now_wall_ns(), &t) || !stream_has_room(alerts))
		return;
	record_state(alerts, t.last - t.first + 1, "segments-removed", "Segments %llu to %llu of %s are removed, %llu bytes, because of "
	    "keep_%s or keep_age.", (unsigned long long)t.first, (unsigned long long)t.last,
	    which == CHAIN_ALERTS ? CHAIN_FILE : CHAIN_EVENTS_FILE,
	    (unsigned long long)t.bytes, which == CHAIN_ALERTS ? "alerts" : "events");
	if (record_commit(r, alerts) == 0)
		closed_remove(&r->closed, which, &t);
}

/* Whoever removes the log while we have it open removes nothing. */
static void
mend(struct record *r, enum chain_which which)
{
	struct stream *s = &r->stream[which];
	int mended = s->failing_ns ? 0 : chain_mend(s->chain);

	if (mended < 0)
		log_errno(mended, "the log was moved or removed, and cannot be put back");
	r->mended[which] = r->mended[which] || mended > 0;
}

static void
tell_mended(struct record *r)
{
	struct stream *alerts = &r->stream[CHAIN_ALERTS];

	for (int i = 0; i < CHAIN__MAX; i++) {
		if (!r->mended[i] || alerts->failing_ns || !stream_has_room(alerts))
			continue;
		r->mended[i] = false;
		record_state(alerts, 0, "log-restored", "The file %s.jsonl was moved or removed; all that it held was written there again.",
		    chain_stem((enum chain_which)i));
	}
}

static void
settle(struct record *r, struct stream *s)
{
	if (stream_is_due(s, now_boot_ns()) && record_commit(r, s) == 0 && s->failing_ns)
		recovered(r, s);
}

/* A file of the flight recorder, and then the record that names it; or first what has to go for it. False: none is due. */
static bool
fly(struct record *r, bool all)
{
	struct stream *alerts = &r->stream[CHAIN_ALERTS];

	if (alerts->failing_ns || !stream_has_room(alerts) || !flights_next(r->flights, now_boot_ns(), all, &r->news))
		return false;
	record_state_of(alerts, &(struct stating){ .action = r->news.gone ? "flights-removed" : "flight-recorded", .count = r->news.count,
	    .details = r->news.details, .len = r->news.len }, "%s", r->news.why);
	flights_told(r->flights, record_commit(r, alerts) == 0);
	return true;
}

static void
tend_stream(struct record *r, enum chain_which which)
{
	struct stream *s = &r->stream[which];

	if (!s->chain)
		return;
	if (stream_is_due(s, now_boot_ns()))
		mend(r, which);
	settle(r, s);
	end_segment(r, s);
	settle(r, s);
	if (s->closed)
		trim(r, which);
}

/* What is due now. Returns how long to wait at most, in ms. */
static int
tend(struct loop *l)
{
	struct record *r = l->owner;
	struct stream *alerts = &r->stream[CHAIN_ALERTS];
	struct ways_news news;
	int wait = -1;

	while (!alerts->failing_ns && stream_has_room(alerts) && ways_news(&news)) {
		bool drops = news.drops;
		record_state(alerts, news.count, drops ? "way-drops" : "way-recovered", "%s", news.why);
	}
	if (r->broken && !alerts->failing_ns && stream_has_room(alerts)) {
		record_state(alerts, r->broken, "message-broken", "%llu messages of other processes of yett made no sense and were dropped.",
		    (unsigned long long)r->broken);
		r->broken = 0;
	}
	if (!alerts->batch && !alerts->ending && !alerts->rotating && now_boot_ns() >= alerts->last_ns + r->setup->config->heartbeat_ns)
		beat(r);
	for (int i = 0; i < CHAIN__MAX; i++)
		tend_stream(r, (enum chain_which)i);
	tell_mended(r);
	rotate_tend(r);
	uint64_t due = flights_due_ns(r->flights);
	if (due && !alerts->batch && now_boot_ns() >= due + LATE_NS)
		fly(r, false);
	for (int i = 0; i < CHAIN__MAX; i++) {
		int one = stream_wait(&r->stream[i], now_boot_ns());
		wait = one >= 0 && (wait < 0 || one < wait) ? one : wait;
	}
	return wait;
}

/* What is done while nobody waits for the disk. True: there is more of it. */
static bool
use_leisure(struct record *r)
{
	for (int i = 0; i < CHAIN__MAX; i++)
		if (r->stream[i].chain)
			chain_rest(r->stream[i].chain);
	reserve_make(&r->reserve);
	if (fly(r, false))
		return true;
	return closed_pack(&r->closed);
}

static int
before(struct loop *l)
{
	struct record *r = l->owner;
	uint64_t ways = ways_tend(now_boot_ns());
	int wait = tend(l);
	struct pollfd p[2] = { { .fd = r->setup->gate_sock, .events = POLLIN }, { .fd = r->setup->warden_sock, .events = POLLIN } };

	if (wait >= 0 && wait <= REST_MS)
		return wait;
	uint64_t now = now_boot_ns(), beats = r->stream[CHAIN_ALERTS].last_ns + r->setup->config->heartbeat_ns;
	if (kept_is_due(&r->kept, now))
		kept_write(&r->kept, &r->setup->kept, r->setup->state_dir, now);
	if (ways < beats)
		beats = ways;
	uint64_t flight = flights_due_ns(r->flights);
	if (flight && flight < beats)
		beats = flight;
	timer_set(r->timer.fd, beats > now ? beats - now : 1, 0);
	if (poll(p, 2, closed_is_packing(&r->closed) ? 0 : REST_MS) == 0 && use_leisure(r))
		return 0;
	return wait < 0 ? -1 : wait > REST_MS ? wait - REST_MS : 0;
}

static int
start_loop(struct record *r)
{
	sigset_t set;
	int err = loop_init(&r->loop);

	r->loop.owner = r;
	r->loop.before = before;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (err || (err = loop_watch(&r->loop, &r->signals, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), on_signal, EPOLLIN)) ||
	    (err = loop_watch(&r->loop, &r->timer, timer_open(0, 0), timer_ready, EPOLLIN)) ||
	    (err = loop_watch(&r->loop, &r->gate, r->setup->gate_sock, on_messages, EPOLLIN)) ||
	    (err = loop_watch(&r->loop, &r->warden, r->setup->warden_sock, on_messages, EPOLLIN)))
		return err;
	return 0;
}

/* The last messages, then the end. */
static int
finish(struct record *r)
{
	int err = 0;

	do {
		err = drain_all(r);
		for (int i = 0; i < CHAIN__MAX; i++)
			if (r->stream[i].batch && record_commit(r, &r->stream[i]))
				return 1;
	} while (!err && !wants_more(r));
	while (fly(r, true))
		;
	ways_committed(alerts_head(r), true);
	kept_write(&r->kept, &r->setup->kept, r->setup->state_dir, now_boot_ns());
	flights_free(r->flights);
	closed_end(&r->closed);
	for (int i = 0; i < CHAIN__MAX; i++)
		if (r->stream[i].chain) {
			chain_rest(r->stream[i].chain);
			chain_free(r->stream[i].chain);
		}
	return 0;
}

int
record_main(const struct record_setup *setup)
{
	struct record *r = &the_record;

	r->setup = setup;
	if (setup->flight_dir >= 0 && flights_new(&r->flights, &(struct flight_setup){ setup->flight_dir, setup->page, setup->config->flight_ns }))
		log_errno(-ENOMEM, "the flight recorder is off");
	ways_open(&(struct ways_setup){ .sock = setup->ways_sock, .hook_sock = setup->hook_sock, .metrics_dir = setup->metrics_dir,
	    .config = setup->config, .page = setup->page, .host = &setup->host });
	int err = start_loop(r);
	if (!err)
		err = begin_logs(r);
	if (err && !r->stream[CHAIN_ALERTS].chain) {
		log_errno(err, "the log cannot be opened");
		return 1;
	}
	if (!err)
		publish(r);
	err = loop_run(&r->loop);
	if (err)
		log_errno(err, "ends");
	return r->ending ? finish(r) : 1;
}
