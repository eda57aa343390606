#include <string.h>
#include "ctl/sigma_field.h"

/*
 * Arguments by their number, as records EXECVE have them. A policy knows the command line, and that some argument is something. So
 * arguments without a gap become a part of the command line, its beginning from a0 on, and one alone is looked for anywhere: more may
 * match than by their numbers, never less, whatever blanks somebody puts into an argument.
 */

#define ARGUMENTS_MAX	64
#define TEXTS_MAX	32	/* of a command line that values can make together */

struct argument { int number; struct sigma_mods mods; const struct sigma_tree *values; };
struct arguments { struct argument at[ARGUMENTS_MAX]; unsigned n; const char *why; };

static const struct sigma_tree *
first_of(const struct sigma_tree *values)
{
	return values->kind == SIGMA_LIST ? values->first : values;
}

static const struct sigma_tree *
next_of(const struct sigma_tree *values, const struct sigma_tree *v)
{
	return values->kind == SIGMA_LIST ? v->next : NULL;
}

static bool
has_null(const struct sigma_tree *values)
{
	for (const struct sigma_tree *v = first_of(values); v; v = next_of(values, v))
		if (v->kind == SIGMA_SCALAR && v->null)
			return true;
	return false;
}

/* In order of their numbers. */
static void
collect(const struct sigma_view *view, const struct sigma_tree *map, struct arguments *a)
{
	for (const struct sigma_tree *t = map->first; t && !a->why; t = t->next) {
		struct argument one = { .values = t };
		const char *field, *why = sigma_mods_read(view->imp->pool, t->key, &field, &one.mods);
		one.number = sigma_argument(field);
		if (one.number < 0)
			continue;
		if (a->n == ARGUMENTS_MAX)
			why = "more than 64 arguments";
		a->why = why;
		if (why)
			return;
		unsigned at = a->n++;
		for (; at && a->at[at - 1].number > one.number; at--)
			a->at[at] = a->at[at - 1];
		a->at[at] = one;
	}
}

/* Can it be a part of a command line, one of those that begin at FIRST and are compared in the same way? */
static bool
is_plain(const struct arguments *a, unsigned first, unsigned i)
{
	const struct argument *one = &a->at[i], *begin = &a->at[first];

	if (one->number != begin->number + (int)(i - first) || one->mods.how != SIGMA_EQUALS || one->mods.all || one->mods.neq ||
	    one->mods.cased != begin->mods.cased || one->mods.base64 || one->mods.base64offset)
		return false;
	if (i + 1 < a->n && a->at[i + 1].number == one->number)
		return false;
	for (const struct sigma_tree *v = first_of(one->values); v; v = next_of(one->values, v))
		if (v->kind != SIGMA_SCALAR || v->null || !*v->text)
			return false;
	return first_of(one->values) != NULL;
}

/* What one value of an argument adds to a command line. */
static const char *
fragment(const struct sigma_view *view, const struct argument *a, const struct sigma_glyphs *g)
{
	struct sigma_glyphs f = { .at = sigma_take(view->imp->pool, (g->n + 2) * sizeof(f.at[0])) };

	if (a->mods.wrap == SIGMA_INSIDE || a->mods.wrap == SIGMA_END)
		f.at[f.n++] = SIGMA_ANY;
	if (g->n)
		memcpy(f.at + f.n, g->at, g->n * sizeof(f.at[0]));
	f.n += g->n;
	if (a->mods.wrap == SIGMA_INSIDE || a->mods.wrap == SIGMA_BEGIN)
		f.at[f.n++] = SIGMA_ANY;
	return sigma_pattern(view->imp->pool, &f, false);
}

/* Each of LINES, followed by each value. */
static const char *
extend(const struct sigma_view *view, const struct argument *a, const struct sigma_lines *lines, struct sigma_lines *out)
{
	struct pool *pool = view->imp->pool;
	const char *why = NULL;

	for (const struct sigma_tree *v = first_of(a->values); v && !why; v = next_of(a->values, v)) {
		for (const struct sigma_glyphs *g = sigma_texts(view->imp, &a->mods, v->text, &why); g; g = g->next) {
			const char *f = fragment(view, a, g);
			why = why ? why : sigma_unwritable(f);
			if (!lines->first)
				sigma_line_add(pool, out, f);
			for (const struct sigma_line *l = lines->first; l; l = l->next)
				sigma_line_add(pool, out, sigma_print(pool, "%s %s", l->text, f));
		}
	}
	return why;
}

static bool
ends_open(const char *s)
{
	size_t n = strlen(s);

	return n && s[n - 1] == '*' && (n == 1 || s[n - 2] != '\\');
}

/* The part of the command line that begins with argument FIRST. Returns how many arguments it says all of. */
static unsigned
part(const struct sigma_view *view, struct arguments *a, unsigned first, struct sigma_logic *all)
{
	struct sigma_test t = { .field = "process.command_line" };
	struct sigma_lines lines = { 0 };
	const char *before = a->at[first].number ? "* " : "";
	unsigned n = 0;

	for (; first + n < a->n && !a->why && is_plain(a, first, first + n); n++) {
		struct sigma_lines more = { 0 };
		a->why = extend(view, &a->at[first + n], &lines, &more);
		if (more.n > TEXTS_MAX)
			break;
		lines = more;
	}
	if (a->why || !n || (*before && n == 1))
		return 0;
	t.nocase = !a->at[first].mods.cased;
	for (const struct sigma_line *l = lines.first; l; l = l->next) {
		sigma_line_add(view->imp->pool, &t.values, sigma_print(view->imp->pool, "%s%s", before, l->text));
		if (!ends_open(l->text))
			sigma_line_add(view->imp->pool, &t.values, sigma_print(view->imp->pool, "%s%s *", before, l->text));
	}
	sigma_logic_add(all, sigma_logic_test(view->imp->pool, &t));
	return n;
}

/* That there is an argument of that number, or none. */
static struct sigma_logic *
there(const struct sigma_view *view, const struct argument *a)
{
	const struct sigma_tree *v = first_of(a->values);
	bool exists = v && v->kind == SIGMA_SCALAR && !v->null && (strcmp(v->text, "true") == 0);
	struct sigma_test t = { .field = "process.args_count", .how = exists ? SIGMA_GT : SIGMA_LTE };

	sigma_line_add(view->imp->pool, &t.values, sigma_print(view->imp->pool, "%d", a->number));
	return sigma_logic_test(view->imp->pool, &t);
}

static struct sigma_logic *
anywhere(const struct sigma_view *view, const struct argument *a)
{
	struct sigma_field f = { .name = "process.args" };

	if (a->mods.how == SIGMA_EXISTS || (has_null(a->values) && a->values->kind == SIGMA_SCALAR))
		return there(view, a);
	if (has_null(a->values))
		return sigma_cannot(view, "an argument that may be missing, among others");
	return sigma_compare(view->imp, &f, &a->mods, a->values, view->left);
}

struct sigma_logic *
sigma_audit_arguments(const struct sigma_view *view, const struct sigma_tree *map)
{
	struct sigma_logic *all = sigma_logic_new(view->imp->pool, SIGMA_AND, NULL);
	struct arguments a = { 0 };

	collect(view, map, &a);
	if (!a.n && !a.why)
		return NULL;
	for (unsigned i = 0, said; i < a.n && !a.why; i += said ? said : 1) {
		said = part(view, &a, i, all);
		if (!said)
			sigma_logic_add(all, anywhere(view, &a.at[i]));
	}
	if (a.why)
		return sigma_cannot(view, "%s", a.why);
	return all;
}
