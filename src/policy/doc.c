#include <errno.h>
#include <string.h>
#include "policy/doc.h"
#include "policy/near.h"
#include "policy/read.h"

/* Which sections there are, and whether they have names. */
static const struct { const char *type; bool named; } kinds[] = {
	{ "policy", false }, { "list", true }, { "rule", true }, { "exception", true }, { "test", true },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
fault_section(struct doc *d, const struct read_item *it, const char *type)
{
	const char *names[KINDS];
	char hint[64];

	for (size_t i = 0; i < KINDS; i++)
		names[i] = kinds[i].type;
	if (strcmp(type, "correlation") == 0)
		fault_add(d->faults, d->file, it->line, "correlations are not available in this version");
	else
		fault_add(d->faults, d->file, it->line, "unknown section [%s] (policy, list, rule, exception, test)%s", it->section,
		    near_hint(near_name(type, names, KINDS), hint, sizeof(hint)));
}

static int
begin_section(struct doc *d, const struct read_item *it)
{
	size_t type_len = strcspn(it->section, " \t"), i = 0;
	const char *name = it->section + type_len + strspn(it->section + type_len, " \t");
	char *type = pool_copy(&d->pool, it->section, type_len);

	d->current = NULL;
	d->key = NULL;
	if (!type)
		return -ENOMEM;
	while (i < KINDS && strcmp(kinds[i].type, type) != 0)
		i++;
	if (i == KINDS) {
		fault_section(d, it, type);
		return 0;
	}
	if (kinds[i].named != (*name != '\0')) {
		fault_add(d->faults, d->file, it->line, kinds[i].named ? "[%s] needs a name: [%s NAME]" : "[%s] has no name: [%s]",
		    it->section, type);
		return 0;
	}
	struct doc_section *s = pool_take(&d->pool, sizeof(*s));
	if (!s || !(s->name = pool_copy(&d->pool, name, strlen(name))))
		return -ENOMEM;
	s->type = type;
	s->file = d->file;
	s->ruleset = d->ruleset;
	s->line = it->line;
	s->end = &s->keys;
	*d->end = d->current = s;
	d->end = &s->next;
	return 0;
}

static int
add_line(struct doc *d, const struct read_item *it)
{
	struct doc_line *l = pool_take(&d->pool, sizeof(*l));

	if (!l || !(l->text = pool_copy(&d->pool, it->value, strlen(it->value))))
		return -ENOMEM;
	l->line = it->line;
	*d->key->end = l;
	d->key->end = &l->next;
	return 0;
}

static int
begin_key(struct doc *d, const struct read_item *it)
{
	struct doc_section *s = d->current;
	const struct doc_key *same = doc_key(s, it->key);

	d->key = NULL;
	if (same) {
		fault_add(d->faults, d->file, it->line, "'%s' again; it is at line %d already (more values go to indented lines below)",
		    it->key, same->line);
		return 0;
	}
	if (s->n_keys == DOC_KEYS) {
		fault_add(d->faults, d->file, it->line, "more than %d keys in a section", DOC_KEYS);
		d->current = NULL;
		return 0;
	}
	struct doc_key *k = pool_take(&d->pool, sizeof(*k));
	if (!k || !(k->name = pool_copy(&d->pool, it->key, strlen(it->key))))
		return -ENOMEM;
	k->line = it->line;
	k->end = &k->lines;
	*s->end = d->key = k;
	s->end = &k->next;
	s->n_keys++;
	return add_line(d, it);
}

static int
on_item(void *arg, const struct read_item *it)
{
	struct doc *d = arg;

	if (!it->key)
		return begin_section(d, it);
	if (!d->current)
		return 0;
	if (!it->more)
		return begin_key(d, it);
	return d->key ? add_line(d, it) : 0;
}

int
doc_read(struct doc *d, const char *file, const char *text, size_t len)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	size_t n = strlen(base);

	if (n > 4 && strcmp(base + n - 4, ".ini") == 0)
		n -= 4;
	d->file = pool_copy(&d->pool, file, strlen(file));
	d->ruleset = pool_copy(&d->pool, base, n);
	if (!d->file || !d->ruleset)
		return -ENOMEM;
	d->current = NULL;
	d->key = NULL;
	if (!d->end)
		d->end = &d->sections;
	return read_text(d->file, text, len, d->faults, on_item, d);
}

const struct doc_key *
doc_key(const struct doc_section *s, const char *name)
{
	for (const struct doc_key *k = s->keys; k; k = k->next)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

char *
doc_text(struct doc *d, const struct doc_key *k)
{
	size_t size = 1;

	for (const struct doc_line *l = k->lines; l; l = l->next)
		size += strlen(l->text) + 1;
	char *text = pool_take(&d->pool, size), *at = text;
	for (const struct doc_line *l = k->lines; l && text; l = l->next) {
		if (at != text && l->text[0])
			*at++ = ' ';
		at = stpcpy(at, l->text);
	}
	return text;
}

/* Reads a quoted value at *AT into OUT; false: it does not end. */
static bool
quoted(const char **at, char *out, size_t *len)
{
	const char *s = *at + 1;

	*len = 0;
	for (; *s; s++) {
		if (*s == '"' && s[1] != '"') {
			*at = s + 1;
			return true;
		}
		s += *s == '"';
		out[(*len)++] = *s;
	}
	return false;
}

static size_t
blanks(const char *s)
{
	return strspn(s, " \t");
}

/* Reads the value at *AT of a line into W and moves behind its comma. What is wrong, or NULL. */
static const char *
next_word(const char **at, char *out, struct word *w)
{
	w->s = out;
	w->quoted = **at == '"';
	if (w->quoted) {
		if (!quoted(at, out, &w->len))
			return "a quote that does not end";
		*at += blanks(*at);
		if (**at && **at != ',')
			return "text behind a quoted value (a doubled quote is a quote)";
	} else {
		w->len = strcspn(*at, ",");
		const char *start = *at;
		*at += w->len;
		while (w->len && (start[w->len - 1] == ' ' || start[w->len - 1] == '\t'))
			w->len--;
		memcpy(out, start, w->len);
		if (!w->len)
			return "an empty value (write \"\" if you mean it)";
	}
	out[w->len] = '\0';
	if (**at == ',')
		++*at;
	*at += blanks(*at);
	return NULL;
}

static int
line_words(struct doc *d, const struct doc_section *s, const struct doc_line *l, struct word ***end)
{
	const char *at = l->text + blanks(l->text);

	while (*at) {
		struct word *w = pool_take(&d->pool, sizeof(*w));
		char *out = w ? pool_take(&d->pool, strlen(at) + 1) : NULL;
		if (!out)
			return -ENOMEM;
		const char *why = next_word(&at, out, w);
		if (why) {
			doc_fault(d, s, l->line, "%s", why);
			return 0;
		}
		w->line = l->line;
		**end = w;
		*end = &w->next;
	}
	return 0;
}

int
doc_words(struct doc *d, const struct doc_section *s, const struct doc_key *k, struct word **words)
{
	size_t before = d->faults->errors;
	struct word **end = words;
	int err = 0;

	*words = NULL;
	for (const struct doc_line *l = k->lines; l && !err; l = l->next)
		err = line_words(d, s, l, &end);
	if (!err && !*words && d->faults->errors == before)
		doc_fault(d, s, k->line, "'%s' has no value", k->name);
	return err;
}
