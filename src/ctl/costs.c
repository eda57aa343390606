#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "ctl/costs.h"
#include "ctl/load.h"
#include "ctl/term.h"
#include "judge/cost.h"

/* One rule, while something is said of it. */
struct priced {
	const struct policy	*p;
	unsigned		 rule;
	struct rule_info	 info;
	struct rule_cost	 cost;
};

static struct priced
price(const struct policy *p, unsigned rule)
{
	struct priced r = { .p = p, .rule = rule };

	policy_rule(p, rule, &r.info);
	rule_cost(p, rule, &r.cost);
	return r;
}

void
costs_place(FILE *out, const struct watch_place *w)
{
	static const char *const tails[] = { [WATCH_FILE] = "", [WATCH_DIRECTORY] = "/*", [WATCH_TREE] = "/**", [WATCH_EVERYTHING] = "/**" };

	fprintf(out, "%s%s", strcmp(w->path, "/") == 0 ? "" : w->path, tails[w->kind]);
}

/* Those of which some of EVENTS are seen; EXACTLY these. */
static void
put_places(FILE *out, const struct priced *r, unsigned events, bool exactly)
{
	const char *comma = "";

	for (unsigned i = 0; i < rule_places(r->p, r->rule); i++) {
		struct watch_place w;
		rule_place(r->p, r->rule, i, &w);
		if (exactly ? (w.events & WATCH_HEARD) != events : !(w.events & events))
			continue;
		fputs(comma, out);
		costs_place(out, &w);
		comma = ", ";
	}
}

/* Places of what is only heard, by what is heard there. */
static void
put_heard(FILE *out, const struct priced *r)
{
	const char *comma = "";
	char names[128];

	for (unsigned events = 1; events <= WATCH_ALL; events++) {
		bool any = false;
		for (unsigned i = 0; i < rule_places(r->p, r->rule); i++) {
			struct watch_place w;
			rule_place(r->p, r->rule, i, &w);
			any = any || (w.events & WATCH_HEARD) == events;
		}
		if (!any)
			continue;
		load_kinds(policy_watch_kinds(events), names, sizeof(names));
		fprintf(out, "%s%s on ", comma, names);
		put_places(out, r, events, true);
		comma = "; ";
	}
}

static void
put_effect(FILE *out, const struct priced *r)
{
	char on[256], actions[128];

	load_kinds(r->info.kinds, on, sizeof(on));
	load_actions(r->p, &r->info, actions, sizeof(actions));
	fprintf(out, "%s; on %s: %s", load_effect(&r->info), on, actions);
}

static void
put_marks(FILE *out, const struct priced *r)
{
	unsigned marks = r->cost.marks;

	if (marks & MARKS_EXEC)
		fputs("exec on every gated file system", out);
	if (!(marks & MARKS_OPEN) && (r->info.kinds & 1ull << EVENT_SCRIPT))
		fputs("; scripts that an interpreter opens are not seen, since file.path names no place", out);
	if (marks & MARKS_OPEN) {
		fputs(marks & MARKS_EXEC ? "; open on " : "open on ", out);
		put_places(out, r, WATCH_ASKED, false);
	}
	if (marks & MARKS_FILES) {
		fputs(marks & (MARKS_EXEC | MARKS_OPEN) ? "; " : "", out);
		put_heard(out, r);
	}
	if (marks & MARKS_FACTS)
		fprintf(out, "%swhat is written where accounts, schedules and services are", marks & (MARKS_EXEC | MARKS_OPEN | MARKS_FILES) ? "; " : "");
	if (!(marks & (MARKS_EXEC | MARKS_OPEN | MARKS_FILES | MARKS_FACTS)))
		fputs("none", out);
}

/* An exec is asked about unless the kernel remembers that nothing can come of it. */
static void
put_exec_cost(FILE *out, const struct priced *r)
{
	const struct rule_cost *c = &r->cost;
	bool scripts = !(r->info.kinds & 1ull << EVENT_EXEC);

	if (c->cacheable && c->silent)
		fputs("none, once the kernel has seen each program", out);
	else if (c->key)
		fprintf(out, "a wake-up per %s of %s = %s only", scripts ? "start of a script" : "exec", c->key, c->values);
	else
		fputs(scripts ? "a wake-up per start of a script" : "a wake-up per exec", out);
}

/* Of these there is nothing to be said in front of a regular expression. */
#define WITHOUT_WORDS	(unsigned)(MARKS_PROC | MARKS_FILES | MARKS_DEVICES | MARKS_FACTS)

static void
put_cost(FILE *out, const struct priced *r)
{
	const struct rule_cost *c = &r->cost;

	if (c->marks & MARKS_EXEC)
		put_exec_cost(out, r);
	if (c->marks & MARKS_OPEN) {
		fprintf(out, "%sa wake-up per open of ", c->marks & MARKS_EXEC ? "; " : "");
		put_places(out, r, WATCH_ASKED, false);
	}
	if (c->marks & MARKS_AUDIT)
		fprintf(out, "%saudit taxes each system call of the host", c->marks & (MARKS_EXEC | MARKS_OPEN) ? "; " : "");
	if (c->marks & MARKS_PACKETS)
		fprintf(out, "%sa wake-up per name that is looked up", c->marks & (MARKS_PACKETS - 1) & ~(unsigned)MARKS_PROC ? "; " : "");
	if (c->regexes)
		fprintf(out, "%s%u regular expression%s, where nothing else refutes the rule", c->marks & ~WITHOUT_WORDS ? "; " : "", c->regexes,
		    c->regexes == 1 ? "" : "s");
	if (!c->marks)
		fputs("that of the rules that it counts", out);
	else if (!(c->marks & ~WITHOUT_WORDS) && !c->regexes)
		fputs(c->marks & (MARKS_FILES | MARKS_FACTS) ? "none: nobody waits for it" : "none", out);
}

static void
put_fields(FILE *out, field_mask fields, const char *of)
{
	bool first = true;

	for (int f = 0; f < FIELD__MAX; f++) {
		if (!(fields & FIELD_BIT(f)))
			continue;
		fprintf(out, "%s%s", first ? "" : ", ", field_info((enum field)f)->name);
		first = false;
	}
	if (!first)
		fputs(of, out);
}

static void
put_cache(FILE *out, const struct priced *r)
{
	const struct rule_cost *c = &r->cost;

	if (!(c->marks & (MARKS_EXEC | MARKS_OPEN))) {
		fputs("nothing waits for it", out);
	} else if (!(c->marks & MARKS_EXEC)) {
		fputs("no: answers about opens are not remembered", out);
	} else if (c->cacheable) {
		fputs(c->silent ? "yes: it asks about the file only" : "yes, but for the files that it names", out);
	} else {
		fputs(c->key ? "only of other files: " : "no: ", out);
		put_fields(out, c->subject, " (of who asks)");
		fputs(c->subject && c->event ? "; " : "", out);
		put_fields(out, c->event, " (of the event)");
	}
}

typedef void put_fn(FILE *, const struct priced *);

/* What FN says, for the caller to free; NULL: no memory. */
static char *
said(put_fn *fn, const struct priced *r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fn(out, r);
	fclose(out);
	return text;
}

void
costs_show(const struct policy *p)
{
	static const struct { const char *head; put_fn *fn; } rows[] = {
		{ "    effect", put_effect }, { "    marks", put_marks }, { "    cost", put_cost }, { "    cache", put_cache },
	};

	for (unsigned i = 0; i < policy_rules(p); i++) {
		struct priced r = price(p, i);
		term_word(COLOR_STRONG, r.info.name, 0);
		putchar('\n');
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
			CLEANUP_FREE char *text = said(rows[k].fn, &r);
			term_definition(rows[k].head, 12, text ? text : "");
		}
	}
}

static json_t *
fields_json(field_mask fields)
{
	json_t *list = json_array();

	for (int f = 0; f < FIELD__MAX; f++)
		if (fields & FIELD_BIT(f))
			json_array_append_new(list, json_string(field_info((enum field)f)->name));
	return list;
}

void
costs_json(const struct policy *p, unsigned rule, json_t *to)
{
	static const struct { unsigned mark; const char *name; } names[] = {
		{ MARKS_EXEC, "exec" }, { MARKS_OPEN, "open" }, { MARKS_PROC, "proc" }, { MARKS_AUDIT, "audit" },
		{ MARKS_FILES, "files" }, { MARKS_PACKETS, "packets" }, { MARKS_DEVICES, "devices" },
		{ MARKS_FACTS, "facts" },
	};
	struct priced r = price(p, rule);
	CLEANUP_FREE char *marks = said(put_marks, &r), *cost = said(put_cost, &r);
	json_t *sensors = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (r.cost.marks & names[i].mark)
			json_array_append_new(sensors, json_string(names[i].name));
	json_object_set_new(to, "sensors", sensors);
	json_object_set_new(to, "marks", json_string(marks ? marks : ""));
	json_object_set_new(to, "cost", json_string(cost ? cost : ""));
	json_object_set_new(to, "regular_expressions", json_integer((json_int_t)r.cost.regexes));
	json_object_set_new(to, "cacheable", json_boolean(r.cost.cacheable));
	json_object_set_new(to, "subject_fields", fields_json(r.cost.subject));
	json_object_set_new(to, "event_fields", fields_json(r.cost.event));
}
