#ifndef JUDGE_MATCH_H
#define JUDGE_MATCH_H
/* One condition against one event. */
#include "judge/judge.h"
#include "policy/layout.h"

/*
 * STRICT: for what lets through (allow rules, exceptions): a list that was cut or could not be read, in which a value was not found, is
 * then unknown for good, and unknown never lets through. For what forbids it is simply not found, so that `not` holds. NEEDS gets the
 * bits of what was not fetched yet.
 *
 * A text that is too hard for a regular expression leaves the condition unknown for good, too, whatever it is for, and NEEDS gets
 * MATCH_TOO_HARD: there is nothing to fetch. Whoever made the text must not gain by it: what lets through does not, and what forbids does,
 * as if it had matched, also where the condition is negated or takes something away.
 */
#define MATCH_TOO_HARD (1u << 31)
enum truth match_condition(const struct policy *, const struct l_condition *, const struct event *, bool strict, uint32_t *needs);

/* Was the list or text of a field cut, so that "not found" proves nothing? */
bool	match_was_cut(const struct event *, enum field);

#endif
