#ifndef WATCH_LOGONS_H
#define WATCH_LOGONS_H
/*
 * Makes events of what programs say of log-ons, accounts and services, one of each act: several programs tell of the same, and some several
 * times. sshd writes USER_AUTH, USER_ACCT, CRED_ACQ, USER_START and USER_LOGIN of one log-on. What counts:
 *	logon		USER_START that opens a session (whoever uses PAM: sshd, login, su, sudo, cron) or USER_LOGIN (sshd, login, display managers),
 *			whichever is first; LOGIN, which the kernel writes when a session gets its account, only when neither comes: then no
 *			program said a word of it.
 *	logoff		USER_END that closes a session, or USER_LOGOUT. CRED_DISP comes with either.
 *	logon-failed	USER_AUTH, USER_ACCT, USER_START, USER_LOGIN, USER_ERR that failed, ANOM_LOGIN_FAILURES
 *	account		ADD_USER, DEL_USER, USER_MGMT and their like, unless the files themselves say the same (watch/facts.h), which may be
 *			read a moment before or after.
 * The others are left out when they come within LOGONS_NS from the same process, or of the same session, and name no other account; one
 * that comes twice begins another act, so that attempts are counted one by one.
 */
#include "event/event.h"
#include "watch/said.h"

#define LOGONS_NS	1000000000ull
#define LOGONS_ACTS	64		/* of which more may be told; the oldest is forgotten first */
#define LOGONS_HELD	16		/* wait until LOGONS_NS are over; when there is no place the oldest is told early */
#define LOGONS_FACTS	16		/* of accounts, as their files said */
#define LOGONS_FACT_NS	2000000000ull	/* between a file and the record of its change */

#define LOGONS_NAME	32		/* bytes of an account's name that are compared */

struct logon_act { uint64_t wall_ns; int32_t pid; uint32_t session, row, rows; size_t account_len; char account[LOGONS_NAME]; };
struct logon_held { uint64_t due_ns; uint32_t row; struct said said; };	/* due_ns 0: free */
struct logon_fact { uint64_t wall_ns; uint32_t row, id; size_t account_len; char account[LOGONS_NAME]; };	/* wall_ns 0: none */

struct logons {
	unsigned	 next;
	struct logon_act act[LOGONS_ACTS];
	struct logon_held held[LOGONS_HELD];
	unsigned	 next_fact;
	struct logon_fact fact[LOGONS_FACTS];
	struct said	 said;
};

/* Is this a type of record for logons_take()? */
bool	logons_hear(unsigned type);
/*
 * Takes one record. KINDS: wanted. 0: EV is an event for the gate; -ENOMSG: it is none, or not yet; -EBADMSG: it makes no sense.
 */
int	logons_take(struct logons *, const struct record *, uint64_t kinds, uint64_t now_ns, struct event *ev);
/* What a file says of an account, before it is passed on: EV says so if a program told of it, too. */
void	logons_fact(struct logons *, struct event *ev);
/* True: EV is what nobody else told of. For each turn of the loop, until false. */
bool	logons_due(struct logons *, uint64_t now_ns, struct event *ev);
/* Whether something waits for that. */
bool	logons_wait(const struct logons *);

#endif
