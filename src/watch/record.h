#ifndef WATCH_RECORD_H
#define WATCH_RECORD_H
/*
 * The text of one audit record: `audit(1234.567:890): key=value key="text" key=HEX ...`. The kernel writes the frame, but file names,
 * arguments and names of processes are chosen by whoever is watched, so every byte is proved and nothing is allocated.
 * Values point into the record's text and live as long as it does.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RECORD_TEXT_MAX	8970		/* MAX_AUDIT_MESSAGE_LENGTH */

struct record {
	unsigned	 type;			/* AUDIT_SYSCALL ... */
	uint64_t	 wall_ns;
	uint64_t	 serial;
	const char	*body;			/* behind "): " */
	size_t		 len;
};

struct pair {
	const char	*key, *value;		/* value without its quotes */
	size_t		 key_len, len;
	bool		 quoted;
};

/* Reads the frame. 0, or -EBADMSG. */
int	record_parse(struct record *, unsigned type, const char *text, size_t len);

/* The next pair from *AT (start with 0); words without '=' are skipped. False at the end, or where the text is broken. */
bool	record_next(const struct record *, size_t *at, struct pair *);
/* The first pair of that key. */
bool	record_find(const struct record *, const char *key, struct pair *);

/* Whole value as a number of that base (8, 10, 16), maybe negative. 0, or -EBADMSG. */
int	pair_number(const struct pair *, int base, int64_t *);
/* The same of the record's KEY; -ENODATA when there is none. */
int	record_number(const struct record *, const char *key, int base, int64_t *);
/*
 * Text that may be foreign: "quoted" as it is, unquoted as hex. Copies at most SIZE bytes (not terminated) and returns how many
 * there were, which may be more. -ENODATA for (null) and (none), -EBADMSG for anything else.
 */
ssize_t	pair_text(const struct pair *, char *out, size_t size);
bool	pair_is(const struct pair *, const char *key);

#endif
