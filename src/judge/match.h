#ifndef JUDGE_MATCH_H
#define JUDGE_MATCH_H
/* One condition against one event. */
#include "judge/judge.h"
#include "policy/layout.h"

/*
 * STRICT: for what lets through (allow rules, exceptions): a list that was cut or could not be read, in which a value was not found, is
 * then unknown for good, and unknown never lets through. For what forbids it is simply not found, so that `not` holds. NEEDS gets the
 * bits of what was not fetched yet.
 */
enum truth match_condition(const struct policy *, const struct l_condition *, const struct event *, bool strict, uint32_t *needs);

#endif
