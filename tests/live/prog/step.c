/*
 * One step in a chain of processes: step WAY PROGRAM ARGS... starts PROGRAM. Copies of it under other names stand for parents, ancestors
 * and previous programs. The exit status is that of PROGRAM, 100 + errno when the kernel would not start it, 99 for wrong usage.
 * WAY: exec (in this process), thread (in this process, by another thread), fork, vfork, spawn, orphan (by a grandchild whose parent is
 * gone). Before it may stand: gid=N and uid=N (become it), hold=MS (stay that long first), read=FIFO (stay until somebody writes
 * to it), as=NAME (exec and thread: NAME is argv[0]).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *other_name;

static int
refused(const char *program, int err)
{
	fprintf(stderr, "%s: %s\n", program, strerror(err));
	return 100 + err;
}

static int
status_of(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void *
exec_here(void *arg)
{
	char **argv = arg, *program = argv[0];

	if (other_name)
		argv[0] = other_name;
	execv(program, argv);
	_exit(refused(program, errno));
}

static int
way_thread(char **argv)
{
	pthread_t t;

	if (pthread_create(&t, NULL, exec_here, argv))
		return 99;
	pthread_join(t, NULL);
	return 99;
}

static int
way_fork(char **argv)
{
	pid_t pid = fork();

	if (pid == 0)
		exec_here(argv);
	return pid < 0 ? refused(argv[0], errno) : status_of(pid);
}

static int
way_vfork(char **argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(100 + errno);
	}
	return pid < 0 ? refused(argv[0], errno) : status_of(pid);
}

static int
way_spawn(char **argv)
{
	pid_t pid;
	int err = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);

	return err ? refused(argv[0], err) : status_of(pid);
}

/* The middle process is gone before the exec; we are a subreaper, so the status still comes to us. */
static int
way_orphan(char **argv)
{
	int gone[2];
	char c;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) || pipe2(gone, O_CLOEXEC))
		return 99;
	pid_t middle = fork();
	if (middle == 0) {
		close(gone[1]);
		if (fork() == 0) {
			if (read(gone[0], &c, 1) != 0)
				_exit(99);
			exec_here(argv);
		}
		_exit(0);
	}
	close(gone[0]);
	status_of(middle);
	close(gone[1]);
	return status_of(-1);
}

static int
way_exec(char **argv)
{
	exec_here(argv);
	return 99;
}

static const struct { const char *name; int (*go)(char **); } ways[] = {
	{ "exec", way_exec }, { "thread", way_thread }, { "fork", way_fork }, { "vfork", way_vfork }, { "spawn", way_spawn },
	{ "orphan", way_orphan },
};

/* Prefixes before the way. Returns how many arguments were taken, 0 when it is none. */
static int
prefix(char *arg)
{
	unsigned long n = strtoul(strchr(arg, '=') ? strchr(arg, '=') + 1 : "0", NULL, 10);

	if (strncmp(arg, "uid=", 4) == 0)
		return setgroups(0, NULL) == 0 && setresuid((uid_t)n, (uid_t)n, (uid_t)n) == 0 ? 1 : -1;
	if (strncmp(arg, "gid=", 4) == 0)
		return setresgid((gid_t)n, (gid_t)n, (gid_t)n) == 0 ? 1 : -1;
	if (strncmp(arg, "hold=", 5) == 0) {
		usleep((useconds_t)(n * 1000));
		return 1;
	}
	if (strncmp(arg, "read=", 5) == 0) {
		int fd = open(arg + 5, O_RDONLY | O_CLOEXEC);
		char c;
		return fd >= 0 && read(fd, &c, 1) == 1 && close(fd) == 0 ? 1 : -1;
	}
	if (strncmp(arg, "as=", 3) == 0) {
		other_name = arg + 3;
		return 1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	int at = 1, taken;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (at < argc && (taken = prefix(argv[at])) != 0) {
		if (taken < 0)
			return 99;
		at += taken;
	}
	if (at + 1 >= argc)
		return argc == 1 || at == argc ? 0 : 99;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[at], ways[i].name) == 0)
			return ways[i].go(argv + at + 1);
	/* Not a way: this copy plays an ordinary program with arguments. */
	return 0;
}
