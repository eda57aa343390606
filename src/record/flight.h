#ifndef RECORD_FLIGHT_H
#define RECORD_FLIGHT_H
/*
 * The flight recorder: of an alert that is at least medium, what its process tree did before and shortly after is kept in a file of its
 * own, beyond the retention of the logs. The lines are those of the logs, byte by byte, in order of time. The file is written when
 * nobody waits for the disk, and then a record names it, with its hash: what no record promised may be gone, as after a crash.
 */
#include "alert/chain.h"
#include "record/ring.h"
#include "wire/page.h"

#define FLIGHT_OPEN	8		/* trees at a time */
#define FLIGHT_ALERTS	16		/* of one tree that share a file and are named in its record */
#define FLIGHT_BYTES	(1u << 20)	/* of a file; the oldest lines go without */
#define FLIGHT_RING	(8u << 20)	/* bytes of lines that wait for an alert */
#define FLIGHT_LINES	8192
#define FLIGHT_WHILE_NS	(10 * NS_PER_SEC)	/* so long after the alert lines are added */
#define FLIGHT_FILES	1000		/* in the directory, and bytes of them; the oldest go */
#define FLIGHT_DISK	(256ull << 20)
#define FLIGHT_NAME	24		/* "0123456789abcdef.jsonl" */
#define FLIGHT_DETAILS	4096

struct flights;
struct config;

/* DIR: where the files go, the caller's; PAGE: whose counters count. 0 or -ENOMEM. NULL is a recorder that is off, for all others here. */
struct flight_setup { int dir; struct page *page; uint64_t span_ns; };
int	flights_new(struct flights **, const struct flight_setup *);
void	flights_free(struct flights *);

/* A line of that report was added to the batch of a log. */
void	flights_note(struct flights *, enum chain_which, const struct report *);
/* The batch is on disk: these are its lines. */
void	flights_committed(struct flights *, enum chain_which, const char *text, size_t len);

/* When the next file should be written; 0: never. */
uint64_t flights_due_ns(const struct flights *);

/*
 * Writes the next file that is due (ALL: whether it is due or not), or finds what has to go before it can be. True: NEWS is what a record
 * has to tell; once it is in the batch, and GONE: on disk, flights_told() has to be called, with false if it could not be.
 */
struct flight_news {
	bool	 gone;			/* files are to be removed, else one was written */
	uint64_t count;			/* of files; of lines */
	char	 why[400], details[FLIGHT_DETAILS];	/* a sentence; lines, NUL separated */
	size_t	 len;			/* of the details */
};
bool	flights_next(struct flights *, uint64_t now_ns, bool all, struct flight_news *);
void	flights_told(struct flights *, bool told);

/* Files of DIR that have to go, the oldest first, so that one of BYTES more fits; at most N. Returns how many, or -errno. */
struct flight_old { char name[FLIGHT_NAME]; uint64_t bytes, changed_ns; };
int	flights_plan(int dir, uint64_t bytes, struct flight_old *, unsigned n);

#endif
