/* What became of programs is told each hour, each exec once, and the rest at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "base/clock.h"
#include "warden/details.c"
#include "warden/tally.c"

#define HOUR	(3600 * NS_PER_SEC)
#define WALL	(500000 * HOUR + 600 * NS_PER_SEC)

static struct page *page;
static struct tally tally;
static struct tally_told told;

static const char *
place(const void *arg, uint64_t dev)
{
	(void)arg;
	return dev == 7 ? "/ungated" : NULL;
}

static int
begin(void **state)
{
	(void)state;
	memset(&tally, 0, sizeof(tally));
	tally.place = place;
	return page_create(&page);
}

static int
end(void **state)
{
	(void)state;
	return munmap(page, sizeof(*page));
}

static void
entry(uint32_t i, const char *path, uint64_t dev)
{
	strcpy(page->coverage[i].path, path);
	atomic_store(&page->coverage[i].dev, dev);
	if (atomic_load(&page->gate.coverages) <= i)
		atomic_store(&page->gate.coverages, i + 1);
}

static void
ran(uint32_t i, enum coverage what, uint64_t n)
{
	atomic_fetch_add(&page->coverage[i].count[what], n);
}

static bool
next(uint64_t wall_ns, bool last)
{
	return tally_next(&tally, page, wall_ns, last, &told);
}

/* The N-th line. */
static void
line(unsigned n, const char *want)
{
	const char *at = told.details.text;

	while (n--)
		at += strlen(at) + 1;
	assert_true(at < told.details.text + told.details.len);
	assert_string_equal(at, want);
}

static void
an_hour_is_told_when_it_is_over(void **state)
{
	(void)state;
	entry(0, "/srv", 5);
	assert_false(next(WALL, false));
	ran(0, COVERAGE_JUDGED, 3);
	ran(0, COVERAGE_CACHED, 4);
	assert_false(next(WALL + 49 * 60 * NS_PER_SEC, false));
	assert_true(next(WALL + 50 * 60 * NS_PER_SEC, false));
	assert_true(told.ran == 7 && told.judged == 3 && told.cached == 4 && told.gone == 0);
	line(0, "since=1800000600");
	line(1, "judged=3 cached=4 path=/srv");
	/* Then only what is new. */
	ran(0, COVERAGE_JUDGED, 1);
	assert_true(next(WALL + 50 * 60 * NS_PER_SEC + HOUR, false));
	assert_true(told.ran == 1);
	line(0, "since=1800003600");
	line(1, "judged=1 path=/srv");
	assert_false(next(WALL + 3 * HOUR, false));
}

static void
the_end_tells_the_rest(void **state)
{
	(void)state;
	entry(0, "(unknown)", 0);
	entry(1, "device 0:7", 7);
	entry(2, "device 0:8", 8);
	assert_false(next(WALL, false));
	ran(0, COVERAGE_GONE, 2);
	ran(1, COVERAGE_UNGATED, 5);
	ran(2, COVERAGE_NO_GATE, 1);
	assert_true(next(WALL + NS_PER_SEC, true));
	assert_true(told.ran == 8 && told.judged == 0 && told.gone == 2);
	line(1, "gone=2 path=(unknown)");
	line(2, "ungated=5 path=/ungated");
	line(3, "no_gate=1 path=device 0:8");
	assert_false(next(WALL + 2 * NS_PER_SEC, true));
}

/* A clock that is set forth and back begins another hour each time, and tells nothing twice. */
static void
a_clock_that_is_set_changes_no_sum(void **state)
{
	uint64_t all = 0;

	(void)state;
	entry(0, "/", 5);
	assert_false(next(WALL, false));
	for (int i = 0; i < 20; i++) {
		ran(0, COVERAGE_JUDGED, (uint64_t)i);
		all += next(i % 2 ? WALL : WALL + 90 * HOUR, false) ? told.ran : 0;
	}
	assert_true(all == 190);
}

static void
every_entry_has_room(void **state)
{
	char path[PAGE_COVERAGE_PATH];

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_false(next(WALL, false));
	for (uint32_t i = 0; i < PAGE_COVERAGES; i++) {
		entry(i, path, i);
		for (int c = 0; c < COVERAGE__MAX; c++)
			ran(i, (enum coverage)c, 1000000000000ull);
	}
	assert_true(next(WALL, true));
	assert_false(told.details.cut);
	assert_true(told.ran == PAGE_COVERAGES * COVERAGE__MAX * 1000000000000ull);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_hour_is_told_when_it_is_over, begin, end),
		cmocka_unit_test_setup_teardown(the_end_tells_the_rest, begin, end),
		cmocka_unit_test_setup_teardown(a_clock_that_is_set_changes_no_sum, begin, end),
		cmocka_unit_test_setup_teardown(every_entry_has_room, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
