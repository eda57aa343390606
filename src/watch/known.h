#ifndef WATCH_KNOWN_H
#define WATCH_KNOWN_H
/* The files whose entries are known, as they were when they were last read. Bounded in number and in bytes. */
#include "event/fact.h"
#include "watch/entries.h"

#define KNOWN_FILES	8192
#define KNOWN_BYTES	(64u << 20)	/* of all their entries */

struct known {
	struct known	*next;		/* of the same bucket */
	struct fact	 fact;
	struct file	 file;		/* identity of what was read */
	bool		 large;		/* more than can be compared; `entries` are empty */
	uint64_t	 walk;		/* the last one that found it */
	struct entries	 entries;
	size_t		 len;
	char		 path[];
};

struct knowns { struct known *bucket[1024]; size_t bytes; unsigned n; };

struct known *known_find(const struct knowns *, const char *path, size_t len);
/* A new one, without entries; NULL: there is no room for more. */
struct known *known_add(struct knowns *, const char *path, size_t len, const struct fact *);
/* Puts FRESH in the place of its entries, and FRESH is empty. If there is no room, it is LARGE. */
void	known_keep(struct knowns *, struct known *, struct entries *fresh);
void	known_drop(struct knowns *, struct known *);

/* Calls FN for each until it says no; FN may drop the one that it was given. */
typedef bool known_fn(void *arg, struct known *);
void	known_each(struct knowns *, known_fn *, void *arg);

/* What /etc/passwd says of a name, or of the first whose ATTRIBUTE= (uid, home) is TEXT; false: nothing. */
bool	known_user(const struct knowns *, struct span name, uint32_t *uid);
bool	known_with(const struct knowns *, const char *attribute, struct span text, struct span *name, uint32_t *uid);
/* The attribute NAME= of an entry; empty: it has none. */
struct span known_attribute(const struct entry *, const char *name);
bool	known_number(struct span text, uint32_t *out);

#endif
