#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "compile.h"
#include "given.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *
rule_name(const struct policy *p, int rule)
{
	struct rule_info i;

	if (rule < 0)
		return "nobody";
	policy_rule(p, (unsigned)rule, &i);
	return i.name;
}

static const char *
exception_name(const struct policy *p, const struct verdict *v)
{
	const char *name = "none", *reason;

	if (v->exception >= 0)
		policy_exception(p, (unsigned)v->exception, &name, &reason);
	return name;
}

static void
a_list_of_a_policy_stands_for_its_values(void **state)
{
	(void)state;
	const struct policy *p = compile(
	    "[rule r]\non = exec\naction = alert\nprocess.name = @shells, nc\n"
	    "[rule not-r]\non = exec\naction = alert\nnot process.name = @shells\n"
	    "[rule all]\non = exec\naction = alert\nprocess.args|all = @words\n"
	    "[list shells]\nvalues = sh, @more\n  ksh\n[list more]\nvalues = z*\n[list words]\nvalues = a, b\n");
	static const struct { const char *event; bool r, not_r, all; } table[] = {
		{ "process.executable=/bin/sh", true, false, false }, { "process.executable=/bin/ksh", true, false, false },
		{ "process.executable=/bin/zsh", true, false, false }, { "process.executable=/bin/nc", true, true, false },
		{ "process.executable=/bin/id", false, true, false }, { "process.executable=/bin/sh process.args=b|a", true, false, true },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct verdict v;
		bool met[3] = { false };
		judge(p, event(EVENT_EXEC, table[i].event), &v);
		for (unsigned m = 0; m < v.matches; m++)
			met[v.matched[m]] = true;	/* all, not-r, r */
		if (met[0] != table[i].all || met[1] != table[i].not_r || met[2] != table[i].r)
			fail_msg("%s", table[i].event);
	}
	policy_close(p);
}

/* ---- Three-valued logic ---- */

/* A is about the user, B about the directory, C about the name that the process gave itself. */
static const uint32_t haves[3] = { HAVE_USER, HAVE_CWD, HAVE_COMM };

static bool e_and(bool a, bool b, bool c) { return a && b && c; }
static bool e_or(bool a, bool b, bool c) { return a || b || c; }
static bool e_not(bool a, bool b, bool c) { (void)b, (void)c; return !a; }
static bool e_and_not(bool a, bool b, bool c) { return a && !b && !c; }
static bool e_nor(bool a, bool b, bool c) { return !(a || b || c); }
static bool e_and_or(bool a, bool b, bool c) { return (a && b) || c; }
static bool e_or_and(bool a, bool b, bool c) { return a && (b || c); }
static bool e_not_and(bool a, bool b, bool c) { return !(a && !b) || !c; }
static bool e_second(bool a, bool b, bool c) { (void)a, (void)c; return b; }

/* Each group stands once in each expression, so what is unknown of it is exactly what other values of its parts could change. */
static const struct { const char *text; bool (*holds)(bool, bool, bool); } expressions[] = {
	{ "a1 and a2 and c", e_and }, { "all of them", e_and }, { "all of a* and c", e_and }, { "c and (all of a*)", e_and },
	{ "a1 or a2 or c", e_or }, { "1 of them", e_or }, { "any of them", e_or }, { "1 of a* or c", e_or }, { "(a1) or ((a2) or c)", e_or },
	{ "not a1", e_not }, { "not not not a1", e_not }, { "not 1 of a1", e_not },
	{ "a1 and not a2 and not c", e_and_not }, { "a1 and not (a2 or c)", e_and_not },
	{ "not 1 of them", e_nor }, { "not (a1 or a2 or c)", e_nor }, { "not a1 and not a2 and not c", e_nor },
	{ "a1 and a2 or c", e_and_or }, { "c or a1 and a2", e_and_or }, { "(a1 and a2) or c", e_and_or }, { "all of a* or c", e_and_or },
	{ "a1 and (a2 or c)", e_or_and }, { "not (a1 and not a2) or not c", e_not_and }, { "a2", e_second }, { "1 of a2*", e_second },
};

static void
logic_has_three_values_and_asks_for_no_more_than_it_hangs_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(expressions); i++) {
		char text[400];
		snprintf(text, sizeof(text), "[rule r]\non = exec\naction = alert\na1/user.id = 1\na2/process.working_directory = /1\n"
		    "c/process.title = 1\ncondition = %s\n", expressions[i].text);
		const struct policy *p = compile(text);
		for (unsigned state3 = 0; state3 < 27; state3++) {
			const unsigned is[3] = { state3 % 3, state3 / 3 % 3, state3 / 9 };	/* 0 false, 1 true, 2 unknown */
			char fields[100];
			struct event ev;
			struct verdict v;
			event_init(&ev, EVENT_EXEC, SENSOR_NOBODY);
			snprintf(fields, sizeof(fields), "user.id=%u process.working_directory=/%u process.title=%u", is[0], is[1], is[2]);
			give(&ev, fields);
			for (int k = 0; k < 3; k++)
				ev.have &= is[k] == 2 ? ~haves[k] : ~0u;
			judge(p, &ev, &v);
			/* What all ways to complete it say, and whom they depend on. */
			bool some[2] = { false };
			uint32_t matters = 0;
			for (unsigned w = 0; w < 8; w++) {
				bool x[3], y[3];
				for (int k = 0; k < 3; k++)
					x[k] = is[k] == 2 ? w >> k & 1 : is[k];
				some[expressions[i].holds(x[0], x[1], x[2])] = true;
				for (int k = 0; k < 3; k++) {
					memcpy(y, x, sizeof(y));
					y[k] = !y[k];
					if (is[k] == 2 && expressions[i].holds(x[0], x[1], x[2]) != expressions[i].holds(y[0], y[1], y[2]))
						matters |= haves[k];
				}
			}
			if (v.matches != (some[1] && !some[0]) || v.needs != matters)
				fail_msg("%s of %u %u %u: %u matches, needs %x, not %x", expressions[i].text, is[0], is[1], is[2], v.matches, v.needs, matters);
		}
		policy_close(p);
	}
}

static void
without_an_expression_a_selection_holds_and_no_filter(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule r]\non = exec\naction = alert\nuser.id = 1\nprocess.title = x\nfilter/process.pid = 1\n"
	    "filter_b/process.pid = 2\nfilter_b/process.exit_code = 0\n");
	static const struct { const char *event; bool met; } table[] = {
		{ "user.id=1 process.title=x process.pid=3", true }, { "user.id=1 process.title=y process.pid=3", false },
		{ "user.id=1 process.title=x process.pid=1", false }, { "user.id=1 process.title=x process.pid=2", true },
		{ "user.id=1 process.title=x process.pid=2 process.exit_code=0", false }, { "process.pid=3", false },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct verdict v;
		judge(p, event(EVENT_EXEC, table[i].event), &v);
		assert_int_equal(v.matches, table[i].met);
	}
	policy_close(p);
}

/* ---- What is asked for ---- */

static uint32_t
needs_of(const struct policy *p, const char *known, uint32_t tried)
{
	static struct event ev;
	struct verdict v;

	event_init(&ev, EVENT_EXEC, SENSOR_NOBODY);
	give(&ev, known);
	ev.tried = tried;
	judge(p, &ev, &v);
	return v.needs;
}

static void
a_rule_that_is_refuted_asks_for_nothing(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule r]\non = exec\naction = deny\nprocess.args = x\nuser.id = 0\nfile.path = /x\n");

	assert_int_equal(needs_of(p, "", 0), HAVE_ARGS | HAVE_USER | HAVE_FILE);
	assert_int_equal(needs_of(p, "user.id=0", 0), HAVE_ARGS | HAVE_FILE);
	assert_int_equal(needs_of(p, "user.id=1", 0), 0);
	assert_int_equal(needs_of(p, "process.args=y", 0), 0);
	assert_int_equal(needs_of(p, "user.id=0 file.path=/x", 0), HAVE_ARGS);
	assert_int_equal(needs_of(p, "user.id=0 file.path=/x process.args=x", 0), 0);
	/* Looked for and not found is an answer too. */
	assert_int_equal(needs_of(p, "user.id=0", HAVE_FILE), 0);
	assert_int_equal(needs_of(p, "user.id=0", HAVE_ARGS | HAVE_FILE | HAVE_USER), 0);
	policy_close(p);
}

static void
a_hash_is_asked_for_last(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule hash]\non = exec\naction = deny\n"
	    "file.hash.sha256 = 0000000000000000000000000000000000000000000000000000000000000000\n"
	    "[rule type]\non = exec\naction = alert\nfile.type = script\nprocess.title = x\n"
	    "[rule args]\non = exec\naction = alert\nprocess.args = y\n");

	assert_int_equal(needs_of(p, "", 0), HAVE_COMM | HAVE_ARGS);
	assert_int_equal(needs_of(p, "process.args=z", 0), HAVE_COMM);
	assert_int_equal(needs_of(p, "process.args=z process.title=y", 0), HAVE_HASH);
	assert_int_equal(needs_of(p, "process.args=z process.title=x", 0), HAVE_HASH);
	assert_int_equal(needs_of(p, "process.args=z process.title=x", HAVE_HASH), 0);
	policy_close(p);
}

/* What costs a pass over the whole file is asked for at once, however many rules ask, and last. */
static void
all_of_a_content_is_asked_for_at_once(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule hash]\non = exec\naction = deny\nfile.path = /x\n"
	    "file.hash.sha256 = 0000000000000000000000000000000000000000000000000000000000000000\n"
	    "[rule packed]\non = exec\naction = alert\nprocess.title = x\nfile.type = elf\nfile.elf.packed = true\n");

	assert_int_equal(needs_of(p, "file.path=/x", 0), HAVE_COMM);
	assert_int_equal(needs_of(p, "file.path=/x process.title=x", 0), HAVE_HASH | HAVE_CONTENT);
	assert_int_equal(needs_of(p, "file.path=/x process.title=y", 0), HAVE_HASH);
	assert_int_equal(needs_of(p, "file.path=/x process.title=x file.elf.packed=false", 0), HAVE_HASH);
	assert_int_equal(needs_of(p, "file.path=/y process.title=x file.type=script", 0), 0);
	policy_close(p);
}

static uint32_t
object_needs_of(const struct policy *p, const char *known)
{
	static struct event ev;

	event_init(&ev, EVENT_EXEC, SENSOR_NOBODY);
	give(&ev, known);
	return judge_object_needs(p, &ev);
}

static void
what_may_be_asked_of_a_file_is_known_before_anybody_asks(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule hash]\non = exec\naction = deny\nfile.path = /x/**\nuser.id = 7\n"
	    "file.hash.sha256 = 0000000000000000000000000000000000000000000000000000000000000000\n"
	    "[rule open]\non = open\naction = alert\nfile.elf.packed = true\n"
	    "[rule user]\non = exec\naction = alert\nuser.id = 8\nprocess.executable = /z\n"
	    "[rule known]\non = exec\naction = alert\nuser.id = 9\nprocess.executable = /k/*\n"
	    "[exception x]\nrules = known\nreason = y\nfile.entropy|gte = 7000\n");

	assert_int_equal(object_needs_of(p, "file.path=/x/a process.executable=/x/a"), HAVE_HASH);
	assert_int_equal(object_needs_of(p, "file.path=/y process.executable=/y"), 0);
	assert_int_equal(object_needs_of(p, "file.path=/z process.executable=/z"), 0);
	assert_int_equal(object_needs_of(p, "file.path=/k/a process.executable=/k/a"), HAVE_CONTENT);
	assert_int_equal(object_needs_of(p, "file.path=/k/a process.executable=/k/a file.entropy=1"), 0);
	policy_close(p);
}

static void
an_exception_is_asked_only_when_its_rule_matches(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule r]\non = exec\naction = deny\nuser.id = 0\n[exception x]\nrules = r\nreason = y\n"
	    "file.path = /x\nprocess.args = a\n[exception z]\nrules = r\nreason = y\nprocess.pid = 7\n");
	static struct event ev;
	struct verdict v;

	assert_int_equal(needs_of(p, "user.id=1", 0), 0);
	assert_int_equal(needs_of(p, "user.id=0", 0), HAVE_FILE | HAVE_ARGS | HAVE_PROCESS);
	assert_int_equal(needs_of(p, "user.id=0 file.path=/y process.pid=1", 0), 0);
	assert_int_equal(needs_of(p, "user.id=0 process.pid=7", 0), 0);		/* another covers it already */
	assert_int_equal(needs_of(p, "user.id=0 process.pid=1 file.path=/x", 0), HAVE_ARGS);
	/* Whoever does not find out denies. */
	event_init(&ev, EVENT_EXEC, SENSOR_NOBODY);
	give(&ev, "user.id=0 process.pid=1 file.path=/x");
	ev.tried = HAVE_ARGS;
	judge(p, &ev, &v);
	assert_int_equal(v.decision, DECISION_DENY);
	assert_int_equal(v.needs, 0);
	policy_close(p);
}

static void
both_sides_of_a_comparison_are_asked_for(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule r]\non = exec\naction = alert\nuser.name|fieldref = process.title\n");

	assert_int_equal(needs_of(p, "", 0), HAVE_USER | HAVE_COMM);
	assert_int_equal(needs_of(p, "user.name=x", 0), HAVE_COMM);
	assert_int_equal(needs_of(p, "process.title=x", 0), HAVE_USER);
	assert_int_equal(needs_of(p, "user.name=x", HAVE_COMM), 0);
	assert_int_equal(needs_of(p, "", HAVE_COMM), 0);	/* one side that is not there settles it */
	policy_close(p);
}

/* ---- Verdicts ---- */

struct verdict_row {
	enum mode agent;
	enum decision standard;
	const char *event;
	enum decision decision, would;
	enum settled settled;
	const char *decider;
	enum mode mode;
	unsigned actions, would_actions;
};

static void
deny_goes_before_allow_and_allow_before_the_default(void **state)
{
	(void)state;
	static const char text[] =
	    "[rule allow]\non = exec\naction = allow\nprocess.name = allow, both, all\n"
	    "[rule deny]\non = exec\naction = deny, alert\nprocess.name = deny, both, all\nseverity = high\n"
	    "[rule deny2]\non = exec\naction = deny, log\nprocess.name = deny, all\nseverity = high\n"
	    "[rule tell]\non = exec\naction = alert\nprocess.name = tell, all\nseverity = critical\n"
	    "[rule trial]\non = exec\naction = deny, kill\nprocess.name = trial, trial-allow, all\nmode = monitor\nseverity = critical\n"
	    "[rule trial-allow]\non = exec\naction = allow\nprocess.name = trial-allow\n";
#define E MODE_ENFORCE
#define M MODE_MONITOR
#define YES DECISION_ALLOW
#define NO DECISION_DENY
#define DAL (ACTION_DENY | ACTION_ALERT | ACTION_LOG)
#define DA (ACTION_DENY | ACTION_ALERT)
#define DK (ACTION_DENY | ACTION_KILL)
	static const struct verdict_row table[] = {
		{ E, YES, "none", YES, YES, SETTLED_DEFAULT, "nobody", E, 0, 0 },
		{ E, NO, "none", NO, NO, SETTLED_DEFAULT, "nobody", E, 0, 0 },
		{ M, NO, "none", YES, NO, SETTLED_DEFAULT, "nobody", M, 0, 0 },
		{ E, YES, "allow", YES, YES, SETTLED_RULE, "allow", E, ACTION_ALLOW, 0 },
		{ E, NO, "allow", YES, YES, SETTLED_RULE, "allow", E, ACTION_ALLOW, 0 },
		{ E, YES, "deny", NO, NO, SETTLED_RULE, "deny", E, DAL, 0 },
		{ M, YES, "deny", YES, NO, SETTLED_RULE, "deny", M, 0, DAL },
		{ E, YES, "both", NO, NO, SETTLED_RULE, "deny", E, DA | ACTION_ALLOW, 0 },
		{ M, NO, "both", YES, NO, SETTLED_RULE, "deny", M, 0, DA | ACTION_ALLOW },
		{ E, YES, "tell", YES, YES, SETTLED_DEFAULT, "nobody", E, ACTION_ALERT, 0 },
		{ E, NO, "tell", NO, NO, SETTLED_DEFAULT, "nobody", E, ACTION_ALERT, 0 },
		/* A rule on trial says what it would do, and does nothing. */
		{ E, YES, "trial", YES, NO, SETTLED_RULE, "trial", M, 0, DK },
		{ E, NO, "trial", NO, NO, SETTLED_DEFAULT, "nobody", E, 0, DK },
		{ E, NO, "trial-allow", YES, NO, SETTLED_RULE, "trial", M, ACTION_ALLOW, DK },
		/* Of those that enforce, the gravest; of these, the first by name. */
		{ E, YES, "all", NO, NO, SETTLED_RULE, "deny", E, DAL | ACTION_ALLOW, DK },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		const struct verdict_row *r = &table[i];
		struct policy_sources sources = { .mode = r->agent, .exec_default = r->standard };
		struct faults faults = { 0 };
		char fields[100];
		struct verdict v;
		const struct policy *p = compile_for(&sources, text, &faults);
		assert_non_null(p);
		snprintf(fields, sizeof(fields), "process.executable=/x/%s", r->event);
		judge(p, event(EVENT_EXEC, fields), &v);
		if (v.decision != r->decision || v.would != r->would || v.settled != r->settled || v.mode != r->mode || v.actions != r->actions ||
		    v.would_actions != r->would_actions || strcmp(rule_name(p, v.decider), r->decider) != 0)
			fail_msg("row %zu (%s): decision %u, would %u, settled %u, mode %u, actions %x, would %x, by %s", i, r->event, v.decision, v.would,
			    v.settled, v.mode, v.actions, v.would_actions, rule_name(p, v.decider));
		assert_int_equal(v.needs, 0);
		policy_close(p);
	}
#undef E
#undef M
#undef YES
#undef NO
#undef DAL
#undef DA
#undef DK
}

static void
each_class_of_events_has_its_default(void **state)
{
	(void)state;
	struct policy_sources sources = { .mode = MODE_ENFORCE, .exec_default = DECISION_DENY, .open_default = DECISION_ALLOW };
	struct faults faults = { 0 };

	for (int turn = 0; turn < 2; turn++) {
		const struct policy *p = compile_for(&sources, "[policy]\n", &faults);
		assert_non_null(p);
		for (int k = 0; k < EVENT__MAX; k++) {
			struct verdict v;
			judge(p, event((enum event_kind)k, ""), &v);
			bool open = k == EVENT_OPEN || k == EVENT_WRITE || k == EVENT_LOAD;
			enum decision want = k == EVENT_EXEC ? sources.exec_default : open ? sources.open_default : DECISION_ALLOW;
			assert_int_equal(v.decision, want);
			assert_int_equal(v.settled, SETTLED_DEFAULT);
		}
		policy_close(p);
		sources.exec_default = DECISION_ALLOW;
		sources.open_default = DECISION_DENY;
	}
}

static void
an_open_for_writing_is_also_an_open(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule opened]\non = open\naction = alert\nfile.path = /x\n"
	    "[rule written]\non = write\naction = alert\nfile.path = /x\n"
	    "[rule run]\non = exec\naction = alert\nfile.path = /x\n");
	struct verdict v;

	judge(p, event(EVENT_OPEN, "file.path=/x"), &v);
	assert_int_equal(v.matches, 1);
	assert_string_equal(rule_name(p, v.matched[0]), "opened");
	judge(p, event(EVENT_WRITE, "file.path=/x"), &v);
	assert_int_equal(v.matches, 2);
	judge(p, event(EVENT_EXEC, "file.path=/x"), &v);
	assert_int_equal(v.matches, 1);
	judge(p, event(EVENT_CONNECT, "file.path=/x"), &v);
	assert_int_equal(v.matches, 0);
	assert_true(policy_kinds(p) == (1ull << EVENT_OPEN | 1ull << EVENT_WRITE | 1ull << EVENT_EXEC));
	policy_close(p);
}

static void
the_weakest_of_three_modes_is_in_force(void **state)
{
	(void)state;
	static const char *const modes[] = { "", "mode = monitor\n", "mode = enforce\n" };

	for (int agent = 0; agent < 2; agent++) {
		for (size_t i = 0; i < 3 * 3 * 2; i++) {
			const char *of_file = modes[i % 3], *of_rule = modes[i / 3 % 3];
			bool behind = i / 9;			/* [policy] stands behind its rules */
			char text[300];
			struct policy_sources sources = { .mode = agent ? MODE_ENFORCE : MODE_MONITOR };
			struct faults faults = { 0 };
			struct verdict v;
			struct rule_info info;
			snprintf(text, sizeof(text), "%s%s[rule r]\non = exec\naction = deny\nprocess.name = x\n%s%s%s", behind ? "" : "[policy]\n",
			    behind ? "" : of_file, of_rule, behind ? "[policy]\n" : "", behind ? of_file : "");
			const struct policy *p = compile_for(&sources, text, &faults);
			assert_non_null(p);
			bool enforces = agent && !strstr(text, "monitor");
			policy_rule(p, 0, &info);
			assert_int_equal(info.mode, enforces ? MODE_ENFORCE : MODE_MONITOR);
			judge(p, event(EVENT_EXEC, "process.executable=/x"), &v);
			assert_int_equal(v.decision, enforces ? DECISION_DENY : DECISION_ALLOW);
			assert_int_equal(v.would, DECISION_DENY);
			assert_int_equal(policy_mode(p), sources.mode);
			policy_close(p);
		}
	}
}

static void
an_exception_covers_the_rules_that_it_names(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule a-one]\non = exec\naction = deny\nprocess.name = x\n"
	    "[rule a-two]\non = exec\naction = kill\nprocess.name = x\n"
	    "[rule b]\non = exec\naction = alert\nprocess.name = x\n"
	    "[exception one]\nrules = a-one, b\nreason = first\nuser.id = 1\n[exception all-a]\nrules = a-*\nreason = second\nuser.id = 2\n"
	    "[exception any]\nrules = *\nreason = third\nuser.id = 3\n");
	static const struct { const char *event; unsigned actions; const char *exception; enum decision decision; } table[] = {
		{ "process.executable=/x", ACTION_DENY | ACTION_KILL | ACTION_ALERT, "none", DECISION_DENY },
		{ "process.executable=/x user.id=0", ACTION_DENY | ACTION_KILL | ACTION_ALERT, "none", DECISION_DENY },
		{ "process.executable=/x user.id=1", ACTION_KILL, "one", DECISION_ALLOW },
		{ "process.executable=/x user.id=2", ACTION_ALERT, "all-a", DECISION_ALLOW },
		{ "process.executable=/x user.id=3", 0, "any", DECISION_ALLOW },
		{ "process.executable=/y user.id=3", 0, "none", DECISION_ALLOW },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct verdict v;
		judge(p, event(EVENT_EXEC, table[i].event), &v);
		assert_int_equal(v.actions, table[i].actions);
		assert_int_equal(v.decision, table[i].decision);
		assert_string_equal(exception_name(p, &v), table[i].exception);
	}
	policy_close(p);
}

static void
an_exception_is_void_from_its_instant_on(void **state)
{
	(void)state;
	static const struct { const char *expires; uint64_t ns; } table[] = {
		{ "2027-03-31", 1806451200000000000ull }, { "2027-03-31T00:00:00Z", 1806451200000000000ull },
		{ "2027-03-31T23:59:59Z", 1806537599000000000ull }, { "2028-02-29", 1835395200000000000ull },
		{ "1970-01-02", 86400000000000ull }, { "2299-12-31T23:59:59Z", 10413791999000000000ull },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		char text[300];
		struct verdict v;
		snprintf(text, sizeof(text), "[rule r]\non = exec\naction = deny\nuser.id = 0\n[exception x]\nrules = r\nreason = y\nuser.id = 0\n"
		    "expires = %s\n", table[i].expires);
		const struct policy *p = compile(text);
		struct event *ev = event(EVENT_EXEC, "user.id=0");
		ev->wall_ns = table[i].ns - 1;
		judge(p, ev, &v);
		assert_int_equal(v.decision, DECISION_ALLOW);
		assert_string_equal(exception_name(p, &v), "x");
		ev->wall_ns = table[i].ns;
		judge(p, ev, &v);
		assert_int_equal(v.decision, DECISION_DENY);
		assert_int_equal(v.exception, -1);
		policy_close(p);
	}
	/* Without a date it stays. */
	const struct policy *p = compile("[rule r]\non = exec\naction = deny\nuser.id = 0\n[exception x]\nrules = r\nreason = y\nuser.id = 0\n");
	struct event *ev = event(EVENT_EXEC, "user.id=0");
	struct verdict v;
	ev->wall_ns = UINT64_MAX;
	judge(p, ev, &v);
	assert_int_equal(v.decision, DECISION_ALLOW);
	policy_close(p);
}

static void
an_exception_does_not_rest_on_a_list_that_was_cut(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule r]\non = exec\naction = deny\nuser.id = 0\n"
	    "[exception x]\nrules = r\nreason = y\nuser.id = 0\nnot process.args = --evil\n");
	struct event *ev = event(EVENT_EXEC, "user.id=0 process.args=a");
	struct verdict v;

	judge(p, ev, &v);
	assert_int_equal(v.decision, DECISION_ALLOW);
	ev->flags |= FLAG_ARGS_CUT;
	judge(p, ev, &v);
	assert_int_equal(v.decision, DECISION_DENY);
	assert_int_equal(v.needs, 0);		/* nothing can be found out any more */
	policy_close(p);
}

static void
more_matches_than_a_verdict_holds_are_said_to_be_cut(void **state)
{
	(void)state;
	char text[4096] = "";
	size_t at = 0;

	for (int i = 0; i <= VERDICT_MATCHED_MAX; i++) {
		struct verdict v;
		at += (size_t)snprintf(text + at, sizeof(text) - at, "[rule r%02d]\non = exec\naction = %s\nuser.id = 0\nseverity = %s\n", i,
		    i == VERDICT_MATCHED_MAX ? "deny" : "log", i == VERDICT_MATCHED_MAX ? "critical" : "info");
		const struct policy *p = compile(text);
		judge(p, event(EVENT_EXEC, "user.id=0"), &v);
		bool over = i == VERDICT_MATCHED_MAX;
		assert_int_equal(v.matches, over ? VERDICT_MATCHED_MAX : i + 1);
		assert_int_equal(v.cut, over);
		/* What finds no room in the list counts all the same. */
		assert_int_equal(v.decision, over ? DECISION_DENY : DECISION_ALLOW);
		assert_int_equal(v.severity, over ? SEVERITY_CRITICAL : SEVERITY_INFO);
		assert_string_equal(rule_name(p, v.decider), over ? "r16" : "nobody");
		policy_close(p);
	}
}

static void
a_verdict_is_put_into_words(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule a]\non = exec\naction = alert\nuser.id = 0\nseverity = low\n"
	    "[rule b]\non = exec\naction = deny\nuser.id = 0\nprocess.title = x\ndescription = what\nmessage = why\n"
	    "threat.technique.id = T1\nseverity = high\n"
	    "[rule c]\non = exec\naction = deny\nuser.id = 0\nseverity = critical\n"
	    "[exception e]\nrules = c\nreason = y\nuser.id = 0\n");
	static struct report r;
	static const struct { const char *event, *rule, *matched; enum decision decision; } table[] = {
		{ "user.id=0 process.title=x", "b", "a\0b", DECISION_DENY }, { "user.id=0", "a", "a", DECISION_ALLOW },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct verdict v;
		size_t len;
		memset(&r, 0, sizeof(r));
		r.event = *event(EVENT_EXEC, table[i].event);
		judge(p, &r.event, &v);
		judge_report(p, &v, &r);
		assert_int_equal(r.decision, table[i].decision);
		assert_int_equal(r.would, v.would);
		assert_int_equal(r.mode, v.mode);
		assert_int_equal(r.settled, v.settled);
		assert_int_equal(r.severity, v.severity);
		assert_int_equal(r.actions, v.actions);
		assert_memory_equal(event_text(&r.event, TEXT_RULE, &len), table[i].rule, 1);
		assert_memory_equal(event_text(&r.event, TEXT_RULESET, &len), "t", 1);
		assert_int_equal(len, 1);
		assert_memory_equal(event_text(&r.event, TEXT_EXCEPTION, &len), "e", 1);
		assert_memory_equal(event_text(&r.event, TEXT_MATCHED, &len), table[i].matched, i ? 1 : 3);
		assert_int_equal(len, i ? 1 : 3);
		event_text(&r.event, TEXT_RULE_DESCRIPTION, &len);
		assert_int_equal(len, i ? 0 : 4);
		event_text(&r.event, TEXT_TECHNIQUE, &len);
		assert_int_equal(len, i ? 0 : 2);
		/* A report is sent as it is. */
		static struct report copy;
		assert_int_equal(report_from_wire(&copy, &r, report_wire_size(&r)), 0);
	}
	policy_close(p);
}

struct trace { unsigned conditions, rules, exceptions; enum truth rule; const char *last; };

static void
count_step(void *arg, const struct judge_step *s)
{
	struct trace *t = arg;

	if (s->key) {
		assert_true(s->group && s->values && s->line > 0);
		t->conditions++;
		t->last = s->values;
	} else if (s->exception) {
		t->exceptions++;
	} else {
		t->rules++;
		t->rule = s->truth;
	}
}

static void
an_explanation_tells_every_step_and_the_same_verdict(void **state)
{
	(void)state;
	char text[1000], value[300];
	struct trace t = { 0 };
	struct verdict v, w;

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	snprintf(text, sizeof(text), "[rule r]\non = exec\naction = deny\nuser.id = 0\nprocess.args = x\nfilter/process.title = y\n"
	    "[exception e]\nrules = r\nreason = z\nuser.id = 0\nprocess.title = %s\n"
	    "[rule other]\non = open\naction = log\nfile.path = /x\n", value);
	const struct policy *p = compile(text);
	const struct event *ev = event(EVENT_EXEC, "user.id=0 process.args=x");
	judge(p, ev, &v);
	judge_explain(p, ev, &w, count_step, &t);
	assert_memory_equal(&v, &w, sizeof(v));
	assert_int_equal(t.conditions, 5);
	assert_int_equal(t.rules, 1);		/* only those that the kind asks */
	assert_int_equal(t.exceptions, 1);
	assert_int_equal(t.rule, TRUTH_TRUE);
	assert_int_equal(strlen(t.last), 200);	/* as written, and what is long by its beginning */
	assert_string_equal(t.last + 197, "...");
	/* A rule that fails at its first condition is told whole too, and asks for no more. */
	static struct event unknown;
	event_init(&unknown, EVENT_EXEC, SENSOR_NOBODY);
	give(&unknown, "user.id=1");
	t = (struct trace){ 0 };
	judge(p, &unknown, &v);
	judge_explain(p, &unknown, &w, count_step, &t);
	assert_memory_equal(&v, &w, sizeof(v));
	assert_int_equal(t.conditions, 3);
	assert_int_equal(t.rule, TRUTH_FALSE);
	assert_int_equal(v.needs, 0);
	policy_close(p);
}

/* ---- Order ---- */

static uint32_t
roll(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static const char *const sections[] = {
	"[rule a]\non = exec\naction = deny\nuser.id = 0, 1\nprocess.name = @shells\nseverity = high\n",
	"[rule b]\non = exec, open\naction = deny, alert\nuser.id = 1, 2\nseverity = high\n",
	"[rule c]\non = exec\naction = allow\nuser.id = 2, 3\n",
	"[rule d]\non = open\naction = kill, log\nfile.path = /x/**\nmode = monitor\nseverity = critical\n",
	"[rule e]\non = exec\naction = alert\ns/user.id = 0\nt/process.args = @words\ncondition = 1 of them\nseverity = low\n",
	"[rule f]\non = exec\naction = deny\nprocess.args|all = @words\nmode = monitor\n",
	"[exception x]\nrules = a\nreason = r\nuser.id = 1\nprocess.args = a\n",
	"[exception y]\nrules = a, b*\nreason = r\nuser.id = 1\n",
	"[exception w]\nrules = *\nreason = r\nuser.id = 4\nexpires = 2030-01-01\n",
	"[list shells]\nvalues = sh, @more\n", "[list more]\nvalues = z*\n", "[list words]\nvalues = a, b, a\n",
};

static const struct policy *
compile_shuffled(uint32_t *seed)
{
	size_t order[COUNT(sections)];
	char text[4096];
	size_t at = 0;

	for (size_t i = 0; i < COUNT(sections); i++) {
		size_t j = roll(seed) % (i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	for (size_t i = 0; i < COUNT(sections); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s", sections[order[i]]);
	return compile(text);
}

/* The same sections, one a file, under names whose order is another. */
static const struct policy *
compile_files(uint32_t *seed)
{
	char dir[] = "/tmp/yett-judge-XXXXXX", path[128];
	struct policy_sources sources = compile_enforcing;
	struct faults faults = { 0 };
	const struct policy *p = NULL;
	unsigned first = roll(seed) % 90;

	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < COUNT(sections); i++) {
		snprintf(path, sizeof(path), "%s/%02zu-%zu.ini", dir, (i * 7 + first) % 90, i);
		FILE *f = fopen(path, "we");
		assert_non_null(f);
		assert_true(fputs(sections[i], f) >= 0);
		assert_int_equal(fclose(f), 0);
	}
	sources.policies = dir;
	int fd = policy_build(&sources, &faults);
	for (size_t i = 0; i < COUNT(sections); i++) {
		snprintf(path, sizeof(path), "%s/%02zu-%zu.ini", dir, (i * 7 + first) % 90, i);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(dir), 0);
	assert_true(fd >= 0);
	assert_int_equal(policy_open(fd, &p), 0);
	close(fd);
	return p;
}

#define EVENTS 200
static struct event *
random_event(uint32_t *seed)
{
	static const char *const args[] = { "a", "b", "a|b", "x|b|a", "x" };
	char fields[200];
	struct event *ev;

	snprintf(fields, sizeof(fields), "user.id=%u process.executable=/bin/%s process.args=%s file.path=/%s", roll(seed) % 5,
	    roll(seed) % 2 ? "sh" : roll(seed) % 2 ? "zsh" : "id", args[roll(seed) % COUNT(args)], roll(seed) % 2 ? "x/y" : "y");
	ev = event(roll(seed) % 3 ? EVENT_EXEC : EVENT_WRITE, fields);
	ev->wall_ns = roll(seed) % 2 ? 1 : UINT64_MAX;
	if (roll(seed) % 3 == 0)
		ev->flags |= FLAG_ARGS_CUT;
	if (roll(seed) % 3 == 0)
		ev->have &= ~(uint32_t)HAVE_ARGS, ev->tried &= ~(uint32_t)HAVE_ARGS;
	return ev;
}

static void
no_order_of_sections_or_files_changes_a_verdict(void **state)
{
	(void)state;
	static struct verdict wanted[EVENTS];
	uint32_t seed = 1;
	unsigned denied = 0, asked = 0, covered = 0;

	for (int turn = 0; turn < 60; turn++) {
		const struct policy *p = turn % 4 == 3 ? compile_files(&seed) : compile_shuffled(&seed);
		uint32_t same = 77;
		for (int i = 0; i < EVENTS; i++) {
			struct verdict v;
			judge(p, random_event(&same), &v);
			if (turn == 0)
				wanted[i] = v;
			assert_memory_equal(&v, &wanted[i], sizeof(v));
			denied += v.decision == DECISION_DENY;
			asked += v.needs != 0;
			covered += v.exception >= 0;
		}
		policy_close(p);
	}
	assert_true(denied && asked && covered);	/* it was about something */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_of_a_policy_stands_for_its_values),
		cmocka_unit_test(logic_has_three_values_and_asks_for_no_more_than_it_hangs_on),
		cmocka_unit_test(without_an_expression_a_selection_holds_and_no_filter),
		cmocka_unit_test(a_rule_that_is_refuted_asks_for_nothing),
		cmocka_unit_test(a_hash_is_asked_for_last),
		cmocka_unit_test(all_of_a_content_is_asked_for_at_once),
		cmocka_unit_test(what_may_be_asked_of_a_file_is_known_before_anybody_asks),
		cmocka_unit_test(an_exception_is_asked_only_when_its_rule_matches),
		cmocka_unit_test(both_sides_of_a_comparison_are_asked_for),
		cmocka_unit_test(deny_goes_before_allow_and_allow_before_the_default),
		cmocka_unit_test(each_class_of_events_has_its_default),
		cmocka_unit_test(an_open_for_writing_is_also_an_open),
		cmocka_unit_test(the_weakest_of_three_modes_is_in_force),
		cmocka_unit_test(an_exception_covers_the_rules_that_it_names),
		cmocka_unit_test(an_exception_is_void_from_its_instant_on),
		cmocka_unit_test(an_exception_does_not_rest_on_a_list_that_was_cut),
		cmocka_unit_test(more_matches_than_a_verdict_holds_are_said_to_be_cut),
		cmocka_unit_test(a_verdict_is_put_into_words),
		cmocka_unit_test(an_explanation_tells_every_step_and_the_same_verdict),
		cmocka_unit_test(no_order_of_sections_or_files_changes_a_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
