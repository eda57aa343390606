#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "wire/wire.h"

struct header { uint32_t type, len; };
_Static_assert(sizeof(struct header) == 8, "payloads are aligned to 8");

static const struct msg_info infos[MSG__MAX] = {
#define MSG(name_, from_, to_, fds_, payload_, min_, max_, when_) [MSG_##name_] = { .name = #name_, .payload = payload_, .when = when_, \
	.from = ROOM_##from_, .to = ROOM_##to_, .fds = fds_, .min = min_, .max = max_ },
#include "wire/msg.def"
#undef MSG
};

static const char *const rooms[ROOM__MAX] = {
	[ROOM_WARDEN] = "warden", [ROOM_GATE] = "gate", [ROOM_WATCH] = "watch", [ROOM_SCAN] = "scan", [ROOM_RECORD] = "record",
	[ROOM_HOOK] = "hook",
};

const struct msg_info *
msg_info(enum msg_type t)
{
	return &infos[t];
}

const char *
room_name(enum room r)
{
	return rooms[r];
}

int
wire_send(int sock, enum msg_type type, const void *payload, size_t len, int fd)
{
	struct header h = { .type = (uint32_t)type, .len = (uint32_t)len };
	union { struct cmsghdr align; char buf[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec iov[2] = { { .iov_base = &h, .iov_len = sizeof(h) } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	/* sendmsg() only reads it; struct iovec has no const. */
	memcpy(&iov[1].iov_base, &payload, sizeof(payload));
	iov[1].iov_len = len;
	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control.buf);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	for (;;) {
		if (sendmsg(sock, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

#define FDS_MAX 4

/* Takes the descriptors of a message; more than one or a strange control message is a broken sender. */
static int
take_fds(struct msghdr *m, int *fd)
{
	int got = 0, fds[FDS_MAX];

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int one;
			memcpy(&one, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (got < FDS_MAX)
				fds[got] = one;
			else
				close(one);
			got++;
		}
	}
	if (got == 1)
		*fd = fds[0];
	for (int i = 0; got > 1 && i < got && i < FDS_MAX; i++)
		close(fds[i]);
	return got;
}

static bool
proper(const struct header *h, size_t got, enum room from, enum room to, int fds)
{
	if (got < sizeof(*h) || h->type >= MSG__MAX || h->len != got - sizeof(*h))
		return false;
	const struct msg_info *i = &infos[h->type];
	return i->from == from && i->to == to && h->len >= i->min && h->len <= i->max && (unsigned)fds == i->fds;
}

/* An empty message reads like the end, but its sender is still there. */
static bool
ended(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLRDHUP };

	return poll(&p, 1, 0) != 0;
}

int
wire_recv(int sock, enum room from, enum room to, void *buf, size_t size, struct wire_msg *out)
{
	union { struct cmsghdr align; char buf[CMSG_SPACE(FDS_MAX * sizeof(int))]; } control;
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.buf) };
	ssize_t n;
	int fd = -1;

	do
		n = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	int fds = take_fds(&m, &fd);
	if (n == 0 && fds == 0 && ended(sock))
		return -EPIPE;
	struct header h = { 0 };
	memcpy(&h, buf, (size_t)n < sizeof(h) ? (size_t)n : sizeof(h));
	if ((m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !proper(&h, (size_t)n, from, to, fds)) {
		if (fd >= 0)
			close(fd);
		return -EBADMSG;
	}
	*out = (struct wire_msg){ .type = (enum msg_type)h.type, .payload = (char *)buf + sizeof(h), .len = h.len, .fd = fd };
	return 0;
}
