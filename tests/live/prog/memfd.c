/*
 * memfd PROGRAM ARGS...: copies PROGRAM into memory and runs it from there. memfd -unlink PROGRAM ARGS...: removes PROGRAM and runs what
 * it still holds open. memfd -fd PROGRAM ARGS...: the same without removing it. memfd -create: only makes the memory file, which audit
 * tells. Exit: the status of PROGRAM, 100 + errno if the kernel would not start it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

extern char **environ;

static int
run(int fd, char **argv)
{
	fexecve(fd, argv, environ);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	return 100 + errno;
}

static int
from_memory(char **argv)
{
	int to = memfd_create("payload", MFD_CLOEXEC), from = open(argv[0], O_RDONLY | O_CLOEXEC);

	if (to < 0 || from < 0)
		return 99;
	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	return run(to, argv);
}

static int
from_file(char **argv, int gone)
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (gone && unlink(argv[0])))
		return 99;
	return run(fd, argv);
}

int
main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc == 2 && strcmp(argv[1], "-create") == 0)
		return memfd_create("yett-test", MFD_CLOEXEC) < 0 ? 100 + errno : 0;
	if (argc > 2 && strcmp(argv[1], "-unlink") == 0)
		return from_file(argv + 2, 1);
	if (argc > 2 && strcmp(argv[1], "-fd") == 0)
		return from_file(argv + 2, 0);
	return argc > 1 ? from_memory(argv + 1) : 99;
}
