#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/clock.h"
#include "judge/tree.h"

#define BOOT	0x1234567890abcdefull
#define MS	1000000ull

static int
make_tree(void **state)
{
	struct tree *t;

	assert_int_equal(tree_new(&t, BOOT), 0);
	*state = t;
	return 0;
}

static int
free_tree(void **state)
{
	tree_free(*state);
	return 0;
}

static void
run(struct tree *t, int32_t pid, const char *exe)
{
	tree_exec(t, pid, exe, strlen(exe));
}

static void
seed(struct tree *t, int32_t pid, int32_t ppid, const char *exe)
{
	tree_seed(t, &(struct tree_process){ .pid = pid, .ppid = ppid, .start_ns = (uint64_t)pid * 1000 * MS, .executable = exe, .comm = "" });
}

/* systemd -> nginx (100) -> sh (101) */
static void
plant(struct tree *t)
{
	seed(t, 1, 0, "/sbin/init");
	tree_seed_done(t);
	tree_fork(t, 1, 100, 200 * MS);
	run(t, 100, "/usr/sbin/nginx");
	tree_fork(t, 100, 101, 300 * MS);
	run(t, 101, "/bin/sh");
}

static struct event *
place(const struct tree *t, enum event_kind kind, int32_t pid)
{
	static struct event ev;

	event_init(&ev, kind, SENSOR_FANOTIFY);
	ev.process.pid = pid;
	assert_int_equal(tree_place(t, &ev), 0);
	return &ev;
}

static const char *
slice(const struct event *ev, struct slice s)
{
	static char text[8][512];
	static unsigned turn;
	char *out = text[turn++ % 8];

	assert_true((size_t)s.off + s.len <= ev->used);
	assert_true(s.len < 512);
	memcpy(out, ev->arena + s.off, s.len);
	out[s.len] = '\0';
	return out;
}

static const char *
text(const struct event *ev, enum event_text which)
{
	return slice(ev, ev->text[which]);
}

static bool
has_ancestor(const struct event *ev, const char *exe)
{
	for (int i = 0; i < ev->ancestors; i++)
		if (!strcmp(slice(ev, ev->ancestor[i].executable), exe))
			return true;
	return false;
}

static struct tree_stats
stats(const struct tree *t)
{
	struct tree_stats s;

	tree_stats(t, &s);
	return s;
}

static void
the_line_of_ancestors_starts_with_the_parent_and_ends_with_init(void **state)
{
	struct tree *t = *state;

	plant(t);
	const struct event *ev = place(t, EVENT_CONNECT, 101);
	assert_string_equal(text(ev, TEXT_EXECUTABLE), "/bin/sh");
	assert_string_equal(text(ev, TEXT_PREVIOUS_EXECUTABLE), "/usr/sbin/nginx");
	assert_string_equal(text(ev, TEXT_PARENT_EXECUTABLE), "/usr/sbin/nginx");
	assert_int_equal(ev->ancestors, 2);
	assert_int_equal(ev->ancestor[0].pid, 100);
	assert_string_equal(slice(ev, ev->ancestor[0].executable), "/usr/sbin/nginx");
	assert_int_equal(ev->ancestor[1].pid, 1);
	assert_string_equal(slice(ev, ev->ancestor[1].executable), "/sbin/init");
	assert_int_equal(ev->parent.pid, 100);
	assert_true(ev->parent.start_ns == 200 * MS);
	assert_true(ev->process.start_ns == 300 * MS);
	assert_true(ev->process.entity == tree_entity(BOOT, 101, 300 * MS));
	assert_true(ev->parent.entity == ev->ancestor[0].entity);
	assert_int_equal(ev->have & (HAVE_PROCESS | HAVE_PARENT | HAVE_PREVIOUS | HAVE_ANCESTORS),
	    HAVE_PROCESS | HAVE_PARENT | HAVE_PREVIOUS | HAVE_ANCESTORS);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, 0);
}

static void
on_exec_the_callers_program_is_the_previous_one(void **state)
{
	struct tree *t = *state;
	static struct event ev;

	plant(t);
	event_init(&ev, EVENT_EXEC, SENSOR_FANOTIFY);
	ev.process.pid = 101;
	event_set_str(&ev, TEXT_EXECUTABLE, "/usr/bin/id");
	assert_int_equal(tree_place(t, &ev), 0);
	assert_string_equal(text(&ev, TEXT_EXECUTABLE), "/usr/bin/id");
	assert_string_equal(text(&ev, TEXT_PREVIOUS_EXECUTABLE), "/bin/sh");
	assert_string_equal(text(&ev, TEXT_PARENT_EXECUTABLE), "/usr/sbin/nginx");
}

static void
placing_twice_does_not_list_ancestors_twice(void **state)
{
	struct tree *t = *state;
	static struct event ev;

	plant(t);
	event_init(&ev, EVENT_CONNECT, SENSOR_AUDIT);
	ev.process.pid = 101;
	assert_int_equal(tree_place(t, &ev), 0);
	assert_int_equal(tree_place(t, &ev), 0);
	assert_int_equal(ev.ancestors, 2);
}

static void
an_unknown_process_is_not_placed(void **state)
{
	struct tree *t = *state;
	static struct event ev;

	plant(t);
	event_init(&ev, EVENT_CONNECT, SENSOR_AUDIT);
	ev.process.pid = 4711;
	assert_int_equal(tree_place(t, &ev), -ENOENT);
	assert_false(tree_knows(t, 4711));
	assert_false(tree_unnamed(t, 4711));
	assert_int_equal(tree_parent(t, 4711), 0);
	assert_true(tree_start_ns(t, 4711) == 0);
}

static void
init_has_no_parent_and_nobody_needs_to_look(void **state)
{
	struct tree *t = *state;

	plant(t);
	const struct event *ev = place(t, EVENT_CONNECT, 1);
	assert_int_equal(ev->ancestors, 0);
	assert_int_equal(ev->have & HAVE_PARENT, 0);
	assert_int_equal(ev->tried & HAVE_PARENT, HAVE_PARENT);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, 0);
}

static void
children_keep_a_dead_parent(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_fork(t, 101, 102, 400 * MS);
	run(t, 102, "/usr/bin/python3");
	tree_exit(t, 101);
	const struct event *ev = place(t, EVENT_CONNECT, 102);
	assert_int_equal(ev->parent.pid, 101);
	assert_string_equal(text(ev, TEXT_PARENT_EXECUTABLE), "/bin/sh");
	assert_true(has_ancestor(ev, "/usr/sbin/nginx"));
}

static void
a_pid_that_comes_again_is_another_process(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_fork(t, 101, 102, 400 * MS);
	run(t, 102, "/usr/bin/python3");
	tree_exit(t, 101);
	tree_fork(t, 1, 101, 900 * MS);
	run(t, 101, "/usr/bin/vim");
	const struct event *ev = place(t, EVENT_CONNECT, 102);
	assert_string_equal(text(ev, TEXT_PARENT_EXECUTABLE), "/bin/sh");
	assert_true(ev->parent.start_ns == 300 * MS);
	ev = place(t, EVENT_CONNECT, 101);
	assert_string_equal(text(ev, TEXT_EXECUTABLE), "/usr/bin/vim");
	assert_int_equal(ev->parent.pid, 1);
	assert_false(has_ancestor(ev, "/usr/sbin/nginx"));
	/* The EXIT between may be lost. */
	tree_fork(t, 1, 101, 1000 * MS);
	assert_int_equal(stats(t).live, 4);
}

static void
a_pending_program_counts_when_it_ran(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_pending(t, 101, "/usr/bin/id", 11);
	assert_string_equal(tree_pending_exe(t, 101), "/usr/bin/id");
	assert_string_equal(text(place(t, EVENT_CONNECT, 101), TEXT_EXECUTABLE), "/bin/sh");
	run(t, 101, "");
	assert_string_equal(text(place(t, EVENT_CONNECT, 101), TEXT_EXECUTABLE), "/usr/bin/id");
	assert_string_equal(tree_pending_exe(t, 101), "");
	/* Neither said nor asked for: not known, until somebody says it. */
	run(t, 101, "");
	assert_true(tree_unnamed(t, 101));
	assert_int_equal(place(t, EVENT_CONNECT, 101)->have & HAVE_PROCESS, 0);
	tree_name(t, 101, "/usr/bin/env", 12);
	assert_false(tree_unnamed(t, 101));
	assert_string_equal(text(place(t, EVENT_CONNECT, 101), TEXT_EXECUTABLE), "/usr/bin/env");
	tree_pending(t, 101, "/usr/bin/id", 11);
	tree_pending(t, 101, "", 0);
	assert_string_equal(tree_pending_exe(t, 101), "");
}

static bool
exec_of(struct tree *t, const char *exe)
{
	return tree_exec(t, 101, exe, strlen(exe));
}

/* /bin/sh runs dropper, which the kernel asks about; dropper runs a file in memory, which it does not, before the first message is read. */
static void
two_execs_before_we_look_are_told_apart_by_the_second_message(void **state)
{
	struct tree *t = *state;
	uint64_t names;

	plant(t);
	names = stats(t).names;
	tree_pending(t, 101, "/bin/dropper", 12);
	assert_false(exec_of(t, "/memfd:x (deleted)"));
	assert_string_equal(text(place(t, EVENT_CONNECT, 101), TEXT_PREVIOUS_EXECUTABLE), "/bin/sh");
	assert_string_equal(tree_pending_exe(t, 101), "");
	assert_true(exec_of(t, "/memfd:x (deleted)"));
	assert_string_equal(text(place(t, EVENT_CONNECT, 101), TEXT_EXECUTABLE), "/memfd:x (deleted)");
	assert_string_equal(text(place(t, EVENT_CONNECT, 101), TEXT_PREVIOUS_EXECUTABLE), "/bin/dropper");
	/* Once is enough. */
	assert_false(exec_of(t, "/memfd:x (deleted)"));
	assert_string_equal(text(place(t, EVENT_CONNECT, 101), TEXT_PREVIOUS_EXECUTABLE), "/memfd:x (deleted)");
	/* An exec that failed after it was asked about is no past: without a second message of the same program it is forgotten. */
	tree_pending(t, 101, "/bin/decoy", 10);
	assert_false(exec_of(t, "/memfd:y (deleted)"));
	assert_false(exec_of(t, "/bin/other"));
	assert_string_equal(text(place(t, EVENT_CONNECT, 101), TEXT_PREVIOUS_EXECUTABLE), "/memfd:y (deleted)");
	assert_false(exec_of(t, "/bin/other"));
	/* What was asked about and ran leaves nothing behind. */
	tree_pending(t, 101, "/bin/sh", 7);
	assert_false(exec_of(t, "/bin/sh"));
	assert_false(exec_of(t, "/bin/sh"));
	/* Nobody's name is kept. */
	tree_pending(t, 101, "/bin/decoy", 10);
	assert_false(exec_of(t, "/memfd:y (deleted)"));
	tree_exit(t, 101);
	tree_fork(t, 100, 101, 500 * MS);
	assert_false(exec_of(t, "/bin/sh"));
	assert_true(stats(t).names <= names + 1);	/* the dead one's own */
}

static void
an_exec_by_a_thread_revives_the_process(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_exit(t, 101);		/* of the first thread, as the kernel tells it */
	run(t, 101, "/usr/bin/id");
	const struct event *ev = place(t, EVENT_CONNECT, 101);
	assert_string_equal(text(ev, TEXT_EXECUTABLE), "/usr/bin/id");
	assert_string_equal(text(ev, TEXT_PARENT_EXECUTABLE), "/usr/sbin/nginx");
	assert_int_equal(stats(t).live, 3);
	tree_exit(t, 101);
	tree_fork(t, 101, 102, 500 * MS);	/* a second thread forks */
	assert_int_equal(stats(t).live, 4);
	assert_int_equal(tree_parent(t, 102), 101);
}

static void
a_process_ends_with_its_last_thread(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_thread(t, 101, true);
	tree_thread(t, 101, true);
	tree_thread(t, 101, false);
	tree_exit(t, 101);
	assert_int_equal(stats(t).live, 3);
	tree_thread(t, 101, false);
	assert_int_equal(stats(t).live, 2);
	/* Threads that nobody told of do not keep it alive. */
	tree_thread(t, 100, false);
	tree_thread(t, 100, false);
	tree_exit(t, 100);
	assert_int_equal(stats(t).live, 1);
}

static void
exec_ends_all_other_threads(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_thread(t, 101, true);
	tree_exit(t, 101);
	run(t, 101, "/usr/bin/id");
	assert_int_equal(stats(t).live, 3);
	tree_exit(t, 101);
	assert_int_equal(stats(t).live, 2);
}

static void
children_remember_what_their_parent_ran_before_its_exec(void **state)
{
	struct tree *t = *state;
	int32_t pids[8];

	plant(t);
	tree_fork(t, 100, 102, 400 * MS);
	run(t, 100, "/bin/true");		/* nginx hides itself while its child lives on */
	run(t, 102, "/usr/bin/nc");
	const struct event *ev = place(t, EVENT_CONNECT, 102);
	assert_int_equal(ev->parent.pid, 100);
	assert_true(has_ancestor(ev, "/usr/sbin/nginx"));
	assert_true(has_ancestor(ev, "/bin/true"));
	ev = place(t, EVENT_CONNECT, 100);
	assert_string_equal(text(ev, TEXT_EXECUTABLE), "/bin/true");
	assert_string_equal(text(ev, TEXT_PREVIOUS_EXECUTABLE), "/usr/sbin/nginx");
	assert_int_equal(tree_descendants(t, 100, pids, 8), 3);
	assert_int_equal(pids[0], 100);
	tree_fork(t, 100, 103, 500 * MS);
	assert_string_equal(text(place(t, EVENT_CONNECT, 103), TEXT_PARENT_EXECUTABLE), "/bin/true");
}

static void
a_dead_ancestor_that_stands_further_up_is_folded(void **state)
{
	struct tree *t = *state;
	int32_t pid = 102;

	plant(t);
	/* A shell that forks itself and ends, again and again. */
	tree_fork(t, 101, pid, 400 * MS);
	for (; pid < 20000; pid++) {
		tree_fork(t, pid, pid + 1, (uint64_t)pid * MS);
		tree_exit(t, pid);
	}
	run(t, pid, "/usr/bin/id");
	const struct event *ev = place(t, EVENT_CONNECT, pid);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, 0);
	assert_true(has_ancestor(ev, "/usr/sbin/nginx"));
	assert_int_equal(ev->parent.pid, pid - 1);
	assert_true(stats(t).spliced > 19000);
	assert_true(stats(t).nodes < 200);
}

static void
user_and_group_are_inherited_change_and_outlive_the_process(void **state)
{
	struct tree *t = *state;
	static struct event ev;

	tree_seed(t, &(struct tree_process){ .pid = 50, .start_ns = 1, .uid = 10, .ruid = 11, .gid = 12, .executable = "/bin/a", .comm = "" });
	tree_seed_done(t);
	tree_fork(t, 50, 51, 2);
	tree_fork(t, 50, 52, 2);
	tree_uid(t, 51, 21, 20);
	tree_gid(t, 51, 22);
	tree_exit(t, 51);
	static const struct { int32_t pid; uint32_t uid, ruid, gid; bool lives; } want[] = {
		{ 50, 10, 11, 12, true }, { 51, 20, 21, 22, false }, { 52, 10, 11, 12, true },
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		event_init(&ev, EVENT_CREATE, SENSOR_FILES);
		assert_int_equal(tree_user(t, want[i].pid, &ev), 0);
		assert_true(ev.have & HAVE_USER);
		assert_int_equal(ev.process.uid, want[i].uid);
		assert_int_equal(ev.process.ruid, want[i].ruid);
		assert_int_equal(ev.process.gid, want[i].gid);
		assert_int_equal(tree_lives(t, want[i].pid), want[i].lives);
	}
	event_init(&ev, EVENT_CREATE, SENSOR_FILES);
	assert_int_equal(tree_user(t, 53, &ev), -ENOENT);
	assert_int_equal(ev.have, 0);
	assert_false(tree_lives(t, 53));
	tree_uid(t, 53, 1, 1);		/* of nobody: nothing happens */
	tree_gid(t, 53, 1);
	assert_false(tree_knows(t, 53));
}

static void
a_folded_parent_is_still_the_parent(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_fork(t, 101, 102, 400 * MS);
	run(t, 102, "/usr/bin/make");
	tree_uid(t, 102, 33, 33);
	tree_fork(t, 102, 103, 500 * MS);
	run(t, 103, "/bin/sh");
	tree_fork(t, 103, 104, 600 * MS);
	run(t, 104, "/usr/bin/gcc");
	tree_exit(t, 103);
	for (int32_t pid = 1000; pid < 1200; pid++) {	/* others die too: time passes */
		tree_fork(t, 1, pid, 700 * MS);
		tree_fork(t, pid, pid + 1000, 700 * MS);
		tree_exit(t, pid);
	}
	assert_false(tree_knows(t, 103));
	const struct event *ev = place(t, EVENT_CONNECT, 104);
	assert_int_equal(ev->parent.pid, 103);
	assert_int_equal(tree_parent(t, 104), 103);
	assert_string_equal(text(ev, TEXT_PARENT_EXECUTABLE), "/bin/sh");
	assert_int_equal(ev->parent.uid, 33);
	assert_int_equal(ev->ancestor[0].pid, 103);
	assert_int_equal(ev->ancestor[1].pid, 102);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, 0);
}

static void
a_dead_line_of_different_programs_is_bounded_and_says_so(void **state)
{
	struct tree *t = *state;
	int32_t pid = 102;
	char exe[64];

	plant(t);
	tree_fork(t, 101, pid, 400 * MS);
	for (; pid < 3000; pid++) {
		snprintf(exe, sizeof(exe), "/tmp/hop%d", pid);
		run(t, pid, exe);
		tree_fork(t, pid, pid + 1, (uint64_t)pid * MS);
		tree_exit(t, pid);
	}
	run(t, pid, "/usr/bin/id");
	const struct event *ev = place(t, EVENT_CONNECT, pid);
	assert_true(stats(t).nodes < 300);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, FLAG_ANCESTRY_CUT);
	/* What stood first and what stands nearest are there. */
	assert_true(has_ancestor(ev, "/usr/sbin/nginx"));
	assert_true(has_ancestor(ev, "/sbin/init"));
	assert_true(has_ancestor(ev, "/tmp/hop2999"));
	assert_int_equal(ev->ancestors, EVENT_ANCESTORS);
}

static void
a_long_living_line_does_not_hide_its_origin(void **state)
{
	struct tree *t = *state;
	int32_t pid = 102;
	char exe[64];

	plant(t);
	tree_fork(t, 101, pid, 400 * MS);
	for (; pid < 1000; pid++) {
		snprintf(exe, sizeof(exe), "/tmp/hop%d", pid);
		run(t, pid, exe);
		tree_fork(t, pid, pid + 1, (uint64_t)pid * MS);
	}
	const struct event *ev = place(t, EVENT_CONNECT, pid);
	assert_int_equal(ev->ancestors, EVENT_ANCESTORS);
	assert_int_equal(ev->ancestor[0].pid, pid - 1);
	assert_int_equal(ev->ancestor[11].pid, pid - 12);
	assert_int_equal(ev->ancestor[12].pid, 110);
	assert_int_equal(ev->ancestor[EVENT_ANCESTORS - 2].pid, 100);
	assert_int_equal(ev->ancestor[EVENT_ANCESTORS - 1].pid, 1);
	assert_string_equal(slice(ev, ev->ancestor[EVENT_ANCESTORS - 2].executable), "/usr/sbin/nginx");
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, FLAG_ANCESTRY_CUT);
	assert_int_equal(tree_descendants(t, 100, NULL, 0), 901);
}

static void
one_program_many_times_in_a_line_is_listed_once_beyond_the_parent(void **state)
{
	struct tree *t = *state;
	int32_t pid = 102;

	plant(t);
	tree_fork(t, 101, pid, 400 * MS);
	for (; pid < 500; pid++)
		tree_fork(t, pid, pid + 1, (uint64_t)pid * MS);
	const struct event *ev = place(t, EVENT_CONNECT, pid);
	assert_int_equal(ev->ancestors, 3);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, 0);
	/* One text for parent and ancestors of the same program. */
	assert_int_equal(ev->ancestor[0].executable.off, ev->text[TEXT_PARENT_EXECUTABLE].off);
}

static void
twenty_thousand_processes_live_at_once(void **state)
{
	struct tree *t = *state;

	plant(t);
	for (int32_t pid = 1000; pid < 21000; pid++) {
		tree_fork(t, 101, pid, (uint64_t)pid * MS);
		run(t, pid, pid % 2 ? "/usr/bin/a" : "/usr/bin/b");
	}
	assert_int_equal(stats(t).live, 20003);
	assert_int_equal(stats(t).full, 0);
	for (int32_t pid = 1000; pid < 21000; pid += 97)
		assert_true(has_ancestor(place(t, EVENT_CONNECT, pid), "/usr/sbin/nginx"));
	assert_int_equal(tree_descendants(t, 101, NULL, 0), 20001);
	for (int32_t pid = 1000; pid < 21000; pid++)
		tree_exit(t, pid);
	assert_int_equal(stats(t).live, 3);
}

static void
a_million_forks_do_not_evict_the_ancestry_of_the_living(void **state)
{
	struct tree *t = *state;
	uint64_t start = now_boot_ns();

	plant(t);
	tree_fork(t, 101, 102, 400 * MS);
	run(t, 102, "/usr/bin/python3");
	tree_fork(t, 102, 103, 500 * MS);
	run(t, 103, "/usr/bin/perl");
	tree_exit(t, 102);
	tree_exit(t, 101);
	tree_fork(t, 1, 200, 500 * MS);
	run(t, 200, "/tmp/bomb");
	for (int i = 0; i < 1000000; i++) {
		int32_t pid = 1000 + i % 30000;
		tree_fork(t, 200, pid, (uint64_t)i * 1000);
		if (i % 3 == 0)
			run(t, pid, "/bin/true");
		tree_exit(t, pid);
	}
	const struct event *ev = place(t, EVENT_CONNECT, 103);
	assert_string_equal(text(ev, TEXT_PARENT_EXECUTABLE), "/usr/bin/python3");
	assert_int_equal(ev->ancestors, 4);
	assert_true(has_ancestor(ev, "/bin/sh"));
	assert_true(has_ancestor(ev, "/usr/sbin/nginx"));
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, 0);
	assert_int_equal(stats(t).full, 0);
	assert_true(stats(t).nodes <= TREE_NODES);
	/* A fork costs the same however full the tree is: far under a microsecond, here with a wide margin. */
	assert_true(now_boot_ns() - start < 20 * NS_PER_SEC);
}

/* One who lives below nginx forks so that the dead have living children, each by another program: the dearest for the tree. */
static void
who_fills_the_tree_with_dead_ancestors_loses_his_own(void **state)
{
	struct tree *t = *state;
	int32_t pid = 1000;
	char exe[64];

	plant(t);
	tree_fork(t, 101, 102, 400 * MS);
	run(t, 102, "/usr/bin/python3");
	tree_exit(t, 101);
	for (int line = 0; line < 1500; line++) {
		tree_fork(t, 1, pid, 500 * MS);
		for (int i = 0; i < 100; i++, pid++) {
			snprintf(exe, sizeof(exe), "/tmp/hop%d", i);
			run(t, pid, exe);
			tree_fork(t, pid, pid + 1, 500 * MS);
			tree_exit(t, pid);
		}
		pid++;
	}
	assert_int_equal(stats(t).full, 0);
	const struct event *ev = place(t, EVENT_CONNECT, 102);
	assert_string_equal(text(ev, TEXT_PARENT_EXECUTABLE), "/bin/sh");
	assert_true(has_ancestor(ev, "/usr/sbin/nginx"));
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, 0);
	ev = place(t, EVENT_CONNECT, pid - 1);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, FLAG_ANCESTRY_CUT);
}

static void
the_living_are_never_evicted_and_the_rest_is_counted(void **state)
{
	struct tree *t = *state;

	plant(t);
	for (int32_t pid = 1000; pid < 1000 + TREE_NODES; pid++)
		tree_fork(t, 101, pid, 500 * MS);
	struct tree_stats s = stats(t);
	assert_int_equal(s.live, TREE_NODES);
	assert_int_equal(s.full, 3);
	assert_false(tree_knows(t, 999 + TREE_NODES));
	assert_true(has_ancestor(place(t, EVENT_CONNECT, 1000), "/usr/sbin/nginx"));
	/* An exec without room for the old program marks the line below. */
	run(t, 101, "/usr/bin/perl");
	assert_int_equal(place(t, EVENT_CONNECT, 1000)->flags & FLAG_ANCESTRY_CUT, FLAG_ANCESTRY_CUT);
	tree_exit(t, 1000);
	tree_fork(t, 1, 999 + TREE_NODES, 500 * MS);
	assert_true(tree_knows(t, 999 + TREE_NODES));
}

static void
names_are_given_back_when_processes_are_forgotten(void **state)
{
	struct tree *t = *state;
	char exe[64];

	plant(t);
	uint64_t before = stats(t).names;
	for (int i = 0; i < 3 * TREE_NAMES; i++) {
		snprintf(exe, sizeof(exe), "/tmp/x%d", i);
		tree_fork(t, 101, 1000 + i, 500 * MS);
		run(t, 1000 + i, exe);
		tree_exit(t, 1000 + i);
	}
	assert_int_equal(stats(t).names_full, 0);
	assert_true(stats(t).names <= TREE_NAMES);
	for (int i = 0; i < TREE_NODES; i++) {
		tree_fork(t, 101, 50000 + i, 500 * MS);
		tree_exit(t, 50000 + i);
	}
	assert_int_equal(stats(t).names, before);
}

static void
more_living_programs_than_names_are_counted_not_confused(void **state)
{
	struct tree *t = *state;
	char exe[64];

	plant(t);
	for (int i = 0; i < TREE_NAMES + 10; i++) {
		snprintf(exe, sizeof(exe), "/tmp/x%d", i);
		tree_fork(t, 101, 1000 + i, 500 * MS);
		run(t, 1000 + i, exe);
	}
	assert_int_equal(stats(t).names_full, 13);
	assert_true(tree_unnamed(t, 1000 + TREE_NAMES + 9));
	assert_string_equal(text(place(t, EVENT_CONNECT, 1000), TEXT_EXECUTABLE), "/tmp/x0");
	assert_int_equal(place(t, EVENT_CONNECT, 1000 + TREE_NAMES + 9)->have & HAVE_PROCESS, 0);
}

static void
a_path_that_is_too_long_is_cut_and_flagged(void **state)
{
	struct tree *t = *state;
	char exe[2 * TREE_PATH];

	plant(t);
	memset(exe, 'x', sizeof(exe));
	exe[0] = '/';
	tree_exec(t, 101, exe, sizeof(exe));
	const struct event *ev = place(t, EVENT_CONNECT, 101);
	assert_int_equal(ev->text[TEXT_EXECUTABLE].len, TREE_PATH);
	assert_int_equal(ev->flags & FLAG_PATH_CUT, FLAG_PATH_CUT);
	/* The whole path of that length is another program. */
	tree_exec(t, 101, exe, TREE_PATH);
	ev = place(t, EVENT_CONNECT, 101);
	assert_int_equal(ev->text[TEXT_EXECUTABLE].len, TREE_PATH);
}

static void
seeds_find_parents_that_come_later(void **state)
{
	struct tree *t = *state;

	seed(t, 30, 20, "/bin/sh");
	seed(t, 20, 10, "/usr/sbin/nginx");
	seed(t, 10, 1, "/usr/bin/runsv");
	seed(t, 1, 0, "/sbin/init");
	tree_seed_done(t);
	const struct event *ev = place(t, EVENT_CONNECT, 30);
	assert_int_equal(ev->ancestors, 3);
	assert_int_equal(ev->ancestor[2].pid, 1);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, 0);
	assert_int_equal(tree_descendants(t, 1, NULL, 0), 4);
}

static void
a_seed_without_parent_says_that_ancestors_are_missing(void **state)
{
	struct tree *t = *state;

	seed(t, 30, 20, "/bin/sh");
	tree_seed_done(t);
	const struct event *ev = place(t, EVENT_CONNECT, 30);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, FLAG_ANCESTRY_CUT);
	assert_int_equal(ev->have & HAVE_PARENT, 0);
	assert_int_equal(ev->parent.pid, 20);
	assert_int_equal(tree_parent(t, 30), 20);
}

static void
seeding_again_keeps_what_proc_has_forgotten(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_fork(t, 101, 102, 102000 * MS);
	run(t, 102, "/usr/bin/python3");
	tree_exit(t, 101);
	/* /proc says: the child of init. */
	seed(t, 1, 0, "/sbin/init");
	seed(t, 102, 1, "/usr/bin/python3");
	tree_seed_done(t);
	const struct event *ev = place(t, EVENT_CONNECT, 102);
	assert_string_equal(text(ev, TEXT_PARENT_EXECUTABLE), "/bin/sh");
	assert_true(has_ancestor(ev, "/usr/sbin/nginx"));	/* who died unheard */
	assert_int_equal(stats(t).live, 2);
}

static void
a_seed_with_another_start_is_another_process(void **state)
{
	struct tree *t = *state;

	plant(t);
	seed(t, 1, 0, "/sbin/init");
	seed(t, 101, 1, "/usr/bin/vim");	/* start 101 s, not 0.3 s */
	tree_seed_done(t);
	const struct event *ev = place(t, EVENT_CONNECT, 101);
	assert_string_equal(text(ev, TEXT_EXECUTABLE), "/usr/bin/vim");
	assert_int_equal(ev->have & HAVE_PREVIOUS, 0);
	assert_int_equal(ev->parent.pid, 1);
	assert_int_equal(stats(t).live, 2);
}

static void
a_seed_with_another_program_is_an_exec_that_was_missed(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_seed(t, &(struct tree_process){ .pid = 101, .ppid = 100, .start_ns = 305 * MS, .executable = "/usr/bin/id", .comm = "id" });
	const struct event *ev = place(t, EVENT_CONNECT, 101);
	assert_string_equal(text(ev, TEXT_EXECUTABLE), "/usr/bin/id");
	assert_string_equal(text(ev, TEXT_PREVIOUS_EXECUTABLE), "/bin/sh");
	assert_string_equal(text(ev, TEXT_COMM), "id");
	assert_true(ev->process.start_ns == 300 * MS);
}

static void
seeds_that_form_a_ring_do_not_hang_anybody(void **state)
{
	struct tree *t = *state;
	static const int32_t ring[] = { 10, 20, 30 };

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3; i++)
			tree_seed(t, &(struct tree_process){ .pid = ring[i], .ppid = ring[(i + 1) % 3], .start_ns = 5 * MS,
			    .executable = "/bin/sh", .comm = "" });
		tree_seed(t, &(struct tree_process){ .pid = 40, .ppid = 40, .start_ns = 5 * MS, .executable = "", .comm = "" });
		tree_seed_done(t);
	}
	for (int i = 0; i < 3; i++)
		assert_true(place(t, EVENT_CONNECT, ring[i])->ancestors <= 3);
	assert_true(tree_descendants(t, 10, NULL, 0) <= 3);
	assert_int_equal(tree_descendants(t, 40, NULL, 0), 1);
	for (int i = 0; i < 3; i++)
		tree_exit(t, ring[i]);
}

static void
a_fork_by_an_unknown_parent_is_linked_when_the_parent_is_seeded(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_fork(t, 300, 301, 301000 * MS);
	const struct event *ev = place(t, EVENT_FORK, 301);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, FLAG_ANCESTRY_CUT);
	assert_true(tree_unnamed(t, 301));
	seed(t, 1, 0, "/sbin/init");
	seed(t, 300, 1, "/usr/bin/screen");
	seed(t, 301, 300, "/bin/bash");
	tree_seed_done(t);
	ev = place(t, EVENT_FORK, 301);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, 0);
	assert_string_equal(text(ev, TEXT_PARENT_EXECUTABLE), "/usr/bin/screen");
}

static void
descendants_are_the_living_below_dead_ones_too(void **state)
{
	struct tree *t = *state;
	int32_t pids[4] = { 0 };

	plant(t);
	tree_fork(t, 101, 102, 400 * MS);
	run(t, 102, "/a");
	tree_fork(t, 102, 103, 400 * MS);
	tree_fork(t, 102, 104, 400 * MS);
	tree_fork(t, 104, 105, 400 * MS);
	tree_exit(t, 102);
	assert_int_equal(tree_descendants(t, 101, pids, 4), 4);
	assert_int_equal(pids[0], 101);
	assert_int_equal(tree_descendants(t, 101, pids, 2), 4);
	assert_int_equal(tree_descendants(t, 102, pids, 4), 3);
	assert_int_equal(tree_descendants(t, 105, pids, 4), 1);
	assert_int_equal(tree_descendants(t, 4711, pids, 4), 0);
}

static void
ids_of_processes_differ_by_boot_pid_and_start(void **state)
{
	(void)state;
	uint64_t one = tree_entity(1, 2, 3);
	assert_true(one == tree_entity(1, 2, 3));
	assert_true(one != 0);
	assert_true(one != tree_entity(2, 2, 3));
	assert_true(one != tree_entity(1, 3, 3));
	assert_true(one != tree_entity(1, 2, 4));
}

static void
a_cleared_tree_knows_nobody_but_keeps_its_counters(void **state)
{
	struct tree *t = *state;

	a_dead_ancestor_that_stands_further_up_is_folded(state);
	uint64_t spliced = stats(t).spliced;
	tree_clear(t);
	struct tree_stats s = stats(t);
	assert_int_equal(s.nodes + s.live + s.names, 0);
	assert_int_equal(s.spliced, spliced);
	assert_false(tree_knows(t, 1));
	the_line_of_ancestors_starts_with_the_parent_and_ends_with_init(state);
}

static uint32_t
roll(uint32_t *seed_)
{
	*seed_ = *seed_ * 1664525 + 1013904223;
	return *seed_ >> 8;
}

/* Nobody may rely on messages that fit together: any order at all must leave a tree that can be walked. */
static void
messages_in_any_order_leave_a_tree(void **state)
{
	struct tree *t = *state;
	uint32_t r = 1;
	char exe[32];

	seed(t, 1, 0, "/sbin/init");
	for (int i = 0; i < 400000; i++) {
		int32_t a = (int32_t)(roll(&r) % 300) - 2, b = (int32_t)(roll(&r) % 300) - 2;
		snprintf(exe, sizeof(exe), "/x%u", roll(&r) % 40);
		switch (roll(&r) % 12) {
		case 0: tree_exit(t, a); break;
		case 1: run(t, a, exe); break;
		case 2: run(t, a, ""); break;
		case 3: tree_pending(t, a, exe, strlen(exe)); break;
		case 4: tree_name(t, a, exe, strlen(exe)); break;
		case 5: tree_thread(t, a, roll(&r) % 2); break;
		case 6: seed(t, a, b, exe); break;
		case 7: if (i % 50 == 0) tree_seed_done(t); break;
		default: tree_fork(t, a, b, (uint64_t)i * MS); break;
		}
		if (i % 64)
			continue;
		static struct event ev;
		event_init(&ev, EVENT_CONNECT, SENSOR_PROC);
		ev.process.pid = b;
		assert_int_equal(tree_place(t, &ev), tree_knows(t, b) ? 0 : -ENOENT);
		assert_true(tree_descendants(t, a, NULL, 0) <= stats(t).live);
	}
	assert_true(stats(t).names <= 41);
	tree_seed_done(t);
	for (int32_t pid = 0; pid < 300; pid++)
		tree_exit(t, pid);
	assert_int_equal(stats(t).live, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, free_tree)

static bool
is_that(void *arg, uint64_t mark)
{
	return mark == *(uint64_t *)arg;
}

/* Session 0: of an init that leads none, and of the kernel's own helpers. */
static void
a_mark_of_a_session_climbs_to_its_eldest_but_never_to_who_started_all(void **state)
{
	static const struct { uint32_t init, daemon, shell, child; int32_t found_from, root; const char *why; } rows[] = {
		{ 1, 100, 200, 200, 201, 200, "the shell leads" },
		{ 1, 100, 100, 100, 103, 100, "the daemon leads" },
		{ 1, 1, 1, 1, 103, 100, "init's own session is none" },
		{ 0, 0, 0, 0, 103, 100, "init has none" },
		{ 0, 0, 200, 202, 202, 202, "each for itself" },
	};
	struct tree *t = *state;
	uint64_t mark = 7, root, own;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct { int32_t pid, ppid; uint32_t sid; } all[] = {
			{ 1, 0, rows[i].init }, { 100, 1, rows[i].daemon }, { 104, 1, rows[i].daemon }, { 103, 100, rows[i].daemon },
			{ 200, 100, rows[i].shell }, { 201, 200, rows[i].shell }, { 202, 200, rows[i].child }, { 203, 202, rows[i].child },
		};
		tree_clear(t);
		for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
			tree_seed(t, &(struct tree_process){ .pid = all[k].pid, .ppid = all[k].ppid, .sid = all[k].sid,
			    .start_ns = (uint64_t)all[k].pid * MS, .executable = "/bin/sh", .comm = "" });
		tree_seed_done(t);
		tree_mark(t, 202, mark, true);
		print_message("%s\n", rows[i].why);
		assert_int_equal(tree_marked(t, rows[i].found_from, is_that, &mark), mark);
		assert_int_equal(tree_marked(t, 203, is_that, &mark), mark);
		assert_int_equal(tree_root(t, 202, &root), rows[i].root);
		assert_int_equal(tree_root(t, 203, &own), rows[i].root);
		assert_true(root && root == own);
		assert_int_equal(tree_root(t, 999, &own), 0);
		assert_int_equal(own, 0);
		assert_int_equal(tree_marked(t, 1, is_that, &mark), 0);
		assert_int_equal(tree_marked(t, 104, is_that, &mark), 0);
		assert_int_equal(tree_marked(t, 103, is_that, &mark), rows[i].found_from == 103 ? mark : 0);
		assert_int_equal(tree_marked(t, 201, is_that, &mark), rows[i].found_from == 202 ? 0 : mark);
	}
}

static void
labels_pass_to_children_and_stay_over_exec(void **state)
{
	struct tree *t = *state;

	plant(t);
	tree_label(t, 100, 1);
	assert_int_equal(tree_labels(t, 101), 0);	/* was there before */
	tree_fork(t, 100, 102, 400 * MS);
	run(t, 102, "/usr/bin/perl");
	tree_label(t, 102, 4);
	tree_fork(t, 102, 103, 500 * MS);
	assert_int_equal(tree_labels(t, 100), 1);
	assert_int_equal(tree_labels(t, 102), 5);
	assert_int_equal(tree_labels(t, 103), 5);
	run(t, 100, "/bin/true");		/* leaves its children, and what it was, behind */
	assert_int_equal(tree_labels(t, 100), 1);
	tree_exit(t, 100);
	tree_fork(t, 1, 100, 600 * MS);		/* its number, another process */
	assert_int_equal(tree_labels(t, 100), 0);
	tree_label(t, 4711, 1);
	assert_int_equal(tree_labels(t, 4711), 0);
}

static void
who_is_found_in_proc_has_the_labels_of_his_parent(void **state)
{
	static const struct { int32_t pid, ppid; uint64_t start_ns; } all[] = {
		{ 1, 0, 1000 * MS }, { 100, 1, 200 * MS }, { 101, 100, 300 * MS }, { 105, 104, 800 * MS }, { 104, 101, 700 * MS },
	};
	struct tree *t = *state;

	plant(t);
	tree_label(t, 101, 2);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		tree_seed(t, &(struct tree_process){ .pid = all[i].pid, .ppid = all[i].ppid, .start_ns = all[i].start_ns,
		    .executable = "/bin/sh", .comm = "" });
	tree_seed_done(t);
	assert_int_equal(tree_labels(t, 101), 2);
	assert_int_equal(tree_labels(t, 104), 2);
	assert_int_equal(tree_labels(t, 105), 2);
	assert_int_equal(tree_labels(t, 100), 0);
}

static void
labels_get_other_numbers_and_go_when_nobody_knows_them(void **state)
{
	struct tree *t = *state;
	uint8_t to[32];

	plant(t);
	memset(to, 32, sizeof(to));
	to[0] = 31;
	to[31] = 3;
	tree_label(t, 100, 1u << 0 | 1u << 7 | 1u << 31);
	tree_relabel(t, to);
	assert_int_equal(tree_labels(t, 100), 1u << 31 | 1u << 3);
	assert_int_equal(tree_labels(t, 101), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(labels_pass_to_children_and_stay_over_exec),
		TEST(who_is_found_in_proc_has_the_labels_of_his_parent),
		TEST(labels_get_other_numbers_and_go_when_nobody_knows_them),
		TEST(the_line_of_ancestors_starts_with_the_parent_and_ends_with_init),
		TEST(on_exec_the_callers_program_is_the_previous_one),
		TEST(placing_twice_does_not_list_ancestors_twice),
		TEST(an_unknown_process_is_not_placed),
		TEST(init_has_no_parent_and_nobody_needs_to_look),
		TEST(children_keep_a_dead_parent),
		TEST(a_pid_that_comes_again_is_another_process),
		TEST(a_pending_program_counts_when_it_ran),
		TEST(two_execs_before_we_look_are_told_apart_by_the_second_message),
		TEST(an_exec_by_a_thread_revives_the_process),
		TEST(a_process_ends_with_its_last_thread),
		TEST(exec_ends_all_other_threads),
		TEST(children_remember_what_their_parent_ran_before_its_exec),
		TEST(a_dead_ancestor_that_stands_further_up_is_folded),
		TEST(user_and_group_are_inherited_change_and_outlive_the_process),
		TEST(a_folded_parent_is_still_the_parent),
		TEST(a_dead_line_of_different_programs_is_bounded_and_says_so),
		TEST(a_long_living_line_does_not_hide_its_origin),
		TEST(one_program_many_times_in_a_line_is_listed_once_beyond_the_parent),
		TEST(twenty_thousand_processes_live_at_once),
		TEST(a_million_forks_do_not_evict_the_ancestry_of_the_living),
		TEST(who_fills_the_tree_with_dead_ancestors_loses_his_own),
		TEST(the_living_are_never_evicted_and_the_rest_is_counted),
		TEST(names_are_given_back_when_processes_are_forgotten),
		TEST(more_living_programs_than_names_are_counted_not_confused),
		TEST(a_path_that_is_too_long_is_cut_and_flagged),
		TEST(seeds_find_parents_that_come_later),
		TEST(a_seed_without_parent_says_that_ancestors_are_missing),
		TEST(seeding_again_keeps_what_proc_has_forgotten),
		TEST(a_seed_with_another_start_is_another_process),
		TEST(a_seed_with_another_program_is_an_exec_that_was_missed),
		TEST(seeds_that_form_a_ring_do_not_hang_anybody),
		TEST(a_fork_by_an_unknown_parent_is_linked_when_the_parent_is_seeded),
		TEST(descendants_are_the_living_below_dead_ones_too),
		TEST(a_mark_of_a_session_climbs_to_its_eldest_but_never_to_who_started_all),
		TEST(ids_of_processes_differ_by_boot_pid_and_start),
		TEST(a_cleared_tree_knows_nobody_but_keeps_its_counters),
		TEST(messages_in_any_order_leave_a_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
