#ifndef GATE_FOLD_H
#define GATE_FOLD_H
/*
 * Alerts of one cause: the same rules, verdict, severity, actions and kind of event, from one process tree (the eldest ancestor in the
 * same session, below init). The first is recorded at once. Those that follow within [records] fold are counted, and one summary tells
 * how many, from when to when, with some files and ids, and otherwise what the first one said. Then all begins anew, so that of a cause
 * which does not end there is a whole record each window.
 *
 * Who wants to hide one act makes many like it. So the first FOLD_RECORDED of a window that are about a file or program not seen in it
 * are recorded too, and of critical severity the first FOLD_RECORDED whatever they are about, since their arguments may be the evidence.
 * There has to be an end to it: a flood of records hides as well.
 *
 * This happens here, behind the answer and before the spool, because a flood then costs neither spool nor signatures: counting takes less
 * time than spooling, and the record process never hears of it. The counts are in the shared page. A gate that dies leaves them to its
 * successor, with the alert that it had in hand: each is counted exactly once, or is told as lost. When all places are taken, the
 * cause goes that waits for nothing, or else the oldest, with its summary: an attacker with many causes makes records, never gaps.
 */
#include "gate/state.h"

/* The alert in G->report, which names its tree: into a record of its own, or into the count of its cause. Adds to the counter of alerts. */
void	fold_put(struct gate *);
/* Summaries that are due. Returns when the next one is, in ms; -1: none waits. */
int	fold_tend(struct gate *, uint64_t now_ns);
/* All summaries now, and nothing is folded any more. */
void	fold_end(struct gate *);
/* In a new gate: what its predecessor had in hand. */
void	fold_recover(struct gate *);

#endif
