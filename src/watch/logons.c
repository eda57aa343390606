#include <errno.h>
#include <libaudit.h>
#include <string.h>
#include "event/field.h"
#include "watch/logons.h"

#define SESSION_OPENS	"PAM:session_open"
#define SESSION_CLOSES	"PAM:session_close"

enum result { ANY, GOOD, BAD };

static const struct meaning {
	unsigned	 type;
	const char	*op;			/* NULL: any */
	enum result	 result;
	enum event_kind	 kind;
	const char	*object, *change;
} meanings[] = {
	{ AUDIT_LOGIN,		NULL,	GOOD,	EVENT_LOGON,		NULL,		NULL },
	{ AUDIT_USER_START,	SESSION_OPENS,	GOOD,	EVENT_LOGON,		NULL,		NULL },
	{ AUDIT_USER_LOGIN,	NULL,	GOOD,	EVENT_LOGON,		NULL,		NULL },
	{ AUDIT_USER_END,	SESSION_CLOSES,	GOOD,	EVENT_LOGOFF,		NULL,		NULL },
	{ AUDIT_USER_LOGOUT,	NULL,	GOOD,	EVENT_LOGOFF,		NULL,		NULL },
	{ AUDIT_USER_AUTH,	NULL,	BAD,	EVENT_LOGON_FAILED,	NULL,		NULL },
	{ AUDIT_USER_ACCT,	NULL,	BAD,	EVENT_LOGON_FAILED,	NULL,		NULL },
	{ AUDIT_USER_START,	SESSION_OPENS,	BAD,	EVENT_LOGON_FAILED,	NULL,		NULL },
	{ AUDIT_USER_LOGIN,	NULL,	BAD,	EVENT_LOGON_FAILED,	NULL,		NULL },
	{ AUDIT_USER_ERR,	NULL,	BAD,	EVENT_LOGON_FAILED,	NULL,		NULL },
	{ AUDIT_ANOM_LOGIN_FAILURES, NULL, ANY,	EVENT_LOGON_FAILED,	NULL,		NULL },
	{ AUDIT_ADD_USER,	NULL,	GOOD,	EVENT_ACCOUNT,		"user",		"added" },
	{ AUDIT_DEL_USER,	NULL,	GOOD,	EVENT_ACCOUNT,		"user",		"removed" },
	{ AUDIT_USER_MGMT,	NULL,	GOOD,	EVENT_ACCOUNT,		"user",		"changed" },
	{ AUDIT_USER_CHAUTHTOK,	NULL,	GOOD,	EVENT_ACCOUNT,		"password",	"changed" },
	{ AUDIT_ACCT_LOCK,	NULL,	GOOD,	EVENT_ACCOUNT,		"user",		"locked" },
	{ AUDIT_ACCT_UNLOCK,	NULL,	GOOD,	EVENT_ACCOUNT,		"user",		"unlocked" },
	{ AUDIT_ADD_GROUP,	NULL,	GOOD,	EVENT_ACCOUNT,		"group",	"added" },
	{ AUDIT_DEL_GROUP,	NULL,	GOOD,	EVENT_ACCOUNT,		"group",	"removed" },
	{ AUDIT_GRP_MGMT,	NULL,	GOOD,	EVENT_ACCOUNT,		"group",	"changed" },
	{ AUDIT_GRP_CHAUTHTOK,	NULL,	GOOD,	EVENT_ACCOUNT,		"group",	"changed" },
	{ AUDIT_SERVICE_START,	NULL,	GOOD,	EVENT_SERVICE,		"unit",		"started" },
	{ AUDIT_SERVICE_STOP,	NULL,	GOOD,	EVENT_SERVICE,		"unit",		"stopped" },
};
#define MEANINGS	(sizeof(meanings) / sizeof(meanings[0]))

bool
logons_hear(unsigned type)
{
	for (size_t i = 0; i < MEANINGS; i++)
		if (meanings[i].type == type)
			return true;
	return false;
}

static const struct meaning *
meaning_of(const struct said *s)
{
	for (const struct meaning *m = meanings; m < meanings + MEANINGS; m++) {
		bool op = !m->op || (s->op_len == strlen(m->op) && !memcmp(s->op, m->op, s->op_len));
		bool result = m->result == ANY || (m->result == GOOD) == s->good;
		if (m->type == s->type && op && result)
			return m;
	}
	return NULL;
}

static bool
close_by(uint64_t a, uint64_t b)
{
	return (a < b ? b - a : a - b) < LOGONS_NS;
}

static bool
same_who(int32_t pid, uint32_t session, const struct said *s)
{
	return pid == s->pid || (session != UINT32_MAX && session == s->session);
}

static size_t
kept(const struct said *s)
{
	return s->account_len < LOGONS_NAME ? s->account_len : LOGONS_NAME;
}

static bool
other_account(const struct logon_act *a, const struct said *s)
{
	return a->account_len && s->account_len && (a->account_len != kept(s) || memcmp(a->account, s->account, kept(s)));
}

/* Of the same kind and, for accounts, the same change: what is told once more, or by another record. */
static bool
same_act(const struct logon_act *a, const struct said *s, const struct meaning *m)
{
	const struct meaning *was = &meanings[a->row];

	if (!a->rows || was->kind != m->kind || was->object != m->object || was->change != m->change)
		return false;
	if (!close_by(a->wall_ns, s->wall_ns) || !same_who(a->pid, a->session, s) || other_account(a, s))
		return false;
	return m->kind == EVENT_ACCOUNT || !(a->rows >> (m - meanings) & 1);
}

/* True: it was told already. */
static bool
told(struct logons *l, const struct said *s, const struct meaning *m)
{
	struct logon_act *a = l->act;
	uint32_t row = (uint32_t)(m - meanings);

	if (m->kind == EVENT_SERVICE)
		return false;
	while (a < l->act + LOGONS_ACTS && !same_act(a, s, m))
		a++;
	bool found = a < l->act + LOGONS_ACTS;
	if (!found) {
		a = &l->act[l->next++ % LOGONS_ACTS];
		*a = (struct logon_act){ .wall_ns = s->wall_ns, .pid = s->pid, .session = s->session, .row = row };
	}
	a->rows |= 1u << row;
	if (!a->account_len) {
		a->account_len = kept(s);
		memcpy(a->account, s->account, a->account_len);
	}
	return found;
}

static void
say(struct event *ev, enum event_text which, uint32_t have, const char *s, size_t len)
{
	if (len && !event_set(ev, which, s, len))
		ev->have |= have;
}

/* A unit is told by its name without what kind of unit it is, which is always the same. */
static void
put_unit(const struct said *s, struct event *ev)
{
	static const char kind[] = ".service";
	char name[SAID_NAME + sizeof(kind)];

	memcpy(name, s->unit, s->unit_len);
	memcpy(name + s->unit_len, kind, sizeof(kind) - 1);
	say(ev, TEXT_CHANGE_ENTRY, HAVE_CHANGE, name, s->unit_len + sizeof(kind) - 1);
}

static void
make_event(const struct said *s, const struct meaning *m, uint64_t boot_ns, struct event *ev)
{
	event_init(ev, m->kind, SENSOR_AUDIT);
	ev->wall_ns = s->wall_ns;
	ev->boot_ns = boot_ns;
	ev->flags |= FLAG_NOTIFIED;
	ev->process = (struct process){ .pid = s->pid, .uid = s->uid, .ruid = s->uid, .gid = UINT32_MAX, .auid = s->auid, .session = s->session };
	ev->have |= HAVE_AUID | HAVE_RESULT;
	ev->result = s->good ? 0 : -EACCES;
	say(ev, TEXT_EXECUTABLE, HAVE_PROCESS, s->exe, s->exe_len);
	ev->have |= HAVE_PROCESS;
	ev->account_id = s->id;
	if (s->id != UINT32_MAX)
		ev->have |= HAVE_ACCOUNT;
	say(ev, TEXT_ACCOUNT, HAVE_ACCOUNT, s->account, s->account_len);
	say(ev, TEXT_TTY, HAVE_TTY, s->terminal, s->terminal_len);
	if (s->from.family) {
		ev->source = s->from;
		ev->have |= HAVE_SOURCE;
	}
	if (m->change) {
		say(ev, TEXT_CHANGE_TYPE, HAVE_CHANGE, m->change, strlen(m->change));
		say(ev, TEXT_CHANGE_OBJECT, HAVE_CHANGE, m->object, strlen(m->object));
		if (m->kind == EVENT_ACCOUNT)
			say(ev, TEXT_CHANGE_ENTRY, HAVE_CHANGE, s->account, s->account_len);
		else
			put_unit(s, ev);
	}
	ev->have &= field_carried(m->kind);
}

/* For who says more. True: the place of an older one was taken, which is in EV. */
static bool
hold(struct logons *l, const struct said *s, const struct meaning *m, uint64_t now_ns, struct event *ev)
{
	struct logon_held *h = l->held;

	for (unsigned i = 1; i < LOGONS_HELD && h->due_ns; i++)
		if (l->held[i].due_ns < h->due_ns)
			h = &l->held[i];
	bool full = h->due_ns != 0;
	if (full)
		make_event(&h->said, &meanings[h->row], now_ns, ev);
	*h = (struct logon_held){ .due_ns = now_ns + LOGONS_NS, .row = (uint32_t)(m - meanings), .said = *s };
	return full;
}

static bool
waits_for(const struct logon_held *h, enum event_kind kind)
{
	return h->due_ns && meanings[h->row].kind == kind;
}

static void
let_go(struct logons *l, const struct said *s)
{
	for (struct logon_held *h = l->held; h < l->held + LOGONS_HELD; h++)
		if (waits_for(h, EVENT_LOGON) && same_who(h->said.pid, h->said.session, s))
			h->due_ns = 0;
}

/* Tools name an account by its name or by its number, of a group by neither at times. */
static bool
same_change(const struct logon_fact *f, const struct said *s, const struct meaning *m)
{
	const struct meaning *was = &meanings[f->row];

	if (!f->wall_ns || was->object != m->object || was->change != m->change)
		return false;
	if ((f->wall_ns < s->wall_ns ? s->wall_ns - f->wall_ns : f->wall_ns - s->wall_ns) >= LOGONS_FACT_NS)
		return false;
	if (s->account_len && f->account_len)
		return f->account_len == kept(s) && !memcmp(f->account, s->account, kept(s));
	return s->id == UINT32_MAX || f->id == UINT32_MAX || f->id == s->id;
}

static bool
is_text(const struct event *ev, enum event_text which, const char *want)
{
	size_t n;
	const char *s = event_text(ev, which, &n);

	return want && n == strlen(want) && !memcmp(s, want, n);
}

void
logons_fact(struct logons *l, struct event *ev)
{
	struct logon_fact f = { .wall_ns = ev->wall_ns, .id = ev->account_id };
	size_t n;
	const char *name = event_text(ev, TEXT_CHANGE_ENTRY, &n);

	while (f.row < MEANINGS && !(meanings[f.row].kind == EVENT_ACCOUNT && is_text(ev, TEXT_CHANGE_OBJECT, meanings[f.row].object) &&
	    is_text(ev, TEXT_CHANGE_TYPE, meanings[f.row].change)))
		f.row++;
	if (ev->kind != EVENT_ACCOUNT || f.row == MEANINGS)
		return;
	f.account_len = n < LOGONS_NAME ? n : LOGONS_NAME;
	memcpy(f.account, name, f.account_len);
	l->fact[l->next_fact++ % LOGONS_FACTS] = f;
	for (struct logon_held *h = l->held; h < l->held + LOGONS_HELD; h++)
		if (waits_for(h, EVENT_ACCOUNT) && same_change(&f, &h->said, &meanings[h->row])) {
			h->due_ns = 0;
			ev->sensors |= 1u << SENSOR_AUDIT;
		}
}

static bool
is_fact(const struct logons *l, const struct said *s, const struct meaning *m)
{
	for (unsigned i = 0; i < LOGONS_FACTS; i++)
		if (same_change(&l->fact[i], s, m))
			return true;
	return false;
}

/* Has a program said already that this session began? */
static bool
begun(const struct logons *l, const struct said *s)
{
	for (unsigned i = 0; i < LOGONS_ACTS; i++)
		if (l->act[i].rows && meanings[l->act[i].row].kind == EVENT_LOGON && close_by(l->act[i].wall_ns, s->wall_ns) &&
		    same_who(l->act[i].pid, l->act[i].session, s))
			return true;
	return false;
}

int
logons_take(struct logons *l, const struct record *r, uint64_t kinds, uint64_t now_ns, struct event *ev)
{
	struct said *s = &l->said;
	int err = said_parse(r, s);
	const struct meaning *m = err ? NULL : meaning_of(s);

	if (err)
		return err;
	if (!m || !(kinds >> m->kind & 1))
		return -ENOMSG;
	if (m->type == AUDIT_LOGIN)
		return !begun(l, s) && hold(l, s, m, now_ns, ev) ? 0 : -ENOMSG;
	if (m->kind == EVENT_LOGON)
		let_go(l, s);
	if (told(l, s, m))
		return -ENOMSG;
	if (m->kind == EVENT_ACCOUNT)
		return !is_fact(l, s, m) && hold(l, s, m, now_ns, ev) ? 0 : -ENOMSG;
	make_event(s, m, now_ns, ev);
	return 0;
}

bool
logons_due(struct logons *l, uint64_t now_ns, struct event *ev)
{
	for (unsigned i = 0; i < LOGONS_HELD; i++)
		if (l->held[i].due_ns && l->held[i].due_ns <= now_ns) {
			l->held[i].due_ns = 0;
			make_event(&l->held[i].said, &meanings[l->held[i].row], now_ns, ev);
			return true;
		}
	return false;
}

bool
logons_wait(const struct logons *l)
{
	for (unsigned i = 0; i < LOGONS_HELD; i++)
		if (l->held[i].due_ns)
			return true;
	return false;
}
