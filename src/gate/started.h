#ifndef GATE_STARTED_H
#define GATE_STARTED_H
/*
 * Programs that have started, for rules on start. The proc connector tells that one runs; what it is, fanotify tells beforehand, in a group
 * of which nobody waits: so it is known also of programs that end at once, and of those that the kernel need not ask about. Both are read
 * when the connector is, at once while it is quiet and by the clock while it is busy; an exec waits for neither.
 */
#include "gate/coverage.h"

/* Takes what was opened to be run. Names of programs to come. */
void	started_hear(struct gate *);

/* What PID is about to run, by what was heard; NULL: nothing was. LEN without a terminator. */
const char *started_name(const struct gate *, int32_t pid, size_t *len);

/* A program runs that nobody has heard of yet. */
void	started_note(struct gate *, const struct coverage_exec *);

/* The next one that somebody has to hear of, placed in G->report.event; false when there is none. */
bool	started_next(struct gate *);

#endif
