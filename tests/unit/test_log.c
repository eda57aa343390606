#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/log.h"

#define STUCK_S	20		/* a test that waits so long is ended by SIGALRM, and has failed */

static int reader, old_stderr;

/* Lines go where the test can read them. */
static int
catch_stderr(void **state)
{
	int fds[2];

	(void)state;
	if (pipe2(fds, O_CLOEXEC) || fcntl(fds[0], F_SETFL, O_NONBLOCK))
		return -1;
	reader = fds[0];
	old_stderr = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	log_init("yettd-test", LOG_LEVEL_NOTICE);
	alarm(STUCK_S);
	return 0;
}

static int
restore_stderr(void **state)
{
	(void)state;
	alarm(0);
	dup2(old_stderr, STDERR_FILENO);
	close(old_stderr);
	close(reader);
	return 0;
}

/* What was logged since the last look. */
static const char *
logged(void)
{
	static char text[1 << 16];
	ssize_t n = read(reader, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
each_level_has_its_lines(void **state)
{
	(void)state;
	static const struct { enum log_level most; const char *want; } rows[] = {
		{ LOG_LEVEL_ERROR, "r: e 1\nr: f 2: ENOENT\n" },
		{ LOG_LEVEL_NOTICE, "r: e 1\nr: f 2: ENOENT\nr: n 3\n" },
		{ LOG_LEVEL_DEBUG, "r: e 1\nr: f 2: ENOENT\nr: n 3\nr: d 4\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_init("r", rows[i].most);
		log_error("e %d", 1);
		log_errno(ENOENT, "f %d", 2);
		log_notice("n %d", 3);
		log_debug("d %d", 4);
		assert_string_equal(logged(), rows[i].want);
	}
}

static void
errors_have_names_whatever_their_sign(void **state)
{
	(void)state;
	static const struct { int err; const char *name; } rows[] = {
		{ ENOSPC, "ENOSPC" }, { -ENOSPC, "ENOSPC" }, { EPERM, "EPERM" }, { -ENOBUFS, "ENOBUFS" }, { EHWPOISON, "EHWPOISON" },
		{ 1 << 20, "unknown error" }, { -(1 << 20), "unknown error" }, { 133 + 1000, "unknown error" },
	};
	char want[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(errno_name(rows[i].err), rows[i].name);
		log_errno(rows[i].err, "cannot write %s", "x");
		snprintf(want, sizeof(want), "yettd-test: cannot write x: %s\n", rows[i].name);
		assert_string_equal(logged(), want);
	}
	for (int err = 0; err < 4096; err++)
		assert_non_null(errno_name(err));
}

static void
a_line_that_is_too_long_is_cut_and_ends_all_the_same(void **state)
{
	(void)state;
	char text[4096];

	for (size_t len = 900; len < sizeof(text); len += 1) {
		memset(text, 'x', len);
		text[len] = '\0';
		log_errno(EIO, "%s", text);
		const char *line = logged();
		size_t n = strlen(line);
		assert_true(n > 900 && n <= 1024);
		assert_ptr_equal(strchr(line, '\n'), line + n - 1);
		assert_int_equal(strncmp(line, "yettd-test: xxxx", 16), 0);
	}
}

static void
logging_leaves_errno_to_the_caller_as_far_as_it_succeeds(void **state)
{
	(void)state;
	errno = EXDEV;
	log_error("x");
	assert_int_equal(errno, EXDEV);
}

/* Fills it to the last byte; returns how many bytes that were. */
static size_t
fill(int fd)
{
	static const char zeros[4096];
	size_t size = sizeof(zeros), sum = 0;
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (size) {
		ssize_t n = write(fd, zeros, size);
		if (n > 0)
			sum += (size_t)n;
		else
			size /= 2;
	}
	fcntl(fd, F_SETFL, flags);
	return sum;
}

static size_t
drain(int fd)
{
	static char bytes[4096];
	size_t sum = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		sum += (size_t)n;
	return sum;
}

static void
a_full_pipe_is_never_waited_for(void **state)
{
	(void)state;
	size_t filled = fill(STDERR_FILENO);

	assert_true(filled >= 4096);
	for (int i = 0; i < 100; i++)
		log_error("nobody reads this %d", i);
	/* Dropped whole: no half a line comes out later. */
	assert_int_equal(drain(reader), filled);
	log_error("again");
	assert_string_equal(logged(), "yettd-test: again\n");
}

static void
a_pipe_that_fills_up_takes_whole_lines_only(void **state)
{
	(void)state;
	static char all[1 << 20];
	char line[1024];
	size_t used = 0, at = 0;
	ssize_t n;
	int lines = 0;

	for (int i = 0; i < 5000; i++)
		log_error("%0*d", 1 + i % 900, i);
	while ((n = read(reader, all + used, sizeof(all) - used)) > 0)
		used += (size_t)n;
	for (; at < used; at += (size_t)n, lines++) {
		n = snprintf(line, sizeof(line), "yettd-test: %0*d\n", 1 + lines % 900, lines);
		assert_true((size_t)n <= used - at);
		assert_memory_equal(all + at, line, n);
	}
	assert_true(lines > 10 && lines < 5000);
}

static void
a_full_socket_is_never_waited_for(void **state)
{
	(void)state;
	int pair[2];

	/* As under systemd. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	dup2(pair[1], STDERR_FILENO);
	close(pair[1]);
	assert_true(fill(STDERR_FILENO) > 0);
	for (int i = 0; i < 100; i++)
		log_error("nobody reads this");
	close(pair[0]);
}

static void
a_reader_that_is_gone_is_no_reason_to_end(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	close(reader);
	log_error("nobody is there");
	log_errno(EIO, "still nobody");
	signal(SIGPIPE, SIG_DFL);
	reader = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(reader >= 0);
	close(STDERR_FILENO);
	log_error("not even a stderr");
	assert_int_equal(fcntl(STDERR_FILENO, F_GETFD), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, catch_stderr, restore_stderr)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_level_has_its_lines),
		TEST(errors_have_names_whatever_their_sign),
		TEST(a_line_that_is_too_long_is_cut_and_ends_all_the_same),
		TEST(logging_leaves_errno_to_the_caller_as_far_as_it_succeeds),
		TEST(a_full_pipe_is_never_waited_for),
		TEST(a_pipe_that_fills_up_takes_whole_lines_only),
		TEST(a_full_socket_is_never_waited_for),
		TEST(a_reader_that_is_gone_is_no_reason_to_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
