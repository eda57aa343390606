#ifndef CTL_SIGHT_H
#define CTL_SIGHT_H
/* What yett sees of a host: the rows of telemetry.def held against what yettd says of its sensors and the policy in force. */
#include <jansson.h>
#include "policy/config.h"
#include "policy/policy.h"

struct sight_ask {
	const json_t		*status;	/* the answer to `status` */
	const struct policy	*policy;	/* in force */
	const struct config	*config;
	int			 root;		/* descriptor of the root directory of the host: what its kernel has */
};

/* Missed where no rule records all. */
#define SIGHT_UNMATCHED	"what these rules do not match"

/*
 * {"rows": [{"number", "name", "state", "all", "rules": [...], "why", "misses": [...], "light"}], "asked_dark": [{"name", "why"}]}
 * state: lit, a rule asks for it and its sensor works; unasked, the sensor works, `light` says what asks; dark, `why` it cannot be seen
 * here; nothing, the kernel has nothing of the kind. all: whether each is recorded, by a rule whose name begins with telemetry-, and not
 * only what other rules match. misses: what is not seen although it is lit. asked_dark: each kind of event, and each place, that a rule
 * asks for in vain, and each row that yett tells by itself and cannot.
 * The caller owns it; NULL: no memory.
 */
json_t	*sight_look(const struct sight_ask *);

#endif
