#include <errno.h>
#include <string.h>
#include "event/verdict.h"

static const char *const report_kinds[REPORT__MAX] = { [REPORT_ALERT] = "alert", [REPORT_EVENT] = "event", [REPORT_STATE] = "state" };
static const char *const decisions[] = { [DECISION_ALLOW] = "allow", [DECISION_DENY] = "deny" };
static const char *const severities[] = {
	[SEVERITY_INFO] = "info", [SEVERITY_LOW] = "low", [SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high", [SEVERITY_CRITICAL] = "critical",
};
static const char *const settleds[] = {
	[SETTLED_DEFAULT] = "default", [SETTLED_RULE] = "rule", [SETTLED_OWN] = "own",
	[SETTLED_DEADLINE] = "deadline", [SETTLED_BACKSTOP] = "backstop",
};
static const struct { enum action bit; const char *name; } actions[] = {
	{ ACTION_ALLOW, "allow" }, { ACTION_DENY, "deny" }, { ACTION_ALERT, "alert" }, { ACTION_LOG, "log" },
	{ ACTION_KILL, "kill" }, { ACTION_KILL_PARENT, "kill-parent" }, { ACTION_KILL_TREE, "kill-tree" },
	{ ACTION_SUSPEND, "suspend" },
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

size_t
report_wire_size(const struct report *r)
{
	return offsetof(struct report, event) + event_wire_size(&r->event);
}

int
report_from_wire(struct report *r, const void *buf, size_t len)
{
	size_t head = offsetof(struct report, event);

	if (len < head || len > sizeof(*r))
		return -EBADMSG;
	memcpy(r, buf, head);
	if (r->kind >= REPORT__MAX || r->decision > DECISION_DENY || r->would > DECISION_DENY || r->mode > MODE_ENFORCE ||
	    r->settled >= SETTLED__MAX || r->severity > SEVERITY_CRITICAL || (r->actions & ~ACTION_ALL))
		return -EBADMSG;
	return event_from_wire(&r->event, (const char *)buf + head, len - head);
}

const char *
report_kind_name(enum report_kind k)
{
	return report_kinds[k];
}

const char *
decision_name(enum decision d)
{
	return decisions[d];
}

const char *
severity_name(enum severity s)
{
	return severities[s];
}

int
severity_find(const char *name)
{
	for (size_t i = 0; i < COUNT(severities); i++)
		if (strcmp(severities[i], name) == 0)
			return (int)i;
	return -1;
}

const char *
settled_name(enum settled s)
{
	return settleds[s];
}

const char *
action_name(enum action bit)
{
	for (size_t i = 0; i < COUNT(actions); i++)
		if (actions[i].bit == bit)
			return actions[i].name;
	return "none";
}

unsigned
action_find(const char *name)
{
	for (size_t i = 0; i < COUNT(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return actions[i].bit;
	return 0;
}
