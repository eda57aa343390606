/* Each exec counts once, where its program lies, as what became of it. The process is this one. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "gate/coverage.c"

#define GONE_PID 4190000	/* nobody has it */

static struct gate gate;
static struct page *page;
static struct stat own;		/* the program of this process */

static void
mount_is(uint32_t i, uint64_t dev, enum cover cover, const char *path)
{
	strcpy(page->mount[i].path, path);
	atomic_store(&page->mount[i].dev, dev);
	atomic_store(&page->mount[i].covered, cover);
	if (atomic_load(&page->warden.mounts) <= i)
		atomic_store(&page->warden.mounts, i + 1);
}

static int
begin(void **state)
{
	(void)state;
	memset(&gate, 0, sizeof(gate));
	gate.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (gate.proc < 0 || stat("/proc/self/exe", &own) || page_create(&page))
		return -1;
	gate.setup.page = page;
	gate.setup.mode = MODE_ENFORCE;
	mount_is(0, own.st_dev, COVER_MARKED, "/gated");
	mount_is(1, own.st_dev + 1, COVER_LEFT_OUT, "/left-out");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	close(gate.proc);
	return munmap(page, sizeof(*page));
}

static void
asked(int32_t pid, uint64_t dev, uint64_t ino)
{
	gate.report.event.file = (struct file){ .dev = dev, .ino = ino };
	coverage_asked(&gate, pid);
}

static enum coverage_answer
ran(int32_t pid, uint64_t at_ns)
{
	static const char exe[] = "/some/program";

	return coverage_ran(&gate, &(struct coverage_exec){ .pid = pid, .at_ns = at_ns, .exe = exe,
		.len = pid == GONE_PID ? 0 : sizeof(exe) - 1, .st = pid == GONE_PID ? NULL : &own });
}

/* The kernel need not ask about this program, as it is. */
static void
remember(void)
{
	const struct file f = event_file_of(&own);

	gate.cache.known[cache_place(&f)] = (struct cache_known){ .ino = f.ino, .dev = f.dev, .ctime_ns = f.ctime_ns, .allowed = true };
}

/* So many are let go as OPEN. */
static unsigned
overdue(uint64_t now_ns)
{
	struct coverage_late late;
	unsigned n = 0;

	for (; coverage_overdue(&gate, now_ns, &late); n++) {
		assert_int_equal(late.pid, getpid());
		assert_true(late.file.ino == own.st_ino);
	}
	return n;
}

/* How often WHAT on PATH, and in all. */
static void
counts(const char *path, enum coverage what, uint64_t n)
{
	uint64_t all = 0, these = 0;

	for (uint32_t i = 0; i < atomic_load(&page->gate.coverages); i++)
		for (int c = 0; c < COVERAGE__MAX; c++) {
			uint64_t one = atomic_load(&page->coverage[i].count[c]);
			all += one;
			these += c == (int)what && strcmp(page->coverage[i].path, path) == 0 ? one : 0;
		}
	assert_true(these == n);
	assert_true(all == n);
}

static void
what_was_asked_about_is_judged(void **state)
{
	(void)state;
	asked(getpid(), own.st_dev, own.st_ino);
	assert_int_equal(ran(getpid(), 1), COVERAGE_EXPLAINED);
	counts("/gated", COVERAGE_JUDGED, 1);
}

static void
a_question_counts_for_one_exec_where_the_next_is_remembered(void **state)
{
	(void)state;
	asked(getpid(), own.st_dev, own.st_ino);
	ran(getpid(), 1);
	remember();
	assert_int_equal(ran(getpid(), 1), COVERAGE_EXPLAINED);
	assert_true(atomic_load(&page->coverage[PLACES].count[COVERAGE_JUDGED]) == 1);
	assert_true(atomic_load(&page->coverage[PLACES].count[COVERAGE_CACHED]) == 1);
}

/* Both messages are looked at when the second program runs. */
static void
two_execs_at_once_may_look_like_one(void **state)
{
	(void)state;
	asked(getpid(), own.st_dev, own.st_ino);
	assert_int_equal(ran(getpid(), 1), COVERAGE_EXPLAINED);
	assert_int_equal(ran(getpid(), 1), COVERAGE_EXPLAINED);
	counts("/gated", COVERAGE_JUDGED, 2);
	gate.coverage.ask[(uint32_t)getpid() % COVERAGE_ASKS].ran_ns = now_boot_ns() - AGAIN_NS;
	assert_int_equal(ran(getpid(), 1), COVERAGE_OPEN);
	counts("/gated", COVERAGE_JUDGED, 2);
}

static void
what_the_kernel_remembers_is_cached_as_long_as_it_is_the_same(void **state)
{
	(void)state;
	struct cache_known *k;
	const struct file f = event_file_of(&own);

	remember();
	assert_int_equal(ran(getpid(), 1), COVERAGE_EXPLAINED);
	counts("/gated", COVERAGE_CACHED, 1);
	k = &gate.cache.known[cache_place(&f)];
	k->ctime_ns++;
	assert_int_equal(ran(getpid(), 1), COVERAGE_OPEN);
	k->ctime_ns--;
	k->allowed = false;
	assert_int_equal(ran(getpid(), 1), COVERAGE_OPEN);
	k->allowed = true;
	gate.cache.generation++;
	assert_int_equal(ran(getpid(), 1), COVERAGE_OPEN);
	counts("/gated", COVERAGE_CACHED, 1);
	coverage_settle(&gate, own.st_dev, COVERAGE_CACHED);
	counts("/gated", COVERAGE_CACHED, 2);
}

static bool
audited(struct event *ev, int32_t pid, struct coverage_file file)
{
	event_init(ev, EVENT_EXEC, SENSOR_AUDIT);
	ev->process.pid = pid;
	ev->file.dev = file.dev;
	ev->file.ino = file.ino;
	return coverage_audited(&gate, ev);
}

static void
audit_tells_nothing_new_of_what_others_told(void **state)
{
	(void)state;
	const struct coverage_file file = { own.st_dev, own.st_ino }, other = { own.st_dev, own.st_ino + 1 };
	static struct event ev;

	assert_false(audited(&ev, getpid(), file));
	asked(getpid(), own.st_dev, own.st_ino);
	assert_true(audited(&ev, getpid(), file));
	assert_false(audited(&ev, getpid(), other));
	ran(getpid(), 1);
	assert_true(audited(&ev, getpid(), other));	/* a script, of which the connector tells the interpreter */
	assert_false(audited(&ev, getpid(), other));
	ran(GONE_PID, 1);
	assert_false(audited(&ev, GONE_PID, file));	/* nobody knows what it was, but that there was one */
	assert_int_equal(ev.sensors, 1u << SENSOR_AUDIT | 1u << SENSOR_PROC);
}

static void
the_loader_is_asked_about_behind_its_program(void **state)
{
	(void)state;
	asked(getpid(), own.st_dev, own.st_ino);
	asked(getpid(), own.st_dev, own.st_ino + 1);
	ran(getpid(), 1);
	counts("/gated", COVERAGE_JUDGED, 1);
}

/* An exec that failed leaves a question behind. */
static void
another_file_was_asked_about(void **state)
{
	(void)state;
	asked(getpid(), own.st_dev, own.st_ino + 1);
	assert_int_equal(ran(getpid(), 1), COVERAGE_OPEN);
	counts("/gated", COVERAGE_CACHED, 0);
}

static void
another_process_was_asked_about(void **state)
{
	(void)state;
	asked(getpid() + COVERAGE_ASKS, own.st_dev, own.st_ino);
	assert_int_equal(ran(getpid(), 1), COVERAGE_OPEN);
	counts("/gated", COVERAGE_CACHED, 0);
}

static void
a_file_system_that_is_not_gated(void **state)
{
	(void)state;
	mount_is(0, own.st_dev, COVER_LEFT_OUT, "/gated");
	assert_int_equal(ran(getpid(), 1), COVERAGE_SLIPPED);
	counts("/gated", COVERAGE_UNGATED, 1);
}

static void
a_program_in_memory(void **state)
{
	(void)state;
	coverage_ran(&gate, &(struct coverage_exec){ .pid = getpid(), .at_ns = 1, .exe = "/memfd:x (deleted)", .len = 18, .st = &own });
	counts("(memory)", COVERAGE_MEMORY, 1);
}

static void
before_this_gate_was_there(void **state)
{
	(void)state;
	atomic_store(&page->process[ROOM_GATE].started_ns, 10);
	assert_int_equal(ran(getpid(), 9), COVERAGE_SLIPPED);
	counts("/gated", COVERAGE_NO_GATE, 1);
}

static void
of_who_is_gone_the_question_tells(void **state)
{
	(void)state;
	asked(GONE_PID, own.st_dev + 1, 7);
	asked(GONE_PID, own.st_dev, 8);		/* its loader */
	ran(GONE_PID, 1);
	counts("/left-out", COVERAGE_JUDGED, 1);
}

static void
of_who_is_gone_and_raised_none_nothing_is_known(void **state)
{
	(void)state;
	ran(GONE_PID, 1);
	counts("(unknown)", COVERAGE_GONE, 1);
}

static void
in_monitor_mode_the_notification_may_come_later(void **state)
{
	(void)state;
	gate.setup.mode = MODE_MONITOR;
	assert_int_equal(ran(getpid(), 1), COVERAGE_EXPLAINED);
	assert_int_equal(overdue(now_boot_ns()), 0);
	counts("/gated", COVERAGE_CACHED, 0);
	asked(getpid(), own.st_dev, own.st_ino + 1);	/* about another file */
	counts("/gated", COVERAGE_CACHED, 0);
	asked(getpid(), own.st_dev, own.st_ino);
	counts("/gated", COVERAGE_JUDGED, 1);
	assert_true(gate.report.event.sensors & 1u << SENSOR_PROC);
	assert_int_equal(overdue(UINT64_MAX), 0);
	counts("/gated", COVERAGE_JUDGED, 1);
}

static void
or_not_at_all(void **state)
{
	(void)state;
	gate.setup.mode = MODE_MONITOR;
	for (int i = 0; i < COVERAGE_LATE + 5; i++)
		ran(getpid(), 1);
	counts("/gated", COVERAGE_CACHED, 5);		/* which found no place to wait */
	assert_int_equal(overdue(UINT64_MAX), COVERAGE_LATE);
	counts("/gated", COVERAGE_CACHED, 5);
}

static void
numbers_of_devices_come_again(void **state)
{
	(void)state;
	remember();
	ran(getpid(), 1);
	mount_is(0, own.st_dev, COVER_MARKED, "/other");
	ran(getpid(), 1);
	ran(getpid(), 1);
	assert_string_equal(page->coverage[PLACES].path, "/gated");
	assert_string_equal(page->coverage[PLACES + 1].path, "/other");
	assert_true(atomic_load(&page->coverage[PLACES].count[COVERAGE_CACHED]) == 1);
	assert_true(atomic_load(&page->coverage[PLACES + 1].count[COVERAGE_CACHED]) == 2);
}

static void
what_finds_no_entry_is_counted_all_the_same(void **state)
{
	(void)state;
	char path[64];

	remember();
	for (int i = 0; i < PAGE_COVERAGES; i++) {
		snprintf(path, sizeof(path), "/%d", i);
		mount_is(0, own.st_dev, COVER_MARKED, path);
		ran(getpid(), 1);
	}
	assert_true(atomic_load(&page->gate.coverages) == PAGE_COVERAGES);
	assert_string_equal(page->coverage[ELSEWHERE].path, "(others)");
	assert_true(atomic_load(&page->coverage[ELSEWHERE].count[COVERAGE_CACHED]) == PLACES);
}

static void
a_device_that_nobody_knows_has_its_number(void **state)
{
	(void)state;
	atomic_store(&page->warden.mounts, 0);
	char want[64];

	ran(getpid(), 1);
	snprintf(want, sizeof(want), "device %u:%u", major(own.st_dev), minor(own.st_dev));
	counts(want, COVERAGE_UNGATED, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_asked_about_is_judged), TEST(a_question_counts_for_one_exec_where_the_next_is_remembered),
		TEST(two_execs_at_once_may_look_like_one), TEST(what_the_kernel_remembers_is_cached_as_long_as_it_is_the_same),
		TEST(audit_tells_nothing_new_of_what_others_told), TEST(the_loader_is_asked_about_behind_its_program),
		TEST(another_file_was_asked_about), TEST(another_process_was_asked_about), TEST(a_file_system_that_is_not_gated),
		TEST(a_program_in_memory), TEST(before_this_gate_was_there), TEST(of_who_is_gone_the_question_tells),
		TEST(of_who_is_gone_and_raised_none_nothing_is_known), TEST(in_monitor_mode_the_notification_may_come_later), TEST(or_not_at_all),
		TEST(numbers_of_devices_come_again), TEST(what_finds_no_entry_is_counted_all_the_same),
		TEST(a_device_that_nobody_knows_has_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
