/* What a rule asks of the kernel, and what it lets the kernel remember. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "compile.h"
#include "judge/cost.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define F(field)	FIELD_BIT(FIELD_##field)

static void
each_rule_is_told_by_what_it_asks(void **state)
{
	(void)state;
	static const struct { const char *rule; unsigned marks; const char *key; bool cacheable; field_mask subject, event; } table[] = {
		{ "on = exec\naction = deny\nfile.path = /a\n", MARKS_EXEC, "file.path", true, 0, 0 },
		{ "on = exec\naction = deny\nprocess.executable = /a\n", MARKS_EXEC, "process.executable", true, 0, 0 },
		{ "on = exec\naction = deny\nfile.size = 1\nfile.name = a\n", MARKS_EXEC, "file.name", true, 0, 0 },
		{ "on = exec\naction = deny\nfile.path = /a\nuser.id = 5\n", MARKS_EXEC, "file.path", false, F(USER_ID), 0 },
		{ "on = exec\naction = deny\nfile.path = /a\nprocess.args = x\n", MARKS_EXEC, "file.path", false, 0, F(PROCESS_ARGS) },
		{ "on = exec\naction = deny\nuser.id = 5\n", MARKS_EXEC, NULL, false, F(USER_ID), 0 },
		/* What it is not does not say what it is; neither does one way of several. */
		{ "on = exec\naction = deny\nuser.id = 5\nnot file.path = /a\n", MARKS_EXEC, NULL, false, F(USER_ID), 0 },
		{ "on = exec\naction = deny\na/file.path = /a\nb/user.id = 5\ncondition = a or b\n", MARKS_EXEC, NULL, false, F(USER_ID), 0 },
		{ "on = exec\naction = deny\na/file.path = /a\nb/user.id = 5\ncondition = a and b\n", MARKS_EXEC, "a/file.path", false, F(USER_ID), 0 },
		{ "on = exec\naction = log\nfile.owner|fieldref = user.name\n", MARKS_EXEC, NULL, false, F(USER_NAME), 0 },
		/* Only an exec says what its program is. */
		{ "on = open\naction = deny\nfile.path = /a\nprocess.executable = /b\n", MARKS_OPEN, NULL, false, F(PROCESS_EXECUTABLE), 0 },
		{ "on = open\naction = deny\nfile.path = /a\n", MARKS_OPEN, NULL, false, 0, 0 },
		{ "on = exec, write\naction = deny\nfile.path = /a\n", MARKS_EXEC | MARKS_OPEN, "file.path", false, 0, 0 },
		{ "on = fork\naction = log\nuser.id = 0\n", MARKS_PROC, NULL, false, F(USER_ID), 0 },
		{ "on = create, chmod\naction = log\nfile.path = /a\nuser.id = 0\n", MARKS_FILES, NULL, false, F(USER_ID), 0 },
		{ "on = rename, open\naction = log\nfile.path = /a\n", MARKS_FILES | MARKS_OPEN, NULL, false, 0, 0 },
		{ "on = rename\naction = log\nfile.previous.path = /a\n", MARKS_FILES, NULL, false, 0, F(FILE_PREVIOUS_PATH) },
		{ "on = dns, device\naction = log\nuser.id = 0\n", MARKS_PACKETS | MARKS_DEVICES, NULL, false, F(USER_ID), 0 },
		{ "on = account\naction = log\nfile.path = /a\n", MARKS_FACTS, NULL, false, 0, 0 },
		{ "on = connect, exit\naction = log\ndestination.port = 22\n", MARKS_PROC | MARKS_AUDIT, NULL, false, 0, F(DESTINATION_PORT) },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		char text[512];
		struct rule_cost c;
		snprintf(text, sizeof(text), "[policy]\n[rule r]\n%s", table[i].rule);
		const struct policy *p = compile(text);
		rule_cost(p, 0, &c);
		if (c.marks != table[i].marks || c.cacheable != table[i].cacheable || c.subject != table[i].subject || c.event != table[i].event ||
		    strcmp(c.key ? c.key : "", table[i].key ? table[i].key : "") != 0)
			fail_msg("%s marks %x key %s cacheable %d subject %llx event %llx", text, c.marks, c.key ? c.key : "none", c.cacheable,
			    (unsigned long long)c.subject, (unsigned long long)c.event);
		policy_close(p);
	}
}

static void
only_what_leaves_no_trace_is_silent(void **state)
{
	(void)state;
	const struct policy *p = compile("[policy]\n[rule a]\non = exec\nfile.path = /a\naction = allow\n"
	    "[rule b]\non = exec\nfile.path = /a\naction = allow, log\n[rule c]\non = exec\nfile.path = /a\naction = allow\n"
	    "[rule d]\non = exec\nfile.path = /a\naction = deny\n[exception x]\nrules = c\nuser.id = 1\nreason = y\n");
	static const bool silent[] = { true, false, false, false };
	struct rule_cost c;

	for (unsigned i = 0; i < COUNT(silent); i++) {
		rule_cost(p, i, &c);
		assert_int_equal(c.silent, silent[i]);
	}
	policy_close(p);
}

static void
a_correlation_costs_what_its_rules_cost(void **state)
{
	(void)state;
	const struct policy *p = compile("[policy]\n[correlation a]\ntype = event_count\nrules = b\ngroup-by = user.id\ntimespan = 1m\n"
	    "condition = gte: 3\naction = alert\n[rule b]\non = exec\nfile.path = /b\naction = log\n");
	struct rule_cost c;

	rule_cost(p, 0, &c);
	assert_int_equal(c.marks, 0);
	assert_false(c.fed);
	rule_cost(p, 1, &c);
	assert_int_equal(c.marks, MARKS_EXEC);
	assert_true(c.fed);
	policy_close(p);
}

static void
places_are_those_of_the_rule(void **state)
{
	(void)state;
	const struct policy *p = compile("[policy]\n[rule a]\non = open\naction = log\nfile.path = /x/**, /y\n"
	    "[rule b]\non = write\naction = log\nfile.path = /x/z/*\n[rule c]\non = open\naction = log\nuser.id = 1\n");
	static const struct { unsigned rule, n; struct watch_place first; } table[] = {
		{ 0, 2, { WATCH_FILE, "/y", WATCH_OPENS } }, { 1, 1, { WATCH_DIRECTORY, "/x/z", WATCH_OPENS } },
		{ 2, 1, { WATCH_EVERYTHING, "", WATCH_OPENS } },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct watch_place w;
		assert_int_equal(rule_places(p, table[i].rule), table[i].n);
		rule_place(p, table[i].rule, 0, &w);
		assert_int_equal(w.kind, table[i].first.kind);
		assert_string_equal(w.path, table[i].first.path);
	}
	policy_close(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_told_by_what_it_asks),
		cmocka_unit_test(only_what_leaves_no_trace_is_silent),
		cmocka_unit_test(a_correlation_costs_what_its_rules_cost),
		cmocka_unit_test(places_are_those_of_the_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
