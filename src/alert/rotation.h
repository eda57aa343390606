#ifndef ALERT_ROTATION_H
#define ALERT_ROTATION_H
/*
 * How far a change of the anchor has come: a file in the state directory, of one line,
 *
 *	yett1 PHASE log=ID end=SEQ head=HASH key=KEY
 *
 * ID: the log that is to end, SEQ: the number behind its last record, HASH: of that, KEY: the first public key of the next log. It never
 * holds a part of one phase and a part of another. It counts only together with what it speaks of: PLANNED as soon as the last line on disk
 * names KEY as the next one, DONE as long as KEY is the anchor. So one that was overtaken does no harm, and it stays until the next.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROTATION_TEXT	256

enum rotation_phase {
	ROTATION_NONE,
	ROTATION_PLANNED,	/* SEQ and HASH are not known yet: 0 */
	ROTATION_MOVING,	/* the old log has ended, and is on its way into its own directory */
	ROTATION_DONE,		/* it lies there with all its files */
	ROTATION__MAX
};

struct rotation {
	enum rotation_phase phase;
	char		log[17], head[65];
	uint64_t	end;
	uint8_t		key[32];
};

/* False: TEXT of LEN bytes is no such line, and R as it was. */
bool	rotation_parse(const char *text, size_t len, struct rotation *r);
/* Reads the file NAME of DIR; a file that is none of this is as none: NONE. 0 or -errno. */
int	rotation_read(int dir, const char *name, struct rotation *);
/* Replaces it; synced. 0 or -errno. */
int	rotation_write(int dir, const char *name, const struct rotation *);

#endif
