#ifndef CTL_TRACE_H
#define CTL_TRACE_H
/* Why the judge said so: each rule that matched, and those that one condition kept from matching. */
#include <jansson.h>
#include "judge/judge.h"

struct trace_subject {			/* a rule, or an exception */
	bool		 exception;
	unsigned	 index;
	enum truth	 truth;
	unsigned	 met, failed;	/* conditions that it needs */
	size_t		 blocker;	/* step of the one that failed, where FAILED is 1 */
	size_t		 steps;		/* first of its steps */
};

struct trace {
	const struct policy *policy;
	struct verdict	 verdict;
	struct judge_step *step;
	size_t		 n_steps, room;
	struct trace_subject *subject;
	size_t		 n_subjects, subject_room;
	bool		 failed;	/* no memory: not all is here */
};

/* Judges EV by POLICY, which must live as long as the trace. All that EV does not say is taken as absent. */
int	trace_judge(struct trace *, const struct policy *, struct event *);
void	trace_done(struct trace *);
/* Prints rules that matched, exceptions that covered them, and near misses. */
void	trace_show(const struct trace *);
/* "deny by rule x (enforce)" and the like. */
void	trace_verdict(const struct trace *, char *out, size_t size);
/* Name of the deciding rule; "" if none. */
const char *trace_decider(const struct trace *);
json_t	*trace_json(const struct trace *);

#endif
