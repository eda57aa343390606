#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "ctl/commands.h"
#include "ctl/term.h"
#include "event/field.h"

static const char *const types[] = {
	[TYPE_TEXT] = "text", [TYPE_PATH] = "path", [TYPE_LIST] = "list", [TYPE_JOINED] = "text", [TYPE_NAME] = "text",
	[TYPE_DIR] = "path", [TYPE_EXT] = "text", [TYPE_ANCESTORS] = "paths", [TYPE_ANCESTOR_NAMES] = "list", [TYPE_I32] = "number",
	[TYPE_I64] = "number", [TYPE_U16] = "number", [TYPE_U32] = "number", [TYPE_U64] = "number", [TYPE_OCTAL] = "mode",
	[TYPE_CLOCK] = "time", [TYPE_BIT] = "boolean", [TYPE_HASH] = "hash", [TYPE_IP] = "address",
};
static const char *const scopes[] = { [SCOPE_OBJECT] = "object", [SCOPE_SUBJECT] = "subject", [SCOPE_EVENT] = "event" };

/* Which events can say it, of those that there are in this version. The result lives until the next call. */
static const char *
events_of(enum field f)
{
	static char text[256];
	bool any = true;

	if (field_info(f)->have & (HAVE_SYSCALL | HAVE_RESULT))
		return "of audit";
	text[0] = '\0';
	for (int k = 0; k < EVENT__MAX; k++) {
		bool on = field_on(f, (enum event_kind)k), told = event_kind_sensor((enum event_kind)k) != SENSOR_NOBODY || k == EVENT_AGENT;
		size_t n = strlen(text);
		any = any && on;
		if (on && told)
			snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", event_kind_name((enum event_kind)k));
	}
	return any ? "any" : text;
}

static void
show_json(const char *pattern)
{
	json_t *list = json_pack("[]");

	for (int i = 0; i < FIELD__MAX; i++) {
		const struct field_info *f = field_info((enum field)i);
		if (fnmatch(pattern, f->name, 0) == 0)
			json_array_append_new(list, json_pack("{ss ss ss ss sb ss}", "name", f->name, "type", types[f->type], "scope",
			    scopes[f->scope], "events", events_of((enum field)i), "free", (int)f->free, "meaning", f->help));
	}
	json_dumpf(list, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(list);
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
	if (ctl->json) {
		show_json(pattern);
		return ANSWER_DONE;
	}
	term_word(COLOR_STRONG, "FIELD", 32);
	printf("%-9s%-9s%-21s%s\n", "TYPE", "OF", "ON", "CHOSEN BY");
	for (int i = 0; i < FIELD__MAX; i++) {
		const struct field_info *f = field_info((enum field)i);
		if (fnmatch(pattern, f->name, 0) != 0)
			continue;
		printf("%-31s %-8s %-8s %-20s %s\n", f->name, types[f->type], scopes[f->scope], events_of((enum field)i),
		    f->free ? "process" : "system");
		term_definition("    ", 4, f->help);
	}
	return ANSWER_DONE;
}

const struct command fields_command = { .name = "fields", .operands = "[NAME]", .most = 1, .run = fields_run,
	.help = "what rules can ask about: name, type, what it belongs to, on which events, meaning; "
	"what the process itself chooses may not carry an allow rule or an exception" };
