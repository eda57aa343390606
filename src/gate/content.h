#ifndef GATE_CONTENT_H
#define GATE_CONTENT_H
/* What is in files, as scan said it: remembered by the identity of the content, and told of the file of the event in hand. */
#include "gate/state.h"

/* Remembers an answer of LEN bytes, and points G->scanned to it. False: it says nothing that holds, and is not remembered. */
bool	content_remember(struct gate *, const struct msg_scanned *, size_t len);
/* Tells the event in hand what of NEEDS is remembered. */
void	content_fetch(struct gate *, uint32_t needs);
/*
 * Do the times of its file tell that it was changed? A store into a mapping leaves those of a file on tmpfs as they are, so there what was
 * found out is only good for the question that it was found out for, unless nobody but root can write the file.
 */
bool	content_times_tell(const struct event *);

#endif
