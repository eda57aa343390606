#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/procfs.h"
#include "gate/ends.h"
#include "gate/fetch.h"

typedef int name_fn(int, struct sockaddr *restrict, socklen_t *restrict);

static void
on_alarm(int signal)
{
	(void)signal;
}

int
ends_start(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };	/* without SA_RESTART: what waits is to be interrupted */

	return sigaction(SIGALRM, &sa, NULL) ? -errno : 0;
}

/* The socket that FD of PID is, or -errno. */
static int
take_socket(struct gate *g, int32_t pid, int fd)
{
	int family;
	socklen_t len = sizeof(family);

	if (fd < 0 || g->n_strange == ENDS_KEPT)
		return -EBADF;
	CLEANUP_FD int process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process < 0)
		return -errno;
	int sock = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	if (sock < 0)
		return -errno;
	if (getsockopt(sock, SOL_SOCKET, SO_DOMAIN, &family, &len)) {
		g->n_strange++;
		counter_add(g->setup.page, COUNTER_STRANGE_FILES, 1);
		return -ENOTSOCK;
	}
	return sock;
}

static void
leave_socket(int sock)
{
	struct itimerval soon = { .it_value.tv_usec = ENDS_WAIT_US }, never = { { 0, 0 }, { 0, 0 } };

	setitimer(ITIMER_REAL, &soon, NULL);
	close(sock);
	setitimer(ITIMER_REAL, &never, NULL);
}

/* 0, -EAFNOSUPPORT for an address that is none of the network, or -errno. */
static int
end_of(int sock, name_fn *name, struct peer *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct sockaddr_storage any = { 0 };
	const struct sockaddr_in *four = (const void *)&any;
	const struct sockaddr_in6 *six = (const void *)&any;
	socklen_t len = sizeof(any);

	if (name(sock, (struct sockaddr *)&any, &len))
		return -errno;
	if (any.ss_family != AF_INET && any.ss_family != AF_INET6)
		return -EAFNOSUPPORT;
	bool v4 = any.ss_family == AF_INET || !memcmp(&six->sin6_addr, mapped, sizeof(mapped));
	*out = (struct peer){ .family = v4 ? AF_INET : AF_INET6, .port = ntohs(four->sin_port) };
	if (any.ss_family == AF_INET)
		memcpy(out->addr, &four->sin_addr, 4);
	else
		memcpy(out->addr, (const uint8_t *)&six->sin6_addr + (v4 ? 12 : 0), v4 ? 4 : 16);
	return 0;
}

static bool
same_end(const struct peer *a, const struct peer *b)
{
	return a->family == b->family && a->port == b->port && !memcmp(a->addr, b->addr, a->family == AF_INET ? 4 : 16);
}

/* Has it asked for a connection that the other end has not answered yet? Then it knows no other end either. */
static bool
still_asks(int sock)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return !getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &len) && info.tcpi_state == TCP_SYN_SENT;
}

/* The own end of what was connected, if it is still that. */
static int
ask_connected(int sock, struct event *ev)
{
	struct peer other;
	int err = end_of(sock, getpeername, &other);

	if (err == -ENOTCONN ? !still_asks(sock) : err || !same_end(&other, &ev->peer))
		return 0;
	if (!end_of(sock, getsockname, &ev->source))
		ev->have |= HAVE_SOURCE;
	return 0;
}

static int
ask_accepted(int sock, struct event *ev)
{
	struct peer from;
	int err = end_of(sock, getpeername, &from);

	if (err || ((ev->have & HAVE_SOURCE) && !same_end(&from, &ev->source)))
		return err == -EAFNOSUPPORT ? err : 0;
	ev->source = from;
	ev->have |= HAVE_SOURCE;
	if (!end_of(sock, getsockname, &ev->peer))
		ev->have |= HAVE_PEER;
	return 0;
}

static int
ask_listening(int sock, struct event *ev)
{
	int listens = 0;
	socklen_t len = sizeof(listens);

	if (getsockopt(sock, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) || !listens)
		return 0;
	int err = end_of(sock, getsockname, &ev->peer);
	if (!err)
		ev->have |= HAVE_PEER;
	return err == -EAFNOSUPPORT ? err : 0;
}

static int
fetch_socket(struct gate *g, struct event *ev, uint64_t fd, int (*ask)(int sock, struct event *))
{
	int sock = fd <= INT32_MAX ? take_socket(g, ev->process.pid, (int)fd) : -EBADF;

	if (sock < 0)
		return 0;
	int err = ask(sock, ev);
	leave_socket(sock);
	return err;
}

/* Where descriptor FD of the process leads to. Length, or -errno. */
static ssize_t
link_of(struct gate *g, const struct event *ev, int64_t fd, char *path, size_t size)
{
	char which[32];

	if (!(ev->have & HAVE_RESULT) || ev->syscall_arg0 == UINT32_MAX || fd < 0 || fd > INT32_MAX)
		return -EBADF;
	snprintf(which, sizeof(which), "fd/%d", (int)fd);
	return proc_link(g->proc, ev->process.pid, which, path, size);
}

/* /memfd:NAME, as the kernel calls it. */
static void
name_memory(struct gate *g, struct event *ev)
{
	static const char deleted[] = " (deleted)", memory[] = "/memfd:";
	size_t tail = sizeof(deleted) - 1;
	char path[512];
	ssize_t n = link_of(g, ev, ev->result, path, sizeof(path));

	if (n <= (ssize_t)(sizeof(memory) - 1 + tail) || memcmp(path, memory, sizeof(memory) - 1) || memcmp(path + n - tail, deleted, tail))
		return;
	if (!event_set(ev, TEXT_FILE_PATH, path, (size_t)n - tail))
		ev->have |= HAVE_FILE;
}

/* What was opened by handle has no name but there. */
static void
name_device(struct gate *g, struct event *ev)
{
	char path[512];
	ssize_t n = link_of(g, ev, ev->result, path, sizeof(path));

	if (n > 0 && path[0] == '/' && !event_set(ev, TEXT_FILE_PATH, path, (size_t)n))
		ev->have |= HAVE_FILE;
}

/* Whom a pidfd means, as /proc tells: "Pid:\tN". */
static int32_t
pidfd_means(struct gate *g, const struct event *ev)
{
	static const char key[] = "\nPid:\t";
	char which[32], text[1024];

	if (ev->syscall_arg0 > INT32_MAX)
		return 0;
	snprintf(which, sizeof(which), "fdinfo/%d", (int)ev->syscall_arg0);
	ssize_t n = proc_read(g->proc, ev->process.pid, which, text, sizeof(text) - 1);
	if (n < 0)
		return 0;
	text[n] = '\0';
	const char *at = strstr(text, key);
	return at ? (int32_t)strtol(at + sizeof(key) - 1, NULL, 10) : 0;
}

/* Who was touched through a descriptor. */
static void
name_touched(struct gate *g, struct event *ev)
{
	char path[512];
	ssize_t n = link_of(g, ev, ev->result, path, sizeof(path));
	int32_t pid = pidfd_means(g, ev);

	if (pid <= 0 && n > 0)
		pid = proc_path_pid(path, (size_t)n, ev->process.pid);
	if (pid <= 0)
		return;
	ev->target = (struct process){ .pid = pid, .uid = UINT32_MAX, .ruid = UINT32_MAX, .gid = UINT32_MAX, .auid = UINT32_MAX,
		.session = UINT32_MAX };
	ev->have |= HAVE_TARGET;
	fetch_target(g);
}

int
ends_fetch(struct gate *g, uint32_t needs)
{
	struct event *ev = &g->report.event;

	needs &= ~ev->have;
	if (ev->kind == EVENT_CONNECT && (needs & HAVE_SOURCE) && (ev->have & HAVE_PEER))
		return fetch_socket(g, ev, ev->syscall_arg0, ask_connected);
	if (ev->kind == EVENT_ACCEPT && (needs & (HAVE_SOURCE | HAVE_PEER)) && ev->syscall_arg0 != UINT32_MAX && ev->result >= 0)
		return fetch_socket(g, ev, (uint64_t)ev->result, ask_accepted);
	if (ev->kind == EVENT_LISTEN && (needs & HAVE_PEER))
		return fetch_socket(g, ev, ev->syscall_arg0, ask_listening);
	if (ev->kind == EVENT_MEMFD && (needs & HAVE_FILE))
		name_memory(g, ev);
	if (ev->kind == EVENT_RAW_READ && (needs & HAVE_FILE))
		name_device(g, ev);
	if (ev->kind == EVENT_PTRACE && (needs & HAVE_TARGET))
		name_touched(g, ev);
	return 0;
}
