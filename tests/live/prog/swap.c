/*
 * swap WAY TARGET GOOD BAD SECONDS: makes TARGET the one program and the other in turn, as fast as it can, while a second process starts
 * TARGET as fast as it can. WAY: rename (a new file over it), rewrite (emptied and written in place), unlink (removed and made anew),
 * truncate (cut to nothing and made anew). GOOD exits 0 and BAD 42, so the counts tell which ran: good=N bad=N refused=N busy=N absent=N
 * other=N longest_us=N
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct content { char *bytes; size_t len; };

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static struct content
content_of(const char *path)
{
	struct content c = { 0 };
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) || !(c.bytes = malloc((size_t)st.st_size)))
		exit(2);
	c.len = (size_t)read(fd, c.bytes, (size_t)st.st_size);
	close(fd);
	return c;
}

static void
put(const char *path, int flags, const struct content *c)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0755);

	if (fd < 0)
		return;		/* it runs at the moment: the next turn */
	if (write(fd, c->bytes, c->len) != (ssize_t)c->len)
		exit(2);
	close(fd);
}

static void
change(const char *way, const char *target, const struct content *c)
{
	char fresh[4096];

	snprintf(fresh, sizeof(fresh), "%s.new", target);
	if (strcmp(way, "rename") == 0) {
		put(fresh, O_TRUNC, c);
		rename(fresh, target);
	} else if (strcmp(way, "unlink") == 0) {
		unlink(target);
		put(target, O_EXCL, c);
	} else if (strcmp(way, "truncate") == 0) {
		if (truncate(target, 0) == 0)
			put(target, 0, c);
	} else {
		put(target, O_TRUNC, c);
	}
}

static void
change_for_ever(const char *way, const char *target, const struct content c[2])
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0;; i++)
		change(way, target, &c[i % 2]);
}

int
main(int argc, char **argv)
{
	unsigned long good = 0, bad = 0, refused = 0, busy = 0, absent = 0, other = 0, longest = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc != 6)
		return 2;
	struct content c[2] = { content_of(argv[3]), content_of(argv[4]) };
	uint64_t until = now_us() + strtoull(argv[5], NULL, 10) * 1000000;
	pid_t changer = fork();
	if (changer == 0)
		change_for_ever(argv[1], argv[2], c);
	for (uint64_t began; (began = now_us()) < until; ) {
		char *child[] = { argv[2], NULL };
		int status = 0;
		pid_t pid;
		int err = posix_spawn(&pid, argv[2], NULL, NULL, child, environ);
		uint64_t took = now_us() - began;
		longest = took > longest ? took : longest;
		refused += err == EPERM;
		busy += err == ETXTBSY || err == EBUSY;
		absent += err == ENOENT || err == ENOEXEC;
		other += err && err != EPERM && err != ETXTBSY && err != EBUSY && err != ENOENT && err != ENOEXEC;
		if (err || waitpid(pid, &status, 0) != pid)
			continue;
		good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
		bad += WIFEXITED(status) && WEXITSTATUS(status) == 42;
		absent += WIFSIGNALED(status);		/* half a program */
	}
	kill(changer, SIGKILL);
	waitpid(changer, NULL, 0);
	printf("good=%lu bad=%lu refused=%lu busy=%lu absent=%lu other=%lu longest_us=%lu\n", good, bad, refused, busy, absent, other, longest);
	return 0;
}
