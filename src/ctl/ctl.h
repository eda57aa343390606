#ifndef CTL_CTL_H
#define CTL_CTL_H
/* What the commands of yettctl share: exit codes, the row that describes a command or an option, and what was asked. */
#include <stdbool.h>
#include <stddef.h>
#include "policy/config.h"

/* Exit codes: scripts rely on them. */
enum answer {
	ANSWER_DONE, ANSWER_NO, ANSWER_USAGE, ANSWER_INVALID, ANSWER_UNREACHABLE, ANSWER_FORBIDDEN, ANSWER_ALTERED,
	ANSWER_BROKEN = 70,
};

struct ctl {
	const char	*config_path;	/* as given; NULL: the usual one */
	const char	*color;		/* as given */
	bool		 json, help, version;
	struct config	 config;	/* once ctl_config() was called */
};
#define CTL_CONFIG	"/etc/yett/yett.conf"

/* FLAG: bool; TEXT: const char *; WORDS: struct words, one more each time the option is given. */
enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_WORDS };
#define WORDS_MAX	64
struct words { unsigned n; const char *at[WORDS_MAX]; };
struct option_row {
	const char	*name;		/* NULL ends a table */
	char		 letter;	/* 0: none */
	enum option_type type;
	size_t		 place;		/* of the value in the options of the command */
	const char	*arg, *help;
};

struct command {
	const char	*name;		/* one or two words */
	const char	*operands, *help;
	const struct option_row *options;	/* NULL: only those that every command has */
	size_t		 size;		/* of its options, zeroed before they are read */
	int		 least, most;	/* operands */
	bool		 config;	/* ctl_config() is called before it runs */
	enum answer	(*run)(struct ctl *, const void *options, char **operands);
};
/* All of them, in the order of `help`. */
const struct command *const *command_all(size_t *n);
/* The command that WORDS begin with, and how many words name it; NULL after an error with "did you mean" on stderr. */
const struct command *command_find(char **words, int *used);
void	command_help(const struct command *);
void	command_help_all(void);

/*
 * Reads options into CTL and INTO, in any place among the operands, up to the first operand where COMMAND is NULL. OPERANDS is
 * where the others begin in ARGV, *N how many. DONE, or USAGE after an error on stderr.
 */
struct arguments { int argc; char **argv; };
enum answer options_read(struct ctl *, const struct command *, struct arguments *, void *into);
/* Those that every command has. */
const struct option_row *options_common(void);

/* One line on stderr: "yettctl: ..."; bytes that would act on a terminal are escaped. */
void	ctl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Reads the configuration. DONE, or INVALID with the faults on stderr. */
enum answer ctl_config(struct ctl *);

#endif
