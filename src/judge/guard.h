#ifndef JUDGE_GUARD_H
#define JUDGE_GUARD_H
/*
 * Would a policy lock its admins out? The judge is asked, as if everything enforced, about what a host needs to be started, logged in to
 * and repaired, and about what runs on it now. Pure: the host is what base/host.h found.
 */
#include "base/fault.h"
#include "base/host.h"
#include "policy/policy.h"

/* What has to be known of the host, on all its file systems. */
void	guard_wants(const struct policy *, struct host_ask *);

struct guard_ask {
	const struct policy *policy;
	const struct host *host;
	uint64_t	 wall_ns, boot_ns;	/* now */
	bool		 forced;		/* objections are warnings, not errors */
};
/* Adds a fault for each rule and each thing that it would take away. Returns how many situations it would deny or end. */
size_t	guard(const struct guard_ask *, struct faults *);

#endif
