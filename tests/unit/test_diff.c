/* What differs between two policies, as their texts say it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "compile.h"
#include "policy/diff.h"
#include "policy/layout.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char heard[4096];

/* "~ rule r:2 action: 'log' -> 'alert'" a line. */
static void
hear(void *arg, const struct difference *d)
{
	static const char *const signs[] = { [DIFFERENCE_ADDED] = "+", [DIFFERENCE_REMOVED] = "-", [DIFFERENCE_CHANGED] = "~" };
	size_t n = strlen(heard);

	(void)arg;
	n += (size_t)snprintf(heard + n, sizeof(heard) - n, "%s %s %s:%d", signs[d->how], d->section, d->name, d->line);
	if (d->how == DIFFERENCE_CHANGED)
		n += (size_t)snprintf(heard + n, sizeof(heard) - n, " %.*s: '%.*s' -> '%.*s'", (int)d->key.len, d->key.at,
		    (int)d->old.len, d->old.at ? d->old.at : "", (int)d->new.len, d->new.at ? d->new.at : "");
	snprintf(heard + n, sizeof(heard) - n, "\n");
}

static const char *
differences(const struct policy *old, const struct policy *new)
{
	heard[0] = '\0';
	assert_int_equal(policy_diff(old, new, hear, NULL), 0);
	return heard;
}

#define RULE(name, rest)	"[rule " name "]\non = exec\nuser.id = 0\n" rest
#define LOG(name)		RULE(name, "action = log\n")

static void
what_was_added_removed_and_changed_is_told(void **state)
{
	(void)state;
	static const struct { const char *old, *new, *told; } table[] = {
		{ "[policy]\n" LOG("a"), "[policy]\n" LOG("a"), "" },
		/* Where a section stands, and what is only told to readers of the file, is no difference. */
		{ "[policy]\n" LOG("a") LOG("b"), "[policy]\n# new\n" LOG("b") "\n" LOG("a"), "" },
		{ "[policy]\n" LOG("a"), "[policy]\n[rule a]\naction = log\nuser.id = 0\non = exec\n", "" },
		{ "[policy]\n" LOG("a"), "[policy]\n" LOG("a") LOG("b"), "+ rule b:6\n" },
		{ "[policy]\n" LOG("a") LOG("b"), "[policy]\n" LOG("b"), "- rule a:2\n" },
		{ "[policy]\n" LOG("a"), "[policy]\n\n" RULE("a", "action = alert\n"), "~ rule a:3 action: 'log' -> 'alert'\n" },
		{ "[policy]\n" LOG("a"), "[policy]\n" RULE("a", "action = log\nseverity = high\n"), "~ rule a:2 severity: '' -> 'high'\n" },
		{ "[policy]\n" RULE("a", "action = log\nseverity = high\n"), "[policy]\n" LOG("a"), "~ rule a:2 severity: 'high' -> ''\n" },
		{ "[policy]\n" RULE("a", "action = log\nnot group.id = 5\n"), "[policy]\n" RULE("a", "action = log\ngroup.id = 5\n"),
		    "~ rule a:2 group.id: '' -> '5'\n~ rule a:2 not group.id: '5' -> ''\n" },
		{ "[policy]\n[list l]\nvalues = 1,\n  2\n" LOG("a"), "[policy]\n[list l]\nvalues = 1,\n  3\n" LOG("a"),
		    "~ list l:2 values: '1,\n\t2' -> '1,\n\t3'\n" },
		{ "[policy]\nmode = monitor\n" LOG("a"), "[policy]\n" LOG("a"), "~ policy t:1 mode: 'monitor' -> ''\n" },
		{ "[policy]\n" LOG("a") "[exception x]\nrules = a\nreason = y\ngroup.id = 1\n",
		    "[policy]\n" LOG("a") "[exception x]\nrules = a\nreason = y\ngroup.id = 1\nexpires = 2030-01-01\n",
		    "~ exception x:6 expires: '' -> '2030-01-01'\n" },
		/* A rule and a list of one name are two things. */
		{ "[policy]\n" LOG("a"), "[policy]\n" LOG("a") "[list a]\nvalues = 1\n", "+ list a:6\n" },
		/* Tests change nothing that is in force. */
		{ "[policy]\n" LOG("a"), "[policy]\n" LOG("a") "[test t]\non = exec\nuser.id = 1\nexpect = allow\n", "" },
		{ "[policy]\n" LOG("a"), "[policy]\n" LOG("a") "[correlation c]\ntype = event_count\nrules = a\ntimespan = 1m\ngroup-by = user.id\n"
		    "condition = gte: 3\naction = alert\n", "+ correlation c:6\n" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		const struct policy *old = compile(table[i].old), *new = compile(table[i].new);
		assert_string_equal(differences(old, new), table[i].told);
		policy_close(old);
		policy_close(new);
	}
}

static void
modes_and_defaults_are_told(void **state)
{
	(void)state;
	static const char text[] = "[policy]\n" RULE("a", "action = deny\n");
	struct policy_sources strict = { .mode = MODE_MONITOR, .exec_default = DECISION_DENY, .open_default = DECISION_ALLOW };
	struct faults faults = { 0 };
	const struct policy *old = compile(text), *new = compile_for(&strict, text, &faults);

	/* Modes of rules that follow from it are not. */
	assert_string_equal(differences(old, new), "~ agent :0 mode: 'enforce' -> 'monitor'\n~ gate :0 exec_default: 'allow' -> 'deny'\n");
	policy_close(old);
	policy_close(new);
}

/* A block that somebody else made may hold any text. */
static void
odd_texts_are_read_to_their_end(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "\n", "x", " = ", " = \n", "a = b\n\t", "a = b\n\tc", "\n\n = \n", "a\n = b\n", "a = b" };
	const struct policy *p = compile("[policy]\n" LOG("a"));

	for (size_t i = 0; i < COUNT(texts); i++) {
		CLEANUP_FREE char *copy = malloc(p->size);
		assert_non_null(copy);
		memcpy(copy, p, p->size);
		const struct policy *odd = (const struct policy *)(const void *)copy;
		char *at = copy + odd->strings.off + (layout_sections(odd) + 1)->text;
		memset(at, '\0', strlen(at));
		memcpy(at, texts[i], strlen(texts[i]));
		assert_true(layout_check(odd, odd->size));
		differences(p, odd);
		differences(odd, p);
		differences(odd, odd);
		assert_string_equal(heard, "");
	}
	policy_close(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_removed_and_changed_is_told),
		cmocka_unit_test(modes_and_defaults_are_told),
		cmocka_unit_test(odd_texts_are_read_to_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
