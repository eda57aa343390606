/*
 * bench exec PROGRAM N | bench open FILE N: how long one takes, N times; prints p50 and p99 in microseconds. The first tenth is warming up.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"

static int
one_exec(const char *path)
{
	char name[] = "nop";
	char *const argv[] = { name, NULL }, *const envp[] = { NULL };
	int status;
	pid_t pid;
	int err = posix_spawn(&pid, path, NULL, NULL, argv, envp);

	if (err)
		return -err;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

static int
one_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : close(fd);
}

static int
by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(int argc, char **argv)
{
	long n = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
	int (*one)(const char *) = argc == 4 && strcmp(argv[1], "exec") == 0 ? one_exec : one_open;

	if (n < 100 || n > 10000000) {
		fprintf(stderr, "usage: bench exec|open FILE N (at least 100)\n");
		return 2;
	}
	CLEANUP_FREE uint64_t *times = calloc((size_t)n, sizeof(*times));
	if (!times)
		return 1;
	for (long i = -n / 10; i < n; i++) {
		uint64_t start = clock_ns(CLOCK_MONOTONIC);
		int err = one(argv[2]);
		if (err) {
			fprintf(stderr, "bench: %s: %s\n", argv[2], strerror(-err));
			return 1;
		}
		if (i >= 0)
			times[i] = clock_ns(CLOCK_MONOTONIC) - start;
	}
	qsort(times, (size_t)n, sizeof(*times), by_time);
	printf("%.1f %.1f\n", (double)times[n / 2] / 1000, (double)times[n - n / 100 - 1] / 1000);
	return 0;
}
