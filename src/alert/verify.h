#ifndef ALERT_VERIFY_H
#define ALERT_VERIFY_H
/* Checks a log with nothing but the anchor. Streams; eats hostile input. */
#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

enum damage {
	DAMAGE_NONE, DAMAGE_TORN, DAMAGE_NOT_RECORD, DAMAGE_SEQUENCE, DAMAGE_CHAIN, DAMAGE_SIGNATURE,
	DAMAGE_KEY_CHANGE, DAMAGE_LONG, DAMAGE__MAX
};

struct verify {
	uint8_t		key[32];
	bool		keyed;				/* there is a key: the anchor, or the first one that a signed line named */
	uint64_t	sequence, sealed, records;	/* next expected; records covered by a signature; seen */
	char		prev[65];
	uint64_t	last_good_sequence;
	char		last_good_time[40];		/* @timestamp of the last sealed record; "" none */
};

/*
 * Begins at the first record of the log. ANCHOR NULL: nobody can say who signed first, so up to the first key that a line names only
 * form, numbers and hashes are checked.
 */
void	verify_init(struct verify *, const uint8_t *anchor);
/* Begins behind what is proved already: at record SEQUENCE, behind a line with the hash PREV, where KEY signs. */
void	verify_from(struct verify *, uint64_t sequence, const char prev[65], const uint8_t key[32]);
/* One line with its newline. Returns DAMAGE_NONE or what is wrong; then stop. */
enum damage verify_line(struct verify *, const char *line, size_t len);
/*
 * Moves on behind LEN bytes of lines to where verify_line() would be after them if it found nothing wrong, and proves nothing of it. So
 * the pieces of a log can be proved at the same time, each from where those before it are said to end: where every piece then ends
 * where the next was said to begin, all of them together are proved as by one run.
 */
void	verify_skip(struct verify *, const char *text, size_t len);
/* The same place in the same log, with the same sealed so far. */
bool	verify_same(const struct verify *, const struct verify *);
/* Kind of damage in words. */
const char *damage_text(enum damage);

#endif
