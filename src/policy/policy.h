#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H
/*
 * A policy in force: one immutable, position-free block of memory, compiled from INI files, sealed in a memfd, mapped
 * read-only by whoever judges. It is replaced by pointer, never edited.
 */
#include <sys/types.h>
#include "base/fault.h"
#include "event/event.h"
#include "event/field.h"
#include "event/verdict.h"

struct policy;				/* policy/layout.h: for judge and policy only */

/* Where policies come from. A file in `policies` replaces the one of the same name in `vendor_policies`; a link to
 * /dev/null switches it off. Either may be NULL or absent. Files end in .ini and are read in order of name. */
struct policy_sources {
	const char	*vendor_policies, *policies;
	/* A text that is no file there yet, or not this one: it takes the place of the file of its name. NAME NULL: none. */
	struct { const char *name, *text; size_t len; } instead;
	enum mode	 mode;		/* of the agent: no rule acts more strongly */
	enum decision	 exec_default, open_default;
	/* The judge, which runs the [test] sections: judge() of judge/judge.h, which this room may not include. */
	void		(*judge)(const struct policy *, const struct event *, struct verdict *);
};

/*
 * Reads, checks, compiles, runs the [test] sections, and seals the result into a new memfd. All errors are collected: on any
 * error nothing is compiled; a test of vendor_policies that fails beside what an admin added is a warning. Returns the descriptor,
 * or -EINVAL with faults, or -errno. Also snapshots /etc/passwd and /etc/group (without NSS) and the loaders of this host (ld.so).
 * Allocates, opens files: never call it in the gate.
 */
int	policy_build(const struct policy_sources *, struct faults *);

/* The same for one text or file given by name, for `policy check PATH`, tests and fuzzing. TEXT of LEN bytes; NAME is for faults. */
int	policy_build_text(const struct policy_sources *, const char *name, const char *text, size_t len, struct faults *);

/*
 * P again, in a new memfd, as it is when the agent is in MODE: texts are not read again, so a policy that has become wrong on disk
 * cannot keep anybody from changing the mode. The descriptor, or -errno.
 */
int	policy_in_mode(const struct policy *p, enum mode);

/*
 * Maps a compiled policy; every offset in it is proved, and its regular expressions are compiled. Returns 0, or -EBADMSG for one that is
 * not whole or of another version.
 */
int	policy_open(int fd, const struct policy **);
void	policy_close(const struct policy *);

/* What it asks of the sensors: bit per enum event_kind that some rule names. */
uint64_t policy_kinds(const struct policy *);
/* What rules and exceptions of such events speak of: enum event_have. */
uint32_t policy_hangs_on(const struct policy *, enum event_kind);
enum mode policy_mode(const struct policy *);
unsigned policy_rules(const struct policy *);
/* SHA-256 over the texts of all files it was compiled from, hex, 64 characters. */
const char *policy_hash(const struct policy *);

/* The files that it was made of, in the order they were read; HASH: SHA-256 of the bytes that were read, hex. */
unsigned policy_files(const struct policy *);
const char *policy_file(const struct policy *, unsigned i, const char **hash);

struct rule_info {
	const char	*name, *ruleset, *description, *message, *technique, *file;	/* "" if none; ruleset: file name without .ini */
	int		 line;
	uint64_t	 kinds;		/* bit per enum event_kind */
	uint16_t	 actions;	/* enum action */
	enum severity	 severity;
	enum mode	 mode;		/* in force, after [policy] mode and agent mode */
	bool		 correlation;	/* of other rules; it has no conditions of its own */
	uint32_t	 labels;	/* that it gives: bit per policy_label() */
};
/* Strings live as long as the policy. */
void	policy_rule(const struct policy *, unsigned rule, struct rule_info *);
/* Name, reason and expiry ("" never) of an exception. */
void	policy_exception(const struct policy *, unsigned exception, const char **name, const char **reason);

/* The labels that its rules give to processes, by number. */
#define LABELS_MAX	32
#define LABEL_NAME_MAX	64	/* terminated */
unsigned policy_labels(const struct policy *);
const char *policy_label(const struct policy *, unsigned i);

/* Names of users and groups when it was compiled; "" unknown. */
const char *policy_user(const struct policy *, uint32_t uid);
const char *policy_group(const struct policy *, uint32_t gid);

/* Is this file a dynamic loader of the host (device, inode)? */
bool	policy_loader(const struct policy *, uint64_t dev, uint64_t ino);

/*
 * What the rules on files need to be seen: the smallest set of places for each event. A directory covers its entries only, a tree
 * everything below, EVERYTHING all of it. A rename is seen where either of its names lies; where a rule asks for both, in the tree.
 */
enum watch_kind { WATCH_FILE, WATCH_DIRECTORY, WATCH_TREE, WATCH_EVERYTHING };
enum watch_event {			/* OPENS: open and write. ASKED: what is asked about at an open; of the others we only hear */
	WATCH_OPENS = 1 << 0, WATCH_CREATE = 1 << 1, WATCH_RENAME = 1 << 2, WATCH_DELETE = 1 << 3, WATCH_CHMOD = 1 << 4,
	WATCH_LOADS = 1 << 5, WATCH_SCRIPTS = 1 << 6, WATCH_MODIFY = 1 << 7,
	WATCH_ALL = (1 << 8) - 1, WATCH_ASKED = WATCH_OPENS | WATCH_LOADS | WATCH_SCRIPTS, WATCH_HEARD = WATCH_ALL & ~WATCH_ASKED,
	WATCH_FACTS = 1 << 8, WATCH_WAYS = 1 << 9	/* of event/fact.def, which no rule names; where their directories are made */
};
struct watch_place { enum watch_kind kind; const char *path; unsigned events; };	/* path absolute, without a trailing slash */
/* The events of these kinds (bit per enum event_kind), and back. */
unsigned policy_watch_events(uint64_t kinds);
uint64_t policy_watch_kinds(unsigned events);
unsigned policy_places(const struct policy *);
void	policy_place(const struct policy *, unsigned i, struct watch_place *);

#endif
