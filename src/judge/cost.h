#ifndef JUDGE_COST_H
#define JUDGE_COST_H
/* What a rule asks of the kernel, and which answers it lets the kernel remember. Pure. */
#include "event/field.h"
#include "policy/policy.h"

/* What has to be marked or asked for, so that its events are heard at all. */
enum rule_marks { MARKS_EXEC = 1 << 0, MARKS_OPEN = 1 << 1, MARKS_PROC = 1 << 2, MARKS_AUDIT = 1 << 3, MARKS_FILES = 1 << 4,
	MARKS_PACKETS = 1 << 5, MARKS_DEVICES = 1 << 6, MARKS_FACTS = 1 << 7 };

struct rule_cost {
	unsigned	 marks;		/* enum rule_marks; 0: of a correlation, which its rules pay for */
	/* Condition that names the files which an exec has to be of, as written; NULL: it is asked about every exec. */
	const char	*key, *values;
	/*
	 * Nothing but the file of an exec is asked about, so all answers can be remembered that leave no trace. Else these fields are why
	 * not, a bit each; where files are named, the answers about others can still be remembered.
	 */
	bool		 cacheable;
	field_mask	 subject, event;
	unsigned	 regexes;	/* regular expressions that it may have to look for */
	bool		 fed;		/* a correlation counts its matches */
	bool		 silent;	/* it only allows: also what it matches is remembered */
};

void	rule_cost(const struct policy *, unsigned rule, struct rule_cost *);

/* Places of its events on files, as policy_place() for that rule alone. */
unsigned rule_places(const struct policy *, unsigned rule);
void	rule_place(const struct policy *, unsigned rule, unsigned i, struct watch_place *);

#endif
