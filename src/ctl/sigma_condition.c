#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "ctl/sigma.h"
#include "policy/glob.h"
#include "policy/scalar.h"

#define DEPTH_MAX	24
#define NODES_MAX	600	/* a policy has room for less */
#define BLANKS		" \t\r\n"
#define ENDS		" \t\r\n()|"

struct parsing {
	struct pool	*pool;
	const struct sigma_tree *detection;
	const char	*at, *why;
	unsigned	 depth, nodes;
};

static void
refuse(struct parsing *p, const char *why)
{
	if (!p->why)
		p->why = why;
}

static struct sigma_logic *
node(struct parsing *p, enum sigma_op op, const char *text)
{
	if (++p->nodes > NODES_MAX)
		refuse(p, "condition: too many combinations");
	return sigma_logic_new(p->pool, op, text);
}

static size_t
word_length(struct parsing *p)
{
	p->at += strspn(p->at, BLANKS);
	return strcspn(p->at, ENDS);
}

static bool
is_word(struct parsing *p, const char *word)
{
	size_t n = word_length(p);

	return n == strlen(word) && strncasecmp(p->at, word, n) == 0;
}

/* Takes WORD if it stands here. */
static bool
take(struct parsing *p, const char *word)
{
	if (!is_word(p, word))
		return false;
	p->at += strlen(word);
	return true;
}

static bool
is_group(const struct sigma_tree *t)
{
	return strcmp(t->key, "condition") != 0 && strcmp(t->key, "timeframe") != 0;
}

static bool
is_meant(const struct sigma_tree *t, const char *pattern)
{
	if (!is_group(t))
		return false;
	if (strcasecmp(pattern, "them") == 0)
		return t->key[0] != '_';
	return glob_match(pattern, strlen(pattern), t->key, strlen(t->key), false);
}

static struct sigma_logic *
block(struct parsing *p, const struct sigma_tree *t, bool all)
{
	struct sigma_logic *l = node(p, SIGMA_BLOCK, t->key);

	l->all = all && t->kind == SIGMA_LIST;
	return l;
}

/* The next group from T on that PATTERN means. */
static const struct sigma_tree *
next_meant(const struct sigma_tree *t, const char *pattern)
{
	while (t && !is_meant(t, pattern))
		t = t->next;
	return t;
}

/* At least N of the groups from T on: the first and N - 1 of the others, or N of the others. NULL: there are not so many. */
static struct sigma_logic *
at_least(struct parsing *p, unsigned n, const struct sigma_tree *t, const char *pattern)
{
	struct sigma_logic *some = node(p, SIGMA_OR, NULL);

	for (t = next_meant(t, pattern); t && !p->why; t = next_meant(t->next, pattern)) {
		struct sigma_logic *others = n > 1 ? at_least(p, n - 1, t->next, pattern) : NULL, *one = block(p, t, false);
		if (n > 1 && !others)
			break;
		if (others) {
			struct sigma_logic *both = node(p, SIGMA_AND, NULL);
			sigma_logic_add(both, one);
			sigma_logic_add(both, others);
			one = both;
		}
		sigma_logic_add(some, one);
	}
	return some->first ? some : NULL;
}

/* N groups of PATTERN, all of them where N is 0. */
static struct sigma_logic *
several(struct parsing *p, unsigned n, const char *pattern)
{
	const struct sigma_tree *first = next_meant(p->detection->first, pattern);
	struct sigma_logic *l = node(p, n ? SIGMA_OR : SIGMA_AND, pattern);
	bool single = first && !next_meant(first->next, pattern);

	if (!first)
		refuse(p, sigma_print(p->pool, "condition: no group is called '%.60s'", pattern));
	/* "all of keywords", once, meant every text of that list. */
	if (single && n <= 1)
		return block(p, first, n == 0 && strcmp(pattern, first->key) == 0);
	if (n > 1) {
		l = at_least(p, n, p->detection->first, pattern);
		if (!l)
			refuse(p, sigma_print(p->pool, "condition: there are no %u of '%.60s'", n, pattern));
		return l;
	}
	for (const struct sigma_tree *t = first; t; t = next_meant(t->next, pattern))
		sigma_logic_add(l, block(p, t, false));
	return l;
}

/* "1 of x*", "all of them", "2 of x*". False: it is none, and nothing was taken. */
static bool
quantity(struct parsing *p, struct sigma_logic **out)
{
	size_t len = word_length(p);
	const char *begin = p->at;
	char *count = sigma_copy(p->pool, begin, len);
	uint64_t n = strcasecmp(count, "any") == 0;
	bool all = strcasecmp(count, "all") == 0;

	if (!n && !all && (scalar_unsigned(count, 100, &n) || n == 0))
		return false;
	p->at += len;
	if (!take(p, "of")) {
		p->at = begin;
		return false;
	}
	len = word_length(p);
	*out = several(p, (unsigned)n, sigma_copy(p->pool, p->at, len));
	p->at += len;
	return true;
}

static struct sigma_logic *
single(struct parsing *p)
{
	size_t len = word_length(p);
	char *name = sigma_copy(p->pool, p->at, len);
	const struct sigma_tree *t = len ? sigma_find(p->detection, name) : NULL;

	p->at += len;
	if (t && is_group(t))
		return block(p, t, false);
	refuse(p, len ? sigma_print(p->pool, "condition: no group is called '%.60s'", name) : "condition: a name is missing");
	return NULL;
}

static struct sigma_logic *expression(struct parsing *);	/* parentheses hold expressions */

static struct sigma_logic *
operand(struct parsing *p)
{
	struct sigma_logic *l = NULL;

	if (p->why)
		return NULL;
	if (p->depth == DEPTH_MAX) {
		refuse(p, "condition: nested too deeply");
		return NULL;
	}
	p->depth++;
	if (take(p, "not")) {
		l = operand(p);
		l = l ? sigma_logic_not(p->pool, l) : NULL;
	} else if (*p->at == '(') {
		p->at++;
		l = expression(p);
		p->at += strspn(p->at, BLANKS);
		if (*p->at != ')')
			refuse(p, "condition: a parenthesis is not closed");
		else
			p->at++;
	} else if (!quantity(p, &l)) {
		l = single(p);
	}
	p->depth--;
	return p->why ? NULL : l;
}

static struct sigma_logic *
joined(struct parsing *p, enum sigma_op op, const char *word, struct sigma_logic *(*part)(struct parsing *))
{
	struct sigma_logic *first = part(p), *l = NULL;

	while (!p->why && take(p, word)) {
		if (!l) {
			l = node(p, op, NULL);
			sigma_logic_add(l, first);
		}
		struct sigma_logic *more = part(p);
		if (more)
			sigma_logic_add(l, more);
	}
	return l ? l : first;
}

static struct sigma_logic *
conjunction(struct parsing *p)
{
	return joined(p, SIGMA_AND, "and", operand);
}

static struct sigma_logic *
expression(struct parsing *p)
{
	return joined(p, SIGMA_OR, "or", conjunction);
}

/* "by A, B": up to what compares. */
static void
take_by(struct parsing *p, struct sigma_count *c)
{
	while (!p->why) {
		p->at += strspn(p->at, BLANKS ",");
		size_t len = strcspn(p->at, BLANKS ",<>=");
		if (!len)
			return;
		sigma_line_add(p->pool, &c->by, sigma_copy(p->pool, p->at, len));
		p->at += len;
	}
}

/* What follows a pipe. */
static void
take_count(struct parsing *p, struct sigma_count *c)
{
	uint64_t n;

	p->at += strspn(p->at, BLANKS);
	if (strncasecmp(p->at, "count(", 6) != 0) {
		refuse(p, sigma_print(p->pool, "condition: '%.20s' after a pipe: of what Sigma once could do there, only count is known", p->at));
		return;
	}
	p->at += 6;
	size_t len = strcspn(p->at, ")");
	c->there = true;
	c->field = len ? sigma_copy(p->pool, p->at, len) : NULL;
	p->at += len + (p->at[len] == ')');
	if (take(p, "by"))
		take_by(p, c);
	p->at += strspn(p->at, BLANKS);
	if (*p->at != '>') {
		refuse(p, "condition: that there are few of something can only be known afterwards; yett counts up to a number");
		return;
	}
	c->more = p->at[1] != '=';
	p->at += c->more ? 1 : 2;
	len = word_length(p);
	if (scalar_unsigned(sigma_copy(p->pool, p->at, len), 1000000, &n))
		refuse(p, "condition: the number to count up to is none, or too great");
	c->number = (unsigned)n;
	p->at += len;
}

static struct sigma_logic *
whole(struct parsing *p, const char *text, struct sigma_count *count)
{
	p->at = text;
	struct sigma_logic *l = expression(p);
	p->at += strspn(p->at, BLANKS);
	if (!p->why && *p->at == '|' && count) {
		p->at++;
		take_count(p, count);
		p->at += strspn(p->at, BLANKS);
	}
	if (!p->why && *p->at)
		refuse(p, sigma_print(p->pool, "condition: '%.40s' is left over at the end", p->at));
	return l;
}

struct sigma_logic *
sigma_condition(struct pool *pool, const struct sigma_tree *detection, struct sigma_count *count, const char **why)
{
	const struct sigma_tree *c = sigma_find(detection, "condition");
	struct parsing p = { .pool = pool, .detection = detection };
	struct sigma_logic *any = sigma_logic_new(pool, SIGMA_OR, NULL), *l;

	*why = NULL;
	if (!c || c->kind == SIGMA_MAP || (c->kind == SIGMA_SCALAR && c->null) || (c->kind == SIGMA_LIST && !c->first)) {
		*why = "no condition";
		return NULL;
	}
	if (c->kind == SIGMA_SCALAR) {
		l = whole(&p, c->text, count);
		*why = p.why;
		return p.why ? NULL : l;
	}
	for (const struct sigma_tree *t = c->first; t && !p.why; t = t->next) {
		if (t->kind != SIGMA_SCALAR)
			refuse(&p, "condition: a list of it has only texts");
		l = p.why ? NULL : whole(&p, t->text, NULL);
		if (l)
			sigma_logic_add(any, l);
	}
	*why = p.why;
	return p.why ? NULL : any;
}
