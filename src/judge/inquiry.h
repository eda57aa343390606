#ifndef JUDGE_INQUIRY_H
#define JUDGE_INQUIRY_H
/* One event under one policy, and what was found out about it: no condition is looked at twice, as long as there is room. */
#include "judge/judge.h"
#include "policy/layout.h"

#define ANSWERS 64

/* To begin with, only the first three are set. */
struct inquiry {
	const struct policy	*p;
	const struct event	*ev;
	enum judge_view		 view;
	struct { uint32_t question, needs; enum truth truth; } answer[ANSWERS];	/* question 0: none */
};

/* Is a field part of the view? In one of the object, what another process or act may make true or false is not known. */
bool	inquiry_shows(const struct inquiry *, enum field);

/* As match_condition(); of what is no part of the view nothing is known, and it needs nothing. */
enum truth inquiry_ask(struct inquiry *, const struct l_condition *, bool strict, uint32_t *needs);

#endif
