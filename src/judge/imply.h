#ifndef JUDGE_IMPLY_H
#define JUDGE_IMPLY_H
/*
 * What conditions say of each other, whatever happens. Sound and not complete: false means that it could not be proved. Values are
 * looked at by match_condition(), so a condition means here what it means in a verdict.
 */
#include "policy/layout.h"

struct imply {
	const struct policy	*p;
	enum event_kind		 kind;	/* of the events that it is about */
	struct event		*ev;	/* scratch */
};

/* True of every event of the kind; of none. */
bool	imply_always(const struct imply *, const struct l_condition *);
bool	imply_never(const struct imply *, const struct l_condition *);
/* Whenever A is true, B is. */
bool	imply(const struct imply *, const struct l_condition *a, const struct l_condition *b);

/* No event of the kind meets all N conditions. CULPRIT: two that cannot be met together; twice the same: one that cannot be met at all. */
bool	imply_contradiction(const struct imply *, const struct l_condition *const *c, unsigned n, unsigned culprit[static 2]);

#endif
