#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "logs.h"
/* Gate and record are processes, not libraries: both ends of the way of a report are taken in whole. */
#include "gate/spool.c"
#include "record/begin.c"
#include "record/closed.c"
#include "record/flight.c"
#include "record/kept.c"
#include "record/own.c"
#include "record/record.c"
#include "record/metrics.c"
#include "record/reserve.c"
#include "record/ring.c"
#include "record/rotate.c"
#include "record/stream.c"
#include "record/ways.c"

#define PATIENCE_MS	30000

static struct gate gate;
static struct page *page;
static struct config config;
static struct logs logs;
static int record_end, warden_pair[2];
static pid_t pid;
static uint64_t put;			/* reports so far */

static int
begin(void **arg)
{
	int pair[2];

	(void)arg;
	if (!logs_open(&logs) || page_create(&page) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, warden_pair))
		return -1;
	config_defaults(&config);
	memset(&gate, 0, sizeof(gate));
	gate.setup.page = page;
	gate.setup.record_sock = pair[0];
	record_end = pair[1];
	put = 0;
	pid = 0;
	return 0;
}

static int
end(void **arg)
{
	(void)arg;
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(gate.setup.record_sock);
	close(record_end);
	close(warden_pair[0]);
	close(warden_pair[1]);
	logs_close(&logs);
	return munmap(page, sizeof(*page));
}

/* As the warden does it, who keeps both ends of every socket. */
static void
start_record(void)
{
	const struct record_setup setup = { .gate_sock = record_end, .warden_sock = warden_pair[1], .log_dir = logs.log,
		.state_dir = logs.state, .ways_sock = -1, .hook_sock = -1, .metrics_dir = -1, .page = page, .config = &config,
		.host = { .boot_id = BOOT_ID } };

	atomic_fetch_add(&page->process[ROOM_RECORD].started_ns, 1);
	pid = fork();
	if (pid == 0)
		_exit(record_main(&setup));
	assert_true(pid > 0);
}

static void
end_record(int sig)
{
	assert_int_equal(kill(pid, sig), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	pid = 0;
}

/* Its number is in it, so that it can be found in the log. KIND: alerts are written at once, events within a second. */
static void
put_report(enum report_kind kind)
{
	struct event *ev = &gate.report.event;

	memset(&gate.report, 0, offsetof(struct report, event));
	gate.report.kind = (uint8_t)kind;
	event_init(ev, EVENT_AGENT, SENSOR_SELF);
	ev->count = ++put;
	ev->have = HAVE_ACTION;
	assert_int_equal(event_set_str(ev, TEXT_ACTION, "probe"), 0);
	spool_put(&gate, &gate.report);
}

static bool
all_read(void)
{
	int unread = 1;

	return ioctl(record_end, FIONREAD, &unread) == 0 && unread == 0;
}

static bool
all_written(void)
{
	return atomic_load(&page->record.acked) == put;
}

static void
until(bool (*done)(void))
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		spool_flush(&gate);
		if (done())
			return;
		nanosleep(&moment, NULL);
	}
	fail_msg("the record process does not get so far");
}

/* How many reports stand in a log, in their order. */
static uint64_t
reports_in(const char *name)
{
	CLEANUP_BLOB struct blob log = blob_read(logs.log, name);
	uint64_t last = 0, n = 0;
	const char *at = log.data;

	if (!at)
		return 0;
	log.data[log.len] = '\0';
	while ((at = strstr(at, "\"action\":\"probe\""))) {
		at = strstr(at, "\"count\":");
		assert_non_null(at);
		uint64_t number = strtoull(at + strlen("\"count\":"), NULL, 10);
		assert_true(number > last);
		last = number;
		n++;
	}
	return n;
}

/* Every report stands once in one of the two logs. */
static void
log_has_all(void)
{
	assert_int_equal(reports_in(CHAIN_FILE) + reports_in(CHAIN_EVENTS_FILE), put);
}

/* The first one dies with five reports that it has read and five that wait for it. */
static void
who_dies_between_reading_and_writing_takes_no_report_with_it(void **arg)
{
	(void)arg;
	start_record();
	for (int i = 0; i < 5; i++)
		put_report(REPORT_EVENT);
	until(all_read);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	for (int i = 0; i < 5; i++)
		put_report(REPORT_EVENT);
	spool_flush(&gate);
	assert_false(all_read());
	end_record(SIGKILL);
	start_record();
	put_report(REPORT_ALERT);
	until(all_written);
	end_record(SIGTERM);
	log_has_all();
}

static void
a_successor_takes_what_was_put_while_nobody_was_there(void **arg)
{
	(void)arg;
	start_record();
	put_report(REPORT_ALERT);
	until(all_written);
	end_record(SIGKILL);
	for (int i = 0; i < 20; i++)
		put_report(REPORT_ALERT);
	spool_flush(&gate);
	start_record();
	until(all_written);
	end_record(SIGTERM);
	log_has_all();
}

/* What has been read already comes again from a new gate, and is not written again. */
static void
a_new_gate_doubles_nothing(void **arg)
{
	struct gate_setup setup = gate.setup;

	(void)arg;
	start_record();
	for (int i = 0; i < 5; i++)
		put_report(REPORT_EVENT);
	until(all_read);
	memset(&gate, 0, sizeof(gate));
	gate.setup = setup;
	gate.record_start_ns = atomic_load(&page->process[ROOM_RECORD].started_ns);
	gate.sent = atomic_load(&page->record.acked);
	put_report(REPORT_ALERT);
	until(all_written);
	end_record(SIGTERM);
	log_has_all();
}

/* -- new anchors, asked for by a warden that this test plays */

static struct msg_rotated rotated;

static bool
is_rotated(void)
{
	static _Alignas(8) char buf[WIRE_MAX];
	struct wire_msg m;

	if (wire_recv(warden_pair[0], ROOM_RECORD, ROOM_WARDEN, buf, sizeof(buf), &m))
		return false;
	assert_int_equal(m.type, MSG_ROTATED);
	memcpy(&rotated, m.payload, sizeof(rotated));
	return true;
}

static struct msg_rotate
asks_for(uint32_t which, uint64_t ticket)
{
	return (struct msg_rotate){ .ticket = ticket, .to_ns = atomic_load(&page->process[ROOM_RECORD].started_ns), .logs = which,
		.by = { .pid = 4711, .uid = 0 }, .executable = "/usr/bin/yettctl", .user = "root" };
}

static void
ask(const struct msg_rotate *m)
{
	assert_int_equal(wire_send(warden_pair[0], MSG_ROTATE, m, sizeof(*m), -1), 0);
}

static uint64_t found;

static void
count_in(int dir, const char *name)
{
	(void)dir;
	if (strstr(name, ".jsonl"))
		found += reports_in(name);
}

static void
logs_have_all(void)
{
	found = 0;
	logs_each(logs.log, count_in);
	assert_int_equal(found, put);
}

/* The line that says WORD in the file NAME of the directory of the log ID, "." for the present one. */
static const char *
line_with(const char *id, const char *name, const char *word)
{
	static char line[8192];
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", id, name);
	CLEANUP_BLOB struct blob b = blob_read(logs.log, path);
	assert_non_null(b.data);
	b.data[b.len] = '\0';
	char *at = strstr(b.data, word);
	assert_non_null(at);
	while (at > b.data && at[-1] != '\n')
		at--;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	return line;
}

static void
new_anchors_lose_no_report(void **arg)
{
	static const uint32_t asked[] = { 3, 1, 2, 3 };
	char anchor[CHAIN__MAX][65], id[24] = "";

	(void)arg;
	start_record();
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct msg_rotate m = asks_for(asked[i], i + 1);
		for (int k = 0; k < 5; k++)
			put_report(k % 2 ? REPORT_EVENT : REPORT_ALERT);
		spool_flush(&gate);
		ask(&m);
		until(is_rotated);
		assert_true(rotated.ticket == i + 1);
		for (int k = 0; k < CHAIN__MAX; k++) {
			const struct rotated *r = &rotated.log[k];
			assert_int_equal(r->state, asked[i] & 1u << k ? ROTATED_DONE : ROTATED_NOT_ASKED);
			assert_int_equal(chain_anchor((enum chain_which)k, logs.state, anchor[k]), 0);
			if (r->state == ROTATED_DONE) {
				assert_string_equal(r->anchor, anchor[k]);
				assert_string_not_equal(r->old, r->anchor);
			}
		}
		if (asked[i] & 1)
			snprintf(id, sizeof(id), "%s", rotated.log[CHAIN_ALERTS].log);
	}
	put_report(REPORT_ALERT);
	until(all_written);
	const char *last = line_with(id, "alerts-00000001.jsonl", "keys-rotated");
	assert_non_null(strstr(last, rotated.log[CHAIN_ALERTS].anchor));
	assert_non_null(strstr(last, "\"executable\":\"/usr/bin/yettctl\""));
	assert_non_null(strstr(last, "\"name\":\"root\""));
	assert_non_null(strstr(line_with(".", CHAIN_FILE, "\"sequence\":0,"), id));
	assert_non_null(strstr(line_with(".", CHAIN_FILE, "of events begins"), anchor[CHAIN_EVENTS]));
	end_record(SIGTERM);
	logs_have_all();
}

static void
what_makes_no_sense_or_was_for_another_changes_no_key(void **arg)
{
	struct msg_rotate m[5];
	char before[65], after[65];

	(void)arg;
	start_record();
	put_report(REPORT_ALERT);
	until(all_written);
	assert_int_equal(chain_anchor(CHAIN_ALERTS, logs.state, before), 0);
	for (int i = 0; i < 5; i++)
		m[i] = asks_for(1, 7);
	m[0].logs = 0;
	m[1].logs = 4;
	memset(m[2].executable, 'x', sizeof(m[2].executable));
	memset(m[3].user, 'x', sizeof(m[3].user));
	m[4].to_ns--;		/* for the one before */
	for (int i = 0; i < 5; i++)
		ask(&m[i]);
	put_report(REPORT_ALERT);
	until(all_written);
	end_record(SIGTERM);
	assert_false(is_rotated());
	assert_int_equal(chain_anchor(CHAIN_ALERTS, logs.state, after), 0);
	assert_string_equal(before, after);
	assert_non_null(line_with(".", CHAIN_FILE, "message-broken"));
	logs_have_all();
}

static void
a_log_that_is_not_written_gets_no_anchor(void **arg)
{
	struct msg_rotate m;
	char anchor[65];

	(void)arg;
	config.events = false;
	start_record();
	m = asks_for(3, 1);
	ask(&m);
	until(is_rotated);
	assert_int_equal(rotated.log[CHAIN_ALERTS].state, ROTATED_DONE);
	assert_int_equal(rotated.log[CHAIN_EVENTS].state, ROTATED_NOT_WRITTEN);
	assert_int_equal(chain_anchor(CHAIN_EVENTS, logs.state, anchor), -ENOENT);
	end_record(SIGTERM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_dies_between_reading_and_writing_takes_no_report_with_it),
		TEST(a_successor_takes_what_was_put_while_nobody_was_there),
		TEST(a_new_gate_doubles_nothing),
		TEST(new_anchors_lose_no_report),
		TEST(what_makes_no_sense_or_was_for_another_changes_no_key),
		TEST(a_log_that_is_not_written_gets_no_anchor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
