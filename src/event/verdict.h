#ifndef EVENT_VERDICT_H
#define EVENT_VERDICT_H
/* What the judge says, and what the record is told of it. */
#include "event/event.h"

enum decision { DECISION_ALLOW, DECISION_DENY };
enum mode { MODE_MONITOR, MODE_ENFORCE };
enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };

enum action {
	ACTION_ALLOW		= 1 << 0,
	ACTION_DENY		= 1 << 1,
	ACTION_ALERT		= 1 << 2,
	ACTION_LOG		= 1 << 3,
	ACTION_KILL		= 1 << 4,
	ACTION_KILL_PARENT	= 1 << 5,
	ACTION_KILL_TREE	= 1 << 6,
	ACTION_SUSPEND		= 1 << 7,
};
#define ACTION_ALL	((1u << 8) - 1)

/* Who settled it. */
enum settled { SETTLED_DEFAULT, SETTLED_RULE, SETTLED_OWN, SETTLED_DEADLINE, SETTLED_BACKSTOP, SETTLED__MAX };

#define VERDICT_MATCHED_MAX	16
#define VERDICT_FED_MAX		16

struct verdict {
	uint8_t		decision;	/* enum decision: what the kernel is told */
	uint8_t		would;		/* enum decision: what would be told if everything enforced */
	uint8_t		mode;		/* enum mode of the deciding rule, of the agent by default */
	uint8_t		settled;	/* enum settled */
	uint8_t		severity;	/* enum severity, the highest of the matching rules */
	uint8_t		cut;		/* more rules matched than fit below */
	uint16_t	actions;	/* enum action: all matching rules that may act in their mode */
	uint16_t	would_actions;	/* those of rules that are only monitored */
	int16_t		decider;	/* rule index, -1 none */
	int16_t		exception;	/* exception that covered a rule, -1 none */
	uint16_t	matches;
	uint16_t	matched[VERDICT_MATCHED_MAX];	/* rule indices in order of name */
	int16_t		best_deny, best_would, best_allow;	/* rule indices, -1 none: of those, decider is one */
	uint16_t	n_fed;
	uint16_t	fed[VERDICT_FED_MAX];	/* matching rules that correlations count */
	uint32_t	labels;		/* that matching rules give to the process, in whatever mode: bits of policy_label() */
	uint16_t	too_hard;	/* 1 + index of the first rule with a regular expression that took too long; 0 none */
	uint32_t	needs;		/* enum event_have: fetch these, or mark them tried, and judge again;
					   0 = the verdict is final */
};

enum report_kind { REPORT_ALERT, REPORT_EVENT, REPORT_STATE, REPORT__MAX };

/*
 * What goes to the record process: the verdict in words (TEXT_RULE... of the event) and numbers.
 * `event` is last because only its used part is sent.
 */
struct report {
	uint64_t	number;		/* of the sender, rising; the record process acknowledges it */
	uint64_t	to_ns;		/* start of the record process it is sent to: what waits for a dead one is sent again */
	uint8_t		kind;		/* enum report_kind */
	uint8_t		decision, would, mode, settled, severity;
	uint16_t	actions;	/* taken */
	uint32_t	latency_us;	/* from taking the event to the answer */
	uint32_t	unused_;
	/* A summary of alerts that have no record of their own; the other members are those of the first one, which has. repeated 0: none */
	uint64_t	repeated;	/* how many */
	uint64_t	first_ns, last_ns;	/* wall clock, of these */
	uint64_t	root;		/* entity of the eldest of the process tree, 0 unknown; with its pid, of alerts and events */
	int32_t		root_pid;
	uint32_t	unused2_;
	struct event	event;
};

size_t	report_wire_size(const struct report *);
/* As event_from_wire(). */
int	report_from_wire(struct report *, const void *buf, size_t len);

const char *report_kind_name(enum report_kind);
const char *decision_name(enum decision);
const char *severity_name(enum severity);
int	severity_find(const char *name);	/* -1 */
const char *settled_name(enum settled);
/* Names of one action bit; action_find returns the bit or 0. */
const char *action_name(enum action);
unsigned action_find(const char *name);

#endif
