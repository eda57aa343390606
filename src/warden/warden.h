#ifndef WARDEN_WARDEN_H
#define WARDEN_WARDEN_H
/*
 * The one process with authority: opens every kernel handle, starts the others, waits, answers for a gate that is dead or
 * stuck, and sends the signals that the gate asks for. It parses nothing that a stranger wrote and runs no program.
 */
#include "alert/json.h"
#include "base/loop.h"
#include "judge/terms.h"
#include "policy/config.h"
#include "policy/policy.h"
#include "warden/audit.h"
#include "warden/opening.h"
#include "warden/told.h"
#include "wire/page.h"

/* Who speaks to whom: one socketpair each, both ends kept here. */
enum edge { EDGE_WATCH_GATE, EDGE_GATE_SCAN, EDGE_GATE_RECORD, EDGE_GATE_WARDEN, EDGE_WATCH_WARDEN, EDGE_WARDEN_RECORD, EDGE_RECORD_HOOK,
	EDGE_GATE_OPENER, EDGE__MAX };

struct groups {				/* fanotify: see kernel.h */
	int		exec, open;
	int		stale;		/* tells of changes of files that exec need not ask about; -1: this kernel cannot, so all are asked about */
	enum mode	mode;		/* ENFORCE: permission events; MONITOR: notifications */
	bool		deny_errno;
};

enum { PLACES_MAX = 1024, MARKED_MAX = 64 };

/* Fanotify by file handle, of which nobody waits; the same in either mode. */
struct heard {
	int		files, started;	/* what rules on create, rename, delete, chmod and on start ask for, read by the gate; -1: this kernel cannot */
	int		written;	/* files that were closed behind a writer, by descriptor, read by the gate; -1: this kernel cannot */
	int		plan;		/* directories on the way to places, read by the warden; -1: they are looked at by the clock only */
	uint64_t	rename;		/* mask of a rename */
};

struct marked {				/* a superblock in the exec group, and in the others if a rule asks for all of it */
	uint64_t	dev, fsid;
	char		path[CONFIG_PATH];	/* where it is mounted */
	bool		whole;		/* all of it is mounted there */
	bool		seen;		/* in this round */
	bool		opens, written;	/* in the open group; in that of files that are written */
	uint64_t	heard;		/* mask in the files group */
	int		err;		/* of marking it there */
	struct msg_mounted given;	/* what the gate knows of it; no path: nothing */
	int		given_err;	/* of giving it */
};

#define MOUNTED_MAX 512
struct mounted { uint64_t dev; bool whole, subvolumes; char path[CONFIG_PATH]; };	/* a local file system, whether it is gated or not */

struct place {				/* what rules ask about */
	enum watch_kind	kind;
	unsigned	events;		/* enum watch_event that the policy asks for */
	char		path[CONFIG_PATH];
	uint64_t	dev, ino;	/* what is there; 0: nothing yet */
	uint64_t	opens, heard;	/* masks on it, in the open and in the files group */
	int		err;		/* of marking it */
	bool		dark;		/* it is on a file system that is not gated */
	bool		awaits;		/* a name on its way may appear, or be another one */
	bool		fresh;		/* named by the policy that comes into force */
};

struct child {
	struct source	source;		/* its pidfd */
	pid_t		pid;		/* 0: not running */
	uint64_t	started_ns;
	uint64_t	deaths_ns[5];	/* the last ones, to tell a crash loop */
	unsigned	deaths;
	uint64_t	hold_until_ns;	/* not started again before */
};

/* What the helper child hands back: it reads what admins wrote, so that a fault there is not ours. */
struct loaded { struct config config; struct faults faults; int err; enum mode mode; size_t objections; };

enum change { CHANGE_NONE, CHANGE_RELOAD, CHANGE_MODE };

struct helper {
	pid_t		pid;
	struct source	source;		/* its pidfd */
	int		sock;		/* the policy comes here */
	uint64_t	started_ns;
	enum change	change;
	enum mode	mode;		/* wanted */
	struct msg_request request;	/* ticket 0: nobody waits for a reply */
	struct who	by;		/* who asked */
};

struct earlier {				/* what is gone back to; see trial.h */
	int		policy_fd;	/* 0: nothing */
	enum mode	mode;
	struct config	config;
	uint64_t	generation;
};
struct trial { uint64_t until_ns; struct earlier kept; };	/* boot clock; 0: nothing waits for confirmation */
struct rotating { struct msg_request request; uint64_t ticket, to_ns; };	/* new anchors that are asked for; see rekey.h */

struct warden {
	struct config	config;
	const char	*config_path;
	enum mode	first_mode;	/* to start with; later it is that of `groups` */
	char		glass[16];	/* what the kernel command line says of yett; "" nothing */
	struct page	*page;
	struct loop	loop;
	struct host_facts host;
	uint64_t	boot;
	int		edges[EDGE__MAX][2];
	struct child	child[ROOM__MAX];
	struct groups	groups;
	struct heard	heard;
	int		proc_sock, control_sock, log_dir, flight_dir, state_dir, state_lock, notify_sock, diag_sock, sense[SENSE__MAX];
	int		ways_sock, metrics_dir;	/* of the record process, see outlets.h; -1: not wanted */
	bool		proc_filter;
	gid_t		admins;
	struct audit_link audit;
	const struct policy *policy;
	int		policy_fd;
	uint64_t	generation;
	bool		prune;		/* old places go once the gate has the new policy */
	struct marked	marked[MARKED_MAX];
	unsigned	n_marked;
	struct mounted	mounted[MOUNTED_MAX];
	unsigned	n_mounted;	/* may exceed what is kept */
	struct place	place[PLACES_MAX];
	unsigned	n_places;
	bool		places_due;	/* something on their way has changed; not before */
	uint64_t	places_next_ns;
	struct fact_opener facts;
	struct helper	helper;
	struct loaded	*loaded;	/* shared with the helper */
	struct trial	trial;
	struct rotating	rotating;
	size_t		objections;	/* what the policy at start would take from the host */
	struct terms	*terms;		/* what correlations have learnt: the gate writes, the record process keeps it */
	struct source	signals, tick, mounts, plan, gate_sock, watch_sock, record_sock, exec_backstop, open_backstop;
	bool		backstop_reads;	/* no gate lives: we are the one reader */
	struct self	self;
	struct told	told[TOLD_MAX];
	unsigned	n_told;
	uint64_t	told_number, told_sent;	/* last one kept, last one sent to the present record process */
	uint64_t	told_to_ns;	/* start of that process */
	uint64_t	second_ns;	/* last one-second round */
	uint64_t	proc_events;	/* at that round */
	uint64_t	watchdog_ns, watchdog_last_ns;	/* period of pings to the service manager, 0 none; the last one */
	bool		ready, stopping;
	_Alignas(8) char buffer[WIRE_MAX];
};

#endif
