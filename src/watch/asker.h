#ifndef WATCH_ASKER_H
#define WATCH_ASKER_H
/*
 * Who asks whom: audit tells which process connects or sends to a name server, the packet tells from which port. Neither tells both, so the
 * two are joined here. A small table, the oldest goes first.
 */
#include "watch/lookup.h"

#define ASKERS		1024
#define ASKER_BEFORE_NS	2000000000ull	/* so long before its first question a socket may have been connected */

struct asker {
	struct peer	 to;
	struct caller	 caller;
	uint32_t	 fd;
	uint64_t	 boot_ns;
};

struct askers {
	unsigned	 next;
	uint16_t	 port[ASKERS];	/* of this host, that it turned out to ask from; 0: not known yet. In one piece to be searched */
	struct asker	 at[ASKERS];
};

void	askers_put(struct askers *, const struct asker *);
/*
 * The one process that may have made this lookup, as far as is known, and takes it for that port's from now on. NULL: none, or several:
 * then who reads the name of a program in a record must not be misled.
 */
const struct asker *askers_find(struct askers *, const struct lookup *);
/* Those who may have made it, the latest first; *N: start with 0. NULL: no more. */
const struct asker *askers_next(const struct askers *, const struct lookup *, unsigned *n);
/* May this one, of whom no port is known yet, have made it? */
bool	asker_may(const struct asker *, const struct lookup *);

#endif
