#ifndef WATCH_PARSE_H
#define WATCH_PARSE_H
/*
 * Files of the system, each into entries. All of them are read as whoever uses them reads them, as far as that decides what an entry is;
 * nothing in them is an error: what is no entry is passed over. Nothing here shows a password, a hash of one, or what looks like a secret.
 */
#include "event/fact.h"
#include "watch/entries.h"

struct fact_file {
	struct fact	 fact;
	struct span	 path;		/* absolute */
	uint32_t	 mode;
	bool		 link;		/* a symbolic link, TEXT is where it leads */
	struct span	 text;
};

/* Adds what FILE says to E, which is not sorted yet. */
void	parse_file(struct entries *e, const struct fact_file *file);
/* What a file of this format is called where it is told of as a whole. */
enum change_object parse_object(const struct fact *);

/* The parts of it; each a file. */
typedef void parse_fn(struct entries *, const struct fact_file *);
parse_fn parse_passwd, parse_shadow, parse_group, parse_gshadow;				/* accounts.c */
parse_fn parse_sudoers, parse_keys, parse_pam, parse_preload, parse_sshd;			/* rights.c */
parse_fn parse_crontab, parse_anacrontab, parse_user_crontab, parse_at, parse_program;	/* jobs.c */
parse_fn parse_unit, parse_unit_link;							/* units.c */

/* The last part of a path, and the one before. */
struct span parse_name(struct span path);
struct span parse_directory(struct span path);
/* Does a variable or an option of this name hold a secret, by its name? */
bool	parse_secret_name(struct span name);
/* The next line of a text in which lines go on behind a backslash, joined in BUF of SIZE bytes, blanks around it gone. */
bool	parse_joined(struct span *rest, char *buf, size_t size, struct span *line);

#endif
