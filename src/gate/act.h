#ifndef GATE_ACT_H
#define GATE_ACT_H
/* What follows a verdict besides the answer: signals through the warden, reports to record. */
#include "gate/state.h"

/* Does the verdict in hand leave a trace? Then its details are fetched while the process still waits. */
bool	act_leaves_trace(const struct verdict *);

/* After the answer: kills what the rules say, and reports. LATENCY: from question to answer. */
void	act(struct gate *, uint64_t latency_ns);

/* Tells something of yett itself, as a state record: WHAT a word, WHY a sentence. */
void	act_tell(struct gate *, const char *what, uint64_t count, const char *why);

/* The same of what watch tells of itself: the event in hand. */
void	act_pass_on(struct gate *);

/* Counts a verdict that hangs on a text which took too long for a regular expression. Such verdicts are told once a minute at most. */
void	act_note_too_hard(struct gate *);
void	act_tell_too_hard(struct gate *, uint64_t now_ns);

/* An id that no other event of this host has. */
uint64_t act_event_id(struct gate *);

#endif
