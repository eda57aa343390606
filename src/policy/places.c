#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "policy/build.h"
#include "policy/glob.h"

#define MANY	128	/* places of one condition */
#define DEEP	6	/* directories, below which there are many */
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

/* The directory below which all lies that the pattern matches; false: it could be anywhere. */
static bool
directory_of(const struct build *b, const struct l_pattern *p, const char **s, size_t *len)
{
	size_t literal = p->kind == L_PREFIX ? p->text.len : p->kind == L_GLOB_PATH ? p->head : 0;

	*s = table_at(&b->strings, p->text.off);
	*len = parent(*s, literal);
	return literal;
}

static void
place_of_pattern(struct build *b, struct table *places, const struct l_pattern *p)
{
	const char *s;
	size_t len = p->text.len, dir;

	if (directory_of(b, p, &s, &dir)) {
		bool one_level = p->kind == L_GLOB_PATH && !memmem(s, len, "**", 2) && !memchr(s + p->head, '/', len - p->head);
		add_place(b, places, one_level ? WATCH_DIRECTORY : WATCH_TREE, s, dir);
	} else {
		add_place(b, places, WATCH_EVERYTHING, "", 0);
	}
}

/* Bytes of a path down to DEPTH directories. */
static size_t
down_to(const char *s, size_t len, unsigned depth)
{
	size_t n = 0;

	while (n < len && (s[n] != '/' || depth--))
		n++;
	return n > 1 ? n : len && s[0] == '/';
}

/* The directory in which value I of the set lies, or a tree of that DEPTH around it. False: it could be anywhere. */
static bool
place_around(struct build *b, const struct l_set *s, uint32_t i, unsigned depth, struct l_place *out)
{
	const char *text;
	size_t dir, len;
	char path[512];

	if (i < s->n_exact) {
		const struct l_text *t = table_at(&b->texts, s->exact + i);
		text = table_at(&b->strings, t->off);
		dir = parent(text, t->len);
	} else if (!directory_of(b, table_at(&b->patterns, s->pattern + i - s->n_exact), &text, &dir)) {
		return false;
	}
	len = down_to(text, dir, depth);
	if (!len || len >= sizeof(path) || text[0] != '/')
		return false;
	memcpy(path, text, len);
	path[len] = '\0';
	*out = (struct l_place){ .kind = len == dir && i < s->n_exact ? WATCH_DIRECTORY : WATCH_TREE, .path = build_string(b, path) };
	return true;
}

/* MANY places at most in which all values of the set lie, trees of that DEPTH. False: there are more. */
static bool
places_of_depth(struct build *b, struct table *places, const struct l_set *s, unsigned depth)
{
	struct l_place own[MANY];
	unsigned n = 0, k;

	for (uint32_t i = 0; i < s->n_exact + s->n_pattern; i++) {
		struct l_place p;
		if (!place_around(b, s, i, depth, &p))
			return false;
		for (k = 0; k < n && (own[k].kind != p.kind || own[k].path != p.path); k++)
			;
		if (k == MANY)
			return false;
		own[k] = p;
		n += k == n;
	}
	for (k = 0; k < n; k++)
		join_place(b, places, &own[k]);
	return true;
}

/* What is marked one by one is few: of a list of many, the directories far enough up are. */
static void
places_of_many(struct build *b, struct table *places, const struct l_set *s)
{
	for (unsigned depth = DEEP; depth; depth--)
		if (places_of_depth(b, places, s, depth))
			return;
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

	if (s->n_exact + s->n_pattern > MANY) {
		places_of_many(b, places, s);
		return;
	}
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
	table_add(&b->places, own.at, own.n);
	r->ask = table_add(&b->asks, own.at, own.n);
	r->n_asks = (uint32_t)own.n;
	b->asks.failed |= own.failed;
	table_done(&own);
}

static const struct build *sorting;	/* qsort() has no argument for it */

static int
by_path_and_kind(const void *x, const void *y)
{
	const struct l_place *a = x, *b = y;
	int order = strcmp(table_at(&sorting->strings, a->path), table_at(&sorting->strings, b->path));

	return order ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

/* Is a place of this kind and path among all, which are in order? */
static bool
is_place(const struct build *b, enum watch_kind kind, const char *path)
{
	size_t lo = 0, hi = b->places.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct l_place *p = table_at(&b->places, mid);
		int order = strcmp(path, table_at(&b->strings, p->path));
		if (order == 0 && p->kind == kind)
			return true;
		if (order > 0 || (order == 0 && kind > p->kind))
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/* Does another place hold all of it, as holds() says? */
static bool
is_held(const struct build *b, const struct l_place *p)
{
	char path[512];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s", (const char *)table_at(&b->strings, p->path));

	if (p->kind == WATCH_EVERYTHING)
		return false;
	if (is_place(b, WATCH_EVERYTHING, "") || (p->kind != WATCH_TREE && is_place(b, WATCH_TREE, path)))
		return true;
	for (size_t up = parent(path, n), file = p->kind == WATCH_FILE; up < n; n = up, up = parent(path, n), file = false) {
		path[up] = '\0';
		if (is_place(b, WATCH_TREE, path) || (file && is_place(b, WATCH_DIRECTORY, path)))
			return true;
	}
	return false;
}

/* Leaves places none of which holds another. */
static void
join_all(struct build *b)
{
	struct table kept = TABLE_OF(struct l_place);

	sorting = b;
	if (b->places.n)
		qsort(b->places.at, b->places.n, sizeof(struct l_place), by_path_and_kind);
	for (size_t i = 0; i < b->places.n; i++) {
		const struct l_place *p = table_at(&b->places, i);
		if ((i == 0 || by_path_and_kind(p, p - 1) != 0) && !is_held(b, p))
			table_add(&kept, p, 1);
	}
	kept.failed |= b->places.failed;
	table_done(&b->places);
	b->places = kept;
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
		table_add(&b->places, &(struct l_place){ .kind = WATCH_EVERYTHING, .path = build_string(b, "") }, 1);
	join_all(b);
}
