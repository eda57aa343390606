/*
 * work FILE [SECONDS]: the payload of an attack that must be stopped: adds a line to FILE every 10 ms while it lives (at most that long,
 * 10 by default), then one that says it was never stopped. What a reader finds in FILE is what the attacker achieved.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	long turns = (argc > 2 ? strtol(argv[2], NULL, 10) : 10) * 100;
	for (long i = 0; i < turns; i++) {
		if (write(fd, "working\n", 8) != 8)
			return 1;
		usleep(10000);
	}
	return write(fd, "finished\n", 9) == 9 ? 0 : 1;
}
