#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "naive_glob.h"
#include "policy/glob.h"

#define PATH	true
#define TEXT	false
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct row { const char *pattern; bool path; const char *text; bool met; };

static const struct row rows[] = {
	/* Letters. */
	{ "", PATH, "", true },
	{ "", TEXT, "a", false },
	{ "/bin/sh", PATH, "/bin/sh", true },
	{ "/bin/sh", PATH, "/bin/sh ", false },
	{ "/bin/sh", PATH, "/bin/s", false },
	{ "/bin/sh", PATH, "/BIN/sh", false },
	/* * and ? stay within a directory of a path, and match anything in other text. */
	{ "*", PATH, "", true },
	{ "*", PATH, "abc", true },
	{ "*", PATH, "a/c", false },
	{ "*", TEXT, "a/c", true },
	{ "/tmp/*", PATH, "/tmp/", true },
	{ "/tmp/*", PATH, "/tmp/x", true },
	{ "/tmp/*", PATH, "/tmp/x/y", false },
	{ "/tmp/*", PATH, "/tmp", false },
	{ "/*/x", PATH, "//x", true },
	{ "/usr/bin/python*", PATH, "/usr/bin/python3.11", true },
	{ "/usr/lib/postgresql/*/bin/postgres", PATH, "/usr/lib/postgresql/15/bin/postgres", true },
	{ "/usr/lib/postgresql/*/bin/postgres", PATH, "/usr/lib/postgresql/15/x/bin/postgres", false },
	{ "?", PATH, "a", true },
	{ "?", PATH, "", false },
	{ "?", PATH, "/", false },
	{ "?", TEXT, "/", true },
	{ "?", TEXT, "\xff", true },
	{ "a?c", PATH, "abc", true },
	{ "a?c", PATH, "abbc", false },
	{ "sh -c wsrep_sst_*", TEXT, "sh -c wsrep_sst_rsync --role joiner /x", true },
	{ "*a*b*c*", TEXT, "xxaxxbxxcxx", true },
	{ "*a*b*c*", TEXT, "xxcxxbxxaxx", false },
	/* ** crosses directories in a path; in other text it is no more than *. */
	{ "**", PATH, "", true },
	{ "**", PATH, "/a/b/c", true },
	{ "**", TEXT, "/a/b/c", true },
	{ "/tmp/**", PATH, "/tmp/", true },
	{ "/tmp/**", PATH, "/tmp/x", true },
	{ "/tmp/**", PATH, "/tmp/x/y/z", true },
	{ "/tmp/**", PATH, "/tmp", false },
	{ "/tmp/**", PATH, "/var/tmp/x", false },
	{ "/tmp**", PATH, "/tmp", true },
	{ "/tmp**", PATH, "/tmpfoo/bar", true },
	{ "***", PATH, "a/b", true },
	{ "**/x", PATH, "x", false },
	{ "**/x", PATH, "/x", true },
	{ "**/x", PATH, "a/b/x", true },
	/* Between slashes it is also a single slash. */
	{ "/srv/**/x", PATH, "/srv/x", true },
	{ "/srv/**/x", PATH, "/srv/a/x", true },
	{ "/srv/**/x", PATH, "/srv/a/b/x", true },
	{ "/srv/**/x", PATH, "/srvx", false },
	{ "/srv/**/x", PATH, "/srv/ax", false },
	{ "/a/**/**/b", PATH, "/a/b", true },
	{ "/**/a", PATH, "/a", true },
	{ "/**/a", PATH, "/ba", false },
	{ "/a/**/**/b", PATH, "/a/xb", false },
	{ "/a/**/**/b", PATH, "/a/x/b", true },
	{ "/**/a/**/b", PATH, "/x/a/b", true },
	{ "/srv/**/x", TEXT, "/srv/x", false },
	/* Sets are one byte, never a slash; in other text [ is a letter. */
	{ "[abc]", PATH, "b", true },
	{ "[abc]", PATH, "d", false },
	{ "[abc]", PATH, "", false },
	{ "[abc]", PATH, "ab", false },
	{ "[a-c]x", PATH, "bx", true },
	{ "[a-c]x", PATH, "dx", false },
	{ "[!a-c]", PATH, "d", true },
	{ "[!a-c]", PATH, "b", false },
	{ "[^a-c]", PATH, "d", true },
	{ "[^a-c]", PATH, "^", true },
	{ "[!a]", PATH, "/", false },
	{ "[.-0]", PATH, "/", false },		/* lies between the two, and is not met */
	{ "[]]", PATH, "]", true },
	{ "[!]]", PATH, "]", false },
	{ "[]-a]", PATH, "^", true },
	{ "[a-]", PATH, "-", true },
	{ "[-a]", PATH, "-", true },
	{ "[a-c-e]", PATH, "-", true },
	{ "[a-c-e]", PATH, "d", false },
	{ "[\\]]", PATH, "]", true },
	{ "[a\\-z]", PATH, "\\", true },	/* a backslash quotes * ? [ ] and itself only */
	{ "[\\\\]", PATH, "\\", true },
	{ "[*]", PATH, "*", true },
	{ "[*]", PATH, "a", false },
	{ "[\x80-\xff]", PATH, "\xc3", true },
	{ "[\x80-\xff]", PATH, "z", false },
	{ "[abc]", TEXT, "b", false },
	{ "[abc]", TEXT, "[abc]", true },
	{ "*[a]", TEXT, "x[a]", true },
	/* Quoted letters. */
	{ "\\*", PATH, "*", true },
	{ "\\*", PATH, "a", false },
	{ "\\?x", TEXT, "?x", true },
	{ "\\[a]", PATH, "[a]", true },
	{ "\\[a\\]", TEXT, "[a]", true },
	{ "\\\\*", PATH, "\\abc", true },
	{ "\\\\*", PATH, "abc", false },
	{ "\\a", PATH, "\\a", true },
	{ "\\a", PATH, "a", false },
	{ "C:\\x*", TEXT, "C:\\xyz", true },
};

static void
each_row_is_met_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		if (glob_match(r->pattern, strlen(r->pattern), r->text, strlen(r->text), r->path) != r->met)
			fail_msg("%s pattern '%s' and '%s'", r->path ? "path" : "text", r->pattern, r->text);
	}
}

static void
any_byte_can_stand_in_pattern_and_text(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[3] = { 'a', (char)c, 'z' };
		bool slash = c == '/', wild = c == '*' || c == '?';
		assert_true(glob_match("a?z", 3, text, 3, TEXT));
		assert_int_equal(glob_match("a?z", 3, text, 3, PATH), !slash);
		assert_int_equal(glob_match("a*z", 3, text, 3, PATH), !slash);
		assert_true(glob_match("a**z", 4, text, 3, PATH));
		assert_true(wild || glob_match(text, 3, text, 3, TEXT));
		assert_int_equal(glob_match("a[\x01-\xff]z", 7, text, 3, PATH), !slash && c != 0);
	}
}

/* The N-th word over LETTERS, the empty one first. Returns its length. */
static size_t
word(size_t n, const char *letters, char *out)
{
	size_t base = strlen(letters), len = 0;

	for (; n; n = (n - 1) / base)
		out[len++] = letters[(n - 1) % base];
	return len;
}

static size_t
words(size_t base, unsigned longest)
{
	size_t all = 1, of_length = 1;

	for (unsigned i = 0; i < longest; i++)
		all += of_length *= base;
	return all;
}

/* PATTERN against one text, and all that the other functions promise of the two. */
static void
compare(const char *pattern, size_t len, const char *text, size_t n, bool path)
{
	bool met = glob_match(pattern, len, text, n, path);
	size_t head = glob_head(pattern, len, path), tail = glob_tail(pattern, len);
	char plain[64];

	if (met != naive_glob(pattern, len, text, n, path))
		fail_msg("%s pattern '%.*s' and '%.*s': %d", path ? "path" : "text", (int)len, pattern, (int)n, text, met);
	if (met && (n < head || memcmp(pattern, text, head) != 0))
		fail_msg("%s pattern '%.*s' does not begin with its head, %zu", path ? "path" : "text", (int)len, pattern, head);
	if (met && (n < tail || memcmp(pattern + len - tail, text + n - tail, tail) != 0))
		fail_msg("%s pattern '%.*s' does not end with its tail, %zu", path ? "path" : "text", (int)len, pattern, tail);
	if (!glob_is(pattern, len, path)) {
		size_t m = glob_unquote(pattern, len, plain);
		if (met != (m == n && memcmp(plain, text, n) == 0))
			fail_msg("%s pattern '%.*s' without wildcards is not '%.*s'", path ? "path" : "text", (int)len, pattern, (int)m, plain);
	}
}

/* FRAME holds a %.*s for the word. Returns how many pairs were compared. */
static size_t
enumerate(const char *frame, const char *letters, unsigned longest, const char *text_letters, unsigned text_longest)
{
	size_t patterns = words(strlen(letters), longest), texts = words(strlen(text_letters), text_longest), pairs = 0;

	for (size_t i = 0; i < patterns; i++) {
		char inner[16], pattern[32], text[16];
		size_t n = word(i, letters, inner), head = strcspn(frame, "%"), len = head + n + strlen(frame) - head - 1;
		memcpy(pattern, frame, head);
		memcpy(pattern + head, inner, n);
		memcpy(pattern + head + n, frame + head + 1, strlen(frame) - head - 1);
		for (int path = 0; path < 2; path++) {
			if (glob_wrong(pattern, len, path))
				continue;
			for (size_t j = 0; j < texts; j++, pairs++)
				compare(pattern, len, text, word(j, text_letters, text), path);
		}
	}
	return pairs;
}

static void
all_short_patterns_match_as_a_naive_matcher_does(void **state)
{
	(void)state;
	assert_true(enumerate("%", "ab/*?[]\\!-", 4, "a/*]", 3) > 1000000);
	assert_true(enumerate("%", "a/*", 7, "a/", 6) > 500000);
	assert_true(enumerate("x[%]", "abc-!]\\", 4, "xabc]\\", 2) > 100000);
}

struct wrong { const char *pattern; bool path; const char *why; };	/* NULL: it is well-formed */

static void
a_malformed_pattern_is_told(void **state)
{
	(void)state;
	static const struct wrong table[] = {
		{ "", PATH, NULL }, { "/bin/**", PATH, NULL }, { "[]", TEXT, NULL }, { "[z-a]", TEXT, NULL }, { "\\x", TEXT, NULL },
		{ "[", PATH, "'[' without ']'" }, { "[]", PATH, "'[' without ']'" }, { "[!]", PATH, "'[' without ']'" },
		{ "[a\\]", PATH, "'[' without ']'" }, { "a[b]c[d", PATH, "'[' without ']'" }, { "\\[a", PATH, NULL },
		{ "[z-a]", PATH, "backwards" }, { "[a-z0-9]", PATH, NULL }, { "[!z-a]", PATH, "backwards" }, { "[ab][d-c]", PATH, "backwards" },
		{ "[a-\\]]", PATH, "backwards" }, { "[a-]", PATH, NULL },
		{ "x\\", PATH, "ends with a backslash" }, { "x\\", TEXT, "ends with a backslash" }, { "x\\\\", TEXT, NULL },
		{ "*\\\\\\", TEXT, "ends with a backslash" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		const char *why = glob_wrong(table[i].pattern, strlen(table[i].pattern), table[i].path);
		if (!table[i].why != !why || (why && !strstr(why, table[i].why)))
			fail_msg("'%s': %s", table[i].pattern, why ? why : "nothing wrong");
	}
}

static void
only_a_pattern_with_wildcards_has_a_greatest_length(void **state)
{
	(void)state;
	char p[GLOB_MAX + 2];

	memset(p, 'a', sizeof(p));
	assert_null(glob_wrong(p, sizeof(p), PATH));
	p[7] = '*';
	assert_null(glob_wrong(p, GLOB_MAX, PATH));
	assert_non_null(glob_wrong(p, GLOB_MAX + 1, PATH));
	assert_non_null(glob_wrong(p, GLOB_MAX + 1, TEXT));
	p[7] = '[', p[9] = ']';
	assert_non_null(glob_wrong(p, GLOB_MAX + 1, PATH));
	assert_null(glob_wrong(p, GLOB_MAX + 1, TEXT));
}

static void
a_pattern_of_the_greatest_length_matches_and_a_longer_one_nothing(void **state)
{
	(void)state;
	char p[GLOB_MAX + 1], text[GLOB_MAX + 1];

	memset(p, '?', sizeof(p));
	memset(text, 'x', sizeof(text));
	assert_true(glob_match(p, GLOB_MAX, text, GLOB_MAX, PATH));
	assert_false(glob_match(p, GLOB_MAX, text, GLOB_MAX - 1, PATH));
	assert_false(glob_match(p, GLOB_MAX, text, GLOB_MAX + 1, PATH));
	assert_false(glob_match(p, GLOB_MAX + 1, text, GLOB_MAX + 1, PATH));
	memset(p, '*', sizeof(p));
	assert_true(glob_match(p, GLOB_MAX, text, sizeof(text), TEXT));
	assert_true(glob_match(p, GLOB_MAX, text, sizeof(text), PATH));
	/* One nesting for each directory that may be none. */
	for (size_t i = 0; i < GLOB_MAX; i++)
		p[i] = i % 3 ? '*' : '/';
	assert_true(glob_match(p, GLOB_MAX - 2, "/", 1, PATH));
}

static void
a_head_ends_at_the_first_wildcard_or_quoted_letter(void **state)
{
	(void)state;
	static const struct { const char *pattern; size_t path, text; } table[] = {
		{ "", 0, 0 }, { "abc", 3, 3 }, { "a*", 1, 1 }, { "?", 0, 0 }, { "ab[c]", 2, 5 }, { "a\\*b*", 1, 1 }, { "a\\b*", 3, 3 },
		{ "\\\\", 0, 0 },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(glob_head(table[i].pattern, strlen(table[i].pattern), PATH), table[i].path);
		assert_int_equal(glob_head(table[i].pattern, strlen(table[i].pattern), TEXT), table[i].text);
	}
}

static void
the_tail_of_a_pattern_is_what_is_literal_behind_its_last_wildcard(void **state)
{
	(void)state;
	static const struct { const char *pattern; size_t tail; } table[] = {
		{ "", 0 }, { "abc", 3 }, { "a*bc", 2 }, { "**/x", 2 }, { "/a/**", 0 }, { "a?", 0 }, { "[a-z]x", 1 }, { "a\\*b", 1 }, { "a\\b", 1 },
		{ "a]b", 1 }, { "/home/*/.ssh/id", 8 },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(glob_tail(table[i].pattern, strlen(table[i].pattern)), table[i].tail);
}

static void
unquoting_may_be_done_in_place(void **state)
{
	(void)state;
	char s[] = "a\\*b\\\\c\\d\\?\\[\\]";
	size_t n = glob_unquote(s, strlen(s), s);

	assert_int_equal(n, 10);
	assert_memory_equal(s, "a*b\\c\\d?[]", n);
}

/* Processor time of the best of some runs. */
static uint64_t
cost(const char *pattern, const char *text, size_t n, bool path)
{
	uint64_t best = UINT64_MAX;

	for (int run = 0; run < 5; run++) {
		uint64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		assert_false(glob_match(pattern, strlen(pattern), text, n, path));
		uint64_t took = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
		best = took < best ? took : best;
	}
	return best;
}

static void
time_grows_with_the_text_and_no_faster(void **state)
{
	(void)state;
	static const size_t small = 4000, factor = 4;
	static const struct { const char *unit; bool path; } table[] = {
		{ "**a", PATH }, { "*a", TEXT }, { "*?", TEXT }, { "**[a-z]", PATH }, { "**", PATH }, { "/**", PATH }, { "*\\*", TEXT },
	};
	CLEANUP_FREE char *text = malloc(small * factor);

	assert_non_null(text);
	memset(text, 'a', small * factor);
	for (size_t i = 0; i < COUNT(table); i++) {
		char pattern[GLOB_MAX + 1] = "";
		size_t n = 0;
		/* As many as fit, then a letter that never comes: a matcher that goes back would not end while the sun shines. */
		for (; n + strlen(table[i].unit) < 128; n += strlen(table[i].unit))
			memcpy(pattern + n, table[i].unit, strlen(table[i].unit) + 1);
		memcpy(pattern + n, "!", 2);
		uint64_t one = cost(pattern, text, small, table[i].path), four = cost(pattern, text, small * factor, table[i].path);
		if (four > one * factor * 5 / 2 + NS_PER_MS)
			fail_msg("'%s...': %zu bytes in %llu us, %zu in %llu", table[i].unit, small, (unsigned long long)(one / NS_PER_US),
			    small * factor, (unsigned long long)(four / NS_PER_US));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_met_or_not),
		cmocka_unit_test(any_byte_can_stand_in_pattern_and_text),
		cmocka_unit_test(all_short_patterns_match_as_a_naive_matcher_does),
		cmocka_unit_test(a_malformed_pattern_is_told),
		cmocka_unit_test(only_a_pattern_with_wildcards_has_a_greatest_length),
		cmocka_unit_test(a_pattern_of_the_greatest_length_matches_and_a_longer_one_nothing),
		cmocka_unit_test(a_head_ends_at_the_first_wildcard_or_quoted_letter),
		cmocka_unit_test(the_tail_of_a_pattern_is_what_is_literal_behind_its_last_wildcard),
		cmocka_unit_test(unquoting_may_be_done_in_place),
		cmocka_unit_test(time_grows_with_the_text_and_no_faster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
