#ifndef CTL_LOAD_H
#define CTL_LOAD_H
/* Policies: those on disk, compiled as yettd would compile them, and the one in force. */
#include "ctl/control.h"
#include "policy/policy.h"

/* Where the configuration says that policies are. */
void	load_sources(const struct config *, struct policy_sources *);
/* DONE and a policy, which policy_close() ends; or INVALID with the faults on stderr. */
enum answer load_policy(struct ctl *, const struct policy **);
/* The one in force, as yettd hands it over with what it says of it; or what control_ask() answers, with the error on stderr. */
enum answer load_in_force(const struct ctl *, const struct policy **, struct control_reply *);
/* "exec, open": names of the kinds in MASK. "exec+" where they do not fit. */
void	load_kinds(uint64_t mask, char *out, size_t size);
/* "deny, alert, label web": what the rule does. */
void	load_actions(const struct policy *, const struct rule_info *, char *out, size_t size);
const char *load_mode(enum mode);
/* What a rule can do about what it matches: "prevents", "would prevent" while it is only monitored, or "reacts". */
const char *load_effect(const struct rule_info *);

#endif
