#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
/* The gate is a process, not a library: what hears the proc connector is taken in whole, with all that it calls. */
#include "gate/coverage.c"
#include "gate/proc.c"
#include "gate/started.c"
#include "gate/act.c"
#include "gate/fold.c"
#include "gate/glance.c"
#include "gate/fan.c"
#include "gate/content.c"
#include "gate/ends.c"
#include "gate/fetch.c"
#include "gate/labels.c"
#include "gate/linger.c"
#include "gate/spool.c"
#define let_go	late_let_go
#include "gate/late.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ALL	(~0ull)
#define FORK	0x00000001u
#define EXEC	0x00000002u
#define UID	0x00000004u
#define GID	0x00000040u
#define SID	0x00000080u
#define EXIT	0x80000000u

/* A message as the kernel makes it: struct proc_event has 40 bytes, whatever happened. */
struct message {
	struct nlmsghdr	nl;
	struct cn_msg	cn;
	uint32_t	what, cpu;
	uint64_t	timestamp_ns;
	int32_t		data[6];
} __attribute__((packed));
_Static_assert(sizeof(struct message) == 16 + 20 + 40, "no gaps");

static struct gate gate;
static struct page *page;
static struct config config = { .deadline_ns = NS_PER_SEC };

static int
begin(void **state)
{
	static const struct policy_sources sources = { .judge = judge };
	static struct faults faults;
	int fd = policy_build_text(&sources, "test", "", 0, &faults);

	(void)state;
	memset(&gate, 0, sizeof(gate));
	gate.kinds = ALL;
	gate.proc = proc_open();
	if (fd < 0 || gate.proc < 0 || page_create(&page) || tree_new(&gate.tree, 7) || policy_open(fd, &gate.policy) || loop_init(&gate.loop) ||
	    hashes_new(&gate.hashes, 64, sizeof(struct hashed)))
		return -1;
	close(fd);
	gate.setup = (struct gate_setup){ .page = page, .config = &config, .started_group = -1,
		.proc_sock = -1, .record_sock = -1, .scan_sock = -1,
		.warden_sock = -1 };
	/* init -> 100 -> 101, none of which is there */
	tree_seed(gate.tree, &(struct tree_process){ .pid = 1, .start_ns = 1, .executable = "/sbin/init", .comm = "init" });
	tree_seed_done(gate.tree);
	tree_fork(gate.tree, 1, 4100000, 2);
	tree_exec(gate.tree, 4100000, "/usr/sbin/nginx", 15);
	tree_fork(gate.tree, 4100000, 4100001, 3);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	policy_close(gate.policy);
	tree_free(gate.tree);
	hashes_free(gate.hashes);
	loop_done(&gate.loop);
	close(gate.proc);
	if (gate.setup.proc_sock >= 0)
		close(gate.setup.proc_sock);
	return munmap(page, sizeof(*page));
}

static struct message
message(uint32_t what, int32_t a, int32_t b, int32_t c, int32_t d)
{
	struct message m = { .nl = { .nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_DONE }, .cn = { .id = { CN_IDX_PROC, CN_VAL_PROC },
		.len = 40 }, .what = what, .timestamp_ns = 5 * NS_PER_SEC, .data = { a, b, c, d, 0, 0 } };

	return m;
}

/* LEN bytes of M, from memory without a byte to spare. */
static void
take_part(const struct message *m, size_t len)
{
	void *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, m, len);
	take_message(&gate, exact, len);
	free(exact);
}

static void
hear(uint32_t what, int32_t a, int32_t b, int32_t c, int32_t d)
{
	struct message m = message(what, a, b, c, d);

	take_part(&m, sizeof(m));
}

static uint64_t
live(void)
{
	struct tree_stats s;

	tree_stats(gate.tree, &s);
	return s.live;
}

static unsigned
notes(void)
{
	return gate.reader.note_head - gate.reader.note_tail;
}

static const struct proc_note *
last_note(void)
{
	assert_true(notes() > 0);
	return &gate.reader.note[(gate.reader.note_head - 1) % PROC_NOTES];
}

static void
a_fork_is_a_child_of_the_process_not_of_the_thread(void **state)
{
	(void)state;
	uint64_t sleep_ns = now_boot_ns() - clock_ns(CLOCK_MONOTONIC);

	hear(FORK, 4100777, 4100001, 4100002, 4100002);		/* a thread of 4100001 forks */
	assert_true(tree_knows(gate.tree, 4100002));
	assert_int_equal(tree_parent(gate.tree, 4100002), 4100001);
	assert_false(tree_knows(gate.tree, 4100777));
	/* The kernel's stamp does not count sleep, a start does. */
	uint64_t start = tree_start_ns(gate.tree, 4100002);
	assert_true(start >= 5 * NS_PER_SEC + sleep_ns - NS_PER_MS && start <= 5 * NS_PER_SEC + sleep_ns + NS_PER_SEC);
	assert_int_equal(notes(), 1);
	assert_int_equal(last_note()->kind, EVENT_FORK);
	assert_int_equal(last_note()->pid, 4100002);
}

static void
a_thread_is_no_process(void **state)
{
	(void)state;
	uint64_t before = live();

	hear(FORK, 4100001, 4100001, 4100003, 4100001);
	assert_false(tree_knows(gate.tree, 4100003));
	hear(EXIT, 4100003, 4100001, 0, 17);
	assert_int_equal(live(), before);
	assert_int_equal(notes(), 0);
}

static void
an_exit_has_its_code_or_its_signal(void **state)
{
	(void)state;
	static const struct { int32_t status; int32_t code; } rows[] = {
		{ 0, 0 }, { 3 << 8, 3 }, { 255 << 8, 255 }, { 9, -9 }, { 11 | 0x80, -11 }, { 0x7f00, 0x7f },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		hear(FORK, 1, 1, 4100005, 4100005);
		uint64_t before = live();
		hear(EXIT, 4100005, 4100005, rows[i].status, 17);
		assert_int_equal(live(), before - 1);
		assert_int_equal(last_note()->kind, EVENT_EXIT);
		assert_int_equal(last_note()->pid, 4100005);
		assert_int_equal(last_note()->exit_code, rows[i].code);
	}
}

/* Else one who lets his first thread end could not be found any more by who kills the tree, and be pushed out of it as dead. */
static void
a_process_lives_until_its_last_thread_ends(void **state)
{
	(void)state;
	hear(FORK, 4100001, 4100001, 4100002, 4100002);
	uint64_t before = live();
	hear(FORK, 4100002, 4100002, 4100008, 4100002);
	hear(FORK, 4100002, 4100002, 4100009, 4100002);
	hear(EXIT, 4100002, 4100002, 0, 17);
	assert_int_equal(live(), before);
	assert_int_equal(tree_descendants(gate.tree, 4100001, NULL, 0), 2);
	hear(EXIT, 4100008, 4100002, 0, -1);
	assert_int_equal(live(), before);
	hear(EXIT, 4100009, 4100002, 0, -1);
	assert_int_equal(live(), before - 1);
	/* The program of a thread that runs another one is the program of the process. */
	hear(FORK, 4100001, 4100001, 4100002, 4100002);
	hear(FORK, 4100002, 4100002, 4100008, 4100002);
	hear(EXIT, 4100002, 4100002, 0, 17);
	hear(EXEC, 4100002, 4100002, 0, 0);
	assert_int_equal(live(), before);
	hear(EXIT, 4100002, 4100002, 0, 17);
	assert_int_equal(live(), before - 1);
}

static void
users_and_sessions_are_those_of_the_process(void **state)
{
	(void)state;
	hear(UID, 4100777, 4100001, 1000, 33);
	assert_int_equal(last_note()->kind, EVENT_SETUID);
	assert_int_equal(last_note()->pid, 4100001);
	struct event *ev = &gate.report.event;
	event_init(ev, EVENT_CONNECT, SENSOR_PROC);
	ev->process.pid = 4100001;
	assert_int_equal(tree_place(gate.tree, ev), 0);
	assert_int_equal(ev->process.uid, 33);		/* the effective one */
	hear(SID, 4100001, 4100001, 0, 0);
	assert_int_equal(notes(), 1);
}

static void
other_messages_change_nothing(void **state)
{
	(void)state;
	static const uint32_t whats[] = { 0, 0x40, 0x100, 0x200, 0x40000000, 3, 0x80000001, UINT32_MAX };
	uint64_t before = live();

	for (size_t i = 0; i < COUNT(whats); i++)
		hear(whats[i], 4100001, 4100001, 4100002, 4100002);
	assert_int_equal(live(), before);
	assert_int_equal(notes(), 0);
}

static void
only_what_rules_ask_for_is_noted(void **state)
{
	(void)state;
	static const struct { uint32_t what; enum event_kind kind; } rows[] = {
		{ FORK, EVENT_FORK }, { EXIT, EVENT_EXIT }, { UID, EVENT_SETUID },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		gate.kinds = ALL & ~(1ull << rows[i].kind);
		hear(rows[i].what, 4100001, 4100001, 4100009, 4100009);
		assert_int_equal(notes(), i);
		gate.kinds = 1ull << rows[i].kind;
		hear(rows[i].what, 4100001, 4100001, 4100009, 4100009);
		assert_int_equal(notes(), i + 1);
	}
}

static void
forks_of_its_own_processes_are_not_told(void **state)
{
	(void)state;
	atomic_store(&page->process[ROOM_WARDEN].pid, 4100001);
	hear(FORK, 4100001, 4100001, 4100002, 4100002);
	assert_true(tree_knows(gate.tree, 4100002));
	assert_int_equal(notes(), 0);
}

static void
a_program_is_what_proc_says_it_is(void **state)
{
	(void)state;
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	int32_t pid = getpid();
	struct stat st;

	assert_true(n > 0 && stat("/proc/self/exe", &st) == 0);
	gate.setup.mode = MODE_ENFORCE;
	hear(FORK, 4100001, 4100001, pid, pid);
	gate.reader.note_tail = gate.reader.note_head;
	hear(EXEC, pid, pid, 0, 0);
	/* Nobody asked about this one: no file system is covered. */
	assert_int_equal(last_note()->kind, EVENT_EXEC);
	assert_true(proc_next(&gate));
	const struct event *ev = &gate.report.event;
	size_t len;
	const char *exe = event_text(ev, TEXT_EXECUTABLE, &len);
	assert_int_equal(len, n);
	assert_memory_equal(exe, self, len);
	assert_true((ev->have & HAVE_FILE) && ev->file.dev == st.st_dev && ev->file.ino == st.st_ino);
	assert_int_equal(ev->parent.pid, 4100001);
	assert_int_equal(ev->flags & FLAG_NOTIFIED, FLAG_NOTIFIED);
	/* One that was asked about. */
	tree_pending(gate.tree, pid, self, (size_t)n);
	hear(EXEC, pid, pid, 0, 0);
	assert_int_equal(notes(), 0);
	/* One that should have been, as far as is known by now: but the answer is yes whoever asks. */
	gate.coverage.ask[(uint32_t)pid % COVERAGE_ASKS] = (struct coverage_ask){ 0 };
	atomic_store(&page->mount[0].dev, st.st_dev);
	atomic_store(&page->mount[0].covered, 1);
	atomic_store(&page->warden.mounts, 1);
	hear(EXEC, pid, pid, 0, 0);
	assert_true(last_note()->open);
	while (proc_next(&gate))
		assert_int_equal(gate.report.event.kind, EVENT_START);
	atomic_store(&page->mount[0].covered, 0);
	hear(EXEC, pid, pid, 0, 0);
	assert_int_equal(notes(), 1);
	assert_false(last_note()->open);
}

/* Nothing happens by any of these, at no length, and nothing is read beyond it. */
static void
nothing_happens(const struct message *m, const char *why)
{
	uint64_t before = live();

	for (size_t len = 0; len <= sizeof(*m); len++)
		take_part(m, len);
	if (live() != before || notes() != 0)
		fail_msg("%s is taken", why);
}

static void
what_is_not_of_the_proc_connector_is_passed_over(void **state)
{
	(void)state;
	const struct message good = message(FORK, 4100001, 4100001, 4100002, 4100002);
	struct message m;

	for (size_t len = 0; len < sizeof(good); len++)
		take_part(&good, len);
	assert_int_equal(notes(), 0);
	m = good, m.cn.id.idx = 2;
	nothing_happens(&m, "another index");
	m = good, m.cn.id.val = 2;
	nothing_happens(&m, "another value");
	m = good, m.cn.id.idx = m.cn.id.val = 0;
	nothing_happens(&m, "no index");
	static const uint32_t outer[] = { 0, 15, 16, 35, 36, 59, 60, sizeof(good) - 1, sizeof(good) + 1, 1u << 31, UINT32_MAX };
	for (size_t i = 0; i < COUNT(outer); i++) {
		m = good, m.nl.nlmsg_len = outer[i];
		nothing_happens(&m, "a false length of the message");
	}
	static const uint16_t inner[] = { 0, 1, 15, 16, 23, 24, 31, 41, 1000, UINT16_MAX };
	for (size_t i = 0; i < COUNT(inner); i++) {
		m = good, m.cn.len = inner[i];
		nothing_happens(&m, "a false length of the event");
	}
	take_part(&good, sizeof(good));
	assert_int_equal(notes(), 1);
}

/* Kernels before 6.6 had smaller events in the union; longer ones may come. */
static void
events_of_older_and_newer_kernels_are_read(void **state)
{
	(void)state;
	struct { struct message m; char more[64]; } longer = { .m = message(FORK, 4100001, 4100001, 4100002, 4100002) };
	struct message shorter = message(FORK, 4100001, 4100001, 4100003, 4100003);

	longer.m.cn.len = 40 + sizeof(longer.more);
	longer.m.nl.nlmsg_len = sizeof(longer);
	take_message(&gate, &longer, sizeof(longer));
	shorter.cn.len = 32;
	shorter.nl.nlmsg_len = sizeof(shorter) - 8;
	take_part(&shorter, sizeof(shorter) - 8);
	assert_int_equal(notes(), 2);
}

static void
notes_beyond_the_last_place_are_counted(void **state)
{
	(void)state;
	for (int i = 0; i < PROC_NOTES + 5; i++)
		hear(UID, i, i, 0, 0);
	assert_int_equal(notes(), PROC_NOTES);
	assert_int_equal(counter_get(page, COUNTER_NOTES_LOST), 5);
	for (int i = 0; i < PROC_NOTES; i++) {
		assert_int_equal(gate.reader.note[gate.reader.note_tail % PROC_NOTES].pid, i);
		gate.reader.note_tail++;
	}
	assert_false(proc_next(&gate));
}

static void
an_exit_is_told_with_its_place_in_the_tree(void **state)
{
	(void)state;
	hear(EXIT, 4100001, 4100001, 3 << 8, 17);
	assert_true(proc_next(&gate));
	const struct event *ev = &gate.report.event;
	assert_int_equal(ev->kind, EVENT_EXIT);
	assert_int_equal(ev->sensor, SENSOR_PROC);
	assert_int_equal(ev->process.pid, 4100001);
	assert_true((ev->have & HAVE_EXIT) && ev->exit_code == 3);
	assert_int_equal(ev->parent.pid, 4100000);
	assert_int_equal(ev->ancestors, 2);
	assert_true(ev->boot_ns && ev->wall_ns && (ev->flags & FLAG_NOTIFIED));
	assert_false(proc_next(&gate));
}

static int
netlink(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	return fd;
}

static void
waits_for_data(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 10000), 1);
}

/* Who sends it is told by the port: only the kernel has 0. */
static void
a_message_of_another_process_is_not_even_a_sign_of_life(void **state)
{
	(void)state;
	struct message m = message(FORK, 4100001, 4100001, 4100002, 4100002);
	struct sockaddr_nl to;
	socklen_t len = sizeof(to);
	int forger = netlink(NETLINK_USERSOCK);

	gate.setup.proc_sock = netlink(NETLINK_USERSOCK);
	assert_int_equal(getsockname(gate.setup.proc_sock, (struct sockaddr *)&to, &len), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sendto(forger, &m, sizeof(m), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(m));
	waits_for_data(gate.setup.proc_sock);
	atomic_store(&page->warden.beats, 9);
	proc_collect(&gate);
	assert_false(tree_knows(gate.tree, 4100002));
	assert_int_equal(notes(), 0);
	assert_int_equal(counter_get(page, COUNTER_PROC_EVENTS), 0);
	assert_true(page->gate.proc_heard_ns == 0 && gate.reader.beats == 0);
	/* All of them were read. */
	assert_int_equal(recv(gate.setup.proc_sock, &m, sizeof(m), MSG_DONTWAIT), -1);
	close(forger);
}

static void
a_message_of_the_kernel_is_a_sign_of_life(void **state)
{
	(void)state;
	const struct nlmsghdr ask = { .nlmsg_len = sizeof(ask), .nlmsg_type = NLMSG_NOOP, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK };

	/* Any that answers will do; what it says is no message of the proc connector. */
	gate.setup.proc_sock = netlink(NETLINK_ROUTE);
	assert_int_equal(send(gate.setup.proc_sock, &ask, sizeof(ask), 0), sizeof(ask));
	waits_for_data(gate.setup.proc_sock);
	atomic_store(&page->warden.beats, 9);
	gate.reader.heals = 4;
	proc_collect(&gate);
	assert_int_equal(counter_get(page, COUNTER_PROC_EVENTS), 1);
	assert_true(page->gate.proc_heard_ns != 0);
	assert_true(gate.reader.beats == 9 && gate.reader.heals == 0);
	assert_int_equal(notes(), 0);
}

/* What the gate sends to the connector, read at the other end of a socket. */
static void
next_request(int fd, uint32_t op, bool filter)
{
	struct { struct nlmsghdr nl; struct cn_msg cn; uint32_t op, events; } __attribute__((packed)) m;
	size_t want = sizeof(m) - (filter ? 0 : 4);

	assert_int_equal(recv(fd, &m, sizeof(m), MSG_DONTWAIT), want);
	assert_int_equal(m.nl.nlmsg_len, want);
	assert_int_equal(m.nl.nlmsg_type, NLMSG_DONE);
	assert_true(m.cn.id.idx == CN_IDX_PROC && m.cn.id.val == CN_VAL_PROC);
	assert_int_equal(m.cn.len, filter ? 8 : 4);
	assert_int_equal(m.op, op);
	if (filter)
		assert_true(m.events == (FORK | EXEC | UID | GID | SID | EXIT));
}

static void
a_connector_that_was_muted_is_healed_and_told_once(void **state)
{
	(void)state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	gate.setup.proc_sock = pair[0];
	gate.setup.proc_filter = true;
	atomic_store(&page->warden.beats, MUTED_BEATS - 1);
	proc_tend(&gate, 10 * NS_PER_SEC);
	assert_int_equal(counter_get(page, COUNTER_PROC_MUTED), 0);
	atomic_store(&page->warden.beats, MUTED_BEATS);
	proc_tend(&gate, 11 * NS_PER_SEC - 1);		/* looked at once a second */
	assert_int_equal(counter_get(page, COUNTER_PROC_MUTED), 0);
	proc_tend(&gate, 11 * NS_PER_SEC);
	assert_int_equal(counter_get(page, COUNTER_PROC_MUTED), 1);
	next_request(pair[1], HEAL_OP, true);
	next_request(pair[1], PROC_CN_MCAST_LISTEN, true);
	next_request(pair[1], HEAL_OP, true);
	/* The tree is read again, since it missed something. */
	assert_true(tree_knows(gate.tree, getpid()));
	assert_int_equal(counter_get(page, COUNTER_TREE_SEEDS), 1);
	/* Still silent: healed again, not counted again. */
	while (recv(pair[1], &(char[64]){ 0 }, 64, MSG_DONTWAIT) > 0)
		;
	proc_tend(&gate, 12 * NS_PER_SEC);
	next_request(pair[1], HEAL_OP, true);
	assert_int_equal(counter_get(page, COUNTER_PROC_MUTED), 1);
	close(pair[1]);
}

static void
an_older_kernel_is_asked_without_a_filter(void **state)
{
	(void)state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	gate.setup.proc_sock = pair[0];
	request(&gate, PROC_CN_MCAST_LISTEN);
	next_request(pair[1], PROC_CN_MCAST_LISTEN, false);
	close(pair[1]);
}

static void
what_was_lost_is_read_from_proc(void **state)
{
	(void)state;
	gate.setup.proc_sock = netlink(NETLINK_USERSOCK);
	lost(&gate);
	assert_int_equal(counter_get(page, COUNTER_PROC_LOST), 1);
	int wait = proc_tend(&gate, NS_PER_SEC);
	assert_true(wait > 0);
	assert_false(gate.reader.seed_wanted);
	/* Who is not in /proc is dead. */
	assert_true(tree_knows(gate.tree, getpid()));
	assert_int_equal(tree_descendants(gate.tree, 4100001, NULL, 0), 0);
	/* What rules ask for is served at once. */
	hear(UID, 1, 1, 0, 0);
	assert_int_equal(proc_tend(&gate, NS_PER_SEC), 0);
}

static void
at_the_start_the_tree_is_read_from_proc(void **state)
{
	(void)state;
	gate.setup.proc_sock = netlink(NETLINK_USERSOCK);
	assert_int_equal(proc_start(&gate), 0);
	int32_t pid = getpid();
	assert_true(tree_knows(gate.tree, pid));
	assert_int_equal(tree_parent(gate.tree, pid), getppid());
	assert_true(tree_start_ns(gate.tree, pid) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_fork_is_a_child_of_the_process_not_of_the_thread),
		TEST(a_thread_is_no_process),
		TEST(an_exit_has_its_code_or_its_signal),
		TEST(a_process_lives_until_its_last_thread_ends),
		TEST(users_and_sessions_are_those_of_the_process),
		TEST(other_messages_change_nothing),
		TEST(only_what_rules_ask_for_is_noted),
		TEST(forks_of_its_own_processes_are_not_told),
		TEST(a_program_is_what_proc_says_it_is),
		TEST(what_is_not_of_the_proc_connector_is_passed_over),
		TEST(events_of_older_and_newer_kernels_are_read),
		TEST(notes_beyond_the_last_place_are_counted),
		TEST(an_exit_is_told_with_its_place_in_the_tree),
		TEST(a_message_of_another_process_is_not_even_a_sign_of_life),
		TEST(a_message_of_the_kernel_is_a_sign_of_life),
		TEST(a_connector_that_was_muted_is_healed_and_told_once),
		TEST(an_older_kernel_is_asked_without_a_filter),
		TEST(what_was_lost_is_read_from_proc),
		TEST(at_the_start_the_tree_is_read_from_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
