#ifndef CTL_COSTS_H
#define CTL_COSTS_H
/* What each rule costs, for `policy check -v`. */
#include <jansson.h>
#include <stdio.h>
#include "policy/policy.h"

void	costs_show(const struct policy *);
/* A place as the pattern of a path. */
void	costs_place(FILE *, const struct watch_place *);
/* Adds marks, cost and what may be cached to RULE, the JSON of a rule. */
void	costs_json(const struct policy *, unsigned rule, json_t *to);

#endif
