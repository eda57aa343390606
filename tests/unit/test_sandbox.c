#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "base/sandbox.h"

#define NOBODY	65534
#define CAP(x)	(1ull << CAP_##x)
#define OK	42

static const int calls[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(exit_group), SCMP_SYS(exit), SANDBOX_END };

/* A child in the sandbox that waits in read(); what the parent does not need is closed. */
struct inmate { pid_t pid; int to, from; };

/* Runs in the child once it is inside. */
typedef void act(void);

static int
enter(const struct sandbox *s, act *fn)
{
	int err = sandbox_enter(s);

	if (err)
		return 100 - err;	/* EPERM: 101 */
	if (fn)
		fn();
	return OK;
}

/* How the child ended, as of waitpid(). */
static int
fate(const struct sandbox *s, act *fn)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(enter(s, fn));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
assert_survives(const struct sandbox *s, act *fn)
{
	int status = fate(s, fn);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), OK);
}

static void
assert_killed(const struct sandbox *s, act *fn)
{
	int status = fate(s, fn);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static struct inmate
lock_in(const struct sandbox *base, const int *keep)
{
	struct sandbox s = *base;
	int in[2], out[2];
	char c;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	int fds[8] = { in[0], out[1] };
	int n = 2;
	for (; keep && keep[n - 2] >= 0; n++)
		fds[n] = keep[n - 2];
	fds[n] = -1;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		s.keep = fds;
		int err = sandbox_enter(&s);
		c = (char)-err;
		if (write(out[1], &c, 1) != 1)
			_exit(1);
		_exit(read(in[0], &c, 1) == 0 ? OK : 1);
	}
	close(in[0]);
	close(out[1]);
	assert_int_equal(read(out[0], &c, 1), 1);
	assert_int_equal(c, 0);
	return (struct inmate){ pid, in[1], out[0] };
}

static void
let_go(struct inmate i)
{
	int status;

	close(i.to);
	close(i.from);
	assert_int_equal(waitpid(i.pid, &status, 0), i.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), OK);
}

static void
status_line(pid_t pid, const char *name, char out[256])
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	CLEANUP_FILE FILE *f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		size_t n = strlen(name);
		if (strncmp(line, name, n) || line[n] != ':')
			continue;
		strcpy(out, line + n + 1 + strspn(line + n + 1, " \t"));
		out[strcspn(out, "\n")] = '\0';
		for (size_t len = strlen(out); len && out[len - 1] == ' '; len--)
			out[len - 1] = '\0';
		return;
	}
	fail_msg("no %s", name);
}

static void
assert_status(pid_t pid, const char *name, const char *want)
{
	char have[256];

	status_line(pid, name, have);
	assert_string_equal(have, want);
}

static long
caps_of(pid_t pid, const char *set)
{
	char have[256];

	status_line(pid, set, have);
	return strtol(have, NULL, 16);
}

static void
ask_socket(void)
{
	syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static void
ask_exec(void)
{
	syscall(SYS_execve, NULL, NULL, NULL);
}

static void
ask_kill(void)
{
	syscall(SYS_kill, getpid(), 0);
}

static void
ask_unknown(void)
{
	syscall(4095);
}

static void
ask_write(void)
{
	if (write(STDERR_FILENO, "", 0))
		_exit(1);
}

static void
what_is_not_listed_kills(void **state)
{
	(void)state;
	const struct sandbox s = { .syscalls = calls };

	assert_killed(&s, ask_socket);
	assert_killed(&s, ask_exec);
	assert_killed(&s, ask_kill);
	assert_killed(&s, ask_unknown);
	assert_survives(&s, ask_write);
	assert_survives(&s, NULL);
}

#ifdef __x86_64__
static void
ask_i386(void)
{
	long r = 20;	/* getpid there, writev here */

	__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
}

static void
ask_x32(void)
{
	syscall(0x40000000 + SYS_write, -1, NULL, 0);
}

static void
other_architectures_kill(void **state)
{
	(void)state;
	const struct sandbox s = { .syscalls = calls };
	int status = fate(&s, ask_i386);

	assert_true(WIFSIGNALED(status));	/* by SIGSEGV where the kernel has no such entry */
	assert_true(WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV);
	assert_killed(&s, ask_x32);
}
#endif

static void
without_a_list_nobody_gets_in(void **state)
{
	(void)state;
	int status = fate(&(struct sandbox){ .caps = 0 }, NULL);

	assert_int_equal(WEXITSTATUS(status), 100 + EINVAL);
	status = fate(&(struct sandbox){ .syscalls = calls, .refused = calls }, NULL);
	assert_int_equal(WEXITSTATUS(status), 100 + EINVAL);
}

/* A program that runs in it finds the same: a list of what fails, and all else as ever. */
static void
ask_refused_and_others(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, (char[]){ "kill -0 $$ && exit 1; cat /dev/null && echo >/dev/null" }, NULL };
		execve(argv[0], argv, (char *[]){ NULL });
		_exit(1);
	}
	if (syscall(SYS_kill, getpid(), 0) != -1 || errno != EPERM || pid < 0 || waitpid(pid, &status, 0) != pid || status)
		_exit(1);
}

static void
what_is_refused_fails_and_all_else_goes_on(void **state)
{
	(void)state;
	static const int refused[] = { SCMP_SYS(kill), SANDBOX_END };

	assert_survives(&(struct sandbox){ .refused = refused }, ask_refused_and_others);
}

static void
nothing_is_left_of_authority(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	const struct sandbox s = { .title = "yettd-test", .change_user = true, .uid = NOBODY, .gid = NOBODY, .syscalls = calls };
	struct inmate i = lock_in(&s, NULL);

	assert_status(i.pid, "Name", "yettd-test");
	assert_status(i.pid, "Uid", "65534\t65534\t65534\t65534");
	assert_status(i.pid, "Gid", "65534\t65534\t65534\t65534");
	assert_status(i.pid, "Groups", "");
	assert_status(i.pid, "CapInh", "0000000000000000");
	assert_status(i.pid, "CapPrm", "0000000000000000");
	assert_status(i.pid, "CapEff", "0000000000000000");
	assert_status(i.pid, "CapBnd", "0000000000000000");
	assert_status(i.pid, "CapAmb", "0000000000000000");
	assert_status(i.pid, "NoNewPrivs", "1");
	assert_status(i.pid, "Seccomp", "2");
	let_go(i);
}

static void
kept_capabilities_outlive_the_change_of_user(void **state)
{
	(void)state;
	const struct sandbox s = { .change_user = true, .uid = NOBODY, .gid = NOBODY, .syscalls = calls,
		.caps = CAP(SYS_PTRACE) | CAP(AUDIT_READ) };

	if (geteuid() != 0 || prctl(PR_CAPBSET_READ, CAP_AUDIT_READ, 0, 0, 0) != 1)
		skip();
	struct inmate i = lock_in(&s, NULL);
	assert_int_equal(caps_of(i.pid, "CapEff"), s.caps);
	assert_int_equal(caps_of(i.pid, "CapPrm"), s.caps);
	assert_int_equal(caps_of(i.pid, "CapInh"), 0);
	assert_int_equal(caps_of(i.pid, "CapBnd"), 0);
	assert_int_equal(caps_of(i.pid, "CapAmb"), 0);
	let_go(i);
}

static void
nobody_else_may_look_at_the_memory(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	const struct sandbox s = { .change_user = true, .uid = NOBODY, .gid = NOBODY, .syscalls = calls };
	struct inmate i = lock_in(&s, NULL);
	char path[64];
	struct stat st;

	/* What cannot be dumped belongs to root in /proc, whoever runs it. */
	snprintf(path, sizeof(path), "/proc/%d/maps", i.pid);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	let_go(i);
}

static int
has_fd(pid_t pid, int fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return lstat(path, &st) == 0;
}

static void
only_kept_descriptors_are_left(void **state)
{
	(void)state;
	int fds[6];

	for (int k = 0; k < 6; k++) {
		fds[k] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 200 + 3 * k);
		assert_true(fds[k] >= 0);
	}
	/* In no order, one twice, neighbours and gaps, the standard ones too. */
	const int keep[] = { fds[4], 1, fds[0], fds[4], -1 };
	struct inmate i = lock_in(&(struct sandbox){ .syscalls = calls }, keep);
	for (int k = 0; k < 6; k++)
		assert_int_equal(has_fd(i.pid, fds[k]), k == 0 || k == 4);
	for (int fd = 0; fd < 3; fd++)
		assert_int_equal(has_fd(i.pid, fd), has_fd(getpid(), fd));
	let_go(i);
	for (int k = 0; k < 6; k++)
		close(fds[k]);
}

static void
limits_are_lowered_and_never_raised(void **state)
{
	(void)state;
	const struct limit limits[] = { { RLIMIT_NOFILE, 3 }, { RLIMIT_FSIZE, 0 }, { RLIMIT_CORE, 0 }, { RLIMIT_AS, UINT64_MAX },
		{ RLIMIT_NPROC, 0 }, { -1, 0 } };
	struct inmate i = lock_in(&(struct sandbox){ .syscalls = calls, .limits = limits }, NULL);
	struct rlimit l, mine;

	assert_int_equal(prlimit(i.pid, RLIMIT_NOFILE, NULL, &l), 0);
	assert_int_equal(l.rlim_cur, 3);
	assert_int_equal(l.rlim_max, 3);
	assert_int_equal(prlimit(i.pid, RLIMIT_FSIZE, NULL, &l), 0);
	assert_int_equal(l.rlim_max, 0);
	assert_int_equal(prlimit(i.pid, RLIMIT_AS, NULL, &l), 0);
	assert_int_equal(getrlimit(RLIMIT_AS, &mine), 0);
	assert_true(l.rlim_max == mine.rlim_max && l.rlim_cur == mine.rlim_cur);
	let_go(i);
}

static int
oom_score(pid_t pid)
{
	char path[64], text[16] = "";

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	CLEANUP_FILE FILE *f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	return atoi(text);
}

static void
the_oom_score_is_set(void **state)
{
	(void)state;
	struct inmate i = lock_in(&(struct sandbox){ .syscalls = calls, .oom_score = 900 }, NULL);

	assert_int_equal(oom_score(i.pid), 900);
	let_go(i);
}

static void
a_host_that_gives_little_is_enough(void **state)
{
	(void)state;
	const struct sandbox s = { .syscalls = calls, .oom_score = -900 };
	const struct sandbox wants = { .syscalls = calls, .caps = CAP(KILL) };
	int status;

	/* Without any capability: what cannot be had is skipped, what was asked to be kept is an error. */
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
			_exit(1);
		if (sandbox_enter(&wants) != -EPERM)
			_exit(2);
		_exit(enter(&s, ask_write));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), OK);
}

static void
a_child_dies_with_its_parent_also_after_the_change_of_user(void **state)
{
	(void)state;
	struct sandbox s = { .syscalls = calls, .die_with_parent = true, .change_user = geteuid() == 0, .uid = NOBODY, .gid = NOBODY };
	int life[2], block[2];
	char c;

	assert_int_equal(pipe2(life, O_CLOEXEC), 0);
	assert_int_equal(pipe2(block, O_CLOEXEC), 0);
	pid_t parent = fork();
	if (parent == 0) {
		pid_t child = fork();
		if (child == 0) {
			const int keep[] = { life[1], block[0], -1 };
			s.keep = keep;
			if (sandbox_enter(&s) || write(life[1], "x", 1) != 1)
				_exit(1);
			_exit((int)read(block[0], &c, 1));
		}
		/* Ends when told so, and not by a signal that its child gets too. */
		_exit((int)read(block[0], &c, 1));
	}
	close(life[1]);
	close(block[0]);
	assert_int_equal(read(life[0], &c, 1), 1);	/* it is inside */
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	/* We hold the other end of what it waits for, so only the death of its parent can have ended it. */
	struct pollfd p = { .fd = life[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(read(life[0], &c, 1), 0);
	close(life[0]);
	close(block[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_listed_kills),
#ifdef __x86_64__
		cmocka_unit_test(other_architectures_kill),
#endif
		cmocka_unit_test(without_a_list_nobody_gets_in),
		cmocka_unit_test(what_is_refused_fails_and_all_else_goes_on),
		cmocka_unit_test(nothing_is_left_of_authority),
		cmocka_unit_test(kept_capabilities_outlive_the_change_of_user),
		cmocka_unit_test(nobody_else_may_look_at_the_memory),
		cmocka_unit_test(only_kept_descriptors_are_left),
		cmocka_unit_test(limits_are_lowered_and_never_raised),
		cmocka_unit_test(the_oom_score_is_set),
		cmocka_unit_test(a_host_that_gives_little_is_enough),
		cmocka_unit_test(a_child_dies_with_its_parent_also_after_the_change_of_user),
	};

	alarm(60);	/* a child that should have died must not hold us for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
