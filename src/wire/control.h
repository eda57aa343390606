#ifndef WIRE_CONTROL_H
#define WIRE_CONTROL_H
/*
 * The admin socket: AF_UNIX SOCK_SEQPACKET, one request and one reply a connection, so a connection cannot be out of step.
 * Request: one packet "VERB" or "VERB ARGUMENT", at most CONTROL_REQUEST_MAX bytes, printable ASCII.
 * Reply: one packet, "N " (the exit code for yettctl, one digit) and text: JSON of `status`, else lines for the admin.
 * Who may ask is decided by SO_PEERCRED: uid 0 everything; the group of the socket what changes nothing.
 */
#define CONTROL_SOCKET		"control.sock"	/* in [paths] run */
#define CONTROL_REQUEST_MAX	128
#define CONTROL_REPLY_MAX	65536
#define CONTROL_CLIENTS		8		/* at a time */
#define CONTROL_IDLE_MS		2000		/* a client that says nothing is dropped */

/* CONTROL(verb, argument or "", changes something, what it does) */
#define CONTROL_VERBS(CONTROL) \
	CONTROL("status",  "",		0, "state of everything, as JSON") \
	CONTROL("reload",  "",		1, "read configuration and policies again; on any error keep what is in force") \
	CONTROL("monitor", "[SECONDS]",	1, "judge, but block nothing; for that time only") \
	CONTROL("enforce", "",		1, "act as the policies say")

#endif
