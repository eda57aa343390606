#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "ctl/ctl.h"
#include "ctl/term.h"

void
ctl_error(const char *fmt, ...)
{
	char line[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fflush(stdout);
	fputs("yettctl: ", stderr);
	term_put(stderr, line, strlen(line));
	fputc('\n', stderr);
}

enum answer
ctl_config(struct ctl *ctl)
{
	const char *path = ctl->config_path ? ctl->config_path : CTL_CONFIG;
	struct faults faults = { 0 };

	config_defaults(&ctl->config);
	if (ctl->config_path && access(path, F_OK) != 0) {
		ctl_error("%s: %s", path, strerror(errno));
		return ANSWER_INVALID;
	}
	if (config_load(&ctl->config, path, &faults) == 0)
		return ANSWER_DONE;
	term_faults(stderr, &faults);
	return ANSWER_INVALID;
}

static enum answer
count_operands(const struct command *c, int n)
{
	if (n < c->least)
		ctl_error("'%s' needs %s. See: yettctl %s --help", c->name, c->operands, c->name);
	else if (n > c->most)
		ctl_error("'%s' is told too much from here on. See: yettctl %s --help", c->name, c->name);
	else
		return ANSWER_DONE;
	return ANSWER_USAGE;
}

static enum answer
run(struct ctl *ctl, const struct command *c, struct arguments *args)
{
	CLEANUP_FREE void *options = calloc(1, c->size ? c->size : 1);

	if (!options)
		return ANSWER_BROKEN;
	enum answer a = options_read(ctl, c, args, options);
	if (a == ANSWER_DONE)
		a = term_color(ctl->color);
	if (a != ANSWER_DONE)
		return a;
	if (ctl->help) {
		command_help(c);
		return ANSWER_DONE;
	}
	a = count_operands(c, args->argc);
	if (a == ANSWER_DONE && c->config)
		a = ctl_config(ctl);
	return a == ANSWER_DONE ? c->run(ctl, options, args->argv) : a;
}

static enum answer
dispatch(struct ctl *ctl, struct arguments *args)
{
	int used;
	enum answer a = options_read(ctl, NULL, args, NULL);

	if (a != ANSWER_DONE)
		return a;
	if (ctl->version) {
		printf("yettctl %s\n", VERSION);
		return ANSWER_DONE;
	}
	if (args->argc == 0) {
		if (!ctl->help)
			ctl_error("say what to do. See: yettctl help");
		else
			command_help_all();
		return ctl->help ? ANSWER_DONE : ANSWER_USAGE;
	}
	const struct command *c = command_find(args->argv, &used);
	if (!c)
		return ANSWER_USAGE;
	args->argv += used - 1;
	args->argc -= used - 1;
	return run(ctl, c, args);
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { 0 };
	struct arguments args = { argc, argv };

	term_init();
	enum answer a = dispatch(&ctl, &args);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		ctl_error("cannot write the answer: %s", strerror(errno));
		return ANSWER_BROKEN;
	}
	return (int)a;
}
