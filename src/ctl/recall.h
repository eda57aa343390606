#ifndef CTL_RECALL_H
#define CTL_RECALL_H
/* The event that a record tells of, so that it can be judged again. */
#include <jansson.h>
#include "event/event.h"

/*
 * Fills EV from RECORD. False: it tells of no event that could be judged. What the record does not say is absent in EV;
 * *LEFT_OUT counts the values that it says but that no event can hold.
 */
bool	recall(struct event *ev, const json_t *record, unsigned *left_out);

#endif
