#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
/* yettctl is a program, not a library: what it shows on terminals is taken in whole. */
#include "ctl/term.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT_OF(s) s, sizeof(s) - 1

static char complaint[256];

/* In yettctl it stands in main.c. */
void
ctl_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(complaint, sizeof(complaint), fmt, ap);
	va_end(ap);
}

static FILE *real_stdout;
static char *shown;			/* what went to stdout */
static size_t shown_len;

static int
clear(void **state)
{
	(void)state;
	term_init();
	unsetenv("COLUMNS");
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	complaint[0] = '\0';
	return term_color("never") == ANSWER_DONE ? 0 : -1;
}

static void
show(void)
{
	free(shown);
	shown = NULL;
	real_stdout = stdout;
	stdout = open_memstream(&shown, &shown_len);
}

/* What was shown since show(); assertions before it would not be seen. */
static const char *
seen(void)
{
	fclose(stdout);
	stdout = real_stdout;
	return shown;
}

/* What PUT makes of LEN bytes, from memory without a byte to spare. */
static const char *
put_as(void (*put)(FILE *, const char *, size_t), const char *s, size_t len)
{
	char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, s, len);
	free(shown);
	shown = NULL;
	FILE *f = open_memstream(&shown, &shown_len);
	put(f, exact, len);
	fclose(f);
	free(exact);
	return shown;
}

static void
what_acts_on_a_terminal_is_escaped(void **state)
{
	(void)state;
	static const struct { const char *s; size_t len; const char *want; } rows[] = {
		{ TEXT_OF("/usr/bin/id -u"), "/usr/bin/id -u" }, { TEXT_OF(""), "" },
		{ TEXT_OF("\x1b[31mred"), "\\x1b[31mred" }, { TEXT_OF("a\nb\tc\rd"), "a\\nb\\tc\\x0dd" }, { TEXT_OF("a\0b"), "a\\x00b" },
		{ TEXT_OF("\x7f\x08\x07"), "\\x7f\\x08\\x07" },
		{ TEXT_OF("\xc2\x9b" "31m"), "\\u{9b}31m" },		/* CSI as one character */
		{ TEXT_OF("\x9b" "31m"), "\\x9b31m" },			/* and as one byte */
		/* turned round, hidden */
		{ TEXT_OF("a\xe2\x80\xae" "b"), "a\\u{202e}b" }, { TEXT_OF("\xe2\x81\xa6"), "\\u{2066}" }, { TEXT_OF("\xe2\x80\x8b"), "\\u{200b}" },
		{ TEXT_OF("\xef\xbb\xbf"), "\\u{feff}" }, { TEXT_OF("\xf3\xa0\x80\x81"), "\\u{e0001}" }, { TEXT_OF("\xe3\x85\xa4"), "\\u{3164}" },
		/* broken UTF-8: cut, too long for what it says, halves of a pair */
		{ TEXT_OF("\xc3"), "\\xc3" }, { TEXT_OF("\xe2\x82"), "\\xe2\\x82" }, { TEXT_OF("\xe2\x82x"), "\\xe2\\x82x" },
		{ TEXT_OF("\xc0\xaf"), "\\xc0\\xaf" }, { TEXT_OF("\xed\xa0\x80"), "\\xed\\xa0\\x80" },
		{ TEXT_OF("\xff\xfe"), "\\xff\\xfe" },
		/* what people write */
		{ TEXT_OF("\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80"), "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80" }, { TEXT_OF("e\xcc\x81"), "e\xcc\x81" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(put_as(term_put, rows[i].s, rows[i].len), rows[i].want);
}

static size_t
utf8_of(uint32_t c, char *s)
{
	if (c < 0x80) {
		s[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		s[0] = (char)(0xc0 | c >> 6);
		s[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		s[0] = (char)(0xe0 | c >> 12);
		s[1] = (char)(0x80 | (c >> 6 & 63));
		s[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	s[0] = (char)(0xf0 | c >> 18);
	s[1] = (char)(0x80 | (c >> 12 & 63));
	s[2] = (char)(0x80 | (c >> 6 & 63));
	s[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* As Unicode 15 has them: controls, separators of lines, and every format character that takes no column. */
static const struct { uint32_t from, to; } never[] = {
	{ 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f },
	{ 0x1160, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0xd800, 0xdfff }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0x13430, 0x13438 }, { 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a }, { 0xe0001, 0xe0001 }, { 0xe0020, 0xe007f }, { 0xe0100, 0xe01ef }, { 0x110000, 0x110fff },
};

static void
of_all_characters_none_is_sent_that_is_not_seen(void **state)
{
	(void)state;
	char s[4];

	for (size_t i = 0; i < COUNT(never); i++)
		for (uint32_t c = never[i].from; c <= never[i].to; c++) {
			size_t n = utf8_of(c, s);
			if (put_as(term_put, s, n)[0] != '\\')
				fail_msg("U+%04X is sent as it is", c);
		}
	/* And of the rest, each is sent whole or escaped whole. */
	for (uint32_t c = 0x20; c < 0x11000; c++) {
		size_t n = utf8_of(c, s);
		const char *out = put_as(term_put, s, n);
		if (out[0] == '\\' && c != '\\')
			for (const char *at = out; *at; at++)
				assert_true(*at > ' ' && *at < 0x7f);
		else
			assert_memory_equal(out, s, n);
	}
}

static void
lines_stay_lines_and_nothing_else_becomes_one(void **state)
{
	(void)state;
	static const struct { const char *s; size_t len; const char *want; } rows[] = {
		{ TEXT_OF("one\ntwo"), "one\ntwo" }, { TEXT_OF("one\n"), "one\n" }, { TEXT_OF("\n\n"), "\n\n" }, { TEXT_OF(""), "" },
		{ TEXT_OF("a\rb\x1b[2J\n"), "a\\x0db\\x1b[2J\n" }, { TEXT_OF("a\0b\nc"), "a\\x00b\nc" }, { TEXT_OF("a\0"), "a\\x00" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(put_as(term_lines, rows[i].s, rows[i].len), rows[i].want);
}

static void
a_text_fits_its_columns(void **state)
{
	(void)state;
	static const struct { const char *s; unsigned columns; bool pad; const char *want; unsigned used; } rows[] = {
		{ "abc", 5, true, "abc  ", 5 }, { "abc", 5, false, "abc", 3 }, { "abc", 3, true, "abc", 3 }, { "abcd", 3, true, "ab~", 3 },
		{ "abcd", 1, true, "~", 1 }, { "abcd", 0, true, "", 0 }, { "", 3, true, "   ", 3 }, { "", 0, false, "", 0 },
		/* characters of two columns, and of none */
		{ "\xe6\x97\xa5\xe6\x9c\xac", 4, true, "\xe6\x97\xa5\xe6\x9c\xac", 4 }, { "\xe6\x97\xa5\xe6\x9c\xac", 3, true, "\xe6\x97\xa5~", 3 },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 2, true, "~ ", 2 }, { "e\xcc\x81x", 2, true, "e\xcc\x81x", 2 },
		/* an escape is shown whole or not at all */
		{ "\x1b[m", 6, true, "\\x1b[m", 6 }, { "\x1b[m", 5, true, "\\x1b~", 5 }, { "\x1b[m", 4, true, "~   ", 4 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		show();
		unsigned used = term_fit(rows[i].s, (struct fit){ rows[i].columns, rows[i].pad });
		assert_string_equal(seen(), rows[i].want);
		assert_int_equal(used, rows[i].used);
	}
}

static void
no_text_is_wider_than_it_may_be(void **state)
{
	(void)state;
	char text[24];
	unsigned r = 1;

	for (int round = 0; round < 5000; round++) {
		for (size_t i = 0; i < sizeof(text) - 1; i++)
			text[i] = (char)(1 + ((r = r * 1664525 + 1013904223) >> 24) % 255);
		text[sizeof(text) - 1] = '\0';
		unsigned columns = (unsigned)round % 40;
		show();
		unsigned used = term_fit(text, (struct fit){ columns, false });
		const char *out = seen();
		assert_true(used <= columns);
		assert_int_equal(width(out, strlen(out)), used);
	}
}

/* The tests may run on a terminal. */
static int
leave_terminal(void)
{
	int kept = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_true(kept >= 0 && null >= 0);
	fflush(stdout);
	dup2(null, STDOUT_FILENO);
	close(null);
	return kept;
}

static void
back_to(int kept)
{
	dup2(kept, STDOUT_FILENO);
	close(kept);
}

static void
colour_is_there_when_it_was_asked_for(void **state)
{
	(void)state;
	static const struct { const char *when; enum color color; const char *want; } rows[] = {
		{ "never", COLOR_BAD, "DENIED  |" }, { "always", COLOR_BAD, "\033[1;31mDENIED\033[0m  |" }, { "always", COLOR_NONE, "DENIED  |" },
		{ "auto", COLOR_BAD, "DENIED  |" }, { NULL, COLOR_BAD, "DENIED  |" },		/* no terminal here */
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int terminal = leave_terminal();
		enum answer a = term_color(rows[i].when);
		back_to(terminal);
		assert_int_equal(a, ANSWER_DONE);
		show();
		term_word(rows[i].color, "DENIED", 8);
		putchar('|');
		assert_string_equal(seen(), rows[i].want);
	}
	assert_int_equal(term_color("sometimes"), ANSWER_USAGE);
	assert_non_null(strstr(complaint, "sometimes"));
}

static void
the_width_is_that_of_columns_if_it_makes_sense(void **state)
{
	(void)state;
	static const struct { const char *set; unsigned want; } rows[] = {
		{ "100", 100 }, { "40", 40 }, { "1000", 1000 }, { "39", 0 }, { "1001", 0 }, { "", 0 }, { "wide", 0 }, { "-5", 0 },
		{ "99999999999999999999", 0 },
	};
	unsigned got[COUNT(rows)], page[COUNT(rows)];
	int terminal = leave_terminal();

	for (size_t i = 0; i < COUNT(rows); i++) {
		setenv("COLUMNS", rows[i].set, 1);
		got[i] = term_columns();
		page[i] = term_page();
	}
	back_to(terminal);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(got[i], rows[i].want);
		assert_int_equal(page[i], rows[i].want ? rows[i].want : 80);
	}
}

static void
definitions_are_broken_at_words(void **state)
{
	(void)state;
	static const struct { const char *head, *text, *want; } rows[] = {
		{ "  status ", "state of everything", "  status  state of everything\n" },
		{ "  a-long-head", "text", "  a-long-head\n          text\n" },
		{ "x", "one two three four five six seven eight nine",
		    "x         one two three four five six\n          seven eight nine\n" },
		{ "x", "a-word-that-is-longer-than-all-the-columns-there-are b",
		    "x         a-word-that-is-longer-than-all-the-columns-there-are\n          b\n" },
		{ "x", "\x1b[31m", "x         \\x1b[31m\n" },
		{ "", "t", "          t\n" },
	};

	setenv("COLUMNS", "40", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		show();
		term_definition(rows[i].head, 10, rows[i].text);
		assert_string_equal(seen(), rows[i].want);
	}
}

/* What term_faults() says of one fault in a file of one line. */
static const char *
fault_in(const char *line, const char *why)
{
	static struct faults f;
	char path[] = "/tmp/test_term.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	close(fd);
	memset(&f, 0, sizeof(f));
	fault_add(&f, path, 1, "%s", why);
	free(shown);
	shown = NULL;
	FILE *out = open_memstream(&shown, &shown_len);
	term_faults(out, &f);
	fclose(out);
	unlink(path);
	const char *second = strchr(shown, '\n');
	assert_non_null(second);
	return second + 1;
}

static void
a_fault_is_pointed_at(void **state)
{
	(void)state;
	static const struct { const char *line, *why, *want; } rows[] = {
		{ "mode = of\n", "'of' is not one of on, off", "    1 | mode = of\n      |        ^~\n" },
		{ "  mode = x\n", "nothing is named", "    1 |   mode = x\n      |   ^~~~~~~~\n" },
		{ "mode\t= of\r\n", "'of'", "    1 | mode = of\n      |        ^~\n" },
		{ "a = b\n", "'zz' or 'b'", "    1 | a = b\n      |     ^\n" },
		{ "a = b\n", "'unclosed", "    1 | a = b\n      | ^~~~~\n" },
		{ "\n", "empty", "    1 | \n      | ^\n" },
		{ "k = \xe6\x97\xa5x\n", "'x'", "    1 | k = \xe6\x97\xa5x\n      |       ^\n" },
		{ "k = \x1b[2J\n", "'['", "    1 | k = \\x1b[2J\n      |         ^\n" },
		/* a mark of no width */
		{ "k = e\xcc\x81\n", "'\xcc\x81'", "    1 | k = e\xcc\x81\n      |      ^\n" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(fault_in(rows[i].line, rows[i].why), rows[i].want);
}

static void
a_fault_without_its_line_is_told_all_the_same(void **state)
{
	(void)state;
	static struct faults f;

	fault_add(&f, "/nonexistent/a.ini", 3, "wrong \x1b[m");
	fault_add(&f, "/nonexistent/a.ini", 0, "unreadable");
	fault_warn(&f, "/dev/null", 9, "odd");
	f.errors += 5;
	free(shown);
	shown = NULL;
	FILE *out = open_memstream(&shown, &shown_len);
	term_faults(out, &f);
	fclose(out);
	assert_string_equal(shown, "/nonexistent/a.ini:3: error: wrong \\x1b[m\n/nonexistent/a.ini: error: unreadable\n"
	    "/dev/null:9: warning: odd\n4 more errors\n");
}

static int
finish(void **state)
{
	(void)state;
	free(shown);
	shown = NULL;
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_acts_on_a_terminal_is_escaped),
		TEST(of_all_characters_none_is_sent_that_is_not_seen),
		TEST(lines_stay_lines_and_nothing_else_becomes_one),
		TEST(a_text_fits_its_columns),
		TEST(no_text_is_wider_than_it_may_be),
		TEST(colour_is_there_when_it_was_asked_for),
		TEST(the_width_is_that_of_columns_if_it_makes_sense),
		TEST(definitions_are_broken_at_words),
		TEST(a_fault_is_pointed_at),
		TEST(a_fault_without_its_line_is_told_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, finish);
}
