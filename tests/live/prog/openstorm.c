/*
 * openstorm THREADS DIRECTORY: that many threads open and close the files of DIRECTORY for reading, until the input ends. Says "running"
 * once each of them has opened something, at the end opens=N failed=N.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define FILES_MAX 256

static char files[FILES_MAX][4096];
static unsigned n_files;
static atomic_ulong opens, failed, begun;
static atomic_bool over;

/* Threads that take every cpu slow an exec whoever is asked: one cpu is left, since this is about the queues of kernel and yett. */
static int
step_aside(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpus - 1, &set);
	return cpus < 2 || sched_setaffinity(0, sizeof(set), &set) ? -1 : sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ 0 });
}

static void *
work(void *arg)
{
	unsigned long at = (unsigned long)arg;

	for (bool first = true; !over; at++) {
		int fd = open(files[at % n_files], O_RDONLY | O_CLOEXEC);
		opens++;
		if (fd < 0)
			failed++;
		else
			close(fd);
		if (first && step_aside() == 0)
			begun++;
		first = false;
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	unsigned long threads = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	DIR *d = threads ? opendir(argv[2]) : NULL;
	pthread_attr_t small;
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!d)
		return 2;
	for (struct dirent *e; n_files < FILES_MAX && (e = readdir(d)); )
		if (e->d_name[0] != '.')
			snprintf(files[n_files++], sizeof(files[0]), "%s/%s", argv[2], e->d_name);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (unsigned long i = 0; n_files && i < threads; i++) {
		pthread_t t;
		if (pthread_create(&t, &small, work, (void *)i))
			return 2;
	}
	while (begun < threads)
		usleep(1000);
	puts("running");
	fflush(stdout);
	if (read(0, &c, 1) < 0)
		return 2;
	over = true;
	printf("opens=%lu failed=%lu\n", (unsigned long)opens, (unsigned long)failed);
	fflush(stdout);
	_exit(0);
}
