#ifndef ALERT_LINE_H
#define ALERT_LINE_H
/*
 * The chain members of a line, read from its end. A body ends in exactly
 *
 *	,"v":1,"log":"16 hex","seg":N,"boot":"ID","mono":N,"seq":N,"prev":"64 hex"[,"next":"43 base64url"]}
 *
 * so nothing before that is searched, and text that an attacker chose cannot stand in for it: the line is proved to be one JSON object
 * whose last member (before sig) is `yett`. The suffix starts with a comma and a quote. Were the comma inside a string, that quote would
 * end it and the letter after it would be no JSON; so the comma stands between members, and since the suffix holds no other brace than
 * its last, these are the last members of the object which that brace closes: `yett`. A JSON parser sees the same values.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_TAIL	97		/* ,"sig":"<86>"}\n */
#define LINE_KEY	32
#define LINE_SIG	64

struct line {
	uint64_t	sequence;
	char		log[17], prev[65];
	bool		has_next, is_signed;
	uint8_t		next[LINE_KEY], sig[LINE_SIG];
	size_t		body;		/* bytes that are signed */
};

/* TEXT of LEN bytes, newline included. False if it is not a record. */
bool	line_parse(const char *text, size_t len, struct line *);
/* Does KEY sign it? */
bool	line_signed_by(const char *text, const struct line *, const uint8_t key[LINE_KEY]);
/* SHA-256 of the whole line, as the next one gives it in `prev`. */
void	line_hash(const char *text, size_t len, char hex[65]);

/*
 * Lines of a file, in large blocks. A last line without newline comes as it is; of a line that is longer than any record
 * RECORD_MAX + 1 bytes come, and nothing should be read after it.
 */
struct lines {
	int		 fd;
	char		*buf;
	size_t		 at, end, searched;
	uint64_t	 offset;	/* of the line last returned */
	uint64_t	 read;		/* bytes of the file so far */
	bool		 eof;
};
int	lines_open(struct lines *, int fd);	/* FD stays the caller's; read from its start with pread(). 0 or -ENOMEM */
void	lines_close(struct lines *);
/* 1 and a line, 0 at the end, or -errno. The line is valid until the next call. */
int	lines_next(struct lines *, const char **text, size_t *len);

#endif
