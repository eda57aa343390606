#ifndef GATE_FACTS_H
#define GATE_FACTS_H
/*
 * Changes of files whose entries are told of (event/fact.def): who made them, and what is there by now, by a descriptor that raises no
 * question and cannot be read. A helper of the warden opens it for watch, which knows what was there before and sends back the events.
 */
#include "gate/state.h"

/* Could the record in hand concern such a file? */
bool	facts_concern(const struct gate *);
/* It is passed on if it does. */
void	facts_heard(struct gate *);
/* Something may have been missed: all of them are looked at again. */
void	facts_again(struct gate *);

#endif
