/*
 * many N: has N living children at once, which share its memory, says started=N, waits until its input ends, lets them go. Or -f
 * SECONDS: forks and reaps as fast as it can, says forked=N.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACK 4096

static int
sleeper(void *arg)
{
	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return 0;
}

static int
nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int
flood(double seconds)
{
	static char stack[16384] __attribute__((aligned(16)));
	struct timespec a, b;
	unsigned long n = 0;

	clock_gettime(CLOCK_MONOTONIC, &a);
	do {
		pid_t pid = clone(nothing, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
		if (pid > 0 && waitpid(pid, NULL, 0) == pid)
			n++;
		clock_gettime(CLOCK_MONOTONIC, &b);
	} while ((double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9 < seconds);
	printf("forked=%lu\n", n);
	return 0;
}

int
main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc == 3 && strcmp(argv[1], "-f") == 0)
		return flood(strtod(argv[2], NULL));
	size_t n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0, started = 0;
	char *stacks = n ? mmap(NULL, n * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
	pid_t *pids = calloc(n + 1, sizeof(*pids));
	char c;

	if (stacks == MAP_FAILED || !pids)
		return 2;
	while (started < n) {
		pids[started] = clone(sleeper, stacks + (started + 1) * STACK, CLONE_VM | SIGCHLD, NULL);
		if (pids[started] < 0) {
			fprintf(stderr, "many: %s\n", strerror(errno));
			break;
		}
		started++;
	}
	printf("started=%zu\n", started);
	fflush(stdout);
	ssize_t end = read(0, &c, 1);
	for (size_t i = 0; i < started; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return started == n && end == 0 ? 0 : 1;
}
