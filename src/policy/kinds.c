#include <stdio.h>
#include "policy/build.h"
#include "policy/near.h"

static void
tell_lack(struct build *b, const struct draft_section *s, const struct draft_value *v, bool others)
{
	const char *lack = others ? "the rule matches on the others only" : "the rule would never match";

	(others ? fault_warn : fault_add)(b->d.faults, s->file, v->line,
	    "no rule hears '%s': %s; what yett tells of itself is recorded without any", v->value, lack);
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
