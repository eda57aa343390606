/* Each loss is told once, at once, and while it goes on each minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "base/clock.h"
#include "warden/toll.c"

static struct page *page;
static struct toll toll;

static int
begin(void **state)
{
	(void)state;
	memset(&toll, 0, sizeof(toll));
	return page_create(&page);
}

static int
end(void **state)
{
	(void)state;
	return munmap(page, sizeof(*page));
}

static void
tells(uint64_t now_ns, const char *action, uint64_t count)
{
	struct toll_loss l;

	assert_true(toll_next(&toll, page, now_ns, false, &l));
	assert_string_equal(l.action, action);
	assert_true(l.count == count);
	assert_true(strlen(l.what) > 0);
}

static void
tells_nothing(uint64_t now_ns)
{
	struct toll_loss l;

	assert_false(toll_next(&toll, page, now_ns, false, &l));
}

static void
every_loss_is_told_with_its_count(void **state)
{
	(void)state;
	tells_nothing(NS_PER_SEC);
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		counter_add(page, losses[i].counter, i + 1);
		tells(NS_PER_SEC, losses[i].action, i + 1);
		tells_nothing(NS_PER_SEC);
	}
}

static void
several_are_told_one_after_the_other(void **state)
{
	(void)state;
	counter_add(page, COUNTER_AUDIT_LOST, 7);
	counter_add(page, COUNTER_PROC_LOST, 1);
	tells(NS_PER_SEC, "proc-lost", 1);
	tells(NS_PER_SEC, "audit-lost", 7);
	tells_nothing(NS_PER_SEC);
}

static void
what_goes_on_is_told_each_minute(void **state)
{
	uint64_t told = 0;

	(void)state;
	for (uint64_t s = 1; s <= 600; s++) {
		struct toll_loss l;
		counter_add(page, COUNTER_FILES_LOST, 3);
		while (toll_next(&toll, page, s * NS_PER_SEC, false, &l)) {
			told++;
			assert_true(l.count == (told == 1 ? 3 : 180));
		}
	}
	assert_int_equal(told, 10);
}

static void
at_the_end_nothing_waits(void **state)
{
	struct toll_loss l;

	(void)state;
	counter_add(page, COUNTER_REPORTS_LOST, 1);
	tells(NS_PER_SEC, "reports-lost", 1);
	counter_add(page, COUNTER_REPORTS_LOST, 4);
	tells_nothing(2 * NS_PER_SEC);
	assert_true(toll_next(&toll, page, 2 * NS_PER_SEC, true, &l));
	assert_true(l.count == 4);
	assert_false(toll_next(&toll, page, 2 * NS_PER_SEC, true, &l));
}

/* No counter is told twice, under no two names. */
static void
the_table_is_unambiguous(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
		for (size_t k = 0; k < i; k++) {
			assert_true(losses[i].counter != losses[k].counter);
			assert_string_not_equal(losses[i].action, losses[k].action);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_loss_is_told_with_its_count, begin, end),
		cmocka_unit_test_setup_teardown(several_are_told_one_after_the_other, begin, end),
		cmocka_unit_test_setup_teardown(what_goes_on_is_told_each_minute, begin, end),
		cmocka_unit_test_setup_teardown(at_the_end_nothing_waits, begin, end),
		cmocka_unit_test(the_table_is_unambiguous),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
