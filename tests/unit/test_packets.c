#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
/* Watch is a process, not a library: what reads packets is taken in whole. */
#include "watch/packet.c"
#include "watch/dns.c"
#include "watch/lookup.c"
#include "watch/asker.c"
#include "watch/caller.c"
#include "watch/diag.c"
#include "watch/outbox.c"
#include "watch/packets.c"
#include "event/field.h"

#define SEC 1000000000ull

static struct packets w;
static struct outbox out;
static struct loop loop;
static struct page *page;
static struct event ev;
static int gate;
static _Alignas(8) char buffer[WIRE_MAX];

static int
begin(void **state)
{
	struct watch_setup setup = { .sense = { -1, -1 }, .diag_sock = -1 };
	int pair[2];

	(void)state;
	if (!page && page_create(&page))
		return -1;
	memset(page, 0, sizeof(*page));
	memset(&w, 0, sizeof(w));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) || loop_init(&loop) ||
	    outbox_init(&out, &loop, pair[0], page))
		return -1;
	gate = pair[1];
	setup.page = page;
	if (packets_init(&w, &loop, &setup, &out))
		return -1;
	w.source.fd = gate;		/* as if there were a socket: nothing is read from it here */
	return 0;
}

static int
end(void **state)
{
	(void)state;
	loop_done(&loop);
	close(out.source.fd);
	close(gate);
	return 0;
}

/* What the gate gets next; MSG__MAX: nothing. */
static enum msg_type
next(struct msg_holds *holds)
{
	struct wire_msg m;

	if (wire_recv(gate, ROOM_WATCH, ROOM_GATE, buffer, sizeof(buffer), &m))
		return MSG__MAX;
	if (m.type == MSG_EVENT)
		assert_int_equal(event_from_wire(&ev, m.payload, m.len), 0);
	else if (m.type == MSG_HOLDS)
		memcpy(holds, m.payload, sizeof(*holds));
	return m.type;
}

static bool
text_is(enum event_text which, const char *s, size_t len)
{
	size_t n;
	const char *t = event_text(&ev, which, &n);

	return n == len && memcmp(t, s, n) == 0;
}
#define TEXT_IS(which, s) assert_true(text_is(which, s, sizeof(s) - 1))

#define QUESTION "\0\7\1\0\0\1\0\0\0\0\0\0\1A\4test\0\0\1\0\1"
#define ANSWER	 "\0\7\x81\x80\0\1\0\1\0\0\0\0\1A\4test\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\300\0\2\1"

/* A datagram of IPv4 between port FROM and port TO of this host. */
static void
datagram(uint16_t from, uint16_t to, const char *data, size_t n, bool ours, uint64_t now_ns)
{
	uint8_t p[512] = { 0x45, [3] = (uint8_t)(28 + n), [8] = 64, [9] = IPPROTO_UDP, [12] = 127, [15] = 1, [16] = 127, [19] = 1,
		[20] = (uint8_t)(from >> 8), [21] = (uint8_t)from, [22] = (uint8_t)(to >> 8), [23] = (uint8_t)to, [25] = (uint8_t)(8 + n) };

	memcpy(p + 28, data, n);
	packets_take(&w, p, 28 + n, ours, now_ns);
}

static void
ask(uint16_t port, uint64_t now_ns)
{
	datagram(port, 53, QUESTION, sizeof(QUESTION) - 1, true, now_ns);
}

static void
speak(int32_t pid, uint32_t fd, uint64_t now_ns)
{
	static struct event e;

	event_init(&e, EVENT_CONNECT, SENSOR_AUDIT);
	e.boot_ns = now_ns;
	e.process.pid = pid;
	e.syscall_arg0 = fd;
	e.peer = (struct peer){ { 127, 0, 0, 1 }, AF_INET, 53 };
	event_set_str(&e, TEXT_EXECUTABLE, "/usr/bin/dig");
	event_set(&e, TEXT_ARGS, "dig\0txt", 8);
	e.args_count = 2;
	e.process.auid = 1000;
	e.have = HAVE_PROCESS | HAVE_ARGS | HAVE_AUID | HAVE_USER | HAVE_PEER | HAVE_RESULT;
	packets_asked(&w, &e);
}

static void
test_a_lookup_is_an_event_with_all_that_it_can_have(void **state)
{
	uint32_t common = HAVE_ALL;

	(void)state;
	speak(99, 5, 10 * SEC);
	ask(4000, 10 * SEC);
	datagram(53, 4000, ANSWER, sizeof(ANSWER) - 1, false, 10 * SEC + 5);
	assert_int_equal(packets_tick(&w, 10 * SEC + 10), 40);
	assert_int_equal(next(NULL), MSG__MAX);
	assert_int_equal(packets_tick(&w, 10 * SEC + LOOKUP_SETTLE_NS), -1);
	assert_int_equal(next(NULL), MSG_EVENT);
	assert_int_equal(ev.kind, EVENT_DNS);
	assert_int_equal(ev.boot_ns, 10 * SEC);
	assert_int_equal(ev.sensors, 1u << SENSOR_PACKET | 1u << SENSOR_AUDIT);
	assert_int_equal(ev.flags, FLAG_NOTIFIED | FLAG_GUESSED);
	assert_int_equal(ev.process.pid, 99);
	assert_int_equal(ev.source.port, 4000);
	assert_int_equal(ev.peer.port, 53);
	TEXT_IS(TEXT_EXECUTABLE, "/usr/bin/dig");
	TEXT_IS(TEXT_ARGS, "dig\0txt\0");
	assert_int_equal(ev.process.auid, 1000);
	TEXT_IS(TEXT_DNS_NAME, "a.test");
	TEXT_IS(TEXT_DNS_TYPE, "A");
	TEXT_IS(TEXT_DNS_CODE, "NOERROR");
	TEXT_IS(TEXT_DNS_ANSWERS, "192.0.2.1\0");
	for (int k = 0; k < EVENT__MAX; k++)
		common &= field_carried((enum event_kind)k);
	assert_int_equal(ev.have & ~common, field_carried(EVENT_DNS) & ~common & ~(uint32_t)HAVE_ENV);
	assert_int_equal(ev.have & ~field_carried(EVENT_DNS), 0);
	assert_int_equal(counter_get(page, COUNTER_LOOKUPS), 1);
	assert_int_equal(counter_get(page, COUNTER_PACKETS), 2);
}

static void
test_what_is_none_is_counted(void **state)
{
	(void)state;
	datagram(4000, 53, "hello", 5, true, SEC);
	packets_take(&w, (const uint8_t *)"\x45", 1, true, SEC);
	assert_int_equal(counter_get(page, COUNTER_DNS_BROKEN), 2);
	datagram(53, 4000, QUESTION, sizeof(QUESTION) - 1, true, SEC);		/* a question that goes nowhere */
	datagram(4000, 53, ANSWER, sizeof(ANSWER) - 1, true, SEC);		/* an answer to a server */
	assert_int_equal(w.lookups.open, 0);
	assert_int_equal(counter_get(page, COUNTER_DNS_BROKEN), 2);
}

static void
segment(const char *data, size_t n, uint64_t now_ns)
{
	uint8_t p[512] = { 0x45, [3] = (uint8_t)(40 + n), [8] = 64, [9] = IPPROTO_TCP, [12] = 127, [15] = 1, [16] = 127, [19] = 1, [20] = 9,
		[23] = 53, [32] = 0x50 };

	memcpy(p + 40, data, n);
	packets_take(&w, p, 40 + n, true, now_ns);
}

static void
test_several_messages_in_one_segment(void **state)
{
	static const char two[] = "\0\x18" QUESTION "\0\x18\0\x8" "\1\0\0\1\0\0\0\0\0\0\1b\4test\0\0\1\0\1";

	(void)state;
	segment(two, sizeof(two) - 1, SEC);
	assert_int_equal(w.lookups.open, 2);
	segment("\0\x18\0", 3, SEC);
	segment("\0", 1, SEC);
	segment("\0\0\0\0", 4, SEC);
	assert_int_equal(w.lookups.open, 2);
}

/* A socket of FAMILY and TYPE to itself, which is as good as any. The packet that it would send is in *P. */
static int
make_socket(int family, int type, bool connected, struct packet *p)
{
	struct sockaddr_storage sa = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *in = (struct sockaddr_in *)&sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sa;
	socklen_t size = family == AF_INET ? sizeof(*in) : sizeof(*in6);
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (family == AF_INET)
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		in6->sin6_addr = in6addr_loopback;
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &size), 0);
	memset(p, 0, sizeof(*p));
	p->tcp = type == SOCK_STREAM;
	p->from.family = p->to.family = (uint16_t)family;
	p->from.port = p->to.port = ntohs(family == AF_INET ? in->sin_port : in6->sin6_port);
	if (family == AF_INET) {
		memcpy(p->from.addr, &in->sin_addr, 4);
		memcpy(p->to.addr, &in->sin_addr, 4);
	} else {
		memcpy(p->from.addr, &in6->sin6_addr, 16);
		memcpy(p->to.addr, &in6->sin6_addr, 16);
	}
	if (connected)
		assert_int_equal(connect(fd, (struct sockaddr *)&sa, size), 0);
	else
		p->to.port = 53;
	return fd;
}

static void
test_the_kernel_knows_the_socket(void **state)
{
	static const struct { int family, type; bool connected; } ways[] = {
		{ AF_INET, SOCK_DGRAM, true }, { AF_INET, SOCK_DGRAM, false }, { AF_INET, SOCK_STREAM, true }, { AF_INET6, SOCK_DGRAM, true },
		{ AF_INET6, SOCK_DGRAM, false }, { AF_INET6, SOCK_STREAM, true },
	};
	struct diag diag = { .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG), .sequence = 5 };

	(void)state;
	assert_true(diag.fd >= 0);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct diag_socket s = { 0 };
		struct packet p;
		struct stat st;
		int fd = make_socket(ways[i].family, ways[i].type, ways[i].connected, &p);
		struct diag old = diag;
		assert_int_equal(ask_kernel(&old, &p), 0);	/* a predecessor's question, whose answer nobody took */
		diag.sequence += 7;
		assert_int_equal(diag_find(&diag, &p, &s), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(s.inode, st.st_ino);
		assert_int_equal(s.uid, geteuid());
		p.from.port ^= 0x8000;
		assert_int_equal(diag_find(&diag, &p, &s), -ENOENT);
		close(fd);
	}
	close(diag.fd);
}

static void
test_the_gate_is_asked_once_of_each_who_may_hold_it(void **state)
{
	struct msg_holds holds = { 0 };
	struct packet p;
	struct stat st;
	int fd = make_socket(AF_INET, SOCK_DGRAM, false, &p);

	(void)state;
	w.diag.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	assert_int_equal(fstat(fd, &st), 0);
	speak(99, 5, 10 * SEC);
	speak(99, 5, 10 * SEC);
	ask(p.from.port, 10 * SEC);
	assert_int_equal(next(&holds), MSG_HOLDS);
	assert_int_equal(holds.inode, st.st_ino);
	assert_int_equal(holds.pid, 99);
	assert_int_equal(holds.fd, 5);
	assert_int_equal(next(&holds), MSG__MAX);
	speak(98, 7, 10 * SEC + 5);		/* audit is read later */
	assert_int_equal(next(&holds), MSG_HOLDS);
	assert_int_equal(holds.pid, 98);
	packets_tick(&w, 10 * SEC + LOOKUP_WAIT_NS);
	assert_int_equal(next(&holds), MSG_EVENT);
	assert_int_equal(ev.process.pid, 0);	/* of two none is named here: the gate may have seen which */
	assert_int_equal(ev.socket, st.st_ino);
	assert_int_equal(ev.process.uid, geteuid());
	assert_true(ev.have & HAVE_USER);
	TEXT_IS(TEXT_DNS_CODE, "");
	close(w.diag.fd);
	close(fd);
}

static void
test_packets_wait_for_a_gate_that_is_behind(void **state)
{
	unsigned asked = 0, told = 0;

	(void)state;
	for (; !outbox_busy(&out) && asked < 65000; asked++)
		ask((uint16_t)(asked + 100), SEC + asked * (SEC / 1000));
	assert_true(outbox_busy(&out));
	assert_int_equal(packets_tick(&w, 600 * SEC), PAUSE_MS);
	assert_int_equal(w.lookups.open, LOOKUPS);	/* those that are due stay where they are */
	for (unsigned round = 0; w.lookups.open || out.used; round++) {
		while (next(NULL) == MSG_EVENT)
			told++;
		if (out.used)
			assert_int_equal(outbox_ready(&out.source, EPOLLOUT), 0);
		packets_tick(&w, 601 * SEC + round * SEC);
		assert_true(round < 100000);
	}
	while (next(NULL) == MSG_EVENT)
		told++;
	assert_int_equal(told, asked);
	assert_int_equal(counter_get(page, COUNTER_EVENTS_LOST), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_a_lookup_is_an_event_with_all_that_it_can_have),
		TEST(test_what_is_none_is_counted),
		TEST(test_several_messages_in_one_segment),
		TEST(test_the_kernel_knows_the_socket),
		TEST(test_the_gate_is_asked_once_of_each_who_may_hold_it),
		TEST(test_packets_wait_for_a_gate_that_is_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
