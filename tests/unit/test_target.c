/* Whom an event touches is told by the program that he runs, not only by a number. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "judge/tree.h"

#define BOOT	7

static void
run(struct tree *t, int32_t pid, const char *exe)
{
	tree_exec(t, pid, exe, strlen(exe));
}

/* systemd -> sshd (10), bash (20) */
static int
plant(void **state)
{
	struct tree *t;

	assert_int_equal(tree_new(&t, BOOT), 0);
	tree_seed(t, &(struct tree_process){ .pid = 1, .start_ns = 1, .executable = "/usr/lib/systemd/systemd", .comm = "" });
	tree_seed_done(t);
	tree_fork(t, 1, 10, 100);
	run(t, 10, "/usr/sbin/sshd");
	tree_fork(t, 1, 20, 200);
	run(t, 20, "/usr/bin/bash");
	*state = t;
	return 0;
}

static int
fell(void **state)
{
	tree_free(*state);
	return 0;
}

/* Process PID touches TARGET; 0: nobody. What is then known of whom. */
static const char *
touched(const struct tree *t, int32_t pid, int32_t target)
{
	static struct event ev;
	static char exe[TREE_PATH];
	size_t len;

	event_init(&ev, EVENT_PTRACE, SENSOR_AUDIT);
	ev.process.pid = pid;
	ev.target.pid = target;
	ev.have |= target ? HAVE_TARGET : 0;
	assert_int_equal(tree_place(t, &ev), tree_knows(t, pid) ? 0 : -ENOENT);
	const char *text = event_text(&ev, TEXT_TARGET_EXECUTABLE, &len);
	assert_true(len < sizeof(exe));
	memcpy(exe, text, len);
	exe[len] = '\0';
	return exe;
}

static void
the_program_of_the_touched_is_told(void **state)
{
	assert_string_equal(touched(*state, 20, 10), "/usr/sbin/sshd");
	assert_string_equal(touched(*state, 10, 20), "/usr/bin/bash");
}

static void
it_is_told_of_one_who_is_not_known_himself(void **state)
{
	assert_string_equal(touched(*state, 999, 10), "/usr/sbin/sshd");
}

static void
it_is_the_one_that_runs_now(void **state)
{
	run(*state, 10, "/usr/lib/openssh/sshd-session");
	assert_string_equal(touched(*state, 20, 10), "/usr/lib/openssh/sshd-session");
}

static void
nobody_and_strangers_have_none(void **state)
{
	assert_string_equal(touched(*state, 20, 0), "");
	assert_string_equal(touched(*state, 20, 998), "");
	assert_string_equal(touched(*state, 20, -1), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_program_of_the_touched_is_told, plant, fell),
		cmocka_unit_test_setup_teardown(it_is_told_of_one_who_is_not_known_himself, plant, fell),
		cmocka_unit_test_setup_teardown(it_is_the_one_that_runs_now, plant, fell),
		cmocka_unit_test_setup_teardown(nobody_and_strangers_have_none, plant, fell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
