#ifndef CTL_SIGMA_H
#define CTL_SIGMA_H
/*
 * Sigma rules as policies: what the parts of the importer share. The way of a rule:
 *   sigma_read.c       YAML to a tree
 *   sigma_rules.c      documents to rules, and what is done with each
 *   sigma_condition.c  `condition` to logic over the names of groups
 *   sigma_field.c      log source to the events that tell of it, and its fields to ours; sigma_audit.c: those of auditd
 *   sigma_detect.c     each group of `detection` to logic over tests, for one kind of event; sigma_value.c, sigma_text.c: its values
 *   sigma_logic.c      what of it can be said there
 *   sigma_write.c      as text, sigma_group.c its conditions; sigma_correlate.c: correlations; sigma_check.c: does it load?
 * Everything lives in one pool.
 */
#include <stdint.h>
#include "ctl/sigma_read.h"

/* How a field is compared; the modifiers of yett-policy(5) but for all and nocase. */
enum sigma_how {
	SIGMA_EQUALS, SIGMA_CONTAINS, SIGMA_STARTS, SIGMA_ENDS, SIGMA_RE, SIGMA_CIDR, SIGMA_EXISTS, SIGMA_GT, SIGMA_GTE, SIGMA_LT,
	SIGMA_LTE, SIGMA_BASE64OFFSET, SIGMA_FIELDREF, SIGMA_HOW__MAX
};

/* Texts, in order. */
struct sigma_line { const char *text; uint32_t hash; struct sigma_line *next; };
struct sigma_lines { struct sigma_line *first, *last; unsigned n; };
/* Adds TEXT unless it is there. */
void	sigma_line_add(struct pool *, struct sigma_lines *, const char *text);

/* A condition of a policy. Values are patterns of yett-policy(5), not yet quoted for a file. FLAGS of a regular expression; NULL: none. */
struct sigma_test { const char *field; enum sigma_how how; const char *flags; bool all, nocase; struct sigma_lines values; };

/*
 * Truths that are constants: ELSEWHERE is what another kind of event tells; CANNOT, what yett cannot say, with the reason in `text`.
 * A BLOCK is a group of the rule, named by `text`. AND and OR with a text were written as "all of TEXT" and "1 of TEXT".
 */
enum sigma_op { SIGMA_TRUE, SIGMA_FALSE, SIGMA_ELSEWHERE, SIGMA_CANNOT, SIGMA_TEST, SIGMA_BLOCK, SIGMA_NOT, SIGMA_AND, SIGMA_OR };
struct sigma_logic {
	enum sigma_op	 op;
	bool		 all;			/* BLOCK of a list: every text of it is meant, not one */
	const char	*text;
	const struct sigma_test *test;
	struct sigma_logic *first, *last, *next;	/* operands */
};
struct sigma_logic *sigma_logic_new(struct pool *, enum sigma_op, const char *text);
struct sigma_logic *sigma_logic_test(struct pool *, const struct sigma_test *);
/* OPERAND has no place yet. */
void	sigma_logic_add(struct sigma_logic *, struct sigma_logic *operand);
/* The operand negated. */
struct sigma_logic *sigma_logic_not(struct pool *, struct sigma_logic *);
/*
 * Without constants, unless it is one. An alternative that cannot be said is left out where there are others, and told in LEFT; what
 * is excluded must be said whole.
 */
struct sigma_logic *sigma_logic_settle(struct pool *, const struct sigma_logic *, struct sigma_lines *left);
bool	sigma_logic_same(const struct sigma_logic *, const struct sigma_logic *);

/* count(FIELD) by BY > or >= NUMBER within a timeframe, as conditions had it once. */
struct sigma_count { bool there; const char *field; struct sigma_lines by; bool more; unsigned number; };
/*
 * The `condition` of a detection over BLOCKs that are still empty; what it counts goes to COUNT. NULL with WHY.
 */
struct sigma_logic *sigma_condition(struct pool *, const struct sigma_tree *detection, struct sigma_count *, const char **why);

/* "field|modifier|...": the key of a test in a policy. */
const char *sigma_key(struct pool *, const struct sigma_test *);

/* One rule of the policy that is made. */
struct sigma_made {
	const char	*name;
	uint64_t	 kinds;
	const struct sigma_logic *logic;
	struct sigma_made *next;
};

enum sigma_doc { SIGMA_DOC_RULE, SIGMA_DOC_CORRELATION, SIGMA_DOC_FILTER, SIGMA_DOC_BROKEN };

/* A document, and what became of it. */
struct sigma_rule {
	enum sigma_doc	 doc;
	unsigned	 source;		/* index of the file it is from */
	const char	*file, *title, *id, *name;	/* title is always there */
	const struct sigma_tree *tree;
	struct sigma_logic *condition;		/* over blocks that are empty */
	const struct sigma_view *view;		/* the first in which it was seen */
	const char	*reason;		/* NULL: it was converted */
	struct sigma_lines notes, left, lacks;	/* what to know; what was left out; what this version lacks for it */
	struct sigma_made *made;
	struct sigma_count count;
	struct sigma_join *joins;		/* of a correlation: what it joins */
	const char	*correlation;		/* name of the one that it is, or counts with */
	const char	*text;			/* as INI */
	bool		 counted, fed;		/* it only feeds correlations; there is one */
	bool		 apart;			/* one of them comes from another file */
	unsigned	 everywhere;		/* enum watch_event: of these it names no places */
	struct sigma_rule *next;
};
struct sigma_join { struct sigma_rule *rule; struct sigma_join *next; };

/* All that is imported together. */
struct sigma_import {
	struct pool	*pool;
	struct sigma_rule *first, **end;
	const char *const *expand;		/* NAME=VALUE,... for |expand */
	unsigned	 n_expand, sources;
	struct names	 names;			/* of rules that were made */
	int		 knows_re, knows_correlation;	/* does this version? 0: not asked yet, 1, -1 */
};

/* Adds the documents of a file. LEN bytes of TEXT need no terminator. */
void	sigma_add(struct sigma_import *, const char *file, const char *text, size_t len);
/* Adds a file that could not be read, and why. */
void	sigma_add_broken(struct sigma_import *, const char *file, const char *why);
/* Converts all of them. */
void	sigma_convert(struct sigma_import *);
/* Tries what was made on the compiler of policies: a text that it refuses becomes a reason, or a lack of this version. */
void	sigma_check(struct sigma_import *);

#endif
