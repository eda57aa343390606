#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include "judge/imply.h"
#include "judge/match.h"
#include "policy/glob.h"

#define CANDIDATES_MAX	2048	/* values of a condition that are tried one by one */
#define PAIRS_MAX	65536	/* of patterns that are compared */
#define RANGES_MAX	64

static enum field_type
type_of(const struct l_condition *c)
{
	return field_info((enum field)c->field)->type;
}

/* Can an event have several values of it at once? */
static bool
several(enum field_type t)
{
	return t == TYPE_LIST || t == TYPE_ANCESTORS || t == TYPE_ANCESTOR_NAMES;
}

static bool
negated(const struct l_condition *c)
{
	return c->flags & L_NOT;
}

static struct l_condition
without_not(const struct l_condition *c)
{
	struct l_condition out = *c;

	out.flags &= (uint8_t)~L_NOT;
	return out;
}

static const struct l_set *
set_of(const struct imply *im, const struct l_condition *c)
{
	return layout_sets(im->p) + c->arg;
}

/* Only whole values, few enough to be tried. */
static bool
countable(const struct imply *im, const struct l_condition *c)
{
	const struct l_set *s;

	if (c->test != L_VALUES || negated(c))
		return false;
	s = set_of(im, c);
	return s->n_pattern == 0 && s->n_exact <= CANDIDATES_MAX;
}

/* An event whose only known value is this one of C's field. False: it does not fit into an event. */
static bool
place(const struct imply *im, const struct l_condition *c, uint32_t i)
{
	const struct l_text *t = layout_texts(im->p) + set_of(im, c)->exact + i;
	const char *s = layout_string(im->p, t->off);
	enum field f = (enum field)c->field;
	enum field_type type = type_of(c);
	char text[8192];
	size_t len = t->len;

	event_init(im->ev, im->kind, SENSOR_NOBODY);
	im->ev->have = field_info(f)->have;
	im->ev->tried = HAVE_ALL;
	if (type == TYPE_HASH) {
		memcpy(im->ev->file.sha256, s, sizeof(im->ev->file.sha256));
		return true;
	}
	if (type == TYPE_IP) {
		memcpy(im->ev->peer.addr, s, len);
		im->ev->peer.family = len == 4 ? AF_INET : AF_INET6;
		return true;
	}
	if (type == TYPE_ANCESTORS || type == TYPE_ANCESTOR_NAMES)
		return event_add_ancestor(im->ev, 0, 0, s, len) == 0;
	if (len + 3 > sizeof(text))
		return false;
	/* Parts of a path are read from a path that has them. */
	size_t head = type == TYPE_EXT ? 2 : 0;
	memcpy(text, "x.", head);
	memcpy(text + head, s, len);
	len += head;
	if (type == TYPE_DIR) {
		memcpy(text + len, "/x", 2);
		len += 2;
	}
	return event_set(im->ev, (enum event_text)field_slot(f), text, len) == 0;
}

/* Does a value of A's field say all that B asks about? */
static bool
tells(const struct l_condition *a, const struct l_condition *b)
{
	enum field_type x = type_of(a), y = type_of(b);
	int slot = field_slot((enum field)a->field);

	if (b->test != L_VALUES)
		return false;
	if (a->field == b->field)
		return true;
	if (x == TYPE_ANCESTORS && y == TYPE_ANCESTOR_NAMES)
		return true;
	if (slot < 0 || slot != field_slot((enum field)b->field))
		return false;
	return (x == TYPE_PATH && (y == TYPE_NAME || y == TYPE_DIR || y == TYPE_EXT)) || (x == TYPE_NAME && y == TYPE_EXT);
}

/* Letters of either case meet A: of what is placed, only a condition that does not care either can be asked. */
static bool
fair(const struct l_condition *a, const struct l_condition *b)
{
	return !(a->flags & L_NOCASE) || (b->flags & L_NOCASE);
}

/* An expression that is too hard leaves it open. */
static enum truth
truth_of(const struct imply *im, const struct l_condition *c)
{
	uint32_t needs = 0;

	return match_condition(im->p, c, im->ev, false, &needs);
}

static bool
meets(const struct imply *im, const struct l_condition *c)
{
	return truth_of(im, c) == TRUTH_TRUE;
}

/* Of every value that meets A, does C hold? */
static bool
every_value(const struct imply *im, const struct l_condition *a, const struct l_condition *c)
{
	if (!countable(im, a) || !tells(a, c) || !fair(a, c))
		return false;
	for (uint32_t i = 0; i < set_of(im, a)->n_exact; i++)
		if (!place(im, a, i) || !meets(im, c))
			return false;
	return true;
}

/* Bytes with which everything begins, or ends, that a pattern matches. */
struct edge { const char *at; size_t len; };

static struct edge
head_of(const struct policy *p, const struct l_pattern *t)
{
	const char *s = layout_string(p, t->text.off);

	if (t->kind == L_PREFIX)
		return (struct edge){ s, t->text.len };
	return (struct edge){ s, t->kind == L_GLOB_PATH || t->kind == L_GLOB_TEXT ? t->head : 0 };
}

static struct edge
tail_of(const struct policy *p, const struct l_pattern *t)
{
	const char *s = layout_string(p, t->text.off);

	if (t->kind == L_SUFFIX)
		return (struct edge){ s, t->text.len };
	return (struct edge){ s + t->text.len - t->tail, t->tail };
}

static bool
only_stars(const char *s, size_t len)
{
	return len && strspn(s, "*") >= len;
}

/* Does OUTER match all that INNER does? */
static bool
covers(const struct policy *p, const struct l_pattern *outer, const struct l_pattern *inner)
{
	const char *o = layout_string(p, outer->text.off), *i = layout_string(p, inner->text.off);
	size_t n = outer->text.len;
	struct edge head = head_of(p, inner), tail = tail_of(p, inner);

	if (outer->kind == inner->kind && outer->head == inner->head && n == inner->text.len && memcmp(o, i, n) == 0)
		return true;
	switch ((enum l_kind)outer->kind) {
	case L_PREFIX:
		return head.len >= n && memcmp(head.at, o, n) == 0;
	case L_SUFFIX:
		return tail.len >= n && memcmp(tail.at + tail.len - n, o, n) == 0;
	case L_SUBSTRING:
		if (inner->kind == L_SUBSTRING || inner->kind == L_PREFIX || inner->kind == L_SUFFIX)
			return memmem(i, inner->text.len, o, n) != NULL;
		return memmem(head.at, head.len, o, n) != NULL || memmem(tail.at, tail.len, o, n) != NULL;
	case L_GLOB_PATH:
		return only_stars(o, n) ? n > 1 : n > 2 && outer->head == n - 2 && memcmp(o + n - 2, "**", 2) == 0 && head.len >= n - 2 &&
		    memcmp(head.at, o, n - 2) == 0;
	case L_GLOB_TEXT:
		return only_stars(o, n) || (outer->head == n - 1 && o[n - 1] == '*' && head.len >= n - 1 && memcmp(head.at, o, n - 1) == 0);
	case L_NETWORK: case L_REGEX: case L_KIND__MAX:
		break;
	}
	return false;
}

/* Every value and every pattern of A is met by B, which is positive and on the same field. */
static bool
within(const struct imply *im, const struct l_condition *a, const struct l_condition *b)
{
	const struct l_set *x = set_of(im, a), *y = set_of(im, b);
	const struct l_pattern *pat = layout_patterns(im->p);

	if (b->flags & L_ALL)
		return a->arg == b->arg && (a->flags & L_ALL) && a->flags == b->flags;
	if (!fair(a, b))
		return false;
	if (a->arg == b->arg)
		return true;
	if (x->n_exact > CANDIDATES_MAX || (uint64_t)x->n_pattern * y->n_pattern > PAIRS_MAX)
		return false;
	for (uint32_t i = 0; i < x->n_exact; i++)
		if (!place(im, a, i) || !meets(im, b))
			return false;
	for (uint32_t i = 0; i < x->n_pattern; i++) {
		bool met = false;
		for (uint32_t j = 0; j < y->n_pattern && !met; j++)
			met = covers(im->p, &pat[y->pattern + j], &pat[x->pattern + i]);
		if (!met)
			return false;
	}
	return true;
}

static bool
ranges_within(const struct imply *im, const struct l_set *x, const struct l_set *y)
{
	const struct l_range *r = layout_ranges(im->p);

	for (uint32_t i = 0; i < x->n_range; i++) {
		const struct l_range *a = &r[x->range + i];
		bool met = a->lo > a->hi;
		for (uint32_t j = 0; j < y->n_range && !met; j++)
			met = a->lo >= r[y->range + j].lo && a->hi <= r[y->range + j].hi;
		if (!met)
			return false;
	}
	return true;
}

/* Can a text without any byte meet it? */
static bool
meets_nothing(const struct imply *im, const struct l_condition *c)
{
	const struct l_set *s = set_of(im, c);

	if (s->n_exact && layout_texts(im->p)[s->exact].len == 0)
		return true;
	for (uint32_t i = 0; i < s->n_pattern; i++) {
		const struct l_pattern *t = layout_patterns(im->p) + s->pattern + i;
		const char *text = layout_string(im->p, t->text.off);
		bool glob = t->kind == L_GLOB_PATH || t->kind == L_GLOB_TEXT;
		if (t->text.len == 0 || t->kind == L_REGEX || (glob && only_stars(text, t->text.len)))
			return true;
	}
	return false;
}

/* A, which is positive, is true only of what has a value. */
static bool
needs_value(const struct imply *im, const struct l_condition *a)
{
	return a->test == L_RANGE || (a->test == L_VALUES && !meets_nothing(im, a));
}

/* Neither is negated: whenever A is true, B is. */
static bool
holds(const struct imply *im, const struct l_condition *a, const struct l_condition *b)
{
	if (b->test == L_EXISTS) {
		if (a->field != b->field)
			return false;
		return a->test == L_EXISTS ? a->arg == b->arg : b->arg && needs_value(im, a);
	}
	if (a->test != b->test)
		return false;
	if (a->test == L_FIELD)
		return a->field == b->field && a->arg == b->arg;
	if (a->test == L_RANGE)
		return a->field == b->field && ranges_within(im, set_of(im, a), set_of(im, b));
	if (a->test != L_VALUES)
		return false;
	return every_value(im, a, b) || (a->field == b->field && within(im, a, b));
}

static bool
absent(const struct imply *im, const struct l_condition *c)
{
	if (c->test == L_FIELD && !field_on((enum field)(c->arg & 0xffff), im->kind))
		return true;
	return !field_on((enum field)c->field, im->kind);
}

/* The truth of one that asks for what the kind never says; else -1. */
static int
truth_without(const struct imply *im, const struct l_condition *c)
{
	if (!absent(im, c))
		return -1;
	bool found = c->test == L_EXISTS && c->arg == 0;
	return found != negated(c);
}

bool
imply_always(const struct imply *im, const struct l_condition *c)
{
	return truth_without(im, c) == 1;
}

bool
imply_never(const struct imply *im, const struct l_condition *c)
{
	if (truth_without(im, c) == 0)
		return true;
	if (negated(c))
		return false;
	if (c->test == L_RANGE) {
		const struct l_set *s = set_of(im, c);
		for (uint32_t i = 0; i < s->n_range; i++)
			if (layout_ranges(im->p)[s->range + i].lo <= layout_ranges(im->p)[s->range + i].hi)
				return false;
		return true;
	}
	/* Of what can be tried, nothing meets it: a name with a slash in it, two texts at once. */
	if (!countable(im, c) || (several(type_of(c)) && (c->flags & L_ALL)))
		return false;
	for (uint32_t i = 0; i < set_of(im, c)->n_exact; i++)
		if (!place(im, c, i) || truth_of(im, c) != TRUTH_FALSE)
			return false;
	return true;
}

/* Both positive, of a field that has one value: no value meets both. */
static bool
apart(const struct imply *im, const struct l_condition *a, const struct l_condition *b)
{
	const struct l_set *x = set_of(im, a), *y = set_of(im, b);
	const struct l_pattern *pat = layout_patterns(im->p);

	if (a->field != b->field || a->test != L_VALUES || b->test != L_VALUES || several(type_of(a)) || ((a->flags ^ b->flags) & L_NOCASE))
		return false;
	if (x->n_exact || y->n_exact || (uint64_t)x->n_pattern * y->n_pattern > CANDIDATES_MAX)
		return false;
	for (uint32_t i = 0; i < x->n_pattern; i++) {
		struct edge head = head_of(im->p, &pat[x->pattern + i]), tail = tail_of(im->p, &pat[x->pattern + i]);
		for (uint32_t j = 0; j < y->n_pattern; j++) {
			struct edge h = head_of(im->p, &pat[y->pattern + j]), t = tail_of(im->p, &pat[y->pattern + j]);
			size_t n = head.len < h.len ? head.len : h.len, m = tail.len < t.len ? tail.len : t.len;
			if (memcmp(head.at, h.at, n) == 0 && memcmp(tail.at + tail.len - m, t.at + t.len - m, m) == 0)
				return false;
		}
	}
	return true;
}

bool
imply(const struct imply *im, const struct l_condition *a, const struct l_condition *b)
{
	struct l_condition x = without_not(a), y = without_not(b);

	if (imply_always(im, b))
		return true;
	if (!negated(a) && !negated(b))
		return holds(im, a, b);
	if (negated(a) && negated(b))
		return holds(im, &y, &x);
	if (negated(a) || several(type_of(a)))
		return false;
	if (a->test == L_RANGE && b->test == L_RANGE && a->field == b->field) {
		const struct l_condition *both[2] = { a, &y };
		unsigned who[2];
		return imply_contradiction(im, both, 2, who);
	}
	return every_value(im, a, b) || apart(im, a, &y);
}

struct ranges { struct l_range at[RANGES_MAX]; unsigned n; bool full; };

static void
ranges_add(struct ranges *r, int64_t lo, int64_t hi)
{
	if (lo > hi)
		return;
	if (r->n == RANGES_MAX)
		r->full = true;
	else
		r->at[r->n++] = (struct l_range){ lo, hi };
}

/* What is left of range A without X. */
static void
ranges_except(struct ranges *left, struct l_range a, const struct l_range *x)
{
	if (x->lo > x->hi || x->hi < a.lo || x->lo > a.hi) {
		ranges_add(left, a.lo, a.hi);
		return;
	}
	if (x->lo > a.lo)
		ranges_add(left, a.lo, x->lo - 1);
	if (x->hi < a.hi)
		ranges_add(left, x->hi + 1, a.hi);
}

/* What is left of R by C. */
static void
ranges_cut(struct ranges *r, const struct imply *im, const struct l_condition *c)
{
	const struct l_set *s = set_of(im, c);
	const struct l_range *x = layout_ranges(im->p) + s->range;
	struct ranges left = { .full = r->full };

	for (uint32_t k = 0; negated(c) && k < s->n_range; k++) {
		left = (struct ranges){ .full = r->full };
		for (unsigned i = 0; i < r->n; i++)
			ranges_except(&left, r->at[i], &x[k]);
		*r = left;
	}
	if (negated(c))
		return;
	for (uint32_t k = 0; k < s->n_range; k++)
		for (unsigned i = 0; i < r->n; i++)
			ranges_add(&left, x[k].lo > r->at[i].lo ? x[k].lo : r->at[i].lo, x[k].hi < r->at[i].hi ? x[k].hi : r->at[i].hi);
	*r = left;
}

/* No number meets C[I] and all others of its field. */
static bool
no_number(const struct imply *im, const struct l_condition *const *c, unsigned n, unsigned culprit[static 2])
{
	unsigned i = culprit[0];
	struct ranges r = { .n = 1, .at = { { INT64_MIN, INT64_MAX } } };

	ranges_cut(&r, im, c[i]);
	for (unsigned k = 0; k < n && r.n && !r.full; k++) {
		if (k == i || c[k]->test != L_RANGE || c[k]->field != c[i]->field)
			continue;
		ranges_cut(&r, im, c[k]);
		culprit[1] = k;
	}
	return r.n == 0 && !r.full;
}

/* Does C hold as well, of an event in which A has the value that was placed? What may have further values is not refuted by one. */
static bool
bears(const struct imply *im, const struct l_condition *a, const struct l_condition *c)
{
	if (!tells(a, c) || !fair(a, c))
		return true;
	if (several(type_of(a)) && (!negated(c) || (c->flags & L_ALL)))
		return true;
	return truth_of(im, c) != TRUTH_FALSE;
}

/* No value meets C[I] and all others. */
static bool
no_value(const struct imply *im, const struct l_condition *const *c, unsigned n, unsigned culprit[static 2])
{
	unsigned i = culprit[0];

	for (uint32_t v = 0; v < set_of(im, c[i])->n_exact; v++) {
		unsigned k = 0;
		bool placed = place(im, c[i], v);
		while (k < n && (!placed || k == i || bears(im, c[i], c[k])))
			k++;
		if (k == n)
			return false;
		culprit[1] = k;
	}
	return true;
}

static bool
contradict(const struct imply *im, const struct l_condition *a, const struct l_condition *b)
{
	struct l_condition y = without_not(b);

	if (negated(a))
		return false;
	if (negated(b))
		return holds(im, a, &y);
	return apart(im, a, b) || (b->test == L_EXISTS && !b->arg && a->field == b->field && needs_value(im, a));
}

bool
imply_contradiction(const struct imply *im, const struct l_condition *const *c, unsigned n, unsigned culprit[static 2])
{
	for (unsigned i = 0; i < n; i++) {
		culprit[0] = culprit[1] = i;
		if (imply_never(im, c[i]))
			return true;
		if (c[i]->test == L_RANGE && !negated(c[i]) && no_number(im, c, n, culprit))
			return true;
		if (countable(im, c[i]) && no_value(im, c, n, culprit))
			return true;
		for (unsigned k = 0; k < n; k++) {
			culprit[1] = k;
			if (k != i && contradict(im, c[i], c[k]))
				return true;
		}
	}
	return false;
}
