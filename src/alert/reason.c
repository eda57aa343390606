#include <stdio.h>
#include <string.h>
#include "alert/reason.h"

struct part { const char *s; int len; };

/* For printf: at most MOST bytes of a text, its end if it is too long, since that is the telling part of a path. */
static struct part
part(const struct event *ev, enum event_text which, size_t most)
{
	size_t len;
	const char *s = event_text(ev, which, &len);

	if (len > most) {
		s += len - most;
		len = most;
	}
	return (struct part){ s, (int)len };
}

static const char *
done(const struct report *r)
{
	const unsigned kills = ACTION_KILL | ACTION_KILL_PARENT | ACTION_KILL_TREE;

	if (r->decision == DECISION_DENY)
		return "Denied";
	if (r->actions & kills)
		return "Killed after";
	if (r->actions & ACTION_SUSPEND)
		return "Suspended after";
	if (r->would == DECISION_DENY)
		return "Would have denied";
	return r->kind == REPORT_ALERT ? "Alert on" : "Saw";
}

/* "rename of /a to /b by /usr/bin/mv": one more path, so each is shorter. */
static int
rename_words(const struct event *ev, char *out, size_t size)
{
	struct part exe = part(ev, TEXT_EXECUTABLE, 140), to = part(ev, TEXT_FILE_PATH, 140), from = part(ev, TEXT_FILE_PREVIOUS, 140);
	const char *kind = event_kind_name((enum event_kind)ev->kind);

	if (!from.len)
		return snprintf(out, size, "%s to %.*s by %.*s", kind, to.len ? to.len : 16, to.len ? to.s : "an unknown place",
		    exe.len ? exe.len : 18, exe.len ? exe.s : "an unknown program");
	return snprintf(out, size, "%s of %.*s to %.*s by %.*s", kind, from.len, from.s, to.len ? to.len : 16,
	    to.len ? to.s : "an unknown place", exe.len ? exe.len : 18, exe.len ? exe.s : "an unknown program");
}

/* What it is about where that is no file, as "user alice" or "www.example.org". */
static int
object_words(const struct event *ev, char *out, size_t size)
{
	struct part type = part(ev, TEXT_CHANGE_TYPE, 20), object = part(ev, TEXT_CHANGE_OBJECT, 40), entry = part(ev, TEXT_CHANGE_ENTRY, 100);
	struct part name = ev->have & HAVE_DNS ? part(ev, TEXT_DNS_NAME, 255) : part(ev, TEXT_ACCOUNT, 80);

	if (ev->have & HAVE_CHANGE)
		return snprintf(out, size, "%.*s %.*s %.*s", type.len, type.s, object.len, object.s, entry.len, entry.s);
	return snprintf(out, size, "%.*s", name.len, name.s);
}

/* "exec of /usr/bin/sh", "open of /etc/shadow by /usr/bin/cat", "connect by /usr/bin/nc". */
static int
act_words(const struct event *ev, char *out, size_t size)
{
	struct part exe = part(ev, TEXT_EXECUTABLE, 200), file = part(ev, TEXT_FILE_PATH, 200);
	const char *kind = event_kind_name((enum event_kind)ev->kind);
	char object[280];

	if ((ev->have & (HAVE_CHANGE | HAVE_DNS | HAVE_ACCOUNT)) && object_words(ev, object, sizeof(object)) > 0)
		return snprintf(out, size, "%s: %s, by %.*s", kind, object, exe.len ? exe.len : 18, exe.len ? exe.s : "an unknown program");
	if (ev->kind == EVENT_RENAME)
		return rename_words(ev, out, size);
	if (ev->kind == EVENT_EXEC || ev->kind == EVENT_START)
		return snprintf(out, size, "%s of %.*s", kind, exe.len ? exe.len : file.len, exe.len ? exe.s : file.s);
	if (file.len)
		return snprintf(out, size, "%s of %.*s by %.*s", kind, file.len, file.s, exe.len ? exe.len : 18, exe.len ? exe.s : "an unknown program");
	return snprintf(out, size, "%s by %.*s", kind, exe.len ? exe.len : 18, exe.len ? exe.s : "an unknown program");
}

void
reason(const struct report *r, char out[REASON_MAX])
{
	const struct event *ev = &r->event;
	char act[512], who[96] = "", below[256] = "", why[128] = "";
	struct part told = part(ev, TEXT_REASON, REASON_MAX - 1), user = part(ev, TEXT_USER_NAME, 64);
	struct part parent = part(ev, TEXT_PARENT_EXECUTABLE, 200), rule = part(ev, TEXT_RULE, 80);

	if (told.len) {
		snprintf(out, REASON_MAX, "%.*s", told.len, told.s);
		return;
	}
	act_words(ev, act, sizeof(act));
	if (user.len)
		snprintf(who, sizeof(who), " as %.*s", user.len, user.s);
	else if (ev->have & HAVE_USER)
		snprintf(who, sizeof(who), " as user %u", ev->process.uid);
	if (parent.len)
		snprintf(below, sizeof(below), ", child of %.*s", parent.len, parent.s);
	if (rule.len)
		snprintf(why, sizeof(why), ": rule %.*s", rule.len, rule.s);
	else
		snprintf(why, sizeof(why), ": by %s", settled_name((enum settled)r->settled));
	snprintf(out, REASON_MAX, "%s %s%s%s%s", done(r), act, who, below, why);
}

size_t
reason_command_line(const struct event *ev, char out[REASON_COMMAND_LINE])
{
	size_t len;
	const char *s = event_text(ev, TEXT_ARGS, &len);

	if (len && s[len - 1] == '\0')
		len--;
	if (len > REASON_COMMAND_LINE)
		len = REASON_COMMAND_LINE;
	for (size_t i = 0; i < len; i++)
		out[i] = s[i] ? s[i] : ' ';
	return len;
}
