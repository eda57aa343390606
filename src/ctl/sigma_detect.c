#include <string.h>
#include <strings.h>
#include "ctl/sigma_field.h"

/* A scalar of a list, on its own. */
static void
append(struct pool *pool, struct sigma_tree *list, const struct sigma_tree *scalar)
{
	struct sigma_tree *t = sigma_take(pool, sizeof(*t));

	*t = *scalar;
	t->next = NULL;
	if (list->last)
		list->last->next = t;
	else
		list->first = t;
	list->last = t;
}

/* Texts that are somewhere in the event. */
static struct sigma_logic *
keywords(const struct sigma_view *view, const struct sigma_mods *given, const struct sigma_tree *values)
{
	struct sigma_field f = { .name = sigma_field_of_keywords(view) };
	struct sigma_mods mods = *given;

	if (!f.name)
		return sigma_cannot(view, "texts anywhere in an event: the events of this source have none to look in");
	for (const struct sigma_tree *v = values->kind == SIGMA_LIST ? values->first : values; v;
	    v = values->kind == SIGMA_LIST ? v->next : NULL)
		if (v->kind == SIGMA_SCALAR && v->null)
			return sigma_cannot(view, "an empty text, anywhere in an event");
	if (mods.wrap == SIGMA_WHOLE && mods.how == SIGMA_EQUALS)
		mods.wrap = SIGMA_INSIDE;
	return sigma_compare(view->imp, &f, &mods, values, view->left);
}

/* The type of record that a map of auditd names, if it is one. */
static const char *
type_of(const struct sigma_tree *map)
{
	for (const struct sigma_tree *t = map->first; t; t = t->next)
		if (strcasecmp(t->key, "type") == 0)
			return t->kind == SIGMA_SCALAR ? t->text : NULL;
	return NULL;
}

/* Everything in a map must hold. */
static struct sigma_logic *
detect_map(const struct sigma_view *outer, const struct sigma_tree *map)
{
	struct sigma_view view = *outer;
	struct sigma_logic *all = sigma_logic_new(view.imp->pool, SIGMA_AND, NULL), *arguments = NULL;

	view.type = type_of(map);
	if (view.class == SIGMA_AUDIT && view.record == SIGMA_REC_EXEC && !(view.type && strcasecmp(view.type, "SYSCALL") == 0))
		arguments = sigma_audit_arguments(&view, map);
	if (arguments)
		sigma_logic_add(all, arguments);
	for (const struct sigma_tree *t = map->first; t; t = t->next) {
		struct sigma_mods mods;
		const char *field, *why = sigma_mods_read(view.imp->pool, t->key, &field, &mods);
		if (why)
			sigma_logic_add(all, sigma_cannot(&view, "%s", why));
		else if (!*field)
			sigma_logic_add(all, keywords(&view, &mods, t));
		else if (!(arguments && sigma_argument(field) >= 0))
			sigma_logic_add(all, sigma_item(&view, field, &mods, t));
	}
	if (!map->first)
		sigma_logic_add(all, sigma_cannot(&view, "'%.60s' has nothing in it", map->key ? map->key : ""));
	return all;
}

/* One thing in a list must hold; of texts, every one where ALL. */
static struct sigma_logic *
detect_list(const struct sigma_view *view, const struct sigma_tree *list, bool all)
{
	struct sigma_logic *any = sigma_logic_new(view->imp->pool, SIGMA_OR, NULL);
	struct sigma_tree texts = { .kind = SIGMA_LIST, .key = list->key };
	struct sigma_mods mods = { .all = all };

	for (const struct sigma_tree *t = list->first; t; t = t->next) {
		if (t->kind == SIGMA_SCALAR)
			append(view->imp->pool, &texts, t);
		else if (t->kind == SIGMA_MAP)
			sigma_logic_add(any, detect_map(view, t));
		else
			sigma_logic_add(any, sigma_cannot(view, "a list in a list"));
	}
	if (texts.first)
		sigma_logic_add(any, keywords(view, &mods, &texts));
	if (!list->first)
		sigma_logic_add(any, sigma_cannot(view, "'%.60s' has nothing in it", list->key ? list->key : ""));
	return any;
}

struct sigma_logic *
sigma_detect_group(const struct sigma_view *view, const struct sigma_tree *group, bool all)
{
	struct sigma_mods plain = { 0 };

	switch (group->kind) {
	case SIGMA_MAP:
		return detect_map(view, group);
	case SIGMA_LIST:
		return detect_list(view, group, all);
	case SIGMA_SCALAR:
		break;
	}
	return keywords(view, &plain, group);
}

/* A condition may name a group often; it is looked at once. */
static struct sigma_logic *
group_of(const struct sigma_view *view, const struct sigma_logic *block)
{
	struct sigma_logic *known = view->groups->first;

	while (known && (strcmp(known->text, block->text) != 0 || known->all != block->all))
		known = known->next;
	if (!known) {
		const struct sigma_tree *group = sigma_find(sigma_find(view->rule->tree, "detection"), block->text);
		known = sigma_logic_new(view->imp->pool, SIGMA_BLOCK, block->text);
		known->all = block->all;
		known->first = sigma_detect_group(view, group, block->all);
		sigma_logic_add(view->groups, known);
	}
	return known->first;
}

struct sigma_logic *
sigma_detect(const struct sigma_view *view, const struct sigma_logic *condition)
{
	struct pool *pool = view->imp->pool;
	struct sigma_logic *l = sigma_logic_new(pool, condition->op, condition->text);

	if (condition->op == SIGMA_BLOCK) {
		l->text = condition->all ? sigma_print(pool, "%s-all", condition->text) : condition->text;
		l->first = l->last = group_of(view, condition);
	}
	for (const struct sigma_logic *o = condition->first; o; o = o->next)
		sigma_logic_add(l, sigma_detect(view, o));
	return l;
}
