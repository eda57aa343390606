#ifndef CTL_LOAD_H
#define CTL_LOAD_H
/* The policies on disk, compiled as yettd would compile them. */
#include "ctl/ctl.h"
#include "policy/policy.h"

/* Where the configuration says that policies are. */
void	load_sources(const struct config *, struct policy_sources *);
/* DONE and a policy, which policy_close() ends; or INVALID with the faults on stderr. */
enum answer load_policy(struct ctl *, const struct policy **);
/* "exec, open": names of the kinds in MASK. "exec+" where they do not fit. */
void	load_kinds(uint64_t mask, char *out, size_t size);
/* "deny, alert, label web": what the rule does. */
void	load_actions(const struct policy *, const struct rule_info *, char *out, size_t size);
const char *load_mode(enum mode);
/* What a rule can do about what it matches: "prevents", "would prevent" while it is only monitored, or "reacts". */
const char *load_effect(const struct rule_info *);

#endif
