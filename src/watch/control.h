#ifndef WATCH_CONTROL_H
#define WATCH_CONTROL_H
/* The admin socket (wire/control.h): few clients, each with one request, none of which can hold up anything else. */
#include <sys/socket.h>
#include "base/loop.h"
#include "watch/status.h"
#include "watch/watch.h"
#include "wire/control.h"

#define CONTROL_ANSWER_NS 60000000000ull	/* longest wait for the warden */

enum verb { VERB_STATUS, VERB_POLICY, VERB_RELOAD, VERB_MONITOR, VERB_ENFORCE, VERB_CONFIRM, VERB_ROTATE, VERB__MAX };

struct asked {
	enum verb	verb;
	uint64_t	for_ns;		/* monitor: 0 without an end; reload, enforce: confirm=, 0 without it */
	bool		force;
	unsigned	logs;		/* rotate: bits of enum rotated_log */
};

/*
 * Reads one packet. 0; -EINVAL for a request that does not exist or has a wrong argument, which is answered; -EBADMSG for what
 * no client of ours sends (empty, too long, not printable), which is not.
 */
int	control_parse(const char *packet, size_t len, struct asked *);

struct client {
	struct source	source;
	bool		used, waits;	/* waits: for the warden; else we wait for the request */
	bool		reader;		/* in the group of admins */
	struct ucred	who;
	uint64_t	ticket, until_ns, since_ns;
};

struct control {
	const struct watch_setup *setup;
	struct loop	*loop;
	struct source	 door;
	uint64_t	 ticket;
	struct losses	 losses;
	struct client	 client[CONTROL_CLIENTS];
	char		 reply[CONTROL_REPLY_MAX];
};

/* SETUP is kept. 0 or -errno. */
int	control_init(struct control *, struct loop *, const struct watch_setup *);
/*
 * The warden's answer goes to who waits for it; a descriptor that came along is closed. 0, or -EBADMSG for one that does not hold
 * together.
 */
int	control_on_reply(struct control *, const struct wire_msg *);
/* Ends what waits too long. True while there is any client. */
bool	control_tick(struct control *, uint64_t now_ns);

#endif
