#ifndef BASE_NETLINK_H
#define BASE_NETLINK_H
/* What the kernel says over netlink, and nobody else: any process may send to such a socket. */
#include <sys/types.h>

/*
 * The next message on FD, without waiting for one: its length, at most SIZE. -EAGAIN: there is none; -ENOBUFS: some were lost; -EBADMSG:
 * one came from somebody else, who has a number, or did not fit; or -errno.
 */
ssize_t	netlink_take(int fd, void *buf, size_t size);

#endif
