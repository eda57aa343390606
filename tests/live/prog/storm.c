/*
 * storm SECONDS WORKERS ALLOWED DENIED: each worker starts the two programs in turn, as fast as it can, and counts what became of it.
 * storm -n COUNT PROGRAM: starts PROGRAM so many times, one after the other.
 * Prints name=value words: runs and refusals of both, other errors, the longest and the middle wait for an exec in microseconds.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct tally {
	_Atomic uint64_t ran[2], refused[2], busy[2], other, longest_us, failed_status, last_other;
};

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Returns how long the exec took. */
static uint64_t
once(struct tally *t, int which, char *program)
{
	char *argv[] = { program, NULL };
	uint64_t began = now_us();
	pid_t pid;
	int status = 0, err = posix_spawn(&pid, program, NULL, NULL, argv, environ);
	uint64_t took = now_us() - began;

	if (took > t->longest_us)
		t->longest_us = took;
	if (err == EPERM)
		t->refused[which]++;
	else if (err == EBUSY)
		t->busy[which]++;
	else if (err) {
		t->other++;
		t->last_other = (uint64_t)err;
	} else
		t->ran[which]++;
	if (!err && (waitpid(pid, &status, 0) != pid || status))
		t->failed_status++;
	return took;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
tell(const struct tally *t, uint64_t middle_us)
{
	printf("ran=%llu refused=%llu denied_ran=%llu denied_refused=%llu busy=%llu other=%llu last_other=%llu bad_status=%llu longest_us=%llu "
	    "middle_us=%llu\n", (unsigned long long)t->ran[0], (unsigned long long)t->refused[0], (unsigned long long)t->ran[1],
	    (unsigned long long)t->refused[1], (unsigned long long)(t->busy[0] + t->busy[1]), (unsigned long long)t->other,
	    (unsigned long long)t->last_other, (unsigned long long)t->failed_status, (unsigned long long)t->longest_us,
	    (unsigned long long)middle_us);
}

static int
count(struct tally *t, size_t n, char *program)
{
	uint64_t *took = calloc(n, sizeof(*took));

	if (!took || !n)
		return 2;
	for (size_t i = 0; i < n; i++)
		took[i] = once(t, 0, program);
	qsort(took, n, sizeof(*took), compare);
	tell(t, took[n / 2]);
	free(took);
	return 0;
}

int
main(int argc, char **argv)
{
	struct tally *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (t == MAP_FAILED)
		return 2;
	if (argc == 4 && strcmp(argv[1], "-n") == 0)
		return count(t, strtoul(argv[2], NULL, 10), argv[3]);
	if (argc != 5)
		return 2;
	uint64_t until = now_us() + strtoull(argv[1], NULL, 10) * 1000000;
	unsigned long workers = strtoul(argv[2], NULL, 10);
	for (unsigned long i = 0; i < workers; i++)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (now_us() < until) {
				once(t, 0, argv[3]);
				once(t, 1, argv[4]);
				usleep(1000);	/* each denial is a record, and the log has room for some 200,000 */
			}
			_exit(0);
		}
	while (wait(NULL) > 0 || errno == EINTR)
		;
	tell(t, 0);
	return 0;
}
