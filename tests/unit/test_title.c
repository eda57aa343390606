#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "base/title.h"

#define ENV	"YETT_TEST_TITLE"

static size_t
cmdline(char *buf, size_t size)
{
	CLEANUP_FD int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t n = read(fd, buf, size - 1);

	assert_true(n >= 0);
	buf[n] = '\0';
	return (size_t)n;
}

static void
ps_shows_the_room(void **state)
{
	(void)state;
	char buf[8192];

	title_set("gate");
	size_t n = cmdline(buf, sizeof(buf));
	assert_string_equal(buf, "yettd: gate");
	for (size_t i = strlen(buf); i < n; i++)	/* nothing of what stood there is left */
		assert_int_equal(buf[i], '\0');
	title_set("x");
	cmdline(buf, sizeof(buf));
	assert_string_equal(buf, "yettd: x");
}

static void
a_title_longer_than_the_arguments_is_shown(void **state)
{
	(void)state;
	char buf[8192], *room = getenv(ENV "_LONG"), want[256];

	assert_non_null(room);
	assert_true(strlen(room) == 100);
	title_set(room);
	cmdline(buf, sizeof(buf));
	strcpy(want, "yettd: ");
	strcat(want, room);
	assert_string_equal(buf, want);
}

static void
a_title_longer_than_all_room_is_cut(void **state)
{
	(void)state;
	char buf[8192], *room = malloc(1 << 20);

	memset(room, 'a', (1 << 20) - 1);
	room[(1 << 20) - 1] = '\0';
	title_set(room);
	size_t n = cmdline(buf, sizeof(buf));
	assert_true(n >= 107);
	assert_memory_equal(buf, "yettd: aaaa", 11);
	free(room);
}

static void
the_environment_is_still_there(void **state)
{
	(void)state;
	title_set("gate");
	assert_string_equal(getenv(ENV), "kept");
	title_set("a room with a very long name that reaches into where the environment was at the start");
	assert_string_equal(getenv(ENV), "kept");
	assert_int_equal(strlen(getenv(ENV "_LONG")), 100);
}

static void
a_child_has_its_own_title(void **state)
{
	(void)state;
	int status;
	char buf[8192];

	title_set("warden");
	pid_t pid = fork();
	if (pid == 0) {
		title_set("scan");
		cmdline(buf, sizeof(buf));
		_exit(strcmp(buf, "yettd: scan") != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	cmdline(buf, sizeof(buf));
	assert_string_equal(buf, "yettd: warden");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ps_shows_the_room),
		cmocka_unit_test(a_title_longer_than_the_arguments_is_shown),
		cmocka_unit_test(a_title_longer_than_all_room_is_cut),
		cmocka_unit_test(the_environment_is_still_there),
		cmocka_unit_test(a_child_has_its_own_title),
	};
	char room[101];

	title_set("too early");		/* does nothing */
	/* Once more with a known environment: what it is at start decides how much room there is. */
	if (!getenv(ENV)) {
		memset(room, 'r', 100);
		room[100] = '\0';
		if (setenv(ENV, "kept", 1) || setenv(ENV "_LONG", room, 1))
			return 1;
		execv("/proc/self/exe", argv);
		return 1;
	}
	title_init(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
