#ifndef GATE_STATE_H
#define GATE_STATE_H
/* Everything the gate holds. One of it, static: there is no allocation after start. */
#include "base/fanrecord.h"
#include "base/loop.h"
#include "gate/ahead.h"
#include "gate/coverage_state.h"
#include "gate/gate.h"
#include "gate/seen.h"
#include "gate/started_notes.h"
#include "judge/correlate.h"
#include "judge/hashes.h"
#include "judge/judge.h"
#include "judge/tree.h"

/* What the kernel asks, and what is owed to it: an answer, exactly once, then the descriptor is closed. */
struct question {
	int		 group;		/* fanotify descriptor the answer goes to; -1: notified, nobody waits */
	int		 fd;		/* of the file, owned */
	int32_t		 tid;		/* who waits */
	enum event_kind	 kind;		/* EXEC, OPEN or WRITE */
	bool		 unsure;	/* WRITE: it may be another who writes */
	bool		 leased;	/* writers wait until the descriptor is closed */
	bool		 kept;		/* somebody else keeps the lease */
	bool		 script;	/* it is one, and was told of as such */
	uint64_t	 taken_ns;	/* boot clock */
	unsigned	 scans;		/* asked of scan for this question */
};

#define HELD_MAX 1024		/* questions that wait for scan */
#define SCANS_IN_FLIGHT 64	/* asked of scan and not answered yet */

/* It goes on when the last who waited for it has been answered by the deadline: whoever asks again waits for the same. */
struct scanning { uint64_t ticket; struct msg_scan ask; };	/* ticket 0: free */

struct held {
	bool		used;
	uint64_t	ticket;		/* of the scan it waits for */
	struct question	question;
};

/* A question whose descriptor, or whose answer, stays for a moment (see linger.h). SEAL: the report that the answer waits for; 0 none. */
struct lingering { bool used; int32_t pid; uint64_t due_ns, seal; enum decision decision; int err; struct question question; };
#define LINGER_MAX 256

/* What exec need not ask about (see cache.h). */
#define CACHE_LEASES	256
#define CACHE_KNOWN	4096
struct cache {
	struct source	 stale_source, lease_source;
	bool		 works;			/* this kernel can */
	uint64_t	 generation;		/* rises when all is asked about again */
	struct cache_known { uint64_t ino, dev, ctime_ns, generation; bool allowed; } known[CACHE_KNOWN];	/* judged: may it be for good? */
	struct { int fd; uint64_t until_ns; } lease[CACHE_LEASES];	/* fd 0: free */
	unsigned	 n_leases, next;
};

/* Opens that were told not to ask (see quiet.h). */
#define QUIET_CANDIDATES 1024
struct quiet { unsigned n; int fd[PAGE_QUIET]; uint64_t candidate[QUIET_CANDIDATES]; };

#define SCRIPTS_TOLD 256	/* see script.h */
struct script_told { int32_t pid; uint64_t ino, dev, at_ns; };

/* Something that rules ask for, kept until nobody waits for an answer. */
struct proc_note {
	enum event_kind	kind;
	int32_t		pid, exit_code;
	uint64_t	boot_ns;
	bool		open;		/* exec: if it had to be asked about is for the policy to say */
	struct coverage_file file;	/* exec */
};
#define PROC_NOTES 8192

/* What happened to files, until somebody has heard of it (see files.h). */
#define FILES_BUFFER	65536
#define FILES_MOUNTS	PAGE_MOUNTS
struct gate;
struct file_mount { uint64_t fsid; int fd; bool whole; char path[MSG_PATH]; };	/* fd: its top directory; 0 free */
struct files {
	struct source	 source;
	_Alignas(8) char buffer[FILES_BUFFER];
	size_t		 at, len;		/* what was read and not looked at */
	struct fan_record record;		/* in hand; points into the buffer */
	uint64_t	 left;			/* of its mask */
	bool		 unheard;		/* records were read since the proc connector was */
	bool		 first;			/* questions wait until it is known what happened before them */
	bool		 opens_first;		/* so do execs for opens of which we are only told, too */
	void		 (*hear)(struct gate *);	/* takes what the warden has said: of a new file system before it tells of files on it */
	struct file_mount mount[FILES_MOUNTS];
};

/* How the proc connector is read: at once while it is quiet, by the clock while it is busy. */
struct proc_reader {
	struct source	 source;
	bool		 moderated;
	uint64_t	 last_ns;	/* last wake-up */
	uint64_t	 check_ns;	/* last look at the heartbeat */
	unsigned	 heals;		/* rounds since it was last heard */
	uint64_t	 beats;		/* of the warden when it was last heard */
	bool		 seed_wanted;
	struct proc_note note[PROC_NOTES];
	unsigned	 note_head, note_tail;
};

struct gate {
	struct gate_setup	 setup;
	struct loop		 loop;
	const struct policy	*policy;
	uint64_t		 kinds;		/* policy_kinds() */
	struct tree		*tree;
	struct hashes		*hashes, *contents;	/* struct hashed; struct content, of those for which it was asked */
	struct correlate	*correlate;
	struct cache		 cache;
	struct files		 files;
	struct known_dir	 dir[DIRS_KNOWN];
	struct quiet		 quiet;
	struct script_told	 script[SCRIPTS_TOLD];
	struct ahead		 ahead;
	struct coverage_state	 coverage;
	struct owner		 owner[OWNERS];
	unsigned		 owners;	/* ever seen */
	struct started_notes	 started;
	uint64_t		 evicted, tree_full, tree_spliced;	/* of these so much is counted */
	uint64_t		 too_hard, too_hard_ns;	/* events since last told, and when that was */
	char			 too_hard_rule[64];
	unsigned		 n_strange;	/* see ends.h */
	int			 proc;		/* /proc */
	struct source		 exec_source, open_source, watch_source, scan_source, warden_source;
	struct proc_reader	 reader;
	struct held		 held[HELD_MAX];
	unsigned		 n_held;
	struct scanning		 scanning[SCANS_IN_FLIGHT];
	struct lingering	 lingering[LINGER_MAX]; unsigned n_lingering;
	struct lingering	*sealing;	/* of the event in hand, until its report has a number */
	const struct msg_scanned *scanned;	/* what scan just said of a file; else NULL */
	uint64_t		 ticket;	/* last one given to scan */
	uint64_t		 late_ticket;	/* what the report in hand waits for, 0 nothing */
	uint32_t		 late_others;	/* bit per enum sensor: who will tell of the same act */
	uint64_t		 fold_next_ns;	/* no summary is due before; 0: no cause is open */
	bool			 fold_ended;	/* nothing is folded any more */
	uint64_t		 sent, record_start_ns;	/* number of the last report handed to record; start of the process that got it */
	bool			 record_waits;	/* its socket was full */
	uint64_t		 scan_start_ns;	/* of the scan process that holds our files */
	struct verdict		 verdict;
	struct report		 report;	/* the event in hand lives in report.event */
	_Alignas(8) char	 buffer[WIRE_MAX];
};

#endif
