#ifndef JUDGE_LINT_H
#define JUDGE_LINT_H
/*
 * What is valid in a policy and yet hardly meant: rules that can never match or add nothing, values that meet everything or nothing,
 * exceptions that cover nothing. Pure. What cannot be proved is not told, so a warning is always about something real. Of more
 * than 2048 rules, none is compared with another.
 */
#include "base/fault.h"
#include "policy/policy.h"

struct lint_ask {
	const struct policy *policy;
	uint64_t	 wall_ns;	/* now: exceptions expire */
	const char	*shipped;	/* directory whose lists are for others to use; NULL: none */
};
/* Each warning, in no order that means something. */
typedef void lint_fn(void *arg, const struct fault *);
/* Returns 0, or -ENOMEM, and then not all is told. */
int	lint(const struct lint_ask *, lint_fn *, void *arg);

#endif
