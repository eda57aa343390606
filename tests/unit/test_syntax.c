#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "alert/syntax.h"
#include "base/cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* In memory without a byte to spare, so that a sanitiser sees the first one read too far. */
static bool
object(const char *text, size_t len, struct syntax_member last[2])
{
	CLEANUP_FREE char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, text, len);
	bool is = syntax_object(exact, len, last);
	for (int i = 0; i < 2; i++)	/* names point into TEXT, as the caller would see them */
		if (last[i].name)
			last[i].name = text + (last[i].name - exact);
	return is;
}

static bool
is_object(const char *text)
{
	struct syntax_member last[2];

	return object(text, strlen(text), last);
}

static void
what_rfc_8259_calls_an_object_is_one(void **state)
{
	(void)state;
	static const char *const good[] = {
		"{}", "{ }", "{\t\r\n }", "{} ", "{}\r\n", "{\"\":1}", "{\"a\":1}", " {}" + 1, "{ \"a\" : 1 , \"b\" : 2 }",
		"{\"a\":{}}", "{\"a\":[]}", "{\"a\":[ ]}", "{\"a\":[[],{},[{}]]}", "{\"a\":[1,\"b\",null,true,false,{\"c\":[]}]}",
		"{\"a\":0}", "{\"a\":-0}", "{\"a\":-1}", "{\"a\":10}", "{\"a\":0.5}", "{\"a\":1.50}", "{\"a\":1e5}", "{\"a\":1E+5}", "{\"a\":1e-05}",
		"{\"a\":-12.75e+300}", "{\"a\":18446744073709551616}", "{\"a\":0e0}",
		"{\"a\":\"\"}", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "{\"a\":\"\\u0000\\uabCD\\ud800\"}", "{\"a\":\"\x7f\"}",
		"{\"a\":\"{[,:]}\"}", "{\"a\":1,\"a\":2}",
		"{\"a\":\"\xc2\x80\xdf\xbf\"}", "{\"a\":\"\xe0\xa0\x80\xec\xbf\xbf\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"}",
		"{\"a\":\"\xf0\x90\x80\x80\xf1\x80\x80\x80\xf4\x8f\xbf\xbf\"}", "{\"\xc3\xa4\":1}",
	};

	for (size_t i = 0; i < COUNT(good); i++)
		if (!is_object(good[i]))
			fail_msg("refused: %s", good[i]);
}

static void
what_it_does_not_is_none(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", " ", "{", "}", "[]", "1", "\"a\"", "null", " {}", "\xef\xbb\xbf{}", "{}{}", "{}x", "{},", "{}]", "{}}", "[{}]",
		"{,}", "{\"a\"}", "{\"a\":}", "{\"a\":,}", "{:1}", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1,,\"b\":2}", "{\"a\":1 \"b\":2}", "{a:1}",
		"{'a':1}", "{\"a\":1:2}", "{1:1}", "{{}}", "{\"a\":1]", "{\"a\":[1}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[,]}", "{\"a\":[1 2]}",
		"{\"a\":[\"b\":1]}", "{\"a\":[}]", "{\"a\":{]}", "{\"a\"::1}", "{\"a\":1;}",
		"{\"a\":01}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e}", "{\"a\":1e+}", "{\"a\":1e-+1}", "{\"a\":--1}",
		"{\"a\":0x1}", "{\"a\":1_0}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":-Infinity}", "{\"a\":-01}", "{\"a\":1.e5}",
		"{\"a\":tru}", "{\"a\":True}", "{\"a\":truex}", "{\"a\":nul}", "{\"a\":nulll}", "{\"a\":falsey}", "{\"a\":undefined}",
		"{\"a\":\"}", "{\"a\":\"\\\"}", "{\"a\":\"\\x41\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\U1234\"}", "{\"a\":\"\\",
		"{\"a\":\"\\u", "{\"a\":\"\\\n\"}", "{\"a\":\"\n\"}", "{\"a\":\"\t\"}", "{\"a\":\"\x1f\"}", "{\"a\tb\":1}", "{\"a\\\":1}",
		"{/**/}", "{} //", "{\"a\":1\v}", "{\f}", "{\xc2\xa0}",
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		if (is_object(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void
texts_are_utf_8(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xc2\xc2", "\xdf\x7f", "\xdf\xc0",
		"\xe0\x9f\xbf", "\xe0\x80\x80", "\xe1\x80", "\xe1\x80\x41", "\xe1\x41\x80", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf1\x80\x80\x41", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\xfe",
	};
	char text[32];

	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(text, sizeof(text), "{\"a\":\"%s\"}", bad[i]);
		if (is_object(text))
			fail_msg("a text, number %zu", i);
		snprintf(text, sizeof(text), "{\"%s\":1}", bad[i]);
		if (is_object(text))
			fail_msg("a name, number %zu", i);
		snprintf(text, sizeof(text), "{\"a\":\"%s", bad[i]);
		assert_false(is_object(text));
	}
}

static void
control_bytes_stand_nowhere_but_as_blanks_between_members(void **state)
{
	(void)state;
	static const char whole[] = "{\"ab\":[\"cd\",12]}";
	static const char fits[] =   "-b---bbb---bb-bbb";	/* where a blank may stand: before this byte of it */
	struct syntax_member last[2];
	char text[sizeof(whole)];

	for (unsigned c = 0; c < 0x20; c++)
		for (size_t at = 0; at < sizeof(whole); at++) {
			memcpy(text, whole, at);
			text[at] = (char)c;
			memcpy(text + at + 1, whole + at, sizeof(whole) - 1 - at);
			bool blank = c == '\t' || c == '\n' || c == '\r';
			if (object(text, sizeof(whole), last) != (blank && fits[at] == 'b'))
				fail_msg("byte %02x at %zu", c, at);
		}
}

static void
a_part_of_an_object_is_none(void **state)
{
	(void)state;
	static const char whole[] = "{\"a\":[1.5e3,true,null,\"\\u00e4\xc3\xa4\"],\"b\":{\"c\":false},\"d\":-0}";
	struct syntax_member last[2];

	assert_true(object(whole, strlen(whole), last));
	for (size_t len = 0; len < strlen(whole); len++)
		if (object(whole, len, last))
			fail_msg("the first %zu bytes", len);
}

/* N objects or arrays within each other. */
static bool
nested(char open, char close, unsigned n)
{
	char text[1024];
	size_t len = 0;
	struct syntax_member last[2];

	for (unsigned i = 0; i < n; i++) {
		text[len++] = i ? open : '{';
		if (i + 1 < n && text[len - 1] == '{')
			len += (size_t)snprintf(text + len, 8, "\"a\":");
	}
	for (unsigned i = n; i > 0; i--)
		text[len++] = i > 1 ? close : '}';
	return object(text, len, last);
}

static void
levels_are_bounded(void **state)
{
	(void)state;
	static const char pairs[] = "{}[]";

	for (int i = 0; i < 4; i += 2) {
		for (unsigned n = 1; n <= SYNTAX_DEPTH; n++)
			assert_true(nested(pairs[i], pairs[i + 1], n));
		for (unsigned n = SYNTAX_DEPTH + 1; n < 100; n++)
			assert_false(nested(pairs[i], pairs[i + 1], n));
	}
}

static bool
named(const struct syntax_member *m, const char *name)
{
	return name ? m->name && m->len == strlen(name) && memcmp(m->name, name, m->len) == 0 : !m->name && !m->len;
}

static void
the_last_two_members_of_the_root_come_out_as_they_are_written(void **state)
{
	(void)state;
	static const struct { const char *text, *last, *before; } cases[] = {
		{ "{}", NULL, NULL },
		{ "{\"a\":1}", "a", NULL },
		{ "{\"a\":1,\"b\":2}", "b", "a" },
		{ "{\"a\":1,\"b\":2,\"c\":3}", "c", "b" },
		{ "{\"a\":{\"x\":1,\"y\":2},\"b\":[{\"z\":3}]}", "b", "a" },
		{ "{\"a\":1,\"b\":{}}", "b", "a" },
		{ "{\"a\":1,\"b\":[]}", "b", "a" },
		{ "{\"\":{},\"\\u0061\":1}", "\\u0061", "" },
		{ "{\"a\":1,\"a\":2}", "a", "a" },
		{ "{\"a\\\"b\":\",\\\"sig\\\":\"}", "a\\\"b", NULL },
		{ "{ \"a\" : 1 , \"b\" : 2 }", "b", "a" },
	};
	struct syntax_member last[2];

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(object(cases[i].text, strlen(cases[i].text), last));
		if (!named(&last[0], cases[i].last) || !named(&last[1], cases[i].before))
			fail_msg("in %s", cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_rfc_8259_calls_an_object_is_one),
		cmocka_unit_test(what_it_does_not_is_none),
		cmocka_unit_test(texts_are_utf_8),
		cmocka_unit_test(control_bytes_stand_nowhere_but_as_blanks_between_members),
		cmocka_unit_test(a_part_of_an_object_is_none),
		cmocka_unit_test(levels_are_bounded),
		cmocka_unit_test(the_last_two_members_of_the_root_come_out_as_they_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
