#ifndef TESTS_UNIT_NAIVE_JUDGE_H
#define TESTS_UNIT_NAIVE_JUDGE_H
/*
 * What judge/judge.h says of a verdict, written down as directly as can be: each rule that the kind asks is heard, in order of name,
 * condition by condition. With it the real one is compared, which looks for the few rules that an event can concern.
 */
#include <string.h>
#include "judge/match.h"

struct naive_belief { enum truth truth; uint32_t needs; };
struct naive_case { const struct policy *p; const struct event *ev; enum judge_view view; };

static inline struct naive_belief
naive_not(struct naive_belief a)
{
	a.truth = a.truth == TRUTH_UNKNOWN ? TRUTH_UNKNOWN : a.truth == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
	return a;
}

static inline struct naive_belief
naive_and(struct naive_belief a, struct naive_belief b)
{
	if (a.truth == TRUTH_FALSE || b.truth == TRUTH_FALSE)
		return (struct naive_belief){ TRUTH_FALSE, 0 };
	if (a.truth == TRUTH_TRUE && b.truth == TRUTH_TRUE)
		return (struct naive_belief){ TRUTH_TRUE, 0 };
	return (struct naive_belief){ TRUTH_UNKNOWN, a.needs | b.needs };
}

static inline bool
naive_seen(const struct naive_case *c, unsigned field)
{
	bool program = c->view == VIEW_OBJECT && c->ev->kind == EVENT_EXEC &&
	    (field == FIELD_PROCESS_EXECUTABLE || field == FIELD_PROCESS_NAME);

	return c->view == VIEW_ALL || program || field_info((enum field)field)->scope == SCOPE_OBJECT;
}

static inline struct naive_belief
naive_group(const struct naive_case *c, const struct l_group *g, bool strict)
{
	struct naive_belief all = { TRUTH_TRUE, 0 };

	for (uint32_t i = 0; i < g->n_conditions && all.truth != TRUTH_FALSE; i++) {
		const struct l_condition *one = layout_conditions(c->p) + g->condition + i;
		struct naive_belief is = { TRUTH_UNKNOWN, 0 };
		if (naive_seen(c, one->field) && (one->test != L_FIELD || naive_seen(c, one->arg & 0xffff)))
			is.truth = match_condition(c->p, one, c->ev, strict, &is.needs);
		all = naive_and(all, is);
	}
	return all;
}

static inline struct naive_belief
naive_logic(const struct naive_case *c, const struct l_logic *l, bool strict)
{
	struct naive_belief stack[STACK_MAX] = { { TRUTH_FALSE, 0 } };
	unsigned n = 0;

	for (uint32_t i = 0; i < l->n_ops; i++) {
		uint32_t op = layout_ops(c->p)[l->op + i];
		if (op == OP_NOT) {
			stack[n - 1] = naive_not(stack[n - 1]);
		} else if (op == OP_AND) {
			n--;
			stack[n - 1] = naive_and(stack[n - 1], stack[n]);
		} else if (op == OP_OR) {
			n--;
			stack[n - 1] = naive_not(naive_and(naive_not(stack[n - 1]), naive_not(stack[n])));
		} else {
			stack[n++] = naive_group(c, layout_groups(c->p) + l->group + op, strict);
		}
	}
	return stack[0];
}

/* Notes that a text was too hard. Returns what else is needed. */
static inline uint32_t
naive_hard(struct verdict *v, uint32_t rule, uint32_t needs)
{
	if ((needs & MATCH_TOO_HARD) && !v->too_hard)
		v->too_hard = (uint16_t)(1 + rule);
	return needs & ~MATCH_TOO_HARD;
}

/* The first exception that covers a rule which matched, or -1. */
static inline int
naive_exception(const struct naive_case *c, const struct l_rule *r, uint32_t *needs)
{
	for (uint32_t i = 0; i < r->n_refs; i++) {
		uint32_t index = layout_refs(c->p)[r->ref + i];
		const struct l_exception *x = layout_exceptions(c->p) + index;
		if (x->expires_ns && c->ev->wall_ns >= x->expires_ns)
			continue;
		struct naive_belief is = naive_logic(c, &x->logic, true);
		if (is.truth == TRUTH_TRUE)
			return (int)index;
		*needs |= is.needs;
	}
	return -1;
}

static inline void
naive_gravest(const struct policy *p, int16_t *best, uint32_t index)
{
	if (*best < 0 || layout_rules(p)[index].severity > layout_rules(p)[*best].severity)
		*best = (int16_t)index;
}

/* A rule matched, and no exception covers it. */
static inline void
naive_count(const struct policy *p, struct verdict *v, uint32_t index)
{
	const struct l_rule *r = layout_rules(p) + index;
	bool enforces = r->mode == MODE_ENFORCE;

	v->cut |= v->matches == VERDICT_MATCHED_MAX;
	if (v->matches < VERDICT_MATCHED_MAX)
		v->matched[v->matches++] = (uint16_t)index;
	if (r->n_feeds && v->n_fed < VERDICT_FED_MAX)
		v->fed[v->n_fed++] = (uint16_t)index;
	if (r->actions && r->severity > v->severity)
		v->severity = r->severity;
	v->actions |= enforces ? r->actions : 0;
	v->would_actions |= enforces ? 0 : r->actions;
	if ((r->actions & ACTION_DENY) && enforces)
		naive_gravest(p, &v->best_deny, index);
	if (r->actions & ACTION_DENY)
		naive_gravest(p, &v->best_would, index);
	if (r->actions & ACTION_ALLOW)
		naive_gravest(p, &v->best_allow, index);
}

static inline enum decision
naive_default(const struct policy *p, unsigned kind)
{
	if (kind == EVENT_EXEC)
		return (enum decision)p->exec_default;
	return kind == EVENT_OPEN || kind == EVENT_WRITE || kind == EVENT_LOAD ? (enum decision)p->open_default : DECISION_ALLOW;
}

static inline void
naive_decide(const struct policy *p, unsigned kind, struct verdict *v)
{
	enum decision standard = naive_default(p, kind);

	v->decision = (uint8_t)(p->mode == MODE_ENFORCE ? standard : DECISION_ALLOW);
	v->would = (uint8_t)standard;
	if (v->best_allow >= 0)
		v->decision = v->would = DECISION_ALLOW;
	if (v->best_deny >= 0)
		v->decision = DECISION_DENY;
	if (v->best_would >= 0)
		v->would = DECISION_DENY;
	v->decider = v->best_deny >= 0 ? v->best_deny : v->best_would >= 0 ? v->best_would : v->best_allow;
	if (v->best_deny < 0 && v->best_allow < 0 && v->decision == DECISION_DENY)
		v->decider = -1;
	v->settled = v->decider >= 0 ? SETTLED_RULE : SETTLED_DEFAULT;
	v->mode = v->decider >= 0 ? layout_rules(p)[v->decider].mode : p->mode;
}

static inline bool
naive_asks(const struct l_rule *r, unsigned kind)
{
	return !r->correlation && (r->kinds & event_kind_mask((enum event_kind)kind));
}

/* As judge(). Of a verdict that needs something, nothing else is to be used. */
static inline void
naive_judge(const struct policy *p, const struct event *ev, struct verdict *v)
{
	const struct naive_case c = { p, ev, VIEW_ALL };
	uint32_t needs = 0;

	memset(v, 0, sizeof(*v));
	v->exception = v->best_deny = v->best_would = v->best_allow = -1;
	for (uint32_t i = 0; i < p->rules.n; i++) {
		const struct l_rule *r = layout_rules(p) + i;
		if (!naive_asks(r, ev->kind))
			continue;
		struct naive_belief is = naive_logic(&c, &r->logic, r->actions & ACTION_ALLOW);
		if (is.needs == MATCH_TOO_HARD && !(r->actions & ACTION_ALLOW))
			is.truth = TRUTH_TRUE;
		needs |= naive_hard(v, i, is.needs);
		if (is.truth != TRUTH_TRUE)
			continue;
		uint32_t more = 0;
		int x = naive_exception(&c, r, &more);
		more = naive_hard(v, i, more);
		if (x >= 0)
			v->exception = (int16_t)x;
		else if (more)
			needs |= more;
		else
			naive_count(p, v, i);
	}
	naive_decide(p, ev->kind, v);
	v->needs = needs & ~HAVE_SCANNED ? needs & ~HAVE_SCANNED : needs;
}

static inline bool
naive_of_files(const struct policy *p, const struct l_rule *r)
{
	for (uint32_t i = 0; i < r->logic.n_groups; i++) {
		const struct l_group *g = layout_groups(p) + r->logic.group + i;
		for (uint32_t k = 0; k < g->n_conditions; k++)
			if (field_info((enum field)layout_conditions(p)[g->condition + k].field)->scope == SCOPE_OBJECT)
				return true;
	}
	return false;
}

/* As judge_always_allows(). */
static inline bool
naive_always_allows(const struct policy *p, const struct event *ev, enum judge_view view)
{
	const struct naive_case c = { p, ev, view };
	bool allowed = naive_default(p, ev->kind) == DECISION_ALLOW;

	for (uint32_t i = 0; i < p->rules.n; i++) {
		const struct l_rule *r = layout_rules(p) + i;
		if (!naive_asks(r, ev->kind) || (view == VIEW_LOADER && !naive_of_files(p, r)))
			continue;
		enum truth t = naive_logic(&c, &r->logic, r->actions & ACTION_ALLOW).truth;
		if (t == TRUTH_UNKNOWN || (t == TRUTH_TRUE && (r->actions != ACTION_ALLOW || r->n_refs || r->n_feeds)))
			return false;
		allowed = allowed || t == TRUTH_TRUE;
	}
	return allowed;
}

#endif
