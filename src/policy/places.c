#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "policy/build.h"
#include "policy/glob.h"

#define MANY	128	/* places of one condition */
#define DEEP	6	/* directories, below which there are many */

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

/* Among others that no event is seen at twice, and it will not be. */
static void
join_place(struct build *b, struct table *places, const struct l_place *p)
{
	struct l_place rest = *p;
	size_t kept = 0;

	for (size_t i = 0; i < places->n; i++) {
		const struct l_place *old = table_at(places, i);
		if (holds(b, old, p))
			rest.events &= ~old->events;
	}
	if (!rest.events)
		return;
	for (size_t i = 0; i < places->n; i++) {
		struct l_place old = *(struct l_place *)table_at(places, i);
		bool same = old.kind == p->kind && old.path == p->path;
		if (same)
			rest.events |= old.events;
		else if (holds(b, p, &old))
			old.events &= ~rest.events;
		if (same || !old.events)
			continue;
		*(struct l_place *)table_at(places, kept++) = old;
	}
	places->n = kept;
	table_add(places, &rest, 1);
}

/* One rule's places of some events, while they are found. */
struct finding { struct table *places; uint32_t events; bool wide, named; };

/* WIDE: what leads in from outside, or out, is needed too, so it is all of the file system. NAMED: what could be anywhere is let go. */
static void
add_place(struct build *b, const struct finding *f, enum watch_kind kind, const char *path, size_t len)
{
	char text[512];

	if (kind != WATCH_EVERYTHING && (len >= sizeof(text) || path[0] != '/'))
		kind = WATCH_EVERYTHING;
	if (f->wide && kind == WATCH_FILE)
		len = parent(path, len);
	if (f->wide && kind < WATCH_TREE)
		kind = WATCH_TREE;
	if (kind == WATCH_EVERYTHING && f->named)
		return;
	snprintf(text, sizeof(text), "%.*s", kind == WATCH_EVERYTHING ? 0 : (int)len, path);
	join_place(b, f->places, &(struct l_place){ .kind = kind, .path = build_string(b, text), .events = f->events });
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
place_of_pattern(struct build *b, const struct finding *f, const struct l_pattern *p)
{
	const char *s;
	size_t len = p->text.len, dir;

	if (directory_of(b, p, &s, &dir)) {
		bool one_level = p->kind == L_GLOB_PATH && !memmem(s, len, "**", 2) && !memchr(s + p->head, '/', len - p->head);
		add_place(b, f, one_level ? WATCH_DIRECTORY : WATCH_TREE, s, dir);
	} else {
		add_place(b, f, WATCH_EVERYTHING, "", 0);
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
places_of_depth(struct build *b, const struct finding *f, const struct l_set *s, unsigned depth)
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
	for (k = 0; k < n; k++) {
		own[k].events = f->events;
		own[k].kind = f->wide ? WATCH_TREE : own[k].kind;
		join_place(b, f->places, &own[k]);
	}
	return true;
}

/* What is marked one by one is few: of a list of many, the directories far enough up are. */
static void
places_of_many(struct build *b, const struct finding *f, const struct l_set *s)
{
	for (unsigned depth = DEEP; depth; depth--)
		if (places_of_depth(b, f, s, depth))
			return;
	add_place(b, f, WATCH_EVERYTHING, "", 0);
}

/* True when the condition alone narrows the files down to places. */
static bool
narrows(const struct l_condition *c, enum field field)
{
	return c->field == field && c->test == L_VALUES && !(c->flags & (L_NOT | L_NOCASE));
}

static bool
narrows_path(const struct l_condition *c)
{
	return narrows(c, FIELD_FILE_PATH);
}

static bool
narrows_either(const struct l_condition *c)
{
	return narrows_path(c) || narrows(c, FIELD_FILE_PREVIOUS_PATH);
}

typedef bool condition_fn(const struct l_condition *);

static const struct l_condition *
first(const struct build *b, const struct l_group *g, condition_fn *is)
{
	for (uint32_t i = 0; i < g->n_conditions; i++) {
		const struct l_condition *c = table_at(&b->conditions, g->condition + i);
		if (is(c))
			return c;
	}
	return NULL;
}

static bool
group_narrows_path(const struct build *b, const struct l_group *g)
{
	return first(b, g, narrows_path) != NULL;
}

static bool
group_narrows_either(const struct build *b, const struct l_group *g)
{
	return first(b, g, narrows_either) != NULL;
}

static void
places_of_condition(struct build *b, const struct finding *f, const struct l_condition *c)
{
	const struct l_set *s = table_at(&b->sets, c->arg);

	if (s->n_exact + s->n_pattern > MANY) {
		places_of_many(b, f, s);
		return;
	}
	for (uint32_t i = 0; i < s->n_exact; i++) {
		const struct l_text *t = table_at(&b->texts, s->exact + i);
		add_place(b, f, WATCH_FILE, table_at(&b->strings, t->off), t->len);
	}
	for (uint32_t i = 0; i < s->n_pattern; i++)
		place_of_pattern(b, f, table_at(&b->patterns, s->pattern + i));
}

static bool
speaks_of_previous(const struct l_condition *c)
{
	return c->field == FIELD_FILE_PREVIOUS_PATH || (c->test == L_FIELD && (c->arg & 0xffff) == FIELD_FILE_PREVIOUS_PATH);
}

static bool
logic_speaks_of_previous(const struct build *b, const struct l_logic *l)
{
	for (uint32_t g = 0; g < l->n_groups; g++)
		if (first(b, table_at(&b->groups, l->group + g), speaks_of_previous))
			return true;
	return false;
}

/* Whenever the rule matches, one of these groups holds, and each of them names paths. */
static void
find_places(struct build *b, const struct l_rule *r, const struct finding *f)
{
	uint64_t groups = logic_rests_on(b, &r->logic, f->wide ? group_narrows_either : group_narrows_path);

	for (uint32_t g = 0; g < r->logic.n_groups; g++)
		if (groups & 1ull << g)
			places_of_condition(b, f, first(b, table_at(&b->groups, r->logic.group + g), f->wide ? narrows_either : narrows_path));
	if (!groups)
		add_place(b, f, WATCH_EVERYTHING, "", 0);
}

static void
places_of_rule(struct build *b, struct l_rule *r)
{
	unsigned events = policy_watch_events(r->kinds), wide = logic_speaks_of_previous(b, &r->logic) ? events & WATCH_RENAME : 0;
	struct table own = TABLE_OF(struct l_place);

	/* Scripts are seen when they are started, wherever that is; when they are opened, only where rules name places. */
	if (events & WATCH_SCRIPTS)
		find_places(b, r, &(struct finding){ .places = &own, .events = WATCH_SCRIPTS, .named = true });
	events &= ~(unsigned)WATCH_SCRIPTS;
	if (events & ~wide)
		find_places(b, r, &(struct finding){ .places = &own, .events = events & ~wide });
	if (wide)
		find_places(b, r, &(struct finding){ .places = &own, .events = wide, .wide = true });
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

/* The events of the place of this kind and path among all, which are in order; 0: there is none. */
static uint32_t
events_at(const struct build *b, enum watch_kind kind, const char *path)
{
	size_t lo = 0, hi = b->places.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct l_place *p = table_at(&b->places, mid);
		int order = strcmp(path, table_at(&b->strings, p->path));
		if (order == 0 && p->kind == kind)
			return p->events;
		if (order > 0 || (order == 0 && kind > p->kind))
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

/* Events that are seen at other places which hold all of it, as holds() says. */
static uint32_t
events_held(const struct build *b, const struct l_place *p)
{
	char path[512];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s", (const char *)table_at(&b->strings, p->path));
	uint32_t events = 0;

	if (p->kind == WATCH_EVERYTHING)
		return 0;
	events |= events_at(b, WATCH_EVERYTHING, "");
	if (p->kind != WATCH_TREE)
		events |= events_at(b, WATCH_TREE, path);
	for (size_t up = parent(path, n), file = p->kind == WATCH_FILE; up < n; n = up, up = parent(path, n), file = false) {
		path[up] = '\0';
		events |= events_at(b, WATCH_TREE, path);
		if (file)
			events |= events_at(b, WATCH_DIRECTORY, path);
	}
	return events;
}

/* Each place once, in order. */
static void
merge_equal(struct build *b)
{
	size_t n = 0;

	sorting = b;
	if (b->places.n)
		qsort(b->places.at, b->places.n, sizeof(struct l_place), by_path_and_kind);
	for (size_t i = 0; i < b->places.n; i++) {
		const struct l_place *p = table_at(&b->places, i);
		struct l_place *last = n ? table_at(&b->places, n - 1) : NULL;
		if (last && by_path_and_kind(last, p) == 0)
			last->events |= p->events;
		else
			*(struct l_place *)table_at(&b->places, n++) = *p;
	}
	b->places.n = n;
}

/* Leaves places of which no event is seen at two that hold each other. */
static void
join_all(struct build *b)
{
	struct table kept = TABLE_OF(struct l_place);

	merge_equal(b);
	for (size_t i = 0; i < b->places.n; i++) {
		struct l_place p = *(const struct l_place *)table_at(&b->places, i);
		p.events &= ~events_held(b, &p);
		if (p.events)
			table_add(&kept, &p, 1);
	}
	kept.failed |= b->places.failed;
	table_done(&b->places);
	b->places = kept;
}

void
build_places(struct build *b)
{
	const struct l_place all = { .kind = WATCH_EVERYTHING, .path = build_string(b, ""), .events = WATCH_OPENS };

	for (size_t i = 0; i < b->rules.n; i++) {
		struct l_rule *r = table_at(&b->rules, i);
		if (policy_watch_events(r->kinds) && !r->correlation)
			places_of_rule(b, r);
	}
	if (b->sources->open_default == DECISION_DENY)
		table_add(&b->places, &all, 1);
	join_all(b);
}
