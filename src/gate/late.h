#ifndef GATE_LATE_H
#define GATE_LATE_H
/*
 * Reports that wait for the hash of their file, or for others who tell of the same act. The answer was given long ago; a record that names
 * the content, and all its witnesses, is worth a moment.
 * They wait in the shared page, so that the death of the gate loses none.
 */
#include "gate/state.h"

/* What a record tells of the content of its file: enum event_have. */
uint32_t late_wants(const struct gate *);
/* Asks scan for the content of the file in hand, if the report lacks it and there is room to wait. Before Q is answered. */
void	late_ask(struct gate *, const struct question *);
/* Who else will tell of the act in hand, if nobody stops it: bit per enum sensor. Those that have told already are put down. */
uint32_t late_expects(struct gate *);
/* SENSOR has told of an exec of PID, audit as the event TOLD. Nothing in hand is touched. */
void	late_heard(struct gate *, int32_t pid, enum sensor, const struct event *told);
/* True: the report in hand waits for what was asked just now. False: report it as it is. */
bool	late_keep(struct gate *);
/* The content that TICKET asked for is in the cache, or will never be. */
void	late_scanned(struct gate *, uint64_t ticket);
/* Reports what has waited long enough, with or without a hash. Returns ms until the next, -1 none. */
int	late_tend(struct gate *, uint64_t now_ns);
/* What a predecessor left. */
void	late_recover(struct gate *);
/* Makes page.gate.late the number of them: a gate may have died between a report and that. */
void	late_count(struct gate *);

#endif
