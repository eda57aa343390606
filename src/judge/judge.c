#include <string.h>
#include "judge/candidates.h"
#include "judge/match.h"

/* How much is known, and if not all, what it hangs on. */
struct belief { enum truth truth; uint32_t needs; };

/* One judgement under way. */
struct hearing {
	const struct policy	*p;
	const struct event	*ev;
	struct verdict		*v;
	struct inquiry		*q;
	judge_trace		*trace;		/* NULL: no need to know more than the verdict */
	void			*arg;
	int			 best_deny, best_would, best_allow;
	uint32_t		 needs;
};
_Static_assert((MATCH_TOO_HARD & HAVE_ALL) == 0, "it is no field");

/* Notes that what rule INDEX hangs on was too hard to find out. Returns what is left that can be fetched. */
static uint32_t
too_hard(const struct hearing *h, uint32_t index, uint32_t needs)
{
	if ((needs & MATCH_TOO_HARD) && !h->v->too_hard)
		h->v->too_hard = (uint16_t)(1 + index);
	return needs & ~MATCH_TOO_HARD;
}

bool
judge_of_object(enum field field, enum event_kind kind)
{
	bool program = kind == EVENT_EXEC && (field == FIELD_PROCESS_EXECUTABLE || field == FIELD_PROCESS_NAME);

	return field_info(field)->scope == SCOPE_OBJECT || program;
}

static struct belief
belief_not(struct belief a)
{
	if (a.truth != TRUTH_UNKNOWN)
		a.truth = a.truth == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
	return a;
}

/* What is settled needs nothing more, whatever its parts asked for. */
static struct belief
belief_and(struct belief a, struct belief b)
{
	if (a.truth == TRUTH_FALSE || b.truth == TRUTH_FALSE)
		return (struct belief){ TRUTH_FALSE, 0 };
	if (a.truth == TRUTH_TRUE && b.truth == TRUTH_TRUE)
		return (struct belief){ TRUTH_TRUE, 0 };
	return (struct belief){ TRUTH_UNKNOWN, a.needs | b.needs };
}

static struct belief
belief_or(struct belief a, struct belief b)
{
	return belief_not(belief_and(belief_not(a), belief_not(b)));
}

static void
tell(const struct hearing *h, const struct judge_step *step)
{
	if (h->trace)
		h->trace(h->arg, step);
}

/* All conditions of a group hold. Without somebody to tell, the first that fails ends it. */
static struct belief
hear_group(const struct hearing *h, const struct l_group *g, struct judge_step *step, bool strict)
{
	const struct l_condition *c = layout_conditions(h->p) + g->condition;
	struct belief all = { TRUTH_TRUE, 0 };

	for (uint32_t i = 0; i < g->n_conditions; i++) {
		struct belief one = { TRUTH_FALSE, 0 };
		one.truth = inquiry_ask(h->q, &c[i], strict, &one.needs);
		step->group = layout_string(h->p, g->name);
		step->key = layout_string(h->p, c[i].key);
		step->values = layout_string(h->p, c[i].values);
		step->line = (int)c[i].line;
		step->truth = one.truth;
		step->too_hard = one.needs & MATCH_TOO_HARD;
		tell(h, step);
		all = belief_and(all, one);
		if (all.truth == TRUTH_FALSE && !h->trace)
			break;
	}
	return all;
}

static struct belief
hear_logic(const struct hearing *h, const struct l_logic *l, struct judge_step *step, bool strict)
{
	const struct l_group *g = layout_groups(h->p) + l->group;
	const uint32_t *op = layout_ops(h->p) + l->op;
	struct belief below[STACK_MAX], top = { TRUTH_UNKNOWN, 0 };
	unsigned n = 0;

	for (uint32_t i = 0; i < l->n_ops; i++) {
		if (op[i] == OP_NOT) {
			top = belief_not(top);
		} else if (op[i] == OP_AND || op[i] == OP_OR) {
			struct belief left = n ? below[--n] : top;	/* there is one, as policy_open() has proved */
			top = op[i] == OP_AND ? belief_and(left, top) : belief_or(left, top);
		} else {
			below[n++] = top;	/* the first time, nobody asks for it */
			top = hear_group(h, &g[op[i]], step, strict);
		}
	}
	return top;
}

/* The first exception that covers the rule, or -1. NEEDS: what others hang on that is not known yet. */
static int
excepted(const struct hearing *h, const struct l_rule *r, uint32_t *needs)
{
	for (uint32_t i = 0; i < r->n_refs; i++) {
		uint32_t index = layout_refs(h->p)[r->ref + i];
		const struct l_exception *x = layout_exceptions(h->p) + index;
		struct judge_step step = { .exception = true, .index = index };
		if (x->expires_ns && h->ev->wall_ns >= x->expires_ns)
			continue;
		struct belief is = hear_logic(h, &x->logic, &step, true);
		tell(h, &(struct judge_step){ .exception = true, .index = index, .line = (int)x->line, .truth = is.truth });
		if (is.truth == TRUTH_TRUE)
			return (int)index;
		*needs |= is.needs;
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

/* In order of name, which is that of the indices. */
static void
name_rule(struct verdict *v, uint32_t index)
{
	unsigned at = v->matches;

	if (at == VERDICT_MATCHED_MAX) {
		v->cut = 1;
		return;
	}
	for (; at && v->matched[at - 1] > index; at--)
		v->matched[at] = v->matched[at - 1];
	v->matched[at] = (uint16_t)index;
	v->matches++;
}

static void
count_rule(struct hearing *h, uint32_t index)
{
	const struct l_rule *r = layout_rules(h->p) + index;
	struct verdict *v = h->v;

	name_rule(v, index);
	if (r->n_feeds && v->n_fed < VERDICT_FED_MAX)
		v->fed[v->n_fed++] = (uint16_t)index;
	v->labels |= r->labels;
	if (r->actions && r->severity > v->severity)
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
	struct belief is = hear_logic(h, &r->logic, &step, r->actions & ACTION_ALLOW);

	/* What forbids is not evaded by a text that nobody can look through. */
	if (is.needs == MATCH_TOO_HARD && !(r->actions & ACTION_ALLOW))
		is.truth = TRUTH_TRUE;
	tell(h, &(struct judge_step){ .index = index, .line = (int)r->line, .truth = is.truth });
	h->needs |= too_hard(h, index, is.needs);
	if (is.truth != TRUTH_TRUE)
		return;
	uint32_t needs = 0;
	int x = excepted(h, r, &needs);
	needs = too_hard(h, index, needs);
	if (x < 0 && needs)
		h->needs |= needs;
	else if (x < 0)
		count_rule(h, index);
	else
		h->v->exception = (int16_t)x;
}

static enum decision
standard(const struct policy *p, enum event_kind kind)
{
	if (kind == EVENT_EXEC)
		return (enum decision)p->exec_default;
	return event_kind_mask(kind) & 1ull << EVENT_OPEN ? (enum decision)p->open_default : DECISION_ALLOW;
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
	v->best_deny = (int16_t)h->best_deny;
	v->best_would = (int16_t)h->best_would;
	v->best_allow = (int16_t)h->best_allow;
	v->settled = v->decider >= 0 ? SETTLED_RULE : SETTLED_DEFAULT;
	v->mode = v->decider >= 0 ? layout_rules(h->p)[v->decider].mode : h->p->mode;
}

static void
open_hearing(struct hearing *h)
{
	memset(h->v, 0, sizeof(*h->v));
	h->v->decider = h->v->exception = -1;
	h->best_deny = h->best_would = h->best_allow = -1;
}

static void
close_hearing(struct hearing *h)
{
	h->v->needs = h->needs & ~HAVE_SCANNED ? h->needs & ~HAVE_SCANNED : h->needs;
	decide(h);
}

/* What rules may still ask for and has not been asked for yet; of what is in the file nobody speaks while something cheaper is missing. */
static uint32_t
open_questions(const struct hearing *h)
{
	uint32_t asked = h->needs & ~HAVE_SCANNED ? h->needs | HAVE_SCANNED : h->needs;

	return HAVE_ALL & ~(h->ev->have | h->ev->tried | asked);
}

void
judge(const struct policy *p, const struct event *ev, struct verdict *v)
{
	struct inquiry q = { .p = p, .ev = ev };
	struct hearing h = { .p = p, .ev = ev, .v = v, .q = &q };
	struct candidates c;

	open_hearing(&h);
	candidates(&q, &c);
	for (int i = candidates_next(p, &c, -1); i >= 0; i = candidates_next(p, &c, i)) {
		uint32_t before = h.needs;
		hear_rule(&h, (uint32_t)i);
		/* It is no verdict yet, so only who asks for more is heard. */
		if (h.needs != before)
			candidates_seeking(p, open_questions(&h), &c);
	}
	close_hearing(&h);
}

void
judge_explain(const struct policy *p, const struct event *ev, struct verdict *v, judge_trace *trace, void *arg)
{
	struct inquiry q = { .p = p, .ev = ev };
	struct hearing h = { .p = p, .ev = ev, .v = v, .q = &q, .trace = trace, .arg = arg };
	struct candidates c;

	open_hearing(&h);
	candidates_all(p, (enum event_kind)ev->kind, &c);
	for (int i = candidates_next(p, &c, -1); i >= 0; i = candidates_next(p, &c, i))
		hear_rule(&h, (uint32_t)i);
	close_hearing(&h);
}

static bool
speaks_of_files(const struct policy *p, const struct l_rule *r)
{
	const struct l_group *g = layout_groups(p) + r->logic.group;

	for (uint32_t i = 0; i < r->logic.n_groups; i++)
		for (uint32_t k = 0; k < g[i].n_conditions; k++)
			if (field_info((enum field)layout_conditions(p)[g[i].condition + k].field)->scope == SCOPE_OBJECT)
				return true;
	return false;
}

bool
judge_always_allows(const struct policy *p, const struct event *ev, enum judge_view view)
{
	struct inquiry q = { .p = p, .ev = ev, .view = view };
	struct hearing h = { .p = p, .ev = ev, .q = &q };
	bool allowed = standard(p, (enum event_kind)ev->kind) == DECISION_ALLOW;
	struct candidates c;

	candidates(&q, &c);
	for (int i = candidates_next(p, &c, -1); i >= 0; i = candidates_next(p, &c, i)) {
		const struct l_rule *r = layout_rules(p) + i;
		struct judge_step step = { 0 };
		if (view == VIEW_LOADER && !speaks_of_files(p, r))
			continue;
		enum truth t = hear_logic(&h, &r->logic, &step, r->actions & ACTION_ALLOW).truth;
		if (t == TRUTH_FALSE)
			continue;
		if (t == TRUTH_UNKNOWN || r->actions != ACTION_ALLOW || r->labels || r->n_refs || r->n_feeds)
			return false;
		allowed = true;
	}
	return allowed;
}

uint32_t
judge_object_needs(const struct policy *p, const struct event *ev)
{
	struct inquiry q = { .p = p, .ev = ev, .view = VIEW_OBJECT };
	struct hearing h = { .p = p, .ev = ev, .q = &q };
	struct candidates c;
	uint32_t needs = 0;

	candidates(&q, &c);
	for (int i = candidates_next(p, &c, -1); i >= 0; i = candidates_next(p, &c, i)) {
		const struct l_rule *r = layout_rules(p) + i;
		struct judge_step step = { 0 };
		struct belief is = hear_logic(&h, &r->logic, &step, r->actions & ACTION_ALLOW);
		needs |= is.needs;
		for (uint32_t k = 0; k < r->n_refs && is.truth != TRUTH_FALSE; k++) {
			const struct l_exception *x = layout_exceptions(p) + layout_refs(p)[r->ref + k];
			needs |= hear_logic(&h, &x->logic, &step, true).needs;
		}
	}
	return needs & HAVE_ALL;
}

uint32_t
judge_add(const struct policy *p, const struct event *ev, struct verdict *v, unsigned rule)
{
	struct inquiry q = { .p = p, .ev = ev };
	struct hearing h = { .p = p, .ev = ev, .v = v, .q = &q, .best_deny = v->best_deny, .best_would = v->best_would,
		.best_allow = v->best_allow };
	uint32_t needs = 0;
	int x = excepted(&h, layout_rules(p) + rule, &needs);

	needs = too_hard(&h, rule, needs);
	if (x >= 0)
		v->exception = (int16_t)x;
	else if (needs)
		return needs;
	else
		count_rule(&h, rule);
	decide(&h);
	return 0;
}

/* For the names of 16 rules, of exception and rule set, and sentences: what an attacker puts into the event does not push them out. */
#define REPORT_ROOM 2048

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

	for (unsigned i = 0; index < 0 && i < v->matches; i++) {
		const struct l_rule *rule = layout_rules(p) + v->matched[i];
		if (rule->actions && rule->severity == v->severity)
			index = v->matched[i];
	}
	r->decision = v->decision;
	r->would = v->would;
	r->mode = v->mode;
	r->settled = v->settled;
	r->severity = v->severity;
	r->actions = v->actions;
	if (v->matches || v->exception >= 0)
		event_make_room(ev, REPORT_ROOM);
	list_matched(p, v, ev);
	if (v->exception >= 0)
		event_set_str(ev, TEXT_EXCEPTION, layout_string(p, layout_exceptions(p)[v->exception].name));
	if (index >= 0) {
		const struct l_rule *rule = layout_rules(p) + index;
		event_set_str(ev, TEXT_RULE, layout_string(p, rule->name));
		event_set_str(ev, TEXT_RULESET, layout_string(p, rule->ruleset));
		event_set_str(ev, TEXT_TECHNIQUE, layout_string(p, rule->technique));
		event_set_str(ev, TEXT_RULE_MESSAGE, layout_string(p, rule->message));
		event_set_str(ev, TEXT_RULE_DESCRIPTION, layout_string(p, rule->description));
	}
}
