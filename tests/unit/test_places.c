#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "compile.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define OPEN	"[rule r]\non = open\naction = deny\n"

static int
by_writing(const void *a, const void *b)
{
	return strcmp(a, b);
}

static unsigned
event_of(const char *letter)
{
	static const char letters[] = "ocrdmlsw";	/* opens, create, rename, delete, chmod, load, script, modify */

	return 1u << (strchr(letters, *letter) - letters);
}

/*
 * In order of their writing: a file is its path, a directory ends with a slash, a tree with two stars, and a star alone is everything.
 * EVENTS: "ocd:" before each, as event_of() reads them.
 */
static void
write_places(const struct policy *p, bool events, char *out, size_t n)
{
	char one[8][600];
	unsigned count = policy_places(p);
	size_t at = 0;

	assert_true(count <= COUNT(one));
	for (unsigned i = 0; i < count; i++) {
		struct watch_place w;
		char letters[9] = "";
		size_t k = 0;
		policy_place(p, i, &w);
		const char *kind = w.kind == WATCH_FILE ? "" : w.kind == WATCH_DIRECTORY ? "/" : w.kind == WATCH_TREE ? "/**" : "*";
		for (const char *letter = "ocrdmlsw"; *letter && events; letter++)
			if (w.events & event_of(letter))
				letters[k++] = *letter;
		snprintf(one[i], sizeof(one[i]), "%s%s%s%s", letters, events ? ":" : "", w.path, kind);
	}
	qsort(one, count, sizeof(one[0]), by_writing);
	out[0] = '\0';
	for (unsigned i = 0; i < count; i++)
		at += (size_t)snprintf(out + at, n - at, "%s%s", i ? " " : "", one[i]);
}

struct row { const char *text, *places; };

static void
check_row(const struct row *r, const struct policy_sources *sources, bool events)
{
	struct faults faults = { 0 };
	const struct policy *p = compile_for(sources, r->text, &faults);
	char out[8192];

	if (!p)
		fail_msg("%s\n%s", r->text, faults.fault[0].why);
	write_places(p, events, out, sizeof(out));
	policy_close(p);
	if (strcmp(out, r->places) != 0)
		fail_msg("%s\nwatches '%s', not '%s'", r->text, out, r->places);
}

static void
check(const struct row *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_row(&table[i], &compile_enforcing, false);
}

static void
paths_and_patterns_are_watched_no_further_than_they_reach(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ OPEN "file.path = /etc/shadow, /etc/passwd\n", "/etc/passwd /etc/shadow" },
		{ OPEN "file.path = /etc/*\n", "/etc/" },
		{ OPEN "file.path = /etc/ssh*\n", "/etc/" },
		{ OPEN "file.path = /etc/ssh?\n", "/etc/" },
		{ OPEN "file.path = /etc/[ab]x\n", "/etc/" },
		{ OPEN "file.path = /etc/**\n", "/etc/**" },
		{ OPEN "file.path = /etc/s**\n", "/etc/**" },
		{ OPEN "file.path = /etc/*/x\n", "/etc/**" },
		{ OPEN "file.path = /home/*/.ssh/*\n", "/home/**" },
		{ OPEN "file.path = /*\n", "//" },			/* the root directory itself */
		{ OPEN "file.path = /a*/b\n", "//**" },
		{ OPEN "file.path = /**\n", "//**" },
		{ OPEN "file.path|startswith = /srv/a\n", "/srv/**" },
		{ OPEN "file.path|startswith = /srv/\n", "/srv/**" },
		/* A quoted letter is a letter of the path. */
		{ OPEN "file.path = /srv/\\*/x\n", "/srv/*/x" },
		{ OPEN "file.path = /srv/\\[a\\]/b/*\n", "/srv/**" },
		{ OPEN "file.path|startswith = /srv/\\*/x\n", "/srv/*/**" },
		/* Where it begins anywhere, everything is watched. */
		{ OPEN "file.path = **/x\n", "*" },
		{ OPEN "file.path = x*\n", "*" },
		{ OPEN "file.path = x\n", "*" },
		{ OPEN "file.path|endswith = /x\n", "*" },
		{ OPEN "file.path|contains = /x/\n", "*" },
		{ OPEN "file.path|startswith = /x*y\n", "*" },
		{ OPEN "file.path|nocase = /x\n", "*" },
		{ OPEN "file.path|exists = true\n", "*" },
		{ OPEN "file.path|fieldref = process.executable\n", "*" },
		{ OPEN "file.name = x\n", "*" },
		{ OPEN "not file.path = /x\n", "*" },
		{ OPEN "user.id = 0\n", "*" },
	};

	check(table, COUNT(table));
}

static void
only_rules_of_opens_ask_for_places(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "[policy]\n", "" },
		{ "[rule r]\non = exec, connect\naction = alert\nfile.path = /x\n", "" },
		{ "[rule r]\non = write\naction = alert\nfile.path = /x\n", "/x" },
		{ "[rule r]\non = exec, open\naction = alert\nfile.path = /x\n", "/x" },
		{ OPEN "file.path = /x\n[exception e]\nrules = r\nreason = y\nfile.path = /y\nuser.id = 0\n", "/x" },
		{ OPEN "file.path = @l\n[list l]\nvalues = /x, @m\n[list m]\nvalues = /y/**\n", "/x /y/**" },
	};

	check(table, COUNT(table));
}

static void
places_follow_from_the_expression(void **state)
{
	(void)state;
	static const struct row table[] = {
		/* One that must hold is enough. */
		{ OPEN "file.path = /x\nuser.id = 0\n", "/x" },
		{ OPEN "a/file.path = /x\nb/user.id = 0\ncondition = a and b\n", "/x" },
		{ OPEN "a/file.path = /x\nb/user.id = 0\ncondition = b and (a)\n", "/x" },
		{ OPEN "a/file.path = /x\nb/user.id = 0\ncondition = all of them\n", "/x" },
		{ OPEN "file.path = /x\nfilter/file.path = /y\n", "/x" },
		{ OPEN "a/file.path = /x\nnot a/file.path = /y\ncondition = a\n", "/x" },
		{ OPEN "not a/user.id = 1\na/file.path = /x/*\ncondition = a\n", "/x/" },
		/* Of alternatives each is needed. */
		{ OPEN "a/file.path = /x\nb/file.path = /y\ncondition = a or b\n", "/x /y" },
		{ OPEN "a/file.path = /x\nb/file.path = /y\ncondition = 1 of them\n", "/x /y" },
		{ OPEN "a/file.path = /x\nb/user.id = 0\ncondition = a or b\n", "*" },
		{ OPEN "a/file.path = /x\nb/file.path = /y\nc/user.id = 0\ncondition = (a or b) and c\n", "/x /y" },
		{ OPEN "a/file.path = /x\nb/file.path = /y\nc/user.id = 0\ncondition = (a and c) or (b and c)\n", "/x /y" },
		{ OPEN "a/file.path = /x\nb/file.path = /y\nc/user.id = 0\ncondition = a and c or c\n", "*" },
		/* The narrower of two. */
		{ OPEN "a/file.path = /x\nb/file.path = /y\nc/file.path = /z\ncondition = (a or b) and c\n", "/z" },
		/* What must not hold says nothing of where, whatever it is called. */
		{ OPEN "a/file.path = /x\nb/user.id = 0\ncondition = b and not a\n", "*" },
		{ OPEN "a/file.path = /x\ncondition = not a\n", "*" },
		{ OPEN "filter/file.path = /x\n", "*" },
		{ OPEN "filter_a/file.path = /x\nb/file.path = /y\ncondition = filter_a or b\n", "/x /y" },
		{ OPEN "a/file.path = /x\nb/file.path = /y\ncondition = a and not b\n", "/x" },
		{ OPEN "a/file.path = /x\nb/file.path = /y\ncondition = not (a or b)\n", "*" },
		/* A group that the expression does not name. */
		{ OPEN "a/file.path = /x\nb/file.path = /y\ncondition = a\n", "/x" },
		{ OPEN "a/file.path = /x\nb/user.id = 0\ncondition = a\n", "/x" },
	};

	check(table, COUNT(table));
}

static void
what_another_place_covers_is_not_watched_twice(void **state)
{
	(void)state;
#define TWO(a, b) "[rule q]\non = open\naction = deny\nfile.path = " a "\n" OPEN "file.path = " b "\n"
	static const struct row table[] = {
		{ TWO("/x", "/x"), "/x" },
		{ TWO("/x/**", "/x/y/z"), "/x/**" }, { TWO("/x/y/z", "/x/**"), "/x/**" },
		{ TWO("/x/**", "/x/*"), "/x/**" }, { TWO("/x/*", "/x/**"), "/x/**" },
		{ TWO("/x/**", "/x/y/**"), "/x/**" }, { TWO("/x/y/**", "/x/**"), "/x/**" },
		{ TWO("/x/*", "/x/y"), "/x/" }, { TWO("/x/y", "/x/*"), "/x/" },
		{ TWO("/*", "/y"), "//" },
		{ TWO("/x/*", "/x/y/z"), "/x/ /x/y/z" },			/* a directory covers its entries only */
		{ TWO("/x/*", "/x"), "/x /x/" },
		{ TWO("/x/**", "/xy"), "/x/** /xy" }, { TWO("/xy/**", "/x/**"), "/x/** /xy/**" },
		{ TWO("/**", "/x"), "//**" }, { TWO("**/a", "/x, /y/**"), "*" }, { TWO("/x, /y/**", "**/a"), "*" },
		{ TWO("/a, /b/*, /c/**", "/c/d, /b/e, /a"), "/a /b/ /c/**" },
	};
#undef TWO

	check(table, COUNT(table));
}

static void
a_default_that_denies_asks_about_everything(void **state)
{
	(void)state;
	struct policy_sources sources = { .mode = MODE_ENFORCE, .open_default = DECISION_DENY };

	check_row(&(struct row){ "[policy]\n", "*" }, &sources, false);
	check_row(&(struct row){ OPEN "file.path = /x\n", "*" }, &sources, false);
}

static void
a_path_that_no_mark_can_hold_is_watched_from_everywhere(void **state)
{
	(void)state;
	char text[1200], path[600];

	for (size_t len = 511; len <= 512; len++) {
		memset(path, 'a', len);
		path[0] = '/';
		path[len] = '\0';
		snprintf(text, sizeof(text), OPEN "file.path = %s\n", path);
		check_row(&(struct row){ text, len < 512 ? path : "*" }, &compile_enforcing, false);
	}
}

static void
each_event_is_seen_where_rules_ask_for_it(void **state)
{
	(void)state;
#define ON(kinds, conditions)	NAMED("a", kinds, conditions)
#define NAMED(name, kinds, conditions) "[rule " name "]\non = " kinds "\naction = log\n" conditions
	static const struct row table[] = {
		{ ON("create", "file.path = /x\n"), "c:/x" },
		{ ON("create, delete, chmod", "file.path = /x/*\n"), "cdm:/x/" },
		{ ON("open, chmod", "file.path = /x/**\n"), "om:/x/**" },
		{ ON("write, create", "file.path = /x\n"), "oc:/x" },
		{ ON("exec, create", "file.path = /x\n"), "c:/x" },
		{ ON("modify", "file.path = /x/**\n"), "w:/x/**" },
		{ ON("create", "user.id = 0\n"), "c:*" },
		{ ON("create", "file.path = /x\n") NAMED("b", "delete", "file.path = /x\n"), "cd:/x" },
		/* What another place covers, it covers event by event. */
		{ ON("create", "file.path = /x/**\n") NAMED("b", "delete", "file.path = /x/y\n"), "c:/x/** d:/x/y" },
		{ ON("create", "file.path = /x/**\n") NAMED("b", "create, delete", "file.path = /x/y\n"), "c:/x/** d:/x/y" },
		{ ON("create, delete", "file.path = /x/y\n") NAMED("b", "create", "file.path = /x/**\n"), "c:/x/** d:/x/y" },
		{ ON("create, delete", "file.path = /x/**\n") NAMED("b", "delete", "file.path = /x/y/*\n"), "cd:/x/**" },
		{ ON("open", "file.path = /x/*\n") NAMED("b", "create", "user.id = 0\n"), "c:* o:/x/" },
		{ ON("delete", "file.path = /x/*\n") NAMED("b", "create, delete", "file.path = /x/a\n")
		  NAMED("c", "create", "file.path = /x/**\n"), "c:/x/** d:/x/" },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		check_row(&table[i], &compile_enforcing, true);
}

/* The kernel tells of a rename only the side that is marked; where a rule speaks of both, both are. */
static void
a_rename_is_seen_from_both_sides_where_a_rule_speaks_of_both(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ ON("rename", "file.path = /x\n"), "r:/x" },
		{ ON("rename", "file.path = /x/*\n"), "r:/x/" },
		{ ON("rename", "file.previous.path = /x\n"), "r://**" },
		{ ON("rename", "file.previous.path = /x/y/*\n"), "r:/x/y/**" },
		{ ON("rename", "file.path = /a/*\nnot file.previous.path = /a/*\n"), "r:/a/**" },
		{ ON("rename", "file.path = /a/b\nfile.previous.path|endswith = .x\n"), "r:/a/**" },
		{ ON("rename", "file.path = /a/b\nfile.previous.path|exists = true\n"), "r:/a/**" },
		{ ON("rename", "file.path = /a/*\nfile.directory|fieldref = file.previous.path\n"), "r:/a/**" },
		{ ON("rename", "file.previous.path|endswith = .x\n"), "r:*" },
		{ ON("rename", "a/file.path = /a/*\nb/file.previous.path = /b/*\ncondition = a or b\n"), "r:/a/** r:/b/**" },
		/* Of other events it says nothing. */
		{ ON("create, rename", "file.path = /a/*\nfilter/file.previous.path = /b/*\n"), "c:/a/ r:/a/**" },
		{ ON("rename", "file.path = /a/**\nfile.previous.path = /b/**\n"), "r:/a/**" },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		check_row(&table[i], &compile_enforcing, true);
#undef ON
}

static void
events_and_kinds_are_the_same(void **state)
{
	(void)state;
	static const uint64_t opens = 1ull << EVENT_OPEN | 1ull << EVENT_WRITE;

	assert_int_equal(policy_watch_events(1ull << EVENT_EXEC | 1ull << EVENT_CONNECT), 0);
	assert_int_equal(policy_watch_events(1ull << EVENT_WRITE), WATCH_OPENS);
	assert_int_equal(policy_watch_events(1ull << EVENT_LOAD), WATCH_LOADS);
	assert_int_equal(policy_watch_events(1ull << EVENT_SCRIPT), WATCH_SCRIPTS);
	assert_int_equal(policy_watch_kinds(WATCH_OPENS), opens);
	assert_int_equal(policy_watch_events(policy_watch_kinds(WATCH_ALL)), WATCH_ALL);
	for (unsigned events = 0; events <= WATCH_ALL; events++)
		assert_int_equal(policy_watch_events(policy_watch_kinds(events)), events);
	for (int k = 0; k < EVENT__MAX; k++)
		assert_int_equal((policy_watch_kinds(WATCH_HEARD) & 1ull << k) != 0, event_kind_sensor((enum event_kind)k) == SENSOR_FILES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_and_patterns_are_watched_no_further_than_they_reach),
		cmocka_unit_test(only_rules_of_opens_ask_for_places),
		cmocka_unit_test(places_follow_from_the_expression),
		cmocka_unit_test(what_another_place_covers_is_not_watched_twice),
		cmocka_unit_test(each_event_is_seen_where_rules_ask_for_it),
		cmocka_unit_test(a_rename_is_seen_from_both_sides_where_a_rule_speaks_of_both),
		cmocka_unit_test(events_and_kinds_are_the_same),
		cmocka_unit_test(a_default_that_denies_asks_about_everything),
		cmocka_unit_test(a_path_that_no_mark_can_hold_is_watched_from_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
