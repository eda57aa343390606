#ifndef JUDGE_TREE_H
#define JUDGE_TREE_H
/*
 * The process tree: who descends from whom, what each ran and runs. Fed by the proc connector, seeded from /proc.
 * One block of memory, mapped once, never grown. Pure: no descriptor, no clock; the caller brings facts.
 *
 * When it is full: dead processes without living descendants go first (oldest first); a dead ancestor whose program
 * appears again further up is folded away at once, because no ancestor condition can tell; living processes are never
 * evicted. An attacker who forks to fill it evicts only what is dead, and processes that find no place are counted and
 * judged with what /proc says.
 */
#include "event/event.h"

struct tree;

#define TREE_NODES	65536	/* processes alive or remembered */
#define TREE_NAMES	8192	/* distinct program paths */
#define TREE_PATH	256	/* bytes kept of a path; longer ones are cut and flagged */

/* Returns 0 or -errno. BOOT: 64 bits that name this boot, for entity ids. */
int	tree_new(struct tree **, uint64_t boot);
void	tree_free(struct tree *);
/* Forgets everything; counters stay. */
void	tree_clear(struct tree *);

struct tree_process {			/* what the caller knows of a process when seeding */
	int32_t		pid, ppid;
	uint64_t	start_ns;
	uint32_t	uid, ruid, gid, sid;	/* uid: the effective one */
	const char	*executable;	/* "" unknown */
	const char	*comm;
};

/* From /proc. A pid that is known with another start time is another process: the old one is dead. */
void	tree_seed(struct tree *, const struct tree_process *);
/* After a round of tree_seed(): every process not seen in it since tree_clear or the last sweep is dead. */
void	tree_seed_done(struct tree *);

/*
 * From the proc connector, in its order. EXE of tree_exec "" : unknown, ask again with tree_name(). Messages are late: EXE may be what the
 * process ran after the exec that this one is of. tree_exec() says so when the next message shows it: true, and what was pending then
 * is what it ran before.
 */
void	tree_fork(struct tree *, int32_t parent, int32_t child, uint64_t start_ns);
bool	tree_exec(struct tree *, int32_t pid, const char *exe, size_t len);
void	tree_exit(struct tree *, int32_t pid);
/* A further thread of PID is born or ends. A process ends with its last thread, not with its first. */
void	tree_thread(struct tree *, int32_t pid, bool born);
void	tree_uid(struct tree *, int32_t pid, uint32_t ruid, uint32_t uid);
void	tree_gid(struct tree *, int32_t pid, uint32_t gid);
void	tree_sid(struct tree *, int32_t pid);
void	tree_comm(struct tree *, int32_t pid, const char comm[16]);
/* Completes the program of a process that was unknown. */
void	tree_name(struct tree *, int32_t pid, const char *exe, size_t len);

/* What the gate saw asked for, until the EXEC message says that it happened. "" clears it. */
void	tree_pending(struct tree *, int32_t pid, const char *exe, size_t len);
const char *tree_pending_exe(const struct tree *, int32_t pid);

bool	tree_knows(const struct tree *, int32_t pid);
bool	tree_lives(const struct tree *, int32_t pid);
bool	tree_unnamed(const struct tree *, int32_t pid);	/* known, program unknown */
/* User and group of PID, which may have ended, into the process of EV, with HAVE_USER. Returns 0 or -ENOENT. */
int	tree_user(const struct tree *, int32_t pid, struct event *);
size_t	tree_program(const struct tree *, int32_t pid, char *exe, size_t size);	/* what PID runs, or ran at its end; 0: not known */
uint64_t tree_start_ns(const struct tree *, int32_t pid);	/* 0 unknown */
int32_t	tree_parent(const struct tree *, int32_t pid);		/* living or dead; 0 none */

/*
 * Fills process, parent, previous, ancestors and their texts of EV from EV->process.pid. On exec, TEXT_EXECUTABLE is what EV
 * already says and the caller's program becomes `previous`; else it is the program of the process, or what EV says where that is not
 * known. Returns 0 or -ENOENT. The program of EV->target is named in either case.
 */
int	tree_place(const struct tree *, struct event *);

/*
 * A word that stays with a process, and is found from all that descend from it, also when it is long gone. A process carries a few; the
 * oldest goes. SESSION: the eldest ancestor in the same session carries it, below init and kthreadd.
 */
void	tree_mark(struct tree *, int32_t pid, uint64_t mark, bool session);
/* The first mark that WANTED accepts, of PID or else of the nearest ancestor that has one; 0. */
typedef bool tree_mark_fn(void *arg, uint64_t mark);
uint64_t tree_marked(const struct tree *, int32_t pid, tree_mark_fn *wanted, void *arg);

/*
 * Labels, a bit each. PID has these from now on, and so has every process that it makes from now on; they stay over exec. One that is
 * found in /proc has those of its parent as it is known.
 */
void	tree_label(struct tree *, int32_t pid, uint32_t labels);
uint32_t tree_labels(const struct tree *, int32_t pid);
/* Bit I of all labels becomes bit TO[I]; 32: nobody asks for it any more. */
void	tree_relabel(struct tree *, const uint8_t to[static 32]);

/* The eldest ancestor of PID in the same session, below init and kthreadd, and its entity; itself, if there is none; 0: it is not known. */
int32_t	tree_root(const struct tree *, int32_t pid, uint64_t *entity);

/* Living descendants of PID, itself first, at most N. Returns how many there are (may exceed N). */
size_t	tree_descendants(const struct tree *, int32_t pid, int32_t *pids, size_t n);

struct tree_stats { uint64_t nodes, live, full, spliced, names, names_full; };
void	tree_stats(const struct tree *, struct tree_stats *);

/* Unique over boots: a keyed mix of boot, pid and start, never 0. */
uint64_t tree_entity(uint64_t boot, int32_t pid, uint64_t start_ns);

#endif
