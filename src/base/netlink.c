#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include "base/netlink.h"

ssize_t
netlink_take(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	struct iovec part = { buf, size };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return msg.msg_namelen != sizeof(from) || from.nl_pid || (msg.msg_flags & MSG_TRUNC) ? -EBADMSG : n;
}
