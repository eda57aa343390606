#include <stdio.h>
#include <string.h>
#include "policy/build.h"

#define TERMS_MAX 256

struct logic {
	struct build		*b;
	struct draft_section	*s;
	unsigned		 n_terms, n_groups, n_ops, depth, nested;
	const char		*at;		/* in the expression */
	int			 line;
	bool			 bad;
	struct term		 term[TERMS_MAX];
	char			 group[GROUPS_MAX][64];
	uint32_t		 op[OPS_MAX];
};

static void
refuse(struct logic *l, const char *why)
{
	if (!l->bad)
		fault_add(l->b->d.faults, l->s->file, l->line, "condition: %s", why);
	l->bad = true;
}

const char *const *
logic_settings(const struct draft_section *s)
{
	static const char *const of_rule[] = { "description", "on", "condition", "action", "label", "severity", "threat.technique.id", "message",
		"mode", NULL };
	static const char *const of_exception[] = { "rules", "condition", "reason", "expires", NULL };

	static const char *const of_correlation[] = { "description", "type", "rules", "group-by", "timespan", "condition", "field", "window",
		"learn", "action", "label", "severity", "threat.technique.id", "message", "mode", NULL };

	if (s->kind == SECTION_CORRELATION)
		return of_correlation;
	return s->kind == SECTION_RULE ? of_rule : of_exception;
}

static bool
is_setting(const struct draft_section *s, const char *key)
{
	const char *const *k = logic_settings(s);

	while (*k && strcmp(*k, key) != 0)
		k++;
	return *k != NULL;
}

static unsigned
group_index(struct logic *l, const char *name, size_t len)
{
	for (unsigned i = 0; i < l->n_groups; i++)
		if (strlen(l->group[i]) == len && memcmp(l->group[i], name, len) == 0)
			return i;
	if (l->n_groups == GROUPS_MAX || len >= sizeof(l->group[0]))
		return GROUPS_MAX;
	memcpy(l->group[l->n_groups], name, len);
	l->group[l->n_groups][len] = '\0';
	return l->n_groups++;
}

static void
collect(struct logic *l)
{
	for (struct draft_key *k = l->s->keys; k; k = k->next) {
		if (is_setting(l->s, k->key))
			continue;
		if (l->n_terms == TERMS_MAX) {
			fault_add(l->b->d.faults, l->s->file, k->line, "more than %d conditions in one section", TERMS_MAX);
			l->bad = true;
			return;
		}
		struct term *t = &l->term[l->n_terms];
		bool good = term_compile(l->b, l->s, k, t);
		if (good && group_index(l, t->group, t->group_len) == GROUPS_MAX) {
			fault_add(l->b->d.faults, l->s->file, k->line, "more than %d groups, or a name of more than 63 bytes", GROUPS_MAX);
			good = false;
		}
		l->n_terms += good;
		l->bad |= !good;
	}
}

static void
push(struct logic *l, uint32_t op)
{
	bool joins = op == OP_AND || op == OP_OR;

	if (l->n_ops == OPS_MAX || (op < OP_AND && l->depth == STACK_MAX)) {
		refuse(l, "too long");
		return;
	}
	l->op[l->n_ops++] = op;
	l->depth = l->depth + (op < OP_AND) - joins;
}

static void
blanks(struct logic *l)
{
	l->at += strspn(l->at, " \t");
}

/* Takes WORD if it stands here as a word. */
static bool
word(struct logic *l, const char *w)
{
	size_t n = strlen(w);

	blanks(l);
	if (strncmp(l->at, w, n) != 0 || (l->at[n] && !strchr(" \t()", l->at[n])))
		return false;
	l->at += n;
	return true;
}

static bool
group_meant(const char *name, const char *pattern, size_t len)
{
	bool star = len && pattern[len - 1] == '*';

	if (len == 4 && memcmp(pattern, "them", 4) == 0)
		return true;
	if (star)
		return strncmp(name, pattern, len - 1) == 0;
	return strlen(name) == len && memcmp(name, pattern, len) == 0;
}

/* "x", "x*" or "them" after "1 of" or "all of". */
static void
several(struct logic *l, uint32_t join)
{
	unsigned found = 0;

	blanks(l);
	size_t len = strcspn(l->at, " \t()");
	for (unsigned i = 0; i < l->n_groups; i++) {
		if (!group_meant(l->group[i], l->at, len))
			continue;
		push(l, i);
		if (found++)
			push(l, join);
	}
	if (!found)
		refuse(l, "no group has the name that follows \"of\"");
	l->at += len;
}

static void expression(struct logic *l);	/* parentheses hold expressions */

static void
single(struct logic *l)
{
	size_t len = strcspn(l->at, " \t()");
	unsigned i = 0;

	while (i < l->n_groups && !(strlen(l->group[i]) == len && memcmp(l->group[i], l->at, len) == 0))
		i++;
	if (!len)
		refuse(l, "a name, \"not\" or a parenthesis is missing");
	else if (i == l->n_groups)
		refuse(l, "there is no group of that name");
	else
		push(l, i);
	l->at += len;
}

static void
operand(struct logic *l)
{
	if (l->bad)
		return;
	if (l->nested == STACK_MAX) {
		refuse(l, "nested too deeply");
		return;
	}
	l->nested++;
	if (word(l, "not")) {
		operand(l);
		push(l, OP_NOT);
	} else if (word(l, "1 of") || word(l, "any of")) {
		several(l, OP_OR);
	} else if (word(l, "all of")) {
		several(l, OP_AND);
	} else if (*l->at == '(') {
		l->at++;
		expression(l);
		blanks(l);
		if (*l->at != ')')
			refuse(l, "a parenthesis is not closed");
		else
			l->at++;
	} else {
		single(l);
	}
	l->nested--;
}

static void
conjunction(struct logic *l)
{
	operand(l);
	while (!l->bad && word(l, "and")) {
		operand(l);
		push(l, OP_AND);
	}
}

static void
expression(struct logic *l)
{
	conjunction(l);
	while (!l->bad && word(l, "or")) {
		conjunction(l);
		push(l, OP_OR);
	}
}

/* selection and none of the groups called filter*; with other groups and no expression nobody knows what is meant. */
static void
standard(struct logic *l)
{
	bool any = false;

	for (unsigned i = 0; i < l->n_groups; i++) {
		bool filter = strncmp(l->group[i], "filter", 6) == 0;
		if (!filter && strcmp(l->group[i], "selection") != 0)
			refuse(l, "several groups need a `condition = ...` that joins them");
		push(l, i);
		if (filter)
			push(l, OP_NOT);
		if (any)
			push(l, OP_AND);
		any = true;
	}
}

static bool
has_regex(const struct build *b, const struct l_condition *c)
{
	const struct l_set *s = c->test == L_VALUES ? table_at(&b->sets, c->arg) : NULL;

	return s && s->n_pattern && ((const struct l_pattern *)table_at(&b->patterns, s->pattern))->kind == L_REGEX;
}

/* The price of looking: regular expressions, then hashes and what must be fetched last, numbers and short texts first. */
static unsigned
price(const struct build *b, const struct l_condition *c)
{
	uint32_t have = field_info((enum field)c->field)->have;
	unsigned fetched = have == HAVE_CONTENT ? 12 : have == HAVE_HASH ? 8 : have & (HAVE_ARGS | HAVE_ENV | HAVE_PARENT_ARGS) ? 4 :
	    have & (HAVE_CWD | HAVE_AUID | HAVE_CGROUP | HAVE_COMM) ? 2 : 0;

	return has_regex(b, c) * 256u + fetched * 16 + (c->test == L_VALUES) * 2 + (c->flags & L_NOCASE);
}

static void
emit(struct logic *l, struct l_logic *out)
{
	struct l_group groups[GROUPS_MAX] = { 0 };

	for (unsigned g = 0; g < l->n_groups; g++) {
		struct l_condition c[TERMS_MAX];
		unsigned n = 0;
		for (unsigned i = 0; i < l->n_terms; i++) {
			const struct term *t = &l->term[i];
			if (group_index(l, t->group, t->group_len) != g)
				continue;
			unsigned at = n++;
			for (; at && price(l->b, &c[at - 1]) > price(l->b, &t->condition); at--)
				c[at] = c[at - 1];
			c[at] = t->condition;
		}
		groups[g] = (struct l_group){ .name = build_string(l->b, l->group[g]), .n_conditions = n,
			.condition = table_add(&l->b->conditions, c, n) };
	}
	*out = (struct l_logic){ .group = table_add(&l->b->groups, groups, l->n_groups), .n_groups = l->n_groups,
		.op = table_add(&l->b->ops, l->op, l->n_ops), .n_ops = l->n_ops };
}

bool
logic_compile(struct build *b, struct draft_section *s, struct l_logic *out)
{
	struct logic *l = b->logic ? b->logic : pool_take(&b->d.pool, sizeof(*l));
	struct draft_key *k = draft_key(s, "condition");

	if (!l)
		return false;
	b->logic = l;
	memset(l, 0, offsetof(struct logic, term));
	l->b = b;
	l->s = s;
	l->line = k ? k->line : s->line;
	collect(l);
	if (l->bad)
		return false;
	if (!l->n_terms) {
		fault_add(b->d.faults, s->file, s->line, "[%s] has no condition: it would match everything", s->name);
		return false;
	}
	l->at = draft_whole(&b->d, s, "condition");
	if (k)
		expression(l);
	else
		standard(l);
	blanks(l);
	if (*l->at && k)
		refuse(l, "something is left over at the end");
	if (!l->bad)
		emit(l, out);
	return !l->bad;
}

uint64_t
logic_rests_on(const struct build *b, const struct l_logic *l, logic_group_fn *is)
{
	uint64_t stack[STACK_MAX] = { 0 };
	unsigned n = 0;

	for (uint32_t i = 0; i < l->n_ops; i++) {
		uint32_t op = *(const uint32_t *)table_at(&b->ops, l->op + i);
		if (op == OP_NOT) {
			stack[n - 1] = 0;
		} else if (op == OP_AND) {
			uint64_t x = stack[--n], *y = &stack[n - 1];
			if (!*y || (x && __builtin_popcountll(x) < __builtin_popcountll(*y)))
				*y = x;
		} else if (op == OP_OR) {
			uint64_t x = stack[--n], *y = &stack[n - 1];
			*y = x && *y ? x | *y : 0;
		} else {
			stack[n++] = is(b, table_at(&b->groups, l->group + op)) ? 1ull << op : 0;
		}
	}
	return stack[0];
}
