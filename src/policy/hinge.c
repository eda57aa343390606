#include <stdlib.h>
#include "policy/clue.h"
#include "policy/hinge.h"

#define ASK_WEIGHT	(1u << 20)	/* of a hinge without clues: better than none, where several share it */

/* Groups of a rule one of which holds whenever the rule matches. WEIGHT 0: there is no such choice. */
struct choice { uint64_t groups, weight; };
struct finding {
	struct build	*b;
	struct table	*hinges;
	/* Of each condition that is the first to say what it says: */
	uint32_t	*users;		/* groups of rules that have it */
	uint32_t	*weight;	/* the greatest of its clues; 0: it has none */
};
struct numbered { uint64_t says; uint32_t index; };

static int
by_what_it_says(const void *x, const void *y)
{
	const struct numbered *a = x, *b = y;

	if (a->says != b->says)
		return a->says < b->says ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static struct l_condition *
condition_at(const struct finding *f, uint32_t i)
{
	return table_at(&f->b->conditions, i);
}

/* Field, test, flags and argument; not how it was written. */
static void
find_same(struct finding *f, struct numbered *all)
{
	size_t n = f->b->conditions.n;

	for (uint32_t i = 0; i < n; i++) {
		const struct l_condition *c = condition_at(f, i);
		all[i] = (struct numbered){ (uint64_t)c->arg << 32 | (uint64_t)c->field << 16 | (uint64_t)c->test << 8 | c->flags, i };
	}
	if (n)
		qsort(all, n, sizeof(*all), by_what_it_says);
	for (size_t i = 0; i < n; i++)
		condition_at(f, all[i].index)->same = i && all[i].says == all[i - 1].says ? condition_at(f, all[i - 1].index)->same : all[i].index;
}

static void
weigh_clue(void *arg, const struct clue *c)
{
	uint32_t *most = arg;

	if (clue_weight(c) > *most)
		*most = clue_weight(c);
}

static const struct l_rule *
rule_at(const struct finding *f, uint32_t rule)
{
	return table_at(&f->b->rules, rule);
}

static void
weigh_conditions(struct finding *f)
{
	struct build *b = f->b;

	for (uint32_t i = 0; i < b->conditions.n; i++) {
		uint32_t most = 0;
		if (condition_at(f, i)->same == i && clues_of(b, condition_at(f, i), weigh_clue, &most))
			f->weight[i] = most;
	}
	for (uint32_t r = 0; r < b->rules.n; r++) {
		const struct l_logic *l = &rule_at(f, r)->logic;
		for (uint32_t g = 0; g < l->n_groups; g++) {
			const struct l_group *group = table_at(&b->groups, l->group + g);
			for (uint32_t i = 0; i < group->n_conditions; i++)
				f->users[condition_at(f, group->condition + i)->same]++;
		}
	}
}

static bool
is_fetched(const struct l_condition *c)
{
	uint32_t have = field_info((enum field)c->field)->have;

	return (have | (c->test == L_FIELD ? field_info((enum field)(c->arg & 0xffff))->have : 0)) & INDEX_FETCHED;
}

/* How many rules it lets be heard, more or less: what many rules name is what many events have. 0: it cannot be a hinge. */
static uint64_t
hinge_weight(const struct finding *f, enum l_stage stage, uint32_t condition)
{
	uint32_t same = condition_at(f, condition)->same;

	if (stage == STAGE_AT_ONCE && is_fetched(condition_at(f, same)))
		return 0;
	if (f->weight[same])
		return (uint64_t)f->weight[same] * f->users[same];
	return f->users[same] > 1 ? ASK_WEIGHT + ASK_WEIGHT / f->users[same] : 0;
}

/* The best of the conditions of a group, all of which must hold. Returns its weight. */
static uint64_t
best_hinge(const struct finding *f, enum l_stage stage, const struct l_group *g, uint32_t *hinge)
{
	uint64_t best = 0;

	for (uint32_t i = 0; i < g->n_conditions; i++) {
		uint64_t weight = hinge_weight(f, stage, g->condition + i);
		if (!weight || (best && weight >= best))
			continue;
		best = weight;
		*hinge = condition_at(f, g->condition + i)->same;
	}
	return best;
}

/* As logic_rests_on(), by weight. */
static struct choice
choose(const struct finding *f, enum l_stage stage, const struct l_logic *l)
{
	struct choice stack[STACK_MAX] = { 0 };
	unsigned n = 0;

	for (uint32_t i = 0; i < l->n_ops; i++) {
		uint32_t op = *(const uint32_t *)table_at(&f->b->ops, l->op + i), hinge;
		if (op == OP_NOT) {
			stack[n - 1] = (struct choice){ 0 };
		} else if (op == OP_AND) {
			struct choice x = stack[--n], *y = &stack[n - 1];
			if (!y->weight || (x.weight && x.weight < y->weight))
				*y = x;
		} else if (op == OP_OR) {
			struct choice x = stack[--n], *y = &stack[n - 1];
			*y = x.weight && y->weight ? (struct choice){ x.groups | y->groups, x.weight + y->weight } : (struct choice){ 0 };
		} else {
			uint64_t weight = best_hinge(f, stage, table_at(&f->b->groups, l->group + op), &hinge);
			stack[n++] = (struct choice){ weight ? 1ull << op : 0, weight };
		}
	}
	return stack[0];
}

static void
add_hinges(struct finding *f, enum l_stage stage, uint32_t rule, uint64_t groups)
{
	const struct l_logic *l = &rule_at(f, rule)->logic;

	for (uint32_t g = 0; g < l->n_groups; g++) {
		struct hinge x = { .stage = stage, .rule = rule };
		if (!(groups & 1ull << g) || !best_hinge(f, stage, table_at(&f->b->groups, l->group + g), &x.condition))
			continue;
		x.clued = f->weight[x.condition] != 0;
		table_add(f->hinges, &x, 1);
	}
}

/* Among everything only what is better than what is known at once. */
static void
hinge_rule(struct finding *f, uint32_t rule)
{
	struct choice once = choose(f, STAGE_AT_ONCE, &rule_at(f, rule)->logic), all = choose(f, STAGE_ALL, &rule_at(f, rule)->logic);

	add_hinges(f, STAGE_AT_ONCE, rule, once.groups);
	if (!once.weight || all.weight < once.weight)
		add_hinges(f, STAGE_ALL, rule, all.groups);
}

static int
by_hinge(const void *x, const void *y)
{
	const struct hinge *a = x, *b = y;

	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	if (a->condition != b->condition)
		return a->condition < b->condition ? -1 : 1;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

void
hinges_find(struct build *b, struct table *hinges)
{
	size_t n = b->conditions.n;
	struct finding f = { .b = b, .hinges = hinges, .users = pool_take(&b->d.pool, n * sizeof(uint32_t)),
		.weight = pool_take(&b->d.pool, n * sizeof(uint32_t)) };
	struct numbered *scratch = pool_take(&b->d.pool, n * sizeof(*scratch));

	if (!f.users || !f.weight || !scratch)
		return;
	find_same(&f, scratch);
	weigh_conditions(&f);
	for (uint32_t r = 0; r < b->rules.n; r++)
		hinge_rule(&f, r);
	if (hinges->n)
		qsort(hinges->at, hinges->n, sizeof(struct hinge), by_hinge);
}
