#include <string.h>
#include "judge/candidates.h"
#include "judge/match.h"

#define CUT	(FLAG_ARGS_CUT | FLAG_ANCESTRY_CUT | FLAG_PATH_CUT)

struct search {
	const struct policy	*p;
	struct inquiry		*q;
	struct field_cursor	*cursor;	/* large: there is one */
	struct candidates	*found;
};

static uint32_t
words(const struct policy *p)
{
	return crowd_words(p->rules.n);
}

static void
join_words(uint32_t *restrict to, const uint32_t *restrict those, uint32_t n)
{
	for (uint32_t w = 0; w < n; w += CROWD_BLOCK)
		for (uint32_t i = 0; i < CROWD_BLOCK; i++)
			to[w + i] |= those[w + i];
}

static void
keep_words(uint32_t *restrict of, const uint32_t *restrict those, uint32_t n)
{
	for (uint32_t w = 0; w < n; w += CROWD_BLOCK)
		for (uint32_t i = 0; i < CROWD_BLOCK; i++)
			of[w + i] &= those[w + i];
}

static void
join(const struct policy *p, struct l_crowd crowd, struct candidates *to)
{
	const uint32_t *member = layout_members(p) + crowd.at;

	if (crowd_dense(crowd, p->rules.n))
		join_words(to->word, member, words(p));
	else
		for (uint32_t i = 0; i < crowd.n; i++)
			to->word[member[i] / 32] |= 1u << member[i] % 32;
}

/* Only these. */
static void
begin(const struct policy *p, struct l_crowd crowd, struct candidates *c)
{
	memset(c, 0, words(p) * sizeof(c->word[0]));
	join(p, crowd, c);
}

int
candidates_next(const struct policy *p, const struct candidates *c, int after)
{
	uint32_t i = (uint32_t)(after + 1), w = i / 32, word = w < words(p) ? c->word[w] & ~0u << i % 32 : 0;

	while (!word && ++w < words(p))
		word = c->word[w];
	return word ? (int)(w * 32) + __builtin_ctz(word) : -1;
}

static void
look_up(const struct search *s, const struct l_lane *l, uint32_t print)
{
	const uint32_t *head = layout_heads(s->p) + l->head + print_chain(print, l->bits);
	const struct l_clue *a = layout_clues(s->p);

	for (uint32_t i = head[0]; i < head[1]; i++)
		if (a[i].print == print)
			join(s->p, layout_crowds(s->p)[a[i].crowd], s->found);
}

/* All beginnings of a value, or all its ends, that are as long as some clue. */
static void
look_up_ends(const struct search *s, const struct l_lane *l, const struct value *v)
{
	uint64_t sum = PRINT_BEGIN;

	for (size_t n = 1; n <= v->len && n <= CLUE_MOST && l->lengths >> n; n++) {
		sum = print_step(sum, print_lower(v->text[l->spot == SPOT_TAIL ? v->len - n : n - 1], l->nocase));
		if (l->lengths & length_bit(n))
			look_up(s, l, print_end(sum));
	}
}

static void
look_up_grams(const struct search *s, const struct l_lane *l, const struct value *v)
{
	uint32_t gram = 0;

	for (size_t i = 0; i < v->len; i++) {
		gram = gram_step(gram, print_lower(v->text[i], l->nocase));
		if (i + 1 >= CLUE_GRAM)
			look_up(s, l, print_end(gram));
	}
}

static void
look_up_whole(const struct search *s, const struct l_lane *l, const struct value *v)
{
	uint64_t sum = PRINT_BEGIN;

	if (!(l->lengths & length_bit(v->len)))
		return;
	for (size_t i = 0; i < v->len; i++)
		sum = print_step(sum, print_lower(v->text[i], l->nocase));
	look_up(s, l, print_end(sum));
}

static void
look_up_values(const struct search *s, const struct l_lane *l)
{
	bool number = field_is_number(field_info((enum field)l->field)->type);
	struct value v;

	while (field_next(s->cursor, &v)) {
		int64_t n = v.number;
		if (number)
			v = (struct value){ .text = (const char *)&n, .len = sizeof(n) };
		if (l->spot == SPOT_WHOLE)
			look_up_whole(s, l, &v);
		else if (l->spot == SPOT_INSIDE)
			look_up_grams(s, l, &v);
		else
			look_up_ends(s, l, &v);
	}
}

/* Those that let through: what was cut leaves them unknown for good, and they may ask for more. */
static void
join_strict(const struct search *s, struct l_crowd crowd)
{
	struct candidates those;

	begin(s->p, crowd, &those);
	for (int i = candidates_next(s->p, &those, -1); i >= 0; i = candidates_next(s->p, &those, i))
		if (layout_rules(s->p)[i].actions & ACTION_ALLOW)
			s->found->word[i / 32] |= 1u << i % 32;
}

static void
ask(const struct search *s, const struct l_lane *l)
{
	const struct l_condition *c = layout_conditions(s->p) + l->condition;
	uint32_t needs = 0;

	if (inquiry_ask(s->q, c, false, &needs) != TRUTH_FALSE)
		join(s->p, l->rules, s->found);
	else if ((s->q->ev->flags & CUT) && inquiry_ask(s->q, c, true, &needs) != TRUTH_FALSE)
		join_strict(s, l->rules);
}

static void
search_lane(const struct search *s, const struct l_lane *l)
{
	switch (inquiry_shows(s->q, (enum field)l->field) ? field_open(s->cursor, s->q->ev, (enum field)l->field) : FIELD_UNKNOWN) {
	case FIELD_UNKNOWN:
		join(s->p, l->rules, s->found);
		break;
	case FIELD_PRESENT:
		look_up_values(s, l);
		break;
	case FIELD_ABSENT:
		break;
	}
	if (match_was_cut(s->q->ev, (enum field)l->field))
		join_strict(s, l->rules);
}

static bool
all_among(const struct policy *p, const struct candidates *of, const struct candidates *those)
{
	uint32_t others[CROWD_BLOCK] = { 0 }, any = 0;

	for (uint32_t w = 0; w < words(p); w += CROWD_BLOCK)
		for (uint32_t i = 0; i < CROWD_BLOCK; i++)
			others[i] |= of->word[w + i] & ~those->word[w + i];
	for (uint32_t i = 0; i < CROWD_BLOCK; i++)
		any |= others[i];
	return !any;
}

void
candidates_all(const struct policy *p, enum event_kind kind, struct candidates *out)
{
	begin(p, layout_kinds(p)[kind], out);
}

void
candidates_seeking(const struct policy *p, uint32_t have, struct candidates *c)
{
	struct candidates seekers;

	memset(&seekers, 0, words(p) * sizeof(seekers.word[0]));
	for (; have; have &= have - 1)
		join(p, layout_seekers(p)[__builtin_ctz(have)], &seekers);
	keep_words(c->word, seekers.word, words(p));
}

void
candidates(struct inquiry *q, struct candidates *out)
{
	const struct policy *p = q->p;
	enum event_kind kind = (enum event_kind)q->ev->kind;
	const struct l_lane *l = layout_lanes(p);
	struct field_cursor cursor;
	struct candidates found;
	const struct search s = { .p = p, .q = q, .cursor = &cursor, .found = &found };

	candidates_all(p, kind, out);
	for (int stage = 0; stage < STAGE__MAX; stage++) {
		begin(p, layout_loose(p)[stage], &found);
		if (all_among(p, out, &found))
			continue;
		for (uint32_t i = 0; i < p->lanes.n; i++)
			if (l[i].stage == stage && (l[i].kinds & event_kind_mask(kind)))
				(l[i].spot == SPOT_ASK ? ask : search_lane)(&s, &l[i]);
		keep_words(out->word, found.word, words(p));
	}
}
