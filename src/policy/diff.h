#ifndef POLICY_DIFF_H
#define POLICY_DIFF_H
/*
 * What differs between two compiled policies, as their texts say it: sections, and in those the keys. Order and files do not matter.
 * Pure.
 */
#include "policy/policy.h"

enum difference_how { DIFFERENCE_ADDED, DIFFERENCE_REMOVED, DIFFERENCE_CHANGED };

/* Of a key: what stands behind it, its lines separated by newlines and tabs. AT is NULL where the key is not there. */
struct difference_text { const char *at; size_t len; };

struct difference {
	enum difference_how how;
	const char	*section, *name;	/* "rule", "list", ...; of [policy] the name of its file without .ini */
	const char	*file;			/* of the new one; of what was removed, of the old one */
	int		 line;
	/* CHANGED only: one call for each key, those of one section behind each other. */
	struct difference_text key, old, new;
};
typedef void difference_fn(void *arg, const struct difference *);

/*
 * Tells each difference. Sections "agent" and "gate" without a file are what the configuration adds: mode, exec_default, open_default.
 * Returns 0 or -ENOMEM.
 */
int	policy_diff(const struct policy *old, const struct policy *new, difference_fn *, void *arg);

#endif
