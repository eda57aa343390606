#ifndef POLICY_GIVEN_H
#define POLICY_GIVEN_H
/* An event from words: what [test] sections, `yettctl explain` and `yettctl why` judge. The inverse of reading a field. */
#include "event/field.h"

/*
 * Sets FIELD of EV from text; on list fields each call adds one element. What follows from something else (a name from its path)
 * cannot be set. 0, or -EINVAL / -ENOSPC with the reason in WHY.
 */
int	policy_event_set(struct event *ev, enum field, const char *value, size_t len, char *why, size_t n);

#endif
