/* Switches of a host, and whom they would affect: of a host that is made of files. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "ctl/crowd.c"
#include "ctl/switches.c"
#include "ctl/term.c"

static char house[] = "/tmp/yett-switches.XXXXXX";
static int root = -1;
static struct switches found;

void
ctl_error(const char *fmt, ...)
{
	fail_msg("%s", fmt);
}

static void
make_directories(const char *path)
{
	char dir[256];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *slash = strchr(dir, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdirat(root, dir, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

static void
write_file(const char *path, const char *text)
{
	make_directories(path);
	CLEANUP_FD int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void
link_to(const char *path, const char *to)
{
	make_directories(path);
	assert_int_equal(symlinkat(to, root, path), 0);
}

/* A process; EXE NULL: a thread of the kernel. */
struct given { int pid, tracer, uid; const char *exe, *namespace, *file; };

static void
run_process(const struct given *g)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "proc/%d/status", g->pid);
	snprintf(text, sizeof(text), "Name:\tx\nTgid:\t%d\nTracerPid:\t%d\nUid:\t%d\t%d\t%d\t%d\nGid:\t0\t0\t0\t0\n", g->pid, g->tracer, g->uid,
	    g->uid, g->uid, g->uid);
	write_file(path, text);
	snprintf(path, sizeof(path), "proc/%d/ns/user", g->pid);
	link_to(path, g->namespace ? g->namespace : "user:[1]");
	snprintf(path, sizeof(path), "proc/%d/fd/0", g->pid);
	link_to(path, "/dev/null");
	snprintf(path, sizeof(path), "proc/%d/fd/7", g->pid);
	if (g->file)
		link_to(path, g->file);
	snprintf(path, sizeof(path), "proc/%d/exe", g->pid);
	if (g->exe)
		link_to(path, g->exe);
}

static int
begin(void **state)
{
	(void)state;
	if (!mkdtemp(house))
		return -1;
	root = open(house, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 || mkdirat(root, "proc", 0755) ? -1 : 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static int
end(void **state)
{
	(void)state;
	close(root);
	int err = nftw(house, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	memcpy(house + strlen(house) - 6, "XXXXXX", 6);
	return err;
}

static void
look(void)
{
	assert_int_equal(switches_look(root, &found, NULL, NULL), 0);
}

static void
is_set(enum switch_id id, enum switch_state state, const char *now)
{
	assert_int_equal(found.at[id].state, state);
	assert_string_equal(found.at[id].now, now);
	assert_int_equal(found.at[id].command[0] != '\0', state == SWITCH_OPEN);
}

static void
what_the_kernel_lacks_is_absent(void **state)
{
	(void)state;
	look();
	for (int i = 0; i < SWITCH__MAX; i++) {
		is_set((enum switch_id)i, SWITCH_ABSENT, "");
		assert_true(strlen(switch_info((enum switch_id)i)->absent) > 0);
	}
}

static void
numbers_are_held_against_what_closes(void **state)
{
	(void)state;
	write_file("proc/sys/vm/memfd_noexec", "1\n");
	write_file("proc/sys/kernel/yama/ptrace_scope", "3\n");
	write_file("proc/sys/kernel/io_uring_disabled", "2\n");
	write_file("proc/sys/user/max_user_namespaces", "4096\n");
	write_file("proc/sys/kernel/modules_disabled", "0\n");
	write_file("proc/modules", "a 1 0 - Live 0x0\nb 1 0 - Live 0x0\n");
	look();
	is_set(SWITCH_MEMFD, SWITCH_OPEN, "1");
	assert_string_equal(found.at[SWITCH_MEMFD].command, "sysctl -w vm.memfd_noexec=2");
	is_set(SWITCH_PTRACE, SWITCH_CLOSED, "3");
	is_set(SWITCH_URING, SWITCH_CLOSED, "2");
	is_set(SWITCH_USERNS, SWITCH_OPEN, "4096");
	is_set(SWITCH_MODULES, SWITCH_OPEN, "0");
	is_set(SWITCH_KEXEC, SWITCH_ABSENT, "");
	write_file("proc/sys/user/max_user_namespaces", "0\n");
	write_file("proc/sys/vm/memfd_noexec", "2\n");
	char text[256];
	switch_affected(&found, SWITCH_MODULES, text, sizeof(text));
	assert_string_equal(text, "2 modules are loaded and stay, no other can be");
	look();
	is_set(SWITCH_USERNS, SWITCH_CLOSED, "0");
	is_set(SWITCH_MEMFD, SWITCH_CLOSED, "2");
}

static void
the_command_line_counts_from_the_version_that_knows_the_word(void **state)
{
	(void)state;
	write_file("proc/cmdline", "quiet proc_mem.force_override=never\n");
	write_file("proc/sys/kernel/osrelease", "6.11.9-generic\n");
	look();
	is_set(SWITCH_MEM, SWITCH_ABSENT, "");
	write_file("proc/sys/kernel/osrelease", "6.12.0\n");
	look();
	is_set(SWITCH_MEM, SWITCH_CLOSED, "never");
	write_file("proc/cmdline", "xproc_mem.force_override=never proc_mem.force_override=always proc_mem.force_overrides=never\n");
	look();
	is_set(SWITCH_MEM, SWITCH_OPEN, "always");
	write_file("proc/cmdline", "quiet\n");
	write_file("proc/sys/kernel/osrelease", "7.1\n");
	look();
	is_set(SWITCH_MEM, SWITCH_OPEN, "not set");
}

static void
a_directory_that_is_no_mount_is_open(void **state)
{
	(void)state;
	make_directories("tmp/x");
	make_directories("var/tmp/x");
	look();
	is_set(SWITCH_TMP, SWITCH_OPEN, "no mount of its own");
	is_set(SWITCH_VAR_TMP, SWITCH_OPEN, "no mount of its own");
	is_set(SWITCH_SHM, SWITCH_ABSENT, "");
}

static void
has(enum crowd_of which, size_t n, const char *first)
{
	const struct crowd *c = &found.crowds.of[which];

	assert_int_equal(c->n, n);
	if (n)
		assert_string_equal(c->first[0].name, first);
}

static void
processes_are_counted_by_what_they_do(void **state)
{
	(void)state;
	static const struct given all[] = {
		{ 1, 0, 0, "/sbin/init", NULL, NULL },
		{ 2, 0, 0, NULL, NULL, NULL },
		{ 10, 0, 1000, "/memfd:pay\033load (deleted)", NULL, NULL },
		{ 11, 12, 1000, "/usr/bin/traced", NULL, NULL },
		{ 12, 0, 1000, "/usr/bin/gdb", NULL, NULL },
		{ 13, 0, 1000, "/usr/bin/browser", "user:[2]", NULL },
		{ 14, 0, 0, "/usr/bin/database", NULL, "anon_inode:[io_uring]" },
		{ 15, 0, 1000, "/usr/bin/filter", NULL, "anon_inode:bpf-prog" },
		{ 16, 0, 0, "/usr/bin/agent", NULL, "anon_inode:bpf-map" },
		{ 17, 0, 0, "/tmp/a", NULL, NULL },
		{ 18, 0, 0, "/tmpfiles/b", NULL, NULL },
		{ 19, 0, 0, "/var/tmp/deep/c (deleted)", NULL, NULL },
		{ 20, 0, 0, "/dev/shm/d", NULL, NULL },
		{ 21, 12, 0, "/usr/bin/traced", NULL, NULL },
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		run_process(&all[i]);
	look();
	assert_int_equal(found.crowds.processes, sizeof(all) / sizeof(all[0]));
	assert_int_equal(found.crowds.hidden, 0);
	has(CROWD_MEMFD, 1, "memfd:pay?load");
	has(CROWD_TRACERS, 1, "gdb");
	has(CROWD_NAMESPACE, 1, "browser");
	has(CROWD_URING, 1, "database");
	has(CROWD_BPF, 1, "filter");
	has(CROWD_TMP, 1, "a");
	has(CROWD_VAR_TMP, 1, "c");
	has(CROWD_SHM, 1, "d");
	has(CROWD_NOBODY, 0, "");
	char text[256];
	switch_affected(&found, SWITCH_PTRACE, text, sizeof(text));
	assert_string_equal(text, "1 process: gdb 12");
}

static void
more_are_counted_than_named(void **state)
{
	(void)state;
	char text[512];

	for (int pid = 100; pid < 100 + CROWD_NAMED + 3; pid++)
		run_process(&(struct given){ pid, 0, 0, "/tmp/x", NULL, NULL });
	look();
	assert_int_equal(found.crowds.of[CROWD_TMP].n, CROWD_NAMED + 3);
	switch_affected(&found, SWITCH_TMP, text, sizeof(text));
	assert_non_null(strstr(text, "11 processes: x "));
	assert_non_null(strstr(text, ", and 3 more"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_the_kernel_lacks_is_absent, begin, end),
		cmocka_unit_test_setup_teardown(numbers_are_held_against_what_closes, begin, end),
		cmocka_unit_test_setup_teardown(the_command_line_counts_from_the_version_that_knows_the_word, begin, end),
		cmocka_unit_test_setup_teardown(a_directory_that_is_no_mount_is_open, begin, end),
		cmocka_unit_test_setup_teardown(processes_are_counted_by_what_they_do, begin, end),
		cmocka_unit_test_setup_teardown(more_are_counted_than_named, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
