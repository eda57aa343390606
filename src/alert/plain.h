#ifndef ALERT_PLAIN_H
#define ALERT_PLAIN_H
/*
 * A record for readers that do not know ours, as the journal and syslog: a sentence and some named values, the telling ones first. Texts
 * are as they came, any byte may be in them; plain_text() makes them fit for a line.
 */
#include "alert/json.h"
#include "alert/reason.h"

#define PLAIN_VALUES	32
#define PLAIN_NUMBERS	640

/* NAME: a-z and _. S points into the report or into the list itself. */
struct plain_value { const char *name, *s; size_t len; };

struct plain {
	unsigned	 priority;		/* of syslog(3): 2 critical to 6 informational */
	const char	*kind;			/* alert, state, event, or head */
	uint64_t	 wall_ns;
	char		 sentence[REASON_MAX];
	unsigned	 n;
	struct plain_value value[PLAIN_VALUES];
	char		 numbers[PLAIN_NUMBERS];	/* numbers as texts */
	size_t		 used;
	char		 command_line[REASON_COMMAND_LINE];
};

/* REPORT, which has to outlive OUT, is record SEQUENCE. */
void	plain_record(struct plain *out, const struct report *, uint64_t sequence);

/* Where the log stands: what `yettctl verify --expect-seq SEQUENCE --expect-head HASH` proves later on. */
struct plain_head { const char *log, *hash; uint64_t sequence, wall_ns; };
void	plain_head(struct plain *out, const struct plain_head *);

/*
 * S as UTF-8 without control characters, at most SIZE bytes, cut between two characters; not terminated. A byte that cannot stay is
 * written \xNN, and so is a backslash before an x, as in records (alert/json.h). Returns the length.
 */
size_t	plain_text(char *out, size_t size, const char *s, size_t len);

#endif
