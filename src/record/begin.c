#include <stdio.h>
#include "alert/minisign.h"
#include "base/clock.h"
#include "record/inside.h"

#define ALERTS_MOST	256			/* records of one commit: each is signed */
#define EVENTS_MOST	2048

void
begin_tell(struct record *r, enum chain_which which)
{
	const char *whose = which == CHAIN_ALERTS ? "" : " of events";
	struct stream *s = &r->stream[which];
	const struct chain_head *before = chain_follows(s->chain);
	char lines[192];

	if (!before) {
		record_state(s, 0, "log-start", "A new log%s begins.", whose);
		return;
	}
	int n = snprintf(lines, sizeof(lines), "follows=%s%crecords=%llu%chead=%s", before->log, 0, (unsigned long long)before->sequence, 0,
	    before->prev);
	const struct stating of = { .action = "log-start", .details = lines, .len = (size_t)n };
	record_state_of(s, &of, "A new log%s begins. It follows the log %s, whose last record is %llu, with the hash %s, and which "
	    "lies in the directory of that name.", whose, before->log, (unsigned long long)before->sequence - 1, before->prev);
}

void
begin_tell_events(struct record *r)
{
	char anchor[65];

	if (chain_anchor(CHAIN_EVENTS, r->setup->state_dir, anchor) == 0)
		record_state(&r->stream[CHAIN_ALERTS], 0, "log-start", "A new log of events begins, under the anchor %s.", anchor);
}

/* In what state a log was found, where that is worth a word. */
static void
tell_found(struct record *r, enum chain_which which, enum chain_found found, uint64_t torn)
{
	struct stream *alerts = &r->stream[CHAIN_ALERTS], *own = &r->stream[which];
	const struct chain *c = own->chain;
	const char *whose = which == CHAIN_ALERTS ? "" : " of events";
	char anchor[65] = "", key[MINISIGN_KEY];

	if (found == CHAIN_NEW || (found == CHAIN_BROKEN && which != CHAIN_ALERTS))
		begin_tell(r, which);
	if (found == CHAIN_NEW && which != CHAIN_ALERTS)
		begin_tell_events(r);
	if (torn)	/* also of a log that was set aside right after */
		record_state(alerts, torn, "log-torn", "%llu bytes at the end of the log%s were never acknowledged; they were kept beside it and "
		    "cut off.", (unsigned long long)torn, whose);
	if (found == CHAIN_BROKEN && chain_anchor(which, r->setup->state_dir, anchor) == 0)
		record_state(alerts, 0, "log-broken", "No key continues the log%s that was found: it and its anchor were kept aside, and this one "
		    "begins under the new anchor %s.", whose, anchor);
	if (!chain_sums_key(c))
		return;
	minisign_key(chain_sums_key(c), key);
	record_state(alerts, 0, "sums-anew", "The sums of closed segments of the log%s were lost; they begin anew, signed by %s.", whose, key);
}

static int
start_chain(struct record *r, enum chain_which which)
{
	const struct record_setup *u = r->setup;
	struct stream *s = &r->stream[which];
	struct page_record *p = &u->page->record;
	enum chain_found found;
	uint64_t torn;
	int err = chain_open(&s->chain, &(struct chain_place){ which, u->log_dir, u->state_dir }, &found, &torn);

	if (err)
		return err;
	s->most = which == CHAIN_ALERTS ? ALERTS_MOST : EVENTS_MOST;
	s->last_ns = now_boot_ns();
	s->last[FROM_GATE] = s->committed[FROM_GATE] = atomic_load(&p->in[which].reports);
	s->last[FROM_WARDEN] = s->committed[FROM_WARDEN] = atomic_load(&p->in[which].states);
	s->closed = true;	/* what is there may be too much, or not packed yet */
	tell_found(r, which, found, torn);
	return 0;
}

int
begin_logs(struct record *r)
{
	int err = start_chain(r, CHAIN_ALERTS);

	if (err)
		return err;
	r->start_ns = atomic_load(&r->setup->page->process[ROOM_RECORD].started_ns);
	if (r->setup->config->events && (err = start_chain(r, CHAIN_EVENTS)))
		return err;
	reserve_init(&r->reserve, r->setup->state_dir);
	closed_init(&r->closed, r->setup->log_dir, r->setup->config);
	for (int i = CHAIN__MAX - 1; i >= 0 && !err; i--)
		err = r->stream[i].batch ? record_commit(r, &r->stream[i]) : 0;
	return err;
}
