#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H
/* The process that listens to what attackers can write: audit records and the admin socket. It has no capability. */
#include <sys/types.h>
#include "policy/config.h"
#include "wire/page.h"

struct watch_setup {
	int	audit_sock;		/* -1: audit is off; else unicast or multicast netlink, opened by the warden */
	uint64_t audit_kinds;		/* events that rules were asked for (audit_link.kinds); what other people's rules tell is dropped */
	uint64_t told_kinds;		/* of these the ones that policies ask for; the others help to tell of these */
	int	sense[SENSE__MAX];	/* -1: no rule asks for it, or it could not be opened */
	int	diag_sock;		/* NETLINK_SOCK_DIAG; -1: there is none */
	int	control_sock;		/* listening AF_UNIX SOCK_SEQPACKET */
	int	gate_sock, warden_sock;
	gid_t	admins;			/* group that may read status; (gid_t)-1 none */
	struct page *page;
	const struct config *config;
};

int	watch_main(const struct watch_setup *);

#endif
