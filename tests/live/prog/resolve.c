/*
 * resolve serve ADDRESS...: a small name server on port 53 of these, UDP and TCP. It says "ready" when it listens. To a question of type A
 * it answers 192.0.2.1, of AAAA 2001:db8::1, of TXT "yett"; names that begin with "no." do not exist, and of "mute." it says nothing.
 * resolve WAY ADDRESS NAME [COUNT]: asks COUNT times for the A record, each from a socket of its own. WAY: connect (UDP, connect and
 * send), sendto (UDP, without connect), many (UDP, sendmmsg), tcp, uring (UDP, connected by io_uring), keep (one socket for all),
 * getaddrinfo (ADDRESS is that of resolv.conf), held (waits for 300 ms more before it closes). Exit 0 when all were answered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SERVERS	8

static int
fail(const char *what)
{
	fprintf(stderr, "resolve: %s: %s\n", what, strerror(errno));
	return 1;
}

static socklen_t
address(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(53);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(53);
	return inet_pton(AF_INET6, text, &in6->sin6_addr) == 1 ? sizeof(*in6) : 0;
}

/* The answer to M in OUT; its length, 0: none. */
static size_t
answer(const uint8_t *m, size_t len, uint8_t *out)
{
	static const uint8_t a[] = { 192, 0, 2, 1 }, aaaa[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 }, txt[] = "\4yett";
	size_t at = 12;

	if (len < 17)
		return 0;
	while (at < len && m[at])
		at += 1 + (size_t)m[at];
	if (at + 5 > len || !memcmp(m + 12, "\4mute", 5))
		return 0;
	unsigned type = m[at + 2];
	const uint8_t *data = type == 1 ? a : type == 28 ? aaaa : txt;
	size_t size = type == 1 ? sizeof(a) : type == 28 ? sizeof(aaaa) : sizeof(txt) - 1, n = at + 5;
	int exists = memcmp(m + 12, "\2no", 3) != 0;
	memcpy(out, m, n);
	memcpy(out + 2, exists ? "\x81\x80\0\1\0\1\0\0\0\0" : "\x81\x83\0\1\0\0\0\0\0\0", 10);
	if (exists) {
		memcpy(out + n, "\xc0\x0c\0\0\0\1\0\0\0\x3c\0", 11);
		out[n + 3] = (uint8_t)type;
		out[n + 11] = (uint8_t)size;
		memcpy(out + n + 12, data, size);
		n += 12 + size;
	}
	return n;
}

static void
serve_datagram(int fd)
{
	uint8_t in[2048], out[4096];
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(fd, in, sizeof(in), 0, (struct sockaddr *)&from, &size);
	size_t len = n > 0 ? answer(in, (size_t)n, out) : 0;

	if (len)
		sendto(fd, out, len, 0, (struct sockaddr *)&from, size);
}

static void
serve_stream(int listener)
{
	uint8_t in[2048], out[4096];
	int fd = accept(listener, NULL, NULL);
	ssize_t n = fd < 0 ? -1 : recv(fd, in, sizeof(in), 0);
	size_t len = n > 2 ? answer(in + 2, (size_t)n - 2, out + 2) : 0;

	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
	if (len)
		send(fd, out, len + 2, MSG_NOSIGNAL);
	if (fd >= 0)
		close(fd);
}

static int
serve(int n, char **addresses)
{
	struct pollfd p[2 * SERVERS];
	int on = 1, bytes = 8 << 20;

	for (int i = 0; i < n && i < SERVERS; i++) {
		struct sockaddr_storage sa;
		socklen_t size = address(addresses[i], &sa);
		p[2 * i] = (struct pollfd){ .fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), .events = POLLIN };
		p[2 * i + 1] = (struct pollfd){ .fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), .events = POLLIN };
		setsockopt(p[2 * i].fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
		setsockopt(p[2 * i + 1].fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(p[2 * i].fd, (struct sockaddr *)&sa, size) || bind(p[2 * i + 1].fd, (struct sockaddr *)&sa, size) ||
		    listen(p[2 * i + 1].fd, 64))
			return fail(addresses[i]);
	}
	puts("ready");
	fflush(stdout);
	while (poll(p, (nfds_t)(2 * n), -1) > 0)
		for (int i = 0; i < 2 * n; i++)
			if (p[i].revents)
				i % 2 ? serve_stream(p[i].fd) : serve_datagram(p[i].fd);
	return fail("poll");
}

static size_t
question(const char *name, uint16_t id, uint8_t *out)
{
	size_t n = 12;

	memcpy(out, "\0\0\1\0\0\1\0\0\0\0\0\0", 12);
	out[0] = (uint8_t)(id >> 8);
	out[1] = (uint8_t)id;
	for (const char *at = name; *at;) {
		size_t len = strcspn(at, ".");
		out[n++] = (uint8_t)len;
		memcpy(out + n, at, len);
		n += len;
		at += len + (at[len] == '.');
	}
	memcpy(out + n, "\0\0\1\0\1", 5);
	return n + 5;
}

/* connect() by io_uring, as if there were no system call of that name. */
static int
uring_connect(int fd, const struct sockaddr *sa, socklen_t size)
{
	struct io_uring_params p = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p);

	if (ring < 0)
		return -1;
	char *sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(unsigned), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || sqe == MAP_FAILED)
		return -1;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_CONNECT;
	sqe->fd = fd;
	sqe->addr = (uint64_t)(uintptr_t)sa;
	sqe->off = size;
	((unsigned *)(void *)(sq + p.sq_off.array))[0] = 0;
	__atomic_store_n((unsigned *)(void *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	int done = (int)syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	close(ring);
	return done == 1 ? 0 : -1;
}

static int
send_one(const char *way, int fd, const struct sockaddr *sa, socklen_t size, uint8_t *m, size_t len)
{
	struct iovec part = { m, len };
	struct mmsghdr many = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

	if (!strcmp(way, "sendto"))
		return sendto(fd, m, len, 0, sa, size) < 0;
	if (!strcmp(way, "many")) {
		union { const struct sockaddr *from; void *to; } name = { .from = sa };
		many.msg_hdr.msg_name = name.to;
		many.msg_hdr.msg_namelen = size;
		return sendmmsg(fd, &many, 1, 0) < 1;
	}
	return send(fd, m, len, MSG_NOSIGNAL) < 0;
}

/* On FD, or on a socket of its own. */
static int
ask(const char *way, int fd, const struct sockaddr_storage *sa, socklen_t size, const char *name, uint16_t id)
{
	int tcp = !strcmp(way, "tcp"), own = fd < 0;
	uint8_t m[600], in[2048];
	const struct sockaddr *to = (const struct sockaddr *)sa;
	size_t len = question(name, id, m + 2);
	struct pollfd p = { .events = POLLIN };

	m[0] = (uint8_t)(len >> 8);
	m[1] = (uint8_t)len;
	if (own)
		fd = socket(sa->ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	p.fd = fd;
	if (own && !strcmp(way, "uring") && uring_connect(fd, to, size))
		return fail("io_uring");
	if (own && strcmp(way, "uring") && strcmp(way, "sendto") && strcmp(way, "many") && connect(fd, to, size))
		return fail("connect");
	if (send_one(way, fd, to, size, tcp ? m : m + 2, tcp ? len + 2 : len))
		return fail("send");
	if (strncmp(name, "mute.", 5) && (poll(&p, 1, 2000) != 1 || recv(fd, in, sizeof(in), 0) < 12))
		return fail("no answer");
	if (!strcmp(way, "held"))
		usleep(300000);
	if (own)
		close(fd);
	return 0;
}

int
main(int argc, char **argv)
{
	struct sockaddr_storage sa;
	struct addrinfo *list, hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };

	if (argc > 2 && !strcmp(argv[1], "serve"))
		return serve(argc - 2, argv + 2);
	if (argc < 4)
		return 2;
	int count = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 1, keep = !strcmp(argv[1], "keep"), fd = -1;
	socklen_t size = address(argv[2], &sa);
	if (keep && ((fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0 || connect(fd, (struct sockaddr *)&sa, size)))
		return fail("connect");
	for (int i = 0; i < count; i++) {
		int err = !strcmp(argv[1], "getaddrinfo") ? getaddrinfo(argv[3], NULL, &hints, &list) :
		    ask(argv[1], fd, &sa, size, argv[3], (uint16_t)(i + 1));
		if (err)
			return 1;
	}
	return 0;
}
