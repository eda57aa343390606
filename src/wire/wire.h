#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H
/*
 * Messages between the processes of yett: SOCK_SEQPACKET socketpairs, one recvmsg() is one message.
 * The warden keeps both ends of every pair, so what a dead process had not read waits for its successor.
 */
#include "event/content.h"
#include "event/event.h"
#include "event/verdict.h"
#include "wire/rotated.h"
#include "wire/sense.h"

enum room { ROOM_WARDEN, ROOM_GATE, ROOM_WATCH, ROOM_SCAN, ROOM_RECORD, ROOM_HOOK, ROOM__MAX };

enum msg_type {
#define MSG(name, ...) MSG_##name,
#include "wire/msg.def"
#undef MSG
	MSG__MAX
};

#define EVENT_WIRE_MIN	offsetof(struct event, arena)
#define REPORT_WIRE_MIN	(offsetof(struct report, event) + EVENT_WIRE_MIN)
#define MSG_REPLY_TEXT	65536
#define MSG_REPLY_MIN	offsetof(struct msg_reply, text)

struct msg_scan {
	uint64_t	ticket;		/* the gate's; comes back in msg_scanned */
	struct file	file;		/* identity as the gate saw it; sha256 unused */
	uint8_t		content;	/* all of struct content, too */
	uint8_t		program;	/* only if it could be run: what is neither ELF nor a script is ENOEXEC */
	uint8_t		unused_[6];
};

struct msg_scanned {
	uint64_t	ticket;
	int32_t		error;		/* 0, or errno: the rest is then unset */
	uint8_t		changed;	/* the file was not the same before and after */
	uint8_t		type;		/* enum file_type */
	uint8_t		static_elf;
	uint8_t		has_content;	/* else the message ends before it */
	struct file	file;		/* identity as scan saw it, with sha256 */
	uint16_t	interpreter_len;
	char		interpreter[254];
	struct content	content;
};
#define MSG_SCANNED_MIN	offsetof(struct msg_scanned, content)

struct msg_signal {
	uint32_t	signal;		/* SIGKILL, SIGSTOP or SIGCONT, nothing else */
	int32_t		pid;		/* for the record; the pidfd decides */
	uint64_t	start_ns;
};

struct msg_policy {
	uint64_t	generation;
	uint8_t		mode;		/* enum mode of the agent */
	uint8_t		unused_[7];
};

struct msg_ending {
	uint64_t	since_ns;	/* boot clock */
};

#define RECORD_BODY	65535		/* the longest record, as the record process hands it on */

#define MSG_PATH	256		/* of a mount point, with its terminator */

struct msg_mounted {
	uint64_t	fsid;		/* f_fsid of statfs(2): events name it */
	uint8_t		whole;		/* the descriptor is the top of the file system, not of a part */
	uint8_t		unused_[7];
	char		path[MSG_PATH];	/* where it is mounted */
};

struct msg_unmounted {
	uint64_t	fsid;
};

struct msg_walk {
	uint64_t	number;
	uint64_t	kinds;		/* of events: files of other kinds are forgotten */
	uint8_t		end;		/* all of it was seen */
	uint8_t		unused_[7];
};

struct msg_audit {
	uint64_t	kinds;		/* events that rules were asked for; what other people's rules tell is dropped */
	uint64_t	told;		/* of these the ones that policies ask for */
};

enum request { REQUEST_RELOAD, REQUEST_MONITOR, REQUEST_ENFORCE, REQUEST_CONFIRM, REQUEST_POLICY, REQUEST_ROTATE, REQUEST__MAX };

struct msg_request {
	uint64_t	ticket;		/* of watch; comes back in the reply */
	uint32_t	request;	/* enum request */
	uint32_t	uid;		/* who asked, from SO_PEERCRED */
	int32_t		pid;
	uint32_t	logs;		/* ROTATE: bits of enum rotated_log */
	uint64_t	for_ns;		/* MONITOR: enforce again after this time. RELOAD, ENFORCE: go back, unless confirmed. 0: stay */
	uint8_t		force;		/* RELOAD, ENFORCE: also what would lock the admins out */
	uint8_t		unused_[7];
};

struct msg_reply {
	uint64_t	ticket;
	uint32_t	status;		/* exit code of contract.md section 4: 0 done, 3 invalid, ... */
	uint32_t	len;
	char		text[MSG_REPLY_TEXT];	/* lines for the admin; not terminated */
};

/* Row of the message table. */
struct msg_info {
	const char	*name, *payload, *when;
	enum room	 from, to;
	unsigned	 fds;
	size_t		 min, max;
};
const struct msg_info *msg_info(enum msg_type);
const char *room_name(enum room);

/*
 * Sends one message without ever blocking. FD is -1 or goes along (the caller still owns it).
 * Returns 0, -EAGAIN if the peer is behind, or another -errno.
 */
int	wire_send(int sock, enum msg_type, const void *payload, size_t len, int fd);

struct wire_msg {
	enum msg_type	 type;
	const void	*payload;	/* into the caller's buffer, 8-byte aligned */
	size_t		 len;
	int		 fd;		/* owned by the receiver; -1 */
};
#define WIRE_MAX	(8 + sizeof(struct msg_reply))	/* the longest message */

/*
 * Receives one message that TO may get from FROM into BUF (at least WIRE_MAX bytes, 8-byte aligned). Type, direction,
 * size and number of descriptors are proved by the table. Returns 0; -EAGAIN when there is none; -EPIPE when nobody is left
 * to send; -EBADMSG for a message that the sender could not have sent in good health (descriptors are closed).
 */
int	wire_recv(int sock, enum room from, enum room to, void *buf, size_t size, struct wire_msg *);

#endif
