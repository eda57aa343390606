#ifndef WARDEN_AUDIT_H
#define WARDEN_AUDIT_H
/*
 * The privileged half of audit: takes the kernel's one audit socket or joins its multicast group, adds and removes rules, and puts
 * everything back. The records themselves are read by `watch`, through the descriptor `data`.
 *
 * Audit taxes every system call of the host as soon as it is enabled, so it is enabled only while a policy asks for something that
 * audit alone tells. While this process owns the socket, audit records of others (AppArmor, log-ons) go to yett and to multicast
 * readers such as the journal, and no longer to the kernel log.
 *
 * No call here waits longer than AUDIT_REQUEST_NS for one answer of the kernel. (A request is served inside sendto(); should the
 * kernel itself hang there, nothing in user space could bound it. backlog_wait_time is 0 first of all, so that our own requests
 * are never made to wait for a full queue.)
 */
#include "policy/config.h"
#include "wire/page.h"

#define AUDIT_REQUEST_NS	1000000000ull
#define AUDIT_KEY_SIZE		64

enum audit_lack {
	LACKS_SADDR_FAM	= 1 << 0,	/* before Linux 5.3: local connections are told too, and dropped by watch */
	LACKS_URING	= 1 << 1,	/* before 5.16: what io_uring connects is not seen */
};

struct audit_saved { uint32_t enabled, backlog_limit, backlog_wait_time; };

struct audit_link {
	int		 data;		/* owned here, a copy goes to watch by fork; -1: audit is not used */
	int		 control;	/* requests; never read by watch */
	bool		 multicast;	/* kind of `data` */
	enum audit_mode	 mode;
	char		 key[AUDIT_KEY_SIZE];	/* "yett-TAG": on every rule of ours, on no other */
	uint64_t	 kinds;		/* asked for: bit per enum event_kind; for watch_setup.audit_kinds */
	uint64_t	 told;		/* of these the ones that policies ask for; for watch_setup.told_kinds */
	uint64_t	 dark;		/* of these the ones whose rules the kernel does not hold */
	struct audit_saved saved;	/* as found */
	uint32_t	 touched;	/* of these what we changed (AUDIT_STATUS_x): put back when audit is left */
	unsigned	 lacks;		/* enum audit_lack, found out by trying */
	bool		 tidied;	/* leftovers of a dead instance have been looked for */
	uint32_t	 lost;		/* the kernel's counter at the last look */
	uint32_t	 sequence;
	struct page	*page;
};

/*
 * Says how audit may be used; opens nothing. TAG names this instance of yett, so that several do not touch each other's rules.
 * KINDS of events that audit tells are in audit_kinds().
 */
void	audit_begin(struct audit_link *, enum audit_mode, const char *tag, struct page *);
uint64_t audit_kinds(void);

/*
 * Makes the rules in the kernel those that KINDS (policy_kinds(); others than audit's are ignored) need: opens audit when it becomes
 * necessary, leaves it when it is no longer. EXEC_FULL: also every execve with its whole argument list and result (dear), if they
 * hold exec or start. Accounts and services are heard where audit is on for another reason. Leftovers of a dead instance of the same tag
 * are removed, whatever is asked for (not known then: what the queue was like before; a longer one that waits for nobody stays).
 * Publishes state, audit_locked and audit_never in the page, and says in the log what is dark. Returns 0, or -errno when something asked
 * for stays dark. `data` and `kinds` may have changed: give both to a new watch.
 */
int	audit_update(struct audit_link *, uint64_t kinds, bool exec_full);

/*
 * Looks whether everything is still as we left it, and heals it: somebody switched audit off, took the socket, or removed our rules.
 * For a timer of some seconds. Returns the number of things that were not as they should be (0: all well), or -errno.
 */
int	audit_check(struct audit_link *);

/* Records that the kernel has thrown away since the last look (not known in multicast: ENOBUFS tells watch). 0 or -errno. */
int	audit_lost(struct audit_link *, uint64_t *delta);

/* Removes our rules, gives the socket back, restores what was found. Harmless when audit is not in use. */
void	audit_end(struct audit_link *);

#endif
