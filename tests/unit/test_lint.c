/* What is valid and hardly meant is told, with its line; what may be meant is not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "compile.h"
#include "judge/lint.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW	1800000000000000000ull	/* 2027-01-15 */
#define MOST	8

struct heard { unsigned n; struct fault fault[MOST]; };

static void
hear(void *arg, const struct fault *f)
{
	struct heard *h = arg;

	assert_true(f->warning);
	if (h->n < MOST)
		h->fault[h->n] = *f;
	h->n++;
}

static struct heard
lint_text(const char *text)
{
	struct heard h = { 0 };
	const struct policy *p = compile(text);

	assert_int_equal(lint(&(struct lint_ask){ .policy = p, .wall_ns = NOW }, hear, &h), 0);
	policy_close(p);
	return h;
}

/* One policy and what is told of it: "line words of the warning", several with newlines between them, in any order; "" nothing. */
struct row { const char *text, *told; };

static bool
is_told(const struct heard *h, const char *want, size_t len)
{
	char words[320];
	char *end;

	snprintf(words, sizeof(words), "%.*s", (int)len, want);
	long line = strtol(words, &end, 10);
	for (unsigned i = 0; i < h->n && i < MOST; i++)
		if (h->fault[i].line == line && strstr(h->fault[i].why, end + 1))
			return true;
	return false;
}

static void
check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct heard h = lint_text(rows[i].text);
		unsigned wanted = 0;
		bool good = true;
		for (const char *at = rows[i].told; *at; at += strcspn(at, "\n"), at += *at == '\n', wanted++)
			good = good && is_told(&h, at, strcspn(at, "\n"));
		if (good && h.n == wanted)
			continue;
		for (unsigned k = 0; k < h.n && k < MOST; k++)
			print_error("told: %s:%d: %s\n", h.fault[k].file, h.fault[k].line, h.fault[k].why);
		fail_msg("%s\nwanted:\n%s", rows[i].text, rows[i].told);
	}
}

#define EXEC(conditions)	"[policy]\n[rule r]\non = exec\naction = deny\n" conditions
#define ALERT(conditions)	"[policy]\n[rule r]\non = exec\naction = alert\n" conditions

static void
a_label_that_no_rule_gives_is_told(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ EXEC("process.label = web\n"), "5 no rule gives the label 'web'" },
		{ EXEC("process.name = sh\nnot process.label = web, db\n"), "6 no rule gives the label 'web'\n6 no rule gives the label 'db'" },
		{ EXEC("process.label = web\n[rule s]\non = exec\nprocess.name = nginx\nlabel = web\n"), "" },
		{ EXEC("process.label = w*\n"), "" },
	};

	check(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
what_can_never_match_is_told(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ EXEC("process.executable = /bin/a\n"), "" },
		/* A text that has one value has not two. */
		{ EXEC("process.executable = /bin/a\nprocess.name = b\n"),
		    "2 [rule r] can never match: 'process.executable = /bin/a' (line 5) and 'process.name = b' (line 6) contradict each other" },
		{ EXEC("process.executable = /bin/a, /bin/b\nprocess.name = b\n"), "" },
		{ EXEC("file.path = /bin/a\nfile.directory = /sbin\n"), "2 contradict each other" },
		{ EXEC("file.path = /bin/a.sh\nfile.extension = sh\n"), "" },
		{ EXEC("file.name = a.sh\nfile.extension = py\n"), "2 contradict each other" },
		{ EXEC("file.path = /bin/a\nprocess.executable = /bin/b\n"), "" },	/* a loader is asked about for its program */
		{ EXEC("user.name = alice\nother/user.name = bob\ncondition = selection and other\n"), "2 contradict each other" },
		{ EXEC("user.name = alice\nother/user.name = bob\ncondition = selection or other\n"), "" },
		{ EXEC("user.name = a*\nother/user.name = b*\ncondition = selection and other\n"), "2 contradict each other" },
		{ EXEC("user.name = a*\nother/user.name = *b\ncondition = selection and other\n"), "" },
		{ EXEC("file.path = /tmp/**\nother/file.path = /usr/**\ncondition = selection and other\n"), "2 contradict each other" },
		{ EXEC("file.path = /tmp/**\nother/file.path|endswith = .so\ncondition = selection and other\n"), "" },
		{ EXEC("file.path|endswith = .sh\nother/file.path|endswith = .so\ncondition = selection and other\n"), "2 contradict each other" },
		{ EXEC("file.hash.sha256 = 0000000000000000000000000000000000000000000000000000000000000001\n"
		    "o/file.hash.sha256 = 0000000000000000000000000000000000000000000000000000000000000002\ncondition = selection and o\n"),
		    "2 contradict each other" },
		/* A list has several. */
		{ EXEC("process.args = -a\nother/process.args = -b\ncondition = selection and other\n"), "" },
		{ EXEC("process.args = -a\nnot process.args = -a\n"), "2 contradict each other" },
		{ EXEC("process.args = -a\nnot process.args|startswith = -\n"), "2 contradict each other" },
		{ EXEC("process.args|all = -a, -b\nnot process.args|all = -b, -c\n"), "" },
		{ EXEC("process.ancestor.executable = /bin/a\nnot process.ancestor.name = a\n"), "2 contradict each other" },
		{ EXEC("user.name|all = a, b\n"), "2 no value meets 'user.name|all = a, b' (line 5)" },
		{ EXEC("user.name|all = a*, *b\n"), "" },
		/* What is negated. */
		{ EXEC("process.executable = /bin/a\nnot process.executable = /bin/**\n"), "2 contradict each other" },
		{ EXEC("process.executable = /bin/**\nnot process.executable = /bin/a\n"), "" },
		{ EXEC("process.executable = /bin/a/**\nnot process.executable = /bin/**\n"), "2 contradict each other" },
		{ EXEC("process.executable = /bin/a\nfilter/process.name = a\n"), "2 whenever the rest is met, so is group 'filter'" },
		{ EXEC("process.executable = /bin/a\nfilter/process.name = a\nfilter/user.id = 0\n"), "" },
		{ EXEC("process.name|nocase = A\nnot process.name|nocase = a\n"), "2 contradict each other" },
		{ EXEC("process.name|nocase = A\nnot process.name = a\n"), "" },
		{ EXEC("process.name = a\nnot process.name|nocase = A\n"), "2 contradict each other" },
		/* Numbers. */
		{ EXEC("user.id|gt = 5\nother/user.id|lt = 3\ncondition = selection and other\n"), "2 contradict each other" },
		{ EXEC("user.id|gt = 5\nother/user.id|lt = 7\ncondition = selection and other\n"), "" },
		{ EXEC("user.id = 5, 6\nnot user.id = 5, 6\n"), "2 contradict each other" },
		{ EXEC("user.id = 5, 6\nnot user.id = 6, 7\n"), "" },
		{ EXEC("user.id|gte = 1\nb/user.id|lte = 999\nnot user.id|lte = 999\ncondition = selection and b\n"), "2 contradict each other" },
		{ EXEC("file.setuid = true\nnot file.setuid = true\n"), "2 contradict each other" },
		{ EXEC("user.id|lt = 0\n"), "" },	/* -1 is no user, but the type says nothing of it */
		/* Existence. */
		{ EXEC("user.name = a\nother/user.name|exists = false\ncondition = selection and other\n"), "2 contradict each other" },
		{ EXEC("user.name = a\nother/user.name|exists = true\ncondition = selection and other\n"), "" },
		{ EXEC("user.name|re = ^a\nother/user.name = b, ab\ncondition = selection and other\n"), "" },
		{ EXEC("user.name|re = ^a\nother/user.name = b, cb\ncondition = selection and other\n"), "2 contradict each other" },
		{ EXEC("user.name|re = ^$\nother/user.name|exists = false\ncondition = selection and other\n"), "" },
		{ EXEC("user.name = a, \"\"\nother/user.name|exists = false\ncondition = selection and other\n"), "" },
		/* Expressions. */
		{ EXEC("user.name = a\nx/user.name = b\ny/user.name = c\ncondition = selection and (x or y)\n"),
		    "2 no way in which `condition` joins its groups can be met" },
		{ EXEC("user.name = a\ncondition = selection and not selection\n"), "2 can never match" },
		{ EXEC("user.name = a\nx/user.id = 0\ncondition = selection and (x or not x)\n"), "" },
	};

	check(rows, COUNT(rows));
}

static void
what_an_event_never_has_is_told(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ ALERT("destination.ip = 192.0.2.1\n"), "2 'destination.ip = 192.0.2.1' (line 5): exec has no destination.ip" },
		{ ALERT("user.id = 0\nnot destination.ip = 192.0.2.1\n"), "6 'not destination.ip = 192.0.2.1' (line 6) always holds" },
		{ ALERT("user.id = 0\ndestination.ip|exists = false\n"), "" },
		{ ALERT("user.id = 0\nx/destination.port = 1\nx/process.name = a\ny/process.name = b\ncondition = selection and (x or y)\n"),
		    "6 group 'x' of [rule r] can never be met together with the rest: it adds nothing" },
		{ "[policy]\n[rule r]\non = exec, connect\naction = alert\ndestination.port = 22\n",
		    "2 [rule r] can never match on exec: 'destination.port = 22' (line 5): exec has no destination.port; "
		    "ask on another event; or leave exec out of `on`" },
		{ "[policy]\n[rule r]\non = exec, connect\naction = alert\nx/destination.port = 22\ny/process.name = nc\ncondition = x or y\n", "" },
		{ "[policy]\n[rule r]\non = open\naction = alert\nfile.path = /x\nprocess.env_vars = LD_PRELOAD=*\n", "2 open has no process.env_vars" },
		{ "[policy]\n[rule r]\non = mount\naction = alert\nfile.path = /mnt\n", "" },
		{ "[policy]\n[rule r]\non = ptrace\naction = alert\nevent.syscall = ptrace\nprocess.args|fieldref = user.name\n", "" },
	};

	check(rows, COUNT(rows));
}

static void
groups_that_do_nothing_are_told(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ EXEC("user.name = a\nfilter/user.name = b\n"),
		    "6 group 'filter' of [rule r] can never be met together with the rest: it takes nothing away" },
		{ EXEC("user.name = a\nfilter/process.name = b\ncondition = selection\n"), "6 group 'filter' of [rule r] is not in its `condition`" },
		{ EXEC("user.name = a, b\nfilter/user.name = b\n"), "" },
	};

	check(rows, COUNT(rows));
}

static void
what_is_wider_or_narrower_than_it_looks_is_told(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ EXEC("process.executable = **\n"), "5 '**' is every process.executable" },
		{ EXEC("process.executable = /**\n"), "5 '/**' is every process.executable" },
		{ EXEC("process.executable = /usr/**\n"), "" },
		{ EXEC("process.executable = *\n"), "5 '*' stays within a directory" },
		{ EXEC("user.name = *\nuser.id = 5\n"), "5 '*' is every user.name" },
		{ EXEC("user.name = a*\n"), "" },
		{ EXEC("process.command_line|contains = rm\n"), "5 'rm' is in nearly every process.command_line" },
		{ EXEC("process.command_line|contains = x\n"), "5 'x' is in nearly every" },
		{ EXEC("process.command_line|contains = ..\n"), "" },
		{ EXEC("process.command_line|contains = rm -rf\n"), "" },
		{ EXEC("process.command_line|contains|all = rm, /etc/shadow\n"), "" },
		{ EXEC("process.executable = nginx\n"), "5 'nginx' is no full path" },
		{ EXEC("process.executable = nginx, /bin/a\n"), "5 'nginx' is no full path" },
		{ EXEC("process.executable = usr/*\n"), "5 'usr/*' is met by no full path" },
		{ EXEC("process.executable = */nginx\n"), "5 '*/nginx' is met by no full path" },
		{ EXEC("process.executable = **/nginx\n"), "" },
		{ EXEC("process.executable|startswith = tmp/\n"), "5 'tmp/' is met by no full path" },
		{ EXEC("process.executable|contains = tmp/\n"), "" },
		{ EXEC("process.name = /bin/sh, sh\n"), "5 '/bin/sh' has a slash, and process.name never has: write 'sh'" },
		{ EXEC("file.extension = .ko, ko\n"), "5 '.ko' has a dot" },
		/* Only what it is not. */
		{ EXEC("not user.name = root\n"), "2 [rule r] denies everything but what it names" },
		{ ALERT("not user.name = root\n"), "" },
		{ "[policy]\n[rule r]\non = exec\naction = kill\nnot user.name = root\n", "2 [rule r] kills or stops everything" },
		{ EXEC("not user.name = root\nprocess.name = a\n"), "" },
		{ EXEC("user.id|exists = true\n"), "2 denies everything but" },
		{ EXEC("x/process.name = a\ny/user.name = b\ncondition = x or y\n"), "" },
		{ EXEC("x/process.name = a\nnot y/user.name = b\ncondition = x or y\n"), "2 denies everything but" },
		{ EXEC("not x/process.name = a\ncondition = not x\n"), "" },
	};

	check(rows, COUNT(rows));
}

#define TWO(first, second)	"[policy]\n[rule a]\non = exec\n" first "[rule b]\non = exec\n" second

static void
rules_that_add_nothing_are_told(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ TWO("user.id = 5\naction = deny\n", "user.id = 5\naction = deny\n"), "6 [rule b] has the same conditions as [rule a] (t.ini:2)" },
		{ TWO("user.id = 5\naction = alert\n", "user.id = 5\naction = deny, alert\n"),
		    "2 [rule a] has the same conditions as [rule b] (t.ini:6)" },
		{ TWO("user.id = 5\naction = alert\n", "user.id = 5\naction = deny\n"), "" },
		{ TWO("user.id = 5\naction = log\n", "user.id = 5\naction = alert\n"), "2 same conditions" },
		{ TWO("user.id = 5\naction = alert\nseverity = high\n", "user.id = 5\naction = deny, alert\n"), "" },
		{ TWO("user.id = 5\naction = deny\n", "user.id = 5\naction = deny\nmode = monitor\n"), "6 same conditions" },
		{ TWO("user.id = 5\naction = deny\nmode = monitor\n", "user.id = 5\naction = deny\n"), "2 same conditions" },
		{ TWO("user.id = 5\nprocess.name = x\naction = deny\n", "user.id = 5\naction = deny\n"), "2 [rule a] adds nothing: whenever it matches" },
		{ TWO("user.id = 5\nprocess.name = x\naction = deny\nthreat.technique.id = T1\n", "user.id = 5\naction = deny\n"), "" },
		{ TWO("file.path = /tmp/x/**\naction = deny\n", "file.path = /tmp/**\naction = deny\n"), "2 adds nothing" },
		{ TWO("file.path = /tmp/x\naction = deny\n", "file.directory = /tmp\naction = deny\n"), "2 adds nothing" },
		{ TWO("user.id = 5\naction = deny\n", "user.id = 5\nfilter/process.name = x\naction = deny\n"), "6 [rule b] adds nothing" },
		{ TWO("user.id = 5\nfilter/process.name = x\naction = deny\n", "filter/process.name = x\nuser.id = 5\naction = deny\n"),
		    "7 same conditions" },
		{ TWO("user.id = 5\nfilter/process.name = x\naction = deny\n", "user.id = 5\nfilter/process.name = x, y\naction = deny\n"),
		    "7 adds nothing" },
		{ TWO("user.id = 5\naction = deny\n", "user.id = 6\naction = deny\n"), "" },
		{ "[policy]\n[rule a]\non = exec, open\nuser.id = 5\naction = deny\n[rule b]\non = exec\nuser.id = 5\naction = deny\n", "6 adds" },
		/* An exception from the one leaves the other to act. */
		{ TWO("user.id = 5\naction = deny\n", "user.id = 5\naction = deny\n[exception x]\nrules = a\nprocess.name = y\nreason = z\n"),
		    "2 [rule a] adds" },
		{ TWO("user.id = 5\naction = deny\n", "user.id = 5\naction = deny\n[exception x]\nrules = *\nprocess.name = y\nreason = z\n"), "6 same" },
		/* Allow below deny. */
		{ TWO("user.id = 5\naction = allow\n", "user.id = 5\naction = deny\n"), "2 [rule a] allows what [rule b] (t.ini:6) denies in any case" },
		{ TWO("user.id = 5, 6\naction = allow\n", "user.id = 5\naction = deny\n"), "" },
	};

	check(rows, COUNT(rows));
}

#define EXCEPT(conditions)	"[policy]\n[rule r]\non = exec\naction = deny\nprocess.executable = /bin/a, /bin/b\n" \
				"[exception x]\nrules = r\nreason = y\n" conditions

static void
exceptions_that_do_nothing_are_told(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ EXCEPT("process.executable = /bin/a\n"), "" },
		{ EXCEPT("process.executable = /bin/c\n"), "6 [exception x] covers nothing" },
		{ EXCEPT("process.name = c\n"), "6 [exception x] covers nothing" },
		{ EXCEPT("user.id = 0\nexpires = 2027-01-14\n"), "6 [exception x] expired on 2027-01-14" },
		{ EXCEPT("user.id = 0\nexpires = 2027-01-16\n"), "" },
		{ EXCEPT("process.executable = /bin/*\n"), "6 [exception x] covers all that [rule r] matches" },
		{ EXCEPT("process.executable = **\n"), "6 covers all that [rule r] matches\n9 '**' is every process.executable" },
		{ EXCEPT("destination.ip = 192.0.2.1\nuser.id = 0\n"), "6 covers nothing" },
		{ EXCEPT("user.id = 0\nfilter/user.id = 1\n"), "10 group 'filter' of [exception x] can never be met together with the rest" },
		{ "[policy]\n[rule r]\non = exec\naction = deny\nuser.id = 5\n[rule s]\non = exec\naction = deny\nuser.id = 6\n"
		    "[exception x]\nrules = *\nreason = y\nuser.id = 6\nprocess.name = z\n", "" },
	};

	check(rows, COUNT(rows));
}

static void
lists_that_nobody_uses_are_told(void **state)
{
	(void)state;
	static const char text[] = "[policy]\n[list idle]\nvalues = 1, @inner\n[list inner]\nvalues = 2\n[list used]\nvalues = @deep\n"
	    "[list deep]\nvalues = 3\n[rule r]\non = exec\nuser.id = @used\naction = log\n[exception x]\nrules = r\nreason = y\nuser.id = 3\n";
	static const struct row row = { text, "2 no rule or exception uses [list idle]; remove it, or name it as @idle\n"
	    "4 no rule or exception uses [list inner]\n14 covers all that [rule r] matches" };
	struct heard h = { 0 };

	check(&row, 1);

	/* Shipped lists are for others to use. */
	struct policy_sources s = compile_enforcing;
	struct faults faults = { 0 };
	const struct policy *p;
	int fd = policy_build_text(&s, "/usr/share/yett/policies/t.ini", text, strlen(text), &faults);
	assert_int_equal(policy_open(fd, &p), 0);
	close(fd);
	lint(&(struct lint_ask){ .policy = p, .wall_ns = NOW, .shipped = "/usr/share/yett/policies" }, hear, &h);
	assert_int_equal(h.n, 1);
	memset(&h, 0, sizeof(h));
	lint(&(struct lint_ask){ .policy = p, .wall_ns = NOW, .shipped = "/usr/share/yett/pol" }, hear, &h);
	assert_int_equal(h.n, 3);
	policy_close(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_label_that_no_rule_gives_is_told),
		cmocka_unit_test(what_can_never_match_is_told),
		cmocka_unit_test(what_an_event_never_has_is_told),
		cmocka_unit_test(groups_that_do_nothing_are_told),
		cmocka_unit_test(what_is_wider_or_narrower_than_it_looks_is_told),
		cmocka_unit_test(rules_that_add_nothing_are_told),
		cmocka_unit_test(exceptions_that_do_nothing_are_told),
		cmocka_unit_test(lists_that_nobody_uses_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
