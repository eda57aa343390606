#ifndef WIRE_PAGE_H
#define WIRE_PAGE_H
/*
 * What the processes of yett know of each other without asking: one shared page set, mapped before the
 * first fork. Each section has exactly one writer. Readers treat every word as a number from a stranger:
 * it may be wrong, it is never an offset or a length.
 */
#include <stdatomic.h>
#include "wire/counter.h"
#include "wire/coverage.h"
#include "wire/fold.h"
#include "wire/wire.h"

#define PAGE_LATENCY_BUCKETS 24	/* bucket n: below 2^n microseconds */

/* The gate's debt: the warden reads it on a timer and acts as the backstop. */
struct page_gate {
	_Atomic uint64_t owed_since_ns;	/* boot clock: oldest unanswered event that is not parked, 0 none */
	_Atomic uint64_t parked_since_ns; /* oldest event that waits for scan, 0 none */
	_Atomic uint64_t loop_ns;	/* last turn of the loop */
	_Atomic uint64_t policy_generation; /* in force */
	_Atomic uint64_t report_number;	/* last report handed out */
	_Atomic uint64_t event_number;	/* last event that was given an id */
	_Atomic uint32_t late;		/* entries of page.late in use */
	_Atomic uint32_t quiet;		/* entries of page.quiet in use */
	_Atomic uint32_t coverages;	/* entries of page.coverage in use */
	_Atomic uint64_t latency[PAGE_LATENCY_BUCKETS];
	_Atomic uint64_t tree_nodes, parked;
	_Atomic uint64_t proc_heard_ns;	/* last message of the proc connector */
	_Atomic uint64_t facts_again;	/* times that something of accounts, schedules or services may have been missed */
};

struct page_process {
	_Atomic int32_t	 pid;		/* written by the warden; 0 not running */
	_Atomic uint64_t started_ns, restarts;
};

struct page_record {
	_Atomic uint64_t acked;		/* reports of the gate up to this number are on disk */
	_Atomic uint64_t acked_state;	/* and those of the warden */
	struct { _Atomic uint64_t reports, states; } in[2];	/* the last of them in each log: of alerts, of events */
	_Atomic uint64_t sequence;	/* next event.sequence */
	_Atomic uint64_t epoch;		/* keys used so far */
	_Atomic int32_t	 error;		/* errno of the last write, 0 well */
};

enum audit_state { AUDIT_OFF, AUDIT_OWN, AUDIT_MULTICAST, AUDIT_FAILED, AUDIT_UNNEEDED };

struct page_warden {
	_Atomic uint64_t started_ns;
	_Atomic uint32_t mode;		/* enum mode */
	_Atomic uint32_t audit, audit_never; /* enum audit_state; a task,never rule makes processes invisible to audit */
	_Atomic uint32_t audit_locked, audit_no_uring; /* -e 2: rules cannot be changed until reboot; io_uring is not told (before 5.16) */
	_Atomic uint64_t audit_error, audit_dark; /* errno of using it, 0 well; kinds that it does not tell, bit per enum event_kind */
	_Atomic uint64_t rules;		/* rules in force */
	_Atomic uint64_t policy_generation;
	_Atomic uint64_t monitor_until_ns; /* boot clock; 0: not temporary */
	_Atomic uint64_t confirm_until_ns; /* boot clock: what is in force waits so long for confirmation; 0: it does not */
	_Atomic uint64_t beats;		/* forks made so that the proc connector has something to tell */
	_Atomic int32_t	 helper;	/* a child that reads policies; 0 none */
	_Atomic int32_t	 opener;	/* a child that opens files for watch; 0 none */
	_Atomic uint32_t mounts;	/* entries of page.mount in use */
	_Atomic uint32_t first_mounts;	/* of these the ones that were there when yettd started */
	_Atomic uint32_t places;	/* entries of page.place in use */
	_Atomic uint32_t files, facts, sense[SENSE__MAX], files_unable; /* enum files_state twice, sense_state; files cannot be had by handle */
};

struct page_watch {
	_Atomic uint64_t walk;		/* the last walk through accounts, schedules and services that was heard to its end */
	_Atomic uint64_t known;		/* files of these that are known, entry by entry */
};

/* Left out on purpose; marked; to be marked, but it failed. */
enum cover { COVER_LEFT_OUT, COVER_MARKED, COVER_FAILED };

#define PAGE_MOUNTS 64
struct page_mount {			/* written by the warden before `mounts` grows */
	_Atomic uint32_t covered;	/* enum cover */
	_Atomic uint64_t dev;		/* st_dev */
	char		 path[128], type[16], why[64]; /* no path: not mounted any more; why: reason when not covered */
};

enum files_state { FILES_UNNEEDED, FILES_ON, FILES_FAILED };

/* The mark plan: what rules on files ask about. AWAITED: it is not there yet, and will be marked when it is. */
enum place_state { PLACE_AWAITED, PLACE_MARKED, PLACE_REFUSED };
#define PAGE_PLACES 256
struct page_place {			/* written by the warden before `places` grows */
	_Atomic uint32_t kind;		/* 0 a file, 1 the entries of a directory, 2 a tree, 3 everything */
	_Atomic uint32_t state;		/* enum place_state */
	_Atomic uint64_t kinds;		/* of events that are seen there, bit per enum event_kind */
	char		 path[256], why[48]; /* why: reason when refused */
};

/* A report that waits for a hash (see gate/late.h). */
#define PAGE_LATE 32
struct page_late {
	_Atomic uint64_t ticket;	/* of the scan it waits for, or of none; 0: free */
	uint64_t	 due_ns, others_ns;	/* waits no longer; for other sensors alone */
	uint32_t	 others;	/* bit per enum sensor that is to tell of the same act, bit 0 for scan */
	struct report	 report;
};

/* Files whose opens were told not to ask (see gate/quiet.h). */
#define PAGE_QUIET 64
struct page_quiet { char path[192]; };

#define PAGE_SPOOL (4u << 20)

/* Reports that are not on disk yet; survives the gate (see gate/spool.h). */
struct page_spool {
	_Atomic uint64_t head, tail;	/* bytes ever written and ever freed */
	_Alignas(8) uint8_t	 ring[PAGE_SPOOL];
};

struct page {
	struct page_process	process[ROOM__MAX];
	struct page_gate	gate;
	struct page_record	record;
	struct page_warden	warden;
	struct page_watch	watch;
	struct page_mount	mount[PAGE_MOUNTS];
	struct page_place	place[PAGE_PLACES];
	_Atomic uint64_t	counter[COUNTER__MAX];
	struct page_late	late[PAGE_LATE];
	struct page_quiet	quiet[PAGE_QUIET];
	struct page_coverage	coverage[PAGE_COVERAGES];
	struct fold_page	fold;
	struct page_spool	spool;
};

/* Maps a new one, zeroed, shared with all later forks. Returns 0 or -errno. */
int	page_create(struct page **);

/* Is PID one of yett's own processes? */
bool	page_owns(const struct page *, int32_t pid);

static inline void
counter_add(struct page *p, enum counter c, uint64_t n)
{
	atomic_fetch_add_explicit(&p->counter[c], n, memory_order_relaxed);
}

static inline uint64_t
counter_get(const struct page *p, enum counter c)
{
	return atomic_load_explicit(&p->counter[c], memory_order_relaxed);
}

#endif
