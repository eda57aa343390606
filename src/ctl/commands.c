#include <stdio.h>
#include <string.h>
#include "ctl/commands.h"
#include "ctl/term.h"
#include "policy/near.h"

static const struct command *const commands[] = {
	&status_command, &doctor_command, &alerts_command, &events_command, &coverage_command, &why_command, &explain_command,
	&check_command, &list_command, &show_command, &diff_command, &policy_reload_command, &policy_confirm_command,
	&import_sigma_command, &reload_command, &monitor_command, &enforce_command, &confirm_command,
	&verify_command, &keys_show_command, &keys_init_command, &keys_rotate_command, &fields_command, &help_command,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct command *const *
command_all(size_t *n)
{
	*n = COMMANDS;
	return commands;
}

/* How many words of WORDS are the name NAME; 0: it is another. */
static int
named(const char *name, char **words)
{
	size_t first = strcspn(name, " ");

	if (!words[0] || strlen(words[0]) != first || memcmp(name, words[0], first) != 0)
		return 0;
	if (!name[first])
		return 1;
	return words[1] && strcmp(name + first + 1, words[1]) == 0 ? 2 : 0;
}

/* Says what there is instead: the commands of the family, or the nearest name. */
static void
unknown(char **words)
{
	const char *names[COMMANDS];
	char family[160] = "", wrong[64], hint[96];
	size_t first = strlen(words[0]);

	for (size_t i = 0; i < COMMANDS; i++) {
		names[i] = commands[i]->name;
		if (strncmp(names[i], words[0], first) == 0 && names[i][first] == ' ')
			snprintf(family + strlen(family), sizeof(family) - strlen(family), "%s%s", family[0] ? ", " : "", names[i] + first + 1);
	}
	snprintf(wrong, sizeof(wrong), "%s%s%s", words[0], family[0] && words[1] ? " " : "", family[0] && words[1] ? words[1] : "");
	near_hint(near_name(wrong, names, COMMANDS), hint, sizeof(hint));
	if (family[0] && !hint[0])
		ctl_error("'%s' needs one of these words: %s", words[0], family);
	else
		ctl_error("there is no command '%s'%s See: yettctl help", wrong, hint[0] ? hint : ".");
}

const struct command *
command_find(char **words, int *used)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		int n = named(commands[i]->name, words);
		if (n) {
			*used = n;
			return commands[i];
		}
	}
	unknown(words);
	return NULL;
}

static void
option_help(const struct option_row *o)
{
	char head[48];

	snprintf(head, sizeof(head), "  %c%c%c --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ', o->letter ? ',' : ' ',
	    o->name, o->arg ? " " : "", o->arg ? o->arg : "");
	term_definition(head, 26, o->help);
}

void
command_help(const struct command *c)
{
	printf("Usage: yettctl %s%s%s%s\n", c->name, c->options ? " [OPTION...]" : "", c->operands[0] ? " " : "", c->operands);
	term_definition("", 0, c->help);
	if (c->options) {
		printf("\nOptions:\n");
		for (const struct option_row *o = c->options; o->name; o++)
			option_help(o);
	}
	printf("\nOptions of every command:\n");
	for (const struct option_row *o = options_common(); o->name; o++)
		option_help(o);
}

void
command_help_all(void)
{
	printf("Usage: yettctl [-c FILE] [--json] COMMAND ...\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		char head[80];
		snprintf(head, sizeof(head), "  %s%s%s", commands[i]->name, commands[i]->operands[0] ? " " : "", commands[i]->operands);
		term_definition(head, 30, commands[i]->help);
	}
	printf("\nOptions of every command:\n");
	for (const struct option_row *o = options_common(); o->name; o++)
		option_help(o);
	putchar('\n');
	term_definition("", 0, "Exit status: 0 done; 1 the answer is no; 2 wrong usage; 3 policy or configuration invalid; 4 yettd not reachable; "
	    "5 not permitted; 6 records were altered. More: yettctl help COMMAND, yettctl(1)");
}

static enum answer
help_run(struct ctl *ctl, const void *options, char **operands)
{
	int used;

	(void)ctl, (void)options;
	if (!operands[0]) {
		command_help_all();
		return ANSWER_DONE;
	}
	const struct command *c = command_find(operands, &used);
	if (!c)
		return ANSWER_USAGE;
	command_help(c);
	return ANSWER_DONE;
}

const struct command help_command = { .name = "help", .operands = "[COMMAND]", .most = 2, .run = help_run,
	.help = "what there is, or what a command does" };
