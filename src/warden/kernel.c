#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/fanrecord.h"
#include "warden/kernel.h"
#include "wire/control.h"

#ifndef FAN_REPORT_FD_ERROR
#define FAN_REPORT_FD_ERROR 0x2000	/* Linux 6.13 and stable ones: an event that cannot be opened says why */
#endif
#define PROC_BUFFER	(16 << 20)
#define PROC_EVENT_AT	(NLMSG_HDRLEN + sizeof(struct cn_msg))	/* of `what` in a message */

bool
kernel_at_least(unsigned major, unsigned minor)
{
	struct utsname u;
	unsigned a = 0, b = 0;

	if (uname(&u) || sscanf(u.release, "%u.%u", &a, &b) != 2)
		return false;
	return a > major || (a == major && b >= minor);
}

static int
group_open(unsigned class, unsigned more)
{
	unsigned flags = class | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS | FAN_REPORT_TID | more;
	int fd = fanotify_init(flags | FAN_REPORT_FD_ERROR, O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME);

	if (fd < 0 && errno == EINVAL)
		fd = fanotify_init(flags, O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME);
	return fd < 0 ? -errno : fd;
}

/* A bounded permission queue lets what does not fit pass unasked, so it is unlimited: each entry is a waiting thread, which bounds it. */
static int
asking_group(void)
{
	int fd = group_open(FAN_CLASS_PRE_CONTENT, FAN_UNLIMITED_QUEUE);

	return fd == -EINVAL ? group_open(FAN_CLASS_CONTENT, FAN_UNLIMITED_QUEUE) : fd;
}

int
groups_open(enum mode mode, struct groups *out)
{
	CLEANUP_FD int exec = mode == MODE_ENFORCE ? asking_group() : group_open(FAN_CLASS_NOTIF, 0);
	CLEANUP_FD int open = mode == MODE_ENFORCE ? asking_group() : group_open(FAN_CLASS_NOTIF, 0);

	if (exec < 0 || open < 0)
		return exec < 0 ? exec : open;
	*out = (struct groups){ .mode = mode, .deny_errno = mode == MODE_ENFORCE && kernel_at_least(6, 14) };
	out->stale = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS, O_RDONLY | O_CLOEXEC);
	out->exec = steal_fd(&exec);
	out->open = steal_fd(&open);
	return 0;
}

void
groups_close(struct groups *g)
{
	cleanup_fd(&g->exec);
	cleanup_fd(&g->open);
	cleanup_fd(&g->stale);
	g->exec = g->open = g->stale = -1;
}

/* The kernel's own bound of a queue is kept: nobody waits in it, and what does not fit is told. */
static int
heard_group(unsigned more)
{
	unsigned flags = FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS | more;
	int fd = fanotify_init(flags, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void
heard_open(struct heard *out)
{
	const unsigned tries[] = { FAN_REPORT_FID | FAN_REPORT_TARGET_FID | FAN_REPORT_PIDFD, FAN_REPORT_FID | FAN_REPORT_PIDFD,
		FAN_REPORT_FID, 0 };

	*out = (struct heard){ .files = -1, .started = group_open(FAN_CLASS_NOTIF, 0), .plan = heard_group(0), .rename = FAN_RENAME };
	/* A fifo is opened without waiting for who writes to it. */
	out->written = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS,
	    O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME | O_NONBLOCK);
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]) && out->files < 0; i++)
		out->files = heard_group(tries[i]);
	/* Only a mask that it does not know is wrong in itself: there is nothing at descriptor -1. */
	if (out->files >= 0 && fanotify_mark(out->files, FAN_MARK_ADD, FAN_RENAME | FAN_ONDIR, -1, ".") && errno == EINVAL)
		out->rename = FAN_MOVED_FROM | FAN_MOVED_TO;
}

/* Before 6.6 the kernel sends everything; the cheapest flood (a process that renames itself) must not reach the buffer. */
static int
filter_attach(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, PROC_EVENT_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __builtin_bswap32(PROC_EVENT_COMM), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ? -errno : 0;
}

static int
listen_to_processes(int fd, bool filter)
{
	struct { struct nlmsghdr nl; struct cn_msg cn; uint32_t op, events; } __attribute__((packed)) m = {
		.nl = { .nlmsg_type = NLMSG_DONE }, .cn = { .id = { CN_IDX_PROC, CN_VAL_PROC }, .len = filter ? 8 : 4 },
		.op = PROC_CN_MCAST_LISTEN, .events = 0x800000c7u };	/* EXIT SID GID UID EXEC FORK */

	m.nl.nlmsg_len = (uint32_t)(sizeof(m) - (filter ? 0 : sizeof(m.events)));
	return send(fd, &m, m.nl.nlmsg_len, 0) < 0 ? -errno : 0;
}

int
netlink_open(int bus, unsigned groups, int bytes)
{
	struct mnl_socket *nl = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int fd = -1, err = 0;

	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) < 0 || (fd = fcntl(mnl_socket_get_fd(nl), F_DUPFD_CLOEXEC, 3)) < 0)
		err = -errno;
	mnl_socket_close(nl);
	if (err)
		return err;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	return fd;
}

int
proc_connector_open(bool *filter)
{
	int fd = netlink_open(NETLINK_CONNECTOR, CN_IDX_PROC, PROC_BUFFER), err = 0;

	if (fd < 0)
		return fd;
	*filter = kernel_at_least(6, 6);
	if (!*filter)
		err = filter_attach(fd);
	if (!err)
		err = listen_to_processes(fd, *filter);
	if (err)
		close(fd);
	return err ? err : fd;
}

int
control_open(const char *dir, gid_t admins)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/" CONTROL_SOCKET, dir) >= (int)sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	if (unlink(sa.sun_path) && errno != ENOENT)
		return -errno;
	mode_t old = umask(0177);
	int err = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
	umask(old);
	if (!err && admins != (gid_t)-1 && (chown(sa.sun_path, 0, admins) || chmod(sa.sun_path, 0660)))
		err = -errno;
	if (!err && listen(fd, CONTROL_CLIENTS))
		err = -errno;
	return err ? err : steal_fd(&fd);
}
