#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "record/inside.h"

_Static_assert((int)ROTATED_ALERTS == CHAIN_ALERTS && (int)ROTATED_EVENTS == CHAIN_EVENTS && (int)ROTATED_LOGS == CHAIN__MAX,
    "the same logs in the same order");

bool
rotate_on_rotate(struct record *r, const struct msg_rotate *m)
{
	if (!m->ticket || m->logs == 0 || m->logs >= 1u << ROTATED_LOGS || !memchr(m->executable, '\0', sizeof(m->executable)) ||
	    !memchr(m->user, '\0', sizeof(m->user)))
		return false;
	/* What a process that is gone was asked was answered when it went; and the warden asks for one at a time. */
	if (m->to_ns != r->start_ns || r->rotate.ticket)
		return true;
	r->rotate = *m;
	r->rotated = (struct msg_rotated){ .ticket = m->ticket };
	for (int i = 0; i < CHAIN__MAX; i++)
		if (m->logs & 1u << i)
			r->rotated.log[i].state = r->stream[i].chain ? ROTATED_WAITS : ROTATED_NOT_WRITTEN;
	return true;
}

/* The record that names the new anchor is the last one of its log. */
static void
begin_rotation(struct record *r, enum chain_which which)
{
	struct rotated *out = &r->rotated.log[which];
	struct stream *s = &r->stream[which];
	char old[65] = "", anchor[65];

	if (chain_anchor(which, r->setup->state_dir, old))
		old[0] = '\0';
	int err = chain_plan_rotation(s->chain, anchor);
	if (err) {
		log_errno(err, "the log of %s cannot get a new anchor", chain_stem(which));
		out->state = ROTATED_FAILED;
		out->error = -err;
		return;
	}
	snprintf(out->log, sizeof(out->log), "%s", chain_head(s->chain)->log);
	snprintf(out->old, sizeof(out->old), "%s", old);
	snprintf(out->anchor, sizeof(out->anchor), "%s", anchor);
	record_state_of(s, &(struct stating){ .action = "keys-rotated", .by = &r->rotate },
	    "This log ends here. The one that follows begins under the anchor %s, which this line names as the next key.", anchor);
	out->records = chain_head(s->chain)->sequence;
	s->rotating = true;
	record_commit(r, s);	/* where that fails it is due again */
}

/* False: it is not done yet. */
static bool
tend_log(struct record *r, enum chain_which which)
{
	struct stream *s = &r->stream[which], *alerts = &r->stream[CHAIN_ALERTS];
	struct rotated *out = &r->rotated.log[which];

	if (out->state != ROTATED_WAITS)
		return true;
	if (s->failing_ns || s->rotating || !stream_has_room(alerts))
		return false;
	if (!out->anchor[0]) {
		if (s->ending || (s->batch && record_commit(r, s)))
			return false;
		begin_rotation(r, which);
		if (s->rotating || out->state == ROTATED_FAILED)
			return out->state == ROTATED_FAILED;
	}
	if (which == CHAIN_EVENTS)
		begin_tell_events(r);
	out->state = ROTATED_DONE;
	return true;
}

void
rotate_tend(struct record *r)
{
	bool done = r->rotate.ticket != 0;

	/* Alerts first: so the new log of alerts is the one that names the new log of events. */
	for (int i = 0; i < CHAIN__MAX && done; i++)
		done = tend_log(r, (enum chain_which)i);
	if (!done)
		return;
	int err = wire_send(r->setup->warden_sock, MSG_ROTATED, &r->rotated, sizeof(r->rotated), -1);
	if (err)
		log_errno(err, "who asked for new anchors could not be told; they are shown by yettctl keys show");
	r->rotate.ticket = 0;
}
