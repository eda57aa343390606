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
	bool			 warns;		/* is no reason to refuse when it fails */
	bool			 bad;
};

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
	const struct draft_value *v = draft_values(&t->b->d, t->s, k);
	enum field_type type = field_info((enum field)f)->type;
	bool several = type == TYPE_LIST || type == TYPE_ANCESTORS;
	if (!k->bad && (!v || (v->next && !several))) {
		fault_add(t->b->d.faults, t->s->file, k->line, v ? "'%s' has one value here" : "'%s' has no value", k->key);
		v = NULL;
	}
	t->bad |= !v;
	for (; v; v = v->next) {
		char why[160] = "";
		if (policy_event_set(t->ev, (enum field)f, v->value, strlen(v->value), why, sizeof(why)) == 0)
			continue;
		fault_add(t->b->d.faults, t->s->file, v->line, "%s: '%.80s' %s", field_info((enum field)f)->name, v->value, why);
		t->bad = true;
	}
}

static void
matched_names(const struct policy *p, const struct verdict *v, char *out, size_t n)
{
	size_t at = (size_t)snprintf(out, n, "%s", v->matches ? "" : "no rule");

	for (unsigned i = 0; i < v->matches && at < n; i++)
		at += (size_t)snprintf(out + at, n - at, "%s%s", i ? ", " : "", layout_string(p, layout_rules(p)[v->matched[i]].name));
}

#define ANY_ACTION (~0u)		/* or none, as the rules that correlations count */

/* Is a rule of that name, with one of these actions, among those that matched? */
static bool
matched(const struct policy *p, const struct verdict *v, const char *name, unsigned actions)
{
	for (unsigned i = 0; i < v->matches; i++) {
		const struct l_rule *r = layout_rules(p) + v->matched[i];
		if (strcmp(layout_string(p, r->name), name) == 0)
			return actions == ANY_ACTION || (r->actions & actions);
	}
	return false;
}

/* A rule that is only counted, or that only logs, has nothing to say. */
static bool
silent(const struct policy *p, const struct verdict *v)
{
	for (unsigned i = 0; i < v->matches; i++)
		if (layout_rules(p)[v->matched[i]].actions & ~(unsigned)ACTION_LOG)
			return false;
	return !v->cut;
}

/* ACTION is what is expected; NAMES, who must be the cause. */
static bool
as_expected(const struct trial *t, const struct verdict *v, unsigned action, char *names)
{
	bool denied = v->would == DECISION_DENY, reacts = action & REACTIONS;
	bool good = reacts || denied == (action == ACTION_DENY);
	unsigned does = action == ACTION_ALERT ? ACTION_ALERT | REACTIONS : action == ACTION_ALLOW ? ANY_ACTION : action, named = 0;
	char *save = NULL;

	for (char *name = strtok_r(names, " ,", &save); name; name = strtok_r(NULL, " ,", &save), named++)
		good = good && matched(t->p, v, name, does);
	if (named || action == ACTION_DENY)
		return good;
	return good && (action == ACTION_ALLOW ? silent(t->p, v) : (v->actions | v->would_actions) & does);
}

/* `expect = deny RULE...`, `alert RULE...`, `kill RULE...`, `allow`. */
static void
run(struct trial *t)
{
	const struct draft_key *expect = draft_key(t->s, "expect");
	const char *whole = draft_whole(&t->b->d, t->s, "expect");
	size_t n = strcspn(whole, " ");
	char *word = pool_copy(&t->b->d.pool, whole, n), *rest = pool_copy(&t->b->d.pool, whole + n, strlen(whole + n));
	unsigned action = word && rest ? action_find(word) : 0;
	struct verdict v;
	char names[160];

	if (!action) {
		fault_add(t->b->d.faults, t->s->file, expect->line, "expect is deny, alert, allow or another action, then rules; not '%.80s'", whole);
		return;
	}
	t->ev->tried = HAVE_ALL;
	t->b->sources->judge(t->p, t->ev, &v);
	if (as_expected(t, &v, action, rest))
		return;
	matched_names(t->p, &v, names, sizeof(names));
	(t->warns ? fault_warn : fault_add)(t->b->d.faults, t->s->file, expect->line,
	    "test '%.48s' expects '%.60s', but the verdict is %s and %s matched", t->s->name, whole, decision_name((enum decision)v.would), names);
}

static void
try(struct trial *t)
{
	struct draft_key *on = draft_key(t->s, "on");
	int kind = on ? event_kind_find(draft_whole(&t->b->d, t->s, "on")) : -1;

	if (kind < 0 || !draft_key(t->s, "expect")) {
		fault_add(t->b->d.faults, t->s->file, t->s->line, "[test %.80s] needs `on = ` one event, and `expect = ...`", t->s->name);
		return;
	}
	event_init(t->ev, (enum event_kind)kind, SENSOR_NOBODY);
	for (struct draft_key *k = t->s->keys; k; k = k->next)
		if (!k->used)
			give(t, k);
	if (!t->bad)
		run(t);
}

static bool
is_shipped(const struct build *b, const struct draft_section *s)
{
	const char *dir = b->sources->vendor_policies;
	size_t n = dir ? strlen(dir) : 0;

	return n && strncmp(s->file, dir, n) == 0 && s->file[n] == '/' && !strchr(s->file + n + 1, '/');
}

static void
try_all(struct trial t, bool shipped)
{
	for (struct draft_section *s = t.b->d.sections; s; s = s->next) {
		t.s = s;
		t.bad = false;
		if (s->kind == SECTION_TEST && is_shipped(t.b, s) == shipped)
			try(&t);
	}
}

/*
 * What an admin adds may change what the shipped files do, which is what their tests are about. So these come last and then only warn.
 */
void
build_tests(struct build *b, const struct policy *p)
{
	struct trial t = { .b = b, .p = p, .ev = pool_take(&b->d.pool, sizeof(struct event)) };

	if (!t.ev || !b->sources->judge)
		return;
	try_all(t, false);
	for (const struct draft_section *s = b->d.sections; s; s = s->next)
		t.warns |= !is_shipped(b, s);
	try_all(t, true);
}
