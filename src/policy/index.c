#include <stdlib.h>
#include <string.h>
#include "policy/clue.h"
#include "policy/hinge.h"

#define GRAMS	65536u		/* counters, each of several grams */

struct entry { uint32_t lane, print, crowd; };
struct lane { struct l_lane l; uint32_t *rules; };
struct indexing {
	struct build	*b;
	size_t		 words;		/* of a bit for each rule */
	uint32_t	*rules;		/* scratch, clear between uses */
	uint32_t	*grams;		/* how often each stands in a clue */
	struct table	 hinges, lanes, entries;
	/* Of the hinge that is being added: its rules, and the lanes of its clues. */
	const struct l_condition *condition;
	uint8_t		 stage;
	size_t		 lane[SPOT_ASK];	/* 1 + index */
};

static void
set_bit(uint32_t *bits, uint32_t i)
{
	bits[i / 32] |= 1u << i % 32;
}

/* The rules of BITS, which is clear then. */
static struct l_crowd
crowd_of(struct indexing *ix, uint32_t *bits)
{
	struct build *b = ix->b;
	struct l_crowd c = { .at = (uint32_t)b->members.n };

	for (size_t w = 0; w < ix->words; w++)
		c.n += (uint32_t)__builtin_popcount(bits[w]);
	bool dense = crowd_dense(c, (uint32_t)b->rules.n);
	if (dense)
		table_add(&b->members, bits, ix->words);
	for (size_t w = 0; !dense && w < ix->words; w++) {
		for (uint32_t rest = bits[w]; rest; rest &= rest - 1) {
			uint32_t rule = (uint32_t)(w * 32) + (uint32_t)__builtin_ctz(rest);
			table_add(&b->members, &rule, 1);
		}
	}
	memset(bits, 0, ix->words * sizeof(*bits));
	return c;
}

static void
add_crowd(struct indexing *ix, struct table *to, uint32_t *bits)
{
	struct l_crowd c = crowd_of(ix, bits);

	table_add(to, &c, 1);
}

static const struct l_rule *
rule_at(const struct indexing *ix, uint32_t rule)
{
	return table_at(&ix->b->rules, rule);
}

static void
index_kinds(struct indexing *ix)
{
	for (int k = 0; k < EVENT__MAX; k++) {
		for (uint32_t r = 0; r < ix->b->rules.n; r++)
			if (!rule_at(ix, r)->correlation && (rule_at(ix, r)->kinds & event_kind_mask((enum event_kind)k)))
				set_bit(ix->rules, r);
		add_crowd(ix, &ix->b->kinds, ix->rules);
	}
}

static uint32_t
logic_have(const struct build *b, const struct l_logic *l)
{
	uint32_t have = 0;

	for (uint32_t g = 0; g < l->n_groups; g++) {
		const struct l_group *group = table_at(&b->groups, l->group + g);
		for (uint32_t i = 0; i < group->n_conditions; i++) {
			const struct l_condition *c = table_at(&b->conditions, group->condition + i);
			have |= field_info((enum field)c->field)->have;
			have |= c->test == L_FIELD ? field_info((enum field)(c->arg & 0xffff))->have : 0;
		}
	}
	return have;
}

/* Of each rule and all its exceptions. */
static void
index_seekers(struct indexing *ix)
{
	struct build *b = ix->b;
	uint32_t *rule = pool_take(&b->d.pool, b->rules.n * sizeof(*rule)), *exception = pool_take(&b->d.pool, b->exceptions.n * sizeof(*rule));

	if (!rule || !exception)
		return;
	for (size_t x = 0; x < b->exceptions.n; x++)
		exception[x] = logic_have(b, &((const struct l_exception *)table_at(&b->exceptions, x))->logic);
	for (uint32_t r = 0; r < b->rules.n; r++) {
		rule[r] = logic_have(b, &rule_at(ix, r)->logic);
		for (uint32_t i = 0; i < rule_at(ix, r)->n_refs; i++)
			rule[r] |= exception[*(const uint32_t *)table_at(&b->refs, rule_at(ix, r)->ref + i)];
	}
	for (unsigned bit = 0; bit < HAVE_BITS; bit++) {
		for (uint32_t r = 0; r < b->rules.n; r++)
			if (rule[r] & 1u << bit)
				set_bit(ix->rules, r);
		add_crowd(ix, &b->seekers, ix->rules);
	}
}

static void
index_loose(struct indexing *ix)
{
	for (uint32_t stage = 0; stage < STAGE__MAX; stage++) {
		for (uint32_t r = 0; r < ix->b->rules.n; r++)
			set_bit(ix->rules, r);
		for (size_t i = 0; i < ix->hinges.n; i++) {
			const struct hinge *g = table_at(&ix->hinges, i);
			if (g->stage == stage)
				ix->rules[g->rule / 32] &= ~(1u << g->rule % 32);
		}
		add_crowd(ix, &ix->b->loose, ix->rules);
	}
}

/* The lane of the hinge's field at a spot. */
static size_t
lane_at(struct indexing *ix, enum l_spot spot)
{
	struct lane new = { .l = { .field = ix->condition->field, .stage = ix->stage, .spot = (uint8_t)spot,
		.nocase = ix->condition->flags & L_NOCASE ? 1 : 0 } };

	for (size_t i = 0; !ix->lane[spot] && i < ix->lanes.n; i++) {
		const struct l_lane *l = &((const struct lane *)table_at(&ix->lanes, i))->l;
		if (l->field == new.l.field && l->stage == new.l.stage && l->spot == new.l.spot && l->nocase == new.l.nocase)
			ix->lane[spot] = 1 + i;
	}
	if (!ix->lane[spot]) {
		new.rules = pool_take(&ix->b->d.pool, ix->words * sizeof(uint32_t));
		ix->lane[spot] = 1 + table_add(&ix->lanes, &new, 1);
	}
	return ix->lane[spot] - 1;
}

static uint32_t
gram_at(const struct clue *c, size_t i)
{
	uint32_t gram = 0;

	for (size_t k = 0; k < CLUE_GRAM; k++)
		gram = gram_step(gram, c->bytes[i + k]);
	return print_end(gram);
}

static void
count_grams(void *arg, const struct clue *c)
{
	struct indexing *ix = arg;

	for (size_t i = 0; c->spot == SPOT_INSIDE && i + CLUE_GRAM <= c->len; i++)
		ix->grams[gram_at(c, i) % GRAMS]++;
}

/* Of what stands inside, the part that fewest others have. */
static uint32_t
rarest_gram(const struct indexing *ix, const struct clue *c)
{
	uint32_t best = gram_at(c, 0);

	for (size_t i = 1; i + CLUE_GRAM <= c->len; i++)
		if (ix->grams[gram_at(c, i) % GRAMS] < ix->grams[best % GRAMS])
			best = gram_at(c, i);
	return best;
}

static void
add_clue(void *arg, const struct clue *c)
{
	struct indexing *ix = arg;
	struct entry e = { .lane = (uint32_t)lane_at(ix, c->spot), .crowd = (uint32_t)ix->b->crowds.n };
	struct lane *lane = table_at(&ix->lanes, e.lane);
	size_t n = c->spot == SPOT_WHOLE || c->len < CLUE_MOST ? c->len : CLUE_MOST;
	uint64_t sum = PRINT_BEGIN;

	for (size_t i = 0; i < n; i++)
		sum = print_step(sum, c->bytes[c->spot == SPOT_TAIL ? c->len - 1 - i : i]);
	e.print = c->spot == SPOT_INSIDE ? rarest_gram(ix, c) : print_end(sum);
	lane->l.lengths |= length_bit(n);
	table_add(&ix->entries, &e, 1);
}

static void
join_lane(struct indexing *ix, size_t i, uint64_t kinds)
{
	struct lane *lane = table_at(&ix->lanes, i);

	lane->l.kinds |= kinds;
	for (size_t w = 0; lane->rules && w < ix->words; w++)
		lane->rules[w] |= ix->rules[w];
}

/* A condition and the N rules that rest on it. */
static void
add_hinge(struct indexing *ix, const struct hinge *g, size_t n)
{
	uint64_t kinds = 0;

	ix->condition = table_at(&ix->b->conditions, g->condition);
	ix->stage = (uint8_t)g->stage;
	memset(ix->lane, 0, sizeof(ix->lane));
	for (size_t i = 0; i < n; i++) {
		set_bit(ix->rules, g[i].rule);
		kinds |= rule_at(ix, g[i].rule)->kinds;
	}
	if (g->clued) {
		clues_of(ix->b, ix->condition, add_clue, ix);
		for (int spot = 0; spot < SPOT_ASK; spot++)
			if (ix->lane[spot])
				join_lane(ix, ix->lane[spot] - 1, kinds);
		add_crowd(ix, &ix->b->crowds, ix->rules);
	} else {
		struct l_lane ask = { .kinds = kinds, .rules = crowd_of(ix, ix->rules), .condition = g->condition,
			.field = ix->condition->field, .stage = ix->stage, .spot = SPOT_ASK };
		table_add(&ix->b->lanes, &ask, 1);
	}
}

static void
index_hinges(struct indexing *ix)
{
	for (size_t i = 0, n; i < ix->hinges.n; i += n) {
		const struct hinge *g = table_at(&ix->hinges, i);
		for (n = 1; i + n < ix->hinges.n && g[n].stage == g->stage && g[n].condition == g->condition;)
			n++;
		add_hinge(ix, g, n);
	}
}

static int
by_lane_and_print(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->lane != b->lane)
		return a->lane < b->lane ? -1 : 1;
	if (a->print != b->print)
		return a->print < b->print ? -1 : 1;
	return a->crowd < b->crowd ? -1 : a->crowd > b->crowd;
}

/* The N clues of a lane in its chains, each once. */
static void
fill_chains(struct indexing *ix, struct l_lane *l, const struct entry *e, size_t n)
{
	struct build *b = ix->b;
	uint32_t chain = 0;

	while (1ull << l->bits < n)
		l->bits++;
	l->head = table_add(&b->heads, NULL, (1ull << l->bits) + 1);
	for (size_t i = 0; i < n && !b->heads.failed; i++) {
		if (i && e[i].print == e[i - 1].print && e[i].crowd == e[i - 1].crowd)
			continue;
		uint32_t at = table_add(&b->clues, &(struct l_clue){ e[i].print, e[i].crowd }, 1);
		for (; chain <= print_chain(e[i].print, l->bits); chain++)
			*(uint32_t *)table_at(&b->heads, l->head + chain) = at;
	}
	for (; chain <= 1ull << l->bits && !b->heads.failed; chain++)
		*(uint32_t *)table_at(&b->heads, l->head + chain) = (uint32_t)b->clues.n;
}

static void
index_lanes(struct indexing *ix)
{
	if (ix->entries.n)
		qsort(ix->entries.at, ix->entries.n, sizeof(struct entry), by_lane_and_print);
	for (size_t i = 0, at = 0, n; i < ix->lanes.n; i++, at += n) {
		struct lane *lane = table_at(&ix->lanes, i);
		const struct entry *e = table_at(&ix->entries, at);
		for (n = 0; at + n < ix->entries.n && e[n].lane == i;)
			n++;
		fill_chains(ix, &lane->l, e, n);
		lane->l.rules = crowd_of(ix, lane->rules);
		table_add(&ix->b->lanes, &lane->l, 1);
	}
}

void
build_index(struct build *b)
{
	struct indexing ix = { .b = b, .words = crowd_words((uint32_t)b->rules.n), .hinges = TABLE_OF(struct hinge),
		.lanes = TABLE_OF(struct lane), .entries = TABLE_OF(struct entry) };

	ix.rules = pool_take(&b->d.pool, ix.words * sizeof(uint32_t));
	ix.grams = pool_take(&b->d.pool, GRAMS * sizeof(uint32_t));
	hinges_find(b, &ix.hinges);
	for (size_t i = 0; ix.grams && i < ix.hinges.n; i++) {
		const struct hinge *g = table_at(&ix.hinges, i);
		if (g->clued && (i == 0 || g[-1].condition != g->condition))
			clues_of(b, table_at(&b->conditions, g->condition), count_grams, &ix);
	}
	if (!b->d.pool.failed) {
		index_kinds(&ix);
		index_seekers(&ix);
		index_loose(&ix);
		index_hinges(&ix);
	}
	if (!b->d.pool.failed)
		index_lanes(&ix);
	b->heads.failed |= ix.hinges.failed || ix.lanes.failed || ix.entries.failed;
	table_done(&ix.hinges);
	table_done(&ix.lanes);
	table_done(&ix.entries);
}
