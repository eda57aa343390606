#ifndef CTL_REJUDGE_H
#define CTL_REJUDGE_H
/* Recorded events under the policies on disk: what would be denied that was not, and allowed that was denied. */
#include "ctl/ctl.h"
#include "policy/policy.h"

/* FILES, ended by NULL; none: the log. DONE: nothing changes; NO: something does. */
enum answer rejudge(struct ctl *, const struct policy *, char **files);

#endif
