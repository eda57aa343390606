#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
/* The hook is a process, not a library: what runs programs is taken in whole. */
#include "hook/run.c"

#define PATIENCE_MS	20000

static struct run run;
static struct config config;
static int null_fd;
static char dir[] = "/tmp/yett-run-XXXXXX", out[64];

static int
begin_all(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(out, sizeof(out), "%s/out", dir);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return null_fd < 0;
}

static int
end_all(void **state)
{
	(void)state;
	unlink(out);
	return rmdir(dir);
}

static int
begin(void **state)
{
	(void)state;
	run = (struct run){ .config = &config };
	config = (struct config){ .run_timeout_ns = 60 * NS_PER_SEC, .run_at_once = 4, .run_per_minute = 60 };
	unlink(out);
	return 0;
}

/* sh -c SCRIPT, whose $1 is the file that it may write to. */
static void
script(const char *text)
{
	int n = snprintf(config.hook.text, sizeof(config.hook.text), "/bin/sh%c-c%c%s%csh%c%s", 0, 0, text, 0, 0, out);

	assert_true(n > 0 && (size_t)n < sizeof(config.hook.text));
	config.hook.n = 5;
}

static struct run_end
ended(void)
{
	struct run_end end;

	for (int ms = 0; !run_reap(&run, &end); ms += 5) {
		if (ms >= PATIENCE_MS)
			fail_msg("no program ended");
		poll(NULL, 0, 5);
	}
	return end;
}

static const char *
written(void)
{
	static char text[4096];
	int fd = open(out, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
it_reads_the_alert_and_nothing_else_of_ours(void **state)
{
	(void)state;
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	int leaked = open("/dev/null", O_RDONLY);	/* without O_CLOEXEC */
	assert_true(leaked > 2);
	script("exec >\"$1\"; cat; echo; env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=; pwd; ls -x /proc/$$/fd; readlink /proc/$$/fd/2");
	assert_int_equal(run_begin(&run, "{\"a\":1}", 7, null_fd), 0);
	assert_false(ended().failed);
	close(leaked);
	assert_string_equal(written(), "{\"a\":1}\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n/\n0  1  2\n/dev/null\n");
	assert_int_equal(run.n, 0);
}

static void
the_longest_alert_is_read_whole_by_who_comes_late(void **state)
{
	(void)state;
	static char text[65536 + 40];

	memset(text, 'x', sizeof(text));
	script("sleep 0.3; wc -c >\"$1\"");
	assert_int_equal(run_begin(&run, text, sizeof(text), null_fd), 0);
	assert_false(ended().failed);
	assert_int_equal(strtol(written(), NULL, 10), sizeof(text));
}

static void
signals_are_as_at_birth(void **state)
{
	(void)state;
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	signal(SIGPIPE, SIG_IGN);
	const unsigned long ignored[4] = { 1 };		/* libc would not do it */
	for (int sig = 32; sig < 34; sig++)
		assert_int_equal(syscall(SYS_rt_sigaction, sig, ignored, NULL, 8), 0);
	script("grep -e ^SigBlk -e ^SigIgn /proc/self/status | cut -f2 | tr '\\n' ' ' >\"$1\"");
	assert_int_equal(run_begin(&run, "", 0, null_fd), 0);
	assert_false(ended().failed);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_string_equal(written(), "0000000000000000 0000000000000000 ");
}

static void
how_it_ended_is_told(void **state)
{
	(void)state;
	script("exit 3");
	assert_int_equal(run_begin(&run, "", 0, null_fd), 0);
	assert_true(ended().failed);
	script("kill -9 $$");
	assert_int_equal(run_begin(&run, "", 0, null_fd), 0);
	assert_true(ended().failed);
	snprintf(config.hook.text, sizeof(config.hook.text), "/there/is/none");
	config.hook.n = 1;
	assert_int_equal(run_begin(&run, "", 0, null_fd), 0);
	assert_true(ended().failed);
}

/* A pipe that all its descendants hold open ends with the last of them. */
static void
one_that_takes_too_long_is_killed_with_its_children(void **state)
{
	(void)state;
	struct pollfd p = { .events = POLLIN };
	char byte;

	assert_int_equal(mkfifo(out, 0600), 0);
	p.fd = open(out, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(p.fd >= 0);
	script("exec >\"$1\"; sleep 300 & echo; wait");
	config.run_timeout_ns = NS_PER_SEC;
	assert_int_equal(run_begin(&run, "", 0, null_fd), 0);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(read(p.fd, &byte, 1), 1);
	uint64_t until = run_next_ns(&run);
	assert_true(until > 0);
	assert_int_equal(run_expire(&run, until - 1), 0);
	assert_int_equal(run_expire(&run, until), 1);
	assert_int_equal(run_expire(&run, until), 0);
	assert_int_equal(run_next_ns(&run), 0);
	assert_true(ended().failed);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(read(p.fd, &byte, 1), 0);
	close(p.fd);
}

static void
what_it_leaves_behind_goes_with_it(void **state)
{
	(void)state;
	struct pollfd p = { .events = POLLIN };
	char byte;

	assert_int_equal(mkfifo(out, 0600), 0);
	p.fd = open(out, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	script("exec >\"$1\"; sleep 300 & echo");
	assert_int_equal(run_begin(&run, "", 0, null_fd), 0);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(read(p.fd, &byte, 1), 1);
	assert_false(ended().failed);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(read(p.fd, &byte, 1), 0);
	close(p.fd);
}

static void
so_many_at_a_time(void **state)
{
	(void)state;
	uint64_t next = 1;

	config.run_at_once = 3;
	script("sleep 300");
	for (int i = 0; i < 3; i++) {
		assert_true(run_may(&run, now_boot_ns(), &next));
		assert_int_equal(run_begin(&run, "", 0, null_fd), 0);
	}
	assert_false(run_may(&run, now_boot_ns(), &next));
	assert_int_equal(next, 0);
	assert_int_equal(run_expire(&run, UINT64_MAX - 1), 3);
	ended();
	assert_true(run_may(&run, now_boot_ns(), &next));
	ended();
	ended();
	assert_int_equal(run.n, 0);
}

static void
so_many_in_any_minute(void **state)
{
	(void)state;
	uint64_t next, first = 0;

	config.run_per_minute = 5;
	script("exit 0");
	for (int i = 0; i < 5; i++) {
		assert_true(run_may(&run, now_boot_ns(), &next));
		assert_int_equal(run_begin(&run, "", 0, null_fd), 0);
		ended();
	}
	first = run.began_ns[0];
	assert_false(run_may(&run, first + 60 * NS_PER_SEC - 1, &next));
	assert_int_equal(next, first + 60 * NS_PER_SEC);
	assert_true(run_may(&run, next, &next));
	/* One that begins then takes the place of the first, so the second is the next to be waited for. */
	assert_int_equal(run_begin(&run, "", 0, null_fd), 0);
	ended();
	assert_false(run_may(&run, run.began_ns[1] + 60 * NS_PER_SEC - 1, &next));
	assert_int_equal(next, run.began_ns[1] + 60 * NS_PER_SEC);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_reads_the_alert_and_nothing_else_of_ours),
		TEST(the_longest_alert_is_read_whole_by_who_comes_late),
		TEST(signals_are_as_at_birth),
		TEST(how_it_ended_is_told),
		TEST(one_that_takes_too_long_is_killed_with_its_children),
		TEST(what_it_leaves_behind_goes_with_it),
		TEST(so_many_at_a_time),
		TEST(so_many_in_any_minute),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
