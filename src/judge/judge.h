#ifndef JUDGE_JUDGE_H
#define JUDGE_JUDGE_H
/*
 * The one judge: gate, telemetry, [test] sections, `yettctl explain` and replay all call it, so a rule means one thing.
 * Pure: no clock but the event's, no descriptor, no allocation, no state. Deny if an enforcing deny rule matches and no
 * exception covers it; else allow if an allow rule matches; else the default of the event class. Actions of all matching rules add up.
 */
#include "event/event.h"
#include "event/verdict.h"
#include "policy/policy.h"

/*
 * Judges EV by POLICY. If a rule hangs on a value that nobody has fetched, VERDICT->needs names the cheapest such values and nothing
 * else is to be used: fetch them, or set their bits in EV->tried, and judge again. A rule that some known condition already
 * refutes never asks. With all bits in EV->tried the first verdict is final.
 */
void	judge(const struct policy *, const struct event *, struct verdict *);

/*
 * Adds a correlation that came true (judge/correlate.h) to a verdict that judge() gave, as if it were a rule that matched. Returns 0, or
 * what an exception for it hangs on: fetch it, or set its bits in EV->tried, and call again.
 */
uint32_t judge_add(const struct policy *, const struct event *, struct verdict *, unsigned rule);

/*
 * Is the answer about the file of EV yes without a trace, whoever asks? Only conditions on the object are looked at: file.*, and on exec
 * the program that is started. A loader is asked about after its program, so of its rules only those count that speak of files.
 */
bool	judge_of_object(enum field, enum event_kind);
enum judge_view { VIEW_ALL, VIEW_OBJECT, VIEW_LOADER };
bool	judge_always_allows(const struct policy *, const struct event *, enum judge_view);
/* What rules may come to ask about the object of EV, depending on who asks: enum event_have. */
uint32_t judge_object_needs(const struct policy *, const struct event *);

/* What became of one condition; for `why`, `explain` and tests. */
enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN };
struct judge_step {
	bool		 exception;	/* index is of an exception, not of a rule */
	unsigned	 index;
	const char	*group;		/* "selection", "filter", ... */
	const char	*key;		/* as written, e.g. "not process.executable|contains"; NULL: the rule as a whole */
	const char	*values;	/* as written */
	int		 line;
	enum truth	 truth;
	bool		 too_hard;	/* why a condition is unknown: a text took too long for a regular expression */
};
typedef void judge_trace(void *arg, const struct judge_step *);

/* The same, telling every step of every rule that the event's kind asks. */
void	judge_explain(const struct policy *, const struct event *, struct verdict *, judge_trace *, void *arg);

/* Puts the verdict into words for the record: TEXT_RULE and friends of REPORT->event, numbers of REPORT. */
void	judge_report(const struct policy *, const struct verdict *, struct report *);

#endif
