#include "judge/cost.h"
#include "judge/judge.h"
#include "judge/reach.h"

static unsigned
marks_of(uint64_t kinds)
{
	static const unsigned by[SENSOR__MAX] = {
		[SENSOR_FANOTIFY] = MARKS_OPEN, [SENSOR_FILES] = MARKS_FILES, [SENSOR_FACTS] = MARKS_FACTS, [SENSOR_PACKET] = MARKS_PACKETS,
		[SENSOR_UEVENT] = MARKS_DEVICES, [SENSOR_PROC] = MARKS_PROC, [SENSOR_AUDIT] = MARKS_AUDIT,
	};
	unsigned marks = 0;

	for (int k = 0; k < EVENT__MAX; k++)
		if (kinds & 1ull << k)
			marks |= k == EVENT_EXEC || k == EVENT_SCRIPT ? MARKS_EXEC : by[event_kind_sensor((enum event_kind)k)];
	return marks;
}

static void
note_field(struct rule_cost *out, enum field f)
{
	if (judge_of_object(f, out->marks & MARKS_EXEC ? EVENT_EXEC : EVENT_OPEN))
		return;
	if (field_info(f)->scope == SCOPE_SUBJECT)
		out->subject |= FIELD_BIT(f);
	else
		out->event |= FIELD_BIT(f);
}

static unsigned
regexes_of(const struct policy *p, const struct l_condition *c)
{
	const struct l_set *s = c->test == L_VALUES ? layout_sets(p) + c->arg : NULL;
	unsigned n = 0;

	for (uint32_t i = 0; s && i < s->n_pattern; i++)
		n += layout_patterns(p)[s->pattern + i].kind == L_REGEX;
	return n;
}

static void
note_logic(const struct policy *p, struct rule_cost *out, const struct l_logic *l)
{
	for (uint32_t g = 0; g < l->n_groups; g++) {
		const struct l_group *group = layout_groups(p) + l->group + g;
		for (uint32_t i = 0; i < group->n_conditions; i++) {
			const struct l_condition *c = layout_conditions(p) + group->condition + i;
			note_field(out, (enum field)c->field);
			out->regexes += regexes_of(p, c);
			if (c->test == L_FIELD)
				note_field(out, (enum field)(c->arg & 0xffff));
		}
	}
}

/* How well a condition says which files an exec is of: 0 not at all. */
static unsigned
narrows(const struct l_condition *c)
{
	enum field f = (enum field)c->field;

	if ((c->flags & L_NOT) || c->test == L_EXISTS || c->test == L_FIELD)
		return 0;
	if (f == FIELD_FILE_PATH || f == FIELD_PROCESS_EXECUTABLE)
		return 4;
	if (f == FIELD_FILE_DIRECTORY || f == FIELD_FILE_NAME || f == FIELD_PROCESS_NAME)
		return 3;
	return judge_of_object(f, EVENT_EXEC) ? (field_info(f)->have & HAVE_SCANNED) ? 1 : 2 : 0;
}

static void
name_files(const struct policy *p, struct rule_cost *out, const struct l_logic *l)
{
	struct premise must = { .n = 0 };
	unsigned best = 0;

	premise_add(p, &must, l);
	for (unsigned i = 0; i < must.n; i++) {
		if (narrows(must.c[i]) <= best)
			continue;
		best = narrows(must.c[i]);
		out->key = layout_string(p, must.c[i]->key);
		out->values = layout_string(p, must.c[i]->values);
	}
}

void
rule_cost(const struct policy *p, unsigned rule, struct rule_cost *out)
{
	const struct l_rule *r = layout_rules(p) + rule;

	*out = (struct rule_cost){ .fed = r->n_feeds, .silent = r->actions == ACTION_ALLOW && !r->labels && !r->n_refs && !r->n_feeds };
	if (r->correlation)
		return;
	out->marks = marks_of(r->kinds);
	for (uint32_t i = 0; i < r->n_asks; i++)
		if (layout_asks(p)[r->ask + i].events & WATCH_SCRIPTS)
			out->marks |= MARKS_OPEN;
	note_logic(p, out, &r->logic);
	if (out->marks & MARKS_EXEC)
		name_files(p, out, &r->logic);
	out->cacheable = out->marks == MARKS_EXEC && !out->subject && !out->event;
}

unsigned
rule_places(const struct policy *p, unsigned rule)
{
	return layout_rules(p)[rule].n_asks;
}

void
rule_place(const struct policy *p, unsigned rule, unsigned i, struct watch_place *out)
{
	const struct l_place *l = layout_asks(p) + layout_rules(p)[rule].ask + i;

	*out = (struct watch_place){ .kind = (enum watch_kind)l->kind, .path = layout_string(p, l->path), .events = l->events };
}
