#ifndef GATE_LINGER_H
#define GATE_LINGER_H
/*
 * What is kept for a moment after the verdict. The kernel asks about an exec before it keeps writers away from the file, so a program
 * that was allowed for its content could be rewritten in between: the read lease that it was looked at under stays until the exec is
 * through. A process that is to be denied and killed does not get its answer: it waits until the signal is there. And what a rule calls
 * critical is on record before its answer is given, so that nobody acts and then removes the trace: the answer waits until the record
 * is on disk, but no longer than a disk takes that is well.
 */
#include "gate/state.h"

enum content_hold { CONTENT_HELD, CONTENT_WRITTEN, CONTENT_FREE };

/*
 * Keeps writers away from the file of an exec question: HELD, they wait until the question is closed; WRITTEN, there is one already, or
 * there was one since we looked at FILE; FREE, this file system has no leases. Asked again for the same question it says the same.
 */
enum content_hold linger_hold(struct question *, const struct file *);
/* The exec was allowed: takes the descriptor of Q over if it holds a lease. Call it between the answer and the closing. */
void	linger_allow(struct gate *, struct question *);
/* The asker is being killed: takes Q over without an answer. False: no room, or nobody waits; then answer at once. */
bool	linger_doom(struct gate *, struct question *);
/*
 * The answer waits for the record of the event in hand: takes Q over, if somebody waits and there is room. Then linger_sealed() says which
 * report it is, 0: there is none, and the answer is given at once.
 */
bool	linger_seal(struct gate *, struct question *, enum decision, int err);
void	linger_sealed(struct gate *, uint64_t report);
/* PID runs another program, or is gone. */
void	linger_end(struct gate *, int32_t pid);
/* Lets go of what has lingered long enough. Returns ms until the next, -1 none. */
int	linger_tend(struct gate *, uint64_t now_ns);

#endif
