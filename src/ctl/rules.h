#ifndef CTL_RULES_H
#define CTL_RULES_H
/* Rules as a table and as JSON. */
#include <jansson.h>
#include "policy/policy.h"

void	rules_table(const struct policy *);
json_t	*rules_json(const struct policy *, unsigned rule);
json_t	*rules_json_all(const struct policy *);

#endif
