#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "compile.h"
#include "given.h"
#include "judge/candidates.h"
#include "naive_judge.h"
#include "random_policy.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MANY	1000

typedef void judge_fn(const struct policy *, const struct event *, struct verdict *);

/* ---- Against the judge that hears each rule ---- */

static void
tell_nobody(void *arg, const struct judge_step *step)
{
	(void)arg;
	(void)step;
}

/* Judges EV until nothing is needed; what is needed and in ALL is found. */
static void
settle(judge_fn *fn, const struct policy *p, const struct event *ev, uint32_t all, struct verdict *v)
{
	static struct event now;

	memcpy(&now, ev, event_wire_size(ev));
	for (fn(p, &now, v); v->needs; fn(p, &now, v)) {
		assert_int_equal(v->needs & (now.have | now.tried | ~HAVE_ALL), 0);
		now.have |= v->needs & all;
		now.tried |= v->needs;
	}
}

/* Returns whether some rule matched in the end. */
static bool
compare(const struct policy *p, const struct event *ev, uint32_t all, const char *text)
{
	struct verdict is, must, told;

	judge(p, ev, &is);
	naive_judge(p, ev, &must);
	judge_explain(p, ev, &told, tell_nobody, NULL);
	if (memcmp(&told, &must, sizeof(told)) != 0)
		fail_msg("explained in another way:\n%s", text);
	if (is.needs != must.needs)
		fail_msg("needs %x, not %x:\n%s", is.needs, must.needs, text);
	if (!must.needs && memcmp(&is, &must, sizeof(is)) != 0)
		fail_msg("%u match, not %u:\n%s", is.matches, must.matches, text);
	for (int view = VIEW_ALL; view <= VIEW_LOADER; view++)
		if (judge_always_allows(p, ev, (enum judge_view)view) != naive_always_allows(p, ev, (enum judge_view)view))
			fail_msg("view %d:\n%s", view, text);
	settle(judge, p, ev, all, &is);
	settle(naive_judge, p, ev, all, &must);
	if (memcmp(&is, &must, sizeof(is)) != 0)
		fail_msg("in the end %u match, not %u:\n%s", is.matches, must.matches, text);
	return must.matches;
}

static void
no_rule_is_missed_whatever_rules_and_events_there_are(void **state)
{
	(void)state;
	static struct script text;
	static struct faults faults;
	static struct event ev;
	struct dice d = { .state = 0x9e3779b97f4a7c15ull };
	unsigned policies = 0, events = 0, matched = 0;

	for (unsigned i = 0; i < 160; i++) {
		struct policy_sources sources = { .mode = roll(&d, 4) ? MODE_ENFORCE : MODE_MONITOR, .exec_default = (enum decision)roll(&d, 2) };
		bool large = i % 50 == 0;
		random_policy(&text, &d, large ? 300 : 2 + roll(&d, 50));
		faults = (struct faults){ 0 };
		const struct policy *p = compile_for(&sources, text.text, &faults);
		policies += p != NULL;
		for (unsigned k = 0; p && k < (large ? 200 : 800); k++, events++) {
			random_event(&ev, &d);
			uint32_t all = ev.have;
			ev.have &= roll(&d, 2) ? HAVE_ALL : roll(&d, HAVE_ALL + 1);
			ev.tried = roll(&d, 2) ? HAVE_ALL : roll(&d, HAVE_ALL + 1) & ~all;
			matched += compare(p, &ev, all, text.text);
		}
		policy_close(p);
	}
	/* What never matches proves little, and so does what always does. */
	assert_true(policies > 100 && events > 80000 && matched > events / 10 && matched < events);
}

/* A text that no expression gets through leaves some rules unknown for good, and others hold by it. */
static void
what_is_too_hard_is_so_for_whoever_asks(void **state)
{
	(void)state;
	static const char text[] = "[rule a]\non = exec\naction = deny\nprocess.args|re = ^(a+)+$\n"
	    "[rule b]\non = exec\naction = deny\nprocess.args|re = ^(a+)+$\nprocess.name = x\n"
	    "[rule c]\non = exec\naction = allow\nnot process.args|re = ^(a+)+$\nprocess.name = y\n"
	    "[rule d]\non = exec\naction = alert\nnot process.args|re = ^(a+)+$\nuser.id = 1\n"
	    "[exception e]\nrules = a\nreason = r\nprocess.name = z\nnot process.args|re = ^(a+)+$\n";
	const struct policy *p = compile(text);
	struct event *ev = event(EVENT_EXEC, "process.executable=/y");
	char hard[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", why[100];
	struct verdict v;

	assert_int_equal(policy_event_set(ev, FIELD_PROCESS_ARGS, hard, strlen(hard), why, sizeof(why)), 0);
	assert_true(compare(p, ev, ev->have, text));
	ev->tried = 0;
	compare(p, ev, ev->have | HAVE_USER, text);
	ev->have |= HAVE_USER;
	ev->process.uid = 1;
	assert_true(compare(p, ev, ev->have, text));
	judge(p, ev, &v);
	assert_int_equal(v.matches, 2);
	assert_int_equal(v.too_hard, 1);
	policy_close(p);
}

/* ---- How few are left ---- */

static unsigned
count(const struct policy *p, const struct candidates *c)
{
	unsigned n = 0;

	for (int i = candidates_next(p, c, -1); i >= 0; i = candidates_next(p, c, i))
		n++;
	return n;
}

/* How many rules are left to be heard. */
static unsigned
left(const struct policy *p, const struct event *ev, enum judge_view view)
{
	struct inquiry q = { .p = p, .ev = ev, .view = view };
	struct candidates c;

	candidates(&q, &c);
	return count(p, &c);
}

/* Rules with these conditions, in which # stands for the number of the rule. */
static const struct policy *
many(const char *conditions, unsigned n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	for (unsigned i = 0; i < n; i++) {
		fprintf(f, "[rule r%05u]\non = exec\naction = alert\n", i);
		for (const char *at = conditions; *at; at++) {
			if (*at == '#')
				fprintf(f, "%05u", i);
			else
				fputc(*at, f);
		}
	}
	fclose(f);
	const struct policy *p = compile(text);
	free(text);
	return p;
}

#define HASH "00000000000000000000000000000000000000000000000000000000000"

static void
of_many_rules_only_those_are_heard_that_an_event_comes_close_to(void **state)
{
	(void)state;
	static const struct { const char *conditions, *near, *far; unsigned heard; } table[] = {
		{ "process.executable = /opt/app#/x\n", "process.executable=/opt/app00042/x", "process.executable=/opt/app99999/x", 1 },
		{ "process.executable = /opt/app#/**\n", "process.executable=/opt/app00042/a/b", "process.executable=/opt/app/a", 1 },
		{ "process.executable = /opt/app#*/bin/*\n", "process.executable=/opt/app00042-1/bin/b", "process.executable=/opt/app/bin/a", 1 },
		{ "process.executable = /home/*/bin/x#\n", "process.executable=/home/a/bin/x00042", "process.executable=/home/a/bin/x", 1 },
		{ "process.executable = /a/*/x#/*.sh\n", "process.executable=/a/b/x00042/c.sh", "process.executable=/a/b/x/c.sh", 1 },
		{ "process.executable = **/x#/*\n", "process.executable=/a/x00042/c", "process.executable=/a/x/c", 1 },
		{ "process.executable|endswith = /x#\n", "process.executable=/a/x00042", "process.executable=/a/x", 1 },
		{ "process.executable|startswith = /x#\n", "process.executable=/x00042y", "process.executable=/x0000", 1 },
		{ "process.name = x#\n", "process.executable=/a/x00042", "process.executable=/x00042/a", 1 },
		{ "process.name|nocase = X#y\n", "process.executable=/a/x00042Y", "process.executable=/x/a", 1 },
		{ "process.name = a, x#, b\n", "process.executable=/a/x00042", "process.executable=/a/c", 1 },
		{ "file.path|contains = /x#/\n", "file.path=/a/x00042/b", "file.path=/a/x/b", 1 },
		{ "file.path|contains|all = /, x, /x#/\n", "file.path=/a/x00042/b", "file.path=/a/x/b", 1 },
		{ "user.id = 1#\n", "user.id=100042", "user.id=0", 1 },
		{ "file.hash.sha256 = " HASH "#\n", "file.hash.sha256=" HASH "00042", "file.hash.sha256=" HASH "99999", 1 },
		{ "process.ancestor.name = x#\n", "process.ancestor.executable=/a|/b/x00042|/c", "process.ancestor.executable=/x00042/a", 1 },
		{ "process.args = --x=#\n", "process.args=a|--x=00042|b", "process.args=a|x=00042|b", 1 },
		/* Of several conditions, the one that says most; if that is not known at once, another first. */
		{ "user.name = root\nprocess.name = x#\n", "user.name=root process.executable=/x00042", "user.name=root process.executable=/x", 1 },
		{ "process.name = sh\nprocess.args = x#\n", "process.executable=/sh process.args=x00042", "process.executable=/sh process.args=x", 1 },
		{ "process.args = x\nprocess.name = x#\n", "process.executable=/x00042", "process.executable=/x", 1 },
		/* One of two groups. */
		{ "a/process.name = x#\nb/file.name = y#\ncondition = a or b\n", "process.executable=/x00042 file.path=/y00043",
		    "process.executable=/y00042 file.path=/x00042", 2 },
		{ "a/process.name = x#\nb/file.name = y\ncondition = a and not b\n", "process.executable=/x00042", "file.path=/y", 1 },
		/* What all share is asked once. */
		{ "not process.name = sh\nuser.id|gt = 7\n", "process.executable=/a user.id=8", "process.executable=/sh user.id=8", MANY },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		const struct policy *p = many(table[i].conditions, MANY);
		unsigned near = left(p, event(EVENT_EXEC, table[i].near), VIEW_ALL), far = left(p, event(EVENT_EXEC, table[i].far), VIEW_ALL);
		if (near != table[i].heard || far)
			fail_msg("%sof %s %u are heard, of %s %u", table[i].conditions, table[i].near, near, table[i].far, far);
		policy_close(p);
	}
}

static struct event *
known(const char *fields, uint32_t tried)
{
	struct event *ev = event(EVENT_EXEC, fields);

	ev->tried = tried;
	return ev;
}

static void
what_is_not_known_refutes_nobody(void **state)
{
	(void)state;
	const struct policy *p = many("process.name = sh\nprocess.args = y#\n", 100);
	static const struct { const char *fields; uint32_t tried; unsigned heard; } table[] = {
		{ "", 0, 100 }, { "process.pid=1", 0, 0 }, { "process.executable=/sh", 0, 100 }, { "process.args=y00001", 0, 1 },
		{ "process.executable=/sh process.args=y00001", 0, 1 }, { "process.executable=/x process.args=y00001", 0, 0 },
		/* Looked for in vain, there is no value. */
		{ "", HAVE_PROCESS, 0 }, { "", HAVE_ARGS, 0 }, { "process.executable=/sh", HAVE_ARGS, 0 }, { "", HAVE_CWD, 100 },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		unsigned n = left(p, known(table[i].fields, table[i].tried), VIEW_ALL);
		if (n != table[i].heard)
			fail_msg("of '%s' tried %x, %u are heard, not %u", table[i].fields, table[i].tried, n, table[i].heard);
	}
	policy_close(p);
}

static void
a_view_of_the_object_knows_no_subject(void **state)
{
	(void)state;
	const struct policy *p = many("user.id = 1#\n", 100);

	for (int view = VIEW_ALL; view <= VIEW_LOADER; view++)
		assert_int_equal(left(p, event(EVENT_EXEC, "user.id=7"), (enum judge_view)view), view == VIEW_ALL ? 0 : 100);
	policy_close(p);
	p = many("process.name = x#\n", 100);
	for (int view = VIEW_ALL; view <= VIEW_LOADER; view++)
		assert_int_equal(left(p, event(EVENT_EXEC, "process.executable=/x"), (enum judge_view)view), view == VIEW_LOADER ? 100 : 0);
	policy_close(p);
}

static void
only_rules_of_the_kind_are_asked(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule exec]\non = exec\naction = alert\nfile.path = /x\n"
	    "[rule open]\non = open\naction = alert\nfile.path = /x\n[rule write]\non = write\naction = alert\nfile.path = /x\n");
	static const struct { enum event_kind kind; unsigned asked; } table[] = {
		{ EVENT_EXEC, 1 }, { EVENT_OPEN, 1 }, { EVENT_WRITE, 2 }, { EVENT_CONNECT, 0 },
	};
	struct candidates c;

	for (size_t i = 0; i < COUNT(table); i++) {
		candidates_all(p, table[i].kind, &c);
		assert_int_equal(count(p, &c), table[i].asked);
		assert_int_equal(left(p, event(table[i].kind, "file.path=/x"), VIEW_ALL), table[i].asked);
		assert_int_equal(left(p, event(table[i].kind, "file.path=/y"), VIEW_ALL), 0);
	}
	policy_close(p);
}

static void
who_cannot_ask_for_more_is_left_out(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule a]\non = exec\naction = alert\nfile.path = /x\nprocess.args = y\n"
	    "[rule b]\non = exec\naction = alert\nfile.path = /x\nuser.id|fieldref = file.uid\n"
	    "[rule c]\non = exec\naction = alert\nfile.path = /x\n[exception x]\nrules = c\nreason = r\nuser.name = z\n");
	static const struct { uint32_t have; const char *seeking; } table[] = {
		{ HAVE_ALL, "abc" }, { HAVE_ARGS, "a" }, { HAVE_USER, "bc" }, { HAVE_ARGS | HAVE_USER, "abc" }, { HAVE_CWD, "" }, { 0, "" },
		{ HAVE_FILE, "abc" }, { HAVE_ACTION, "" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct candidates c;
		char seeking[4] = "";
		candidates_all(p, EVENT_EXEC, &c);
		candidates_seeking(p, table[i].have, &c);
		for (int r = candidates_next(p, &c, -1); r >= 0; r = candidates_next(p, &c, r))
			seeking[strlen(seeking)] = (char)('a' + r);
		assert_string_equal(seeking, table[i].seeking);
	}
	policy_close(p);
}

static void
rules_are_walked_in_their_order(void **state)
{
	(void)state;
	static const unsigned counts[] = { 1, 31, 32, 33, 255, 256, 257, 1000 };

	for (size_t i = 0; i < COUNT(counts); i++) {
		const struct policy *p = many("process.pid = 1\n", counts[i]);
		struct candidates c;
		int next = 0;
		candidates_all(p, EVENT_EXEC, &c);
		for (int r = candidates_next(p, &c, -1); r >= 0; r = candidates_next(p, &c, r))
			assert_int_equal(r, next++);
		assert_int_equal(next, counts[i]);
		policy_close(p);
	}
}

/* Of what needs something nothing else is to be used, so it does not matter whom it was found out from. */
static void
what_many_rules_need_the_first_asks_for(void **state)
{
	(void)state;
	const struct policy *p = many("file.hash.sha256 = " HASH "#\n", MANY);
	struct verdict v;

	judge(p, known("process.executable=/x", 0), &v);
	assert_int_equal(v.needs, HAVE_HASH);
	judge(p, known("file.hash.sha256=" HASH "00007", 0), &v);
	assert_int_equal(v.needs, 0);
	assert_int_equal(v.matches, 1);
	assert_int_equal(v.matched[0], 7);
	policy_close(p);
	/* A hash, only when nothing cheaper is missing. */
	p = compile("[rule a]\non = exec\naction = alert\nfile.hash.sha256 = " HASH "00000\n"
	    "[rule b]\non = exec\naction = alert\nprocess.args = x\n[rule c]\non = exec\naction = alert\nuser.id = 1\nprocess.args = y\n");
	judge(p, known("process.executable=/x", 0), &v);
	assert_int_equal(v.needs, HAVE_ARGS | HAVE_USER);
	judge(p, known("process.args=z", 0), &v);
	assert_int_equal(v.needs, HAVE_HASH);
	policy_close(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_rule_is_missed_whatever_rules_and_events_there_are),
		cmocka_unit_test(what_is_too_hard_is_so_for_whoever_asks),
		cmocka_unit_test(of_many_rules_only_those_are_heard_that_an_event_comes_close_to),
		cmocka_unit_test(what_is_not_known_refutes_nobody),
		cmocka_unit_test(a_view_of_the_object_knows_no_subject),
		cmocka_unit_test(only_rules_of_the_kind_are_asked),
		cmocka_unit_test(who_cannot_ask_for_more_is_left_out),
		cmocka_unit_test(rules_are_walked_in_their_order),
		cmocka_unit_test(what_many_rules_need_the_first_asks_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
