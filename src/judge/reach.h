#ifndef JUDGE_REACH_H
#define JUDGE_REACH_H
/* What can become of a whole condition of a rule or an exception, given that others are true. As sound and as incomplete as imply.h. */
#include "judge/imply.h"

#define PREMISE_MAX	128

/* What is taken to be true: all of these conditions, and none of these groups as a whole. */
struct premise {
	const struct l_condition *c[PREMISE_MAX];
	unsigned		 n;
	const struct l_group	*not[GROUPS_MAX];
	unsigned		 n_not;
};

/* Groups that are true, and groups that are false, whenever the whole is true: a bit each. */
struct demand { uint64_t yes, no; };
struct demand reach_demand(const struct policy *, const struct l_logic *);

/* Adds what is true whenever L is. What finds no room is left out, and less can be proved. */
void	premise_add(const struct policy *, struct premise *, const struct l_logic *l);

/* Given all of it, C is true. */
bool	premise_implies(const struct imply *, const struct premise *, const struct l_condition *c);

/* All of it cannot be true at once. CULPRIT: which two conditions; see imply_contradiction(). */
bool	premise_fails(const struct imply *, const struct premise *, const struct l_condition *culprit[static 2]);

/* Group G, given all of it; the whole of L. */
enum truth reach_group(const struct imply *, const struct premise *, const struct l_group *g);
enum truth reach(const struct imply *, const struct premise *, const struct l_logic *l);

#endif
