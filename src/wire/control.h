#ifndef WIRE_CONTROL_H
#define WIRE_CONTROL_H
/*
 * The admin socket: AF_UNIX SOCK_SEQPACKET, one request and one reply a connection, so a connection cannot be out of step.
 * Request: one packet, a verb and its arguments with one blank between them, at most CONTROL_REQUEST_MAX bytes, printable ASCII.
 * Reply: one packet, "N " (the exit code for yettctl, one digit) and text: JSON of `status`, `policy` and, if it was done, `rotate`, else
 * lines for the admin.
 * With that of `policy` comes a descriptor (SCM_RIGHTS): the compiled policy, sealed.
 * Who may ask is decided by SO_PEERCRED: uid 0 everything; the group of the socket what is not for root alone.
 */
#define CONTROL_SOCKET		"control.sock"	/* in [paths] run */
#define CONTROL_REQUEST_MAX	128
#define CONTROL_REPLY_MAX	65536
#define CONTROL_CLIENTS		8		/* at a time */
#define CONTROL_IDLE_MS		2000		/* a client that says nothing is dropped */

/* CONTROL(verb, arguments, for root alone, what it does) */
#define CONTROL_VERBS(CONTROL) \
	CONTROL("status",  "",		0, "state of everything, as JSON") \
	CONTROL("policy",  "",		1, "the policy in force") \
	CONTROL("reload",  "[confirm=SECONDS] [force]", 1, "read configuration and policies again; on any error keep what is in force") \
	CONTROL("monitor", "[SECONDS]",	1, "judge, but block nothing; for that time only") \
	CONTROL("enforce", "[confirm=SECONDS] [force]", 1, "act as the policies say") \
	CONTROL("confirm", "",		1, "keep what was to be undone unless confirmed") \
	CONTROL("rotate",  "[alerts | events]", 1, "begin the logs, or that one, under a new anchor")

#endif
