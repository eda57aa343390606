/*
 * memfd PROGRAM ARGS...: copies PROGRAM into memory and runs it from there. Exit: its status, 100 + errno if the kernel would not. "-" in front: only makes
 * the memory file, which audit tells.
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

int
main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc < 2)
		return 99;
	int to = memfd_create("payload", MFD_CLOEXEC);
	if (to < 0)
		return 100 + errno;
	if (strcmp(argv[1], "-") == 0)
		return 0;
	int from = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return 99;
	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	fexecve(to, argv + 1, environ);
	fprintf(stderr, "memfd: %s\n", strerror(errno));
	return 100 + errno;
}
