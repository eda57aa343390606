#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/fault.h"

static struct faults faults;

static int
none_yet(void **state)
{
	(void)state;
	memset(&faults, 0, sizeof(faults));
	return 0;
}

static void
reads(size_t i, const char *want)
{
	char text[1024];

	fault_format(&faults.fault[i], text, sizeof(text));
	assert_string_equal(text, want);
}

static void
a_fault_names_file_line_and_reason(void **state)
{
	(void)state;
	fault_add(&faults, "/etc/yett/yett.conf", 7, "unknown key '%s': did you mean '%s'?", "mod", "mode");
	fault_warn(&faults, "a.ini", 1, "rule %d never matches", 3);
	fault_add(&faults, "b.ini", 0, "is empty");
	assert_int_equal(faults.count, 3);
	reads(0, "/etc/yett/yett.conf:7: error: unknown key 'mod': did you mean 'mode'?");
	reads(1, "a.ini:1: warning: rule 3 never matches");
	/* Of the whole file. */
	reads(2, "b.ini: error: is empty");
}

static void
warnings_refuse_nothing(void **state)
{
	(void)state;
	fault_warn(&faults, "a.ini", 1, "odd");
	fault_warn(&faults, "a.ini", 2, "odd");
	assert_int_equal(faults.errors, 0);
	assert_int_equal(faults.count, 2);
	assert_true(faults.fault[0].warning);
	fault_add(&faults, "a.ini", 3, "wrong");
	assert_int_equal(faults.errors, 1);
	assert_false(faults.fault[2].warning);
}

static void
beyond_the_last_place_errors_are_still_counted(void **state)
{
	(void)state;
	for (int i = 0; i < FAULTS_MAX + 5; i++)
		fault_add(&faults, "a.ini", i + 1, "error %d", i);
	fault_warn(&faults, "a.ini", 99, "odd");
	assert_int_equal(faults.count, FAULTS_MAX);
	assert_int_equal(faults.errors, FAULTS_MAX + 5);
	/* The first ones are kept. */
	reads(0, "a.ini:1: error: error 0");
	reads(FAULTS_MAX - 1, "a.ini:20: error: error 19");
}

static void
warnings_do_not_hide_that_a_text_is_refused(void **state)
{
	(void)state;
	for (int i = 0; i < FAULTS_MAX; i++)
		fault_warn(&faults, "a.ini", i + 1, "odd");
	fault_add(&faults, "a.ini", 50, "wrong");
	assert_int_equal(faults.errors, 1);
}

static void
texts_that_are_too_long_are_cut(void **state)
{
	(void)state;
	char file[1000], why[1000], text[2000];

	memset(file, 'f', sizeof(file));
	memset(why, 'w', sizeof(why));
	file[sizeof(file) - 1] = why[sizeof(why) - 1] = '\0';
	fault_add(&faults, file, 1, "%s", why);
	assert_int_equal(strlen(faults.fault[0].file), sizeof(faults.fault[0].file) - 1);
	assert_int_equal(strlen(faults.fault[0].why), FAULT_TEXT - 1);
	fault_format(&faults.fault[0], text, sizeof(text));
	assert_int_equal(strlen(text), sizeof(faults.fault[0].file) - 1 + strlen(":1: error: ") + FAULT_TEXT - 1);
}

static void
a_line_is_terminated_in_any_room(void **state)
{
	(void)state;
	char text[64];
	const char want[] = "a.ini:12: error: x";

	fault_add(&faults, "a.ini", 12, "x");
	for (size_t n = 1; n < sizeof(text); n++) {
		memset(text, '!', sizeof(text));
		fault_format(&faults.fault[0], text, n);
		assert_int_equal(strlen(text), n <= sizeof(want) ? n - 1 : sizeof(want) - 1);
		assert_memory_equal(text, want, strlen(text));
		assert_int_equal(text[n], '!');
	}
}

#define TEST(name) cmocka_unit_test_setup(name, none_yet)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_fault_names_file_line_and_reason),
		TEST(warnings_refuse_nothing),
		TEST(beyond_the_last_place_errors_are_still_counted),
		TEST(warnings_do_not_hide_that_a_text_is_refused),
		TEST(texts_that_are_too_long_are_cut),
		TEST(a_line_is_terminated_in_any_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
