/* The ring of lines, who belongs to whom, and the files that come of it. Ids are as hostile as they like. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "logs.h"
#include "record/flight.c"
#include "record/ring.c"

#define SPAN	(300 * NS_PER_SEC)
#define ROOT	0x100ull
#define SHELL	0x101ull
#define OTHER	0x200ull
#define INIT	1ull

static struct logs logs;
static struct page *page;
static struct report report;
static struct flights *flights;
static struct flight_news news;
static char batch[1u << 21];
static size_t filled;
static uint64_t ticks;

static int
begin(void **state)
{
	(void)state;
	filled = 0;
	ticks = 1000;
	return page_create(&page) || !logs_open(&logs) || flights_new(&flights, &(struct flight_setup){ logs.log, page, SPAN }) ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	flights_free(flights);
	logs_close(&logs);
	return munmap(page, sizeof(*page));
}

static struct kin
kin(uint64_t root, uint64_t process, uint64_t parent, uint64_t above)
{
	struct kin k = { .root = root, .process = process };

	if (parent)
		k.up[k.n++] = parent;
	if (above)
		k.up[k.n++] = above;
	return k;
}

/* The ring against a plain queue: what is in it is the last that was put, byte by byte, and what went was counted. */
static void
the_ring_holds_the_last_lines_whole(void **state)
{
	(void)state;
	enum { SIZE = 1000, MOST = 16, PUTS = 20000 };
	static char texts[PUTS][300];
	struct ring r;
	uint64_t seed = 7;

	assert_int_equal(ring_init(&r, &(struct ring_bounds){ SIZE, MOST, SPAN }), 0);
	for (unsigned i = 0; i < PUTS; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		size_t len = 1 + (seed >> 33) % 299, bytes = 0;
		memset(texts[i], (int)('a' + i % 26), len);
		ring_put(&r, &(struct ring_line){ .kin = { .process = i }, .kept_ns = i, .text = texts[i], .len = len });
		assert_true(r.n >= 1 && r.n <= MOST);
		for (unsigned k = 0; k < r.n; k++) {
			const struct ring_line *l = ring_at(&r, k);
			assert_int_equal(l->kin.process, i + 1 - r.n + k);
			assert_memory_equal(l->text, texts[i + 1 - r.n + k], l->len);
			bytes += l->len;
		}
		assert_true(bytes <= SIZE);
		assert_true(r.n == MOST || i < 3 || bytes + 2 * 300 > SIZE);	/* no more went than had to */
		assert_int_equal(r.evicted, i + 1 - r.n);
	}
	ring_free(&r);
}

static void
what_is_old_goes_and_is_no_loss(void **state)
{
	(void)state;
	char large[200] = { 0 };
	struct ring r;

	assert_int_equal(ring_init(&r, &(struct ring_bounds){ 100, 16, 10 }), 0);
	for (uint64_t t = 0; t < 5; t++)
		ring_put(&r, &(struct ring_line){ .kept_ns = t, .text = "x", .len = 1 });
	ring_put(&r, &(struct ring_line){ .kept_ns = 13, .text = "x", .len = 1 });
	assert_int_equal(r.n, 3);
	assert_int_equal(ring_at(&r, 0)->kept_ns, 3);
	assert_int_equal(r.evicted, 0);
	ring_put(&r, &(struct ring_line){ .kept_ns = 13, .text = large, .len = sizeof(large) });
	assert_int_equal(r.evicted, 1);
	assert_int_equal(r.n, 3);
	ring_put(&r, &(struct ring_line){ .kept_ns = 14, .text = large, .len = 100 });
	assert_int_equal(r.n, 1);
	ring_free(&r);
}

static void
a_family_is_the_root_and_what_descends_from_it(void **state)
{
	(void)state;
	static struct family f;
	struct kin alert = kin(ROOT, 0x105, SHELL, ROOT), k;

	alert.up[alert.n++] = INIT;
	family_begin(&f, &alert);
	assert_true(family_has(&f, SHELL) && family_has(&f, ROOT) && family_has(&f, 0x105));
	assert_false(family_has(&f, INIT) || family_has(&f, 0));
	static const struct { uint64_t root, process, parent, above; bool belongs; } cases[] = {
		{ ROOT, 0x110, 0, 0, true },		/* of the same tree, whoever its parents are */
		{ 0, 0x111, 0x110, INIT, true },	/* its child */
		{ 0x112, 0x112, 0x111, INIT, true },	/* that has a session of its own */
		{ 0x112, 0x113, 0x112, 0, true }, { 0, 0x114, 0x999, 0x113, true }, { 0, 0x115, 0x999, 0, true },	/* 0x999 was on the way */
		{ OTHER, OTHER, INIT, 0, false }, { OTHER, 0x201, OTHER, INIT, false }, { 0, 0, 0, 0, false }, { 0, 0, INIT, 0, false },
		{ 0, 0x300, 0, 0, false }, { INIT, INIT, 0, 0, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		k = kin(cases[i].root, cases[i].process, cases[i].parent, cases[i].above);
		assert_int_equal(family_takes(&f, &k), cases[i].belongs);
	}
	assert_false(family_has(&f, INIT));
}

/* A shell below a shell: only the nearest is named, so the root is not; its parent is of the tree all the same. */
static void
the_parent_of_one_of_the_tree_is_of_it(void **state)
{
	(void)state;
	static struct family f;
	struct kin alert = kin(ROOT, 0x105, SHELL, INIT), k = kin(0x120, 0x120, SHELL, INIT);

	family_begin(&f, &alert);
	assert_true(family_has(&f, SHELL));
	assert_false(family_has(&f, INIT));
	assert_true(family_takes(&f, &k));
	alert = kin(ROOT, ROOT, INIT, 0);	/* the root itself: its parent is not */
	family_begin(&f, &alert);
	assert_true(family_has(&f, ROOT));
	assert_false(family_has(&f, INIT));
}

static void
loops_and_crowds_end(void **state)
{
	(void)state;
	static struct family f;
	struct kin alert = kin(0, 5, 6, 5), k = kin(0, 6, 5, 6);

	family_begin(&f, &alert);
	assert_true(family_takes(&f, &k));
	assert_true(family_takes(&f, &alert));
	for (uint64_t i = 1; i <= 3 * FAMILY_MAX; i++) {
		k = kin(0, i << 40, 5, 0);
		assert_true(family_takes(&f, &k));
	}
	assert_int_equal(f.n, FAMILY_MAX);
	k = kin(0, 77, 3ull * FAMILY_MAX << 40, 0);	/* nobody remembers that one */
	assert_false(family_takes(&f, &k));
}

/* One more line of the batch of WHICH, of what k says. */
static void
put(enum chain_which which, enum report_kind kind, const struct kin *k)
{
	memset(&report, 0, sizeof(report));
	report.kind = (uint8_t)kind;
	report.severity = SEVERITY_MEDIUM;
	report.root = k->root;
	event_init(&report.event, EVENT_EXEC, SENSOR_FANOTIFY);
	report.event.id = k->process;
	report.event.process.entity = k->process;
	report.event.parent.entity = k->n ? k->up[0] : 0;
	report.event.wall_ns = report.event.boot_ns = ticks++;
	flights_note(flights, which, &report);
	filled += (size_t)snprintf(batch + filled, sizeof(batch) - filled, "line %llu\n", (unsigned long long)(ticks - 1));
}

static void
committed(enum chain_which which)
{
	flights_committed(flights, which, batch, filled);
	filled = 0;
}

static void
one(enum chain_which which, enum report_kind kind, struct kin k)
{
	put(which, kind, &k);
	committed(which);
}

/* The file of alert ID. */
static const char *
file_of(uint64_t id)
{
	static char text[FLIGHT_BYTES + 1];
	char name[FLIGHT_NAME];

	snprintf(name, sizeof(name), "%016llx.jsonl", (unsigned long long)id);
	ssize_t n = keep_read(logs.log, name, text, sizeof(text));
	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}

/* The detail that begins with WORD. */
static const char *
detail_of(const char *word)
{
	for (size_t at = 0; at < news.len; at += strlen(news.details + at) + 1)
		if (strncmp(news.details + at, word, strlen(word)) == 0)
			return news.details + at;
	return "";
}

static unsigned
open_flights(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FLIGHT_OPEN; i++)
		n += flights->flight[i].open;
	return n;
}

static void
a_file_has_the_lines_of_one_tree_in_order_of_time(void **state)
{
	(void)state;
	one(CHAIN_EVENTS, REPORT_EVENT, kin(ROOT, 0x110, SHELL, 0));		/* 1000 */
	one(CHAIN_EVENTS, REPORT_EVENT, kin(OTHER, 0x201, OTHER, 0));		/* 1001: a neighbour */
	struct kin early = kin(ROOT, 0x111, 0x110, 0), nobody = kin(0, 0, 0, 0), alert = kin(ROOT, 0x112, 0x111, 0);
	put(CHAIN_EVENTS, REPORT_EVENT, &early);				/* 1002: on disk after the alert */
	size_t waits = filled;
	char first[64];
	memcpy(first, batch, waits);
	filled = 0;
	put(CHAIN_ALERTS, REPORT_STATE, &nobody);				/* 1003: of nobody */
	put(CHAIN_ALERTS, REPORT_ALERT, &alert);				/* 1004 */
	assert_int_equal(flights_due_ns(flights), 0);				/* nothing is on disk yet */
	committed(CHAIN_ALERTS);
	assert_true(flights_due_ns(flights) > now_boot_ns());
	memcpy(batch, first, waits);
	filled = waits;
	committed(CHAIN_EVENTS);
	one(CHAIN_ALERTS, REPORT_ALERT, kin(0x113, 0x113, 0x112, 0));		/* 1005: shares it */
	assert_int_equal(open_flights(), 1);
	assert_false(flights_next(flights, now_boot_ns(), false, &news));
	assert_true(flights_next(flights, now_boot_ns(), true, &news));
	assert_string_equal(file_of(0x112), "line 1000\nline 1002\nline 1004\nline 1005\n");
	assert_false(news.gone);
	assert_int_equal(news.count, 4);
	assert_string_equal(detail_of("file="), "file=flight/0000000000000112.jsonl");
	assert_string_equal(detail_of("lines="), "lines=4");
	assert_string_equal(detail_of("from="), "from=1970-01-01T00:00:00.000001000Z");
	assert_string_equal(detail_of("to="), "to=1970-01-01T00:00:00.000001005Z");
	assert_string_equal(detail_of("alert=0000000000000113"), "alert=0000000000000113");
	assert_string_equal(detail_of("sha256="), "sha256=1af93e30a238cd64375c487ef3757985137535c036f8ca539e67b03a8b291729");
	flights_told(flights, true);
	assert_int_equal(open_flights(), 0);
	assert_int_equal(counter_get(page, COUNTER_FLIGHTS), 1);
}

static void
only_alerts_of_weight_begin_one(void **state)
{
	(void)state;
	struct kin k = kin(ROOT, 0x112, SHELL, 0), unknown = kin(0, 0, 0, 0);

	put(CHAIN_ALERTS, REPORT_ALERT, &k);
	flights->notes[CHAIN_ALERTS].n = 0;
	report.repeated = 3;
	flights_note(flights, CHAIN_ALERTS, &report);
	report.repeated = 0;
	report.severity = SEVERITY_LOW;
	flights_note(flights, CHAIN_ALERTS, &report);
	filled += (size_t)snprintf(batch + filled, sizeof(batch) - filled, "low\n");
	put(CHAIN_ALERTS, REPORT_ALERT, &unknown);
	committed(CHAIN_ALERTS);
	assert_int_equal(open_flights(), 0);
	one(CHAIN_ALERTS, REPORT_ALERT, k);
	assert_int_equal(open_flights(), 1);
}

/* A child is on disk before its parent, which alone says that both belong. */
static void
order_does_not_matter(void **state)
{
	(void)state;
	one(CHAIN_EVENTS, REPORT_EVENT, kin(0, 0x113, 0x112, 0));
	one(CHAIN_EVENTS, REPORT_EVENT, kin(0, 0x112, 0x111, 0));
	one(CHAIN_EVENTS, REPORT_EVENT, kin(0, 0x111, ROOT, 0));
	one(CHAIN_ALERTS, REPORT_ALERT, kin(ROOT, ROOT, INIT, 0));
	assert_true(flights_next(flights, now_boot_ns(), true, &news));
	assert_int_equal(news.count, 4);
}

static void
more_trees_than_there_is_room_for_are_counted(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= FLIGHT_OPEN + 3; i++)
		one(CHAIN_ALERTS, REPORT_ALERT, kin(i << 32, i << 32, 0, 0));
	assert_int_equal(open_flights(), FLIGHT_OPEN);
	assert_int_equal(counter_get(page, COUNTER_FLIGHTS_MISSED), 3);
	for (unsigned i = 0; i < FLIGHT_OPEN; i++) {
		assert_true(flights_next(flights, now_boot_ns(), true, &news));
		flights_told(flights, true);
	}
	assert_false(flights_next(flights, now_boot_ns(), true, &news));
	assert_int_equal(counter_get(page, COUNTER_FLIGHTS), FLIGHT_OPEN);
}

static void
of_too_much_the_latest_is_kept(void **state)
{
	(void)state;
	struct kin k = kin(ROOT, 0x112, SHELL, 0);
	char want[32];

	for (int n = 0; n < 3000; n++)
		one(CHAIN_EVENTS, REPORT_EVENT, k);
	snprintf(want, sizeof(want), "line %llu\n", (unsigned long long)ticks);
	one(CHAIN_ALERTS, REPORT_ALERT, k);
	for (int n = 0; n < 3000; n++)
		one(CHAIN_EVENTS, REPORT_EVENT, k);
	assert_true(flights_next(flights, now_boot_ns(), true, &news));
	assert_int_equal(news.count, FILE_LINES);
	const char *text = file_of(0x112);
	assert_true(strncmp(text, "line 1953\n", 10) == 0);
	assert_non_null(strstr(text, want));
	assert_string_equal(detail_of("left_out="), "left_out=1905");
}

static void
the_oldest_files_go_first(void **state)
{
	(void)state;
	struct flight_old old[REMOVED_MAX];
	char name[FLIGHT_NAME];

	for (unsigned i = 0; i < FLIGHT_FILES + 1; i++) {
		snprintf(name, sizeof(name), "%016x.jsonl", i);
		assert_int_equal(keep_put(keep_create(logs.log, name, 0, 0640), "x", 1, 0), 0);
		const struct timespec t[2] = { { i == 7 ? 5 : 100, 0 }, { i == 7 ? 5 : 100 + (long)i, 0 } };
		assert_int_equal(utimensat(logs.log, name, t, 0), 0);
	}
	assert_int_equal(keep_write(logs.log, "notes.txt", "x", 1, 0640), 0);
	assert_int_equal(flights_plan(logs.log, 10, old, REMOVED_MAX), 2);
	assert_string_equal(old[0].name, "0000000000000007.jsonl");
	assert_string_equal(old[1].name, "0000000000000000.jsonl");
	assert_int_equal(flights_plan(logs.log, FLIGHT_DISK, old, REMOVED_MAX), REMOVED_MAX);
	one(CHAIN_ALERTS, REPORT_ALERT, kin(OTHER, OTHER, 0, 0));
	assert_true(flights_next(flights, now_boot_ns(), true, &news));
	assert_true(news.gone);
	flights_told(flights, false);		/* no record says it: nothing goes */
	assert_true(keep_exists(logs.log, "0000000000000007.jsonl"));
	assert_true(flights_next(flights, now_boot_ns(), true, &news));
	assert_string_equal(detail_of("file="), "file=flight/0000000000000007.jsonl");
	flights_told(flights, true);
	assert_false(keep_exists(logs.log, "0000000000000007.jsonl"));
	assert_true(flights_next(flights, now_boot_ns(), true, &news));
	assert_false(news.gone);
}

static void
what_cannot_be_written_is_tried_again_and_counted(void **state)
{
	(void)state;
	char path[96];

	snprintf(path, sizeof(path), "%s/log", logs.path);
	one(CHAIN_ALERTS, REPORT_ALERT, kin(ROOT, ROOT, 0, 0));
	assert_int_equal(rmdir(path), 0);
	uint64_t due = flights_due_ns(flights);
	for (unsigned tries = 1; tries <= GIVE_UP; tries++, due += TRY_AGAIN_NS) {
		assert_int_equal(open_flights(), 1);
		assert_int_equal(flights_due_ns(flights), due);
		assert_false(flights_next(flights, due, false, &news));
	}
	assert_int_equal(open_flights(), 0);
	assert_int_equal(counter_get(page, COUNTER_FLIGHTS_MISSED), 1);
	assert_int_equal(counter_get(page, COUNTER_FLIGHTS), 0);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
what_a_predecessor_began_is_removed(void **state)
{
	(void)state;
	struct flights *next;

	assert_int_equal(keep_write(logs.log, "0000000000000007.jsonl", "x", 1, 0640), 0);
	assert_int_equal(keep_put(keep_create(logs.log, "0000000000000008.jsonl.tmp", 0, 0640), "x", 1, 0), 0);
	assert_int_equal(flights_new(&next, &(struct flight_setup){ logs.log, page, SPAN }), 0);
	assert_true(keep_exists(logs.log, "0000000000000007.jsonl"));
	assert_false(keep_exists(logs.log, "0000000000000008.jsonl.tmp"));
	flights_free(next);
}

static void
off_is_off(void **state)
{
	(void)state;
	memset(&report, 0, sizeof(report));
	flights_note(NULL, CHAIN_ALERTS, &report);
	flights_committed(NULL, CHAIN_ALERTS, "x\n", 2);
	assert_int_equal(flights_due_ns(NULL), 0);
	assert_false(flights_next(NULL, 0, true, &news));
	flights_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ring_holds_the_last_lines_whole),
		cmocka_unit_test(what_is_old_goes_and_is_no_loss),
		cmocka_unit_test(a_family_is_the_root_and_what_descends_from_it),
		cmocka_unit_test(the_parent_of_one_of_the_tree_is_of_it),
		cmocka_unit_test(loops_and_crowds_end),
		cmocka_unit_test_setup_teardown(a_file_has_the_lines_of_one_tree_in_order_of_time, begin, end),
		cmocka_unit_test_setup_teardown(only_alerts_of_weight_begin_one, begin, end),
		cmocka_unit_test_setup_teardown(order_does_not_matter, begin, end),
		cmocka_unit_test_setup_teardown(more_trees_than_there_is_room_for_are_counted, begin, end),
		cmocka_unit_test_setup_teardown(of_too_much_the_latest_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(the_oldest_files_go_first, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be_written_is_tried_again_and_counted, begin, end),
		cmocka_unit_test_setup_teardown(what_a_predecessor_began_is_removed, begin, end),
		cmocka_unit_test(off_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
