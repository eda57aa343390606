#include <stdio.h>
#include <string.h>
#include "policy/build.h"
#include "policy/glob.h"

#define OPENS (1ull << EVENT_OPEN | 1ull << EVENT_WRITE)

/* The directory that a path, or the literal beginning of a pattern, lies in. */
static size_t
parent(const char *s, size_t n)
{
	while (n && s[n - 1] != '/')
		n--;
	return n > 1 ? n - 1 : n;
}

static bool
below(const char *tree, const char *path)
{
	size_t n = strlen(tree);

	return n <= 1 || (strncmp(tree, path, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

static bool
holds(const struct build *b, const struct l_place *outer, const struct l_place *inner)
{
	const char *o = table_at(&b->strings, outer->path), *i = table_at(&b->strings, inner->path);

	if (outer->kind == WATCH_EVERYTHING)
		return true;
	if (inner->kind == WATCH_EVERYTHING)
		return false;
	if (outer->kind == WATCH_TREE)
		return below(o, i);
	if (outer->kind == WATCH_DIRECTORY && inner->kind == WATCH_FILE)
		return strlen(o) == parent(i, strlen(i)) && memcmp(o, i, strlen(o)) == 0;
	return outer->kind == inner->kind && outer->path == inner->path;
}

/* Among others none of which holds another, and none of which will hold it. */
static void
join_place(struct build *b, struct table *places, const struct l_place *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < places->n; i++) {
		struct l_place *old = table_at(places, i);
		if (holds(b, old, p))
			return;
		if (!holds(b, p, old)) {
			struct l_place *to = table_at(places, kept++);
			*to = *old;
		}
	}
	places->n = kept;
	table_add(places, p, 1);
}

static void
add_place(struct build *b, struct table *places, enum watch_kind kind, const char *path, size_t len)
{
	char text[512];

	if (kind != WATCH_EVERYTHING && (len >= sizeof(text) || path[0] != '/'))
		kind = WATCH_EVERYTHING;
	snprintf(text, sizeof(text), "%.*s", kind == WATCH_EVERYTHING ? 0 : (int)len, path);
	join_place(b, places, &(struct l_place){ .kind = kind, .path = build_string(b, text) });
}

static void
place_of_pattern(struct build *b, struct table *places, const struct l_pattern *p)
{
	const char *s = table_at(&b->strings, p->text.off);
	size_t len = p->text.len;

	if (p->kind == L_PREFIX || p->kind == L_GLOB_PATH) {
		size_t literal = p->kind == L_PREFIX ? len : p->head, dir = parent(s, literal);
		bool one_level = p->kind == L_GLOB_PATH && !memmem(s, len, "**", 2) && !memchr(s + literal, '/', len - literal);
		if (literal) {
			add_place(b, places, one_level ? WATCH_DIRECTORY : WATCH_TREE, s, dir);
			return;
		}
	}
	add_place(b, places, WATCH_EVERYTHING, "", 0);
}

/* True when the condition alone narrows the files down to places. */
static bool
narrows(const struct l_condition *c)
{
	return c->field == FIELD_FILE_PATH && c->test == L_VALUES && !(c->flags & (L_NOT | L_NOCASE));
}

static void
places_of_condition(struct build *b, struct table *places, const struct l_condition *c)
{
	const struct l_set *s = table_at(&b->sets, c->arg);

	for (uint32_t i = 0; i < s->n_exact; i++) {
		const struct l_text *t = table_at(&b->texts, s->exact + i);
		add_place(b, places, WATCH_FILE, table_at(&b->strings, t->off), t->len);
	}
	for (uint32_t i = 0; i < s->n_pattern; i++)
		place_of_pattern(b, places, table_at(&b->patterns, s->pattern + i));
}

static const struct l_condition *
narrowing(const struct build *b, const struct l_group *g)
{
	for (uint32_t i = 0; i < g->n_conditions; i++) {
		const struct l_condition *c = table_at(&b->conditions, g->condition + i);
		if (narrows(c))
			return c;
	}
	return NULL;
}

static bool
has_narrowing(const struct build *b, const struct l_group *g)
{
	return narrowing(b, g) != NULL;
}

/* Whenever the rule matches, one of these groups holds, and each of them names paths. */
static void
places_of_rule(struct build *b, struct l_rule *r)
{
	uint64_t groups = logic_rests_on(b, &r->logic, has_narrowing);
	struct table own = TABLE_OF(struct l_place);

	for (uint32_t g = 0; g < r->logic.n_groups; g++)
		if (groups & 1ull << g)
			places_of_condition(b, &own, narrowing(b, table_at(&b->groups, r->logic.group + g)));
	if (!groups)
		add_place(b, &own, WATCH_EVERYTHING, "", 0);
	for (size_t i = 0; i < own.n; i++)
		join_place(b, &b->places, table_at(&own, i));
	r->ask = table_add(&b->asks, own.at, own.n);
	r->n_asks = (uint32_t)own.n;
	b->asks.failed |= own.failed;
	table_done(&own);
}

void
build_places(struct build *b)
{
	for (size_t i = 0; i < b->rules.n; i++) {
		struct l_rule *r = table_at(&b->rules, i);
		if ((r->kinds & OPENS) && !r->correlation)
			places_of_rule(b, r);
	}
	if (b->sources->open_default == DECISION_DENY)
		add_place(b, &b->places, WATCH_EVERYTHING, "", 0);
}
