#include <string.h>
#include "policy/build.h"

static const char *const names[SECTION__MAX] = {
	[SECTION_POLICY] = "policy", [SECTION_LIST] = "list", [SECTION_RULE] = "rule", [SECTION_EXCEPTION] = "exception",
	[SECTION_CORRELATION] = "correlation",
};

static void
add_line(struct table *out, const char *head, const char *text)
{
	table_add(out, head, strlen(head));
	table_add(out, text, strlen(text));
	table_add(out, "\n", 1);
}

/* One line a value of a key: "key = text", and more of it behind a tab. */
static uint32_t
text_of(struct build *b, const struct draft_section *s)
{
	struct table out = TABLE_OF(char);

	for (const struct draft_key *k = s->keys; k; k = k->next) {
		table_add(&out, k->key, strlen(k->key));
		for (const struct draft_text *t = k->text; t; t = t->next)
			add_line(&out, t == k->text ? " = " : "\t", t->text);
		for (const struct draft_text *t = strcmp(k->key, "values_file") == 0 ? s->notes : NULL; t; t = t->next)
			add_line(&out, "\t", t->text);
	}
	table_add(&out, "", 1);
	b->strings.failed |= out.failed;
	uint32_t at = out.failed ? 0 : table_add(&b->strings, out.at, out.n);
	table_done(&out);
	return at;
}

void
build_sections(struct build *b)
{
	for (const struct draft_section *s = b->d.sections; s; s = s->next) {
		if (!names[s->kind])
			continue;
		struct l_section out = { .kind = build_string(b, names[s->kind]), .file = build_string(b, s->file), .line = (uint32_t)s->line,
			.name = build_string(b, s->kind == SECTION_POLICY ? s->ruleset : s->name), .text = text_of(b, s), .used = s->used };
		table_add(&b->sections, &out, 1);
	}
	for (const struct draft_file *f = b->d.files; f; f = f->next) {
		struct l_file out = { .path = build_string(b, f->path), .hash = build_string(b, f->hash) };
		table_add(&b->files, &out, 1);
	}
}
