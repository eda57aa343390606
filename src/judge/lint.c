#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "judge/judge.h"
#include "judge/lint.h"
#include "judge/reach.h"

#define COMPARED_MAX	2048	/* rules that are compared with each other, pair by pair */
#define REACTIONS	(ACTION_KILL | ACTION_KILL_PARENT | ACTION_KILL_TREE | ACTION_SUSPEND)
#define SHORT		2	/* letters of a `contains` that are hardly meant */

struct linter {
	const struct lint_ask	*ask;
	const struct policy	*p;
	lint_fn			*fn;
	void			*arg;
	struct imply		 im;
	uint64_t		*possible;	/* of each rule: kinds on which it can match */
	struct premise		*premise;	/* of each rule, while they are compared: what its match says */
};

/* A rule or an exception. */
struct subject {
	const char		*kind, *name, *file;
	int			 line;
	const struct l_logic	*logic;
	uint64_t		 kinds;		/* of events */
	unsigned		 actions;	/* 0 of an exception */
};

static void	warn(const struct linter *, const char *file, uint32_t line, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
warn(const struct linter *l, const char *file, uint32_t line, const char *fmt, ...)
{
	struct fault f = { .line = (int)line, .warning = true };
	va_list ap;

	snprintf(f.file, sizeof(f.file), "%s", file);
	va_start(ap, fmt);
	vsnprintf(f.why, sizeof(f.why), fmt, ap);
	va_end(ap);
	l->fn(l->arg, &f);
}

static const struct l_rule *
rule_at(const struct linter *l, uint32_t i)
{
	return layout_rules(l->p) + i;
}

static const struct l_group *
group_at(const struct linter *l, const struct l_logic *logic, uint32_t i)
{
	return layout_groups(l->p) + logic->group + i;
}

static const struct l_condition *
condition_at(const struct linter *l, const struct l_group *g, uint32_t i)
{
	return layout_conditions(l->p) + g->condition + i;
}

static struct subject
subject_rule(const struct linter *l, uint32_t i)
{
	const struct l_rule *r = rule_at(l, i);

	return (struct subject){ .kind = "rule", .name = layout_string(l->p, r->name), .file = layout_string(l->p, r->file),
		.line = (int)r->line, .logic = &r->logic, .kinds = r->kinds, .actions = r->actions };
}

/* "'process.name = sh' (line 5)". Long values are told by their beginning. */
static const char *
tell(const struct linter *l, const struct l_condition *c, char *out, size_t size)
{
	snprintf(out, size, "'%.48s = %.32s' (line %u)", layout_string(l->p, c->key), layout_string(l->p, c->values), c->line);
	return out;
}

static bool
on(uint64_t kinds, int k)
{
	return kinds & 1ull << k;
}

/* Why conditions A and B cannot be met together on an event of the kind that is looked at. */
static void
tell_contradiction(const struct linter *l, const struct l_condition *const c[2], char *why, size_t size)
{
	char a[128], b[128];
	enum event_kind kind = l->im.kind;

	if (c[0] != c[1])
		snprintf(why, size, "%s and %s contradict each other; remove one, or join them by `or`", tell(l, c[0], a, sizeof(a)),
		    tell(l, c[1], b, sizeof(b)));
	else if (!field_on((enum field)c[0]->field, kind))
		snprintf(why, size, "%s: %s has no %s; ask on another event", tell(l, c[0], a, sizeof(a)), event_kind_name(kind),
		    field_info((enum field)c[0]->field)->name);
	else
		snprintf(why, size, "no value meets %s; correct it", tell(l, c[0], a, sizeof(a)));
}

/* The whole of S can never be true of an event of the kind that is looked at, and why. */
static bool
never(const struct linter *l, const struct subject *s, char *why, size_t size)
{
	const struct l_condition *culprit[2];
	struct premise pre = { .n = 0 };

	premise_add(l->p, &pre, s->logic);
	if (premise_fails(&l->im, &pre, culprit)) {
		tell_contradiction(l, culprit, why, size);
		return true;
	}
	if (reach(&l->im, &pre, s->logic) != TRUTH_FALSE)
		return false;
	struct demand d = reach_demand(l->p, s->logic);
	for (uint32_t i = 0; i < s->logic->n_groups; i++) {
		const struct l_group *g = group_at(l, s->logic, i);
		if ((d.no & 1ull << i) && reach_group(&l->im, &pre, g) == TRUTH_TRUE) {
			snprintf(why, size, "whenever the rest is met, so is group '%.48s', which takes it away; narrow the group",
			    layout_string(l->p, g->name));
			return true;
		}
	}
	snprintf(why, size, "no way in which `condition` joins its groups can be met; correct it");
	return true;
}

/* Kinds on which it can match; the others are told. */
static uint64_t
lint_kinds(struct linter *l, const struct subject *s)
{
	char why[FAULT_TEXT], first[FAULT_TEXT] = "";
	uint64_t possible = s->kinds;

	for (int k = 0; k < EVENT__MAX; k++) {
		if (!on(s->kinds, k))
			continue;
		l->im.kind = (enum event_kind)k;
		if (!never(l, s, why, sizeof(why)))
			continue;
		possible &= ~(1ull << k);
		if (!first[0])
			snprintf(first, sizeof(first), "%s", why);
	}
	if (!possible) {
		warn(l, s->file, (uint32_t)s->line, "[%s %s] can never match: %s", s->kind, s->name, first);
		return 0;
	}
	for (int k = 0; k < EVENT__MAX; k++) {
		l->im.kind = (enum event_kind)k;
		if (on(s->kinds & ~possible, k) && never(l, s, why, sizeof(why)))
			warn(l, s->file, (uint32_t)s->line, "[%s %s] can never match on %s: %s; or leave %s out of `on`",
			    s->kind, s->name, event_kind_name((enum event_kind)k), why, event_kind_name((enum event_kind)k));
	}
	return possible;
}

static bool
names_group(const struct linter *l, const struct l_logic *logic, uint32_t g)
{
	for (uint32_t i = 0; i < logic->n_ops; i++)
		if (layout_ops(l->p)[logic->op + i] == g)
			return true;
	return false;
}

/* Groups that are left out, or that can hold on none of the kinds. */
static void
lint_groups(struct linter *l, const struct subject *s, uint64_t kinds)
{
	struct demand d = reach_demand(l->p, s->logic);
	struct premise pre = { .n = 0 };

	premise_add(l->p, &pre, s->logic);
	pre.n_not = 0;		/* what a filter takes away is asked of the filter */
	for (uint32_t i = 0; i < s->logic->n_groups; i++) {
		const struct l_group *g = group_at(l, s->logic, i);
		const char *name = layout_string(l->p, g->name);
		uint32_t line = condition_at(l, g, 0)->line;
		bool holds = d.yes & 1ull << i;
		if (!names_group(l, s->logic, i)) {
			warn(l, s->file, line, "group '%.48s' of [%s %s] is not in its `condition`: it does nothing; name it there, or remove it", name,
			    s->kind, s->name);
			continue;
		}
		for (int k = 0; k < EVENT__MAX && !holds; k++) {
			l->im.kind = (enum event_kind)k;
			holds = on(kinds, k) && reach_group(&l->im, &pre, g) != TRUTH_FALSE;
		}
		if (!holds)
			warn(l, s->file, line, "group '%.48s' of [%s %s] can never be met together with the rest: it %s; remove or correct it", name, s->kind,
			    s->name, d.no & 1ull << i ? "takes nothing away" : "adds nothing");
	}
}

static bool
is_path(enum field_type t)
{
	return t == TYPE_PATH || t == TYPE_DIR || t == TYPE_ANCESTORS;
}

/* A full path begins with a slash; a pattern that can begin with one, too. */
static bool
can_be_path(const char *s, size_t len)
{
	return len == 0 || s[0] == '/' || s[0] == '?' || s[0] == '[' || s[0] == '\\' || (len > 1 && memcmp(s, "**", 2) == 0);
}

static void
lint_exact(const struct linter *l, const struct subject *s, const struct l_condition *c)
{
	const struct l_set *set = layout_sets(l->p) + c->arg;
	const struct field_info *f = field_info((enum field)c->field);
	bool name = f->type == TYPE_NAME || f->type == TYPE_ANCESTOR_NAMES;

	for (uint32_t i = 0; field_is_text(f->type) && i < set->n_exact; i++) {
		const struct l_text *t = layout_texts(l->p) + set->exact + i;
		const char *text = layout_string(l->p, t->off), *slash = memrchr(text, '/', t->len);
		if (is_path(f->type) && !can_be_path(text, t->len))
			warn(l, s->file, c->line, "'%.80s' is no full path, and %s never is anything else: write all of it, or **/%.80s", text, f->name,
			    text);
		else if (name && slash)
			warn(l, s->file, c->line, "'%.80s' has a slash, and %s never has: write '%.80s', or compare the whole path", text, f->name,
			    slash + 1);
		else if (f->type == TYPE_EXT && memchr(text, '.', t->len))
			warn(l, s->file, c->line, "'%.80s' has a dot, and %s is what comes behind the last one: write '%.80s'", text, f->name,
			    (const char *)memrchr(text, '.', t->len) + 1);
	}
}

static bool
short_word(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= '0' && s[i] <= '9')))
			return false;
	return len <= SHORT;
}

/* What is met by everything or by nothing, among values that look as if they were chosen. */
static void
lint_pattern(const struct linter *l, const struct subject *s, const struct l_condition *c, const struct l_pattern *t)
{
	const char *text = layout_string(l->p, t->text.off), *field = field_info((enum field)c->field)->name;
	size_t n = t->text.len;
	bool path = t->kind == L_GLOB_PATH, stars = n && strspn(text, "*") >= n;

	if (t->kind == L_SUBSTRING && short_word(text, n) && !(c->flags & L_ALL)) {
		warn(l, s->file, c->line, "'%.8s' is in nearly every %s: a `contains` of one or two letters is wider than it looks; write more of it",
		    text, field);
	} else if (path && stars && n == 1) {
		warn(l, s->file, c->line, "'*' stays within a directory, and no full path does: it is met by nothing; ** is everything");
	} else if ((stars && (path || t->kind == L_GLOB_TEXT)) || (path && n == 3 && memcmp(text, "/**", 3) == 0)) {
		warn(l, s->file, c->line, "'%.8s' is every %s: leave the condition out, or write %s|exists = true", text, field, field);
	} else if ((path || (t->kind == L_PREFIX && is_path(field_info((enum field)c->field)->type))) && !can_be_path(text, n)) {
		warn(l, s->file, c->line, "'%.80s' is met by no full path: it begins with neither / nor **", text);
	}
}

/* No process ever has a label that no rule gives. */
static void
lint_label(const struct linter *l, const struct subject *s, const struct l_condition *c)
{
	const struct l_set *set = layout_sets(l->p) + c->arg;

	for (uint32_t i = 0; i < set->n_exact; i++) {
		const struct l_text *t = layout_texts(l->p) + set->exact + i;
		unsigned k = 0;
		while (k < policy_labels(l->p) && strcmp(policy_label(l->p, k), layout_string(l->p, t->off)) != 0)
			k++;
		if (k == policy_labels(l->p))
			warn(l, s->file, c->line, "no rule gives the label '%.63s'; correct it, or give it: label = %.63s", layout_string(l->p, t->off),
			    layout_string(l->p, t->off));
	}
}

/* Whether the event can say it is told elsewhere where the whole hangs on it; here, where it does not. */
static void
lint_condition(struct linter *l, const struct subject *s, const struct l_condition *c)
{
	bool known = false;
	const struct l_set *set = layout_sets(l->p) + c->arg;

	for (int k = 0; k < EVENT__MAX; k++)
		known = known || (on(s->kinds, k) && field_on((enum field)c->field, (enum event_kind)k));
	if (!known && (c->flags & L_NOT)) {
		char text[128];
		warn(l, s->file, c->line, "%s always holds: what [%s %s] is about never has %s; remove it", tell(l, c, text, sizeof(text)), s->kind,
		    s->name, field_info((enum field)c->field)->name);
	}
	if (c->test != L_VALUES)
		return;
	lint_exact(l, s, c);
	if (c->field == FIELD_PROCESS_LABEL)
		lint_label(l, s, c);
	for (uint32_t i = 0; i < set->n_pattern; i++)
		lint_pattern(l, s, c, layout_patterns(l->p) + set->pattern + i);
}

static void
lint_conditions(struct linter *l, const struct subject *s)
{
	for (uint32_t g = 0; g < s->logic->n_groups; g++)
		for (uint32_t i = 0; i < group_at(l, s->logic, g)->n_conditions; i++)
			lint_condition(l, s, condition_at(l, group_at(l, s->logic, g), i));
}

/* Does it say what the event is, and not only what it is not? */
static bool
positive(const struct l_condition *c)
{
	return !(c->flags & L_NOT) && c->test != L_EXISTS;
}

/* Of an expression: some positive condition is met when it is true; when it is false. */
struct based { bool when_true, when_false; };

static struct based
based_group(const struct linter *l, const struct l_group *g)
{
	struct based b = { false, g->n_conditions == 1 && !positive(condition_at(l, g, 0)) && condition_at(l, g, 0)->test != L_EXISTS };

	for (uint32_t i = 0; i < g->n_conditions; i++)
		b.when_true = b.when_true || positive(condition_at(l, g, i));
	return b;
}

static bool
based(const struct linter *l, const struct l_logic *logic)
{
	const uint32_t *op = layout_ops(l->p) + logic->op;
	struct based stack[STACK_MAX] = { { false, false } };
	unsigned n = 0;

	for (uint32_t i = 0; i < logic->n_ops; i++) {
		if (op[i] == OP_NOT) {
			stack[n - 1] = (struct based){ stack[n - 1].when_false, stack[n - 1].when_true };
		} else if (op[i] == OP_AND || op[i] == OP_OR) {
			struct based a = stack[n - 2], b = stack[n - 1];
			bool and = op[i] == OP_AND;
			n--;
			stack[n - 1].when_true = and ? a.when_true || b.when_true : a.when_true && b.when_true;
			stack[n - 1].when_false = and ? a.when_false && b.when_false : a.when_false || b.when_false;
		} else {
			stack[n++] = based_group(l, group_at(l, logic, op[i]));
		}
	}
	return stack[0].when_true;
}

static void
lint_width(const struct linter *l, const struct subject *s)
{
	bool denies = s->actions & ACTION_DENY;

	if ((!denies && !(s->actions & REACTIONS)) || based(l, s->logic))
		return;
	warn(l, s->file, (uint32_t)s->line, "[rule %s] %s everything but what it names: it only says what an event is not; name what it is, too",
	    s->name, denies ? "denies" : "kills or stops");
}

/* Kinds on which it can match. */
static uint64_t
lint_rule(struct linter *l, uint32_t i)
{
	struct subject s = subject_rule(l, i);
	uint64_t possible = lint_kinds(l, &s);

	lint_conditions(l, &s);
	if (possible) {
		lint_groups(l, &s, possible);
		lint_width(l, &s);
	}
	return possible;
}

/* ---- Rules against each other ---- */

static bool
has_ref(const struct linter *l, const struct l_rule *r, uint32_t exception)
{
	for (uint32_t i = 0; i < r->n_refs; i++)
		if (layout_refs(l->p)[r->ref + i] == exception)
			return true;
	return false;
}

/* What takes WIDE away takes NARROW away too. */
static bool
excepted_alike(const struct linter *l, const struct l_rule *narrow, const struct l_rule *wide)
{
	for (uint32_t i = 0; i < wide->n_refs; i++)
		if (!has_ref(l, narrow, layout_refs(l->p)[wide->ref + i]))
			return false;
	return true;
}

/* Whenever rule I matches, J does. */
static bool
follows(struct linter *l, uint32_t i, uint32_t j)
{
	const struct premise *narrow = &l->premise[i], *wide = &l->premise[j];

	if ((l->possible[i] & ~rule_at(l, j)->kinds) || !excepted_alike(l, rule_at(l, i), rule_at(l, j)))
		return false;
	for (int k = 0; k < EVENT__MAX; k++) {
		if (!on(l->possible[i], k))
			continue;
		l->im.kind = (enum event_kind)k;
		/* Mostly it ends here, before anything dearer is asked. */
		for (unsigned c = 0; c < wide->n; c++)
			if (!premise_implies(&l->im, narrow, wide->c[c]))
				return false;
		if (reach(&l->im, narrow, &rule_at(l, j)->logic) != TRUTH_TRUE)
			return false;
	}
	return true;
}

/* B does all that A does, at least as surely and as gravely. */
static bool
does_all(const struct l_rule *b, const struct l_rule *a)
{
	unsigned does = b->actions | (b->actions & ACTION_ALERT ? ACTION_LOG : 0);

	return !a->n_feeds && !(a->labels & ~b->labels) && !(a->actions & ~does) && a->wanted <= b->wanted && a->severity <= b->severity;
}

static void
compare(struct linter *l, uint32_t i, uint32_t j)
{
	const struct l_rule *a = rule_at(l, i), *b = rule_at(l, j);
	const char *name = layout_string(l->p, a->name), *other = layout_string(l->p, b->name);
	bool vain = (a->actions & ACTION_ALLOW) && (b->actions & ACTION_DENY) && a->wanted <= b->wanted;

	if ((!vain && !does_all(b, a)) || !follows(l, i, j))
		return;
	if (vain) {
		warn(l, layout_string(l->p, a->file), a->line, "[rule %s] allows what [rule %s] (%s:%u) denies in any case, and deny comes first; "
		    "write an [exception] from that", name, other, layout_string(l->p, b->file), b->line);
	} else if (follows(l, j, i)) {
		/* Of two that say the same, the second is told. */
		if (does_all(a, b) && i < j)
			return;
		warn(l, layout_string(l->p, a->file), a->line, "[rule %s] has the same conditions as [rule %s] (%s:%u), which does as much or more; "
		    "remove it", name, other, layout_string(l->p, b->file), b->line);
	} else if (a->technique == b->technique || !*layout_string(l->p, a->technique)) {
		warn(l, layout_string(l->p, a->file), a->line, "[rule %s] adds nothing: whenever it matches, so does [rule %s] (%s:%u), "
		    "which does as much or more; remove it", name, other, layout_string(l->p, b->file), b->line);
	}
}

static int
lint_pairs(struct linter *l)
{
	uint32_t n = l->p->rules.n;

	if (n > COMPARED_MAX)
		return 0;
	CLEANUP_FREE struct premise *premise = calloc(n + 1, sizeof(*premise));
	if (!premise)
		return -ENOMEM;
	l->premise = premise;
	for (uint32_t i = 0; i < n; i++)
		if (l->possible[i])
			premise_add(l->p, &premise[i], &rule_at(l, i)->logic);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++)
			if (i != j && l->possible[i] && l->possible[j])
				compare(l, i, j);
	return 0;
}

/* ---- Exceptions and lists ---- */

/* Can X be met by what R matches on some kind? ALL: is it always? */
static bool
meets_rule(struct linter *l, const struct l_exception *x, const struct l_rule *r, bool *all)
{
	bool some = false;

	*all = true;
	for (int k = 0; k < EVENT__MAX; k++) {
		struct premise rule = { .n = 0 }, both;
		const struct l_condition *culprit[2];
		if (!on(r->kinds, k))
			continue;
		l->im.kind = (enum event_kind)k;
		premise_add(l->p, &rule, &r->logic);
		both = rule;
		premise_add(l->p, &both, &x->logic);
		bool possible = !premise_fails(&l->im, &both, culprit) && reach(&l->im, &both, &r->logic) != TRUTH_FALSE &&
		    reach(&l->im, &both, &x->logic) != TRUTH_FALSE;
		some = some || possible;
		*all = *all && possible && reach(&l->im, &rule, &x->logic) == TRUTH_TRUE;
	}
	return some;
}

static void
lint_exception(struct linter *l, uint32_t index)
{
	const struct l_exception *x = layout_exceptions(l->p) + index;
	struct subject s = { .kind = "exception", .name = layout_string(l->p, x->name), .file = layout_string(l->p, x->file),
		.line = (int)x->line, .logic = &x->logic };
	bool covers = false, any = false;

	for (uint32_t i = 0; i < l->p->rules.n; i++) {
		bool all;
		if (!l->possible[i] || !has_ref(l, rule_at(l, i), index))
			continue;
		s.kinds |= rule_at(l, i)->kinds;
		any = true;
		covers = meets_rule(l, x, rule_at(l, i), &all) || covers;
		if (all)
			warn(l, s.file, x->line, "[exception %s] covers all that [rule %s] matches: the rule does nothing any more; narrow the exception, "
			    "or remove both", s.name, layout_string(l->p, rule_at(l, i)->name));
	}
	if (x->expires_ns && x->expires_ns <= l->ask->wall_ns)
		warn(l, s.file, x->line, "[exception %s] expired on %.30s: it does nothing; remove it, or set a new date", s.name,
		    layout_string(l->p, x->expires));
	else if (any && !covers)
		warn(l, s.file, x->line, "[exception %s] covers nothing: its conditions contradict those of each rule that it names; "
		    "remove or correct it", s.name);
	lint_conditions(l, &s);
	if (any && covers)
		lint_groups(l, &s, s.kinds);
}

static bool
shipped(const struct linter *l, const char *file)
{
	size_t n = l->ask->shipped ? strlen(l->ask->shipped) : 0;

	return n && strncmp(file, l->ask->shipped, n) == 0 && file[n] == '/';
}

static void
lint_lists(const struct linter *l)
{
	for (uint32_t i = 0; i < l->p->sections.n; i++) {
		const struct l_section *s = layout_sections(l->p) + i;
		const char *file = layout_string(l->p, s->file);
		if (strcmp(layout_string(l->p, s->kind), "list") == 0 && !s->used && !shipped(l, file))
			warn(l, file, s->line, "no rule or exception uses [list %.48s]; remove it, or name it as @%.48s", layout_string(l->p, s->name),
			    layout_string(l->p, s->name));
	}
}

int
lint(const struct lint_ask *ask, lint_fn *fn, void *arg)
{
	CLEANUP_FREE struct event *ev = calloc(1, sizeof(*ev));
	CLEANUP_FREE uint64_t *possible = calloc(ask->policy->rules.n + 1, sizeof(*possible));
	struct linter l = { .ask = ask, .p = ask->policy, .fn = fn, .arg = arg, .im = { .p = ask->policy, .ev = ev }, .possible = possible };

	if (!ev || !possible)
		return -ENOMEM;
	/* A correlation has no conditions of its own. */
	for (uint32_t i = 0; i < l.p->rules.n; i++)
		possible[i] = rule_at(&l, i)->correlation ? 0 : lint_rule(&l, i);
	int err = lint_pairs(&l);
	for (uint32_t i = 0; i < l.p->exceptions.n; i++)
		lint_exception(&l, i);
	lint_lists(&l);
	return err;
}
