#include <string.h>
#include <strings.h>
#include "ctl/sigma_field.h"
#include "ctl/sigma_write.h"

#define MERGED_MAX 200000	/* nodes that "action: global" may make in a file */

/* --- documents --- */

static struct sigma_rule *
add_rule(struct sigma_import *imp, const char *file, enum sigma_doc doc, const struct sigma_tree *tree)
{
	struct sigma_rule *r = sigma_take(imp->pool, sizeof(*r));
	const char *title = sigma_text(tree, "title");

	*r = (struct sigma_rule){ .doc = doc, .source = imp->sources - 1, .file = sigma_copy(imp->pool, file, strlen(file)), .tree = tree,
		.title = title ? title : "(no title)", .id = sigma_text(tree, "id"), .name = sigma_text(tree, "name") };
	if (!title && doc != SIGMA_DOC_BROKEN)
		r->reason = "no title";
	if (!imp->first)
		imp->end = &imp->first;
	*imp->end = r;
	imp->end = &r->next;
	return r;
}

void
sigma_add_broken(struct sigma_import *imp, const char *file, const char *why)
{
	imp->sources++;
	add_rule(imp, file, SIGMA_DOC_BROKEN, NULL)->reason = sigma_copy(imp->pool, why, strlen(why));
}

static bool
is_map(const struct sigma_tree *map, const char *key)
{
	const struct sigma_tree *t = sigma_find(map, key);

	return t && t->kind == SIGMA_MAP;
}

static void
add_document(struct sigma_import *imp, const char *file, const struct sigma_tree *tree)
{
	struct sigma_rule *r;

	if (is_map(tree, "correlation")) {
		add_rule(imp, file, SIGMA_DOC_CORRELATION, tree);
	} else if (is_map(tree, "filter")) {
		add_rule(imp, file, SIGMA_DOC_FILTER, tree);
	} else {
		r = add_rule(imp, file, SIGMA_DOC_RULE, tree);
		if (!is_map(tree, "detection"))
			r->reason = "no detection";
		else if (!is_map(tree, "logsource"))
			r->reason = "no logsource";
	}
}

/* A file of several documents may have some that only say what the following ones have in common. */
struct collection { struct sigma_import *imp; const char *file; const struct sigma_tree *global, *previous; unsigned budget; };

static void
take_document(struct collection *c, const struct sigma_tree *tree)
{
	const char *action = sigma_text(tree, "action");
	bool global = action && strcmp(action, "global") == 0, repeat = action && strcmp(action, "repeat") == 0;
	const struct sigma_tree *base = repeat ? c->previous : c->global, *merged;

	if (action && strcmp(action, "reset") == 0) {
		c->global = NULL;
		return;
	}
	if (tree->kind != SIGMA_MAP) {
		if (!(tree->kind == SIGMA_SCALAR && tree->null))
			add_rule(c->imp, c->file, SIGMA_DOC_BROKEN, NULL)->reason = sigma_print(c->imp->pool, "line %d: no rule", tree->line);
		return;
	}
	merged = base || action ? sigma_merge(c->imp->pool, base, tree, &c->budget) : tree;
	if (!merged)
		add_rule(c->imp, c->file, SIGMA_DOC_BROKEN, NULL)->reason = "documents that are merged too often";
	else if (global)
		c->global = merged;
	else
		add_document(c->imp, c->file, merged);
	if (merged && !global)
		c->previous = merged;
}

void
sigma_add(struct sigma_import *imp, const char *file, const char *text, size_t len)
{
	char why[400];
	struct collection c = { .imp = imp, .file = file, .budget = MERGED_MAX };
	const struct sigma_tree *docs = sigma_read(imp->pool, text, len, why, sizeof(why));

	if (!docs) {
		sigma_add_broken(imp, file, why);
		return;
	}
	imp->sources++;
	for (const struct sigma_tree *t = docs; t && c.budget; t = t->next)
		take_document(&c, t);
}

/* --- filters --- */

/* Is the rule one of those that the list of a filter or correlation names, by id or by name? */
static bool
is_named(const struct sigma_rule *r, const struct sigma_tree *list)
{
	for (const struct sigma_tree *t = list->kind == SIGMA_LIST ? list->first : list; t; t = list->kind == SIGMA_LIST ? t->next : NULL)
		if (t->kind == SIGMA_SCALAR && ((r->id && strcasecmp(r->id, t->text) == 0) || (r->name && strcmp(r->name, t->text) == 0)))
			return true;
	return false;
}

static bool
same_source(const struct sigma_rule *r, const struct sigma_rule *filter)
{
	static const char *const keys[] = { "category", "product", "service" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *own = sigma_text(sigma_find(r->tree, "logsource"), keys[i]);
		const char *wanted = sigma_text(sigma_find(filter->tree, "logsource"), keys[i]);
		if (wanted && (!own || strcasecmp(own, wanted) != 0))
			return false;
	}
	return true;
}

static bool
concerns(const struct sigma_rule *filter, const struct sigma_rule *r)
{
	const struct sigma_tree *rules = sigma_find(sigma_find(filter->tree, "filter"), "rules");

	if (!rules)
		return false;
	if (rules->kind == SIGMA_SCALAR && strcasecmp(rules->text, "any") == 0)
		return same_source(r, filter);
	return is_named(r, rules);
}

static struct sigma_tree *
map_with(struct pool *pool, const char *key, struct sigma_tree *member)
{
	struct sigma_tree *map = sigma_take(pool, sizeof(*map));

	*map = (struct sigma_tree){ .kind = SIGMA_MAP, .first = member, .last = member };
	if (member)
		member->key = key;
	return map;
}

/* The blocks of a filter get names of their own, and so do its groups, which become groups of the rule. */
static void
rename_blocks(struct sigma_import *imp, struct sigma_logic *l, unsigned number)
{
	if (l->op == SIGMA_BLOCK)
		l->text = sigma_print(imp->pool, "filter%u_%s", number, l->text);
	else
		l->text = NULL;
	for (struct sigma_logic *o = l->first; o; o = o->next)
		rename_blocks(imp, o, number);
}

/* The detection of a filter: its map but for `rules`. */
static struct sigma_tree *
groups_of(struct sigma_import *imp, const struct sigma_tree *filter, const char *prefix)
{
	struct sigma_tree *map = map_with(imp->pool, "", NULL);

	for (const struct sigma_tree *t = filter->first; t; t = t->next) {
		if (strcmp(t->key, "rules") == 0)
			continue;
		struct sigma_tree *own = sigma_take(imp->pool, sizeof(*own));
		*own = *t;
		own->next = NULL;
		own->key = sigma_print(imp->pool, "%s%s", prefix, t->key);
		if (map->last)
			map->last->next = own;
		else
			map->first = own;
		map->last = own;
	}
	return map;
}

/* What the filter describes is not meant; one whose condition begins with "not" already says what is left. */
static void
apply_filter(struct sigma_import *imp, struct sigma_rule *r, const struct sigma_rule *filter, unsigned number)
{
	const struct sigma_tree *map = sigma_find(filter->tree, "filter");
	const char *why, *condition = sigma_text(map, "condition");
	struct sigma_logic *l = sigma_condition(imp->pool, groups_of(imp, map, ""), NULL, &why);
	struct sigma_logic *all = sigma_logic_new(imp->pool, SIGMA_AND, NULL);
	unsigned budget = MERGED_MAX;

	if (!l) {
		r->reason = sigma_print(imp->pool, "filter '%.80s': %s", filter->title, why);
		return;
	}
	rename_blocks(imp, l, number);
	struct sigma_tree *groups = groups_of(imp, map, sigma_print(imp->pool, "filter%u_", number));
	struct sigma_tree *merged = sigma_merge(imp->pool, r->tree, map_with(imp->pool, "detection", groups), &budget);
	if (!merged) {
		r->reason = "more filters than it can have";
		return;
	}
	r->tree = merged;
	sigma_logic_add(all, r->condition);
	sigma_logic_add(all, condition && strncasecmp(condition, "not ", 4) == 0 ? l : sigma_logic_not(imp->pool, l));
	r->condition = all;
	sigma_line_add(imp->pool, &r->notes, sigma_print(imp->pool, "With the filter \"%.150s\".", filter->title));
}

static void
apply_filters(struct sigma_import *imp, struct sigma_rule *r)
{
	unsigned n = 0;

	for (struct sigma_rule *f = imp->first; f && !r->reason; f = f->next) {
		if (f->doc != SIGMA_DOC_FILTER || !concerns(f, r))
			continue;
		f->fed = true;
		apply_filter(imp, r, f, ++n);
	}
}

/* --- conversion --- */

/* L is what the rule is in VIEW. */
static void
make(struct sigma_import *imp, struct sigma_rule *r, const struct sigma_view *view, const struct sigma_logic *l)
{
	struct sigma_made **end = &r->made;

	for (; *end; end = &(*end)->next) {
		if (sigma_logic_same((*end)->logic, l)) {
			(*end)->kinds |= view->kinds;
			return;
		}
	}
	*end = sigma_take(imp->pool, sizeof(**end));
	**end = (struct sigma_made){ .kinds = view->kinds, .logic = l };
	if (r->view)
		return;
	struct sigma_view *own = sigma_take(imp->pool, sizeof(*own));
	*own = *view;
	r->view = own;
}

/* The reason why nothing came of the view, or NULL. */
static const char *
see(struct sigma_import *imp, struct sigma_rule *r, struct sigma_view *view)
{
	struct sigma_lines left = { 0 };

	view->left = &left;
	view->groups = sigma_logic_new(imp->pool, SIGMA_OR, NULL);
	const struct sigma_logic *l = sigma_logic_settle(imp->pool, sigma_detect(view, r->condition), &left);
	view->left = NULL;
	if (l->op == SIGMA_FALSE)
		return NULL;
	if (l->op == SIGMA_CANNOT)
		return l->text;
	if (l->op == SIGMA_TRUE)
		return sigma_print(imp->pool, "every %s would match: what tells them apart in the rule, yett does not know",
		    event_kind_name((enum event_kind)__builtin_ctzll(view->kinds)));
	for (const struct sigma_line *line = left.first; line; line = line->next)
		sigma_line_add(imp->pool, &r->left, line->text);
	make(imp, r, view, l);
	return NULL;
}

static void
name_all(struct sigma_import *imp, struct sigma_rule *r)
{
	const char *event = r->count.there ? "-event" : "";

	for (struct sigma_made *m = r->made; m; m = m->next)
		m->name = sigma_name(imp, r, "rule", m == r->made ? event :
		    sigma_print(imp->pool, "%s-%s", event, event_kind_name((enum event_kind)__builtin_ctzll(m->kinds))));
}

static void
convert(struct sigma_import *imp, struct sigma_rule *r)
{
	struct sigma_view views[SIGMA_VIEWS_MAX];
	const char *why = NULL;
	struct sigma_lines reasons = { 0 };
	unsigned n = sigma_views(imp, r, views, &why);

	for (unsigned i = 0; i < n; i++) {
		why = see(imp, r, &views[i]);
		if (why)
			sigma_line_add(imp->pool, &reasons, why);
	}
	if (!r->made) {
		r->reason = reasons.first ? reasons.first->text : !n && why ? why : r->left.first ? r->left.first->text :
		    "it asks at once for what different events tell";
		return;
	}
	for (const struct sigma_line *l = reasons.first; l; l = l->next)
		sigma_line_add(imp->pool, &r->left, l->text);
	name_all(imp, r);
}

static void
parse(struct sigma_import *imp, struct sigma_rule *r)
{
	const char *why;

	r->condition = sigma_condition(imp->pool, sigma_find(r->tree, "detection"), &r->count, &why);
	if (!r->condition)
		r->reason = why;
	else
		apply_filters(imp, r);
}

void
sigma_convert(struct sigma_import *imp)
{
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if (r->doc == SIGMA_DOC_RULE && !r->reason)
			parse(imp, r);
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if (!r->reason && (r->doc == SIGMA_DOC_CORRELATION || r->count.there))
			r->reason = sigma_correlate(imp, r);
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if (r->doc == SIGMA_DOC_RULE && !r->reason)
			convert(imp, r);
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if (r->doc == SIGMA_DOC_RULE && !r->reason)
			sigma_write(imp, r);
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if (r->doc == SIGMA_DOC_CORRELATION && !r->reason)
			sigma_write(imp, r);
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if (r->doc == SIGMA_DOC_FILTER && !r->reason && !r->fed)
			r->reason = "a filter of rules that are not here";
}
