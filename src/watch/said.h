#ifndef WATCH_SAID_H
#define WATCH_SAID_H
/*
 * What programs tell audit of log-ons, accounts and services: whoever has CAP_AUDIT_WRITE, and names of accounts come from whoever knocks.
 * The kernel writes who told, and the rest stands between quotes:
 *	pid=1 uid=0 auid=0 ses=2 msg='op=PAM:session_open acct="alice" exe="/usr/bin/su" hostname=? addr=? terminal=pts/0 res=success'
 * libaudit writes each key once. One that is there twice was slipped into another's value, and both count for nothing, but for the result,
 * which libaudit writes last.
 */
#include "event/event.h"
#include "watch/record.h"

#define SAID_NAME	256
#define SAID_PATH	4096
#define SAID_TERMINAL	64

struct said {
	unsigned	type;			/* AUDIT_USER_LOGIN ... */
	uint64_t	wall_ns;
	int32_t		pid;			/* who told; by the kernel, as are the next three */
	uint32_t	uid, auid, session;
	bool		good;			/* res=success */
	uint32_t	id;			/* of the account; UINT32_MAX: not told */
	struct peer	from;			/* family 0: not told */
	size_t		op_len, account_len, exe_len, terminal_len, unit_len;	/* 0: not told */
	char		op[SAID_TERMINAL], account[SAID_NAME], exe[SAID_PATH], terminal[SAID_TERMINAL], unit[SAID_NAME];
};

/* Reads one such record, or AUDIT_LOGIN, which is the kernel's own and says which account a session belongs to. 0, or -EBADMSG. */
int	said_parse(const struct record *, struct said *);

#endif
