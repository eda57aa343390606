#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "ctl/commands.h"
#include "ctl/costs.h"
#include "ctl/load.h"
#include "ctl/rules.h"
#include "ctl/store.h"
#include "ctl/term.h"
#include "policy/near.h"

#define SOURCE_LINES_MAX 200

json_t *
rules_json(const struct policy *policy, unsigned rule)
{
	struct rule_info r;
	json_t *on = json_array(), *actions = json_array(), *labels = json_array();

	policy_rule(policy, rule, &r);
	for (int i = 0; i < EVENT__MAX; i++)
		if (r.kinds & 1ull << i)
			json_array_append_new(on, json_string(event_kind_name((enum event_kind)i)));
	for (unsigned bit = 1; bit <= r.actions; bit <<= 1)
		if (r.actions & bit)
			json_array_append_new(actions, json_string(action_name((enum action)bit)));
	for (unsigned i = 0; i < policy_labels(policy); i++)
		if (r.labels & 1u << i)
			json_array_append_new(labels, json_string(policy_label(policy, i)));
	json_t *out = json_pack("{ss ss ss si ss ss ss so so so ss ss ss}", "name", r.name, "ruleset", r.ruleset, "file", r.file, "line", r.line,
	    "description", r.description, "message", r.message, "technique", r.technique, "on", on, "actions", actions,
	    "labels", labels, "severity", severity_name(r.severity), "mode", load_mode(r.mode), "effect", load_effect(&r));

	costs_json(policy, rule, out);
	return out;
}

json_t *
rules_json_all(const struct policy *policy)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < policy_rules(policy); i++)
		json_array_append_new(list, rules_json(policy, i));
	return list;
}

/* NAME 26, ON 14, EFFECT 13, SEVERITY 8, the rest ACTIONS. */
void
rules_table(const struct policy *policy)
{
	unsigned page = term_page();

	printf("%-30s %-13s %-13s %-8s %s\n", "RULE", "ON", "EFFECT", "SEVERITY", "ACTIONS");
	for (unsigned i = 0; i < policy_rules(policy); i++) {
		struct rule_info r;
		char text[128];
		policy_rule(policy, i, &r);
		term_fit(r.name, (struct fit){ 30, true });
		load_kinds(r.kinds, text, sizeof(text));
		putchar(' ');
		term_fit(text, (struct fit){ 13, true });
		printf(" %-13s %-8s ", load_effect(&r), severity_name(r.severity));
		load_actions(policy, &r, text, sizeof(text));
		term_fit(text, (struct fit){ page - 68, false });
		putchar('\n');
	}
}

static enum answer
list_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct policy *policy;
	enum answer a = load_policy(ctl, &policy);

	(void)options, (void)operands;
	if (a != ANSWER_DONE)
		return a;
	if (ctl->json) {
		json_t *list = rules_json_all(policy);
		json_dumpf(list, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(list);
	} else {
		rules_table(policy);
		printf("%u rules, agent mode %s\n", policy_rules(policy), load_mode(policy_mode(policy)));
	}
	policy_close(policy);
	return ANSWER_DONE;
}

/* The lines of the rule as they are in its file: from its section to the next. */
static void
show_source(const struct rule_info *r)
{
	CLEANUP_FILE FILE *in = fopen(r->file, "re");
	CLEANUP_FREE char *line = NULL;
	size_t size = 0;

	printf("\n");
	for (int n = 1; in && n < r->line + SOURCE_LINES_MAX && getline(&line, &size, in) > 0; n++) {
		if (n < r->line)
			continue;
		if (n > r->line && line[0] == '[')
			break;
		printf("%5d  ", n);
		line[strcspn(line, "\r\n")] = '\0';
		term_put(stdout, line, strlen(line));
		putchar('\n');
	}
}

static void
show_rule(const struct policy *policy, unsigned rule)
{
	struct rule_info r;
	char on[256], actions[128], where[300];

	policy_rule(policy, rule, &r);
	load_kinds(r.kinds, on, sizeof(on));
	load_actions(policy, &r, actions, sizeof(actions));
	snprintf(where, sizeof(where), "%s:%d", r.file, r.line);
	term_word(COLOR_STRONG, r.name, 0);
	printf("\n");
	const char *const rows[][2] = {
		{ "description", r.description }, { "on", on }, { "actions", actions }, { "effect", load_effect(&r) },
		{ "severity", severity_name(r.severity) }, { "mode", load_mode(r.mode) }, { "technique", r.technique },
		{ "message", r.message }, { "defined at", where },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char head[32];
		snprintf(head, sizeof(head), "  %s", rows[i][0]);
		if (rows[i][1][0])
			term_definition(head, 15, rows[i][1]);
	}
	show_source(&r);
}

static int
find(const struct policy *policy, const char *name)
{
	struct rule_info r;
	static const char *names[4096];
	unsigned n = policy_rules(policy), i;
	char hint[128];

	for (i = 0; i < n; i++) {
		policy_rule(policy, i, &r);
		if (strcmp(r.name, name) == 0)
			return (int)i;
		if (i < 4096)
			names[i] = r.name;
	}
	ctl_error("there is no rule '%s'%s", name, near_hint(near_name(name, names, n < 4096 ? n : 4096), hint, sizeof(hint)));
	return -1;
}

static enum answer
show_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct policy *policy;
	enum answer a = load_policy(ctl, &policy);

	(void)options;
	if (a != ANSWER_DONE)
		return a;
	int rule = find(policy, operands[0]);
	if (rule >= 0 && ctl->json) {
		json_t *r = rules_json(policy, (unsigned)rule);
		json_dumpf(r, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(r);
	} else if (rule >= 0) {
		show_rule(policy, (unsigned)rule);
	}
	policy_close(policy);
	return rule >= 0 ? ANSWER_DONE : ANSWER_NO;
}

const struct command list_command = { .name = "policy list", .operands = "", .config = true, .run = list_run,
	.help = "the rules on disk: events, what each can do, severity, actions" };
const struct command show_command = { .name = "policy show", .operands = "RULE", .least = 1, .most = 1, .config = true, .run = show_run,
	.help = "one rule, as it is in force and as it is written" };
