#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "alert/chain.h"
#include "alert/keep.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "record/record.h"

#define BATCH_MAX	256
#define BATCH_NS	(10 * NS_PER_MS)	/* [records] sync = batch: an alert waits so long for company */
#define EVENTS_NS	NS_PER_SEC		/* what rules only log waits so long */
#define RETRY_NS	NS_PER_SEC
#define REST_MS		50
#define KEPT_NS		(60 * NS_PER_SEC)	/* memory of others is written so often, if it changed */

static struct record {
	const struct record_setup *setup;
	struct loop	 loop;
	struct source	 gate, warden, signals, timer;
	struct chain	*chain;
	unsigned	 batch;			/* records that are not committed */
	uint64_t	 number, state_number;	/* last report of the gate and of the warden in the chain */
	uint64_t	 start_ns;		/* as the warden tells it */
	uint64_t	 due_ns;		/* commit no later; 0: nothing is due */
	uint64_t	 last_ns;		/* last commit */
	uint64_t	 failing_ns;		/* since when commits fail; 0: they do not */
	int		 error;			/* of the last one */
	uint64_t	 kept, kept_ns;		/* changes of that memory when it was written; when */
	uint64_t	 broken;		/* messages that made no sense, not told yet */
	bool		 ending;
	struct report	 report;
	char		 body[RECORD_MAX - CHAIN_SUFFIX];
	_Alignas(8) char buffer[WIRE_MAX];
} the_record;

static void
publish(struct record *r)
{
	struct page_record *p = &r->setup->page->record;

	atomic_store(&p->acked, r->number);
	atomic_store(&p->acked_state, r->state_number);
	atomic_store(&p->epoch, chain_head(r->chain)->epoch);
	atomic_store(&p->sequence, chain_head(r->chain)->sequence);
	atomic_store(&p->error, 0);
}

static void
listen_to(struct record *r, bool on)
{
	loop_change(&r->loop, &r->gate, on ? EPOLLIN : 0);
	loop_change(&r->loop, &r->warden, on ? EPOLLIN : 0);
}

/* While the disk does not take the batch nothing more is read: it waits where it is, and the gate counts what finds no room there. */
static void
failed(struct record *r, int err)
{
	if (!r->failing_ns) {
		r->failing_ns = now_boot_ns();
		log_errno(err, "records cannot be written (tried again each second)");
		listen_to(r, false);
	}
	r->error = -err;
	r->due_ns = now_boot_ns() + RETRY_NS;
	counter_add(r->setup->page, COUNTER_WRITE_ERRORS, 1);
	atomic_store(&r->setup->page->record.error, -err);
}

static int
commit(struct record *r)
{
	int err = chain_commit(r->chain);

	if (err) {
		failed(r, err);
		return err;
	}
	counter_add(r->setup->page, COUNTER_RECORDS, r->batch);
	counter_add(r->setup->page, COUNTER_COMMITS, 1);
	r->batch = 0;
	r->due_ns = 0;
	r->last_ns = now_boot_ns();
	publish(r);
	return 0;
}

static void
append(struct record *r)
{
	struct chain_line line = { .body = r->body, .mono_ns = r->report.event.boot_ns, .boot_id = r->setup->host.boot_id,
		.sealed = r->report.kind != REPORT_EVENT };
	uint64_t wait = r->report.kind == REPORT_EVENT ? EVENTS_NS : r->setup->config->sync == SYNC_BATCH ? BATCH_NS : 0;

	line.len = alert_json(r->body, sizeof(r->body), &r->report, &r->setup->host, chain_head(r->chain)->sequence);
	int err = chain_append(r->chain, &line);
	if (err) {
		log_errno(err, "a record could not be added");	/* the loop reads only while there is room */
		return;
	}
	r->batch++;
	uint64_t due = now_boot_ns() + wait;
	if (!r->due_ns || due < r->due_ns)
		r->due_ns = due;
}

static uint64_t
state_id(const struct record *r)
{
	uint64_t id;
	uint8_t hash[crypto_hash_sha256_BYTES];
	char text[128];
	int n = snprintf(text, sizeof(text), "%s:%s:%llu", r->setup->host.boot_id, chain_head(r->chain)->log,
	    (unsigned long long)chain_head(r->chain)->sequence);

	crypto_hash_sha256(hash, (const uint8_t *)text, (size_t)n);
	memcpy(&id, hash, sizeof(id));
	return id;
}

/* What this process has to tell itself. */
static void __attribute__((format(printf, 4, 5)))
state(struct record *r, uint64_t count, const char *action, const char *fmt, ...)
{
	struct event *ev = &r->report.event;
	char why[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	memset(&r->report, 0, offsetof(struct report, event));
	r->report.kind = REPORT_STATE;
	r->report.mode = (uint8_t)atomic_load(&r->setup->page->warden.mode);
	event_init(ev, EVENT_AGENT, SENSOR_SELF);
	ev->id = state_id(r);
	ev->wall_ns = now_wall_ns();
	ev->boot_ns = now_boot_ns();
	ev->count = count;
	event_set_str(ev, TEXT_ACTION, action);
	event_set_str(ev, TEXT_REASON, why);
	ev->have |= HAVE_ACTION;
	append(r);
}

/* Once writing works again the gap is told, with its cause. */
static void
recovered(struct record *r)
{
	uint64_t seconds = (now_boot_ns() - r->failing_ns) / NS_PER_SEC;
	bool full = r->error == ENOSPC || r->error == EDQUOT;

	r->failing_ns = 0;
	listen_to(r, true);
	log_notice("records are written again");
	state(r, seconds, full ? "disk-full" : "write-error", "Records could not be written for %llu s (%s); they waited, and "
	    "what found no room to wait is counted.", (unsigned long long)seconds, errno_name(r->error));
}

/*
 * The reports of a sender rise; one that a new sender sent again may be here already. What our predecessor had not read comes again
 * too, behind what it had read and not written: taken here, it would hide that.
 */
static void
take(struct record *r, const struct wire_msg *m)
{
	uint64_t *last = m->type == MSG_STATE ? &r->state_number : &r->number;

	if (report_from_wire(&r->report, m->payload, m->len)) {
		r->broken++;
		return;
	}
	if (r->report.number && (r->report.number <= *last || r->report.to_ns != r->start_ns))
		return;
	if (r->report.number)
		*last = r->report.number;
	append(r);
}

static bool
wants_more(const struct record *r)
{
	return r->batch < BATCH_MAX && chain_has_room(r->chain);
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

static int
on_timer(struct source *s, uint32_t events)
{
	(void)events;
	timer_read(s->fd);
	return 0;
}

/* What is due now; and the timer for what is due next. Returns how long to wait at most, in ms. */
static int
tend(struct loop *l)
{
	struct record *r = l->owner;
	uint64_t now = now_boot_ns(), beat = r->last_ns + r->setup->config->heartbeat_ns;

	if (r->broken && !r->failing_ns && wants_more(r)) {
		state(r, r->broken, "message-broken", "%llu messages of other processes of yett made no sense and were dropped.",
		    (unsigned long long)r->broken);
		r->broken = 0;
	}
	if (!r->batch && now >= beat)
		state(r, 0, "heartbeat", "yettd is alive.");
	if (r->batch && (now >= r->due_ns || (!r->failing_ns && !wants_more(r))) && commit(r) == 0 && r->failing_ns)
		recovered(r);
	if (r->batch) {
		now = now_boot_ns();
		return r->due_ns <= now ? 0 : (int)((r->due_ns - now) / NS_PER_MS) + 1;
	}
	return -1;
}

/* As it stands at this moment; a loss costs only what was learnt since. */
static void
keep(struct record *r)
{
	const struct kept *k = &r->setup->kept;
	uint64_t changes = k->bytes ? atomic_load(k->changes) : 0;

	r->kept_ns = now_boot_ns();
	if (changes == r->kept)
		return;
	int err = keep_write(r->setup->state_dir, KEPT_FILE, k->bytes, k->len, 0600);
	if (err)
		log_errno(err, "what correlations have learnt could not be kept");
	else
		r->kept = changes;
}

/* Erasing the last key is made durable when nobody waits for the disk. */
static int
before(struct loop *l)
{
	struct record *r = l->owner;
	int wait = tend(l);
	struct pollfd p[2] = { { .fd = r->setup->gate_sock, .events = POLLIN }, { .fd = r->setup->warden_sock, .events = POLLIN } };

	if (wait >= 0)
		return wait;
	uint64_t now = now_boot_ns(), beat = r->last_ns + r->setup->config->heartbeat_ns;
	if (now - r->kept_ns >= KEPT_NS)
		keep(r);
	timer_set(r->timer.fd, beat > now ? beat - now : 1, 0);
	if (poll(p, 2, REST_MS) == 0)
		chain_rest(r->chain);
	return -1;
}

static int
add(struct record *r, struct source *s, int fd, source_fn *fn)
{
	*s = (struct source){ .fd = fd, .ready = fn, .owner = r };
	return fd < 0 ? -errno : loop_add(&r->loop, s, EPOLLIN);
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
	if (err || (err = add(r, &r->signals, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), on_signal)) ||
	    (err = add(r, &r->timer, timer_open(0, 0), on_timer)) ||
	    (err = add(r, &r->gate, r->setup->gate_sock, on_messages)) ||
	    (err = add(r, &r->warden, r->setup->warden_sock, on_messages)))
		return err;
	return 0;
}

/* The first record of a new process tells in what state the log was found, where that is worth a word. */
static int
start_chain(struct record *r)
{
	enum chain_found found;
	uint64_t torn;
	int err = chain_open(&r->chain, r->setup->log_dir, r->setup->state_dir, &found, &torn);

	if (err)
		return err;
	r->start_ns = atomic_load(&r->setup->page->process[ROOM_RECORD].started_ns);
	r->number = atomic_load(&r->setup->page->record.acked);
	r->state_number = atomic_load(&r->setup->page->record.acked_state);
	if (found == CHAIN_NEW)
		state(r, 0, "log-start", "A new log begins.");
	else if (found == CHAIN_TORN)
		state(r, torn, "log-torn", "%llu bytes at the end of the log were never acknowledged; they were kept beside it and cut off.",
		    (unsigned long long)torn);
	else if (found == CHAIN_BROKEN)
		state(r, 0, "log-broken", "No key continues the log that was found: it and its anchor were kept aside, and this one begins "
		    "under a new anchor.");
	return found == CHAIN_WHOLE ? 0 : commit(r);
}

/* The last messages, then the end. */
static int
finish(struct record *r)
{
	int err = 0;

	do {
		err = drain_all(r);
		if (r->batch && commit(r))
			return 1;
	} while (!err && !wants_more(r));
	keep(r);
	chain_rest(r->chain);
	chain_free(r->chain);
	return 0;
}

int
record_main(const struct record_setup *setup)
{
	struct record *r = &the_record;

	r->setup = setup;
	int err = start_loop(r);
	if (!err)
		err = start_chain(r);
	if (err && !r->chain) {
		log_errno(err, "the log cannot be opened");
		return 1;
	}
	r->last_ns = now_boot_ns();
	if (!err)
		publish(r);
	err = loop_run(&r->loop);
	if (err)
		log_errno(err, "ends");
	return r->ending ? finish(r) : 1;
}
