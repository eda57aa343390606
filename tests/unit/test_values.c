#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "compile.h"
#include "given.h"
#include "policy/diff.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HASH	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

/* Each test runs in a directory of its own. */
static char dir[64];

static int
enter(void **state)
{
	(void)state;
	umask(022);
	snprintf(dir, sizeof(dir), "/tmp/yett-values-XXXXXX");
	return mkdtemp(dir) && chmod(dir, 0755) == 0 && chdir(dir) == 0 ? 0 : -1;
}

static int
leave(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return chdir("/") || system(command);
}

static void
put(const char *name, const char *text, size_t len)
{
	CLEANUP_FILE FILE *f = fopen(name, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fchmod(fileno(f), 0644), 0);
}

#define PUT(name, text)	put(name, text, sizeof(text) - 1)

/* The policy of a rule on FIELD whose list has the keys LIST. */
static const struct policy *
listed(const char *field, const char *list, struct faults *faults)
{
	char text[1000];

	snprintf(text, sizeof(text), "[rule r]\non = exec, connect\naction = alert\n%s = @l\n[list l]\n%s\n", field, list);
	*faults = (struct faults){ 0 };
	return compile_for(&compile_enforcing, text, faults);
}

static bool
matches(const struct policy *p, const char *given)
{
	struct event *ev = event(strstr(given, "destination") ? EVENT_CONNECT : EVENT_EXEC, given);
	struct verdict v;

	ev->tried = HAVE_ALL;
	judge(p, ev, &v);
	return v.matches;
}

/* FIELD, what the list says, and values that it has and has not, given as events. */
struct row { const char *field, *list, *has, *lacks; };

static void
check(const struct row *table, size_t n)
{
	struct faults faults;

	for (size_t i = 0; i < n; i++) {
		const struct policy *p = listed(table[i].field, table[i].list, &faults);
		char why[700] = "", all[1000], *save = NULL;
		if (!p)
			fault_format(&faults.fault[0], why, sizeof(why));
		for (int has = 0; p && has < 2; has++) {
			snprintf(all, sizeof(all), "%s", has ? table[i].has : table[i].lacks);
			for (char *one = strtok_r(all, " ", &save); one; one = strtok_r(NULL, " ", &save))
				if (matches(p, one) != has)
					snprintf(why, sizeof(why), "%s is %smet", one, has ? "not " : "");
		}
		if (*why)
			fail_msg("row %zu, %s: %s", i, table[i].list, why);
		policy_close(p);
	}
}

static void
files_have_a_value_a_line(void **state)
{
	(void)state;
	PUT("plain", "# known tools\n/usr/bin/a\n\n  /usr/bin/b\t\n/usr/bin/c, d\n   # indented\n/opt/*/x\n@l\n\"/q\"\n/z#1\n");
	PUT("names", "nc\nncat\n");
	PUT("hashes", HASH "0\n" "ABCDEF" "6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
	PUT("numbers", "0\n1000\n");
	PUT("nets", "10.0.0.0/8\n192.0.2.7\n2001:db8::/32\n");
	PUT("regexes", "^a{1,3}$\nx|y\n");
	PUT("one", "/one\n");
	PUT("two", "/two\n");
	assert_int_equal(mkdir("sub", 0755), 0);
	PUT("sub/deep", "/deep\n");
	static const struct row table[] = {
		{ "process.executable", "values_file = plain",
		    "process.executable=/usr/bin/a process.executable=/usr/bin/b process.executable=/opt/k/x process.executable=@l "
		    "process.executable=/z#1",
		    "process.executable=/usr/bin process.executable=/usr/bin/c process.executable=/q process.executable=#" },
		{ "process.executable", "values_file = one\nvalues = /here",
		    "process.executable=/one process.executable=/here", "process.executable=/two" },
		{ "process.executable", "values_file = one, two\n  sub/deep", "process.executable=/one process.executable=/two process.executable=/deep",
		    "process.executable=sub/deep" },
		{ "process.executable", "values_file = \"one\"", "process.executable=/one", "process.executable=/two" },
		{ "process.executable|contains", "values_file = names", "process.executable=/bin/ncat2", "process.executable=/bin/n-c" },
		{ "process.name", "values_file = names", "process.executable=/bin/ncat", "process.executable=/bin/ncat2" },
		{ "file.hash.sha256", "values_file = hashes", "file.hash.sha256=" HASH "0", "file.hash.sha256=" HASH "1" },
		{ "user.id", "values_file = numbers", "user.id=1000 user.id=0", "user.id=1" },
		{ "destination.ip|cidr", "values_file = nets", "destination.ip=10.9.8.7 destination.ip=192.0.2.7 destination.ip=2001:db8::9",
		    "destination.ip=11.0.0.1 destination.ip=2001:db9::" },
		{ "process.args|re", "values_file = regexes", "process.args=aaa process.args=zxz", "process.args=aaaa" },
		{ "process.args|nocase", "values_file = names", "process.args=NCAT", "process.args=nca" },
	};

	check(table, COUNT(table));
}

static void
of_a_csv_the_first_column_counts(void **state)
{
	(void)state;
	PUT("t.csv", "# name,first seen\n/a,2026-01-01\n\"/b, c\",x\n \"/d\"\"e\" , x\n/f\n\"/g\"\n/h x , y\n\"#i\",x\n");
	static const struct row table[] = {
		{ "process.args", "values_file = t.csv", "process.args=/a process.args=/d\"e process.args=/f process.args=/g process.args=#i",
		    "process.args=2026-01-01 process.args=x process.args=name process.args=/b" },
	};

	check(table, COUNT(table));
	struct faults faults;
	const struct policy *p = listed("process.args", "values_file = t.csv", &faults);
	struct event *ev = event(EVENT_EXEC, "user.id=0");
	char why[200];
	struct verdict v;
	assert_int_equal(policy_event_set(ev, FIELD_PROCESS_ARGS, "/b, c", 5, why, sizeof(why)), 0);
	ev->tried = HAVE_ALL;
	judge(p, ev, &v);
	assert_int_equal(v.matches, 1);
	policy_close(p);
}

static void
relative_to_the_directory_of_the_policy(void **state)
{
	(void)state;
	struct faults faults = { 0 };
	char text[200], path[100];
	static const char rule[] = "[rule r]\non = exec\naction = alert\nprocess.name = @l\n[list l]\nvalues_file = ";
	struct policy_sources s = { .mode = MODE_ENFORCE, .judge = judge, .policies = "policies", .vendor_policies = "absent" };

	assert_int_equal(mkdir("policies", 0755), 0);
	PUT("policies/list", "a\n");
	snprintf(text, sizeof(text), "%slist\n", rule);
	put("policies/p.ini", text, strlen(text));
	CLEANUP_FD int fd = policy_build(&s, &faults);
	assert_true(fd >= 0);
	/* Another policy, another file. */
	CLEANUP_FD int none = policy_build_text(&s, "t.ini", text, strlen(text), &faults);
	assert_int_equal(none, -EINVAL);
	assert_string_equal(faults.fault[0].why, "there is no file list");
	assert_int_equal(faults.fault[0].line, 6);
	snprintf(path, sizeof(path), "%s/policies/list", dir);
	snprintf(text, sizeof(text), "%s%s\n", rule, path);
	faults = (struct faults){ 0 };
	CLEANUP_FD int whole = policy_build_text(&s, "other/t.ini", text, strlen(text), &faults);
	assert_true(whole >= 0);
}

static void
what_is_wrong_is_told_with_file_and_line(void **state)
{
	(void)state;
	PUT("bad", "/a\n/b[c\n/d\\\n");
	PUT("header", "sha256\n" HASH "0\n");
	PUT("torn", "/a\n/b");
	PUT("empty", "# nothing yet\n\n");
	PUT("nul", "/a\n/b\0c\n");
	PUT("crlf", "/a\r\n");
	PUT("utf", "/\xff\n");
	PUT("regex", "a\n(b\n");
	PUT("columns.csv", "/a\n,x\n\"/b\n\"/c\"x\n\"\",x\n");
	PUT("ours", "/a\n");
	PUT("theirs", "/a\n");
	assert_int_equal(chmod("theirs", 0664), 0);
	assert_int_equal(mkdir("open", 0777), 0);
	assert_int_equal(chmod("open", 0777), 0);
	PUT("open/f", "/a\n");
	assert_int_equal(mkfifo("fifo", 0644), 0);
	static const struct { const char *field, *list, *file; int line; const char *why; unsigned errors; } table[] = {
		{ "process.executable", "values_file = bad", "bad", 2, "'/b[c' '[' without ']' (write \\[ for the letter); t.ini:4 uses it", 2 },
		{ "file.hash.sha256", "values_file = header", "header", 1, "'sha256' is not a SHA-256: 64 hexadecimal digits; t.ini:4 uses it", 1 },
		{ "process.executable", "values_file = torn", "torn", 2, "the last line has no newline", 1 },
		{ "process.executable", "values_file = empty", "empty", 0, "has no value", 1 },
		{ "process.executable", "values_file = nul", "nul", 2, "the line has a NUL byte", 1 },
		{ "process.executable", "values_file = crlf", "crlf", 1, "the line has a carriage return", 2 },
		{ "process.executable", "values_file = utf", "utf", 1, "the line has not valid UTF-8", 2 },
		{ "process.executable|re", "values_file = regex", "regex", 2, "'(b' is no regular expression: missing closing parenthesis", 1 },
		{ "process.executable", "values_file = columns.csv", "columns.csv", 2, "the first column is empty", 4 },
		{ "process.executable", "values_file = gone", "t.ini", 6, "there is no file gone", 1 },
		{ "process.executable", "values_file = theirs", "theirs", 0, "writable by group or others", 1 },
		{ "process.executable", "values_file = open/f", "open", 0, "writable by group or others", 1 },
		{ "process.executable", "values_file = fifo", "fifo", 0, "not a regular file", 1 },
		{ "process.executable", "values_file = .", ".", 0, "not a regular file", 1 },
		{ "process.executable", "values_file =", "t.ini", 6, "'values_file' has no value", 1 },
		{ "process.executable", "values_file = ours\nvalues =", "t.ini", 7, "'values' has no value", 1 },
		{ "process.executable", "value_file = ours", "t.ini", 5, "[list l] has no `values = ...` or `values_file = ...`", 2 },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct faults faults;
		assert_null(listed(table[i].field, table[i].list, &faults));
		const struct fault *f = &faults.fault[0];
		if (strcmp(f->file, table[i].file) != 0 || f->line != table[i].line || !strstr(f->why, table[i].why) ||
		    faults.errors != table[i].errors)
			fail_msg("%s: %s:%d: %s, and %zu in all", table[i].list, f->file, f->line, f->why, faults.errors);
	}
}

static void
a_list_that_nobody_uses_is_read_all_the_same(void **state)
{
	(void)state;
	struct faults faults = { 0 };

	PUT("torn", "/a");
	assert_null(compile_for(&compile_enforcing, "[list l]\nvalues_file = torn\n", &faults));
	assert_string_equal(faults.fault[0].file, "torn");
}

static void
the_hash_covers_them(void **state)
{
	(void)state;
	char hash[4][65];
	static const char *const texts[] = { "/a\n", "/b\n", "/a\n", "/a\n# c\n" };

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct faults faults;
		put("f", texts[i], strlen(texts[i]));
		const struct policy *p = listed("process.executable", "values_file = f", &faults);
		snprintf(hash[i], sizeof(hash[i]), "%s", policy_hash(p));
		policy_close(p);
	}
	assert_string_not_equal(hash[0], hash[1]);
	assert_string_equal(hash[0], hash[2]);
	assert_string_not_equal(hash[0], hash[3]);
}

static void
note_difference(void *arg, const struct difference *d)
{
	char *told = arg;

	snprintf(told, 300, "%s %s %.*s: %.*s", d->section, d->name, (int)d->key.len, d->key.at, (int)d->new.len, d->new.at);
}

static void
a_file_that_changed_is_a_difference(void **state)
{
	(void)state;
	struct faults faults;
	char told[300] = "";

	PUT("f", "/a\n");
	const struct policy *old = listed("process.executable", "values_file = f", &faults);
	assert_int_equal(policy_diff(old, old, note_difference, told), 0);
	assert_string_equal(told, "");
	PUT("f", "/b\n");
	const struct policy *new = listed("process.executable", "values_file = f", &faults);
	assert_int_equal(policy_diff(old, new, note_difference, told), 0);
	assert_string_equal(told, "list l values_file: f\n\t# 3 bytes, SHA-256 154bee3d742a663840c8f47027b1840df928e7662d18a4581dff3aaee34d130d");
	policy_close(old);
	policy_close(new);
}

/* N lines: HEAD and a number. */
static void
many(const char *name, const char *head, unsigned n)
{
	CLEANUP_FILE FILE *f = fopen(name, "we");

	assert_non_null(f);
	for (unsigned i = 0; i < n; i++)
		assert_true(fprintf(f, "%s%u\n", head, i) > 0);
	assert_int_equal(fchmod(fileno(f), 0644), 0);
}

static void
sizes_are_bounded(void **state)
{
	(void)state;
	struct faults faults;
	char line[5000];

	memset(line, 'x', sizeof(line));
	line[0] = '/';
	line[4096] = '\n';
	put("longest", line, 4097);
	policy_close(listed("process.args", "values_file = longest", &faults));
	assert_int_equal(faults.errors, 0);
	line[4096] = 'x';
	line[4097] = '\n';
	put("longer", line, 4098);
	assert_null(listed("process.args", "values_file = longer", &faults));
	assert_string_equal(faults.fault[0].why, "the line is longer than 4096 bytes");
	many("most", "x", 500000);
	policy_close(listed("process.args", "values_file = most", &faults));
	assert_int_equal(faults.errors, 0);
	PUT("one", "/1\n");
	assert_null(listed("process.args", "values_file = most, one", &faults));
	assert_string_equal(faults.fault[0].why, "more than 500000 values in the files of all policies");
	assert_int_equal(truncate("one", (32 << 20) + 1), 0);
	assert_null(listed("process.args", "values_file = one", &faults));
	assert_string_equal(faults.fault[0].why, "33554433 bytes; at most 33554432");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(files_have_a_value_a_line),
		TEST(of_a_csv_the_first_column_counts),
		TEST(relative_to_the_directory_of_the_policy),
		TEST(what_is_wrong_is_told_with_file_and_line),
		TEST(a_list_that_nobody_uses_is_read_all_the_same),
		TEST(the_hash_covers_them),
		TEST(a_file_that_changed_is_a_difference),
		TEST(sizes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
