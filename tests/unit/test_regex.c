#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "compile.h"
#include "given.h"
#include "policy/layout.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A policy of one rule with one expression, which is the first of its table. */
static const struct policy *
expression(const char *modifiers, const char *regex)
{
	char text[REGEX_TEXT_MAX + 200];

	snprintf(text, sizeof(text), "[rule r]\non = exec\naction = alert\nprocess.args|re%s = \"%s\"\n", modifiers, regex);
	return compile(text);
}

static enum regex_answer
find(const struct policy *p, const char *s, size_t len)
{
	uint32_t steps = REGEX_STEPS;

	return regex_match(policy_own(p)->regexes, 0, s, len, &steps);
}

static void
expressions_mean_what_they_mean_everywhere(void **state)
{
	(void)state;
	static const struct { const char *modifiers, *regex, *text; size_t len; enum regex_answer answer; } table[] = {
		{ "", "b", "abc", 3, REGEX_YES },
		{ "", "^b", "abc", 3, REGEX_NO },
		{ "", "^$", "", 0, REGEX_YES },
		{ "", "^a.c$", "a\nc", 3, REGEX_NO },
		{ "|s", "^a.c$", "a\nc", 3, REGEX_YES },
		{ "", "^b$", "a\nb\nc", 5, REGEX_NO },
		{ "|m", "^b$", "a\nb\nc", 5, REGEX_YES },
		{ "|m", "^b$", "a\rb\rc", 5, REGEX_NO },
		{ "", "ABC", "abc", 3, REGEX_NO },
		{ "|i", "ABC", "abc", 3, REGEX_YES },
		{ "|i", "ä", "Ä", 2, REGEX_NO },		/* letters are those of ASCII, as with nocase */
		{ "", "^.{2}$", "ä", 2, REGEX_YES },	/* bytes */
		{ "", "^\\xff\\x00x$", "\xff\0x", 3, REGEX_YES },
		{ "", "(?<w>\\w+) \\k<w>", "to the the end", 14, REGEX_YES },
		{ "", "a(?=b)(?!bc)", "abc abd", 7, REGEX_YES },
		{ "", "(?<!x)y", "xy", 2, REGEX_NO },
		{ "", "^(\\((?:[^()]|(?1))*\\))$", "(a(b)(c(d)))", 12, REGEX_YES },
		{ "", "\\bcat\\b", "concatenate", 11, REGEX_NO },
		{ "|i|s|m", "(?-i)A.B", "a\nb", 3, REGEX_NO },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		const struct policy *p = expression(table[i].modifiers, table[i].regex);
		if (find(p, table[i].text, table[i].len) != table[i].answer)
			fail_msg("row %zu: %s%s", i, table[i].regex, table[i].modifiers);
		policy_close(p);
	}
}

/* PART, again and again, then END, as long as an event can have it. */
static char *
hostile(const char *part, const char *end, size_t *len)
{
	size_t n = strlen(part), max = EVENT_ARGS_MAX - strlen(end) - n;
	char *s = malloc(EVENT_ARGS_MAX);

	assert_non_null(s);
	for (*len = 0; *len < max; *len += n)
		memcpy(s + *len, part, n);
	memcpy(s + *len, end, strlen(end));
	*len += strlen(end);
	return s;
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
no_text_makes_an_expression_take_long(void **state)
{
	(void)state;
	/* With the limits of PCRE2 alone, the sixth takes minutes. */
	static const struct { const char *regex, *part, *end; } table[] = {
		{ "^(a+)+$", "a", "b" },
		{ "(x+x+)+[yz]", "x", "" },
		{ "[ab]*[ab]*[cd]", "ab", "" },
		{ "(a|b)*[cd]", "ab", "" },
		{ "(?s)(.*)(.*)(.*)(.*)[QR]", "z", "" },
		{ "(?:(?:a?){50}){50}[bc]", "a", "" },
		{ "^(?:(.)(?=.*\\1$))+[01]$", "a", "" },
		{ "(?=((a|aa)+))\\1[bc]", "a", "" },
		{ "(?>(?:a|aa|aaa)*[xy]|a)*[bc]", "a", "" },
		{ "((a)|b(?R))+[bc]", "a", "" },
		{ "(\\w+\\s*)+[;|]", "word ", "" },
		{ "(.*?,){11}[PQ]", "1,", "" },
		{ "(?:(?<=a)|a)*?[bc]", "a", "" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		size_t len;
		CLEANUP_FREE char *text = hostile(table[i].part, table[i].end, &len);
		const struct policy *p = expression("", table[i].regex);
		double before = seconds();
		enum regex_answer answer = find(p, text, len);
		double took = seconds() - before;
		if (answer == REGEX_YES || took > 0.5)	/* a hundred times of what it is, for sanitisers and busy machines */
			fail_msg("%s: answer %d in %.3f s", table[i].regex, answer, took);
		/* And has not broken anything. */
		assert_int_equal(find(p, "-", 1), REGEX_NO);
		policy_close(p);
	}
}

static void
long_texts_that_nobody_made_on_purpose_are_looked_through(void **state)
{
	(void)state;
	static const struct { const char *regex, *part, *end; enum regex_answer answer; } table[] = {
		{ "(?s)^.*curl.*\\|\\s*(ba)?sh", "--option=value /usr/lib/x/y.so ", "curl http://x | sh", REGEX_YES },
		{ "(curl|wget)\\s+-", "--option=value /usr/lib/x/y.so ", "wget -q", REGEX_YES },
		{ "(?i)[a-z0-9+/]{40,}={0,2}", "LongerThanAWordButNotBase64 ", "", REGEX_NO },
		{ "\\s-(e|en|enc)\\s+[A-Za-z0-9]+$", " -o /tmp/file.o -c /src/file.c", "", REGEX_NO },
		{ "https?://\\d{1,3}(\\.\\d{1,3}){3}", "see http://example.org/x/y and ", "http://10.0.0.1/", REGEX_YES },
		{ "^(\\S+\\s){2,}--[^;]*;", "argument ", "", REGEX_NO },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		size_t len;
		CLEANUP_FREE char *text = hostile(table[i].part, table[i].end, &len);
		const struct policy *p = expression("", table[i].regex);
		enum regex_answer answer = find(p, text, len);
		if (answer != table[i].answer)
			fail_msg("%s: answer %d", table[i].regex, answer);
		policy_close(p);
	}
}

static void
all_texts_of_a_condition_share_its_steps(void **state)
{
	(void)state;
	const struct policy *p = expression("", "^(a+)+$");
	uint32_t steps = REGEX_STEPS, before;
	enum regex_answer answer;

	do {
		before = steps;
		answer = regex_match(policy_own(p)->regexes, 0, "aaaaaaaab", 9, &steps);
		assert_true(answer != REGEX_YES && (steps < before || answer == REGEX_TOO_HARD));
	} while (answer == REGEX_NO);
	assert_int_equal(steps, 0);
	assert_int_equal(regex_match(policy_own(p)->regexes, 0, "ab", 2, &steps), REGEX_TOO_HARD);
	policy_close(p);
	/* What needs no step is answered all the same. */
	p = expression("", "needle");
	assert_int_equal(regex_match(policy_own(p)->regexes, 0, "hay", 3, &steps), REGEX_NO);
	policy_close(p);
}

static void
a_too_hard_text_names_its_rule_in_the_verdict(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule a]\non = exec\naction = alert\nuser.id = 1\n"
	    "[rule b]\non = exec\naction = deny\nprocess.args|re = ^(a+)+$\n"
	    "[rule c]\non = exec\naction = allow\nprocess.executable = /bin/x\nprocess.args|re = ^(a+)+$\n");
	struct event *ev = event(EVENT_EXEC, "process.executable=/bin/x process.args=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
	struct verdict v;

	ev->tried = HAVE_ALL;
	judge(p, ev, &v);
	assert_int_equal(v.decision, DECISION_DENY);
	assert_int_equal(v.matches, 1);
	assert_int_equal(v.matched[0], 1);
	assert_int_equal(v.too_hard, 2);
	assert_int_equal(v.needs, 0);
	/* It is not remembered as always allowed. */
	assert_false(judge_always_allows(p, ev, VIEW_OBJECT));
	ev = event(EVENT_EXEC, "process.executable=/bin/x process.args=aaa");
	ev->tried = HAVE_ALL;
	judge(p, ev, &v);
	assert_int_equal(v.too_hard, 0);
	policy_close(p);
}

static void
nothing_is_allocated_while_judging(void **state)
{
	(void)state;
	const struct policy *p = expression("|i", "(a|b)*[cd]");
	size_t len;
	CLEANUP_FREE char *text = hostile("ab", "", &len);
	struct mallinfo2 before = mallinfo2();

	for (size_t n = 1; n < len; n += 101)
		find(p, text, n);
	struct mallinfo2 after = mallinfo2();
	assert_int_equal(before.uordblks, after.uordblks);
	assert_int_equal(before.hblkhd, after.hblkhd);
	policy_close(p);
}

/* So many rules, each with an expression of its own. */
static char *
rules(unsigned n)
{
	char *text = calloc(n, 96);
	size_t at = 0;

	assert_non_null(text);
	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, 96, "[rule r%u]\non = exec\naction = alert\nprocess.args|re = ^x%u(a|b){3}[^z]+(?<n>c)$\n", i, i);
	return text;
}

static void
there_may_be_4096_of_them(void **state)
{
	(void)state;
	struct faults faults = { 0 };
	const struct policy *p, *other;
	CLEANUP_FREE char *text = rules(REGEXES_MAX + 1);
	char *last = strstr(text, "[rule r4096]");

	*last = '\0';
	p = compile(text);
	for (uint32_t i = 0; i < REGEXES_MAX; i += 97) {
		char s[32];
		uint32_t steps = REGEX_STEPS;
		snprintf(s, sizeof(s), "x%uaba-c", i);
		assert_int_equal(regex_match(policy_own(p)->regexes, i, s, strlen(s), &steps), REGEX_YES);
		assert_int_equal(regex_match(policy_own(p)->regexes, (i + 1) % REGEXES_MAX, s, strlen(s), &steps), REGEX_NO);
	}
	/* Another process, another mode: it has its own. */
	CLEANUP_FD int fd = policy_in_mode(p, MODE_MONITOR);
	assert_int_equal(policy_open(fd, &other), 0);
	assert_int_equal(find(other, "x0aaa-c", 7), REGEX_YES);
	policy_close(p);
	assert_int_equal(find(other, "x0aaa-c", 7), REGEX_YES);
	policy_close(other);
	*last = '[';
	assert_null(compile_for(&compile_enforcing, text, &faults));
	assert_non_null(strstr(faults.fault[0].why, "4097 regular expressions"));
}

static void
the_same_expression_is_compiled_once(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule a]\non = exec\naction = alert\nprocess.args|re = ^x$, ^y$\nprocess.parent.args|re|i = ^x$\n"
	    "[rule b]\non = exec\naction = alert\nprocess.command_line|re = ^y$, ^x$\n");

	assert_int_equal(p->regexes.n, 3);
	policy_close(p);
}

static void
they_are_looked_at_last(void **state)
{
	(void)state;
	const struct policy *p = compile("[rule a]\non = exec\naction = alert\nprocess.title|re = x\nfile.hash.sha256|exists = true\n"
	    "process.args|contains = x\nuser.id = 0\n");
	const struct l_group *g = layout_groups(p) + layout_rules(p)[0].logic.group;

	assert_int_equal(g->n_conditions, 4);
	assert_int_equal(layout_conditions(p)[g->condition].field, FIELD_USER_ID);
	assert_int_equal(layout_conditions(p)[g->condition + 3].field, FIELD_PROCESS_TITLE);
	policy_close(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_mean_what_they_mean_everywhere),
		cmocka_unit_test(no_text_makes_an_expression_take_long),
		cmocka_unit_test(long_texts_that_nobody_made_on_purpose_are_looked_through),
		cmocka_unit_test(all_texts_of_a_condition_share_its_steps),
		cmocka_unit_test(a_too_hard_text_names_its_rule_in_the_verdict),
		cmocka_unit_test(nothing_is_allocated_while_judging),
		cmocka_unit_test(there_may_be_4096_of_them),
		cmocka_unit_test(the_same_expression_is_compiled_once),
		cmocka_unit_test(they_are_looked_at_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
