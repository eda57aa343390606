#include <string.h>
#include "judge/match.h"
#include "policy/glob.h"

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

static bool
meets(const struct policy *p, const struct l_pattern *pat, const struct value *v)
{
	const char *t = layout_string(p, pat->text.off);
	size_t len = pat->text.len;

	switch ((enum l_kind)pat->kind) {
	case L_PREFIX:
		return v->len >= len && memcmp(v->text, t, len) == 0;
	case L_SUFFIX:
		return v->len >= len && memcmp(v->text + v->len - len, t, len) == 0;
	case L_NETWORK:
		return in_network(v, t, len, pat->head);
	case L_SUBSTRING:
		return v->len >= len && memmem(v->text, v->len, t, len) != NULL;
	case L_GLOB_PATH:
	case L_GLOB_TEXT:
		return v->len >= pat->head && memcmp(v->text, t, pat->head) == 0 &&
		    glob_match(t, len, v->text, v->len, pat->kind == L_GLOB_PATH);
	case L_KIND__MAX:
		break;
	}
	return false;
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

static bool
in_set(const struct policy *p, const struct l_set *s, const struct value *v)
{
	if (exactly(p, s, v))
		return true;
	for (uint32_t i = 0; i < s->n_pattern; i++)
		if (meets(p, layout_patterns(p) + s->pattern + i, v))
			return true;
	return false;
}

static bool
in_ranges(const struct policy *p, const struct l_set *s, int64_t n)
{
	const struct l_range *r = layout_ranges(p) + s->range;

	for (uint32_t i = 0; i < s->n_range; i++)
		if (n >= r[i].lo && n <= r[i].hi)
			return true;
	return false;
}

static bool
any_value(const struct policy *p, const struct l_condition *c, const struct event *ev)
{
	const struct l_set *s = layout_sets(p) + c->arg;
	struct field_cursor cur;
	struct needle n;

	field_open(&cur, ev, (enum field)c->field);
	while (field_next(&cur, &n.v)) {
		if (c->flags & L_NOCASE)
			lower(&n);
		if (c->test == L_RANGE ? in_ranges(p, s, n.v.number) : in_set(p, s, &n.v))
			return true;
	}
	return false;
}

/* `all`: every value of the condition is met by some value of the field. */
static bool
all_values(const struct policy *p, const struct l_condition *c, const struct event *ev)
{
	const struct l_set *s = layout_sets(p) + c->arg;

	for (uint32_t i = 0; i < s->n_exact + s->n_pattern; i++) {
		struct l_set one = { .exact = s->exact + i, .n_exact = 1 };
		if (i >= s->n_exact)
			one = (struct l_set){ .pattern = s->pattern + i - s->n_exact, .n_pattern = 1 };
		struct field_cursor cur;
		struct needle n;
		bool met = false;
		field_open(&cur, ev, (enum field)c->field);
		while (!met && field_next(&cur, &n.v)) {
			if (c->flags & L_NOCASE)
				lower(&n);
			met = in_set(p, &one, &n.v);
		}
		if (!met)
			return false;
	}
	return true;
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
other_field(const struct l_condition *c, const struct event *ev)
{
	struct field_cursor a, b;
	struct value x, y;

	field_open(&a, ev, (enum field)c->field);
	while (field_next(&a, &x)) {
		field_open(&b, ev, (enum field)(c->arg & 0xffff));
		while (field_next(&b, &y)) {
			bool same = field_is_text(field_info((enum field)c->field)->type) ?
			    compare(&x, &y, (enum l_how)(c->arg >> 16)) : x.number == y.number;
			if (same)
				return true;
		}
	}
	return false;
}

/* Was the list or text cut, so that "not found" proves nothing? */
static bool
was_cut(const struct event *ev, enum field f)
{
	switch (field_info(f)->have) {
	case HAVE_ARGS: case HAVE_PARENT_ARGS: case HAVE_ENV:
		return ev->flags & FLAG_ARGS_CUT;
	case HAVE_ANCESTORS:
		return ev->flags & FLAG_ANCESTRY_CUT;
	case HAVE_PROCESS: case HAVE_PARENT: case HAVE_PREVIOUS: case HAVE_FILE:
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

enum truth
match_condition(const struct policy *p, const struct l_condition *c, const struct event *ev, bool strict, uint32_t *needs)
{
	enum field_state state = state_of(ev, c);
	bool found = false;

	if (state == FIELD_UNKNOWN) {
		uint32_t have = field_info((enum field)c->field)->have;
		if (c->test == L_FIELD)
			have |= field_info((enum field)(c->arg & 0xffff))->have;
		*needs |= have & ~ev->have & ~ev->tried;
		return TRUTH_UNKNOWN;
	}
	bool cut = was_cut(ev, (enum field)c->field) || (c->test == L_FIELD && was_cut(ev, (enum field)(c->arg & 0xffff)));
	if (state == FIELD_ABSENT && strict && cut)
		return TRUTH_UNKNOWN;
	if (c->test == L_EXISTS) {
		found = (state == FIELD_PRESENT && has_value(ev, (enum field)c->field)) == (c->arg != 0);
	} else if (state == FIELD_PRESENT) {
		if (c->test == L_FIELD)
			found = other_field(c, ev);
		else if (c->flags & L_ALL)
			found = all_values(p, c, ev);
		else
			found = any_value(p, c, ev);
		if (!found && strict && cut)
			return TRUTH_UNKNOWN;
	}
	return found != ((c->flags & L_NOT) != 0) ? TRUTH_TRUE : TRUTH_FALSE;
}
