/*
 * Requests on the admin socket, parsed and served. First byte of the input: who asks (bit 0 root, bit 1 the group of admins), and
 * whether the warden has the time to listen (bit 2). The rest is the packet.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* Watch is a process, not a library: its admin socket is taken in whole. */
#include "watch/control.c"
#include "watch/status.c"
#include "alert/syntax.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct control control;
static struct loop loop;
static struct config config;
static struct watch_setup setup = { .control_sock = -1, .warden_sock = -1, .admins = (gid_t)-1, .config = &config };
static int warden_end = -1, full[2];

static void
open_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		abort();
}

/* Once: what no input changes. */
static void
make_watch(void)
{
	static const struct msg_request filler;
	int pair[2];

	if (warden_end >= 0)
		return;
	config_defaults(&config);
	open_pair(pair);
	open_pair(full);
	if (page_create(&setup.page) || loop_init(&loop))
		abort();
	while (wire_send(full[0], MSG_REQUEST, &filler, sizeof(filler), -1) == 0)
		;
	setup.warden_sock = pair[0];
	warden_end = pair[1];
	control.setup = &setup;
	control.loop = &loop;
}

static void
same_as_before(const uint8_t *packet, size_t size)
{
	struct asked first, second;
	int err = control_parse((const char *)packet, size, &first);

	if (err && err != -EINVAL && err != -EBADMSG)
		abort();
	if (err)
		return;
	if (size > CONTROL_REQUEST_MAX || first.verb >= VERB__MAX || first.for_ns > MONITOR_MAX_S * NS_PER_SEC)
		abort();
	bool changes = first.verb == VERB_RELOAD || first.verb == VERB_ENFORCE;
	if (first.for_ns && first.verb != VERB_MONITOR && !(changes && first.for_ns <= CONFIRM_MAX_S * NS_PER_SEC))
		abort();
	if (first.force && !changes)
		abort();
	if ((first.verb == VERB_ROTATE) != (first.logs != 0) || first.logs >= 1u << ROTATED_LOGS)
		abort();
	/* What it means does not hang on what lies behind it. */
	char longer[CONTROL_REQUEST_MAX + 1];
	memcpy(longer, packet, size);
	longer[size] = '7';
	if (control_parse(longer, size, &second) || second.verb != first.verb || second.for_ns != first.for_ns ||
	    second.force != first.force || second.logs != first.logs)
		abort();
}

/* A client that has just sat down. */
static struct client *
sit(int fd, uint8_t who)
{
	struct client *one = &control.client[3];

	*one = (struct client){ .source = { .fd = fd, .ready = client_ready, .owner = &control }, .used = true, .reader = who & 2,
		.who = { .uid = who & 1 ? 0 : 1000, .pid = 77 }, .until_ns = UINT64_MAX };
	if (loop_add(&loop, &one->source, EPOLLIN))
		abort();
	return one;
}

/* What only root may ask reaches the warden from root alone; its answer ends the connection. */
static void
answer(struct client *one, uint8_t who)
{
	static _Alignas(8) char buf[WIRE_MAX];
	static struct msg_reply reply;
	struct msg_request asked;
	struct wire_msg m;

	if (!(who & 1) || wire_recv(warden_end, ROOM_WATCH, ROOM_WARDEN, buf, sizeof(buf), &m))
		abort();
	memcpy(&asked, m.payload, sizeof(asked));
	if (asked.request >= REQUEST__MAX || asked.uid != 0 || asked.pid != 77)
		abort();
	reply.ticket = asked.ticket;
	reply.status = (uint32_t)(asked.for_ns / NS_PER_SEC);
	reply.len = sizeof(reply.text);
	bool sealed = asked.request == REQUEST_POLICY;
	m = (struct wire_msg){ .type = sealed ? MSG_SEALED : MSG_REPLY, .payload = &reply, .len = MSG_REPLY_MIN + 10,
		.fd = sealed ? dup(warden_end) : -1 };
	if (control_on_reply(&control, &m) != -EBADMSG || !one->used)
		abort();
	reply.len = 10;
	m.fd = sealed ? dup(warden_end) : -1;
	if (control_on_reply(&control, &m) || one->used || (sealed && fcntl(m.fd, F_GETFD) != -1))
		abort();
}

static void
check_reply(int fd)
{
	static char reply[CONTROL_REPLY_MAX + 1];
	struct syntax_member last[2];
	ssize_t n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);

	if (n == 0)
		return;		/* dropped without a word */
	if (n < 2 || n > CONTROL_REPLY_MAX || reply[0] < '0' || reply[0] > '6' || reply[1] != ' ')
		abort();
	if (n > 2 && reply[2] == '{' && !syntax_object(reply + 2, (size_t)n - 2, last))
		abort();
	if (recv(fd, reply, sizeof(reply), MSG_DONTWAIT) != 0)
		abort();	/* one answer, then the end */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];

	make_watch();
	if (size == 0)
		return 0;
	same_as_before(data + 1, size - 1);
	open_pair(pair);
	struct client *one = sit(pair[1], data[0]);
	int listening = setup.warden_sock;
	if (data[0] & 4)
		setup.warden_sock = full[0];
	if (send(pair[0], data + 1, size - 1, MSG_DONTWAIT) != (ssize_t)size - 1)
		drop(&control, one);		/* no socket takes that */
	else if (client_ready(&one->source, EPOLLIN))
		abort();
	setup.warden_sock = listening;
	if (one->used && one->waits)
		answer(one, data[0]);
	if (one->used)
		abort();
	check_reply(pair[0]);
	close(pair[0]);
	return 0;
}
