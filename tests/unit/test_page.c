#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "wire/page.h"

static int
map_page(void **state)
{
	struct page *p = NULL;

	if (page_create(&p))
		return -1;
	*state = p;
	return 0;
}

static int
unmap_page(void **state)
{
	return munmap(*state, sizeof(struct page));
}

static void
the_table_says_what_counter_def_says(void **state)
{
	(void)state;
	static const struct { enum counter id; enum room room; const char *name, *help; } rows[] = {
#define COUNTER(id, room, name, help) { COUNTER_##id, ROOM_##room, name, help },
#include "wire/counter.def"
#undef COUNTER
	};

	assert_int_equal(sizeof(rows) / sizeof(rows[0]), COUNTER__MAX);
	for (int i = 0; i < COUNTER__MAX; i++) {
		const struct counter_info *c = counter_info((enum counter)i);
		assert_int_equal(rows[i].id, i);
		assert_int_equal(c->room, rows[i].room);
		assert_string_equal(c->name, rows[i].name);
		assert_string_equal(c->help, rows[i].help);
	}
}

/* They are keys of a JSON object. */
static void
counters_have_names_of_their_own(void **state)
{
	(void)state;
	for (int i = 0; i < COUNTER__MAX; i++) {
		const char *name = counter_info((enum counter)i)->name;
		assert_true(strlen(name) > 0 && strlen(counter_info((enum counter)i)->help) > 0);
		for (const char *s = name; *s; s++)
			assert_true(islower((unsigned char)*s) || *s == '_');
		for (int k = 0; k < i; k++)
			assert_string_not_equal(name, counter_info((enum counter)k)->name);
	}
}

static void
each_counter_counts_for_itself(void **state)
{
	struct page *p = *state;

	for (int i = 0; i < COUNTER__MAX; i++)
		for (int k = 0; k <= i; k++)
			counter_add(p, (enum counter)i, 2);
	for (int i = 0; i < COUNTER__MAX; i++)
		assert_int_equal(counter_get(p, (enum counter)i), 2 * (i + 1));
}

static void
a_new_page_is_zero_to_its_last_byte(void **state)
{
	const struct page *p = *state;
	const char *bytes = *state;

	assert_int_equal(p->spool.head | p->spool.tail, 0);
	for (size_t i = 0; i < sizeof(*p); i += 4096)
		assert_int_equal(bytes[i], 0);
	assert_int_equal(bytes[sizeof(*p) - 1], 0);
	/* Reports in the ring are read where they lie. */
	assert_int_equal((uintptr_t)p->spool.ring % 8, 0);
}

static void
a_page_is_shared_with_what_is_forked_later(void **state)
{
	struct page *p = *state;
	int status;

	counter_add(p, COUNTER_SCANNED, 1);
	pid_t pid = fork();
	if (pid == 0) {
		bool seen = counter_get(p, COUNTER_SCANNED) == 1;
		counter_add(p, COUNTER_SCANNED, 41);
		p->spool.ring[PAGE_SPOOL - 1] = 7;
		_exit(seen ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(counter_get(p, COUNTER_SCANNED), 42);
	assert_int_equal(p->spool.ring[PAGE_SPOOL - 1], 7);
}

static void
its_own_processes_are_known(void **state)
{
	struct page *p = *state;

	/* Who is not running has pid 0, and 0 is nobody. */
	assert_false(page_owns(p, 0));
	for (int r = 0; r < ROOM__MAX; r++)
		atomic_store(&p->process[r].pid, 100 + r);
	atomic_store(&p->warden.helper, 200);
	for (int r = 0; r < ROOM__MAX; r++)
		assert_true(page_owns(p, 100 + r));
	assert_true(page_owns(p, 200));
	static const int32_t others[] = { 0, 1, -1, 99, 100 + ROOM__MAX, 199, 201, INT32_MAX, INT32_MIN };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(page_owns(p, others[i]));
}

static void
a_process_that_ended_is_not_known_any_more(void **state)
{
	struct page *p = *state;

	atomic_store(&p->process[ROOM_SCAN].pid, 100);
	atomic_store(&p->warden.helper, 200);
	atomic_store(&p->process[ROOM_SCAN].pid, 0);
	atomic_store(&p->warden.helper, 0);
	assert_false(page_owns(p, 100));
	assert_false(page_owns(p, 200));
	assert_false(page_owns(p, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, map_page, unmap_page)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_says_what_counter_def_says),
		cmocka_unit_test(counters_have_names_of_their_own),
		TEST(each_counter_counts_for_itself),
		TEST(a_new_page_is_zero_to_its_last_byte),
		TEST(a_page_is_shared_with_what_is_forked_later),
		TEST(its_own_processes_are_known),
		TEST(a_process_that_ended_is_not_known_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
