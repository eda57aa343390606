#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
/* yettctl is a program, not a library: its times are taken in whole. */
#include "ctl/when.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S	NS_PER_SEC
#define NOW	(1795512600 * S + 123456789)	/* 2026-11-24T09:30:00.123456789Z, a Tuesday */

static void
durations_are_read_with_their_units(void **state)
{
	(void)state;
	static const struct { const char *text; uint64_t seconds; } rows[] = {
		{ "0", 0 }, { "90", 90 }, { "90s", 90 }, { "30m", 1800 }, { "30min", 1800 }, { "2h", 7200 }, { "7d", 604800 }, { "1w", 604800 },
		{ "1h30m", 5400 }, { "1h30min5s", 5405 }, { "1w1d1h1m1s", 694861 }, { "007s", 7 }, { "5m5m", 600 }, { "36500d", 36500ull * 86400 },
		{ "0w0d", 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t ns = 1;
		if (!when_duration(rows[i].text, &ns) || ns != rows[i].seconds * S)
			fail_msg("'%s' is %llu ns", rows[i].text, (unsigned long long)ns);
	}
}

static void
what_is_no_duration_is_refused(void **state)
{
	(void)state;
	static const char *const none[] = {
		"", " ", "s", "m30", "-5s", "+5s", "5 s", " 5s", "5s ", "5x", "5mi", "5minn", "5.5h", "1h-30m", "0x10", "5S", "1y", "5ms", "1e3",
		"99999999999999999999", "99999999999999999999s", "36601d", "18446744073709551615w", "100000000000", "36600d1s", "\xff",
	};

	for (size_t i = 0; i < COUNT(none); i++) {
		uint64_t ns = 77;
		if (when_duration(none[i], &ns) || ns != 77)
			fail_msg("'%s' passes as %llu ns", none[i], (unsigned long long)ns);
	}
}

static void
points_in_time_are_read_to_any_precision(void **state)
{
	(void)state;
	static const struct { const char *text; uint64_t ns; } rows[] = {
		{ "1970-01-01", 0 }, { "1970-01-01T00:00:00.000000001Z", 1 },
		{ "2026-11-24", 1795478400 * S }, { "2026-11-24T09:30", 1795512600 * S }, { "2026-11-24 09:30", 1795512600 * S },
		{ "2026-11-24T09:30Z", 1795512600 * S }, { "2026-11-24T09:30:00", 1795512600 * S }, { "2026-11-24 09:30:59Z", 1795512659 * S },
		{ "2026-11-24T09:30:00.1Z", 1795512600 * S + 100000000 }, { "2026-11-24T09:30:00.123456789Z", NOW },
		{ "2026-11-24T09:30:00.123456789999Z", NOW }, { "2026-12-31T23:59:60Z", 1798761600 * S },
		{ "2024-02-29", 1709164800 * S }, { "2000-02-29", 951782400 * S }, { "2553-12-31T23:59:59Z", 18429292799ull * S },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t ns = 7;
		if (!when_parse(rows[i].text, &ns) || ns != rows[i].ns)
			fail_msg("'%s' is %llu", rows[i].text, (unsigned long long)ns);
	}
}

static void
what_is_no_point_in_time_is_refused(void **state)
{
	(void)state;
	static const char *const none[] = {
		"", "2", "2026", "2026-11", "2026-11-", "2026-11-2", "2026-11-24T", "2026-11-24T09", "2026-11-24T09:", "2026-11-24T09:3",
		"2026-11-24T09:30:", "2026-11-24T09:30:0", "2026-11-24T09:30:00.", "2026-11-24T09:30:00.Z", "2026-11-24T09:30:00ZZ",
		"2026-11-24T09:30:00+01:00", "2026-11-24Z", "2026-11-24 ", "2026/11/24", "24-11-2026", "2026-1-24", " 2026-11-24",
		"2026-00-24", "2026-13-24", "2026-11-00", "2026-11-31", "2026-11-32", "2026-02-29", "1900-02-29", "2100-02-29", "2026-04-31",
		"1969-12-31", "0000-01-01", "2026-11-24T24:00", "2026-11-24T09:60", "2026-11-24T09:30:61", "-026-11-24",
		/* too far for nanoseconds since 1970 in 64 bits */
		"2555-01-01", "3000-01-01", "9999-12-31T23:59:59Z",
	};

	for (size_t i = 0; i < COUNT(none); i++) {
		uint64_t ns = 77;
		if (when_parse(none[i], &ns))
			fail_msg("'%s' passes as %llu", none[i], (unsigned long long)ns);
	}
}

static void
since_takes_either(void **state)
{
	(void)state;
	static const struct { const char *text; uint64_t ns; } rows[] = {
		{ "today", 1795478400 * S }, { "yesterday", 1795392000 * S }, { "0", NOW }, { "2h", NOW - 7200 * S }, { "1d", NOW - 86400 * S },
		{ "2026-11-24T09:30", 1795512600 * S }, { "2026-11-24", 1795478400 * S },
		{ "2027-01-01", 1798761600 * S },	/* in the future: nothing has happened since */
		{ "36000d", 0 },			/* before all times */
	};
	uint64_t ns;

	for (size_t i = 0; i < COUNT(rows); i++) {
		ns = 7;
		if (!when_since(rows[i].text, NOW, &ns) || ns != rows[i].ns)
			fail_msg("'%s' is %llu", rows[i].text, (unsigned long long)ns);
	}
	static const char *const none[] = { "", "Today", "tomorrow", "yesterday ", "2026-02-30", "1h ago", "-1h" };
	for (size_t i = 0; i < COUNT(none); i++)
		assert_false(when_since(none[i], NOW, &ns));
}

static void
a_time_is_shown_as_short_as_it_is_clear(void **state)
{
	(void)state;
	static const struct { uint64_t ns; const char *want; } rows[] = {
		{ NOW, "09:30:00" }, { 1795478400 * S, "00:00:00" }, { 1795564799 * S, "23:59:59" },
		{ 1795478399 * S, "11-23 23:59:59" }, { 1795564800 * S, "11-25 00:00:00" }, { 1767225600 * S, "01-01 00:00:00" },
		{ 1767225599 * S, "2025-12-31 23:59" }, { 0, "1970-01-01 00:00" }, { UINT64_MAX, "2554-07-21 23:34" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[WHEN_TEXT];
		memset(out, '!', sizeof(out));
		when_short(rows[i].ns, NOW, out);
		assert_string_equal(out, rows[i].want);
	}
}

static void
a_span_is_told_in_its_two_largest_units(void **state)
{
	(void)state;
	static const struct { uint64_t ns; const char *want; } rows[] = {
		{ 0, "0 s" }, { S - 1, "0 s" }, { S, "1 s" }, { 59 * S, "59 s" }, { 60 * S, "1 min" }, { 3599 * S, "59 min" },
		{ 3600 * S, "1 h 0 min" }, { 7260 * S, "2 h 1 min" }, { 86399 * S, "23 h 59 min" }, { 86400 * S, "1 d 0 h" },
		{ 273600 * S, "3 d 4 h" }, { UINT64_MAX, "213503 d 23 h" },
	};
	char out[32];

	for (size_t i = 0; i < COUNT(rows); i++) {
		when_span(rows[i].ns, out, sizeof(out));
		assert_string_equal(out, rows[i].want);
	}
	for (size_t room = 1; room < 12; room++) {
		memset(out, '!', sizeof(out));
		when_span(273600 * S, out, room);
		assert_int_equal(strlen(out), room < 8 ? room - 1 : 7);
		assert_int_equal(out[room], '!');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read_with_their_units),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(points_in_time_are_read_to_any_precision),
		cmocka_unit_test(what_is_no_point_in_time_is_refused),
		cmocka_unit_test(since_takes_either),
		cmocka_unit_test(a_time_is_shown_as_short_as_it_is_clear),
		cmocka_unit_test(a_span_is_told_in_its_two_largest_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
