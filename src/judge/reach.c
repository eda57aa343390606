#include "judge/judge.h"
#include "judge/reach.h"

/* Of an expression: what is sure when it is true, and when it is false. */
struct sure { struct demand when_true, when_false; };

static struct demand
both(struct demand a, struct demand b)
{
	return (struct demand){ a.yes | b.yes, a.no | b.no };
}

static struct demand
common(struct demand a, struct demand b)
{
	return (struct demand){ a.yes & b.yes, a.no & b.no };
}

struct demand
reach_demand(const struct policy *p, const struct l_logic *l)
{
	const uint32_t *op = layout_ops(p) + l->op;
	struct sure stack[STACK_MAX] = { 0 };
	unsigned n = 0;

	for (uint32_t i = 0; i < l->n_ops; i++) {
		struct sure *top = n ? &stack[n - 1] : stack;
		if (op[i] == OP_NOT) {
			*top = (struct sure){ .when_true = top->when_false, .when_false = top->when_true };
		} else if (op[i] == OP_AND || op[i] == OP_OR) {
			struct sure a = stack[n - 2], b = *top;
			n--;
			if (op[i] == OP_AND)
				stack[n - 1] = (struct sure){ both(a.when_true, b.when_true), common(a.when_false, b.when_false) };
			else
				stack[n - 1] = (struct sure){ common(a.when_true, b.when_true), both(a.when_false, b.when_false) };
		} else {
			uint64_t bit = 1ull << op[i];
			stack[n++] = (struct sure){ .when_true = { .yes = bit }, .when_false = { .no = bit } };
		}
	}
	return stack[0].when_true;
}

static void
add_group(const struct policy *p, struct premise *pre, const struct l_group *g)
{
	for (uint32_t i = 0; i < g->n_conditions && pre->n < PREMISE_MAX; i++)
		pre->c[pre->n++] = layout_conditions(p) + g->condition + i;
}

void
premise_add(const struct policy *p, struct premise *pre, const struct l_logic *l)
{
	struct demand d = reach_demand(p, l);

	for (uint32_t i = 0; i < l->n_groups; i++) {
		const struct l_group *g = layout_groups(p) + l->group + i;
		if (d.yes & 1ull << i)
			add_group(p, pre, g);
		else if ((d.no & 1ull << i) && pre->n_not < GROUPS_MAX)
			pre->not[pre->n_not++] = g;
	}
}

bool
premise_fails(const struct imply *im, const struct premise *pre, const struct l_condition *culprit[static 2])
{
	unsigned who[2];

	if (!imply_contradiction(im, pre->c, pre->n, who))
		return false;
	culprit[0] = pre->c[who[0]];
	culprit[1] = pre->c[who[1]];
	return true;
}

bool
premise_implies(const struct imply *im, const struct premise *pre, const struct l_condition *c)
{
	for (unsigned i = 0; i < pre->n; i++)
		if (pre->c[i] == c || imply(im, pre->c[i], c))
			return true;
	return imply_always(im, c);
}

static bool
all_implied(const struct imply *im, const struct premise *pre, const struct l_group *g)
{
	for (uint32_t i = 0; i < g->n_conditions; i++)
		if (!premise_implies(im, pre, layout_conditions(im->p) + g->condition + i))
			return false;
	return true;
}

enum truth
reach_group(const struct imply *im, const struct premise *pre, const struct l_group *g)
{
	struct premise with = *pre;
	const struct l_condition *culprit[2];

	if (all_implied(im, pre, g))
		return TRUTH_TRUE;
	add_group(im->p, &with, g);
	if (premise_fails(im, &with, culprit))
		return TRUTH_FALSE;
	/* With it, all of a group would be true that is known to be false. */
	for (unsigned i = 0; i < pre->n_not; i++)
		if (pre->not[i] == g || all_implied(im, &with, pre->not[i]))
			return TRUTH_FALSE;
	return TRUTH_UNKNOWN;
}

static enum truth
not_of(enum truth t)
{
	return t == TRUTH_UNKNOWN ? t : t == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

static enum truth
and_of(enum truth a, enum truth b)
{
	if (a == TRUTH_FALSE || b == TRUTH_FALSE)
		return TRUTH_FALSE;
	return a == TRUTH_TRUE && b == TRUTH_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

enum truth
reach(const struct imply *im, const struct premise *pre, const struct l_logic *l)
{
	const uint32_t *op = layout_ops(im->p) + l->op;
	enum truth stack[STACK_MAX] = { TRUTH_UNKNOWN };
	unsigned n = 0;

	for (uint32_t i = 0; i < l->n_ops; i++) {
		if (op[i] == OP_NOT) {
			stack[n - 1] = not_of(stack[n - 1]);
		} else if (op[i] == OP_AND) {
			n--;
			stack[n - 1] = and_of(stack[n - 1], stack[n]);
		} else if (op[i] == OP_OR) {
			n--;
			stack[n - 1] = not_of(and_of(not_of(stack[n - 1]), not_of(stack[n])));
		} else {
			stack[n++] = reach_group(im, pre, layout_groups(im->p) + l->group + op[i]);
		}
	}
	return stack[0];
}
