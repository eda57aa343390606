#include <string.h>
#include "policy/clue.h"

#define LONG	4		/* bytes; what is shorter stands in many values */

unsigned
clue_weight(const struct clue *c)
{
	if (c->spot == SPOT_WHOLE)
		return 1;
	return c->len >= LONG ? 4 : 1000;
}

static bool
better(const struct clue *best, enum l_spot spot, size_t len)
{
	if (spot == SPOT_INSIDE)
		return best->len < LONG && len >= CLUE_GRAM;
	return len > best->len;
}

/* The longest of what it begins and ends with; only if that is short, something between. */
static void
of_glob(const char *p, size_t len, bool path, struct clue *best)
{
	char letters[GLOB_MAX];

	for (size_t at = 0; at < len;) {
		enum l_spot spot = at ? SPOT_INSIDE : SPOT_HEAD;
		size_t n = glob_letters(p, len, path, &at, letters);
		if (spot == SPOT_INSIDE && at == len)
			spot = SPOT_TAIL;
		if (!n || !better(best, spot, n))
			continue;
		memcpy(best->letters, letters, n);
		best->spot = spot;
		best->len = n;
	}
	best->bytes = best->letters;
}

static void
of_pattern(const struct build *b, const struct l_pattern *p, struct clue *out)
{
	enum l_kind kind = (enum l_kind)p->kind;

	out->bytes = table_at(&b->strings, p->text.off);
	out->len = 0;
	if (kind == L_PREFIX || kind == L_SUFFIX || kind == L_NETWORK) {
		out->spot = kind == L_SUFFIX ? SPOT_TAIL : SPOT_HEAD;
		out->len = kind == L_NETWORK ? p->head / 8 : p->text.len;
	} else if (kind == L_SUBSTRING && p->text.len >= CLUE_GRAM) {
		out->spot = SPOT_INSIDE;
		out->len = p->text.len;
	} else if ((kind == L_GLOB_PATH || kind == L_GLOB_TEXT) && p->text.len <= GLOB_MAX) {
		of_glob(out->bytes, p->text.len, kind == L_GLOB_PATH, out);
	}
}

/* The Ith value of a set. False: it may be met by anything. */
static bool
of_value(const struct build *b, const struct l_set *s, uint32_t i, struct clue *out)
{
	out->spot = SPOT_WHOLE;
	if (i < s->n_range) {
		const struct l_range *r = table_at(&b->ranges, s->range + i);
		out->bytes = (const char *)&r->lo;
		out->len = sizeof(r->lo);
		return r->lo == r->hi;
	}
	i -= s->n_range;
	if (i < s->n_exact) {
		const struct l_text *t = table_at(&b->texts, s->exact + i);
		out->bytes = table_at(&b->strings, t->off);
		out->len = t->len;
		return true;
	}
	of_pattern(b, table_at(&b->patterns, s->pattern + i - s->n_exact), out);
	return out->len > 0;
}

/* Each value is met: the one that says most will do. */
static bool
of_all(const struct build *b, const struct l_set *s, clue_fn *fn, void *arg)
{
	struct clue one, best = { .spot = SPOT_ASK };

	for (uint32_t i = 0; i < s->n_exact + s->n_pattern; i++) {
		if (!of_value(b, s, i, &one) || (best.spot != SPOT_ASK && clue_weight(&one) >= clue_weight(&best)))
			continue;
		best = one;
		if (one.bytes == one.letters)
			best.bytes = best.letters;
	}
	if (best.spot != SPOT_ASK)
		fn(arg, &best);
	return best.spot != SPOT_ASK;
}

bool
clues_of(const struct build *b, const struct l_condition *c, clue_fn *fn, void *arg)
{
	if ((c->test != L_VALUES && c->test != L_RANGE) || (c->flags & L_NOT))
		return false;
	const struct l_set *s = table_at(&b->sets, c->arg);
	if (c->flags & L_ALL)
		return of_all(b, s, fn, arg);
	for (uint32_t i = 0; i < s->n_range + s->n_exact + s->n_pattern; i++) {
		struct clue one;
		if (!of_value(b, s, i, &one))
			return false;
		fn(arg, &one);
	}
	return true;
}
