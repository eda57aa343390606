#ifndef POLICY_HINGE_H
#define POLICY_HINGE_H
/* Which conditions the rules hang on (policy/index.h). */
#include "policy/build.h"

/* RULE hangs on a condition, which stands for all that say the same. */
struct hinge {
	uint32_t	stage;		/* enum l_stage */
	uint32_t	condition, rule;
	uint32_t	clued;		/* it has clues, which cover it */
};

/*
 * All hinges, in order of stage, condition and rule. A rule that hangs on nothing in a stage has none there. Also tells each condition
 * which one is the first to say the same.
 */
void	hinges_find(struct build *, struct table *hinges);

#endif
