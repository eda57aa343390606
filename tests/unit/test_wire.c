#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "wire/wire.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FDS_MOST 253		/* SCM_MAX_FD */

static _Alignas(8) char buffer[WIRE_MAX], payload[WIRE_MAX + 8];
static int sender, receiver;

static int
pair_up(void **state)
{
	const int room = 1 << 20;
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	sender = pair[0];
	receiver = pair[1];
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (char)(i * 7 + 1);
	return setsockopt(sender, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

static int
part(void **state)
{
	(void)state;
	close(sender);
	close(receiver);
	return 0;
}

static unsigned
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static int
recv_as(enum room from, enum room to, struct wire_msg *m)
{
	return wire_recv(receiver, from, to, buffer, sizeof(buffer), m);
}

/* The next message, for the one who may get messages of that type. */
static int
recv_type(enum msg_type type, struct wire_msg *m)
{
	return recv_as(msg_info(type)->from, msg_info(type)->to, m);
}

/* A message as no function of ours would send it: a head that says TYPE and SAYS, LEN bytes behind it, and N descriptors. */
struct raw { uint32_t type, says; size_t len; unsigned n; };

static void
send_raw(struct raw r)
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(FDS_MOST * sizeof(int))]; } control = { 0 };
	uint32_t head[2] = { r.type, r.says };
	struct iovec iov[2] = { { head, sizeof(head) }, { payload, r.len } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (r.n) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(r.n * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(r.n * sizeof(int));
		for (unsigned i = 0; i < r.n; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &sender, sizeof(int));
	}
	assert_int_equal(sendmsg(sender, &m, MSG_DONTWAIT), sizeof(head) + r.len);
}

/* LEN bytes and nothing else, with a descriptor if FD is one. */
static void
send_bytes(const void *bytes, size_t len, int fd)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct iovec iov = { .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	memcpy(&iov.iov_base, &bytes, sizeof(bytes));
	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control.room);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(sender, &m, MSG_DONTWAIT), len);
}

static struct raw
proper(enum msg_type type, size_t len)
{
	return (struct raw){ .type = (uint32_t)type, .says = (uint32_t)len, .len = len, .n = msg_info(type)->fds };
}

/* What was sent is refused, costs no descriptor, and does not stand in the way of the next message. */
static void
refused(enum room from, enum room to, const char *why)
{
	unsigned before = open_fds();
	struct wire_msg m = { .fd = -7 };

	int err = recv_as(from, to, &m);
	if (err != -EBADMSG)
		fail_msg("%s to %s, %s: %d instead of -EBADMSG", room_name(from), room_name(to), why, err);
	assert_int_equal(m.fd, -7);
	if (open_fds() != before)
		fail_msg("%s to %s, %s: a descriptor stays open", room_name(from), room_name(to), why);
	assert_int_equal(recv_as(from, to, &m), -EAGAIN);
}

static void
refused_type(struct raw r, enum msg_type row, const char *why)
{
	send_raw(r);
	refused(msg_info(row)->from, msg_info(row)->to, why);
}

static void
the_table_is_whole(void **state)
{
	(void)state;
	for (int t = 0; t < MSG__MAX; t++) {
		const struct msg_info *i = msg_info((enum msg_type)t);
		assert_true(strlen(i->name) && strlen(i->payload) && strlen(i->when));
		assert_true(i->from < ROOM__MAX && i->to < ROOM__MAX && i->from != i->to);
		assert_true(i->min > 0 && i->min <= i->max && i->max <= WIRE_MAX - 8);
		assert_true(i->fds <= 1);
	}
	for (int r = 0; r < ROOM__MAX; r++)
		for (int s = 0; s < r; s++)
			assert_string_not_equal(room_name((enum room)r), room_name((enum room)s));
}

static void
every_message_passes_in_its_direction_and_sizes(void **state)
{
	(void)state;
	for (int t = 0; t < MSG__MAX; t++) {
		enum msg_type type = (enum msg_type)t;
		const struct msg_info *i = msg_info(type);
		const size_t sizes[] = { i->min, i->max };
		for (size_t s = 0; s < COUNT(sizes); s++) {
			struct wire_msg m = { 0 };
			assert_int_equal(wire_send(sender, type, payload, sizes[s], i->fds ? sender : -1), 0);
			assert_int_equal(recv_type(type, &m), 0);
			assert_int_equal(m.type, type);
			assert_int_equal(m.len, sizes[s]);
			assert_memory_equal(m.payload, payload, m.len);
			assert_int_equal((uintptr_t)m.payload % 8, 0);
			assert_int_equal(m.fd >= 0, i->fds == 1);
			if (m.fd >= 0) {
				assert_int_equal(fcntl(m.fd, F_GETFD), FD_CLOEXEC);
				close(m.fd);
			}
		}
	}
}

static void
a_descriptor_that_was_sent_is_the_same_file(void **state)
{
	(void)state;
	struct wire_msg m = { 0 };
	char word[6] = "";
	int pipe_fds[2];

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(wire_send(sender, MSG_SCAN, payload, sizeof(struct msg_scan), pipe_fds[1]), 0);
	close(pipe_fds[1]);
	assert_int_equal(recv_type(MSG_SCAN, &m), 0);
	assert_int_equal(write(m.fd, "hello", 5), 5);
	close(m.fd);
	assert_int_equal(read(pipe_fds[0], word, 5), 5);
	assert_string_equal(word, "hello");
	assert_int_equal(read(pipe_fds[0], word, 5), 0);
	close(pipe_fds[0]);
}

static void
a_byte_too_few_or_too_many_is_refused(void **state)
{
	(void)state;
	for (int t = 0; t < MSG__MAX; t++) {
		enum msg_type type = (enum msg_type)t;
		const struct msg_info *i = msg_info(type);
		refused_type(proper(type, i->min - 1), type, "a byte less");
		refused_type(proper(type, i->max + 1), type, "a byte more");
		refused_type(proper(type, 0), type, "no payload");
	}
}

static void
every_other_direction_is_refused(void **state)
{
	(void)state;
	for (int t = 0; t < MSG__MAX; t++) {
		const struct msg_info *i = msg_info((enum msg_type)t);
		for (int n = 0; n < ROOM__MAX * ROOM__MAX; n++) {
			enum room from = (enum room)(n / ROOM__MAX), to = (enum room)(n % ROOM__MAX);
			if (from == i->from && to == i->to)
				continue;
			send_raw(proper((enum msg_type)t, i->min));
			refused(from, to, i->name);
		}
	}
}

static void
any_other_number_of_descriptors_is_refused(void **state)
{
	(void)state;
	static const unsigned counts[] = { 0, 1, 2, 3, 4, 5, 8, FDS_MOST };

	for (int t = 0; t < MSG__MAX; t++) {
		enum msg_type type = (enum msg_type)t;
		for (size_t c = 0; c < COUNT(counts); c++) {
			struct raw r = proper(type, msg_info(type)->min);
			if (counts[c] == r.n)
				continue;
			r.n = counts[c];
			refused_type(r, type, "descriptors");
		}
	}
}

static void
heads_that_lie_are_refused(void **state)
{
	(void)state;
	for (int t = 0; t < MSG__MAX; t++) {
		enum msg_type type = (enum msg_type)t;
		const uint32_t len = (uint32_t)msg_info(type)->min;
		const uint32_t says[] = { 0, len - 1, len + 1, len + 8, (uint32_t)msg_info(type)->max + 1, UINT32_MAX };
		for (size_t i = 0; i < COUNT(says); i++) {
			struct raw r = proper(type, len);
			r.says = says[i];
			refused_type(r, type, "a false length");
		}
	}
}

static void
unknown_types_are_refused(void **state)
{
	(void)state;
	static const uint32_t types[] = { MSG__MAX, MSG__MAX + 1, 255, 1u << 31, UINT32_MAX };

	for (size_t i = 0; i < COUNT(types); i++)
		for (unsigned fds = 0; fds < 2; fds++) {
			struct raw r = proper(MSG_SCANNED, sizeof(struct msg_scanned));
			r.type = types[i];
			r.n = fds;
			refused_type(r, MSG_SCANNED, "an unknown type");
		}
}

static void
what_is_shorter_than_a_head_is_refused(void **state)
{
	(void)state;
	static const uint32_t head[2] = { MSG_EVENT, 0 };

	/* Whatever the message before left in the buffer. */
	memset(buffer, 0, sizeof(buffer));
	for (size_t len = 0; len <= sizeof(head); len++) {
		send_bytes(head, len, -1);
		refused(ROOM_WATCH, ROOM_GATE, "cut head");
		send_bytes(head, len, sender);
		refused(ROOM_WATCH, ROOM_GATE, "cut head with a descriptor");
	}
}

static void
garbage_is_refused(void **state)
{
	(void)state;
	unsigned r = 1;
	char bytes[512];

	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)((r = r * 1664525 + 1013904223) >> 24);
		send_bytes(bytes, (size_t)round % sizeof(bytes), round % 3 ? -1 : sender);
		refused((enum room)(round % ROOM__MAX), (enum room)(round / ROOM__MAX % ROOM__MAX), "garbage");
	}
}

static void
what_is_longer_than_any_message_is_refused(void **state)
{
	(void)state;
	const size_t lengths[] = { WIRE_MAX + 1, 2 * WIRE_MAX };
	char *huge = calloc(1, 2 * WIRE_MAX);
	struct { uint32_t type, len; } head = { MSG_REPLY, 0 };

	assert_non_null(huge);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		/* True, or true only as far as the buffer reaches. */
		for (int lie = 0; lie < 2; lie++) {
			head.len = (uint32_t)((lie ? WIRE_MAX : lengths[i]) - sizeof(head));
			memcpy(huge, &head, sizeof(head));
			send_bytes(huge, lengths[i], -1);
			refused(ROOM_WARDEN, ROOM_WATCH, "too long");
			send_bytes(huge, lengths[i], sender);
			refused(ROOM_WARDEN, ROOM_WATCH, "too long, with a descriptor");
		}
	}
	free(huge);
}

static void
a_full_socket_is_told_and_loses_nothing(void **state)
{
	(void)state;
	struct msg_scan scan = { .ticket = 0 };
	struct wire_msg m = { 0 };
	unsigned before = open_fds();
	uint64_t sent = 0, got = 0;
	int err;

	while ((err = wire_send(sender, MSG_SCAN, &scan, sizeof(scan), sender)) == 0)
		scan.ticket = ++sent;
	assert_int_equal(err, -EAGAIN);
	assert_true(sent > 10);
	assert_int_equal(wire_send(sender, MSG_SCAN, &scan, sizeof(scan), sender), -EAGAIN);
	assert_int_equal(open_fds(), before);
	while ((err = recv_type(MSG_SCAN, &m)) == 0) {
		memcpy(&scan, m.payload, sizeof(scan));
		assert_true(scan.ticket == got);
		close(m.fd);
		got++;
	}
	assert_int_equal(err, -EAGAIN);
	assert_true(got == sent);
	assert_int_equal(open_fds(), before);
	assert_int_equal(wire_send(sender, MSG_SCAN, &scan, sizeof(scan), -1), 0);
}

static void
nothing_to_read_is_no_error(void **state)
{
	(void)state;
	struct wire_msg m;

	for (int i = 0; i < 3; i++)
		assert_int_equal(recv_as(ROOM_WATCH, ROOM_GATE, &m), -EAGAIN);
}

static void
the_end_comes_after_what_was_sent_before_it(void **state)
{
	(void)state;
	struct wire_msg m = { 0 };

	assert_int_equal(wire_send(sender, MSG_POLICY, payload, sizeof(struct msg_policy), sender), 0);
	assert_int_equal(wire_send(sender, MSG_SCANNED, payload, sizeof(struct msg_scanned), -1), 0);
	close(sender);
	assert_int_equal(recv_type(MSG_POLICY, &m), 0);
	close(m.fd);
	assert_int_equal(recv_type(MSG_SCANNED, &m), 0);
	assert_int_equal(recv_type(MSG_SCANNED, &m), -EPIPE);
	assert_int_equal(recv_type(MSG_SCANNED, &m), -EPIPE);
	/* Without SIGPIPE: it would end this program. */
	assert_int_equal(wire_send(receiver, MSG_SCANNED, payload, sizeof(struct msg_scanned), -1), -EPIPE);
	sender = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
one_who_is_still_there_cannot_feign_the_end(void **state)
{
	(void)state;
	struct wire_msg m = { 0 };

	send_bytes("", 0, -1);
	assert_int_equal(wire_send(sender, MSG_SCANNED, payload, sizeof(struct msg_scanned), -1), 0);
	assert_int_equal(recv_type(MSG_SCANNED, &m), -EBADMSG);
	assert_int_equal(recv_type(MSG_SCANNED, &m), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_up, part)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_table_is_whole),
		TEST(every_message_passes_in_its_direction_and_sizes),
		TEST(a_descriptor_that_was_sent_is_the_same_file),
		TEST(a_byte_too_few_or_too_many_is_refused),
		TEST(every_other_direction_is_refused),
		TEST(any_other_number_of_descriptors_is_refused),
		TEST(heads_that_lie_are_refused),
		TEST(unknown_types_are_refused),
		TEST(what_is_shorter_than_a_head_is_refused),
		TEST(garbage_is_refused),
		TEST(what_is_longer_than_any_message_is_refused),
		TEST(a_full_socket_is_told_and_loses_nothing),
		TEST(nothing_to_read_is_no_error),
		TEST(the_end_comes_after_what_was_sent_before_it),
		TEST(one_who_is_still_there_cannot_feign_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
