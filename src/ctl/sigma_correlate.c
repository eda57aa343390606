#include <string.h>
#include <strings.h>
#include "ctl/sigma_field.h"
#include "ctl/sigma_write.h"
#include "policy/scalar.h"

#define TIMESPAN_MOST	3600	/* seconds: what a policy takes */

/* --- what is joined --- */

static struct sigma_rule *
find_rule(struct sigma_import *imp, const char *name)
{
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if ((r->id && strcasecmp(r->id, name) == 0) || (r->name && strcmp(r->name, name) == 0))
			return r;
	return NULL;
}

/* R only feeds BY from now on, unless it is wanted for itself too. */
static void
join(struct sigma_import *imp, struct sigma_rule *by, struct sigma_rule *r)
{
	struct sigma_join **end = &by->joins;
	const char *generate = sigma_text(by->tree, "generate");

	for (; *end; end = &(*end)->next)
		if ((*end)->rule == r)
			return;
	*end = sigma_take(imp->pool, sizeof(**end));
	(*end)->rule = r;
	r->counted |= !(generate && strcasecmp(generate, "true") == 0);
	r->apart |= r->source != by->source;
}

const char *
sigma_correlate(struct sigma_import *imp, struct sigma_rule *r)
{
	const struct sigma_tree *rules = sigma_find(sigma_find(r->tree, "correlation"), "rules");

	if (r->doc == SIGMA_DOC_RULE) {
		join(imp, r, r);
		return NULL;
	}
	if (!rules || (rules->kind == SIGMA_LIST && !rules->first))
		return "a correlation of no rules";
	for (const struct sigma_tree *t = rules->kind == SIGMA_LIST ? rules->first : rules; t; t = rules->kind == SIGMA_LIST ? t->next : NULL) {
		struct sigma_rule *one = t->kind == SIGMA_SCALAR ? find_rule(imp, t->text) : NULL;
		if (!one)
			return sigma_print(imp->pool, "the rule '%.60s' that it joins is not here", t->kind == SIGMA_SCALAR ? t->text : "");
		if (one->doc != SIGMA_DOC_RULE || one->count.there)
			return sigma_print(imp->pool, "it joins '%.80s', which is a correlation itself; a policy joins rules", one->title);
		join(imp, r, one);
	}
	return NULL;
}

/* --- fields --- */

/* Names for what no event has as a field of its own. */
static const char *
special_field(const char *name)
{
	static const char *const names[][2] = {
		{ "Computer", "host" }, { "ComputerName", "host" }, { "Hostname", "host" }, { "host", "host" }, { "host.name", "host" },
		{ "ProcessGuid", "process.entity_id" }, { "process.entity_id", "process.entity_id" },
		{ "ParentProcessGuid", "process.parent.entity_id" }, { "process.parent.entity_id", "process.parent.entity_id" },
		{ "TerminalSessionId", "session" }, { "LogonGuid", "session" }, { "ses", "session" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i][0], name) == 0)
			return names[i][1];
	return NULL;
}

/* NAME as the rule ONE, which R joins, sees it; an alias has a name for each rule. */
static const char *
field_of(const struct sigma_rule *r, const struct sigma_rule *one, const char *name)
{
	const struct sigma_tree *alias = sigma_find(sigma_find(sigma_find(r->tree, "correlation"), "aliases"), name);
	const char *own = one->name ? sigma_text(alias, one->name) : NULL;

	if (!own && one->id)
		own = sigma_text(alias, one->id);
	if (alias && !own)
		return NULL;
	name = own ? own : name;
	return special_field(name) ? special_field(name) : sigma_field_name(one->view, name);
}

/* Our field for a name of Sigma, which must be the same one for all rules that are joined; NULL with WHY. */
static const char *
common_field(struct sigma_import *imp, const struct sigma_rule *r, const char *name, const char **why)
{
	const char *field = NULL;

	for (const struct sigma_join *j = r->joins; j; j = j->next) {
		const char *own = field_of(r, j->rule, name);
		if (!own)
			*why = sigma_print(imp->pool, "yett has no field for '%.60s' of '%.80s'", name, j->rule->title);
		else if (field && strcmp(field, own) != 0)
			*why = sigma_print(imp->pool, "'%.60s' is different fields in the rules that it joins; a policy groups by the same", name);
		if (*why)
			return NULL;
		field = own;
	}
	return field;
}

/* --- the section --- */

struct section { struct sigma_import *imp; struct sigma_rule *r; const char *why, *type; struct sigma_lines rules, by; };

static void
refuse(struct section *s, const char *why)
{
	if (!s->why)
		s->why = why;
}

static void
take_type(struct section *s)
{
	static const char *const types[] = { "event_count", "value_count", "temporal", "temporal_ordered" };
	const char *type = sigma_text(sigma_find(s->r->tree, "correlation"), "type");

	if (s->r->count.there)
		type = s->r->count.field ? "value_count" : "event_count";
	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i], type) == 0)
			s->type = types[i];
	if (!s->type) {
		refuse(s, sigma_print(s->imp->pool, "a correlation of type '%.40s', which no policy knows", type ? type : ""));
		s->type = "";
	}
}

static void
take_rules(struct section *s)
{
	bool temporal = strncmp(s->type, "temporal", 8) == 0;

	if (temporal && !s->r->joins->next)
		refuse(s, "a temporal correlation of a single rule");
	for (const struct sigma_join *j = s->r->joins; j; j = j->next) {
		if (j->rule != s->r && j->rule->reason)
			refuse(s, sigma_print(s->imp->pool, "'%.80s', which it joins, was not converted: %s", j->rule->title, j->rule->reason));
		if (temporal && j->rule->made && j->rule->made->next)
			refuse(s, sigma_print(s->imp->pool, "'%.80s' is told by different events here, and all of them would be waited for", j->rule->title));
		for (const struct sigma_made *m = j->rule->made; m; m = m->next)
			sigma_line_add(s->imp->pool, &s->rules, m->name);
	}
}

static void
add_by(struct section *s, const char *name)
{
	const char *field = common_field(s->imp, s->r, name, &s->why);

	if (field)
		sigma_line_add(s->imp->pool, &s->by, field);
}

static void
take_by(struct section *s)
{
	const struct sigma_tree *by = sigma_find(sigma_find(s->r->tree, "correlation"), "group-by");
	bool list = by && by->kind == SIGMA_LIST;

	for (const struct sigma_tree *t = list ? by->first : by; t && !s->why; t = list ? t->next : NULL) {
		if (t->kind != SIGMA_SCALAR)
			refuse(s, "group-by has only names of fields");
		else if (!t->null)
			add_by(s, t->text);
	}
	for (const struct sigma_line *l = s->r->count.by.first; l && !s->why; l = l->next)
		add_by(s, l->text);
	/* Everything on this host, unless it is said otherwise. */
	if (!s->by.n)
		sigma_line_add(s->imp->pool, &s->by, "host");
}

static void
put_timespan(struct section *s, struct sigma_out *out)
{
	static const char units[] = "smhd";
	static const unsigned seconds[] = { 1, 60, 3600, 86400 };
	const char *text = s->r->count.there ? sigma_text(sigma_find(s->r->tree, "detection"), "timeframe") :
	    sigma_text(sigma_find(s->r->tree, "correlation"), "timespan");
	size_t n = text ? strlen(text) : 0;
	const char *unit = n > 1 ? strchr(units, text[n - 1]) : NULL;
	uint64_t number;

	if (!unit || scalar_unsigned(sigma_copy(s->imp->pool, text, n - 1), 1000000, &number) || !number)
		refuse(s, s->r->count.there ? "it counts within no timeframe" : "a timespan is a number and s, m, h or d");
	else if (number * seconds[unit - units] > TIMESPAN_MOST)
		refuse(s, sigma_print(s->imp->pool, "a timespan of %.20s; a policy remembers for an hour", text));
	else
		sigma_put(out, "timespan = %llu%c\n", (unsigned long long)number, *unit);
}

static void
put_counted_field(struct section *s, struct sigma_out *out, const struct sigma_tree *condition)
{
	const struct sigma_tree *list = sigma_find(condition, "field");
	const char *name = s->r->count.there ? s->r->count.field : sigma_text(condition, "field"), *field;

	if (list && list->kind == SIGMA_LIST && list->first && list->first == list->last && list->first->kind == SIGMA_SCALAR)
		name = list->first->text;
	field = name ? common_field(s->imp, s->r, name, &s->why) : NULL;
	if (!name)
		refuse(s, "a policy counts the values of one field");
	else if (field)
		sigma_put(out, "field = %s\n", field);
}

static void
put_condition(struct section *s, struct sigma_out *out)
{
	const struct sigma_tree *condition = sigma_find(sigma_find(s->r->tree, "correlation"), "condition");
	const char *word = NULL, *number = NULL;
	bool counts = strcmp(s->type, "event_count") == 0 || strcmp(s->type, "value_count") == 0;
	uint64_t n;

	if (s->r->count.there) {
		sigma_put(out, "condition = %s: %u\n", s->r->count.more ? "gt" : "gte", s->r->count.number);
	} else if (!counts && condition) {
		refuse(s, "a condition of a temporal correlation; a policy waits for all rules of it");
	} else if (counts) {
		for (const struct sigma_tree *t = condition ? condition->first : NULL; t; t = t->next) {
			if (strcmp(t->key, "field") == 0)
				continue;
			if (word || t->kind != SIGMA_SCALAR || (strcmp(t->key, "gt") != 0 && strcmp(t->key, "gte") != 0))
				refuse(s, "that there are not more of something can only be known afterwards; a policy counts up to gt or gte of a number");
			word = t->key;
			number = t->kind == SIGMA_SCALAR ? t->text : "";
		}
		if (!number || scalar_unsigned(number, 1000000, &n))
			refuse(s, "it does not say up to which number it counts");
		else
			sigma_put(out, "condition = %s: %s\n", word, number);
	}
	if (strcmp(s->type, "value_count") == 0 && !s->why)
		put_counted_field(s, out, condition);
}

const char *
sigma_put_correlation(struct sigma_out *out, struct sigma_import *imp, struct sigma_rule *r)
{
	struct section s = { .imp = imp, .r = r };

	take_type(&s);
	take_rules(&s);
	if (!s.why)
		take_by(&s);
	if (s.why)
		return s.why;
	r->correlation = sigma_name(imp, r, "correlation", "");
	sigma_put(out, "[correlation %s]\ndescription = %s\ntype = %s\n", r->correlation, sigma_title(imp->pool, r->title), s.type);
	sigma_put_values(out, "rules", &s.rules);
	sigma_put_values(out, "group-by", &s.by);
	put_timespan(&s, out);
	put_condition(&s, out);
	sigma_put(out, "action = alert\n");
	sigma_put_common(out, imp, r);
	sigma_put(out, "\n");
	return s.why;
}
