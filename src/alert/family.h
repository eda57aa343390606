#ifndef ALERT_FAMILY_H
#define ALERT_FAMILY_H
/*
 * Which records belong to one tree of processes: its root and all that descend from it, as far as they were heard of. Everything is found
 * by entity ids, whoever chose them: none can make a tree of two, or a loop. 0 is nobody's.
 */
#include "event/verdict.h"

#define FAMILY_MAX	2048		/* processes of one family that are remembered by themselves */
#define FAMILY_SLOTS	4096		/* a power of two above it */
#define KIN_MAX		(1 + EVENT_ANCESTORS)

/*
 * What a record says of the process that it is about: its tree, itself, and those that it descends from, the parent first; of those that
 * run the same program only the nearest, so the root may be missing.
 */
struct kin { uint64_t root, process; unsigned n; uint64_t up[KIN_MAX]; };

struct family { uint64_t root; unsigned n; uint64_t slot[FAMILY_SLOTS]; };

void	kin_of(struct kin *, const struct report *);

/* The family of that process: itself, and its ancestors up to the root, if the root is named. */
void	family_begin(struct family *, const struct kin *);
bool	family_has(const struct family *, uint64_t process);
/*
 * Does it belong? Then it is remembered, and those between it and the family. Who comes before those that it descends from, and does not
 * say how, belongs when it comes again.
 */
bool	family_takes(struct family *, const struct kin *);

#endif
