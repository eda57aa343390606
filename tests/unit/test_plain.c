#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "alert/journal.h"
#include "alert/syslog.h"
#include "base/clock.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define WALL		(1795510800 * NS_PER_SEC + 123456789)	/* 2026-11-24 09:00 */

static struct report report;
static struct plain plain;
static char datagram[JOURNAL_MAX], message[SYSLOG_MAX + 1];

static struct event *
prepare(enum report_kind kind)
{
	memset(&report, 0, sizeof(report));
	event_init(&report.event, EVENT_EXEC, SENSOR_FANOTIFY);
	report.kind = (uint8_t)kind;
	report.mode = MODE_ENFORCE;
	report.event.id = 0x17;
	report.event.wall_ns = WALL;
	return &report.event;
}

static void
set(enum event_text which, const char *s, size_t len)
{
	assert_int_equal(event_set(&report.event, which, s, len), 0);
}

static void
denial(void)
{
	struct event *ev = prepare(REPORT_ALERT);

	report.decision = report.would = DECISION_DENY;
	report.settled = SETTLED_RULE;
	report.severity = SEVERITY_HIGH;
	ev->process.pid = 42;
	ev->process.uid = 1000;
	ev->have = HAVE_USER | HAVE_ARGS | HAVE_PARENT;
	ev->parent.pid = 41;
	set(TEXT_EXECUTABLE, "/bin/sh", 7);
	set(TEXT_ARGS, "sh\0-c\0id", 9);
	set(TEXT_RULE, "web-shell", 9);
	set(TEXT_USER_NAME, "alice", 5);
}

static const char *
syslog_text(void)
{
	size_t len = syslog_message(message, &plain, "web1");

	assert_true(len <= SYSLOG_MAX);
	message[len] = '\0';
	assert_int_equal(strlen(message), len);
	return message;
}

static void
text_is_utf8_on_one_line_and_can_be_undone(void **state)
{
	(void)state;
	static const struct { const char *in; size_t len; const char *out; } cases[] = {
		{ "", 0, "" }, { "plain", 5, "plain" }, { "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f" }, { "a\nb\tc", 5, "a\\x0ab\\x09c" },
		{ "\0", 1, "\\x00" }, { "\x1b[31m", 5, "\\x1b[31m" }, { "\x7f", 1, "\\x7f" }, { "\xff\xfe", 2, "\\xff\\xfe" },
		{ "\xc2\x9b", 2, "\\xc2\\x9b" },	/* a C1 control */
		{ "\xc0\xaf", 2, "\\xc0\\xaf" },	/* overlong */ { "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },	/* a surrogate */
		{ "\\x41", 4, "\\x5cx41" }, { "\\n\\", 3, "\\n\\" }, { "\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80" },
		{ "\xf0\x9f\x98", 3, "\\xf0\\x9f\\x98" },
	};
	char out[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = plain_text(out, sizeof(out), cases[i].in, cases[i].len);
		assert_int_equal(n, strlen(cases[i].out));
		assert_memory_equal(out, cases[i].out, n);
	}
}

static void
text_is_cut_between_characters(void **state)
{
	(void)state;
	static const char in[] = "a\xc3\xbc\n";
	static const size_t lengths[] = { 0, 1, 1, 3, 3, 3, 3, 7, 7 };
	char out[16];

	for (size_t size = 0; size < COUNT(lengths); size++) {
		memset(out, '#', sizeof(out));
		assert_int_equal(plain_text(out, size, in, 4), lengths[size]);
		for (size_t i = size; i < sizeof(out); i++)
			assert_int_equal(out[i], '#');
	}
}

static void
a_denial_goes_to_the_journal_as_fields(void **state)
{
	(void)state;
	static const char want[] = "MESSAGE=Denied exec of /bin/sh as alice: rule web-shell\nPRIORITY=3\nSYSLOG_IDENTIFIER=yett\n"
	    "SYSLOG_FACILITY=10\nYETT_KIND=alert\nYETT_ID=0000000000000017\nYETT_SEQUENCE=7\nYETT_ACTION=exec\nYETT_SEVERITY=high\n"
	    "YETT_VERDICT=deny\nYETT_WOULD=deny\nYETT_MODE=enforce\nYETT_DECIDED_BY=rule\nYETT_RULE=web-shell\nYETT_PID=42\n"
	    "YETT_EXECUTABLE=/bin/sh\nYETT_USER_ID=1000\nYETT_USER=alice\nYETT_PARENT_PID=41\nYETT_COMMAND_LINE=sh -c id\n";

	denial();
	plain_record(&plain, &report, 7);
	size_t len = journal_datagram(datagram, &plain);
	datagram[len] = '\0';
	assert_string_equal(datagram, want);
}

static void
a_value_with_newlines_has_its_length_before_it(void **state)
{
	(void)state;
	static const char want[] = "YETT_EXECUTABLE\n\x0a\0\0\0\0\0\0\0/a\nMESSAGE\n";

	prepare(REPORT_ALERT);
	set(TEXT_EXECUTABLE, "/a\nMESSAGE", 10);
	plain_record(&plain, &report, 0);
	size_t len = journal_datagram(datagram, &plain);
	assert_non_null(memmem(datagram, len, want, sizeof(want) - 1));
	assert_null(memmem(datagram, len, "\nMESSAGE=/", 10));
	assert_non_null(memmem(datagram, len, "MESSAGE=Alert on exec of /a\\x0aMESSAGE: by default\n", 51));
}

static void
the_longest_record_fits_into_a_datagram(void **state)
{
	(void)state;
	static char most[EVENT_ARENA];
	struct event *ev;

	/* As one whom we do not trust could send it: every text is the whole arena. */
	memset(most, '\n', sizeof(most));
	ev = prepare(REPORT_ALERT);
	ev->have = HAVE_ALL;
	memcpy(ev->arena, most, sizeof(most));
	ev->used = EVENT_ARENA;
	for (int i = 0; i < TEXT__MAX; i++)
		ev->text[i] = (struct slice){ 0, EVENT_ARENA };
	plain_record(&plain, &report, UINT64_MAX);
	size_t len = journal_datagram(datagram, &plain);
	assert_true(len <= JOURNAL_MAX && datagram[len - 1] == '\n');
	syslog_text();
	assert_true(strlen(message) > SYSLOG_MAX - 8);
}

static void
a_denial_goes_to_syslog_as_rfc_5424_says(void **state)
{
	(void)state;
	denial();
	plain_record(&plain, &report, 7);
	assert_string_equal(syslog_text(), "<83>1 2026-11-24T09:00:00.123456Z web1 yett - alert [yett@32473 "
	    "kind=\"alert\" id=\"0000000000000017\" sequence=\"7\" action=\"exec\" severity=\"high\" verdict=\"deny\" would=\"deny\" "
	    "mode=\"enforce\" decided_by=\"rule\" rule=\"web-shell\" "
	    "pid=\"42\" executable=\"/bin/sh\" user_id=\"1000\" user=\"alice\" parent_pid=\"41\" command_line=\"sh -c id\"] "
	    "Denied exec of /bin/sh as alice: rule web-shell");
}

static void
what_would_end_a_value_is_escaped(void **state)
{
	(void)state;
	prepare(REPORT_ALERT);
	set(TEXT_EXECUTABLE, "/a\"] b\\\n[", 9);
	plain_record(&plain, &report, 0);
	assert_non_null(strstr(syslog_text(), " executable=\"/a\\\"\\] b\\\\\\\\x0a[\"]"));
	assert_null(strchr(message, '\n'));
}

static void
a_host_without_a_proper_name_is_a_dash(void **state)
{
	(void)state;
	char longest[257] = "";
	const char *const odd[] = { "", "a b", "a\n", "\xc3\xbc", longest };

	memset(longest, 'a', 256);
	prepare(REPORT_STATE);
	plain_record(&plain, &report, 0);
	for (size_t i = 0; i < COUNT(odd); i++) {
		size_t len = syslog_message(message, &plain, odd[i]);
		assert_non_null(memmem(message, len, "Z - yett - state [", 18));
	}
	longest[255] = '\0';
	size_t len = syslog_message(message, &plain, longest);
	assert_null(memmem(message, len, "Z - yett", 8));
}

static void
severity_is_priority(void **state)
{
	(void)state;
	static const struct { enum report_kind kind; enum severity severity; unsigned priority; } cases[] = {
		{ REPORT_ALERT, SEVERITY_INFO, 6 }, { REPORT_ALERT, SEVERITY_LOW, 5 }, { REPORT_ALERT, SEVERITY_MEDIUM, 4 },
		{ REPORT_ALERT, SEVERITY_HIGH, 3 }, { REPORT_ALERT, SEVERITY_CRITICAL, 2 }, { REPORT_STATE, SEVERITY_CRITICAL, 5 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char want[32];
		prepare(cases[i].kind);
		report.severity = (uint8_t)cases[i].severity;
		plain_record(&plain, &report, 0);
		assert_int_equal(plain.priority, cases[i].priority);
		int n = snprintf(want, sizeof(want), "<%u>1 ", 80 + cases[i].priority);
		assert_memory_equal(syslog_text(), want, (size_t)n);
		n = snprintf(want, sizeof(want), "\nPRIORITY=%u\n", cases[i].priority);
		assert_non_null(memmem(datagram, journal_datagram(datagram, &plain), want, (size_t)n));
	}
}

static void
a_summary_is_called_so_and_says_how_many(void **state)
{
	(void)state;
	denial();
	report.repeated = 5000000000;
	plain_record(&plain, &report, 8);
	assert_non_null(strstr(syslog_text(), " action=\"alert-summary\" count=\"5000000000\""));
}

static void
a_state_says_what_yett_says(void **state)
{
	(void)state;
	struct event *ev = prepare(REPORT_STATE);

	ev->kind = EVENT_AGENT;
	ev->have = HAVE_ACTION;
	ev->count = 3;
	set(TEXT_ACTION, "gate-restart", 12);
	set(TEXT_REASON, "It was killed.", 14);
	plain_record(&plain, &report, 9);
	assert_string_equal(syslog_text(), "<85>1 2026-11-24T09:00:00.123456Z web1 yett - state [yett@32473 kind=\"state\" "
	    "id=\"0000000000000017\" sequence=\"9\" action=\"gate-restart\" count=\"3\"] It was killed.");
}

static void
the_head_is_what_verify_takes(void **state)
{
	(void)state;
	static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	plain_head(&plain, &(struct plain_head){ .log = "5f2c77a1b0c3d4e5", .hash = hash, .sequence = UINT64_MAX, .wall_ns = WALL });
	assert_non_null(strstr(syslog_text(), " yett - head [yett@32473 kind=\"head\" log=\"5f2c77a1b0c3d4e5\" "
	    "sequence=\"18446744073709551615\" head=\"01"));
	assert_non_null(strstr(message, "] The log 5f2c77a1b0c3d4e5 stands at record 18446744073709551615: yettctl verify "
	    "--expect-seq 18446744073709551615 --expect-head 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
}

/* Values of any bytes, of any length: what comes out is a message in form. */
static void
by_chance_everything_stays_in_form(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 2000; round++) {
		char bytes[900];
		prepare(REPORT_ALERT);
		for (int k = 0; k < 6; k++) {
			static const enum event_text which[] = { TEXT_EXECUTABLE, TEXT_ARGS, TEXT_RULE, TEXT_FILE_PATH, TEXT_USER_NAME, TEXT_SERVICE };
			size_t len = (size_t)random() % sizeof(bytes);
			for (size_t i = 0; i < len; i++)
				bytes[i] = random() % 3 ? "\\\"]\n \xc3\xa9\xff"[random() % 8] : (char)random();
			set(which[k], bytes, len);
		}
		plain_record(&plain, &report, (uint64_t)round);
		const uint8_t *s = (const uint8_t *)syslog_text();
		for (size_t at = 0, n; s[at]; at += n) {
			n = json_character(s + at, strlen(message) - at);
			assert_true(n && s[at] >= 0x20 && s[at] != 0x7f);
		}
		bool quoted = false;
		const char *c = strchr(message, '[');
		for (; *c && (quoted || *c != ']'); c++) {
			if (quoted && *c == '\\')
				c++;
			else if (*c == '"')
				quoted = !quoted;
			else
				assert_false(quoted && *c == ']');
		}
		assert_memory_equal(c, "] Alert on exec", 15);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_utf8_on_one_line_and_can_be_undone),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(a_denial_goes_to_the_journal_as_fields),
		cmocka_unit_test(a_value_with_newlines_has_its_length_before_it),
		cmocka_unit_test(the_longest_record_fits_into_a_datagram),
		cmocka_unit_test(a_denial_goes_to_syslog_as_rfc_5424_says),
		cmocka_unit_test(what_would_end_a_value_is_escaped),
		cmocka_unit_test(a_host_without_a_proper_name_is_a_dash),
		cmocka_unit_test(severity_is_priority),
		cmocka_unit_test(a_summary_is_called_so_and_says_how_many),
		cmocka_unit_test(a_state_says_what_yett_says),
		cmocka_unit_test(the_head_is_what_verify_takes),
		cmocka_unit_test(by_chance_everything_stays_in_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
