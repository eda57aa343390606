#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
/* The gate is a process, not a library: what counts alerts is taken in whole, with all that it calls. */
#include "gate/act.c"
#include "gate/coverage.c"
#include "gate/fold.c"
#include "gate/glance.c"
#include "gate/fan.c"
#include "gate/content.c"
#include "gate/ends.c"
#include "gate/fetch.c"
#include "gate/labels.c"
#include "gate/linger.c"
#include "gate/proc.c"
#include "gate/started.c"
#include "gate/spool.c"
#define let_go	late_let_go
#include "gate/late.c"

#define WINDOW_NS	(3600 * NS_PER_SEC)	/* none ends during a test but by the clock that it is told */
#define SHELL		100			/* a session with children */
#define OTHER		200			/* another */

static struct gate gate;
static struct config config;
static struct page *page;
static int record;
static uint64_t alerts;		/* that were put */

/* What the record process would have on disk. */
static struct { uint64_t single, summaries, summed, states; struct report last; } disk;

static void
new_gate(void)
{
	struct tree *tree = gate.tree;
	struct gate_setup setup = gate.setup;

	memset(&gate, 0, sizeof(gate));
	gate.setup = setup;
	gate.tree = tree;
	gate.record_start_ns = atomic_load(&page->process[ROOM_RECORD].started_ns);
	gate.sent = atomic_load(&page->record.acked);
	fold_recover(&gate);
	late_recover(&gate);
}

static void
plant(int32_t pid, int32_t ppid, uint32_t sid)
{
	tree_seed(gate.tree, &(struct tree_process){ .pid = pid, .ppid = ppid, .start_ns = (uint64_t)pid, .sid = sid, .executable = "/bin/x",
	    .comm = "x" });
}

static int
begin(void **state)
{
	int pair[2];

	(void)state;
	memset(&gate, 0, sizeof(gate));
	memset(&disk, 0, sizeof(disk));
	config = (struct config){ .fold_ns = WINDOW_NS };
	alerts = 0;
	if (page_create(&page) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) || tree_new(&gate.tree, 7))
		return -1;
	record = pair[1];
	gate.setup = (struct gate_setup){ .page = page, .config = &config, .record_sock = pair[0], .started_group = -1,
		.proc_sock = -1, .scan_sock = -1,
		.warden_sock = -1 };
	plant(1, 0, 1);
	plant(SHELL, 1, SHELL);
	plant(OTHER, 1, OTHER);
	for (int32_t pid = SHELL + 1; pid < SHELL + 50; pid++)
		plant(pid, SHELL, SHELL);
	plant(OTHER + 1, OTHER, OTHER);
	tree_seed_done(gate.tree);
	new_gate();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	tree_free(gate.tree);
	close(record);
	close(gate.setup.record_sock);
	return munmap(page, sizeof(*page));
}

/* Reads all that the gate sends, and says that it is written. */
static void
write_down(void)
{
	static _Alignas(8) char buffer[WIRE_MAX];
	struct wire_msg m;

	do {
		spool_flush(&gate);
		while (wire_recv(record, ROOM_GATE, ROOM_RECORD, buffer, sizeof(buffer), &m) == 0) {
			assert_int_equal(report_from_wire(&disk.last, m.payload, m.len), 0);
			disk.states += disk.last.kind == REPORT_STATE;
			if (disk.last.kind == REPORT_ALERT) {
				disk.summaries += disk.last.repeated != 0;
				disk.single += disk.last.repeated == 0;
				disk.summed += disk.last.repeated;
			}
			atomic_store(&page->record.acked, disk.last.number);
		}
	} while (gate.record_waits);
}

static void
set_alert(int32_t pid, const char *rule)
{
	struct event *ev = &gate.report.event;

	memset(&gate.report, 0, offsetof(struct report, event));
	gate.report.kind = REPORT_ALERT;
	gate.report.decision = gate.report.would = DECISION_DENY;
	gate.report.settled = SETTLED_RULE;
	gate.report.severity = SEVERITY_HIGH;
	event_init(ev, EVENT_EXEC, SENSOR_FANOTIFY);
	ev->process.pid = pid;
	gate.report.root_pid = tree_root(gate.tree, pid, &gate.report.root);
	ev->wall_ns = 1000 * NS_PER_SEC + alerts;
	ev->id = ++alerts;
	event_set_str(ev, TEXT_RULE, rule);
	event_set_str(ev, TEXT_RULESET, "set");
	event_set_str(ev, TEXT_FILE_PATH, "/bin/forbidden");
}

static void
alert(int32_t pid, const char *rule)
{
	set_alert(pid, rule);
	fold_put(&gate);
}

/* As if the window of all causes had ended. */
static void
windows_end(void)
{
	for (unsigned i = 0; i < FOLD_CAUSES; i++)
		atomic_store(&page->fold.until_ns[i], 1);
	gate.fold_next_ns = 1;
	fold_tend(&gate, now_boot_ns());
}

/* What holds at all times: each alert is in a record, or counted and waiting for one. */
static void
whole(void)
{
	write_down();
	assert_int_equal(disk.single + disk.summed + fold_waiting(&page->fold), alerts);
	assert_int_equal(counter_get(page, COUNTER_ALERTS), alerts);
	assert_int_equal(counter_get(page, COUNTER_FOLDED), disk.summed + fold_waiting(&page->fold));
	assert_int_equal(counter_get(page, COUNTER_SUMMARIES), disk.summaries);
}

static const char *
text_of(enum event_text which)
{
	static char s[1024];
	size_t len;
	const char *t = event_text(&disk.last.event, which, &len);

	for (size_t i = 0; i < len && i < sizeof(s) - 1; i++)
		s[i] = t[i] ? t[i] : '|';
	s[len < sizeof(s) ? len : sizeof(s) - 1] = '\0';
	return s;
}

static void
the_first_is_recorded_and_the_others_are_summed_up(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		alert(SHELL + 1 + i % 40, "one");
	whole();
	assert_int_equal(disk.single, 1);
	assert_int_equal(disk.last.event.id, 1);
	assert_int_equal(fold_waiting(&page->fold), 999);
	windows_end();
	whole();
	assert_int_equal(disk.summaries, 1);
	assert_int_equal(disk.last.repeated, 999);
	assert_int_equal(disk.last.first_ns, 1000 * NS_PER_SEC + 1);
	assert_int_equal(disk.last.last_ns, 1000 * NS_PER_SEC + 999);
	assert_int_equal(disk.last.root_pid, SHELL);
	assert_string_equal(text_of(TEXT_RULE), "one");
	assert_string_equal(text_of(TEXT_SAMPLES), "/bin/forbidden|");
	assert_string_equal(text_of(TEXT_SAMPLE_IDS), "0000000000000002|");
	assert_string_equal(text_of(TEXT_REASON), "999 more like 0000000000000001 in 0.000 s: exec, rule one, process tree of pid 100");
	assert_int_not_equal(disk.last.event.id, 1);
	/* And all begins anew. */
	alert(SHELL, "one");
	whole();
	assert_int_equal(disk.single, 2);
}

static void
what_differs_is_not_folded(void **state)
{
	(void)state;
	struct report *r = &gate.report;

	alert(SHELL + 1, "one");
	alert(OTHER + 1, "one");
	alert(SHELL + 1, "two");
	for (int i = 0; i < 8; i++) {
		set_alert(SHELL + 1, "one");
		r->decision = i == 0 ? DECISION_ALLOW : r->decision;
		r->would = i == 1 ? DECISION_ALLOW : r->would;
		r->mode = i == 2 ? MODE_ENFORCE : r->mode;
		r->settled = i == 3 ? SETTLED_DEADLINE : r->settled;
		r->severity = i == 4 ? SEVERITY_LOW : r->severity;
		r->actions = i == 5 ? ACTION_KILL : r->actions;
		r->event.kind = i == 6 ? EVENT_OPEN : r->event.kind;
		if (i == 7)
			event_set_str(&r->event, TEXT_RULESET, "other");
		fold_put(&gate);
	}
	whole();
	assert_int_equal(disk.single, 11);
	assert_int_equal(fold_waiting(&page->fold), 0);
	alert(OTHER, "one");	/* the root of the tree is of the tree */
	assert_int_equal(fold_waiting(&page->fold), 1);
}

static void
the_first_critical_ones_of_a_window_are_all_recorded(void **state)
{
	(void)state;
	for (int i = 0; i < 3 * FOLD_RECORDED; i++) {
		set_alert(SHELL, "grave");
		gate.report.severity = SEVERITY_CRITICAL;
		fold_put(&gate);
	}
	whole();
	assert_int_equal(disk.single, FOLD_RECORDED);
	assert_int_equal(fold_waiting(&page->fold), 2 * FOLD_RECORDED);
}

/* FILE, its number in a path that is as long as it may be told, or longer. */
static void
alert_about(int file)
{
	char path[300];

	set_alert(SHELL, "one");
	snprintf(path, sizeof(path), "/f%d/%0*d", file, file < 2 ? 250 : 1, 0);
	event_set_str(&gate.report.event, TEXT_FILE_PATH, path);
	fold_put(&gate);
}

static void
samples_differ(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		alert_about(i / 2);
	whole();
	assert_int_equal(disk.single, 10);
	windows_end();
	whole();
	assert_int_equal(strlen(text_of(TEXT_SAMPLES)), 2 * 199 + 2 * strlen("/f2/0|"));
	assert_non_null(strstr(text_of(TEXT_SAMPLES), "|/f2/0|/f3/0|"));
	assert_string_equal(text_of(TEXT_SAMPLE_IDS), "0000000000000002|0000000000000004|0000000000000006|0000000000000008|");
}

/* Who hides one act among many has to make many that differ. */
static void
another_file_has_a_record_as_long_as_there_are_few(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		alert_about(7);
	alert_about(8);
	whole();
	assert_int_equal(disk.single, 2);
	assert_string_equal(text_of(TEXT_FILE_PATH), "/f8/0");
	for (int i = 0; i < 1000; i++)
		alert_about(i);
	whole();
	assert_int_equal(disk.single, FOLD_RECORDED);
	set_alert(SHELL, "one");
	event_set(&gate.report.event, TEXT_MATCHED, "one\0and another", 15);
	fold_put(&gate);
	whole();
	assert_int_equal(disk.single, FOLD_RECORDED + 1);
}

static void
off_is_one_record_for_each(void **state)
{
	(void)state;
	config.fold_ns = 0;
	for (int i = 0; i < 10; i++)
		alert(SHELL, "one");
	whole();
	assert_int_equal(disk.single, 10);
}

/* Those that wait for nothing go first, then the oldest, with its summary. */
static void
more_causes_than_places_lose_nothing(void **state)
{
	(void)state;
	char rule[16];

	for (int i = 0; i < FOLD_CAUSES; i++) {
		snprintf(rule, sizeof(rule), "r%d", i);
		alert(SHELL, rule);
		if (i < 3)
			alert(SHELL, rule);
	}
	whole();
	assert_int_equal(counter_get(page, COUNTER_FOLD_EVICTED), 0);
	alert(SHELL, "x");
	whole();
	assert_int_equal(counter_get(page, COUNTER_FOLD_EVICTED), 1);
	assert_int_equal(disk.summaries, 0);
	for (int i = 0; i < FOLD_CAUSES; i++) {
		snprintf(rule, sizeof(rule), "s%d", i);
		alert(SHELL, rule);
		alert(SHELL, rule);
	}
	whole();
	assert_int_equal(disk.summaries, 3);
	assert_int_equal(fold_waiting(&page->fold), FOLD_CAUSES);
	windows_end();
	whole();
	assert_int_equal(fold_waiting(&page->fold), 0);
}

/* Nothing is acknowledged: a full spool loses what is put there, counted, but no count of a cause. */
static void
a_full_spool_keeps_the_counts(void **state)
{
	(void)state;
	uint64_t lost;

	alert(SHELL, "one");
	alert(SHELL, "one");
	config.fold_ns = 0;
	while (!counter_get(page, COUNTER_REPORTS_LOST))
		alert(SHELL, "filler");
	config.fold_ns = WINDOW_NS;
	lost = counter_get(page, COUNTER_REPORTS_LOST);
	alert(SHELL, "one");
	windows_end();
	assert_int_equal(fold_waiting(&page->fold), 2);
	assert_true(gate.fold_next_ns > now_boot_ns());
	assert_int_equal(counter_get(page, COUNTER_REPORTS_LOST), lost);
	write_down();
	windows_end();
	write_down();
	assert_int_equal(disk.last.repeated, 2);
	assert_int_equal(disk.single + disk.summed + lost, alerts);
	assert_int_equal(counter_get(page, COUNTER_ALERTS), alerts);
}

static void
the_end_sums_up_and_folds_no_more(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		alert(SHELL, i % 2 ? "one" : "two");
	fold_end(&gate);
	whole();
	assert_int_equal(fold_waiting(&page->fold), 0);
	assert_int_equal(disk.summaries, 2);
	for (int i = 0; i < 5; i++)
		alert(SHELL, "one");
	whole();
	assert_int_equal(disk.single, 7);
}

static void
a_successor_goes_on_counting(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		alert(SHELL, "one");
		new_gate();
	}
	whole();
	assert_int_equal(disk.single, 1);
	windows_end();
	whole();
	assert_int_equal(disk.last.repeated, 9);
	assert_int_equal(disk.states, 0);
}

/*
 * A gate that dies between any two writes to the page: the page as it was before (FROM) and after them in the order of the code. What
 * its successor makes of it is right each time.
 */
static void
died_counting(unsigned step)
{
	struct fold_hand *h = &page->fold.hand;
	struct fold_cause *c;
	unsigned i;

	set_alert(SHELL, "one");
	i = choose(&gate);
	assert_int_not_equal(i, NO_CAUSE);
	c = &page->fold.cause[i];
	h->cause = i;
	h->before = atomic_load(&c->count);
	h->folded = counter_get(page, COUNTER_FOLDED) + 1;
	uint64_t through = counter_get(page, COUNTER_ALERTS) + 1;
	atomic_store(&h->alerts, through);
	if (step >= 1)
		count(c, &gate.report.event);
	if (step >= 2)
		atomic_store(&page->counter[COUNTER_FOLDED], h->folded);
	if (step >= 3)
		atomic_store(&page->counter[COUNTER_ALERTS], through);
	if (step == 0)
		alerts--;	/* it is told as lost */
	new_gate();
	whole();
	assert_int_equal(disk.states, step == 0 ? 1 : 0);
	disk.states = 0;
}

static void
died_recording(unsigned step)
{
	struct fold_hand *h = &page->fold.hand;

	set_alert(SHELL, "none like it");
	config.fold_ns = 0;
	h->cause = choose(&gate);
	assert_int_equal(h->cause, NO_CAUSE);
	config.fold_ns = WINDOW_NS;
	h->before = records(&gate);
	h->folded = counter_get(page, COUNTER_FOLDED);
	atomic_store(&h->alerts, counter_get(page, COUNTER_ALERTS) + 1);
	if (step >= 1)
		spool_put(&gate, &gate.report);
	if (step >= 2)
		counter_add(page, COUNTER_ALERTS, 1);
	if (step == 0)
		alerts--;
	new_gate();
	whole();
	assert_int_equal(disk.states, step == 0 ? 1 : 0);
	disk.states = 0;
}

static void
died_keeping_for_a_hash(bool numbered)
{
	struct fold_hand *h = &page->fold.hand;

	set_alert(SHELL, "late");
	h->cause = NO_CAUSE;
	h->before = records(&gate);
	h->folded = counter_get(page, COUNTER_FOLDED);
	atomic_store(&h->alerts, counter_get(page, COUNTER_ALERTS) + 1);
	gate.late_ticket = 9;
	assert_true(late_keep(&gate));
	if (!numbered)
		atomic_fetch_sub(&page->gate.late, 1);
	new_gate();
	whole();
	assert_int_equal(disk.states, 0);
}

static void
died_summing_up(bool put)
{
	uint64_t before = disk.summaries;

	alert(SHELL, "sum");
	alert(SHELL, "sum");
	set_alert(SHELL, "sum");
	alerts--;
	unsigned i = choose(&gate);
	struct fold_cause *c = &page->fold.cause[i];
	assert_true(atomic_load(&c->count) > 0);
	write_summary(&gate, c);
	atomic_store(&c->settling, 1 + atomic_load(&page->spool.head));
	if (put) {
		spool_put(&gate, &summary);
		counter_add(page, COUNTER_SUMMARIES, 1);
	}
	new_gate();
	whole();
	assert_int_equal(disk.summaries, before + (put ? 1 : 0));
	windows_end();
	whole();
}

static void
whenever_a_gate_dies_each_alert_is_counted_once(void **state)
{
	(void)state;
	alert(SHELL, "one");
	for (unsigned step = 0; step < 4; step++)
		died_counting(step);
	for (unsigned step = 0; step < 3; step++)
		died_recording(step);
	died_keeping_for_a_hash(true);
	died_keeping_for_a_hash(false);
	died_summing_up(false);
	died_summing_up(true);
	windows_end();
	whole();
	assert_int_equal(fold_waiting(&page->fold), 0);
}

/* Many causes, ends and deaths in any order. */
static void
by_chance_the_sum_is_right(void **state)
{
	(void)state;
	char rule[16];

	srandom(1);
	for (int i = 0; i < 60000; i++) {
		long dice = random() % 1000;
		snprintf(rule, sizeof(rule), "r%ld", random() % (dice < 500 ? 4 : 200));
		alert(dice % 2 ? SHELL + 3 : OTHER, rule);
		if (dice == 1)
			windows_end();
		else if (dice == 2)
			new_gate();
		else if (dice < 30)
			write_down();
	}
	whole();
	windows_end();
	whole();
	assert_int_equal(counter_get(page, COUNTER_REPORTS_LOST), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_is_recorded_and_the_others_are_summed_up),
		TEST(what_differs_is_not_folded),
		TEST(the_first_critical_ones_of_a_window_are_all_recorded),
		TEST(samples_differ),
		TEST(another_file_has_a_record_as_long_as_there_are_few),
		TEST(off_is_one_record_for_each),
		TEST(more_causes_than_places_lose_nothing),
		TEST(a_full_spool_keeps_the_counts),
		TEST(the_end_sums_up_and_folds_no_more),
		TEST(a_successor_goes_on_counting),
		TEST(whenever_a_gate_dies_each_alert_is_counted_once),
		TEST(by_chance_the_sum_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
