#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "warden/rekey.h"
#include "warden/roles.h"
#include "warden/tell.h"
#include "warden/who.h"

static const char *const names[ROTATED_LOGS] = { [ROTATED_ALERTS] = "alerts", [ROTATED_EVENTS] = "events" };

void
rekey_request(struct warden *w, const struct msg_request *q)
{
	struct rotating *now = &w->rotating;
	struct msg_rotate m = { .ticket = now->ticket + 1, .to_ns = atomic_load(&w->page->process[ROOM_RECORD].started_ns), .logs = q->logs };
	struct who who;

	if (now->request.ticket) {
		tell_admin(w, q, 1, "Another change of keys is under way; ask again in a moment.");
		return;
	}
	who_find(&who, q->pid, q->uid);
	m.by = who_process(&who);
	snprintf(m.executable, sizeof(m.executable), "%s", who.exe);
	snprintf(m.user, sizeof(m.user), "%s", policy_user(w->policy, who.uid));
	int err = w->child[ROOM_RECORD].pid ? wire_send(edge_fd(w, EDGE_WARDEN_RECORD, ROOM_WARDEN), MSG_ROTATE, &m, sizeof(m), -1) : -EAGAIN;
	if (err) {
		tell_admin(w, q, 1, "The record process is away or far behind, and nothing has changed; ask again in a moment.");
		return;
	}
	now->request = *q;
	now->ticket = m.ticket;
	now->to_ns = m.to_ns;
}

/* Of digits and small letters alone, as ids and anchors are; SIZE: of the array. */
static bool
is_hex(const char *s, size_t size)
{
	size_t n = strnlen(s, size);

	return n < size && strspn(s, "0123456789abcdef") == n;
}

/* What cannot be said of one log, as a line. */
static size_t
put_failure(const struct rotated *r, const char *name, char *text, size_t size)
{
	if (r->state == ROTATED_NOT_WRITTEN)
		return (size_t)snprintf(text, size, "There is no log of %s: [records] events = off.\n", name);
	return (size_t)snprintf(text, size, "The log of %s goes on under its old anchor: a new one could not be written down (%s).\n", name,
	    errno_name(r->error));
}

static size_t
put_done(const struct rotated *r, const char *name, char *text, size_t size)
{
	log_notice("keys-rotated: the log of %s begins anew under the anchor %s; the old one lies in its directory %s", name, r->anchor, r->log);
	return (size_t)snprintf(text, size, "%s\"%s\":{\"old\":\"%s\",\"anchor\":\"%s\",\"log\":\"%s\",\"records\":%llu}",
	    text[-1] == '{' ? "" : ",", name, r->old, r->anchor, r->log, (unsigned long long)r->records);
}

void
rekey_on_rotated(struct warden *w, const struct msg_rotated *m)
{
	char done[1024] = "{", failed[1024] = "";
	size_t n = 1, bad = 0;

	if (!w->rotating.request.ticket || m->ticket != w->rotating.ticket)
		return;
	for (int i = 0; i < ROTATED_LOGS; i++) {
		const struct rotated *r = &m->log[i];
		bool both = w->rotating.request.logs & (w->rotating.request.logs - 1);
		if (!is_hex(r->log, sizeof(r->log)) || !is_hex(r->old, sizeof(r->old)) || !is_hex(r->anchor, sizeof(r->anchor)))
			return;
		if (r->state == ROTATED_DONE)
			n += put_done(r, names[i], done + n, sizeof(done) - n);
		else if (r->state == ROTATED_FAILED || (r->state == ROTATED_NOT_WRITTEN && !both))
			bad += put_failure(r, names[i], failed + bad, sizeof(failed) - bad);
	}
	snprintf(done + n, sizeof(done) - n, "}");
	if (bad && n > 1)
		snprintf(failed + bad, sizeof(failed) - bad, "The other one has a new anchor: yettctl keys show.\n");
	tell_admin(w, &w->rotating.request, bad ? 1 : 0, bad ? failed : done);
	w->rotating.request.ticket = 0;
}

void
rekey_tend(struct warden *w)
{
	if (!w->rotating.request.ticket || atomic_load(&w->page->process[ROOM_RECORD].started_ns) == w->rotating.to_ns)
		return;
	tell_admin(w, &w->rotating.request, 1, "The record process ended meanwhile. Each log goes on under the anchor that yettctl keys show "
	    "tells; ask again where it is the old one.");
	w->rotating.request.ticket = 0;
}
