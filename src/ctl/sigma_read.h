#ifndef CTL_SIGMA_READ_H
#define CTL_SIGMA_READ_H
/*
 * YAML of strangers as a tree. What a file may cost is bounded before it is believed: bytes, documents, levels, and nodes with each
 * alias counted as often as it is used. Only what libyaml calls events is read: no tags, no types, no merge keys.
 */
#include <stdbool.h>
#include <stddef.h>
#include "policy/pool.h"

#define SIGMA_FILE_MAX	(1u << 20)	/* bytes */
#define SIGMA_DOCS_MAX	512
#define SIGMA_DEPTH	24		/* levels; an alias has those of what it stands for */
#define SIGMA_NODES	20000		/* of a document */
#define SIGMA_KEYS	1000		/* of a map */

enum sigma_kind { SIGMA_SCALAR, SIGMA_LIST, SIGMA_MAP };

struct sigma_tree {
	enum sigma_kind	 kind;
	bool		 null;			/* scalar: nothing, ~ or null, without quotes */
	int		 line;
	unsigned	 weight, height;	/* nodes and levels from here on */
	const char	*key;			/* as a member of a map */
	const char	*text;			/* scalar */
	struct sigma_tree *first, *last, *next;	/* members */
};

/* The documents of a text, joined by `next`; NULL with WHY, which is terminated. All of it lives in the pool. */
struct sigma_tree *sigma_read(struct pool *, const char *text, size_t len, char *why, size_t n);

/* The member of a map that has this key; NULL: there is none, or it is no map. */
const struct sigma_tree *sigma_find(const struct sigma_tree *, const char *key);
/* The text of a scalar member; NULL: there is none, or it is null or no scalar. */
const char *sigma_text(const struct sigma_tree *, const char *key);

/*
 * A map with the members of BASE, those of OVER in their place, maps of both merged again: "action: global". BASE may be NULL. BUDGET is
 * what is left of the nodes that merging may make; NULL: it is used up.
 */
struct sigma_tree *sigma_merge(struct pool *, const struct sigma_tree *base, const struct sigma_tree *over, unsigned *budget);

/* Memory: never NULL. Without any there is nothing left to say, and the program ends. */
void	sigma_no_memory(void) __attribute__((noreturn));
void	*sigma_take(struct pool *, size_t n);
char	*sigma_copy(struct pool *, const char *s, size_t len);
const char *sigma_print(struct pool *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
