#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "policy/read.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES(s) s, sizeof(s) - 1

/* What a text is read as: "[section]@LINE", "key=value@LINE" and for further values "key+value@LINE", each in its place. */
struct seen { char items[8192]; size_t n; struct faults faults; };

static int
note(void *arg, const struct read_item *item)
{
	struct seen *s = arg;
	char *out = s->items + s->n;
	size_t room = sizeof(s->items) - s->n;

	if (item->key)
		s->n += (size_t)snprintf(out, room, "%s%c%s@%d ", item->key, item->more ? '+' : '=', item->value, item->line);
	else
		s->n += (size_t)snprintf(out, room, "[%s]@%d ", item->section, item->line);
	assert_true(s->n < sizeof(s->items));
	return 0;
}

struct row { const char *text; size_t len; const char *items, *told; };	/* told: "LINE PART OF THE REASON", one a line */

static void
check_row(const struct row *r)
{
	struct seen *s = calloc(1, sizeof(*s));
	char wrong[700] = "";
	const char *told = r->told;

	assert_non_null(s);
	assert_int_equal(read_text("t", r->text, r->len, &s->faults, note, s), 0);
	for (size_t i = 0; i < s->faults.count && !wrong[0]; i++) {
		const struct fault *f = &s->faults.fault[i];
		char *reason, part[300];
		size_t n = strcspn(told, "\n");
		snprintf(part, sizeof(part), "%.*s", (int)n, told);
		told += n + (told[n] == '\n');
		assert_string_equal(f->file, "t");
		if (strtol(part, &reason, 10) != f->line || !*reason || !strstr(f->why, reason + 1))
			snprintf(wrong, sizeof(wrong), "%d %s", f->line, f->why);
	}
	if (wrong[0] || *told || strcmp(s->items, r->items) != 0)
		print_error("%.400s\nis read as: %s\nis told: %s (not told: %s)\n", r->text, s->items, wrong, told);
	bool good = !wrong[0] && !*told && strcmp(s->items, r->items) == 0;
	free(s);
	assert_true(good);
}

#define CHECK(table) \
	for (size_t i_ = 0; i_ < COUNT(table); i_++) \
		check_row(&(table)[i_])

static void
sections_keys_and_continuations_are_read_in_order(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ BYTES(""), "", "" },
		{ BYTES("\n\n# nothing\n;\n"), "", "" },
		{ BYTES("[a]\n"), "[a]@1 ", "" },
		{ BYTES("[a]\n[b]\nk = v\n"), "[a]@1 [b]@2 k=v@3 ", "" },
		{ BYTES("# c\n[a b]\t \nk=v\n\nk2  =  v w  \n"), "[a b]@2 k=v@3 k2=v w@5 ", "" },
		{ BYTES("[a]\nk = 1\n  2\n\t3\nl = 4\n"), "[a]@1 k=1@2 k+2@3 k+3@4 l=4@5 ", "" },
		{ BYTES("[a]\nk =\n  2\n"), "[a]@1 k=@2 k+2@3 ", "" },
		{ BYTES("[a]\nk = 1\n# comment\n  2\n  ; comment\n  3\n"), "[a]@1 k=1@2 k+2@4 k+3@6 ", "" },
		{ BYTES("[a]\nk = 1\nk = 2\n"), "[a]@1 k=1@2 k=2@3 ", "" },	/* what that means is for others to say */
		{ BYTES("[a]\nk = x ; y # z\n"), "[a]@1 k=x ; y # z@2 ", "" },
		{ BYTES("[a]\nk = x\n  l = m\n  [b]\n"), "[a]@1 k=x@2 k+l = m@3 k+[b]@4 ", "" },
		{ BYTES("[a]\nk = a=b:c\nnot x/y|z = \"q\"\n"), "[a]@1 k=a=b:c@2 not x/y|z=\"q\"@3 ", "" },
		{ BYTES("[a]\nk = \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n"), "[a]@1 k=\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80@2 ", "" },
	};

	CHECK(table);
}

static void
what_is_no_section_key_or_comment_is_told(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ BYTES("k = v\n[a]\nl = w\n"), "[a]@2 l=w@3 ", "1 a key before the first [section]" },
		{ BYTES("k = v\n  w\n[a]\n"), "[a]@3 ", "1 a key before the first [section]" },
		{ BYTES("  w\n[a]\n"), "[a]@2 ", "1 an indented line continues the key above it, and there is none" },
		{ BYTES("[a]\n  w\nk = v\n"), "[a]@1 k=v@3 ", "2 and there is none" },
		{ BYTES("[a]\nk = v\n[b]\n  w\n"), "[a]@1 k=v@2 [b]@3 ", "4 and there is none" },
		{ BYTES("[a]\nk = v\n\n  w\n  x\nl = y\n"), "[a]@1 k=v@2 l=y@6 ", "4 but a blank line is between them\n5 but a blank line is between" },
		{ BYTES("[a]\nk = v\n \t\n  w\n"), "[a]@1 k=v@2 ", "4 but a blank line is between them" },
		{ BYTES("[a]\nword\n  more\nk = v\n"), "[a]@1 k=v@4 ", "2 neither [section] nor key = value nor # comment" },
		{ BYTES("[a]\nk : v\nk:v = w\n"), "[a]@1 ", "2 neither [section] nor\n3 neither [section] nor" },
		{ BYTES("[a]\n= v\n== v\n"), "[a]@1 ", "2 a value without a key\n3 a value without a key" },
	};

	CHECK(table);
}

static void
the_head_of_a_section_stands_alone_and_once(void **state)
{
	(void)state;
#define NAME48 "123456789012345678901234567890123456789012345678"
	static const struct row table[] = {
		{ BYTES("[a\nk = v\n  w\n[b]\n"), "[b]@4 ", "1 '[' without ']'" },
		{ BYTES("[]\n"), "", "1 a section without a name" },
		{ BYTES("[ a]\n[a ]\n[a\t]\n[[a]\n[a[b]\n"), "", "1 no blanks around it\n2 no blanks\n3 no blanks\n4 no '[' in it\n5 no '[' in it" },
		{ BYTES("[a] # c\nk = v\n"), "", "1 text after ']'; a comment needs a line of its own" },
		{ BYTES("[a]]\n"), "", "1 text after ']'" },
		{ BYTES("[" NAME48 "]\n"), "[" NAME48 "]@1 ", "" },
		{ BYTES("[" NAME48 "9]\nk = v\n"), "", "1 section name of 49 bytes; at most 48" },
		/* What stands in a section that is not one belongs to nobody, and is told no further. */
		{ BYTES("[a]\n[b\nk = v\nword\n  x\n[c]\nk = w\n"), "[a]@1 [c]@6 k=w@7 ", "2 '[' without ']'" },
		{ BYTES("[a]\nk = v\n[b]\n[a]\nk = w\n[b]\n"), "[a]@1 k=v@2 [b]@3 ",
		    "4 [a] again; it is at line 1 already\n6 [b] again; it is at line 3" },
		{ BYTES("[a]\n[A]\n"), "[a]@1 [A]@2 ", "" },
	};
#undef NAME48

	CHECK(table);
}

static void
bytes_that_deceive_are_told(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ BYTES("[a]\nk = v\0w\nl = x\n"), "[a]@1 l=x@3 ", "2 the line has a NUL byte" },
		{ BYTES("\0"), "", "1 the last line has no newline\n1 a NUL byte" },
		{ BYTES("[a]\r\nk = v\r\n"), "", "1 the line has a carriage return; save the file with Unix line ends\n2 carriage return" },
		{ BYTES("\xef\xbb\xbf[a]\nk = v\n"), "", "1 the line has a byte order mark; save the file without it\n2 a key before the first" },
		{ BYTES("[a]\nk = \xef\xbb\xbfv\n"), "[a]@1 ", "2 a byte order mark" },
		{ BYTES("[a]\nk = \x01\nl = \x1b[1m\nm = \x7f\nn = \xc2\x85\n"), "[a]@1 ",
		    "2 a control character\n3 a control character\n4 a control character\n5 a control character" },
		{ BYTES("[a]\n# \x0c\n"), "[a]@1 ", "2 a control character" },		/* comments are no hiding place */
		{ BYTES("[a]\nk = \xe2\x80\xae" "x\nl = \xe2\x81\xa6x\n"), "[a]@1 ", "2 changes the direction of text\n3 changes the direction" },
		{ BYTES("[a]\nk = \xff\nl = \xc3\nm = \xc3(\nn = \x80\n"), "[a]@1 ",
		    "2 not valid UTF-8\n3 not valid UTF-8\n4 not valid UTF-8\n5 not valid UTF-8" },
		/* Overlong, a surrogate, beyond Unicode, five bytes, cut at the end of the line. */
		{ BYTES("[a]\nk = \xc0\xaf\nl = \xe0\x80\xaf\nm = \xf0\x80\x80\xaf\n"), "[a]@1 ", "2 not valid\n3 not valid\n4 not valid" },
		{ BYTES("[a]\nk = \xed\xa0\x80\nl = \xf4\x90\x80\x80\nm = \xf8\x88\x80\x80\x80\nn = \xf0\x9f\x98\n"), "[a]@1 ",
		    "2 not valid\n3 not valid\n4 not valid\n5 not valid" },
		{ BYTES("[a]\nk = v\n  \x01\n  w\nl = x\n"), "[a]@1 k=v@2 l=x@5 ", "3 a control character" },
		{ BYTES("[a\x01]\nk = v\n[b]\n"), "[b]@3 ", "1 a control character" },
	};

	CHECK(table);
}

static void
the_last_line_ends_with_a_newline(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ BYTES("[a]\nk = v"), "[a]@1 k=v@2 ", "2 the last line has no newline: is the file whole?" },
		{ BYTES("[a"), "", "1 the last line has no newline\n1 '[' without ']'" },
		{ BYTES("[a]\n "), "[a]@1 ", "2 the last line has no newline" },
		{ BYTES("[a]\n#"), "[a]@1 ", "2 the last line has no newline" },
	};

	CHECK(table);
}

static void
several_faults_are_told_at_once_each_at_its_line(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ BYTES("k = v\n[a]\nk = \x01\n\n[b\nx\n[c] d\n[a]\n[e]\n  f\ng\nh = \xff\ni = j\n  k"), "[a]@2 [e]@9 i=j@13 i+k@14 ",
		    "1 a key before the first\n3 a control character\n5 '[' without ']'\n7 text after ']'\n8 [a] again; it is at line 2\n"
		    "10 there is none\n11 neither [section]\n12 not valid UTF-8\n14 no newline" },
	};

	CHECK(table);
}

/* "[a]\nk = xx...x\nl = v\n" with a second line of N bytes. */
static char *
long_line(size_t n, size_t *len)
{
	static const char head[] = "[a]\nk = ", tail[] = "\nl = v\n";
	char *text = malloc(sizeof(head) + sizeof(tail) + n);

	assert_non_null(text);
	memcpy(text, head, sizeof(head) - 1);
	memset(text + 8, 'x', n - 4);
	memcpy(text + 4 + n, tail, sizeof(tail) - 1);
	*len = 4 + n + sizeof(tail) - 1;
	return text;
}

struct lengths { size_t key, other; char first; };

static int
measure(void *arg, const struct read_item *item)
{
	struct lengths *l = arg;

	if (item->key && item->key[0] == 'k')
		l->key += strlen(item->value);
	else if (item->key)
		l->other++;
	return 0;
}

static void
a_line_of_any_length_is_read_whole_or_refused_whole(void **state)
{
	(void)state;
	static const size_t lengths[] = { 5, 195, 196, 197, 199, 200, 201, 202, 4095, READ_LINE, READ_LINE + 1, READ_LINE + 2, READ_LINE + 3, 8192,
		10000, 1000000 };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		size_t len, n = lengths[i];
		CLEANUP_FREE char *text = long_line(n, &len);
		struct faults faults = { 0 };
		struct lengths l = { 0 };
		assert_int_equal(read_text("t", text, len, &faults, measure, &l), 0);
		assert_int_equal(l.other, 1);		/* never a second key out of the tail of the first */
		assert_int_equal(l.key, n <= READ_LINE ? n - 4 : 0);
		assert_int_equal(faults.errors, n > READ_LINE);
		if (n > READ_LINE) {
			char why[100];
			snprintf(why, sizeof(why), "line of %zu bytes; at most 4096 (use continuation lines)", n);
			assert_int_equal(faults.fault[0].line, 2);
			assert_string_equal(faults.fault[0].why, why);
		}
	}
}

static void
keys_and_sections_as_long_as_a_line_are_not_cut(void **state)
{
	(void)state;
	char text[READ_LINE + 100], key[1000];
	struct seen *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	int len = snprintf(text, sizeof(text), "[a]\n%s = v\n  w\n%sx = y\n", key, key);
	assert_int_equal(read_text("t", text, (size_t)len, &s->faults, note, s), 0);
	assert_int_equal(s->faults.errors, 0);
	char *second = strchr(s->items + 8, '+');
	assert_non_null(second);
	assert_int_equal(strcspn(s->items + 6, "="), sizeof(key) - 1);
	assert_non_null(strstr(second, "kkkx=y@4"));
	free(s);
}

static void
a_text_has_at_most_four_megabytes(void **state)
{
	(void)state;
	CLEANUP_FREE char *text = malloc(READ_FILE_MAX + 1);
	struct faults faults = { 0 };
	struct lengths l = { 0 };

	assert_non_null(text);
	memset(text, '\n', READ_FILE_MAX + 1);
	assert_int_equal(read_text("t", text, READ_FILE_MAX, &faults, measure, &l), 0);
	assert_int_equal(faults.errors, 0);
	assert_int_equal(read_text("t", text, READ_FILE_MAX + 1, &faults, measure, &l), -EFBIG);
	assert_int_equal(faults.errors, 1);
	assert_int_equal(faults.fault[0].line, 0);
}

static int
stop_at_the_second(void *arg, const struct read_item *item)
{
	int *calls = arg;

	(void)item;
	return ++*calls == 2 ? -ECANCELED : 0;
}

static void
whoever_is_told_can_end_it(void **state)
{
	(void)state;
	struct faults faults = { 0 };
	int calls = 0;

	assert_int_equal(read_text("t", BYTES("[a]\nk = v\nl = w\n[b]\nword\n"), &faults, stop_at_the_second, &calls), -ECANCELED);
	assert_int_equal(calls, 2);
	assert_int_equal(faults.errors, 0);
	calls = 1;
	assert_int_equal(read_text("t", BYTES("[a]\nk = v\n"), &faults, stop_at_the_second, &calls), -ECANCELED);
	assert_int_equal(calls, 2);
}

static int
enter_directory(void **state)
{
	char *dir = strdup("/tmp/yett-read-XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int
leave_directory(void **state)
{
	CLEANUP_DIR DIR *d = opendir(".");

	for (struct dirent *e; d && (e = readdir(d));)
		unlinkat(dirfd(d), e->d_name, e->d_type == DT_DIR ? AT_REMOVEDIR : 0);
	int err = chdir("/") || rmdir(*state);
	free(*state);
	return err;
}

static void
make_file(const char *path, mode_t mode, const char *text)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void
check_file(const char *path, int result, const char *why)
{
	struct faults faults = { 0 };
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(read_file(path, &faults, &text, &len), result);
	free(text);
	assert_int_equal(faults.errors, why != NULL);
	if (why) {
		assert_non_null(strstr(faults.fault[0].why, why));
		assert_string_equal(faults.fault[0].file, path);
		assert_int_equal(faults.fault[0].line, 0);
	}
}

static void
a_file_is_read_whole(void **state)
{
	(void)state;
	struct faults faults = { 0 };
	char *text = NULL;
	size_t len = 0;

	make_file("f", 0644, "[a]\nk = v\n");
	assert_int_equal(symlink("f", "link"), 0);
	assert_int_equal(read_file("link", &faults, &text, &len), 0);
	assert_int_equal(len, 10);
	assert_memory_equal(text, "[a]\nk = v\n", 10);
	free(text);
	make_file("f", 0400, "");
	assert_int_equal(read_file("f", &faults, &text, &len), 0);
	assert_int_equal(len, 0);
	free(text);
	assert_int_equal(faults.count, 0);
}

static void
what_is_no_regular_file_is_refused_without_waiting(void **state)
{
	(void)state;
	check_file("absent", -ENOENT, NULL);
	assert_int_equal(mkdir("dir", 0755), 0);
	check_file("dir", -EINVAL, "not a regular file");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	check_file("fifo", -EINVAL, "not a regular file");
	check_file("/dev/null", -EINVAL, "not a regular file");
	assert_int_equal(symlink("loop", "loop"), 0);
	check_file("loop", -ELOOP, "cannot be opened (errno 40)");
	check_file("fifo/x", -ENOTDIR, "cannot be opened (errno 20)");
}

static void
a_file_that_others_may_write_is_refused(void **state)
{
	(void)state;
	static const mode_t bad[] = { 0664, 0646, 0666, 0622 };

	for (size_t i = 0; i < COUNT(bad); i++) {
		make_file("f", bad[i], "");
		check_file("f", -EPERM, "writable by group or others");
	}
	make_file("f", 0755, "");
	check_file("f", 0, NULL);
	/* Root can give a file away; who is not root finds root's own in order. */
	if (geteuid() == 0) {
		assert_int_equal(chown("f", 12345, 0), 0);
		check_file("f", -EPERM, "belongs to user 12345: a file of policies or configuration must be root's");
	}
	check_file("/etc/passwd", 0, NULL);
}

static void
a_file_has_at_most_four_megabytes(void **state)
{
	(void)state;
	make_file("f", 0644, "");
	assert_int_equal(truncate("f", READ_FILE_MAX), 0);
	check_file("f", 0, NULL);
	assert_int_equal(truncate("f", READ_FILE_MAX + 1), 0);
	check_file("f", -EFBIG, "4194305 bytes; at most 4194304");
}

static void
a_directory_that_others_may_write_is_told(void **state)
{
	(void)state;
	CLEANUP_FD int fd = open(".", O_RDONLY | O_DIRECTORY);
	struct faults faults = { 0 };

	read_check_directory(fd, "here", &faults);
	assert_int_equal(faults.errors, 0);
	assert_int_equal(fchmod(fd, 01777), 0);		/* sticky or not: new files can come */
	read_check_directory(fd, "here", &faults);
	assert_int_equal(faults.errors, 1);
	assert_string_equal(faults.fault[0].file, "here");
	assert_non_null(strstr(faults.fault[0].why, "writable by group or others (mode 1777)"));
	assert_int_equal(fchmod(fd, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(fchown(fd, 12345, 0), 0);
		read_check_directory(fd, "here", &faults);
		assert_int_equal(faults.errors, 2);
		assert_non_null(strstr(faults.fault[1].why, "belongs to user 12345: a directory of policies must be root's"));
		assert_int_equal(fchown(fd, 0, 0), 0);
	}
}

#define TEST_FILE(name) cmocka_unit_test_setup_teardown(name, enter_directory, leave_directory)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_keys_and_continuations_are_read_in_order),
		cmocka_unit_test(what_is_no_section_key_or_comment_is_told),
		cmocka_unit_test(the_head_of_a_section_stands_alone_and_once),
		cmocka_unit_test(bytes_that_deceive_are_told),
		cmocka_unit_test(the_last_line_ends_with_a_newline),
		cmocka_unit_test(several_faults_are_told_at_once_each_at_its_line),
		cmocka_unit_test(a_line_of_any_length_is_read_whole_or_refused_whole),
		cmocka_unit_test(keys_and_sections_as_long_as_a_line_are_not_cut),
		cmocka_unit_test(a_text_has_at_most_four_megabytes),
		cmocka_unit_test(whoever_is_told_can_end_it),
		TEST_FILE(a_file_is_read_whole),
		TEST_FILE(what_is_no_regular_file_is_refused_without_waiting),
		TEST_FILE(a_file_that_others_may_write_is_refused),
		TEST_FILE(a_file_has_at_most_four_megabytes),
		TEST_FILE(a_directory_that_others_may_write_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
