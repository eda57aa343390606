/*
 * A message as a broken or conquered process might send it, through a real socket, to everybody who might get it. First byte of the
 * input: the number of descriptors that go with it. The rest is the message.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "wire/wire.h"

#define FDS_MOST 7

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int pair[2] = { -1, -1 };

static void
open_pair(void)
{
	const int room = 1 << 20;

	if (pair[0] >= 0)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) || setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)))
		abort();
}

/* False: no socket takes that. */
static bool
send_raw(const uint8_t *bytes, size_t size, unsigned fds)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(FDS_MOST * sizeof(int))]; } control = { 0 };
	struct iovec iov = { .iov_len = size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	memcpy(&iov.iov_base, &bytes, sizeof(bytes));
	if (fds) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds * sizeof(int));
		for (unsigned i = 0; i < fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &pair[0], sizeof(int));
	}
	return sendmsg(pair[0], &m, MSG_DONTWAIT) == (ssize_t)size;
}

/* The lowest number that is free: nothing was leaked if it stays the same. */
static int
free_fd(void)
{
	int fd = dup(pair[0]);

	if (fd < 0)
		abort();
	close(fd);
	return fd;
}

/* What is let through is what the table allows, and its bytes are those that were sent. */
static void
check(const struct wire_msg *m, const uint8_t *bytes, size_t size, unsigned fds)
{
	const struct msg_info *i = msg_info(m->type);

	if (m->len + 8 != size || m->len < i->min || m->len > i->max || fds != i->fds || (m->fd >= 0) != (i->fds == 1))
		abort();
	if (memcmp(m->payload, bytes + 8, m->len) != 0 || (uintptr_t)m->payload % 8)
		abort();
}

static void
pass(enum room from, enum room to, const uint8_t *bytes, size_t size, unsigned fds)
{
	static _Alignas(8) char buf[WIRE_MAX];
	struct wire_msg m = { .fd = -1 };
	int before = free_fd();

	if (!send_raw(bytes, size, fds))
		return;
	int err = wire_recv(pair[1], from, to, buf, sizeof(buf), &m);
	if (err && err != -EBADMSG)
		abort();
	if (!err) {
		if (msg_info(m.type)->from != from || msg_info(m.type)->to != to)
			abort();
		check(&m, bytes, size, fds);
		cleanup_fd(&m.fd);
	}
	if (free_fd() != before || wire_recv(pair[1], from, to, buf, sizeof(buf), &m) != -EAGAIN)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	open_pair();
	if (size == 0)
		return 0;
	for (int n = 0; n < ROOM__MAX * ROOM__MAX; n++)
		pass((enum room)(n / ROOM__MAX), (enum room)(n % ROOM__MAX), data + 1, size - 1, data[0] % (FDS_MOST + 1));
	return 0;
}
