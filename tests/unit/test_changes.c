/* What watch makes of files that it is handed: which events, in what order, and when it says nothing. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
/* Watch is a process, not a library: what reads files is taken in whole. */
#include "watch/span.c"
#include "watch/entries.c"
#include "watch/parse.c"
#include "watch/accounts.c"
#include "watch/rights.c"
#undef SHOWN_MAX
#include "watch/jobs.c"
#include "watch/units.c"
#undef SHOWN_MAX
#include "watch/known.c"
#include "watch/outbox.c"
#define begin	change_begin
#include "watch/change.c"
#undef begin
#include "watch/facts.c"

#define KINDS	(1ull << EVENT_ACCOUNT | 1ull << EVENT_SCHEDULE)
#define ACTOR	4242

static struct loop loop;
static struct outbox out;
static struct page *page;
static struct facts facts;
static int pair[2];
static uint64_t now_ns, walks;
static char told[65536];

static int
start(void **state)
{
	(void)state;
	now_ns = NS_PER_SEC;
	walks = 0;
	if (loop_init(&loop) || page_create(&page) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair))
		return -1;
	if (outbox_init(&out, &loop, pair[0], page))
		return -1;
	facts_init(&facts, &out, NULL, page);
	return 0;
}

static bool
drop(void *arg, struct known *k)
{
	known_drop(arg, k);
	return true;
}

static int
end(void **state)
{
	(void)state;
	while (facts.n_waiting) {
		struct waiting w;
		take_out(&facts, 0, &w);
		release(&w);
	}
	known_each(&facts.known, drop, &facts.known);
	loop_done(&loop);
	close(pair[0]);
	close(pair[1]);
	return munmap(page, sizeof(*page));
}

static int
content(const char *text, size_t len)
{
	int fd = memfd_create("content", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* PID 0: nobody knows who did it. */
static void
hand(enum msg_type type, const char *path, int fd, int32_t pid)
{
	static struct event ev;
	struct fact fact;

	assert_true(fact_find(path, strlen(path), &fact));
	event_init(&ev, fact.kind, SENSOR_FACTS);
	ev.flags |= FLAG_NOTIFIED;
	ev.process.pid = pid;
	event_set_str(&ev, TEXT_FILE_PATH, path);
	ev.have |= HAVE_FILE;
	struct wire_msg m = { .type = type, .payload = &ev, .len = event_wire_size(&ev), .fd = fd };
	assert_int_equal(facts_take(&facts, &m, now_ns), 0);
}

static void
heard(const char *path, const char *text)
{
	hand(MSG_FACT, path, content(text, strlen(text)), ACTOR);
}

static void
found(const char *path, const char *text)
{
	hand(MSG_FACT_FOUND, path, content(text, strlen(text)), 0);
}

static void
walk(bool ends)
{
	struct msg_walk w = { .number = ends ? walks : ++walks, .kinds = KINDS, .end = ends };
	struct wire_msg m = { .type = MSG_WALK, .payload = &w, .len = sizeof(w), .fd = -1 };

	assert_int_equal(facts_take(&facts, &m, now_ns), 0);
}

static void
put_text(const char *before, const struct event *ev, enum event_text which)
{
	size_t n, used = strlen(told);
	const char *s = event_text(ev, which, &n);

	if (n)
		snprintf(told + used, sizeof(told) - used, "%s%.*s", before, (int)n, s);
}

/* All that was told by now, after MS: "type object entry: before -> after @account(id)", and ! behind what has no process. */
static const char *
says(unsigned ms)
{
	static struct event ev;
	_Alignas(8) static char buffer[WIRE_MAX];
	struct wire_msg m;

	told[0] = '\0';
	now_ns += ms * NS_PER_MS;
	facts_tick(&facts, now_ns);
	while (wire_recv(pair[1], ROOM_WATCH, ROOM_GATE, buffer, sizeof(buffer), &m) == 0) {
		if (out.used)
			outbox_ready(&out.source, EPOLLOUT);
		assert_int_equal(event_from_wire(&ev, m.payload, m.len), 0);
		assert_true((ev.have & HAVE_CHANGE) && (ev.have & HAVE_FILE) && ev.sensor == SENSOR_FACTS);
		put_text(told[0] ? "; " : "", &ev, TEXT_CHANGE_TYPE);
		put_text(" ", &ev, TEXT_CHANGE_OBJECT);
		put_text(" ", &ev, TEXT_CHANGE_ENTRY);
		put_text(": ", &ev, TEXT_CHANGE_BEFORE);
		put_text(" -> ", &ev, TEXT_CHANGE_AFTER);
		if (ev.have & HAVE_ACCOUNT) {
			put_text(" @", &ev, TEXT_ACCOUNT);
			snprintf(told + strlen(told), sizeof(told) - strlen(told), "(%d)", (int)ev.account_id);
		}
		if (!ev.process.pid)
			strncat(told, "!", sizeof(told) - strlen(told) - 1);
	}
	return told;
}

#define PASSWD_1 "root:x:0:0::/root:/bin/sh\nbob:x:1000:100::/home/bob:/bin/sh\n"

static void
learn(const char *path, const char *text)
{
	walk(false);
	found(path, text);
	walk(true);
	assert_string_equal(says(2000), "");
	assert_int_equal(atomic_load(&page->watch.walk), walks);
}

static void
what_is_there_first_is_no_news(void **state)
{
	(void)state;
	learn("/etc/passwd", PASSWD_1);
	assert_int_equal(facts.known.n, 1);
}

static void
each_entry_that_differs_is_an_event(void **state)
{
	(void)state;
	learn("/etc/passwd", PASSWD_1);
	heard("/etc/passwd", "root:x:0:0::/root:/bin/bash\neve:x:0:0::/e:\n");
	assert_string_equal(says(0), "removed user bob: uid=1000 gid=100 home=/home/bob shell=/bin/sh @bob(1000); "
	    "added user eve -> uid=0 gid=0 home=/e @eve(0); changed user root: shell=/bin/sh -> shell=/bin/bash @root(0)");
	heard("/etc/passwd", "root:x:0:0::/root:/bin/bash\neve:x:0:0::/e:\n");
	assert_string_equal(says(0), "rewritten user");
}

static void
a_password_is_told_by_its_state(void **state)
{
	(void)state;
	walk(false);
	found("/etc/passwd", PASSWD_1);
	found("/etc/shadow", "bob:!:1::::::\n");
	walk(true);
	heard("/etc/shadow", "bob:$6$salt$onehash:1::::::\n");
	assert_string_equal(says(0), "changed password bob: password=locked -> password=set @bob(1000)");
	heard("/etc/shadow", "bob:$6$salt$another:2::::::\n");
	assert_string_equal(says(0), "changed password bob: password=set (another) changed=1 -> password=set (another) changed=2 @bob(1000)");
	heard("/etc/shadow", "bob::2::::::\n");
	assert_string_equal(says(0), "changed password bob: password=set -> password=empty @bob(1000)");
}

static void
what_comes_before_the_first_walk_waits_for_it(void **state)
{
	(void)state;
	heard("/etc/passwd", "bob:x:0:0::/:\n");
	assert_string_equal(says(2000), "");
	walk(false);
	found("/etc/passwd", "bob:x:1:0::/:\n");
	walk(true);
	assert_string_equal(says(0), "changed user bob: uid=1 -> uid=0 @bob(0)");
}

static void
what_only_a_walk_finds_has_no_process(void **state)
{
	(void)state;
	learn("/etc/crontab", "@daily root a\n");
	walk(false);
	found("/etc/crontab", "@daily root b\n");
	found("/etc/cron.d/new", "@daily root c\n");
	walk(true);
	assert_string_equal(says(100), "");
	assert_string_equal(says(400), "removed cron a: schedule=@daily user=root @root(-1)!; "
	    "added cron b -> schedule=@daily user=root @root(-1)!; added cron c -> schedule=@daily user=root @root(-1)!");
	walk(false);
	found("/etc/crontab", "@daily root b\n");
	walk(true);
	assert_string_equal(says(100), "");
	assert_string_equal(says(400), "removed cron c: schedule=@daily user=root @root(-1)!");
}

static void
what_the_gate_tells_of_a_moment_later_has_one(void **state)
{
	(void)state;
	learn("/etc/crontab", "@daily root a\n");
	walk(false);
	found("/etc/crontab", "@daily root b\n");
	walk(true);
	assert_string_equal(says(100), "");
	heard("/etc/crontab", "@daily root b\n");
	assert_string_equal(says(0), "removed cron a: schedule=@daily user=root @root(-1); added cron b -> schedule=@daily user=root @root(-1)");
	assert_string_equal(says(1000), "");
}

static void
what_goes_and_comes_back_is_compared(void **state)
{
	(void)state;
	learn("/etc/crontab", "@daily root a\n");
	hand(MSG_FACT_GONE, "/etc/crontab", -1, ACTOR);
	assert_string_equal(says(100), "");
	heard("/etc/crontab", "@daily root a\n@daily root b\n");
	assert_string_equal(says(2000), "added cron b -> schedule=@daily user=root @root(-1)");
	hand(MSG_FACT_GONE, "/etc/crontab", -1, ACTOR);
	assert_string_equal(says(2000), "removed cron a: schedule=@daily user=root @root(-1); "
	    "removed cron b: schedule=@daily user=root @root(-1)");
	hand(MSG_FACT_GONE, "/etc/crontab", -1, ACTOR);
	assert_string_equal(says(2000), "");
	assert_int_equal(facts.known.n, 0);
}

/* Who never closes what he writes is told all the same, and who does is told once. */
static void
what_stays_open_is_looked_at_in_time(void **state)
{
	int fd = content("@daily root b\n", 14);

	(void)state;
	learn("/etc/crontab", "");
	hand(MSG_FACT_OPEN, "/etc/crontab", dup(fd), ACTOR);
	assert_string_equal(says(500), "");
	assert_int_equal(pwrite(fd, "@daily root c\n", 14, 14), 14);
	hand(MSG_FACT_OPEN, "/etc/crontab", dup(fd), ACTOR);
	walk(false);
	hand(MSG_FACT_FOUND, "/etc/crontab", dup(fd), 0);
	walk(true);
	assert_string_equal(says(600), "added cron b -> schedule=@daily user=root @root(-1); added cron c -> schedule=@daily user=root @root(-1)");
	hand(MSG_FACT_OPEN, "/etc/crontab", content("@daily root b\n", 14), ACTOR);
	heard("/etc/crontab", "@daily root c\n");
	assert_string_equal(says(0), "removed cron b: schedule=@daily user=root @root(-1)");
	assert_string_equal(says(2000), "");
	close(fd);
}

/* A descriptor that is handed twice is of a file that is the same. */
static void
the_same_file_is_not_read_twice(void **state)
{
	int fd = content("@daily root a\n", 14);

	(void)state;
	learn("/etc/cron.d/x", "@daily root b\n");
	hand(MSG_FACT, "/etc/crontab", dup(fd), ACTOR);
	assert_string_equal(says(0), "added cron a -> schedule=@daily user=root @root(-1)");
	hand(MSG_FACT, "/etc/crontab", dup(fd), ACTOR);
	assert_string_equal(says(0), "");
	close(fd);
}

static void
what_is_too_large_is_told_as_a_whole(void **state)
{
	size_t len = 60u << 20, n = 0;
	char *text = malloc(len);

	(void)state;
	learn("/etc/passwd", PASSWD_1);
	for (unsigned i = 0; i < 1000000; i++)
		n += (size_t)snprintf(text + n, len - n, "user-%u:x:%u:100:one of many:/home/user-%u:/bin/sh\n", i, i, i);
	hand(MSG_FACT, "/etc/passwd", content(text, n), ACTOR);
	assert_non_null(strstr(says(0), "changed user -> too large to be compared: "));
	heard("/etc/passwd", PASSWD_1);
	assert_non_null(strstr(says(0), "changed user -> too large to be compared: "));
	heard("/etc/passwd", PASSWD_1 "eve:x:7:7::/:\n");
	assert_string_equal(says(0), "added user eve -> uid=7 gid=7 home=/ @eve(7)");
	free(text);
}

static void
of_very_many_changes_the_number_is_told(void **state)
{
	char text[16384], *at = text;
	unsigned events = 1;

	(void)state;
	learn("/etc/passwd", "");
	for (unsigned i = 0; i < 300; i++)
		at += snprintf(at, 32, "u%u:x:%u:1\n", i, i);
	heard("/etc/passwd", text);
	says(0);
	for (const char *s = told; (s = strstr(s, "; ")); s += 2)
		events++;
	assert_int_equal(events, CHANGES_MAX + 1);
	assert_non_null(strstr(told, "changed user -> and 44 more entries"));
}

static void
kinds_that_nobody_asks_for_are_forgotten(void **state)
{
	struct msg_walk w = { .number = 9, .kinds = 0 };
	struct wire_msg m = { .type = MSG_WALK, .payload = &w, .len = sizeof(w), .fd = -1 };

	(void)state;
	learn("/etc/passwd", PASSWD_1);
	assert_int_equal(facts_take(&facts, &m, now_ns), 0);
	assert_true(!facts.known.n && !facts.known.bytes && !facts.complete);
}

static void
more_than_can_wait_is_looked_at_at_once(void **state)
{
	char path[64];

	(void)state;
	for (unsigned i = 0; i < FACTS_WAITING + 10; i++) {
		snprintf(path, sizeof(path), "/etc/cron.d/x%u", i);
		heard(path, "@daily root a\n");
	}
	assert_int_equal(facts.n_waiting, FACTS_WAITING);
	assert_string_equal(says(0), "");	/* nothing to compare with yet */
}

static void
a_path_that_is_none_of_them_is_refused(void **state)
{
	static struct event ev;
	struct wire_msg m = { .type = MSG_FACT_GONE, .payload = &ev, .fd = -1 };

	(void)state;
	event_init(&ev, EVENT_ACCOUNT, SENSOR_FACTS);
	event_set_str(&ev, TEXT_FILE_PATH, "/etc/hosts");
	m.len = event_wire_size(&ev);
	assert_int_equal(facts_take(&facts, &m, now_ns), -EBADMSG);
	m.len--;
	assert_int_equal(facts_take(&facts, &m, now_ns), -EBADMSG);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		TEST(what_is_there_first_is_no_news), TEST(each_entry_that_differs_is_an_event), TEST(a_password_is_told_by_its_state),
		TEST(what_comes_before_the_first_walk_waits_for_it), TEST(what_only_a_walk_finds_has_no_process),
		TEST(what_the_gate_tells_of_a_moment_later_has_one), TEST(what_goes_and_comes_back_is_compared),
		TEST(what_stays_open_is_looked_at_in_time), TEST(the_same_file_is_not_read_twice), TEST(what_is_too_large_is_told_as_a_whole),
		TEST(of_very_many_changes_the_number_is_told),
		TEST(kinds_that_nobody_asks_for_are_forgotten), TEST(more_than_can_wait_is_looked_at_at_once),
		TEST(a_path_that_is_none_of_them_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
