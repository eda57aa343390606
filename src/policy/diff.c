#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "policy/diff.h"
#include "policy/layout.h"
#include "policy/pool.h"

struct comparison {
	const struct policy	*old, *new;
	difference_fn		*fn;
	void			*arg;
};

/* The line of a key, and where the next key begins. */
static const char *
take_key(const char *at, struct difference_text *key, struct difference_text *value)
{
	const char *equals = strstr(at, " = "), *end = strchr(at, '\n'), *more;

	*key = (struct difference_text){ at, (size_t)(equals - at) };
	while (end[1] == '\t' && (more = strchr(end + 1, '\n')))
		end = more;
	*value = (struct difference_text){ equals + 3, (size_t)(end - equals - 3) };
	return end + 1;
}

/* A key that is read has " = " and a newline behind it; what stands in a block is not to be believed that far. */
static bool
has_key(const char *at)
{
	const char *equals = strstr(at, " = "), *end = strchr(at, '\n');

	return equals && end && equals < end;
}

static struct difference_text
find_key(const char *text, struct difference_text wanted)
{
	struct difference_text key, value;

	while (has_key(text)) {
		text = take_key(text, &key, &value);
		if (key.len == wanted.len && memcmp(key.at, wanted.at, key.len) == 0)
			return value;
	}
	return (struct difference_text){ NULL, 0 };
}

static bool
same(struct difference_text a, struct difference_text b)
{
	return a.at && b.at && a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static struct difference
of_section(const struct policy *p, const struct l_section *s, enum difference_how how)
{
	return (struct difference){ .how = how, .section = layout_string(p, s->kind), .name = layout_string(p, s->name),
		.file = layout_string(p, s->file), .line = (int)s->line };
}

static void
compare_keys(const struct comparison *c, const struct l_section *old, const struct l_section *new)
{
	const char *before = layout_string(c->old, old->text), *after = layout_string(c->new, new->text), *at = after;
	struct difference d = of_section(c->new, new, DIFFERENCE_CHANGED);

	while (has_key(at)) {
		at = take_key(at, &d.key, &d.new);
		d.old = find_key(before, d.key);
		if (!same(d.old, d.new))
			c->fn(c->arg, &d);
	}
	d.new = (struct difference_text){ NULL, 0 };
	while (has_key(before)) {
		before = take_key(before, &d.key, &d.old);
		if (!find_key(after, d.key).at)
			c->fn(c->arg, &d);
	}
}

/* Sections by what they are called; NULL: no memory. */
static struct names *
index_sections(struct pool *pool, struct names *out, const struct policy *p)
{
	for (uint32_t i = 0; i < p->sections.n; i++) {
		const struct l_section *s = layout_sections(p) + i;
		const char *kind = layout_string(p, s->kind), *name = layout_string(p, s->name);
		size_t size = strlen(kind) + strlen(name) + 2;
		char *key = pool_take(pool, size);
		if (!key)
			return NULL;
		snprintf(key, size, "%s %s", kind, name);
		if (names_add(out, key, (struct l_section *)(uintptr_t)s) == -ENOMEM)
			return NULL;
	}
	return out;
}

static const struct l_section *
find_section(const struct names *in, const struct policy *p, const struct l_section *s)
{
	char key[512];

	snprintf(key, sizeof(key), "%s %s", layout_string(p, s->kind), layout_string(p, s->name));
	return names_find(in, key);
}

static void
compare_setting(const struct comparison *c, struct difference d, const char *key, const char *const values[2])
{
	d.how = DIFFERENCE_CHANGED;
	d.file = d.name = "";
	d.key = (struct difference_text){ key, strlen(key) };
	d.old = (struct difference_text){ values[0], strlen(values[0]) };
	d.new = (struct difference_text){ values[1], strlen(values[1]) };
	if (!same(d.old, d.new))
		c->fn(c->arg, &d);
}

static void
compare_settings(const struct comparison *c)
{
	static const char *const modes[] = { [MODE_MONITOR] = "monitor", [MODE_ENFORCE] = "enforce" };
	struct difference agent = { .section = "agent" }, gate = { .section = "gate" };

	compare_setting(c, agent, "mode", (const char *const[]){ modes[c->old->mode], modes[c->new->mode] });
	compare_setting(c, gate, "exec_default", (const char *const[]){ decision_name((enum decision)c->old->exec_default),
	    decision_name((enum decision)c->new->exec_default) });
	compare_setting(c, gate, "open_default", (const char *const[]){ decision_name((enum decision)c->old->open_default),
	    decision_name((enum decision)c->new->open_default) });
}

int
policy_diff(const struct policy *old, const struct policy *new, difference_fn *fn, void *arg)
{
	struct comparison c = { .old = old, .new = new, .fn = fn, .arg = arg };
	struct pool pool = { 0 };
	struct names before = { 0 }, after = { 0 };
	bool indexed = index_sections(&pool, &before, old) && index_sections(&pool, &after, new);

	if (indexed)
		compare_settings(&c);
	for (uint32_t i = 0; indexed && i < new->sections.n; i++) {
		const struct l_section *s = layout_sections(new) + i, *was = find_section(&before, new, s);
		struct difference d = of_section(new, s, DIFFERENCE_ADDED);
		if (was)
			compare_keys(&c, was, s);
		else
			fn(arg, &d);
	}
	for (uint32_t i = 0; indexed && i < old->sections.n; i++) {
		const struct l_section *s = layout_sections(old) + i;
		struct difference d = of_section(old, s, DIFFERENCE_REMOVED);
		if (!find_section(&after, old, s))
			fn(arg, &d);
	}
	names_done(&before);
	names_done(&after);
	pool_done(&pool);
	return indexed ? 0 : -ENOMEM;
}
