#ifndef GATE_PROC_H
#define GATE_PROC_H
/*
 * The proc connector: fork, exec, exit and the like, in the order in which they happened, into the process tree. The kernel
 * queues a FORK before the child runs and an EXEC before the new program runs, so a tree that was brought up to date before a question
 * is judged is complete for it.
 */
#include "gate/state.h"

/* Seeds the tree and takes up reading. */
int	proc_start(struct gate *);

/* Reads all that waits into the tree. Never judges, so it is safe in the middle of a judgement. */
void	proc_collect(struct gate *);

/*
 * What became of the events that rules ask for (fork, exit, setuid, and programs that started without a question): one
 * of them, placed in G->report.event; false when there is none.
 */
bool	proc_next(struct gate *);

/* Between turns: heartbeat, healing, seeding again. Returns the longest wait in ms, -1 for ever. */
int	proc_tend(struct gate *, uint64_t now_ns);

#endif
