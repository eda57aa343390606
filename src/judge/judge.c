#include <string.h>
#include "judge/match.h"

/* One judgement under way. */
struct hearing {
	const struct policy	*p;
	const struct event	*ev;
	struct verdict		*v;
	judge_trace		*trace;		/* NULL: no need to know more than the verdict */
	void			*arg;
	bool			 deny, enforced_deny, allow;
	int			 best_deny, best_would, best_allow;
	uint32_t		 needs;
};

static enum truth
truth_not(enum truth t)
{
	return t == TRUTH_UNKNOWN ? t : t == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

static enum truth
truth_and(enum truth a, enum truth b)
{
	if (a == TRUTH_FALSE || b == TRUTH_FALSE)
		return TRUTH_FALSE;
	return a == TRUTH_TRUE && b == TRUTH_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

static enum truth
truth_or(enum truth a, enum truth b)
{
	return truth_not(truth_and(truth_not(a), truth_not(b)));
}

static void
tell(const struct hearing *h, const struct judge_step *step)
{
	if (h->trace)
		h->trace(h->arg, step);
}

/* All conditions of a group hold. Without somebody to tell, the first that fails ends it. */
static enum truth
hear_group(const struct hearing *h, const struct l_group *g, struct judge_step *step, bool strict, uint32_t *needs)
{
	const struct l_condition *c = layout_conditions(h->p) + g->condition;
	enum truth all = TRUTH_TRUE;
	uint32_t wants = 0;

	for (uint32_t i = 0; i < g->n_conditions; i++) {
		enum truth t = match_condition(h->p, &c[i], h->ev, strict, &wants);
		step->group = layout_string(h->p, g->name);
		step->key = layout_string(h->p, c[i].key);
		step->values = layout_string(h->p, c[i].values);
		step->line = (int)c[i].line;
		step->truth = t;
		tell(h, step);
		all = truth_and(all, t);
		if (all == TRUTH_FALSE && !h->trace)
			break;
	}
	/* Of a group that is refuted nothing is missing, whoever is told of it. */
	if (all == TRUTH_UNKNOWN)
		*needs |= wants;
	return all;
}

static enum truth
hear_logic(const struct hearing *h, const struct l_logic *l, struct judge_step *step, bool strict, uint32_t *needs)
{
	const struct l_group *g = layout_groups(h->p) + l->group;
	const uint32_t *op = layout_ops(h->p) + l->op;
	enum truth stack[STACK_MAX] = { TRUTH_FALSE };
	unsigned n = 0;

	for (uint32_t i = 0; i < l->n_ops; i++) {
		if (op[i] == OP_NOT) {
			stack[n - 1] = truth_not(stack[n - 1]);
		} else if (op[i] == OP_AND || op[i] == OP_OR) {
			n--;
			stack[n - 1] = op[i] == OP_AND ? truth_and(stack[n - 1], stack[n]) : truth_or(stack[n - 1], stack[n]);
		} else {
			stack[n++] = hear_group(h, &g[op[i]], step, strict, needs);
		}
	}
	return stack[0];
}

/* The first exception that covers the rule, or -1. PENDING: one hangs on what is not known. */
static int
excepted(struct hearing *h, const struct l_rule *r, uint32_t *needs, bool *pending)
{
	for (uint32_t i = 0; i < r->n_refs; i++) {
		uint32_t index = layout_refs(h->p)[r->ref + i];
		const struct l_exception *x = layout_exceptions(h->p) + index;
		struct judge_step step = { .exception = true, .index = index };
		uint32_t wants = 0;
		if (x->expires_ns && h->ev->wall_ns >= x->expires_ns)
			continue;
		enum truth t = hear_logic(h, &x->logic, &step, true, &wants);
		tell(h, &(struct judge_step){ .exception = true, .index = index, .line = (int)x->line, .truth = t });
		if (t == TRUTH_TRUE)
			return (int)index;
		if (t == TRUTH_UNKNOWN && wants) {
			*needs |= wants;
			*pending = true;
		}
	}
	return -1;
}

/* Rules come in order of name: of equal severity the first decides. */
static void
prefer(const struct hearing *h, int *best, uint32_t index)
{
	const struct l_rule *r = layout_rules(h->p);

	if (*best < 0 || r[index].severity > r[*best].severity)
		*best = (int)index;
}

static void
count_rule(struct hearing *h, uint32_t index)
{
	const struct l_rule *r = layout_rules(h->p) + index;
	struct verdict *v = h->v;

	if (v->matches < VERDICT_MATCHED_MAX)
		v->matched[v->matches++] = (uint16_t)index;
	else
		v->cut = 1;
	if (r->severity > v->severity)
		v->severity = r->severity;
	if (r->mode == MODE_ENFORCE)
		v->actions |= r->actions;
	else
		v->would_actions |= r->actions;
	if (r->actions & ACTION_DENY) {
		prefer(h, &h->best_would, index);
		if (r->mode == MODE_ENFORCE)
			prefer(h, &h->best_deny, index);
	}
	if (r->actions & ACTION_ALLOW)
		prefer(h, &h->best_allow, index);
}

static void
hear_rule(struct hearing *h, uint32_t index)
{
	const struct l_rule *r = layout_rules(h->p) + index;
	struct judge_step step = { .index = index };
	uint32_t needs = 0;
	bool pending = false;
	enum truth t = hear_logic(h, &r->logic, &step, r->actions & ACTION_ALLOW, &needs);

	tell(h, &(struct judge_step){ .index = index, .line = (int)r->line, .truth = t });
	if (t == TRUTH_UNKNOWN)
		h->needs |= needs;
	if (t != TRUTH_TRUE)
		return;
	needs = 0;
	int x = excepted(h, r, &needs, &pending);
	if (x >= 0)
		h->v->exception = (int16_t)x;
	else if (pending)
		h->needs |= needs;
	else
		count_rule(h, index);
}

static enum decision
standard(const struct policy *p, enum event_kind kind)
{
	if (kind == EVENT_EXEC)
		return (enum decision)p->exec_default;
	return kind == EVENT_OPEN || kind == EVENT_WRITE ? (enum decision)p->open_default : DECISION_ALLOW;
}

static void
decide(struct hearing *h)
{
	struct verdict *v = h->v;
	enum decision def = standard(h->p, (enum event_kind)h->ev->kind);
	bool enforce = h->p->mode == MODE_ENFORCE;
	bool by_default = h->best_deny < 0 && h->best_allow < 0;

	if (h->best_deny >= 0)
		v->decision = DECISION_DENY;
	else if (h->best_allow >= 0)
		v->decision = DECISION_ALLOW;
	else
		v->decision = (uint8_t)(enforce ? def : DECISION_ALLOW);
	v->would = (uint8_t)(h->best_would >= 0 ? DECISION_DENY : h->best_allow >= 0 ? DECISION_ALLOW : def);
	/* A rule on trial is told as the decider where it would have denied; not where the default did. */
	if (by_default && v->decision == DECISION_DENY)
		v->decider = -1;
	else
		v->decider = (int16_t)(h->best_deny >= 0 ? h->best_deny : h->best_would >= 0 ? h->best_would : h->best_allow);
	v->settled = v->decider >= 0 ? SETTLED_RULE : SETTLED_DEFAULT;
	v->mode = v->decider >= 0 ? layout_rules(h->p)[v->decider].mode : h->p->mode;
}

void
judge_explain(const struct policy *p, const struct event *ev, struct verdict *v, judge_trace *trace, void *arg)
{
	struct hearing h = { .p = p, .ev = ev, .v = v, .trace = trace, .arg = arg, .best_deny = -1, .best_would = -1, .best_allow = -1 };
	const struct l_kind_index *k = layout_kinds(p) + ev->kind;

	memset(v, 0, sizeof(*v));
	v->decider = v->exception = -1;
	for (uint32_t i = 0; i < k->n_refs; i++)
		hear_rule(&h, layout_refs(p)[k->ref + i]);
	v->needs = h.needs & ~(uint32_t)HAVE_HASH ? h.needs & ~(uint32_t)HAVE_HASH : h.needs;
	decide(&h);
}

void
judge(const struct policy *p, const struct event *ev, struct verdict *v)
{
	judge_explain(p, ev, v, NULL, NULL);
}

static void
list_matched(const struct policy *p, const struct verdict *v, struct event *ev)
{
	char names[VERDICT_MATCHED_MAX * 50];
	size_t n = 0;

	for (unsigned i = 0; i < v->matches; i++) {
		const char *name = layout_string(p, layout_rules(p)[v->matched[i]].name);
		size_t len = strlen(name) + 1;
		if (n + len > sizeof(names))
			break;
		memcpy(names + n, name, len);
		n += len;
	}
	if (n)
		event_set(ev, TEXT_MATCHED, names, n - 1);
}

void
judge_report(const struct policy *p, const struct verdict *v, struct report *r)
{
	struct event *ev = &r->event;
	/* Who decided, or else the gravest of those that only watch. */
	int index = v->decider;

	for (unsigned i = 0; index < 0 && i < v->matches; i++)
		if (layout_rules(p)[v->matched[i]].severity == v->severity)
			index = v->matched[i];
	r->decision = v->decision;
	r->would = v->would;
	r->mode = v->mode;
	r->settled = v->settled;
	r->severity = v->severity;
	r->actions = v->actions;
	if (index >= 0) {
		const struct l_rule *rule = layout_rules(p) + index;
		event_set_str(ev, TEXT_RULE, layout_string(p, rule->name));
		event_set_str(ev, TEXT_RULESET, layout_string(p, rule->ruleset));
		event_set_str(ev, TEXT_RULE_DESCRIPTION, layout_string(p, rule->description));
		event_set_str(ev, TEXT_RULE_MESSAGE, layout_string(p, rule->message));
		event_set_str(ev, TEXT_TECHNIQUE, layout_string(p, rule->technique));
	}
	list_matched(p, v, ev);
	if (v->exception >= 0)
		event_set_str(ev, TEXT_EXCEPTION, layout_string(p, layout_exceptions(p)[v->exception].name));
}
