#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "ctl/sigma_read.h"

#define ANCHORS		64	/* of a document */
#define OUT_OF_MEMORY	70	/* ANSWER_BROKEN */

void
sigma_no_memory(void)
{
	fputs("yettctl: no memory\n", stderr);
	exit(OUT_OF_MEMORY);
}

void *
sigma_take(struct pool *p, size_t n)
{
	void *taken = pool_take(p, n);

	if (!taken)
		sigma_no_memory();
	return taken;
}

char *
sigma_copy(struct pool *p, const char *s, size_t len)
{
	char *copy = sigma_take(p, len + 1);

	if (len)
		memcpy(copy, s, len);
	return copy;
}

const char *
sigma_print(struct pool *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *text = sigma_take(p, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}

/* A list or map that is open. */
struct frame { struct sigma_tree *node; const char *key, *anchor; };

struct reading {
	struct pool	*pool;
	struct frame	 frame[SIGMA_DEPTH + 1];
	unsigned	 depth;			/* frames in use */
	struct { const char *name; const struct sigma_tree *node; } anchor[ANCHORS];
	unsigned	 anchors, docs;
	struct sigma_tree *first, **end;
	int		 line;
	const char	*fault;			/* NULL: none yet */
};

static void
refuse(struct reading *r, const char *why)
{
	if (!r->fault)
		r->fault = why;
}

static struct sigma_tree *
new_node(struct reading *r, enum sigma_kind kind)
{
	struct sigma_tree *t = sigma_take(r->pool, sizeof(*t));

	*t = (struct sigma_tree){ .kind = kind, .line = r->line, .weight = 1, .height = 1 };
	return t;
}

/* Only what is whole can be meant by an alias: nothing holds itself. */
static void
name_node(struct reading *r, const char *anchor, const struct sigma_tree *node)
{
	if (!anchor)
		return;
	if (r->anchors == ANCHORS) {
		refuse(r, "more than 64 anchors");
		return;
	}
	r->anchor[r->anchors].name = anchor;
	r->anchor[r->anchors++].node = node;
}

static void
begin_key(struct reading *r, struct frame *f, const struct sigma_tree *node)
{
	unsigned n = 0;

	if (node->kind != SIGMA_SCALAR) {
		refuse(r, "a key that is no text");
		return;
	}
	for (const struct sigma_tree *t = f->node->first; t; t = t->next, n++)
		if (strcmp(t->key, node->text) == 0)
			refuse(r, sigma_print(r->pool, "'%.60s' is there already, at line %d", t->key, t->line));
	if (n == SIGMA_KEYS)
		refuse(r, "more than 1000 keys in a map");
	f->key = node->text;
}

/* NODE has no place yet. */
static void
put(struct reading *r, struct sigma_tree *node)
{
	if (r->depth == 0) {
		*r->end = node;
		r->end = &node->next;
		return;
	}
	struct frame *f = &r->frame[r->depth - 1];
	if (f->node->kind == SIGMA_MAP && !f->key) {
		begin_key(r, f, node);
		return;
	}
	node->key = f->key;
	f->key = NULL;
	if (f->node->last)
		f->node->last->next = node;
	else
		f->node->first = node;
	f->node->last = node;
	f->node->weight += node->weight;
	if (node->height >= f->node->height)
		f->node->height = node->height + 1;
	if (f->node->weight > SIGMA_NODES)
		refuse(r, "more than 20000 values in a document");
	if (r->depth + node->height > SIGMA_DEPTH)
		refuse(r, "more than 24 levels");
}

static void
take_scalar(struct reading *r, const yaml_event_t *ev)
{
	static const char *const nothing[] = { "", "~", "null", "Null", "NULL" };
	const char *s = (const char *)ev->data.scalar.value, *anchor = (const char *)ev->data.scalar.anchor;
	struct sigma_tree *t = new_node(r, SIGMA_SCALAR);

	if (memchr(s, '\0', ev->data.scalar.length))
		refuse(r, "a NUL byte");
	t->text = sigma_copy(r->pool, s, ev->data.scalar.length);
	for (size_t i = 0; ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && i < sizeof(nothing) / sizeof(nothing[0]); i++)
		t->null |= strcmp(t->text, nothing[i]) == 0;
	name_node(r, anchor ? sigma_copy(r->pool, anchor, strlen(anchor)) : NULL, t);
	put(r, t);
}

static void
take_alias(struct reading *r, const char *name)
{
	unsigned i = r->anchors;

	while (i && strcmp(r->anchor[i - 1].name, name) != 0)
		i--;
	if (!i) {
		refuse(r, "an alias of something that is not there yet");
		return;
	}
	struct sigma_tree *t = new_node(r, SIGMA_SCALAR);
	*t = *r->anchor[i - 1].node;
	t->next = NULL;
	t->key = NULL;
	put(r, t);
}

static void
open_node(struct reading *r, enum sigma_kind kind, const char *anchor)
{
	if (r->depth == SIGMA_DEPTH) {
		refuse(r, "more than 24 levels");
		return;
	}
	r->frame[r->depth++] = (struct frame){ .node = new_node(r, kind), .anchor = anchor ? sigma_copy(r->pool, anchor, strlen(anchor)) : NULL };
}

static void
close_node(struct reading *r)
{
	if (!r->depth)
		return;			/* libyaml has no end without a beginning */
	struct frame f = r->frame[--r->depth];
	name_node(r, f.anchor, f.node);
	put(r, f.node);
}

static void
take_event(struct reading *r, const yaml_event_t *ev)
{
	r->line = (int)ev->start_mark.line + 1;
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		r->anchors = 0;
		if (++r->docs > SIGMA_DOCS_MAX)
			refuse(r, "more than 512 documents");
		return;
	case YAML_SCALAR_EVENT:
		take_scalar(r, ev);
		return;
	case YAML_ALIAS_EVENT:
		take_alias(r, (const char *)ev->data.alias.anchor);
		return;
	case YAML_SEQUENCE_START_EVENT:
		open_node(r, SIGMA_LIST, (const char *)ev->data.sequence_start.anchor);
		return;
	case YAML_MAPPING_START_EVENT:
		open_node(r, SIGMA_MAP, (const char *)ev->data.mapping_start.anchor);
		return;
	case YAML_SEQUENCE_END_EVENT: case YAML_MAPPING_END_EVENT:
		close_node(r);
		return;
	case YAML_NO_EVENT: case YAML_STREAM_START_EVENT: case YAML_STREAM_END_EVENT: case YAML_DOCUMENT_END_EVENT:
		return;
	}
}

static void
read_all(struct reading *r, yaml_parser_t *y)
{
	for (bool end = false; !end && !r->fault;) {
		yaml_event_t ev;
		if (!yaml_parser_parse(y, &ev)) {
			r->line = (int)y->problem_mark.line + 1;
			refuse(r, sigma_print(r->pool, "not YAML: %s", y->problem ? y->problem : "no memory"));
			return;
		}
		end = ev.type == YAML_STREAM_END_EVENT;
		take_event(r, &ev);
		yaml_event_delete(&ev);
	}
}

struct sigma_tree *
sigma_read(struct pool *pool, const char *text, size_t len, char *why, size_t n)
{
	struct reading r = { .pool = pool, .end = &r.first };
	yaml_parser_t y;

	if (len > SIGMA_FILE_MAX) {
		snprintf(why, n, "%zu bytes; at most %u", len, SIGMA_FILE_MAX);
		return NULL;
	}
	if (!yaml_parser_initialize(&y)) {
		snprintf(why, n, "no memory");
		return NULL;
	}
	yaml_parser_set_encoding(&y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y, (const unsigned char *)text, len);
	read_all(&r, &y);
	yaml_parser_delete(&y);
	if (r.fault)
		snprintf(why, n, "line %d: %s", r.line, r.fault);
	else if (!r.first)
		snprintf(why, n, "nothing in it");
	return r.fault ? NULL : r.first;
}

const struct sigma_tree *
sigma_find(const struct sigma_tree *map, const char *key)
{
	for (const struct sigma_tree *t = map && map->kind == SIGMA_MAP ? map->first : NULL; t; t = t->next)
		if (strcmp(t->key, key) == 0)
			return t;
	return NULL;
}

const char *
sigma_text(const struct sigma_tree *map, const char *key)
{
	const struct sigma_tree *t = sigma_find(map, key);

	return t && t->kind == SIGMA_SCALAR && !t->null ? t->text : NULL;
}

static void
append(struct pool *pool, struct sigma_tree *map, const struct sigma_tree *member)
{
	struct sigma_tree *t = sigma_take(pool, sizeof(*t));

	*t = *member;
	t->next = NULL;
	if (map->last)
		map->last->next = t;
	else
		map->first = t;
	map->last = t;
}

struct sigma_tree *
sigma_merge(struct pool *pool, const struct sigma_tree *base, const struct sigma_tree *over, unsigned *budget)
{
	struct sigma_tree *out = sigma_take(pool, sizeof(*out));

	*out = *over;
	out->first = out->last = out->next = NULL;
	for (const struct sigma_tree *t = base ? base->first : NULL; t; t = t->next) {
		const struct sigma_tree *o = sigma_find(over, t->key);
		const struct sigma_tree *both = o && t->kind == SIGMA_MAP && o->kind == SIGMA_MAP ? sigma_merge(pool, t, o, budget) : NULL;
		if (!*budget)
			return NULL;
		--*budget;
		append(pool, out, both ? both : o ? o : t);
	}
	for (const struct sigma_tree *t = over->first; t; t = t->next) {
		if (sigma_find(base, t->key))
			continue;
		if (!*budget)
			return NULL;
		--*budget;
		append(pool, out, t);
	}
	return out;
}
