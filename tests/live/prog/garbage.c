/*
 * garbage SOCKET HOW N: bothers a SOCK_SEQPACKET socket N times. HOW: random (bytes of any length up to 100 kB), empty, long (a verb
 * that never ends), silent (connects and says nothing, all at once, for 3 s), hurry (asks and leaves without reading), many (status
 * requests), fds (with descriptors attached). Prints connected=N answered=N refused=N.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static char bytes[131072];
static unsigned long connected, answered, refused;

static int
dial(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval soon = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(sa.sun_path, path, sizeof(sa.sun_path) - 1);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		close(fd);
		refused++;
		return -1;
	}
	connected++;
	return fd;
}

static size_t
compose(const char *how)
{
	size_t n = 0;

	if (strcmp(how, "random") == 0)
		for (n = (size_t)rand() % 100000, bytes[0] = (char)rand(); n && rand() % 2; n /= 7)
			bytes[n - 1] = (char)rand();
	else if (strcmp(how, "long") == 0)
		n = (size_t)(memset(bytes, 's', 4096) == bytes) * 4096;
	else if (strcmp(how, "empty") != 0)
		n = (size_t)snprintf(bytes, sizeof(bytes), "status");
	return n;
}

static void
send_with_fds(int fd)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(8 * sizeof(int))]; } u = { 0 };
	struct iovec iov = { bytes, 6 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u.room) };

	u.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(8 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	for (int i = 0; i < 8; i++)
		memcpy(CMSG_DATA(&u.h) + (size_t)i * sizeof(int), &fd, sizeof(int));
	if (sendmsg(fd, &m, MSG_NOSIGNAL) < 0)
		refused++;
}

static void
bother(const char *path, const char *how)
{
	static char reply[131072];
	int fd = dial(path);

	if (fd < 0)
		return;
	size_t n = compose(how);
	if (strcmp(how, "silent") == 0)
		return;			/* left open */
	if (strcmp(how, "fds") == 0)
		send_with_fds(fd);
	else if (send(fd, bytes, n, MSG_NOSIGNAL) < 0)
		refused++;
	if (strcmp(how, "hurry") != 0 && recv(fd, reply, sizeof(reply), 0) > 0)
		answered++;
	close(fd);
}

int
main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc != 4)
		return 2;
	srand(7);
	for (unsigned long i = strtoul(argv[3], NULL, 10); i > 0; i--)
		bother(argv[1], argv[2]);
	if (strcmp(argv[2], "silent") == 0)
		sleep(3);
	printf("connected=%lu answered=%lu refused=%lu\n", connected, answered, refused);
	return 0;
}
