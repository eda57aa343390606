#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "policy/build.h"
#include "policy/given.h"
#include "policy/near.h"

struct trial {
	struct build		*b;
	struct draft_section	*s;
	const struct policy	*p;
	struct event		*ev;
	enum field		 field;
	bool			 bad;
};

static int
give_value(void *arg, const char *v, int line)
{
	struct trial *t = arg;
	char why[160] = "";

	if (policy_event_set(t->ev, t->field, v, strlen(v), why, sizeof(why))) {
		fault_add(t->b->d.faults, t->s->file, line, "%s: '%.80s' %s", field_info(t->field)->name, v, why);
		t->bad = true;
	}
	return 0;
}

static void
give(struct trial *t, struct draft_key *k)
{
	char hint[80];
	int f = field_find(k->key);

	if (f < 0) {
		fault_add(t->b->d.faults, t->s->file, k->line, "unknown field '%s'%s", k->key, near_hint(field_nearest(k->key), hint, sizeof(hint)));
		t->bad = true;
		return;
	}
	t->field = (enum field)f;
	draft_values(&t->b->d, t->s, k, give_value, t);
}

static void
matched_names(const struct policy *p, const struct verdict *v, char *out, size_t n)
{
	size_t at = (size_t)snprintf(out, n, "%s", v->matches ? "" : "no rule");

	for (unsigned i = 0; i < v->matches && at < n; i++)
		at += (size_t)snprintf(out + at, n - at, "%s%s", i ? ", " : "", layout_string(p, layout_rules(p)[v->matched[i]].name));
}

static bool
matched(const struct policy *p, const struct verdict *v, const char *name)
{
	for (unsigned i = 0; i < v->matches; i++)
		if (strcmp(layout_string(p, layout_rules(p)[v->matched[i]].name), name) == 0)
			return true;
	return false;
}

/* "deny RULE...", "allow [RULE...]", "alert RULE...", "kill RULE...": the first word, then who must be among those that matched. */
static bool
as_expected(const struct trial *t, const struct verdict *v, char *expect)
{
	char *save = NULL, *word = strtok_r(expect, " ", &save);
	unsigned all = v->actions | v->would_actions, names = 0;
	bool good = false;

	if (!word)
		return false;
	if (strcmp(word, "deny") == 0)
		good = v->would == DECISION_DENY;
	else if (strcmp(word, "allow") == 0)
		good = v->would == DECISION_ALLOW;
	else if (action_find(word))
		good = all & action_find(word);
	bool lets = strcmp(word, "allow") == 0;
	for (char *name = strtok_r(NULL, " ,", &save); name; name = strtok_r(NULL, " ,", &save)) {
		good = good && matched(t->p, v, name);
		names++;
	}
	return good && (names || !lets || v->matches == 0);
}

static void
run(struct trial *t)
{
	struct draft_key *expect = draft_key(t->s, "expect");
	char *text = pool_copy(&t->b->d.pool, draft_whole(&t->b->d, t->s, "expect"), strlen(draft_whole(&t->b->d, t->s, "expect")));
	struct verdict v;
	char names[256];

	t->ev->tried = HAVE_ALL;
	t->b->sources->judge(t->p, t->ev, &v);
	if (!text || as_expected(t, &v, text))
		return;
	matched_names(t->p, &v, names, sizeof(names));
	fault_add(t->b->d.faults, t->s->file, expect->line, "test '%.80s' expects '%.80s', but the verdict is %s and %s matched", t->s->name,
	    expect->text->text, decision_name((enum decision)v.would), names);
}

static void
try(struct build *b, const struct policy *p, struct draft_section *s)
{
	struct draft_key *on = draft_key(s, "on");
	int kind = on ? event_kind_find(draft_whole(&b->d, s, "on")) : -1;
	struct trial t = { .b = b, .s = s, .p = p, .ev = pool_take(&b->d.pool, sizeof(struct event)) };

	if (!t.ev)
		return;
	if (kind < 0 || !draft_key(s, "expect")) {
		fault_add(b->d.faults, s->file, s->line, "[test %.80s] needs `on = ` one event, and `expect = ...`", s->name);
		return;
	}
	event_init(t.ev, (enum event_kind)kind, SENSOR_NOBODY);
	for (struct draft_key *k = s->keys; k; k = k->next)
		if (!k->used)
			give(&t, k);
	if (!t.bad)
		run(&t);
}

void
build_tests(struct build *b, const struct policy *p)
{
	for (struct draft_section *s = b->d.sections; s && b->sources->judge; s = s->next)
		if (s->kind == SECTION_TEST)
			try(b, p, s);
}
