#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "alert/json.h"
#include "alert/syntax.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
is_object(const char *text, size_t len)
{
	struct syntax_member last[2];

	return syntax_object(text, len, last);
}

static unsigned
hex_digits(const char *s, unsigned n)
{
	char digits[8];

	assert_true(n < sizeof(digits));
	memcpy(digits, s, n);
	digits[n] = '\0';
	assert_true(strspn(digits, "0123456789abcdef") == n);
	return (unsigned)strtoul(digits, NULL, 16);
}

/* What a JSON parser makes of a text, the bytes between its quotes; only the escapes that we write. Returns the length. */
static size_t
unescape(const char *s, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] != '\\') {
			out[n++] = s[i];
			continue;
		}
		assert_true(++i < len);
		if (s[i] != 'u') {
			assert_true(s[i] == '"' || s[i] == '\\');
			out[n++] = s[i];
			continue;
		}
		assert_true(i + 4 < len);
		unsigned code = hex_digits(s + i + 1, 4);
		assert_true(code < 0xa0);
		if (code >= 0x80)
			out[n++] = (char)0xc2;
		out[n++] = (char)code;
		i += 4;
	}
	return n;
}

/* As yett-record(5) says: every \xNN is replaced by its byte. */
static size_t
replace_bytes(const char *s, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 1 < len && s[i + 1] == 'x') {
			assert_true(i + 3 < len);
			out[n++] = (char)hex_digits(s + i + 2, 2);
			i += 3;
		} else {
			out[n++] = s[i];
		}
	}
	return n;
}

/* The bytes of S, written and read again. */
static void
round_trip(const char *s, size_t len)
{
	char buf[4096], text[4096], back[4096];
	struct json j;

	assert_true(6 * len + 16 < sizeof(buf));
	json_init(&j, buf, sizeof(buf));
	json_open(&j, NULL);
	json_text(&j, "a", s, len);
	json_close(&j);
	assert_false(j.full);
	assert_true(is_object(buf, j.len));
	assert_memory_equal(buf, "{\"a\":\"", 6);
	for (size_t i = 0; i < j.len; i++) {
		assert_true((unsigned char)buf[i] >= 0x20 && buf[i] != 0x7f);
		assert_false((unsigned char)buf[i] == 0xc2 && (unsigned char)buf[i + 1] < 0xa0);	/* C1 */
	}
	size_t n = unescape(buf + 6, j.len - 8, text);
	n = replace_bytes(text, n, back);
	assert_int_equal(n, len);
	assert_memory_equal(back, s, len);
}

static void
every_text_can_be_had_back(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"", "\\", "\\\\", "\\x", "\\\\x", "x\\", "\\x41", "\\x5c", "\\x5cx41", "\\\\x41", "\\u0041", "\"", "\"\\\"", "/", "\\n",
		"\n", "\r\n\t\b\f\v",
		"\x1b[31m", "\x7f", "\xc2\x80", "\xc2\x9b\x33\x31m", "\xc2\x9f", "\xc2\xa0", "\xe2\x80\xa8", "caf\xc3\xa9", "\xf0\x9f\x8c\x8d",
		"\\\xff", "\\\xffx", "\xff\\x", "\xc3\\x", "\xc3", "a\xc3", "\xe2\x82", "\xf0\x9f\x8c", "\xc0\xaf", "\xed\xa0\x80", "\xef\xbf\xbf",
	};
	char s[3];

	for (size_t i = 0; i < COUNT(texts); i++)
		round_trip(texts[i], strlen(texts[i]));
	round_trip("a\0b", 3);
	round_trip("\\\0x", 3);
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			s[0] = (char)a;
			s[1] = (char)b;
			s[2] = 'x';
			round_trip(s, 3);
		}
}

static void
any_bytes_can_be_had_back(void **state)
{
	(void)state;
	static const char odd[] = "\\\\\\xx\"u5c\0\n\x7f\xc2\x80\xc3\xa9\xe0\xa0\xed\x9f\xf0\x90\xf4\x8f\xbf\xff";
	uint32_t r = 1;
	char s[64];

	for (int i = 0; i < 20000; i++) {
		size_t len = 0;
		do {
			r = r * 1664525 + 1013904223;
			s[len] = odd[(r >> 8) % sizeof(odd)];
		} while (++len < sizeof(s) && r >> 27);
		round_trip(s, len);
	}
}

static void
bytes_that_are_not_utf_8_are_told_from_those_that_are(void **state)
{
	(void)state;
	static const struct { const char *text, *json; } cases[] = {
		{ "\xc3\xa9", "\xc3\xa9" }, { "\xe2\x82\xac", "\xe2\x82\xac" }, { "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
		{ "\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80" },
		{ "\x80", "\\\\x80" }, { "\xc0\xaf", "\\\\xc0\\\\xaf" }, { "\xc1\x81", "\\\\xc1\\\\x81" }, { "\xe0\x9f\xbf", "\\\\xe0\\\\x9f\\\\xbf" },
		{ "\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80" }, { "\xf0\x8f\xbf\xbf", "\\\\xf0\\\\x8f\\\\xbf\\\\xbf" },
		{ "\xf4\x90\x80\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80" }, { "\xf5\x80\x80\x80", "\\\\xf5\\\\x80\\\\x80\\\\x80" }, { "\xff", "\\\\xff" },
		{ "\xe2\x82", "\\\\xe2\\\\x82" }, { "\xe2\x82\x41", "\\\\xe2\\\\x82\x41" }, { "\xc3\xc3\xa9", "\\\\xc3\xc3\xa9" },
		{ "\n", "\\u000a" }, { "\x7f", "\\u007f" }, { "\xc2\x9b", "\\u009b" }, { "\"\\", "\\\"\\\\" },
		{ "\\x41", "\\\\x5cx41" }, { "\\y", "\\\\y" },
	};
	char buf[128];
	struct json j;

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_init(&j, buf, sizeof(buf));
		json_str(&j, NULL, cases[i].text);
		buf[j.len] = '\0';
		assert_int_equal(j.len, strlen(cases[i].json) + 2);
		assert_memory_equal(buf + 1, cases[i].json, j.len - 2);
	}
	json_init(&j, buf, sizeof(buf));
	json_text(&j, NULL, "\0", 1);
	assert_memory_equal(buf, "\"\\\\x00\"", 7);
}

static void
a_cap_cuts_between_characters_and_no_earlier_than_it_must(void **state)
{
	(void)state;
	static const char s[] = "a\"\\\\xb\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8d\xff\xc2\x9bz";
	const size_t len = sizeof(s) - 1;
	char whole[256], buf[256], text[256], back[256];
	size_t before = 0, largest;
	struct json w, j;

	json_init(&w, whole, sizeof(whole));
	assert_int_equal(json_text_cap(&w, NULL, s, len, sizeof(whole)), len);
	largest = w.len - 2;
	for (size_t cap = 0; cap <= largest + 1; cap++) {
		json_init(&j, buf, sizeof(buf));
		size_t taken = json_text_cap(&j, NULL, s, len, cap), used = j.len - 2;
		assert_true(used <= cap);
		assert_true(taken >= before && taken <= len);
		assert_int_equal(j.full, taken < len);
		assert_memory_equal(buf, whole, used + 1);
		assert_int_equal(buf[j.len - 1], '"');
		size_t n = replace_bytes(text, unescape(buf + 1, used, text), back);
		assert_int_equal(n, taken);
		assert_memory_equal(back, s, taken);
		/* One more character of at most 6 bytes would not have fitted. */
		assert_true(taken == len || cap - used < 6);
		before = taken;
	}
	assert_int_equal(before, len);
}

/* Everything there is, within each other. */
static void
write_all(struct json *j)
{
	static const uint8_t bytes[] = { 0x00, 0x9f, 0xff };

	json_open(j, NULL);
	json_time(j, "@timestamp", 1234567890 * NS_PER_SEC + 5);
	json_open(j, "deep");
	json_list(j, "list");
	json_str(j, NULL, "one");
	json_open(j, NULL);
	json_num(j, "least", INT64_MIN);
	json_close(j);
	json_list(j, NULL);
	json_list_end(j);
	json_bool(j, NULL, true);
	json_list_end(j);
	json_unum(j, "most", UINT64_MAX);
	json_close(j);
	json_hex(j, "hex", bytes, sizeof(bytes));
	json_str(j, "text", "\xff\\x\xc3\xa9");
	json_bool(j, "no", false);
	json_open(j, "last");
	json_close(j);
	json_close(j);
}

static void
members_are_written_as_json_has_them(void **state)
{
	(void)state;
	static const char want[] = "{\"@timestamp\":\"2009-02-13T23:31:30.000000005Z\","
	    "\"deep\":{\"list\":[\"one\",{\"least\":-9223372036854775808},[],true],"
	    "\"most\":18446744073709551615},\"hex\":\"009fff\",\"text\":\"\\\\xff\\\\x5cx\xc3\xa9\",\"no\":false,\"last\":{}}";
	char buf[512];
	struct json j;

	json_init(&j, buf, sizeof(buf));
	write_all(&j);
	assert_int_equal(j.len, sizeof(want) - 1);
	assert_memory_equal(buf, want, j.len);
	assert_false(j.full);
}

static void
any_size_gives_a_whole_object(void **state)
{
	(void)state;
	char whole[512];
	struct json w, j;

	json_init(&w, whole, sizeof(whole));
	write_all(&w);
	for (size_t size = 0; size <= w.len + 1; size++) {
		CLEANUP_FREE char *buf = malloc(size ? size : 1);	/* no byte to spare */
		assert_non_null(buf);
		json_init(&j, buf, size);
		write_all(&j);
		assert_true(j.len <= size);
		assert_int_equal(j.depth + j.skipped, 0);
		assert_int_equal(j.full, size < w.len);
		if (size < 2)	/* not even braces */
			assert_int_equal(j.len, 0);
		else if (!is_object(buf, j.len))
			fail_msg("%zu bytes: %.*s", size, (int)j.len, buf);
	}
	assert_int_equal(j.len, w.len);
	assert_memory_equal(whole, "{", 1);
}

static void
what_was_opened_without_room_takes_nothing(void **state)
{
	(void)state;
	char buf[16];
	struct json j;

	json_init(&j, buf, sizeof(buf));
	json_open(&j, NULL);
	json_open(&j, "a key that is too long");
	json_num(&j, "a", 1);			/* would fit, but belongs to what does not */
	json_list(&j, "b");
	json_num(&j, NULL, 2);
	json_list_end(&j);
	json_close(&j);
	json_num(&j, "c", 3);
	json_close(&j);
	assert_true(j.full);
	assert_int_equal(j.len, 7);
	assert_memory_equal(buf, "{\"c\":3}", 7);
}

static void
times_are_utc_with_nanoseconds(void **state)
{
	(void)state;
	static const struct { uint64_t s, ns; const char *text; } cases[] = {
		{ 0, 0, "1970-01-01T00:00:00.000000000Z" }, { 86399, 999999999, "1970-01-01T23:59:59.999999999Z" },
		{ 68169600, 1, "1972-02-29T00:00:00.000000001Z" }, { 951782400, 0, "2000-02-29T00:00:00.000000000Z" },
		{ 951868800, 0, "2000-03-01T00:00:00.000000000Z" }, { 978307199, 0, "2000-12-31T23:59:59.000000000Z" },
		{ 1795510800, 120000, "2026-11-24T09:00:00.000120000Z" }, { 2147483648, 0, "2038-01-19T03:14:08.000000000Z" },
		{ 4107542399, 0, "2100-02-28T23:59:59.000000000Z" }, { 4107542400, 0, "2100-03-01T00:00:00.000000000Z" },
		{ 18446744073, 709551615, "2554-07-21T23:34:33.709551615Z" },
	};
	char buf[64];
	struct json j;

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_init(&j, buf, sizeof(buf));
		json_time(&j, NULL, cases[i].s * NS_PER_SEC + cases[i].ns);
		buf[j.len - 1] = '\0';
		assert_string_equal(buf + 1, cases[i].text);
	}
	/* Every day of 400 years is the day after the one before. */
	char before[16] = "";
	for (uint64_t day = 0; day < 146097; day++) {
		json_init(&j, buf, sizeof(buf));
		json_time(&j, NULL, day * 86400 * NS_PER_SEC);
		buf[11] = '\0';
		assert_true(strcmp(before, buf + 1) < 0);
		memcpy(before, buf + 1, 11);
	}
	assert_string_equal(before, "2369-12-31");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text_can_be_had_back),
		cmocka_unit_test(any_bytes_can_be_had_back),
		cmocka_unit_test(bytes_that_are_not_utf_8_are_told_from_those_that_are),
		cmocka_unit_test(a_cap_cuts_between_characters_and_no_earlier_than_it_must),
		cmocka_unit_test(members_are_written_as_json_has_them),
		cmocka_unit_test(any_size_gives_a_whole_object),
		cmocka_unit_test(what_was_opened_without_room_takes_nothing),
		cmocka_unit_test(times_are_utc_with_nanoseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
