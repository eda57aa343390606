/*
 * knock FILE...: two threads open the files for reading, one after the other, until the input ends; then opened=N refused=N (with EPERM).
 * Exit 0, or 100 + errno of an open that failed otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static char **files;
static int n_files;
static atomic_ulong opened, refused;
static atomic_int failed;
static atomic_bool over;

static void *
knock(void *arg)
{
	for (int i = 0; !over && !failed; i++) {
		int fd = open(files[i % n_files], O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			opened++;
			close(fd);
		} else if (errno == EPERM) {
			refused++;
		} else {
			failed = errno;
		}
	}
	return arg;
}

int
main(int argc, char **argv)
{
	pthread_t t[2];
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc < 2)
		return 99;
	files = argv + 1;
	n_files = argc - 1;
	for (int i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, knock, NULL))
			return 99;
	while (read(0, &c, 1) > 0)
		;
	over = true;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	printf("opened=%lu refused=%lu\n", (unsigned long)opened, (unsigned long)refused);
	return failed ? 100 + failed : 0;
}
