/* What a compiled policy keeps of its texts, and the same policy in another mode. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "compile.h"
#include "policy/layout.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char text[] =
    "[policy]\ndescription = what\n"
    "[list used]\nvalues = /a, @inner,\n  \"/b, c\"\n  # not said\n  /d\n"
    "[list inner]\nvalues = /i\n[list idle]\nvalues = @inner\n"
    "[rule r]\non = open\nfile.path = @used\naction = deny\nseverity = low\n"
    "[exception x]\nrules = r\nuser.id = 0\nreason = why\n"
    "[test t]\non = open\nfile.path = /a\nexpect = deny r\n";

/* Every section in order; each as "kind name line used: text". */
static void
sections_are_kept_as_they_were_written(void **state)
{
	(void)state;
	static const struct { const char *kind, *name, *text; unsigned line, used; } want[] = {
		{ "policy", "t", "description = what\n", 1, 0 },
		{ "list", "used", "values = /a, @inner,\n\t\"/b, c\"\n\t/d\n", 3, 1 },
		{ "list", "inner", "values = /i\n", 8, 1 },
		{ "list", "idle", "values = @inner\n", 10, 0 },
		{ "rule", "r", "on = open\nfile.path = @used\naction = deny\nseverity = low\n", 12, 0 },
		{ "exception", "x", "rules = r\nuser.id = 0\nreason = why\n", 17, 0 },
	};
	const struct policy *p = compile(text);

	assert_int_equal(p->sections.n, COUNT(want));
	for (uint32_t i = 0; i < COUNT(want); i++) {
		const struct l_section *s = layout_sections(p) + i;
		assert_string_equal(layout_string(p, s->kind), want[i].kind);
		assert_string_equal(layout_string(p, s->name), want[i].name);
		assert_string_equal(layout_string(p, s->text), want[i].text);
		assert_string_equal(layout_string(p, s->file), "t.ini");
		assert_int_equal(s->line, want[i].line);
		assert_int_equal(s->used, want[i].used);
	}
	assert_string_equal(layout_string(p, layout_exceptions(p)->file), "t.ini");
	policy_close(p);
}

/* Modes of the rules of a text, by name, in a policy of AGENT that was then put into MODE. */
static const char moded[] =
    "[policy]\n[rule enforced]\non = exec\nuser.id = 0\naction = deny\n"
    "[rule tried]\non = exec\nuser.id = 0\nmode = monitor\naction = deny\n"
    "[rule said]\non = exec\nuser.id = 0\nmode = enforce\naction = deny\n";

static void
a_policy_in_another_mode_is_what_its_text_says_in_it(void **state)
{
	(void)state;
	for (int agent = MODE_MONITOR; agent <= MODE_ENFORCE; agent++) {
		for (int mode = MODE_MONITOR; mode <= MODE_ENFORCE; mode++) {
			struct policy_sources is = { .mode = (enum mode)agent }, want = { .mode = (enum mode)mode };
			struct faults faults = { 0 };
			const struct policy *old = compile_for(&is, moded, &faults), *fresh = compile_for(&want, moded, &faults), *p;
			CLEANUP_FD int fd = policy_in_mode(old, (enum mode)mode);
			assert_true(fd >= 0);
			assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
			assert_int_equal(policy_open(fd, &p), 0);
			assert_int_equal(p->size, fresh->size);
			assert_memory_equal(p, fresh, p->size);
			assert_int_equal(policy_mode(old), agent);
			policy_close(p);
			policy_close(old);
			policy_close(fresh);
		}
	}
}

static void
a_rule_asks_for_its_own_places(void **state)
{
	(void)state;
	const struct policy *p = compile("[policy]\n[rule a]\non = open\nfile.path = /x/**, /x/y\naction = log\n"
	    "[rule b]\non = write\nfile.path = /x/z\naction = log\n[rule c]\non = exec\nfile.path = /x\naction = log\n");
	const struct l_rule *r = layout_rules(p);

	assert_int_equal(p->places.n, 1);
	assert_int_equal(r[0].n_asks, 1);
	assert_string_equal(layout_string(p, layout_asks(p)[r[0].ask].path), "/x");
	assert_int_equal(layout_asks(p)[r[0].ask].kind, WATCH_TREE);
	assert_int_equal(r[1].n_asks, 1);
	assert_string_equal(layout_string(p, layout_asks(p)[r[1].ask].path), "/x/z");
	assert_int_equal(r[2].n_asks, 0);
	policy_close(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_are_kept_as_they_were_written),
		cmocka_unit_test(a_policy_in_another_mode_is_what_its_text_says_in_it),
		cmocka_unit_test(a_rule_asks_for_its_own_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
