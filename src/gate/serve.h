#ifndef GATE_SERVE_H
#define GATE_SERVE_H
/* The way of one question, and of what nobody waits for: functions 2 to 5 of the nine in src/README.md. */
#include "gate/state.h"

#define FILES_A_QUESTION 64	/* that happened before it, where their order counts */

/* Judges, answers, acts; or Q waits for scan. Owns Q. */
void	serve(struct gate *, struct question *q);
/* Nobody could say in time what the file of Q is. Owns Q. */
void	serve_late(struct gate *, struct question *q);
/* What nobody waits for, in G->report.event: judged, and acted upon when a rule says so. */
void	serve_notice(struct gate *);
/* At most so many of what happened to files. */
void	serve_files(struct gate *, int most);

#endif
