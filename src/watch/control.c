#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "watch/control.h"

#define MONITOR_MAX_S	2592000u	/* 30 days */
#define CONFIRM_MAX_S	86400u
#define GROUPS_MAX	1024

enum argument { ARG_SECONDS = 1 << 0, ARG_CONFIRM = 1 << 1, ARG_FORCE = 1 << 2, ARG_LOG = 1 << 3 };

static const struct { const char *name; bool root; unsigned arguments; enum request request; } verbs[VERB__MAX] = {
	[VERB_STATUS]  = { "status", false, 0, REQUEST__MAX },
	[VERB_POLICY]  = { "policy", true, 0, REQUEST_POLICY },
	[VERB_RELOAD]  = { "reload", true, ARG_CONFIRM | ARG_FORCE, REQUEST_RELOAD },
	[VERB_MONITOR] = { "monitor", true, ARG_SECONDS, REQUEST_MONITOR },
	[VERB_ENFORCE] = { "enforce", true, ARG_CONFIRM | ARG_FORCE, REQUEST_ENFORCE },
	[VERB_CONFIRM] = { "confirm", true, 0, REQUEST_CONFIRM },
	[VERB_ROTATE]  = { "rotate", true, ARG_LOG, REQUEST_ROTATE },
};

#define ONE(...) + 1
_Static_assert(0 CONTROL_VERBS(ONE) == VERB__MAX, "every verb of wire/control.h has a row here");

static int
parse_seconds(const char *s, size_t n, uint32_t most, uint64_t *for_ns)
{
	uint64_t seconds = 0;

	if (n == 0 || n > 7)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
		seconds = seconds * 10 + (uint64_t)(s[i] - '0');
	}
	if (seconds == 0 || seconds > most)
		return -EINVAL;
	*for_ns = seconds * NS_PER_SEC;
	return 0;
}

static bool
is_word(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(s, word, n) == 0;
}

/* One argument, of those ALLOWED; what was said is not allowed again. */
static int
parse_argument(const char *s, size_t n, unsigned *allowed, struct asked *a)
{
	static const char confirm[] = "confirm=";
	const size_t head = sizeof(confirm) - 1;
	enum argument which = ARG_SECONDS;
	int err = 0;

	if (n > head && memcmp(s, confirm, head) == 0)
		which = ARG_CONFIRM;
	else if (is_word(s, n, "force"))
		which = ARG_FORCE;
	else if (is_word(s, n, "alerts") || is_word(s, n, "events"))
		which = ARG_LOG;
	if (!(*allowed & which))
		return -EINVAL;
	*allowed &= ~(unsigned)which;
	if (which == ARG_FORCE)
		a->force = true;
	else if (which == ARG_LOG)
		a->logs = 1u << (is_word(s, n, "alerts") ? ROTATED_ALERTS : ROTATED_EVENTS);
	else if (which == ARG_CONFIRM)
		err = parse_seconds(s + head, n - head, CONFIRM_MAX_S, &a->for_ns);
	else
		err = parse_seconds(s, n, MONITOR_MAX_S, &a->for_ns);
	return err;
}

int
control_parse(const char *packet, size_t len, struct asked *asked)
{
	struct asked a = { .verb = VERB__MAX };

	if (len == 0 || len > CONTROL_REQUEST_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		if (packet[i] < ' ' || packet[i] > '~')
			return -EBADMSG;
	const char *blank = memchr(packet, ' ', len), *end = packet + len;
	size_t word = blank ? (size_t)(blank - packet) : len;
	for (unsigned v = 0; v < VERB__MAX; v++)
		if (strlen(verbs[v].name) == word && !memcmp(packet, verbs[v].name, word))
			a.verb = (enum verb)v;
	if (a.verb == VERB__MAX)
		return -EINVAL;
	unsigned allowed = verbs[a.verb].arguments;
	while (blank) {
		const char *s = blank + 1;
		blank = memchr(s, ' ', (size_t)(end - s));
		int err = parse_argument(s, (size_t)((blank ? blank : end) - s), &allowed, &a);
		if (err)
			return err;
	}
	if (a.verb == VERB_ROTATE && !a.logs)
		a.logs = 1u << ROTATED_ALERTS | 1u << ROTATED_EVENTS;
	*asked = a;
	return 0;
}

static void
drop(struct control *c, struct client *who)
{
	loop_remove(c->loop, &who->source);
	close(who->source.fd);
	who->used = false;
}

/* FD is -1 or goes along. A client that does not take its answer at once has had its chance. */
static void
hand(struct control *c, struct client *who, const char *packet, size_t len, int fd)
{
	union { struct cmsghdr align; char buf[CMSG_SPACE(sizeof(int))]; } rights = { 0 };
	struct iovec iov = { .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	/* sendmsg() only reads it; struct iovec has no const. */
	memcpy(&iov.iov_base, &packet, sizeof(packet));
	if (fd >= 0) {
		m.msg_control = &rights;
		m.msg_controllen = sizeof(rights.buf);
		struct cmsghdr *head = CMSG_FIRSTHDR(&m);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	}
	if (sendmsg(who->source.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len)
		counter_add(c->setup->page, COUNTER_CLIENTS, 1);
	drop(c, who);
}

static void
finish(struct control *c, struct client *who, const char *packet, size_t len)
{
	hand(c, who, packet, len, -1);
}

__attribute__((format(printf, 3, 4))) static void
say(struct control *c, struct client *who, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	finish(c, who, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static void
answer_status(struct control *c, struct client *who)
{
	struct status st = { .page = c->setup->page, .config = c->setup->config, .losses = &c->losses, .now_ns = now_boot_ns() };
	const size_t head = 2;

	losses_note(&c->losses, st.page, st.now_ns);
	size_t n = status_write(&st, c->reply + head, sizeof(c->reply) - head);
	c->reply[0] = st.healthy ? '0' : '1';
	c->reply[1] = ' ';
	finish(c, who, c->reply, head + n);
}

static void
ask_warden(struct control *c, struct client *who, const struct asked *a)
{
	struct msg_request m = {
		.ticket = ++c->ticket, .request = verbs[a->verb].request, .uid = who->who.uid, .pid = who->who.pid,
		.logs = a->logs, .for_ns = a->for_ns, .force = a->force,
	};

	if (wire_send(c->setup->warden_sock, MSG_REQUEST, &m, sizeof(m), -1)) {
		say(c, who, "4 yettd is busy: try again");
		return;
	}
	who->waits = true;
	who->ticket = m.ticket;
	who->until_ns = now_boot_ns() + CONTROL_ANSWER_NS;
	loop_change(c->loop, &who->source, 0);
}

static void
refuse(struct control *c, struct client *who, const char *why)
{
	counter_add(c->setup->page, COUNTER_CLIENTS_REFUSED, 1);
	say(c, who, "5 not permitted: %s", why);
}

static void
serve(struct control *c, struct client *who, const char *packet, size_t len)
{
	struct asked a;
	int err = control_parse(packet, len, &a);

	if (err == -EBADMSG) {
		counter_add(c->setup->page, COUNTER_CLIENTS_REFUSED, 1);
		drop(c, who);
	} else if (who->who.uid != 0 && !who->reader) {
		refuse(c, who, "only root, and for status the group of the admin socket");
	} else if (err) {
		say(c, who, "2 usage: status | policy | reload [confirm=SECONDS] [force] | monitor [SECONDS] | enforce [confirm=SECONDS] [force] "
		    "| confirm | rotate [alerts | events]; up to %u seconds, %u to confirm", MONITOR_MAX_S, CONFIRM_MAX_S);
	} else if (verbs[a.verb].root && who->who.uid != 0) {
		refuse(c, who, "only root changes what is in force, or sees all of it");
	} else if (verbs[a.verb].root) {
		ask_warden(c, who, &a);
	} else {
		answer_status(c, who);
	}
}

static int
client_ready(struct source *s, uint32_t events)
{
	struct control *c = s->owner;
	struct client *who = NULL;
	char packet[CONTROL_REQUEST_MAX + 1];

	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (s == &c->client[i].source)
			who = &c->client[i];
	/* The place may have changed hands since epoll spoke: then there is nothing to read, and the next turn tells. */
	if (!who || !who->used)
		return 0;
	if (who->waits) {
		if (events & (EPOLLHUP | EPOLLERR))
			drop(c, who);
		return 0;
	}
	ssize_t n = recv(s->fd, packet, sizeof(packet), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		drop(c, who);
	else
		serve(c, who, packet, (size_t)n);
	return 0;
}

static bool
in_group(int sock, const struct ucred *who, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (group == (gid_t)-1)
		return false;
	if (who->gid == group)
		return true;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* A free place; for root also that of the one who has been silent longest, so that nobody can shut root out. */
static struct client *
seat(struct control *c, const struct ucred *who)
{
	struct client *oldest = NULL;

	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *one = &c->client[i];
		if (!one->used)
			return one;
		if (!one->waits && one->who.uid != 0 && (!oldest || one->since_ns < oldest->since_ns))
			oldest = one;
	}
	if (who->uid != 0 || !oldest)
		return NULL;
	drop(c, oldest);
	return oldest;
}

static int
door_ready(struct source *s, uint32_t events)
{
	static const char full[] = "4 too many clients at once: try again";
	struct control *c = s->owner;
	CLEANUP_FD int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred who;
	socklen_t len = sizeof(who);

	(void)events;
	if (fd < 0)
		return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? 0 : -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		return 0;
	struct client *one = seat(c, &who);
	if (!one) {
		counter_add(c->setup->page, COUNTER_CLIENTS_REFUSED, 1);
		send(fd, full, sizeof(full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		return 0;
	}
	uint64_t now = now_boot_ns();
	*one = (struct client){
		.source = { .fd = fd, .ready = client_ready, .owner = c }, .used = true, .who = who, .since_ns = now,
		.reader = in_group(fd, &who, c->setup->admins), .until_ns = now + CONTROL_IDLE_MS * NS_PER_MS,
	};
	if (loop_add(c->loop, &one->source, EPOLLIN))
		one->used = false;
	else
		steal_fd(&fd);
	return 0;
}

/* The warden is believed, but not blindly: what does not hold together ends this process, and a new one starts. */
int
control_on_reply(struct control *c, const struct wire_msg *m)
{
	const struct msg_reply *r = m->payload;
	const size_t head = 2;
	CLEANUP_FD int fd = m->fd;

	if (r->len > m->len - MSG_REPLY_MIN)
		return -EBADMSG;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *who = &c->client[i];
		if (!who->used || !who->waits || who->ticket != r->ticket)
			continue;
		size_t n = r->len < sizeof(c->reply) - head ? r->len : sizeof(c->reply) - head;
		c->reply[0] = (char)('0' + (r->status <= 6 ? r->status : 1));
		c->reply[1] = ' ';
		memcpy(c->reply + head, r->text, n);
		hand(c, who, c->reply, head + n, who->who.uid == 0 ? fd : -1);
	}
	return 0;
}

bool
control_tick(struct control *c, uint64_t now_ns)
{
	bool any = false;

	losses_note(&c->losses, c->setup->page, now_ns);
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *who = &c->client[i];
		if (who->used && now_ns >= who->until_ns) {
			if (who->waits)
				say(c, who, "4 yettd did not answer within a minute: see its log");
			else
				drop(c, who);
		}
		any |= who->used;
	}
	return any;
}

int
control_init(struct control *c, struct loop *l, const struct watch_setup *setup)
{
	memset(c, 0, offsetof(struct control, reply));
	c->setup = setup;
	c->loop = l;
	/* A predecessor's answers may still come: tickets never repeat. */
	c->ticket = now_boot_ns();
	c->door = (struct source){ .fd = setup->control_sock, .ready = door_ready, .owner = c };
	losses_note(&c->losses, setup->page, 0);
	return loop_add(l, &c->door, EPOLLIN);
}
