#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "ctl/sigma_field.h"
#include "ctl/sigma_write.h"
#include "policy/read.h"

#define WIDTH		118
#define WORD_MOST	150	/* bytes of a word of a comment: no libinih takes less than 196 a line */
#define TITLE_MOST	150
#define PREFIX		"sigma-"

void
sigma_out_begin(struct sigma_out *out)
{
	*out = (struct sigma_out){ .text = TABLE_OF(char) };
}

void
sigma_put(struct sigma_out *out, const char *fmt, ...)
{
	struct pool scratch = { 0 };
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *text = sigma_take(&scratch, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	table_add(&out->text, text, (size_t)n);
	pool_done(&scratch);
}

const char *
sigma_out_end(struct sigma_out *out, struct pool *pool)
{
	if (out->text.failed)
		sigma_no_memory();
	const char *text = sigma_copy(pool, out->text.at ? out->text.at : "", out->text.n);
	table_done(&out->text);
	return text;
}

/* Takes the next word, or a part of one that is too long, with all of its last character. */
static size_t
word_length(const char *s)
{
	size_t n = strcspn(s, " ");

	if (n > WORD_MOST) {
		n = WORD_MOST;
		while (n > 1 && (s[n] & 0xc0) == 0x80)
			n--;
	}
	return n;
}

/* S as words, from column AT on; INDENT begins each further line. */
static void
put_words(struct sigma_out *out, const char *s, size_t at, const char *indent)
{
	size_t begin = at;

	s += strspn(s, " ");
	while (*s) {
		size_t n = word_length(s);
		if (at > begin && at + 1 + n > WIDTH) {
			sigma_put(out, "\n%s", indent);
			at = begin = strlen(indent);
		}
		sigma_put(out, "%s%.*s", at > begin ? " " : "", (int)n, s);
		at += (at > begin) + n;
		s += n + strspn(s + n, " ");
	}
	sigma_put(out, "\n");
}

void
sigma_put_comment(struct sigma_out *out, struct pool *pool, const char *head, const char *text)
{
	const char *s = sigma_clean(pool, text);

	if (!s[strspn(s, " ")])
		return;
	sigma_put(out, "# %s", head);
	put_words(out, s, strlen(head) + 2, "#    ");
}

static const char *
quoted(struct pool *pool, const char *s)
{
	size_t n = strlen(s), quotes = 0;
	bool plain = n && !strpbrk(s, ",\"{") && !strchr("@#;[ \t", s[0]) && s[n - 1] != ' ' && s[n - 1] != '\t';

	if (plain)
		return s;
	for (const char *q = s; *q; q++)
		quotes += *q == '"';
	char *out = sigma_take(pool, n + quotes + 3), *o = out;
	*o++ = '"';
	for (; *s; s++) {
		if (*s == '"')
			*o++ = '"';
		*o++ = *s;
	}
	*o = '"';
	return out;
}

void
sigma_put_values(struct sigma_out *out, const char *key, const struct sigma_lines *values)
{
	struct pool scratch = { 0 };
	size_t at = strlen(key) + 3;

	sigma_put(out, "%s = ", key);
	for (const struct sigma_line *l = values->first; l; l = l->next) {
		const char *v = quoted(&scratch, l->text);
		size_t n = strlen(v);
		if (l != values->first && at + 2 + n > WIDTH) {
			sigma_put(out, "\n  %s", v);
			at = 2 + n;
		} else {
			sigma_put(out, "%s%s", l == values->first ? "" : ", ", v);
			at += n + 2;
		}
	}
	sigma_put(out, "\n");
	pool_done(&scratch);
}

void
sigma_put_text(struct sigma_out *out, struct pool *pool, const char *key, const char *text)
{
	sigma_put(out, "%s = ", key);
	put_words(out, sigma_clean(pool, text), strlen(key) + 3, "  ");
}

/* TITLE in lower case, all but letters and digits as dashes, at most ROOM bytes. */
static const char *
slug(struct pool *pool, const char *title, size_t room)
{
	char *out = sigma_take(pool, room + 1);
	size_t n = 0;
	bool gap = false;

	for (const char *s = title; *s && n + gap < room; s++) {
		bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9');
		if (letter && gap && n)
			out[n++] = '-';
		if (letter)
			out[n++] = (char)(*s >= 'A' && *s <= 'Z' ? *s + 'a' - 'A' : *s);
		gap = !letter;
	}
	return out;
}

const char *
sigma_name(struct sigma_import *imp, const struct sigma_rule *r, const char *word, const char *suffix)
{
	size_t room = READ_SECTION - strlen(word) - 1 - strlen(PREFIX) - strlen(suffix);
	uint32_t hash = pool_hash(r->title, strlen(r->title), r->id ? pool_hash(r->id, strlen(r->id), 0) : 0);
	const char *all = slug(imp->pool, r->title, room), *cut = slug(imp->pool, r->title, room - 5);
	bool whole = *all && strlen(r->title) <= room;
	const char *stem = whole ? all : sigma_print(imp->pool, "%s%s%04x", cut, *cut ? "-" : "rule-", hash & 0xffff);
	const char *name = sigma_print(imp->pool, PREFIX "%s%s", stem, suffix);

	for (unsigned i = 2; names_find(&imp->names, name); i++)
		name = sigma_print(imp->pool, PREFIX "%.*s%s-%u", (int)room - 6, stem, suffix, i);
	if (names_add(&imp->names, name, imp))
		sigma_no_memory();
	return name;
}

/* Members of a list as one text. */
static const char *
listed(struct pool *pool, const struct sigma_tree *t, const char *between)
{
	const char *all = NULL;

	if (!t || t->kind == SIGMA_SCALAR)
		return t && !t->null ? t->text : "";
	for (const struct sigma_tree *m = t->first; m; m = m->next)
		if (m->kind == SIGMA_SCALAR && !m->null)
			all = all ? sigma_print(pool, "%s%s%s", all, between, m->text) : m->text;
	return all ? all : "";
}

static void
put_origin(struct sigma_out *out, struct sigma_import *imp, const struct sigma_rule *r)
{
	const char *status = sigma_text(r->tree, "status"), *author = sigma_text(r->tree, "author"), *date = sigma_text(r->tree, "date");
	const char *modified = sigma_text(r->tree, "modified");

	sigma_put_comment(out, imp->pool, "  Sigma: ", sigma_print(imp->pool, "%s%s%s%s%s%s%s%s%s", r->id ? r->id : "no id", status ? ", " : "",
	    status ? status : "", author ? ", by " : "", author ? author : "", date ? ", " : "", date ? date : "", modified ? ", changed " : "",
	    modified ? modified : ""));
}

/* What is known of the rule, and of its conversion. */
static void
put_head(struct sigma_out *out, struct sigma_import *imp, const struct sigma_rule *r)
{
	static const struct { const char *key, *head, *between; } texts[] = {
		{ "description", "  ", " " }, { "license", "  License: ", " " }, { "tags", "  Tags: ", ", " },
		{ "references", "  References: ", " " }, { "falsepositives", "  False positives: ", "; " },
	};

	sigma_put_comment(out, imp->pool, "", r->title);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (i == 1)
			put_origin(out, imp, r);
		sigma_put_comment(out, imp->pool, texts[i].head, listed(imp->pool, sigma_find(r->tree, texts[i].key), texts[i].between));
	}
	for (const struct sigma_line *l = r->notes.first; l; l = l->next)
		sigma_put_comment(out, imp->pool, "  Note: ", l->text);
	for (const struct sigma_line *l = r->left.first; l; l = l->next)
		sigma_put_comment(out, imp->pool, "  Left out: ", l->text);
}

/* The first technique of ATT&CK among the tags. */
static const char *
technique(struct pool *pool, const struct sigma_rule *r)
{
	const struct sigma_tree *tags = sigma_find(r->tree, "tags");

	for (const struct sigma_tree *t = tags && tags->kind == SIGMA_LIST ? tags->first : NULL; t; t = t->next) {
		const char *s = t->kind == SIGMA_SCALAR && strncasecmp(t->text, "attack.t", 8) == 0 ? t->text + 8 : "";
		size_t n = strspn(s, "0123456789"), sub = s[n] == '.' ? strspn(s + n + 1, "0123456789") : 0;
		if (n == 4 && (s[n] == '\0' || (sub == 3 && s[n + 4] == '\0')))
			return sigma_print(pool, "T%s", s);
	}
	return NULL;
}

void
sigma_put_common(struct sigma_out *out, struct sigma_import *imp, const struct sigma_rule *r)
{
	static const char *const levels[][2] = {
		{ "informational", "info" }, { "low", "low" }, { "medium", "medium" }, { "high", "high" }, { "critical", "critical" },
	};
	const char *level = sigma_text(r->tree, "level"), *t = technique(imp->pool, r);

	for (size_t i = 0; level && i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcasecmp(level, levels[i][0]) == 0)
			sigma_put(out, "severity = %s\n", levels[i][1]);
	if (t)
		sigma_put(out, "threat.technique.id = %s\n", t);
}

const char *
sigma_title(struct pool *pool, const char *title)
{
	size_t n = strnlen(title, TITLE_MOST);

	while (n && (title[n] & 0xc0) == 0x80)
		n--;
	return sigma_clean(pool, sigma_copy(pool, title, n));
}

static bool
put_made(struct sigma_out *out, struct sigma_import *imp, const struct sigma_rule *r, const struct sigma_made *m)
{
	struct sigma_lines on = { 0 };

	for (int k = 0; k < EVENT__MAX; k++)
		if (m->kinds & 1ull << k)
			sigma_line_add(imp->pool, &on, event_kind_name((enum event_kind)k));
	sigma_put(out, "[rule %s]\n", m->name);
	sigma_put(out, "description = %s\n", sigma_title(imp->pool, r->title));
	sigma_put_values(out, "on", &on);
	if (!sigma_put_logic(out, imp->pool, m->logic))
		return false;
	/* What is only counted needs no action where the correlation is in sight. */
	if (!r->counted)
		sigma_put(out, "action = alert\n");
	else if (r->apart)
		sigma_put(out, "action = log\n");
	sigma_put_common(out, imp, r);
	sigma_put(out, "\n");
	return true;
}

void
sigma_write(struct sigma_import *imp, struct sigma_rule *r)
{
	struct sigma_out out;
	const char *why = NULL;

	sigma_out_begin(&out);
	put_head(&out, imp, r);
	for (const struct sigma_made *m = r->made; m && !why; m = m->next)
		if (!put_made(&out, imp, r, m))
			why = "more conditions, or more ways to join them, than a rule of a policy can have";
	if (!why && (r->doc == SIGMA_DOC_CORRELATION || r->count.there))
		why = sigma_put_correlation(&out, imp, r);
	r->reason = why;
	r->text = sigma_out_end(&out, imp->pool);
	if (why)
		r->text = NULL;
}
