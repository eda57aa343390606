#ifndef POLICY_DRAFT_H
#define POLICY_DRAFT_H
/* What the files say, section by section, before anybody asks what it means. */
#include "policy/policy.h"
#include "policy/pool.h"

enum section_kind { SECTION_POLICY, SECTION_LIST, SECTION_RULE, SECTION_EXCEPTION, SECTION_CORRELATION, SECTION_TEST, SECTION__MAX };

struct draft_text { const char *text; int line; struct draft_text *next; };
struct draft_key { const char *key; int line; struct draft_text *text, **end; bool used; struct draft_key *next; };

struct draft_section {
	enum section_kind kind;
	const char	*name, *file, *ruleset;
	int		 line;
	struct draft_key *keys, **end;
	struct draft_section *policy;	/* [policy] of the same file, or NULL */
	void		*compiled;	/* of the compiler */
	bool		 busy;		/* lists: being expanded */
	struct draft_section *next;
};

struct draft {
	struct pool	 pool;
	struct names	 lists, rules, exceptions;	/* name -> struct draft_section */
	struct draft_section *sections, **end;
	struct faults	*faults;
	char		 hash[65];	/* SHA-256 over all texts, hex */
	void		*hashing;
};

/* Reads all files that SOURCES name. 0 or -errno; faults are collected in D->faults. */
int	draft_read(struct draft *, const struct policy_sources *);
int	draft_read_text(struct draft *, const char *name, const char *text, size_t len);
void	draft_done(struct draft *);

/* The key, marked as used; NULL if it is not there. */
struct draft_key *draft_key(struct draft_section *, const char *key);
/* Its text, continuation lines joined by blanks; "" without the key. */
const char *draft_whole(struct draft *, struct draft_section *, const char *key);

/*
 * The values of a key, split at commas; "quoted, values" keep theirs, "" is a quote inside. Calls FN for each; stops at the
 * first result but 0. @lists are not expanded here.
 */
typedef int draft_value_fn(void *arg, const char *value, int line);
int	draft_values(struct draft *, const struct draft_section *, const struct draft_key *, draft_value_fn *, void *arg);

#endif
