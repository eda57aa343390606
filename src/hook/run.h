#ifndef HOOK_RUN_H
#define HOOK_RUN_H
/* Programs that run: at most so many at a time and in any minute, each for so long. */
#include "policy/config.h"

#define RUN_MOST	16
#define RUN_A_MINUTE	6000

struct running { pid_t pid; uint64_t until_ns; };	/* pid 0: free */

struct run {
	const struct config *config;
	struct running	 running[RUN_MOST];
	unsigned	 n;			/* of these in use */
	uint64_t	 began_ns[RUN_A_MINUTE];	/* when the last ones began, a ring of run_per_minute */
	uint64_t	 begun;
};

/* May one more begin now? NEXT_NS: when the minute allows it; 0 when it is only for one to end. */
bool	run_may(const struct run *, uint64_t now_ns, uint64_t *next_ns);

/*
 * Starts the program with TEXT as its standard input, from the start of a memfd: whole from the first moment, however slowly it reads, so
 * nobody waits for it as for the reader of a pipe. Its environment is PATH alone, its directory /, its output /dev/null (NULL_FD), and
 * it leads a session of its own, which is killed with it. 0 or -errno.
 */
int	run_begin(struct run *, const char *text, size_t len, int null_fd);

/* One that has ended is reaped. Returns true, and how it ended; false: none has. */
struct run_end { bool failed; };
bool	run_reap(struct run *, struct run_end *);

/* Kills those whose time is over. Returns how many. */
unsigned run_expire(struct run *, uint64_t now_ns);
/* When the next one's time is over; 0: none runs. */
uint64_t run_next_ns(const struct run *);

#endif
