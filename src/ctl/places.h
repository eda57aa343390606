#ifndef CTL_PLACES_H
#define CTL_PLACES_H
/* The mark plan of a policy, for `policy check -v`: which places its rules ask about, and what is the case there. */
#include <jansson.h>
#include "ctl/ctl.h"
#include "policy/policy.h"

/*
 * What yettd says of its places, when POLICY is the one that it reads too (OWN) and it runs; else only whether something is there. Array of
 * objects with path, kind, events, state, why.
 */
json_t	*places_json(const struct ctl *, const struct policy *, bool own);
void	places_show(const struct ctl *, const struct policy *, bool own);

#endif
