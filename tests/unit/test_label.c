#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "compile.h"
#include "given.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RULE	"[rule %s]\non = exec\nprocess.name = %s\n%s\n"

static uint32_t
label_bit(const struct policy *p, const char *name)
{
	for (unsigned i = 0; i < policy_labels(p); i++)
		if (strcmp(policy_label(p, i), name) == 0)
			return 1u << i;
	fail_msg("no label %s", name);
	return 0;
}

static void
rules_that_match_give_their_labels_and_need_no_action(void **state)
{
	(void)state;
	const struct policy *p = compile(
	    "[rule a]\non = exec\nprocess.name = nginx\nlabel = web\n"
	    "[rule b]\non = exec\nprocess.name = nginx, mysqld\nlabel = server, net\naction = alert\n"
	    "[rule c]\non = exec\nprocess.name = sh\nlabel = web\n"
	    "[exception x]\nrules = a\nuser.id = 0\nreason = r\n");
	struct verdict v;

	assert_int_equal(policy_labels(p), 3);
	judge(p, event(EVENT_EXEC, "process.executable=/usr/sbin/nginx user.id=33"), &v);
	assert_int_equal(v.labels, label_bit(p, "web") | label_bit(p, "server") | label_bit(p, "net"));
	judge(p, event(EVENT_EXEC, "process.executable=/usr/sbin/nginx user.id=0"), &v);
	assert_int_equal(v.labels, label_bit(p, "server") | label_bit(p, "net"));
	judge(p, event(EVENT_EXEC, "process.executable=/bin/sh user.id=33"), &v);
	assert_int_equal(v.labels, label_bit(p, "web"));
	assert_int_equal(v.decision, DECISION_ALLOW);
	assert_int_equal(v.actions, 0);
	judge(p, event(EVENT_EXEC, "process.executable=/bin/ls user.id=33"), &v);
	assert_int_equal(v.labels, 0);
	policy_close(p);
}

static void
a_label_is_given_in_monitor_mode_too(void **state)
{
	(void)state;
	const struct policy *p = compile("[policy]\nmode = monitor\n[rule a]\non = exec\nprocess.name = nginx\nlabel = web\naction = deny\n");
	struct verdict v;

	judge(p, event(EVENT_EXEC, "process.executable=/usr/sbin/nginx"), &v);
	assert_int_equal(v.decision, DECISION_ALLOW);
	assert_int_equal(v.labels, 1);
	policy_close(p);
}

static void
who_gives_a_label_is_asked_each_time(void **state)
{
	(void)state;
	static const struct { const char *rest; bool always; } table[] = {
		{ "action = allow\n", true }, { "action = allow\nlabel = web\n", false }, { "label = web\n", false },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		char text[256];
		snprintf(text, sizeof(text), RULE, "a", "nginx", table[i].rest);
		const struct policy *p = compile(text);
		struct event *ev = event(EVENT_EXEC, "process.executable=/usr/sbin/nginx file.path=/usr/sbin/nginx");
		ev->tried = 0;
		assert_int_equal(judge_always_allows(p, ev, VIEW_OBJECT), table[i].always);
		policy_close(p);
	}
}

static void
labels_that_are_none_or_too_many_are_refused(void **state)
{
	(void)state;
	char many[8192] = "[rule many]\non = exec\nprocess.name = a\nlabel = l0";
	const struct { const char *text, *why; } table[] = {
		{ "[rule r]\non = exec\nprocess.name = a\nlabel =\n", "'label' has no value" },
		{ "[rule r]\non = exec\nprocess.name = a\nlabel = a b\n", "label 'a b' is no name: letters, digits, '_', '-' and '.', at most 63" },
		{ "[rule r]\non = exec\nprocess.name = a\nlabel = *\n", "label '*' is no name: letters, digits, '_', '-' and '.', at most 63" },
		{ "[rule r]\non = exit\nprocess.name = a\nlabel = web\n", "on exit and agent there is no process that could be given a label" },
		{ "[exception x]\nrules = r\nprocess.name = a\nreason = r\nlabel = web\n[rule r]\non = exec\nprocess.name = a\naction = alert\n",
		    "unknown field or key 'label'" },
		{ many, "label 'l32' is one too many: at most 32 different ones in all" },
	};

	for (unsigned i = 1; i < 33; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), ", l%u", i);
	strcat(many, "\n");
	for (size_t i = 0; i < COUNT(table); i++) {
		struct faults faults = { 0 };
		assert_null(compile_for(&compile_enforcing, table[i].text, &faults));
		if (!strstr(faults.fault[0].why, table[i].why))
			fail_msg("'%s' and not '%s'", faults.fault[0].why, table[i].why);
	}
}

static void
other_rules_ask_for_a_label(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule a]\non = exec\nprocess.name = nginx\nlabel = web, front\n"
	    "[rule b]\non = exec\nprocess.label = web\nprocess.name = sh\naction = deny\n"
	    "[test below a web server]\non = exec\nprocess.executable = /bin/sh\nprocess.label = front, web\nexpect = deny b\n"
	    "[test elsewhere]\non = exec\nprocess.executable = /bin/sh\nprocess.label = front\nexpect = allow\n"
	    "[test the server itself]\non = exec\nprocess.executable = /usr/sbin/nginx\nexpect = allow a\n");
	struct event *ev = event(EVENT_EXEC, "process.executable=/bin/sh");
	struct verdict v;

	ev->tried = 0;
	judge(p, ev, &v);
	assert_int_equal(v.needs, HAVE_LABEL);
	assert_false(judge_always_allows(p, ev, VIEW_OBJECT));
	judge(p, event(EVENT_EXEC, "process.executable=/bin/sh process.label=web"), &v);
	assert_int_equal(v.decision, DECISION_DENY);
	judge(p, event(EVENT_EXEC, "process.executable=/bin/sh process.label=websites|front"), &v);
	assert_int_equal(v.decision, DECISION_ALLOW);
	policy_close(p);
}

static void
a_correlation_gives_a_label(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule r]\non = exec\nprocess.name = sh\n"
	    "[correlation c]\ntype = event_count\nrules = r\ntimespan = 10s\ncondition = gte: 3\nlabel = busy\n");
	struct verdict v = { .decider = -1, .exception = -1, .best_deny = -1, .best_would = -1, .best_allow = -1 };
	struct rule_info i;

	for (unsigned rule = 0; rule < policy_rules(p); rule++) {
		policy_rule(p, rule, &i);
		assert_int_equal(i.labels, i.correlation);
		if (i.correlation)
			assert_int_equal(judge_add(p, event(EVENT_EXEC, "process.executable=/bin/sh"), &v, rule), 0);
	}
	assert_int_equal(v.labels, 1);
	policy_close(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_that_match_give_their_labels_and_need_no_action),
		cmocka_unit_test(a_label_is_given_in_monitor_mode_too),
		cmocka_unit_test(who_gives_a_label_is_asked_each_time),
		cmocka_unit_test(labels_that_are_none_or_too_many_are_refused),
		cmocka_unit_test(other_rules_ask_for_a_label),
		cmocka_unit_test(a_correlation_gives_a_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
