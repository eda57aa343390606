#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "ctl/ctl.h"
#include "policy/near.h"

#define ROWS_MAX 24

static const struct option_row common[] = {
	{ "config", 'c', OPTION_TEXT, offsetof(struct ctl, config_path), "FILE", "configuration; default " CTL_CONFIG },
	{ "json", 0, OPTION_FLAG, offsetof(struct ctl, json), NULL, "print JSON" },
	{ "color", 0, OPTION_TEXT, offsetof(struct ctl, color), "WHEN", "auto, always or never" },
	{ "help", 'h', OPTION_FLAG, offsetof(struct ctl, help), NULL, "what the command does" },
	{ "version", 'V', OPTION_FLAG, offsetof(struct ctl, version), NULL, "version of yett" },
	{ 0 }
};

const struct option_row *
options_common(void)
{
	return common;
}

/* The rows that hold here, and where the value of each goes. */
struct rows {
	size_t			 n;
	const struct option_row	*row[ROWS_MAX];
	void			*base[ROWS_MAX];
	struct option		 longs[ROWS_MAX + 1];
	char			 shorts[3 * ROWS_MAX];
};

#define FIRST_LONG 256

static void
rows_add(struct rows *r, const struct option_row *table, void *base)
{
	size_t len = strlen(r->shorts);

	for (; table && table->name && r->n < ROWS_MAX; table++, r->n++) {
		bool arg = table->type != OPTION_FLAG;
		r->row[r->n] = table;
		r->base[r->n] = base;
		r->longs[r->n] = (struct option){ table->name, arg, NULL, FIRST_LONG + (int)r->n };
		if (table->letter)
			r->shorts[len++] = table->letter;
		if (table->letter && arg)
			r->shorts[len++] = ':';
	}
	r->shorts[len] = '\0';
}

static int
rows_find(const struct rows *r, int code)
{
	if (code >= FIRST_LONG)
		return code - FIRST_LONG;
	for (size_t i = 0; i < r->n; i++)
		if (r->row[i]->letter == code)
			return (int)i;
	return -1;
}

/* CODE as getopt_long() gave it; WORD is what it looked at last. */
static enum answer
wrong(const struct rows *r, int code, const char *word, const char *command)
{
	const char *names[ROWS_MAX];
	char name[64], hint[96];
	int known = optopt ? rows_find(r, optopt) : -1;

	if (known >= 0) {
		ctl_error("option '--%s' %s. See: yettctl %s --help", r->row[known]->name, code == ':' ? "needs a value" : "takes no value",
		    command);
		return ANSWER_USAGE;
	}
	for (size_t i = 0; i < r->n; i++)
		names[i] = r->row[i]->name;
	if (optopt)
		snprintf(name, sizeof(name), "-%c", optopt);
	else
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near_hint(name[0] == '-' && name[1] == '-' ? near_name(name + 2, names, r->n) : NULL, hint, sizeof(hint));
	ctl_error("option '%s' is unknown here%s See: yettctl %s --help", name, hint[0] ? hint : ".", command);
	return ANSWER_USAGE;
}

static enum answer
store(const struct option_row *o, void *base, char *value)
{
	void *place = (char *)base + o->place;
	struct words *words = place;

	switch (o->type) {
	case OPTION_FLAG:
		*(bool *)place = true;
		return ANSWER_DONE;
	case OPTION_TEXT:
		*(const char **)place = value;
		return ANSWER_DONE;
	case OPTION_WORDS:
		if (words->n == WORDS_MAX) {
			ctl_error("option '--%s' is given more than %d times", o->name, WORDS_MAX);
			return ANSWER_USAGE;
		}
		words->at[words->n++] = value;
		return ANSWER_DONE;
	}
	return ANSWER_USAGE;
}

enum answer
options_read(struct ctl *ctl, const struct command *command, struct arguments *args, void *into)
{
	struct rows r = { .shorts = ":" };
	int code;

	if (!command)
		memcpy(r.shorts, "+:", 3);
	rows_add(&r, common, ctl);
	if (command)
		rows_add(&r, command->options, into);
	optind = 0;
	opterr = 0;
	while (args->argc && (code = getopt_long(args->argc, args->argv, r.shorts, r.longs, NULL)) != -1) {
		int i = rows_find(&r, code);
		if (i < 0)
			return wrong(&r, code, args->argv[optind - 1], command ? command->name : "");
		enum answer a = store(r.row[i], r.base[i], optarg);
		if (a != ANSWER_DONE)
			return a;
	}
	args->argc -= optind;
	args->argv += optind;
	return ANSWER_DONE;
}
