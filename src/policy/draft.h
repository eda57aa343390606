#ifndef POLICY_DRAFT_H
#define POLICY_DRAFT_H
/* What the files say, section by section, before anybody asks what it means. */
#include <sodium.h>
#include "policy/policy.h"
#include "policy/pool.h"

enum section_kind { SECTION_POLICY, SECTION_LIST, SECTION_RULE, SECTION_EXCEPTION, SECTION_CORRELATION, SECTION_TEST, SECTION__MAX };

struct draft_text { const char *text; int line; struct draft_text *next; };
/* FILE: of values, where it stands; NULL: where its key does. QUOTED: text, never the name of a list. TOLD: it is known to be wrong. */
struct draft_value { const char *value, *file; int line; bool quoted, told; struct draft_value *next; };
struct draft_key {
	const char	*key;
	int		 line;
	struct draft_text *text, **end;	/* lines as written */
	struct draft_value *values;	/* once they were split */
	bool		 split, bad, used;	/* bad: they could not be, which was told */
	struct draft_key *next;
};

struct draft_section {
	enum section_kind kind;
	const char	*name, *file, *ruleset;
	int		 line;
	struct draft_key *keys, **end;
	struct draft_section *policy;	/* [policy] of the same file, or NULL */
	struct draft_value *filed;	/* lists: values of its files */
	struct draft_text *notes;	/* and what they are */
	bool		 busy, used;	/* lists: being expanded; some condition needs it */
	struct draft_section *next;
};

/* A file that was read. */
struct draft_file { const char *path; char hash[65]; struct draft_file *next; };

struct draft {
	struct pool	 pool;
	struct names	 lists, rules, exceptions;	/* name -> struct draft_section */
	struct draft_section *sections, **end;
	struct draft_file *files, **files_end;
	struct faults	*faults;
	size_t		 filed;		/* values that came from files */
	crypto_hash_sha256_state hashing;	/* over all texts */
};

#define VALUES_FILE_MAX	(32u << 20)	/* bytes of one file of values */
#define VALUES_MAX	500000u		/* in all of them */
#define DRAFT_HASH	65		/* SHA-256 in hex, terminated */

/* D stays where it is from now on. */
void	draft_begin(struct draft *, struct faults *);
/* Reads all files that SOURCES name. 0 or -errno; faults are collected in D->faults. */
int	draft_read(struct draft *, const struct policy_sources *);
int	draft_read_text(struct draft *, const char *name, const char *text, size_t len);
/* The files that a list names in `values_file`: one value a line, or the first column of a file.csv. 0 or -ENOMEM; faults are collected. */
int	draft_read_values(struct draft *, struct draft_section *list);
/* LEN bytes of PATH were read and count. PATH lives as long as D. 0 or -ENOMEM. */
int	draft_hear(struct draft *, const char *path, const char *text, size_t len);
/* Of all that was read; once. */
void	draft_hash(struct draft *, char hex[static DRAFT_HASH]);
void	draft_done(struct draft *);

/* The key, marked as used; NULL if it is not there. */
struct draft_key *draft_key(struct draft_section *, const char *key);
/* Its text, continuation lines joined by blanks; "" without the key. */
const char *draft_whole(struct draft *, struct draft_section *, const char *key);

/*
 * The values of a key, split at commas; "quoted, values" keep theirs, "" is a quote inside. @lists are not expanded here. What is
 * wrong with them is told the first time, however often they are asked for.
 */
struct draft_value *draft_values(struct draft *, const struct draft_section *, struct draft_key *);

#endif
