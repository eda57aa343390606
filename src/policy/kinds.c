#include <stdio.h>
#include "policy/build.h"
#include "policy/near.h"

/* What to ask for instead of an event that no sensor reports. */
static const struct { enum event_kind wanted, near; const char *how; } nearest[] = {
	{ EVENT_CREATE, EVENT_WRITE, "a file that is made is opened for writing" },
	{ EVENT_RENAME, EVENT_WRITE, "what was written under a first name" },
	{ EVENT_DELETE, EVENT_EXEC, "of rm, shred and unlink" },
	{ EVENT_CHMOD, EVENT_EXEC, "of chmod, chown, chattr and setfattr" },
	{ EVENT_LOAD, EVENT_OPEN, "of the library, by file.path" },
	{ EVENT_ACCEPT, EVENT_LISTEN, "by who waits for connections" },
	{ EVENT_DNS, EVENT_CONNECT, "to destination.port = 53, 853" },
	{ EVENT_KILL, EVENT_EXIT, "of the process that the signal ends" },
	{ EVENT_LOGON, EVENT_EXEC, "below sshd, login or a display manager, by process.ancestor.name" },
	{ EVENT_LOGOFF, EVENT_EXIT, "of the shell or session below sshd or login" },
	{ EVENT_LOGON_FAILED, EVENT_WRITE, "of /var/log/btmp" },
	{ EVENT_ACCOUNT, EVENT_WRITE, "of /etc/passwd, /etc/shadow and /etc/group" },
	{ EVENT_SERVICE, EVENT_WRITE, "below /etc/systemd and /usr/lib/systemd" },
	{ EVENT_SCHEDULE, EVENT_WRITE, "of /etc/cron*/** and below /var/spool/cron" },
	{ EVENT_SCRIPT, EVENT_EXEC, "of the script, by file.path and file.type = script" },
	{ EVENT_RAW_READ, EVENT_OPEN, "of the device, by file.path" },
};

static void
tell_lack(struct build *b, const struct draft_section *s, const struct draft_value *v, bool others)
{
	const char *lack = others ? "the rule matches on the others only" : "the rule would never match";
	char hint[160] = "";

	for (size_t i = 0; i < sizeof(nearest) / sizeof(nearest[0]); i++)
		if (nearest[i].wanted == (enum event_kind)event_kind_find(v->value))
			snprintf(hint, sizeof(hint), "; nearest is %s, %s", event_kind_name(nearest[i].near), nearest[i].how);
	(others ? fault_warn : fault_add)(b->d.faults, s->file, v->line, "no sensor of this version reports '%s': %s%s", v->value, lack, hint);
}

uint64_t
build_kinds(struct build *b, struct draft_section *s)
{
	const char *names[EVENT__MAX];
	const struct draft_value *all = build_needed(b, s, "on", ": which events does it judge?");
	uint64_t kinds = 0;
	char hint[80];

	for (int i = 0; i < EVENT__MAX; i++)
		names[i] = event_kind_name((enum event_kind)i);
	for (const struct draft_value *v = all; v; v = v->next) {
		int kind = event_kind_find(v->value);
		if (kind < 0)
			fault_add(b->d.faults, s->file, v->line, "unknown event '%.80s'%s", v->value,
			    near_hint(near_name(v->value, names, EVENT__MAX), hint, sizeof(hint)));
		else if (event_kind_sensor((enum event_kind)kind) != SENSOR_NOBODY)
			kinds |= 1ull << kind;
	}
	for (const struct draft_value *v = all; v; v = v->next)
		if (event_kind_find(v->value) >= 0 && event_kind_sensor((enum event_kind)event_kind_find(v->value)) == SENSOR_NOBODY)
			tell_lack(b, s, v, kinds);
	return kinds;
}
