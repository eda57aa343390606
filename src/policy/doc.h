#ifndef POLICY_DOC_H
#define POLICY_DOC_H
/*
 * Policy files as sections of keys with lines, before anything is understood. Everything lives in one pool.
 *
 * Values of a key are separated by commas and by lines. A value that begins with a double quote ends with one, and may hold
 * commas, blanks at its ends and an @ at its begin; a doubled quote in it is a quote: "a, ""b""". A comma at the end of a line
 * that is continued adds nothing. Elsewhere quotes are letters: sh -c "x" is a value as it is.
 */
#include "base/fault.h"
#include "policy/pool.h"

#define DOC_KEYS	256	/* of one section */

struct doc_line { struct doc_line *next; const char *text; int line; };
struct doc_key { struct doc_key *next; const char *name; struct doc_line *lines, **end; int line; };
struct doc_section {
	struct doc_section *next;
	const char	*type, *name;		/* "rule", "web-shell"; name "" if none */
	const char	*file, *ruleset;
	int		 line;
	struct doc_key	*keys, **end;
	unsigned	 n_keys;
	bool		 monitor;		/* [policy] of this file says mode = monitor */
};
struct word { struct word *next; const char *s; size_t len; int line; bool quoted; };

struct doc {
	struct pool		 pool;
	struct doc_section	*sections, **end;	/* of all files, in order */
	struct faults		*faults;
	const char		*file, *ruleset;	/* being read */
	struct doc_section	*current;
	struct doc_key		*key;
};

/* Adds a text to the document. FILE is for faults; its last part without .ini is the ruleset. 0 or -errno. */
int	doc_read(struct doc *, const char *file, const char *text, size_t len);

/* The key named so, or NULL. */
const struct doc_key *doc_key(const struct doc_section *, const char *name);
/* The lines of a key joined with a blank; NULL: no memory. */
char	*doc_text(struct doc *, const struct doc_key *);
/* Its values in *WORDS. 0 or -ENOMEM; an empty or unfinished value is a fault, and a key without values too. */
int	doc_words(struct doc *, const struct doc_section *, const struct doc_key *, struct word **words);

/* A fault at a line of a section's file. */
#define doc_fault(doc, section, line, ...)	fault_add((doc)->faults, (section)->file, line, __VA_ARGS__)

#endif
