#ifndef GATE_LINGER_H
#define GATE_LINGER_H
/*
 * What is kept for a moment after the verdict. The kernel asks about an exec before it keeps writers away from the file, so a program
 * that was allowed for its content could be rewritten in between: the read lease that it was looked at under stays until the exec is
 * through. And a process that is to be denied and killed does not get its answer: it waits until the signal is there.
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
/* PID runs another program, or is gone. */
void	linger_end(struct gate *, int32_t pid);
/* Lets go of what has lingered long enough. Returns ms until the next, -1 none. */
int	linger_tend(struct gate *, uint64_t now_ns);

#endif
