/*
 * act WHAT ...: does one thing that audit can tell of. connect PORT, listen PORT, ptrace PID, mount DIRECTORY, umount DIRECTORY, memfd,
 * wait PORT (connects, then lives on until it is killed; after 10 s it says "survived"). Exit 0, or 100 + errno.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in
loopback(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static int
do_connect(const char *port)
{
	struct sockaddr_in sa = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&sa, sizeof(sa));
}

static int
do_wait(const char *port)
{
	int r = do_connect(port);

	sleep(10);
	puts("survived");
	return r;
}

static int
do_listen(const char *port)
{
	struct sockaddr_in sa = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 1) ? -1 : 0;
}

static int
do_ptrace(const char *pid)
{
	return ptrace(PTRACE_SEIZE, (pid_t)strtol(pid, NULL, 10), NULL, NULL) ? -1 : 0;
}

static int
do_mount(const char *dir)
{
	return mount("yett-test", dir, "tmpfs", MS_NODEV | MS_NOSUID, "size=64k");
}

static int
do_umount(const char *dir)
{
	return umount2(dir, MNT_DETACH);
}

static int
do_memfd(const char *unused)
{
	(void)unused;
	return memfd_create("yett-test", MFD_CLOEXEC) < 0 ? -1 : 0;
}

static const struct { const char *name; int (*go)(const char *); } acts[] = {
	{ "connect", do_connect }, { "wait", do_wait }, { "listen", do_listen }, { "ptrace", do_ptrace }, { "mount", do_mount },
	{ "umount", do_umount }, { "memfd", do_memfd },
};

int
main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; argc >= 2 && i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(argv[1], acts[i].name) == 0)
			return acts[i].go(argc > 2 ? argv[2] : "0") ? 100 + errno : 0;
	return 99;
}
