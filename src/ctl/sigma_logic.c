#include <string.h>
#include "ctl/sigma.h"

void
sigma_line_add(struct pool *pool, struct sigma_lines *lines, const char *text)
{
	uint32_t hash = pool_hash(text, strlen(text), 0);
	struct sigma_line *l;

	for (l = lines->first; l; l = l->next)
		if (l->hash == hash && strcmp(l->text, text) == 0)
			return;
	l = sigma_take(pool, sizeof(*l));
	l->text = text;
	l->hash = hash;
	if (lines->last)
		lines->last->next = l;
	else
		lines->first = l;
	lines->last = l;
	lines->n++;
}

struct sigma_logic *
sigma_logic_new(struct pool *pool, enum sigma_op op, const char *text)
{
	struct sigma_logic *l = sigma_take(pool, sizeof(*l));

	l->op = op;
	l->text = text;
	return l;
}

struct sigma_logic *
sigma_logic_test(struct pool *pool, const struct sigma_test *test)
{
	struct sigma_logic *l = sigma_logic_new(pool, SIGMA_TEST, NULL);
	struct sigma_test *own = sigma_take(pool, sizeof(*own));

	*own = *test;
	l->test = own;
	return l;
}

void
sigma_logic_add(struct sigma_logic *l, struct sigma_logic *operand)
{
	if (l->last)
		l->last->next = operand;
	else
		l->first = operand;
	l->last = operand;
}

struct sigma_logic *
sigma_logic_not(struct pool *pool, struct sigma_logic *operand)
{
	struct sigma_logic *l = sigma_logic_new(pool, SIGMA_NOT, NULL);

	sigma_logic_add(l, operand);
	return l;
}

static bool
same_lines(const struct sigma_lines *a, const struct sigma_lines *b)
{
	const struct sigma_line *x = a->first, *y = b->first;

	for (; x && y; x = x->next, y = y->next)
		if (strcmp(x->text, y->text) != 0)
			return false;
	return !x && !y;
}

static bool
same_key(const struct sigma_test *a, const struct sigma_test *b)
{
	return strcmp(a->field, b->field) == 0 && a->how == b->how && a->all == b->all && a->nocase == b->nocase &&
	    strcmp(a->flags ? a->flags : "", b->flags ? b->flags : "") == 0;
}

/* What a block is called makes no difference. */
bool
sigma_logic_same(const struct sigma_logic *a, const struct sigma_logic *b)
{
	if (a->op != b->op)
		return false;
	if (a->op == SIGMA_TEST)
		return same_key(a->test, b->test) && same_lines(&a->test->values, &b->test->values);
	const struct sigma_logic *x = a->first, *y = b->first;
	for (; x && y; x = x->next, y = y->next)
		if (!sigma_logic_same(x, y))
			return false;
	return !x && !y;
}

struct settling { struct pool *pool; struct sigma_lines *left; };

static struct sigma_logic *settle(struct settling *, const struct sigma_logic *, bool negative);	/* logic holds logic */

/* Alternatives of the same key are values of one. Where only one value is possible, they stay apart. */
static bool
join_values(struct settling *s, struct sigma_logic *alternatives, const struct sigma_logic *l)
{
	if (l->op != SIGMA_TEST || l->test->all || l->test->how == SIGMA_EXISTS || l->test->how == SIGMA_FIELDREF)
		return false;
	for (struct sigma_logic *o = alternatives->first; o; o = o->next) {
		if (o->op != SIGMA_TEST || !same_key(o->test, l->test))
			continue;
		struct sigma_test both = *o->test;
		both.values = (struct sigma_lines){ 0 };
		for (const struct sigma_line *v = o->test->values.first; v; v = v->next)
			sigma_line_add(s->pool, &both.values, v->text);
		for (const struct sigma_line *v = l->test->values.first; v; v = v->next)
			sigma_line_add(s->pool, &both.values, v->text);
		o->test = sigma_logic_test(s->pool, &both)->test;
		return true;
	}
	return false;
}

static bool
has_same(const struct sigma_logic *l, const struct sigma_logic *operand)
{
	for (const struct sigma_logic *o = l->first; o; o = o->next)
		if (sigma_logic_same(o, operand))
			return true;
	return false;
}

/* Operands that are no constants are put into OUT; what decides alone, or the first that cannot be said, is returned. */
static struct sigma_logic *
settle_operands(struct settling *s, const struct sigma_logic *l, bool negative, struct sigma_logic *out)
{
	enum sigma_op decides = l->op == SIGMA_AND ? SIGMA_FALSE : SIGMA_TRUE;
	struct sigma_logic *cannot = NULL;

	for (const struct sigma_logic *o = l->first; o; o = o->next) {
		struct sigma_logic *one = settle(s, o, negative);
		if (one->op == decides)
			return one;
		if (one->op == SIGMA_CANNOT)
			cannot = cannot ? cannot : one;
		else if (one->op != SIGMA_TRUE && one->op != SIGMA_FALSE && !has_same(out, one) &&
		    !(l->op == SIGMA_OR && join_values(s, out, one)))
			sigma_logic_add(out, one);
	}
	return cannot;
}

static struct sigma_logic *
settle_several(struct settling *s, const struct sigma_logic *l, bool negative)
{
	struct sigma_logic *out = sigma_logic_new(s->pool, l->op, l->text);
	struct sigma_logic *special = settle_operands(s, l, negative, out);

	if (special && special->op == SIGMA_CANNOT && l->op == SIGMA_OR && !negative && out->first) {
		sigma_line_add(s->pool, s->left, special->text);
		special = NULL;
	}
	if (special)
		return special;
	if (!out->first)
		return sigma_logic_new(s->pool, l->op == SIGMA_AND ? SIGMA_TRUE : SIGMA_FALSE, NULL);
	return out->first == out->last ? out->first : out;
}

static struct sigma_logic *
settle_not(struct settling *s, const struct sigma_logic *l, bool negative)
{
	struct sigma_logic *inner = settle(s, l->first, !negative);

	if (inner->op == SIGMA_TRUE || inner->op == SIGMA_FALSE)
		return sigma_logic_new(s->pool, inner->op == SIGMA_TRUE ? SIGMA_FALSE : SIGMA_TRUE, NULL);
	if (inner->op == SIGMA_CANNOT)
		return inner;
	return sigma_logic_not(s->pool, inner);
}

static struct sigma_logic *
settle_block(struct settling *s, const struct sigma_logic *l, bool negative)
{
	struct sigma_logic *inner = settle(s, l->first, negative), *block;

	if (inner->op == SIGMA_TRUE || inner->op == SIGMA_FALSE || inner->op == SIGMA_CANNOT)
		return inner;
	block = sigma_logic_new(s->pool, SIGMA_BLOCK, l->text);
	sigma_logic_add(block, inner);
	return block;
}

static struct sigma_logic *
settle(struct settling *s, const struct sigma_logic *l, bool negative)
{
	switch (l->op) {
	case SIGMA_ELSEWHERE:
		return sigma_logic_new(s->pool, negative ? SIGMA_CANNOT : SIGMA_FALSE, l->text);
	case SIGMA_TRUE: case SIGMA_FALSE: case SIGMA_CANNOT:
		return sigma_logic_new(s->pool, l->op, l->text);
	case SIGMA_TEST:
		return sigma_logic_test(s->pool, l->test);
	case SIGMA_BLOCK:
		return settle_block(s, l, negative);
	case SIGMA_NOT:
		return settle_not(s, l, negative);
	case SIGMA_AND: case SIGMA_OR:
		break;
	}
	return settle_several(s, l, negative);
}

struct sigma_logic *
sigma_logic_settle(struct pool *pool, const struct sigma_logic *l, struct sigma_lines *left)
{
	struct settling s = { .pool = pool, .left = left };

	return settle(&s, l, false);
}
