#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "ctl/commands.h"
#include "ctl/term.h"
#include "event/field.h"
#include "judge/judge.h"

static const char *const types[] = {
	[TYPE_TEXT] = "text", [TYPE_PATH] = "path", [TYPE_LIST] = "list", [TYPE_JOINED] = "text", [TYPE_NAME] = "text",
	[TYPE_DIR] = "path", [TYPE_EXT] = "text", [TYPE_ANCESTORS] = "paths", [TYPE_ANCESTOR_NAMES] = "list", [TYPE_I32] = "number",
	[TYPE_I64] = "number", [TYPE_U16] = "number", [TYPE_U32] = "number", [TYPE_U64] = "number", [TYPE_OCTAL] = "mode",
	[TYPE_CLOCK] = "time", [TYPE_BIT] = "boolean", [TYPE_HASH] = "hash", [TYPE_IP] = "address",
};
static const char *const scopes[] = { [SCOPE_OBJECT] = "object", [SCOPE_SUBJECT] = "subject", [SCOPE_EVENT] = "event" };

/* Of the events that there are in this version. */
static bool
told(int k)
{
	return event_kind_sensor((enum event_kind)k) != SENSOR_NOBODY || k == EVENT_AGENT;
}

/* Which events carry it, after what it is; nothing where all do. */
static void
describe(enum field f, char *out, size_t size)
{
	bool any = true, first = true;
	size_t n = (size_t)snprintf(out, size, "%s", field_info(f)->help);

	for (int k = 0; k < EVENT__MAX; k++)
		any = any && (!told(k) || field_on(f, (enum event_kind)k));
	for (int k = 0; k < EVENT__MAX && !any && n < size; k++) {
		if (!told(k) || !field_on(f, (enum event_kind)k))
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s", first ? ". On " : ", ", event_kind_name((enum event_kind)k));
		first = false;
	}
}

/* Can the kernel remember the answer of a rule that asks about it? */
static bool
remembered(enum field f)
{
	return judge_of_object(f, EVENT_EXEC);
}

static void
show_json(const char *pattern)
{
	json_t *list = json_array();

	for (int i = 0; i < FIELD__MAX; i++) {
		const struct field_info *f = field_info((enum field)i);
		json_t *events = json_pack("[]");
		for (int k = 0; k < EVENT__MAX; k++)
			if (told(k) && field_on((enum field)i, (enum event_kind)k))
				json_array_append_new(events, json_string(event_kind_name((enum event_kind)k)));
		if (fnmatch(pattern, f->name, 0) == 0)
			json_array_append_new(list, json_pack("{ss ss ss sO sb sb ss}", "name", f->name, "type", types[f->type], "scope", scopes[f->scope],
			    "events", events, "remembered", (int)remembered((enum field)i), "free", (int)f->free, "meaning", f->help));
		json_decref(events);
	}
	json_dumpf(list, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(list);
}

static void
show(const char *pattern)
{
	char text[512];

	term_word(COLOR_STRONG, "FIELD", 32);
	printf("%-9s%-9s%-12s%s\n", "TYPE", "OF", "REMEMBERED", "CHOSEN BY");
	for (int i = 0; i < FIELD__MAX; i++) {
		const struct field_info *f = field_info((enum field)i);
		if (fnmatch(pattern, f->name, 0) != 0)
			continue;
		printf("%-31s %-8s %-8s %-11s %s\n", f->name, types[f->type], scopes[f->scope], remembered((enum field)i) ? "yes" : "no",
		    f->free ? "process" : "system");
		describe((enum field)i, text, sizeof(text));
		term_definition("    ", 4, text);
	}
	putchar('\n');
	term_definition("OF", 12, "What it belongs to: an object is the same for everybody who asks about a file, a subject is the process, and "
	    "an event happens once.");
	term_definition("REMEMBERED", 12, "A rule on exec that asks for such fields only lets the kernel remember that a program is none of its "
	    "business: the next start asks nobody. A program that any other field keeps in question is asked about each time.");
	term_definition("CHOSEN BY", 12, "What the process itself chooses carries no allow rule and no exception on its own.");
}

static enum answer
fields_run(struct ctl *ctl, const void *options, char **operands)
{
	const char *wanted = operands[0] ? operands[0] : "";
	char pattern[128];
	bool found = false;

	(void)options;
	snprintf(pattern, sizeof(pattern), "*%s*", wanted);
	for (int i = 0; i < FIELD__MAX; i++)
		found = found || fnmatch(pattern, field_info((enum field)i)->name, 0) == 0;
	if (!found) {
		const char *near = field_nearest(wanted);
		ctl_error("no field is named '%s'%s%s%s", wanted, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		return ANSWER_NO;
	}
	if (ctl->json)
		show_json(pattern);
	else
		show(pattern);
	return ANSWER_DONE;
}

const struct command fields_command = { .name = "fields", .operands = "[NAME]", .most = 1, .run = fields_run,
	.help = "what rules can ask about: name, type, meaning, which events carry it, and what that means for what the kernel remembers" };
