#ifndef WARDEN_VET_H
#define WARDEN_VET_H
/* What a policy would take from this host (judge/guard.h), before it comes into force. */
#include "policy/config.h"
#include "policy/policy.h"

/*
 * Adds a fault for each thing that is needed and would be denied; FORCED: a warning. Returns how many situations that are. Reads /proc
 * and files: only in the helper, and at start.
 */
size_t	vet(const struct config *, const struct policy *, bool forced, struct faults *);

#endif
