#ifndef GATE_SPOOL_H
#define GATE_SPOOL_H
/*
 * Reports on their way to the disk. They wait in the shared page, so neither the death of the gate nor that of the record process
 * loses one that was spooled: a successor sends again what was not acknowledged.
 */
#include "gate/state.h"

/* Numbers and stores R. A full spool loses it, counted. */
void	spool_put(struct gate *, struct report *r);
/* Would the spool take R now? */
bool	spool_fits(struct gate *, const struct report *r);
/* Frees what is on disk and sends what is not, as far as the socket takes it. */
void	spool_flush(struct gate *);

#endif
