#ifndef WATCH_ENTRIES_H
#define WATCH_ENTRIES_H
/*
 * What a file says, entry by entry, in an order that does not depend on the order in the file: two of them can be compared. An entry has
 * an object (what it is), a key (which one) and a value: attributes "name=text", each with a NUL behind it. What is secret or too long to
 * keep stands for itself by a keyed hash behind SECRET, which is compared and never shown.
 */
#include <stdint.h>
#include "watch/span.h"

enum change_object {
	OBJECT_USER, OBJECT_PASSWORD, OBJECT_GROUP, OBJECT_MEMBER, OBJECT_SHADOW_GROUP, OBJECT_SUDOERS, OBJECT_KEY, OBJECT_PAM, OBJECT_PRELOAD,
	OBJECT_SSHD, OBJECT_CRON, OBJECT_AT, OBJECT_TIMER, OBJECT_UNIT, OBJECT_INIT, OBJECT__MAX
};

#define ENTRY_KEY	1024		/* longest key and attribute; what is cut has a hash in its place */
#define ENTRY_VALUE	4096
#define ENTRIES_BYTES	(8u << 20)	/* of one file */
#define SECRET		'\1'

struct entries {
	uint8_t		*at;		/* owned */
	size_t		 len, room;
	uint32_t	 n;
	bool		 over;		/* more than there is room for: it cannot be compared */
	uint8_t		 key[16];	/* of hashes */
};

struct entry { enum change_object object; struct span key, value; };

/* The value of an entry, while it is put together. */
struct value { const struct entries *of; size_t len; char text[ENTRY_VALUE]; };

void	entries_init(struct entries *, const uint8_t key[16]);
void	entries_done(struct entries *);

void	value_begin(struct value *, const struct entries *of);
/* NAME ends in `=`. An attribute that is empty is left out. */
void	value_put(struct value *, const char *name, struct span text);
/* SHOWN is what may be told of TEXT. */
void	value_secret(struct value *, const char *name, const char *shown, struct span text);
/* Bytes that cannot be shown become blanks. V may be NULL. */
void	entries_add(struct entries *, enum change_object, struct span key, const struct value *v);
/* After the last: brings them in order. 0 or -ENOMEM. */
int	entries_sort(struct entries *);
/* Entries from AT on, which begins at 0; false: there is none. */
bool	entries_next(const struct entries *, size_t *at, struct entry *);
/* Attributes from the beginning of VALUE on. */
bool	value_next(struct span *value, struct span *attribute);
/* What may be shown of an attribute. */
struct span value_shown(struct span attribute);

/* BEFORE NULL: added; AFTER NULL: removed. */
typedef void difference_fn(void *arg, const struct entry *before, const struct entry *after);
/* What there is in one and not in the other, both sorted. Returns how many differences there are. */
uint32_t entries_compare(const struct entries *before, const struct entries *after, difference_fn *, void *arg);

const char *change_object_name(enum change_object);

#endif
