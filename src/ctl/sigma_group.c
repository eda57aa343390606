#include <string.h>
#include "ctl/sigma_write.h"

/*
 * Logic as yett has it: groups of conditions that all hold, joined by an expression. A block becomes a group of its name where it can;
 * what is joined in another way inside becomes further groups, called name-2, name-3 and so on.
 */

#define GROUP_NAME	48	/* bytes; a policy takes 63 */
#define GROUPS_MOST	64	/* as GROUPS_MAX of policies */
#define CONDITIONS_MOST	256

struct entry { const char *key; const struct sigma_test *test; struct entry *next; };
struct group { const char *name; struct entry *first, **end; struct group *next; };
/* How tight an expression is joined, so that parentheses stand only where they must. */
enum tie { TIE_OR, TIE_AND, TIE_NOT, TIE_NAME };
struct piece { const char *text; enum tie tie; };
struct block { const char *name; struct piece piece; const struct group *only; struct block *next; };

struct placing {
	struct pool	*pool;
	struct group	*first, **end;
	struct block	*blocks;
	unsigned	 groups, conditions;
};

const char *
sigma_key(struct pool *pool, const struct sigma_test *t)
{
	static const char *const hows[SIGMA_HOW__MAX] = {
		[SIGMA_EQUALS] = "", [SIGMA_CONTAINS] = "|contains", [SIGMA_STARTS] = "|startswith", [SIGMA_ENDS] = "|endswith",
		[SIGMA_RE] = "|re", [SIGMA_CIDR] = "|cidr", [SIGMA_EXISTS] = "|exists", [SIGMA_GT] = "|gt", [SIGMA_GTE] = "|gte",
		[SIGMA_LT] = "|lt", [SIGMA_LTE] = "|lte", [SIGMA_BASE64OFFSET] = "|base64offset", [SIGMA_FIELDREF] = "|fieldref",
	};
	char flags[8] = "", *f = flags;

	for (const char *s = t->flags ? t->flags : ""; *s && f < flags + sizeof(flags) - 2; s++) {
		*f++ = '|';
		*f++ = *s;
	}
	return sigma_print(pool, "%s%s%s%s%s", t->field, hows[t->how], flags, t->all ? "|all" : "", t->nocase ? "|nocase" : "");
}

/* What comes now does not fit any more. */
static bool
is_full(const struct placing *p)
{
	return p->groups > GROUPS_MOST || p->conditions > CONDITIONS_MOST;
}

static const struct group *
find_group(const struct placing *p, const char *name)
{
	for (const struct group *g = p->first; g; g = g->next)
		if (strcmp(g->name, name) == 0)
			return g;
	return NULL;
}

/* Letters that a group may have; not a word of expressions. */
static const char *
group_name(struct placing *p, const char *name)
{
	static const char *const words[] = { "and", "or", "not", "them", "all", "any" };
	char *clean = sigma_copy(p->pool, name, strnlen(name, GROUP_NAME));
	bool word = !*clean;
	unsigned n = 1;

	for (char *s = clean; *s; s++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", *s))
			*s = '_';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		word |= strcmp(clean, words[i]) == 0;
	const char *unique = word ? sigma_print(p->pool, "group_%s", clean) : clean, *base = unique;
	while (find_group(p, unique))
		unique = sigma_print(p->pool, "%s-%u", base, ++n);
	return unique;
}

static struct group *
new_group(struct placing *p, const char *name)
{
	struct group *g = sigma_take(p->pool, sizeof(*g));

	g->name = group_name(p, name);
	g->end = &g->first;
	*p->end = g;
	p->end = &g->next;
	p->groups++;
	return g;
}

static bool
is_condition(const struct sigma_logic *l)
{
	return l->op == SIGMA_TEST || (l->op == SIGMA_NOT && l->first->op == SIGMA_TEST);
}

static const char *
condition_key(struct placing *p, const struct sigma_logic *l)
{
	return l->op == SIGMA_TEST ? sigma_key(p->pool, l->test) : sigma_print(p->pool, "not %s", sigma_key(p->pool, l->first->test));
}

static bool
group_has(const struct group *g, const char *key)
{
	for (const struct entry *e = g->first; e; e = e->next)
		if (strcmp(e->key, key) == 0)
			return true;
	return false;
}

static void
group_add(struct placing *p, struct group *g, const struct sigma_logic *l)
{
	struct entry *e = sigma_take(p->pool, sizeof(*e));

	e->key = condition_key(p, l);
	e->test = l->op == SIGMA_TEST ? l->test : l->first->test;
	*g->end = e;
	g->end = &e->next;
	p->conditions++;
}

static const char *
wrapped(struct placing *p, struct piece piece, enum tie outer)
{
	return piece.tie < outer ? sigma_print(p->pool, "(%s)", piece.text) : piece.text;
}

static void
join(struct placing *p, struct piece *out, struct piece more)
{
	if (!out->text)
		out->text = wrapped(p, more, out->tie);
	else
		out->text = sigma_print(p->pool, "%s %s %s", out->text, out->tie == TIE_AND ? "and" : "or", wrapped(p, more, out->tie));
}

static struct piece place(struct placing *, const struct sigma_logic *, const char *name);	/* logic holds logic */

/* Conditions share a group as long as no key comes twice. */
static struct piece
place_all(struct placing *p, const struct sigma_logic *l, const char *name)
{
	struct piece out = { .tie = TIE_AND };
	struct group *own[16];
	unsigned n = 0;

	for (const struct sigma_logic *o = l->first; o && !is_full(p); o = o->next) {
		unsigned i = 0;
		if (!is_condition(o))
			continue;
		while (i < n && group_has(own[i], condition_key(p, o)))
			i++;
		if (i == n && n < sizeof(own) / sizeof(own[0])) {
			own[n++] = new_group(p, name);
			join(p, &out, (struct piece){ own[i]->name, TIE_NAME });
		} else if (i == n) {
			own[--i] = new_group(p, name);
			join(p, &out, (struct piece){ own[i]->name, TIE_NAME });
		}
		group_add(p, own[i], o);
	}
	for (const struct sigma_logic *o = l->first; o && !is_full(p); o = o->next)
		if (!is_condition(o))
			join(p, &out, place(p, o, name));
	if (n == 1 && !strchr(out.text, ' '))
		out.tie = TIE_NAME;
	return out;
}

static struct piece
place(struct placing *p, const struct sigma_logic *l, const char *name)
{
	struct piece out = { .tie = TIE_OR };

	if (is_condition(l)) {
		struct group *g = new_group(p, name);
		group_add(p, g, l);
		return (struct piece){ g->name, TIE_NAME };
	}
	if (l->op == SIGMA_NOT)
		return (struct piece){ sigma_print(p->pool, "not %s", wrapped(p, place(p, l->first, name), TIE_NOT)), TIE_NOT };
	if (l->op == SIGMA_AND)
		return place_all(p, l, name);
	for (const struct sigma_logic *o = l->first; o && !is_full(p); o = o->next)
		join(p, &out, place(p, o, name));
	return out;
}

static struct block *
find_block(const struct placing *p, const char *name)
{
	struct block *b = p->blocks;

	while (b && strcmp(b->name, name) != 0)
		b = b->next;
	return b;
}

/* All blocks first: which groups there are decides how they can be joined. */
static void
place_blocks(struct placing *p, const struct sigma_logic *l)
{
	if (l->op == SIGMA_BLOCK && !find_block(p, l->text)) {
		struct block *b = sigma_take(p->pool, sizeof(*b));
		unsigned before = p->groups;
		b->name = l->text;
		b->piece = place(p, l->first, l->text);
		b->only = p->groups == before + 1 ? find_group(p, b->piece.text) : NULL;
		b->next = p->blocks;
		p->blocks = b;
	} else if (l->op != SIGMA_BLOCK) {
		for (const struct sigma_logic *o = l->first; o; o = o->next)
			place_blocks(p, o);
	}
}

static bool
holds(struct placing *p, const struct sigma_logic *several, const struct group *g)
{
	for (const struct sigma_logic *o = several->first; o; o = o->next)
		if (find_block(p, o->text)->only == g)
			return true;
	return false;
}

/* Does "1 of PATTERN" mean the same groups here? A policy knows them and name*. */
static bool
keeps_pattern(struct placing *p, const struct sigma_logic *l)
{
	size_t n = l->text ? strlen(l->text) : 0;
	bool them = n && strcmp(l->text, "them") == 0;

	if (!them && (n < 2 || l->text[n - 1] != '*' || strcspn(l->text, "*?\\") != n - 1))
		return false;
	for (const struct sigma_logic *o = l->first; o; o = o->next)
		if (o->op != SIGMA_BLOCK || !find_block(p, o->text)->only)
			return false;
	for (const struct group *g = p->first; g; g = g->next)
		if ((them || strncmp(g->name, l->text, n - 1) == 0) != holds(p, l, g))
			return false;
	return true;
}

static struct piece
render(struct placing *p, const struct sigma_logic *l)
{
	struct piece out = { .tie = l->op == SIGMA_AND ? TIE_AND : TIE_OR };

	if (l->op == SIGMA_BLOCK)
		return find_block(p, l->text)->piece;
	if (l->op == SIGMA_NOT)
		return (struct piece){ sigma_print(p->pool, "not %s", wrapped(p, render(p, l->first), TIE_NOT)), TIE_NOT };
	if (keeps_pattern(p, l))
		return (struct piece){ sigma_print(p->pool, "%s of %s", l->op == SIGMA_AND ? "all" : "1", l->text), TIE_NAME };
	for (const struct sigma_logic *o = l->first; o; o = o->next)
		join(p, &out, render(p, o));
	return out;
}

static void
put_group(struct sigma_out *out, struct pool *pool, const struct group *g, bool alone)
{
	for (const struct entry *e = g->first; e; e = e->next) {
		bool not = strncmp(e->key, "not ", 4) == 0;
		const char *group = alone || strcmp(g->name, "selection") == 0 ? "" : sigma_print(pool, "%s/", g->name);
		sigma_put_values(out, sigma_print(pool, "%s%s%s", not ? "not " : "", group, e->key + (not ? 4 : 0)), &e->test->values);
	}
}

bool
sigma_put_logic(struct sigma_out *out, struct pool *pool, const struct sigma_logic *l)
{
	struct placing p = { .pool = pool, .end = &p.first };

	place_blocks(&p, l);
	if (is_full(&p))
		return false;
	struct piece whole = render(&p, l);
	bool alone = p.groups == 1 && strcmp(whole.text, p.first->name) == 0;
	for (const struct group *g = p.first; g; g = g->next)
		put_group(out, pool, g, alone);
	if (!alone)
		sigma_put_text(out, pool, "condition", whole.text);
	return true;
}
