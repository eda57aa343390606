#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
/* The record process is not a library: its ways out are taken in whole. */
#include "record/ways.c"
#include "record/metrics.c"

#define HASH	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct config config;
static struct page *page;
static const struct host_facts host = { .hostname = "web1" };
static struct report report;
static char dir[] = "/tmp/yett-ways-XXXXXX";
static int sock, dir_fd, journal, hook[2];	/* journal: who plays it; -1 nobody */
static _Alignas(8) char got[JOURNAL_MAX + 1];

static int
begin_all(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0;
}

static int
end_all(void **state)
{
	(void)state;
	close(dir_fd);
	return rmdir(dir);
}

static void
start(void)
{
	memset(&the_ways, 0, sizeof(the_ways));
	ways_open(&(struct ways_setup){ .sock = sock, .hook_sock = hook[0], .metrics_dir = dir_fd, .config = &config,
	    .page = page, .host = &host });
}

static int
begin(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	config.heartbeat_ns = 60 * NS_PER_SEC;
	snprintf(config.journal, sizeof(config.journal), "%s/journal", dir);
	snprintf(config.metrics, sizeof(config.metrics), "%s/yett.prom", dir);
	journal = -1;
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0 || page_create(&page) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, hook))
		return -1;
	start();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	close(sock);
	close(hook[0]);
	close(hook[1]);
	if (journal >= 0)
		close(journal);
	unlinkat(dir_fd, "journal", 0);
	unlinkat(dir_fd, "yett.prom", 0);
	return munmap(page, sizeof(*page));
}

/* A journal, in place of one before. */
static void
listen_as_journal(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (journal >= 0)
		close(journal);
	unlinkat(dir_fd, "journal", 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/journal", dir);
	journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(journal >= 0);
	assert_int_equal(bind(journal, (struct sockaddr *)&sa, sizeof(sa)), 0);
}

static void
tell(enum report_kind kind)
{
	memset(&report, 0, offsetof(struct report, event));
	report.kind = (uint8_t)kind;
	ways_record(&(struct ways_line){ &report, "{\"a\":1,\"yett\":{\"b\":2", 20, 5 });
}

static void
prepare(void)
{
	event_init(&report.event, EVENT_EXEC, SENSOR_FANOTIFY);
}

static bool
heard(void)
{
	ssize_t n = recv(journal, got, sizeof(got) - 1, 0);

	got[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static void
later(enum way which)
{
	assert_true(the_ways.way[which].last_ns > QUIET_NS);
	the_ways.way[which].last_ns -= QUIET_NS;
}

static void
alerts_and_states_go_out_and_events_do_not(void **state)
{
	(void)state;
	struct wire_msg m;

	listen_as_journal();
	prepare();
	tell(REPORT_EVENT);
	assert_false(heard());
	tell(REPORT_STATE);
	assert_true(heard());
	assert_int_equal(wire_recv(hook[1], ROOM_RECORD, ROOM_HOOK, got, sizeof(got), &m), -EAGAIN);
	tell(REPORT_ALERT);
	assert_true(heard());
	assert_non_null(strstr(got, "\nYETT_SEQUENCE=5\n"));
	assert_int_equal(wire_recv(hook[1], ROOM_RECORD, ROOM_HOOK, got, sizeof(got), &m), 0);
	assert_int_equal(m.len, 20);
	assert_memory_equal(m.payload, "{\"a\":1,\"yett\":{\"b\":2", 20);
	assert_int_equal(counter_get(page, COUNTER_JOURNAL_SENT), 2);
	assert_int_equal(counter_get(page, COUNTER_JOURNAL_LOST), 0);
}

static void
where_no_journal_is_nothing_is_lost_unless_it_was_named(void **state)
{
	(void)state;
	struct ways_news news;

	prepare();
	the_ways.only_if_there = true;
	tell(REPORT_ALERT);
	assert_int_equal(counter_get(page, COUNTER_JOURNAL_LOST), 0);
	assert_false(ways_news(&news));
	the_ways.only_if_there = false;
	tell(REPORT_ALERT);
	assert_int_equal(counter_get(page, COUNTER_JOURNAL_LOST), 1);
	assert_true(ways_news(&news));
	snprintf(config.journal, sizeof(config.journal), "auto");
	start();
	assert_string_equal(the_ways.journal.sun_path, "/run/systemd/journal/socket");
	assert_true(the_ways.only_if_there);
	config.journal[0] = '\0';
	snprintf(config.syslog, sizeof(config.syslog), "on");
	start();
	assert_string_equal(the_ways.syslog.sun_path, "/dev/log");
	assert_int_equal(the_ways.journal.sun_path[0], 0);
}

static void
drops_are_counted_and_told_once_and_so_is_the_end_of_them(void **state)
{
	(void)state;
	struct ways_news news;

	prepare();
	for (int i = 0; i < 5; i++)
		tell(REPORT_ALERT);
	assert_true(ways_news(&news));
	assert_true(news.drops);
	assert_string_equal(news.why, "The journal does not take everything (ENOENT): what it misses is counted, and is in this log.");
	assert_false(ways_news(&news));
	listen_as_journal();
	tell(REPORT_ALERT);
	assert_true(heard());
	assert_false(ways_news(&news));		/* it may be one of a few that get through */
	later(WAY_JOURNAL);
	tell(REPORT_ALERT);
	assert_true(ways_news(&news));
	assert_false(news.drops);
	assert_int_equal(news.count, 5);
	assert_string_equal(news.why, "The journal takes everything again; it missed 5.");
	assert_false(ways_news(&news));
	assert_int_equal(counter_get(page, COUNTER_JOURNAL_LOST), 5);
	assert_int_equal(counter_get(page, COUNTER_JOURNAL_SENT), 2);
	/* Dead, with its socket still there, and another in its place. */
	close(journal);
	journal = -1;
	tell(REPORT_ALERT);
	assert_true(ways_news(&news));
	assert_non_null(strstr(news.why, "(ECONNREFUSED)"));
	assert_int_equal(news.count, 1);
	listen_as_journal();
	tell(REPORT_ALERT);
	assert_true(heard());
}

static void
nobody_is_waited_for(void **state)
{
	(void)state;
	struct ways_news news;
	unsigned n = 0;

	listen_as_journal();
	prepare();
	while (!counter_get(page, COUNTER_JOURNAL_LOST) && n++ < 100000)
		tell(REPORT_STATE);
	assert_int_equal(counter_get(page, COUNTER_JOURNAL_LOST), 1);
	assert_true(ways_news(&news));
	assert_non_null(strstr(news.why, "(too much at once)"));
	n = 0;
	while (!counter_get(page, COUNTER_RUN_LOST) && n++ < 100000)
		tell(REPORT_ALERT);
	assert_int_equal(counter_get(page, COUNTER_RUN_LOST), 1);
	assert_true(ways_news(&news));
	assert_string_equal(news.why, "The program on alerts does not take everything (too much at once): what it misses is counted, "
	    "and is in this log.");
}

static void
a_program_does_not_alert_itself(void **state)
{
	(void)state;
	struct ways_news news;
	struct wire_msg m;

	listen_as_journal();
	atomic_store(&page->process[ROOM_HOOK].pid, 77);
	prepare();
	event_add_ancestor(&report.event, 80, 0, "/bin/a", 6);
	event_add_ancestor(&report.event, 77, 0, "/usr/sbin/yettd", 15);
	tell(REPORT_ALERT);
	prepare();
	report.event.parent.pid = 77;
	tell(REPORT_ALERT);
	assert_int_equal(wire_recv(hook[1], ROOM_RECORD, ROOM_HOOK, got, sizeof(got), &m), -EAGAIN);
	assert_int_equal(counter_get(page, COUNTER_RUN_LOST), 2);
	assert_false(ways_news(&news));
	report.event.parent.pid = 78;
	tell(REPORT_ALERT);
	assert_int_equal(wire_recv(hook[1], ROOM_RECORD, ROOM_HOOK, got, sizeof(got), &m), 0);
}

static void
limits_of_the_program_are_news(void **state)
{
	(void)state;
	struct ways_news news;

	listen_as_journal();
	ways_tend(1);
	assert_false(ways_news(&news));
	counter_add(page, COUNTER_RUN_FOLDED, 3);
	counter_add(page, COUNTER_RUN, 1);
	ways_tend(1);
	assert_true(ways_news(&news));
	assert_true(news.drops);
	assert_int_equal(news.count, 3);
	later(WAY_RUN);
	ways_tend(1);
	assert_false(ways_news(&news));
	counter_add(page, COUNTER_RUN, 1);
	ways_tend(1);
	assert_true(ways_news(&news));
	assert_false(news.drops);
}

static void
the_head_goes_out_at_each_heartbeat(void **state)
{
	(void)state;
	struct chain_head head = { .sequence = 0, .prev = HASH, .log = "5f2c77a1b0c3d4e5" };

	listen_as_journal();
	ways_committed(&head, false);
	assert_false(heard());			/* there is no record yet */
	head.sequence = 8;
	ways_committed(&head, false);
	assert_true(heard());
	assert_non_null(strstr(got, "YETT_KIND=head\nYETT_LOG=5f2c77a1b0c3d4e5\nYETT_SEQUENCE=7\nYETT_HEAD=" HASH "\n"));
	ways_committed(&head, false);
	assert_false(heard());
	the_ways.head_ns -= config.heartbeat_ns;
	ways_committed(&head, false);
	assert_true(heard());
	ways_committed(&head, true);
	assert_true(heard());
}

static const char *
metrics(void)
{
	ssize_t n = keep_read(dir_fd, "yett.prom", got, sizeof(got) - 1);

	assert_true(n > 0);
	got[n] = '\0';
	return got;
}

static void
metrics_are_what_the_page_says(void **state)
{
	(void)state;
	struct stat st;
	char want[300];

	for (unsigned i = 0; i < COUNTER__MAX; i++)
		counter_add(page, (enum counter)i, 1000000000000 + i);
	atomic_store(&page->gate.latency[3], 99);
	atomic_store(&page->gate.latency[20], 1);
	atomic_store(&page->process[ROOM_GATE].started_ns, 1);
	atomic_store(&page->process[ROOM_GATE].pid, 5);
	mode_t mask = umask(077);
	uint64_t next = ways_tend(now_boot_ns());
	umask(mask);
	assert_true(next > now_boot_ns() && next <= now_boot_ns() + METRICS_NS);
	metrics();
	for (unsigned i = 0; i < COUNTER__MAX; i++) {
		const struct counter_info *c = counter_info((enum counter)i);
		assert_null(strpbrk(c->help, "\\\n"));
		snprintf(want, sizeof(want), "# HELP yett_%s_total %s\n# TYPE yett_%s_total counter\nyett_%s_total %llu\n", c->name, c->help, c->name,
		    c->name, 1000000000000ull + i);
		if (!strstr(got, want))
			fail_msg("no %s", want);
	}
	assert_non_null(strstr(got, "\nyett_answer_seconds{percent=\"99\"} 0.000008\n"));
	assert_non_null(strstr(got, "\nyett_answer_seconds{percent=\"100\"} 1.048576\n"));
	assert_non_null(strstr(got, "\nyett_process_up{process=\"gate\"} 1\n"));
	assert_null(strstr(got, "hook\""));
	assert_int_equal(fstatat(dir_fd, "yett.prom", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(faccessat(dir_fd, ".yett.prom.tmp", F_OK, 0), -1);
}

static void
metrics_are_written_every_15_seconds_and_at_the_end(void **state)
{
	(void)state;
	const struct chain_head head = { .sequence = 1, .prev = HASH, .log = "5f2c77a1b0c3d4e5" };
	uint64_t now = now_boot_ns();

	listen_as_journal();
	assert_int_equal(ways_tend(now), now + METRICS_NS);
	counter_add(page, COUNTER_DENIED, 41);
	assert_int_equal(ways_tend(now + METRICS_NS - 1), now + METRICS_NS);
	assert_null(strstr(metrics(), "\nyett_denied_total 41\n"));
	assert_int_equal(ways_tend(now + METRICS_NS), now + 2 * METRICS_NS);
	assert_non_null(strstr(metrics(), "\nyett_denied_total 41\n"));
	counter_add(page, COUNTER_DENIED, 1);
	ways_committed(&head, true);
	assert_non_null(strstr(metrics(), "\nyett_denied_total 42\n"));
}

static void
metrics_follow_no_link_and_write_no_half(void **state)
{
	(void)state;
	char small[100];

	assert_int_equal(symlinkat("/there/is/none", dir_fd, ".yett.prom.tmp"), 0);
	assert_int_equal(symlinkat("/there/is/none", dir_fd, "yett.prom"), 0);
	assert_int_equal(metrics_write(dir_fd, "yett.prom", "a 1\n", 4), 0);
	assert_string_equal(metrics(), "a 1\n");
	for (size_t size = 0; size < sizeof(small); size++)
		assert_int_equal(metrics_text(small, size, page), 0);
	assert_int_equal(mkdirat(dir_fd, ".yett.prom.tmp", 0700), 0);
	the_ways.metrics_ns = 0;
	ways_tend(now_boot_ns());
	assert_int_equal(counter_get(page, COUNTER_METRICS_LOST), 1);
	assert_string_equal(metrics(), "a 1\n");
	assert_int_equal(unlinkat(dir_fd, ".yett.prom.tmp", AT_REMOVEDIR), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(alerts_and_states_go_out_and_events_do_not),
		TEST(where_no_journal_is_nothing_is_lost_unless_it_was_named),
		TEST(drops_are_counted_and_told_once_and_so_is_the_end_of_them),
		TEST(nobody_is_waited_for),
		TEST(a_program_does_not_alert_itself),
		TEST(limits_of_the_program_are_news),
		TEST(the_head_goes_out_at_each_heartbeat),
		TEST(metrics_are_what_the_page_says),
		TEST(metrics_are_written_every_15_seconds_and_at_the_end),
		TEST(metrics_follow_no_link_and_write_no_half),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
