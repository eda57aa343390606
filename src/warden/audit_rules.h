#ifndef WARDEN_AUDIT_RULES_H
#define WARDEN_AUDIT_RULES_H
/* Rules of the kernel's audit: which ones yett needs for which kinds of events, and whose are those that the kernel lists. */
#include <libaudit.h>
#include <stdbool.h>
#include "event/event.h"
#include "warden/audit.h"

#define RULE_KEY_PREFIX	"yett-"
#define RULE_LIST_URING	7		/* AUDIT_FILTER_URING_EXIT, Linux 5.16 */
#define RULES_MAX	128		/* ours; the table makes fewer than 110 */
#define RULE_TEXT	(AUDIT_KEY_SIZE + 16)

/* As the kernel takes and lists it: the fixed part, behind it a directory where the rule has one, and our key. */
struct rule {
	struct audit_rule_data	 data;
	char			 text[RULE_TEXT];
};

struct rules {
	const char	*key;		/* what makes a rule ours */
	unsigned	 count;
	struct rule	 rule[RULES_MAX];
	enum event_kind	 kind[RULES_MAX];	/* of rules that we want */
	/* Of rules that the kernel lists and that are not ours: */
	bool		 never;		/* a task,never rule is among them */
	bool		 others;	/* there are any */
	bool		 strangers;	/* there are some that are not of another yett */
};

void	rules_init(struct rules *, const char *key);
/* The rules that KINDS need on this machine, but for what the kernel LACKS (enum audit_lack): unfiltered, or not at all. */
void	rules_want(struct rules *, const char *key, uint64_t kinds, unsigned lacks);
/* What a kernel lacks that knows nothing of this rule; 0: it has no excuse. */
unsigned rule_needs(const struct rule *);
/* Takes one answer to AUDIT_LIST_RULES, LEN bytes. */
void	rules_listed(struct rules *, const void *data, size_t len);
bool	rules_hold(const struct rules *, const struct rule *);
size_t	rule_size(const struct rule *);

#endif
