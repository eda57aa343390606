#include <string.h>
#include "judge/match.h"
#include "policy/glob.h"
#include "policy/pattern.h"

struct needle {				/* one value of the event, as the condition wants to see it */
	struct value	v;
	char		lower[EVENT_ARENA];	/* no value is longer; touched only when case does not matter */
};

static void
lower(struct needle *n)
{
	for (size_t i = 0; i < n->v.len; i++) {
		char c = n->v.text[i];
		n->lower[i] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
	}
	n->v.text = n->lower;
}

static bool
in_network(const struct value *v, const char *net, size_t len, unsigned bits)
{
	if (v->len != len || memcmp(v->text, net, bits / 8) != 0)
		return false;
	unsigned rest = bits % 8, mask = 0xff00u >> rest & 0xff;
	return !rest || ((unsigned char)v->text[bits / 8] & mask) == ((unsigned char)net[bits / 8] & mask);
}

/* A condition that is looked at. */
struct look {
	const struct policy	*p;
	const struct l_condition *c;
	const struct event	*ev;
	uint32_t		 steps;		/* left for its regular expressions */
};

static enum truth
truth_of(bool is)
{
	return is ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth
found_by_regex(struct look *l, const struct l_pattern *pat, const struct value *v)
{
	switch (regex_match(policy_own(l->p)->regexes, pat->head, v->text, v->len, &l->steps)) {
	case REGEX_YES:
		return TRUTH_TRUE;
	case REGEX_NO:
		return TRUTH_FALSE;
	case REGEX_TOO_HARD:
		break;
	}
	return TRUTH_UNKNOWN;
}

/* Is a directory and everything below it, or all texts that begin alike: nothing but the head of the pattern counts. */
static bool
ends_anyhow(const struct l_pattern *p, const char *t)
{
	size_t rest = p->text.len - p->head;

	return p->kind == L_GLOB_PATH ? rest == 2 && memcmp(t + p->head, "**", 2) == 0 : rest == 1 && t[p->head] == '*';
}

static enum truth
meets(struct look *l, const struct l_pattern *pat, const struct value *v)
{
	const char *t = layout_string(l->p, pat->text.off);
	size_t len = pat->text.len;

	switch ((enum l_kind)pat->kind) {
	case L_PREFIX:
		return truth_of(v->len >= len && memcmp(v->text, t, len) == 0);
	case L_SUFFIX:
		return truth_of(v->len >= len && memcmp(v->text + v->len - len, t, len) == 0);
	case L_NETWORK:
		return truth_of(in_network(v, t, len, pat->head));
	case L_SUBSTRING:
		return truth_of(v->len >= len && memmem(v->text, v->len, t, len) != NULL);
	case L_GLOB_PATH:
	case L_GLOB_TEXT:
		if (v->len < pat->head || memcmp(v->text, t, pat->head) != 0)
			return TRUTH_FALSE;
		return truth_of(ends_anyhow(pat, t) || glob_match(t, len, v->text, v->len, pat->kind == L_GLOB_PATH));
	case L_REGEX:
		return found_by_regex(l, pat, v);
	case L_KIND__MAX:
		break;
	}
	return TRUTH_FALSE;
}

static int
order(const struct value *v, const char *t, size_t len)
{
	if (v->len != len)
		return v->len < len ? -1 : 1;
	return memcmp(v->text, t, len);
}

static bool
exactly(const struct policy *p, const struct l_set *s, const struct value *v)
{
	const struct l_text *t = layout_texts(p) + s->exact;
	uint32_t lo = 0, hi = s->n_exact;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = order(v, layout_string(p, t[mid].off), t[mid].len);
		if (c == 0)
			return true;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}

/* Of N patterns that are in order, only those are looked at whose key the value has. */
static bool
in_order(struct look *l, enum pattern_part part, const struct l_pattern *p, uint32_t n, const struct value *v)
{
	const struct l_pattern *t = n ? pattern_last(layout_strings(l->p), part, p, n, *v) : NULL;

	while (t && meets(l, t, v) != TRUTH_TRUE)
		t = t->up ? t - t->up : NULL;
	return t != NULL;
}

static enum truth
in_set(struct look *l, const struct l_set *s, const struct value *v)
{
	const struct l_pattern *p = layout_patterns(l->p) + s->pattern;
	enum truth best = TRUTH_FALSE;

	if (exactly(l->p, s, v) || in_order(l, PATTERN_HEADS, p, s->n_heads, v) ||
	    in_order(l, PATTERN_TAILS, p + s->n_heads, s->n_tails, v))
		return TRUTH_TRUE;
	for (uint32_t i = s->n_heads + s->n_tails; i < s->n_pattern && best == TRUTH_FALSE; i++)
		best = meets(l, p + i, v);
	return best;
}

static bool
in_ranges(const struct policy *p, const struct l_set *s, int64_t n)
{
	const struct l_range *r = layout_ranges(p) + s->range;
	uint32_t lo = 0, hi = s->n_range;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (r[mid].lo <= n)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && n <= r[lo - 1].hi;
}

/* What took too long ends it: the next value may be made for it, too. */
static enum truth
any_value(struct look *l, const struct l_set *s)
{
	struct field_cursor cur;
	struct needle n;
	enum truth best = TRUTH_FALSE;

	field_open(&cur, l->ev, (enum field)l->c->field);
	while (best == TRUTH_FALSE && field_next(&cur, &n.v)) {
		if (l->c->flags & L_NOCASE)
			lower(&n);
		best = l->c->test == L_RANGE ? truth_of(in_ranges(l->p, s, n.v.number)) : in_set(l, s, &n.v);
	}
	return best;
}

/* `all`: every value of the condition is met by some value of the field. */
static enum truth
all_values(struct look *l, const struct l_set *s)
{
	enum truth all = TRUTH_TRUE;

	for (uint32_t i = 0; i < s->n_exact + s->n_pattern && all != TRUTH_FALSE; i++) {
		struct l_set one = { .exact = s->exact + i, .n_exact = 1 };
		if (i >= s->n_exact)
			one = (struct l_set){ .pattern = s->pattern + i - s->n_exact, .n_pattern = 1 };
		enum truth met = any_value(l, &one);
		if (met != TRUTH_TRUE)
			all = met;
	}
	return all;
}

static bool
compare(const struct value *a, const struct value *b, enum l_how how)
{
	switch (how) {
	case L_EQUALS:
		return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	case L_CONTAINS:
		return b->len <= a->len && memmem(a->text, a->len, b->text, b->len) != NULL;
	case L_STARTS:
		return b->len <= a->len && memcmp(a->text, b->text, b->len) == 0;
	case L_ENDS:
		return b->len <= a->len && memcmp(a->text + a->len - b->len, b->text, b->len) == 0;
	case L_HOW__MAX:
		break;
	}
	return false;
}

static bool
other_field(const struct look *l)
{
	const struct l_condition *c = l->c;
	struct field_cursor a, b;
	struct needle x, y;

	field_open(&a, l->ev, (enum field)c->field);
	while (field_next(&a, &x.v)) {
		if (c->flags & L_NOCASE)
			lower(&x);
		field_open(&b, l->ev, (enum field)(c->arg & 0xffff));
		while (field_next(&b, &y.v)) {
			if (c->flags & L_NOCASE)
				lower(&y);
			bool same = field_is_text(field_info((enum field)c->field)->type) ?
			    compare(&x.v, &y.v, (enum l_how)(c->arg >> 16)) : x.v.number == y.v.number;
			if (same)
				return true;
		}
	}
	return false;
}

bool
match_was_cut(const struct event *ev, enum field f)
{
	switch (field_info(f)->have) {
	case HAVE_ARGS: case HAVE_PARENT_ARGS: case HAVE_ENV:
		return ev->flags & FLAG_ARGS_CUT;
	case HAVE_ANCESTORS:
		return ev->flags & FLAG_ANCESTRY_CUT;
	case HAVE_SCRIPT:
		return (ev->have & HAVE_ATTRIBUTES) && ev->file.size > ev->text[TEXT_SCRIPT].len;
	case HAVE_PROCESS: case HAVE_PARENT: case HAVE_PREVIOUS: case HAVE_FILE: case HAVE_FILE_PREVIOUS:
		return field_is_text(field_info(f)->type) && (ev->flags & FLAG_PATH_CUT);
	default:
		return false;
	}
}

/* Is there a value? A text that is empty is none. */
static bool
has_value(const struct event *ev, enum field f)
{
	struct field_cursor cur;
	struct value v;

	field_open(&cur, ev, f);
	while (field_next(&cur, &v))
		if (!field_is_text(field_info(f)->type) || v.len)
			return true;
	return false;
}

static enum field_state
state_of(const struct event *ev, const struct l_condition *c)
{
	const struct field_info *i = field_info((enum field)c->field);
	uint32_t have = i->have;

	if (c->test == L_FIELD)
		have |= field_info((enum field)(c->arg & 0xffff))->have;
	if ((ev->have & have) == have)
		return FIELD_PRESENT;
	return (~ev->have & ev->tried & have) ? FIELD_ABSENT : FIELD_UNKNOWN;
}

/* Of a field that has values. */
static enum truth
look_at(struct look *l)
{
	const struct l_set *s = layout_sets(l->p) + l->c->arg;

	if (l->c->test == L_FIELD)
		return truth_of(other_field(l));
	return l->c->flags & L_ALL ? all_values(l, s) : any_value(l, s);
}

enum truth
match_condition(const struct policy *p, const struct l_condition *c, const struct event *ev, bool strict, uint32_t *needs)
{
	struct look l = { .p = p, .c = c, .ev = ev, .steps = REGEX_STEPS };
	enum field_state state = state_of(ev, c);
	enum truth found = TRUTH_FALSE;

	if (state == FIELD_UNKNOWN) {
		uint32_t have = field_info((enum field)c->field)->have;
		if (c->test == L_FIELD)
			have |= field_info((enum field)(c->arg & 0xffff))->have;
		*needs |= have & ~ev->have & ~ev->tried;
		return TRUTH_UNKNOWN;
	}
	bool cut = match_was_cut(ev, (enum field)c->field) || (c->test == L_FIELD && match_was_cut(ev, (enum field)(c->arg & 0xffff)));
	if (state == FIELD_ABSENT && strict && cut)
		return TRUTH_UNKNOWN;
	if (c->test == L_EXISTS) {
		found = truth_of((state == FIELD_PRESENT && has_value(ev, (enum field)c->field)) == (c->arg != 0));
	} else if (state == FIELD_PRESENT) {
		found = look_at(&l);
		if (found == TRUTH_FALSE && strict && cut)
			return TRUTH_UNKNOWN;
	}
	if (found == TRUTH_UNKNOWN) {
		*needs |= MATCH_TOO_HARD;
		return TRUTH_UNKNOWN;
	}
	return truth_of((found == TRUTH_TRUE) != ((c->flags & L_NOT) != 0));
}
