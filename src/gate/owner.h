#ifndef GATE_OWNER_H
#define GATE_OWNER_H
/*
 * Which process holds a socket. Watch learns of a lookup while it is made, and the gate may look into the descriptors of others; by the
 * time that the lookup is told, most who asked have closed theirs. So what was seen is kept for a moment, by the number of the socket.
 */
#include "gate/state.h"

/* Looks whether that process holds that socket now. */
void	owner_look(struct gate *, const struct msg_holds *);
/* Puts in the event in hand the process that was seen with its socket, and nobody guesses any more. */
void	owner_name(struct gate *);
/* Takes from the verdict in hand what would strike a process of which it is only guessed, or not known at all, that it did this. */
void	owner_spare(struct gate *);

#endif
