/* The admin socket: what may be asked, by whom, and who is handed the policy. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
/* Watch is a process, not a library: its admin socket is taken in whole. */
#include "watch/control.c"
#include "watch/status.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S NS_PER_SEC

static void
requests_are_read_strictly(void **state)
{
	(void)state;
	static const struct { const char *packet; int err; struct asked asked; } table[] = {
		{ "status", 0, { .verb = VERB_STATUS } },
		{ "policy", 0, { .verb = VERB_POLICY } },
		{ "confirm", 0, { .verb = VERB_CONFIRM } },
		{ "reload", 0, { .verb = VERB_RELOAD } },
		{ "reload force", 0, { .verb = VERB_RELOAD, .force = true } },
		{ "reload confirm=1", 0, { .verb = VERB_RELOAD, .for_ns = 1 * S } },
		{ "reload confirm=86400 force", 0, { .verb = VERB_RELOAD, .for_ns = 86400 * S, .force = true } },
		{ "enforce force confirm=300", 0, { .verb = VERB_ENFORCE, .for_ns = 300 * S, .force = true } },
		{ "monitor", 0, { .verb = VERB_MONITOR } },
		{ "monitor 2592000", 0, { .verb = VERB_MONITOR, .for_ns = 2592000 * S } },
		{ "rotate", 0, { .verb = VERB_ROTATE, .logs = 3 } },
		{ "rotate alerts", 0, { .verb = VERB_ROTATE, .logs = 1 } },
		{ "rotate events", 0, { .verb = VERB_ROTATE, .logs = 2 } },
		/* Wrong. */
		{ "rotate both", -EINVAL, { 0 } }, { "rotate alerts events", -EINVAL, { 0 } }, { "rotate force", -EINVAL, { 0 } },
		{ "reload alerts", -EINVAL, { 0 } }, { "monitor events", -EINVAL, { 0 } },
		{ "", -EBADMSG, { 0 } }, { "reload\n", -EBADMSG, { 0 } }, { "rel\xc3\xa9", -EBADMSG, { 0 } },
		{ "relaod", -EINVAL, { 0 } }, { "RELOAD", -EINVAL, { 0 } }, { " reload", -EINVAL, { 0 } }, { "reload ", -EINVAL, { 0 } },
		{ "reload  force", -EINVAL, { 0 } }, { "reload force ", -EINVAL, { 0 } }, { "reload force force", -EINVAL, { 0 } },
		{ "reload confirm=0", -EINVAL, { 0 } }, { "reload confirm=", -EINVAL, { 0 } }, { "reload confirm", -EINVAL, { 0 } },
		{ "reload confirm=86401", -EINVAL, { 0 } }, { "reload confirm=5m", -EINVAL, { 0 } }, { "reload confirm=-1", -EINVAL, { 0 } },
		{ "reload confirm=1 confirm=2", -EINVAL, { 0 } }, { "reload 5", -EINVAL, { 0 } }, { "reload confirm=99999999", -EINVAL, { 0 } },
		{ "monitor 0", -EINVAL, { 0 } }, { "monitor 2592001", -EINVAL, { 0 } }, { "monitor force", -EINVAL, { 0 } },
		{ "monitor confirm=5", -EINVAL, { 0 } }, { "monitor 5 5", -EINVAL, { 0 } },
		{ "confirm force", -EINVAL, { 0 } }, { "policy 1", -EINVAL, { 0 } }, { "status force", -EINVAL, { 0 } },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct asked a = { .verb = VERB__MAX, .for_ns = 77 };
		int err = control_parse(table[i].packet, strlen(table[i].packet), &a);
		if (err != table[i].err)
			fail_msg("'%s': %d, not %d", table[i].packet, err, table[i].err);
		if (err) {
			assert_int_equal(a.for_ns, 77);		/* as it was */
			continue;
		}
		assert_int_equal(a.verb, table[i].asked.verb);
		assert_true(a.for_ns == table[i].asked.for_ns);
		assert_int_equal(a.force, table[i].asked.force);
		assert_int_equal(a.logs, table[i].asked.logs);
	}
}

/* ---- A watch with one client and a warden that this test plays ---- */

static struct control control;
static struct loop loop;
static struct config config;
static struct watch_setup setup = { .control_sock = -1, .admins = (gid_t)-1, .config = &config };
static int warden_end, client_end;

static int
make_watch(void **state)
{
	int pair[2];

	(void)state;
	config_defaults(&config);
	if (page_create(&setup.page) || loop_init(&loop) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -1;
	setup.warden_sock = pair[0];
	warden_end = pair[1];
	memset(&control, 0, offsetof(struct control, reply));
	control.setup = &setup;
	control.loop = &loop;
	return 0;
}

static int
end_watch(void **state)
{
	(void)state;
	close(setup.warden_sock);
	close(warden_end);
	loop_done(&loop);
	return 0;
}

static struct client *
sit(uint32_t uid, bool reader)
{
	int pair[2];
	struct client *one = &control.client[0];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	client_end = pair[1];
	*one = (struct client){ .source = { .fd = pair[0], .ready = client_ready, .owner = &control }, .used = true, .reader = reader,
		.who = { .uid = uid, .pid = 77 }, .until_ns = UINT64_MAX };
	assert_int_equal(loop_add(&loop, &one->source, EPOLLIN), 0);
	return one;
}

static void
ask(struct client *one, const char *packet)
{
	assert_int_equal(send(client_end, packet, strlen(packet), 0), strlen(packet));
	client_ready(&one->source, EPOLLIN);
}

/* What the client was told, and the descriptor that came along, or -1. */
static const char *
told(int *fd)
{
	static char text[CONTROL_REPLY_MAX + 1];
	union { struct cmsghdr align; char buf[CMSG_SPACE(sizeof(int))]; } rights;
	struct iovec iov = { .iov_base = text, .iov_len = CONTROL_REPLY_MAX };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof(rights.buf) };
	ssize_t n = recvmsg(client_end, &m, MSG_DONTWAIT);

	assert_true(n >= 0);
	text[n] = '\0';
	*fd = -1;
	if (CMSG_FIRSTHDR(&m))
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(*fd));
	close(client_end);
	return text;
}

static void
only_root_changes_anything_or_sees_the_policy(void **state)
{
	(void)state;
	static const char *const packets[] = { "policy", "reload", "reload force", "monitor", "enforce confirm=5", "confirm" };
	static _Alignas(8) char buf[WIRE_MAX];
	struct wire_msg m;
	int fd;

	for (size_t i = 0; i < COUNT(packets); i++) {
		ask(sit(1000, true), packets[i]);
		assert_int_equal(told(&fd)[0], '5');
		assert_int_equal(wire_recv(warden_end, ROOM_WATCH, ROOM_WARDEN, buf, sizeof(buf), &m), -EAGAIN);
		ask(sit(1000, false), packets[i]);
		assert_int_equal(told(&fd)[0], '5');
		struct client *root = sit(0, false);
		ask(root, packets[i]);
		assert_int_equal(wire_recv(warden_end, ROOM_WATCH, ROOM_WARDEN, buf, sizeof(buf), &m), 0);
		drop(&control, root);
		close(client_end);
	}
	ask(sit(1000, true), "status");
	assert_int_equal(told(&fd)[2], '{');
	ask(sit(1000, false), "status");
	assert_int_equal(told(&fd)[0], '5');
}

static void
what_is_asked_reaches_the_warden(void **state)
{
	(void)state;
	static _Alignas(8) char buf[WIRE_MAX];
	struct msg_request q;
	struct wire_msg m;

	struct client *root = sit(0, false);
	ask(root, "enforce confirm=600 force");
	assert_int_equal(wire_recv(warden_end, ROOM_WATCH, ROOM_WARDEN, buf, sizeof(buf), &m), 0);
	assert_int_equal(m.type, MSG_REQUEST);
	memcpy(&q, m.payload, sizeof(q));
	assert_int_equal(q.request, REQUEST_ENFORCE);
	assert_true(q.for_ns == 600 * S);
	assert_int_equal(q.force, 1);
	assert_int_equal(q.uid, 0);
	assert_int_equal(q.pid, 77);
	assert_int_equal(q.logs, 0);
	drop(&control, root);
	close(client_end);
}

/* Root asks for the policy; the warden's answer comes with a descriptor. GIVEN: the client is root still. */
static void
hand_over(bool given)
{
	static struct msg_reply reply;
	struct client *one = sit(0, false);
	int fd, file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	ask(one, "policy");
	assert_true(one->waits);
	if (!given)
		one->who.uid = 1000;
	reply.ticket = one->ticket;
	reply.len = 2;
	memcpy(reply.text, "{}", 2);
	struct wire_msg m = { .type = MSG_SEALED, .payload = &reply, .len = MSG_REPLY_MIN + 2, .fd = file };
	assert_int_equal(control_on_reply(&control, &m), 0);
	assert_int_equal(fcntl(file, F_GETFD), -1);	/* ours is closed */
	assert_string_equal(told(&fd), "0 {}");
	assert_int_equal(fd >= 0, given);
	if (fd >= 0)
		close(fd);
}

static void
the_policy_is_handed_to_root_alone(void **state)
{
	(void)state;
	static _Alignas(8) char buf[WIRE_MAX];
	struct wire_msg m;

	hand_over(true);
	hand_over(false);
	while (wire_recv(warden_end, ROOM_WATCH, ROOM_WARDEN, buf, sizeof(buf), &m) == 0)
		;
	/* For somebody who has gone. */
	static struct msg_reply reply = { .ticket = 1 };
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	m = (struct wire_msg){ .type = MSG_SEALED, .payload = &reply, .len = MSG_REPLY_MIN, .fd = file };
	assert_int_equal(control_on_reply(&control, &m), 0);
	assert_int_equal(fcntl(file, F_GETFD), -1);
}

static void
status_says_how_long_a_change_waits(void **state)
{
	(void)state;
	uint64_t now = now_boot_ns();
	int fd;

	ask(sit(0, false), "status");
	assert_null(strstr(told(&fd), "confirm_in_s"));
	atomic_store(&setup.page->warden.confirm_until_ns, now + 90 * S + S / 2);
	ask(sit(0, false), "status");
	const char *text = told(&fd);
	assert_true(strstr(text, "\"confirm_in_s\":90") || strstr(text, "\"confirm_in_s\":89"));
	atomic_store(&setup.page->warden.confirm_until_ns, now - 1);
	ask(sit(0, false), "status");
	assert_null(strstr(told(&fd), "confirm_in_s"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_watch, end_watch)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read_strictly),
		TEST(only_root_changes_anything_or_sees_the_policy),
		TEST(what_is_asked_reaches_the_warden),
		TEST(the_policy_is_handed_to_root_alone),
		TEST(status_says_how_long_a_change_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
