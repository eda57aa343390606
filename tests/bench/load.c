/*
 * load [-r ROOT] [-a PID,PID...] [-w N] WHAT: one load, timed. Prints one line of name=value words, times in nanoseconds:
 *   ops, wall; cpu: of the load with its children; agent: of the processes -a; others: of everything else on the machine;
 *   p50, p99, longest: of one operation, where operations are timed one by one.
 * ROOT: the load runs chrooted there. -w: so many operations before the clock starts.
 *   exec WORKERS N PROGRAM [ARG...]   fork, exec, exit, wait
 *   each N DIRECTORY                  the same with the programs DIRECTORY/0 to N-1, each once
 *   open WORKERS N DIRECTORY FILES    open and close of the files DIRECTORY/0 to FILES-1 in turn
 *   connect N                         TCP to loopback, to a listener of its own
 *   fork WORKERS SECONDS              fork, exit, wait, as fast as they can
 *   run N PROGRAM [ARG...]            one program, which stands for N operations
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"

#define OPS_MAX		4000000
#define AGENTS_MAX	16
#define WORKERS_MAX	64

struct job {
	char		**arg;		/* of the load */
	int		  n_args;
	unsigned	  workers;
	size_t		  n, warm;	/* operations of all workers; before the clock starts, of each */
	size_t		  weight;	/* so many does one stand for */
	uint64_t	  until_ns;	/* instead of n */
	int		  listener;
	struct sockaddr_in where;
};

/* What the workers share. */
struct tally {
	_Atomic int	 failed;	/* errno */
	_Atomic uint64_t done, ready, go;
	uint64_t	 took[OPS_MAX];
};

typedef int op_fn(const struct job *, size_t i);

static int
start(char *const argv[])
{
	static char path[] = "PATH=/usr/bin", lang[] = "LC_ALL=C";
	static char *const env[] = { path, lang, NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execve(argv[0], argv, env);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : ECHILD;
}

static int
op_exec(const struct job *j, size_t i)
{
	(void)i;
	return start(j->arg + 2);
}

static int
op_each(const struct job *j, size_t i)
{
	char name[4096], *argv[] = { name, NULL };

	snprintf(name, sizeof(name), "%s/%zu", j->arg[1], i);
	return start(argv);
}

static int
op_open(const struct job *j, size_t i)
{
	char name[4096];

	snprintf(name, sizeof(name), "%s/%zu", j->arg[2], i % strtoul(j->arg[3], NULL, 10));
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd < 0 || close(fd) ? errno : 0;
}

static int
op_connect(const struct job *j, size_t i)
{
	const struct linger reset = { .l_onoff = 1 };	/* so that no port waits */
	CLEANUP_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)i;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) ||
	    connect(fd, (const struct sockaddr *)&j->where, sizeof(j->where)))
		return errno;
	CLEANUP_FD int other = accept4(j->listener, NULL, NULL, SOCK_CLOEXEC);
	return other < 0 ? errno : 0;
}

static int
op_fork(const struct job *j, size_t i)
{
	pid_t pid = fork();

	(void)j;
	(void)i;
	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) != pid ? errno : 0;
}

static int
op_run(const struct job *j, size_t i)
{
	(void)i;
	return start(j->arg + 1);
}

static int
listen_here(struct job *j)
{
	socklen_t len = sizeof(j->where);

	j->where = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	j->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (j->listener < 0 || bind(j->listener, (struct sockaddr *)&j->where, len) || listen(j->listener, 16) ||
	    getsockname(j->listener, (struct sockaddr *)&j->where, &len))
		return errno;
	return 0;
}

/* One worker: its share of the operations, or as many as fit into the time. */
static int
work(const struct job *j, struct tally *t, op_fn *op, unsigned worker)
{
	size_t share = j->n / j->workers, first = worker * share, end = worker + 1 == j->workers ? j->n : first + share;
	int err = 0;

	for (size_t i = 0; i < j->warm && !err; i++)
		err = op(j, i);
	t->ready++;
	while (!t->go)
		sched_yield();
	uint64_t at = now_boot_ns();
	for (size_t i = first; !err && (j->until_ns ? at < t->go + j->until_ns : i < end); i++) {
		err = op(j, i);
		uint64_t now = now_boot_ns();
		if (!j->until_ns)
			t->took[i] = now - at;
		at = now;
		if (j->until_ns)
			t->done++;
	}
	if (err)
		t->failed = err;
	return err;
}

static uint64_t
own_cpu_ns(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	struct timeval t[] = { self.ru_utime, self.ru_stime, children.ru_utime, children.ru_stime };
	uint64_t sum = 0;
	for (int i = 0; i < 4; i++)
		sum += (uint64_t)t[i].tv_sec * NS_PER_SEC + (uint64_t)t[i].tv_usec * NS_PER_US;
	return sum;
}

static int
read_file(int proc, const char *name, char *buf, size_t size)
{
	CLEANUP_FD int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

static uint64_t
agents_ns(int proc, const char *pids)
{
	uint64_t sum = 0;
	char name[64], text[200];

	for (const char *p = pids; p && *p; p += strcspn(p, ","), p += *p == ',') {
		snprintf(name, sizeof(name), "%.*s/schedstat", (int)strcspn(p, ","), p);
		if (read_file(proc, name, text, sizeof(text)) == 0)
			sum += strtoull(text, NULL, 10);
	}
	return sum;
}

/* All that was not idle; the kernel counts in ticks. */
static uint64_t
machine_ns(int proc)
{
	char text[4096];
	uint64_t sum = 0;

	if (read_file(proc, "stat", text, sizeof(text)))
		return 0;
	char *at = text + strcspn(text, " ");
	for (int column = 0; column < 8; column++) {
		uint64_t ticks = strtoull(at, &at, 10);
		if (column != 3 && column != 4)		/* idle, iowait */
			sum += ticks * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	}
	return sum;
}

static int
by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct meter { uint64_t wall, cpu, agent, machine; };

static struct meter
look(int proc, const char *pids)
{
	struct meter m;

	m.wall = now_boot_ns();
	m.cpu = own_cpu_ns();
	m.agent = agents_ns(proc, pids);
	m.machine = machine_ns(proc);
	return m;
}

static void
tell(const struct job *j, struct tally *t, const struct meter *a, const struct meter *b)
{
	uint64_t cpu = b->cpu - a->cpu, agent = b->agent - a->agent, machine = b->machine - a->machine;
	uint64_t ops = (j->until_ns ? t->done : j->n) * j->weight;

	printf("ops=%" PRIu64 " wall=%" PRIu64 " cpu=%" PRIu64 " agent=%" PRIu64 " others=%" PRIu64, ops, b->wall - t->go, cpu, agent,
	    machine > cpu + agent ? machine - cpu - agent : 0);
	if (!j->until_ns && j->weight == 1) {
		qsort(t->took, j->n, sizeof(t->took[0]), by_size);
		printf(" p50=%" PRIu64 " p99=%" PRIu64 " longest=%" PRIu64, t->took[j->n / 2], t->took[j->n - j->n / 100 - 1], t->took[j->n - 1]);
	}
	putchar('\n');
}

static int
run(struct job *j, op_fn *op, int proc, const char *pids)
{
	struct tally *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		return errno;
	for (unsigned w = 0; w < j->workers; w++) {
		pid_t pid = fork();
		if (pid < 0)
			return errno;
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(work(j, t, op, w) != 0);
		}
	}
	while (t->ready < j->workers)
		usleep(1000);
	struct meter a = look(proc, pids);	/* what warming up cost counts for the load in both halves of a pair alike */
	t->go = now_boot_ns();
	while (wait(NULL) > 0 || errno == EINTR)
		;
	struct meter b = look(proc, pids);
	if (!t->failed)
		tell(j, t, &a, &b);
	return t->failed;
}

static const struct { const char *name; op_fn *op; int args; } loads[] = {
	{ "exec", op_exec, 3 }, { "each", op_each, 2 }, { "open", op_open, 4 }, { "connect", op_connect, 1 }, { "fork", op_fork, 2 },
	{ "run", op_run, 2 },
};

static bool
has_workers(op_fn *op)
{
	return op == op_exec || op == op_open || op == op_fork;
}

/* Which of loads[], or -1. */
static int
parse(struct job *j, const char *name)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (strcmp(name, loads[i].name) != 0 || j->n_args < loads[i].args)
			continue;
		bool shared = has_workers(loads[i].op);
		unsigned long n = strtoul(j->arg[shared], NULL, 10);
		j->workers = shared ? (unsigned)strtoul(j->arg[0], NULL, 10) : 1;
		j->until_ns = loads[i].op == op_fork ? n * NS_PER_SEC : 0;
		j->n = loads[i].op == op_run ? 1 : n;
		j->weight = loads[i].op == op_run ? n : 1;
		return n && n <= OPS_MAX && j->workers && j->workers <= WORKERS_MAX ? (int)i : -1;
	}
	return -1;
}

int
main(int argc, char **argv)
{
	struct job j = { .listener = -1 };
	const char *root = NULL, *pids = NULL;
	int opt, proc = open("/proc", O_PATH | O_CLOEXEC), err = 0;

	while ((opt = getopt(argc, argv, "+r:a:w:")) != -1)
		switch (opt) {
		case 'r': root = optarg; break;
		case 'a': pids = optarg; break;
		case 'w': j.warm = strtoul(optarg, NULL, 10); break;
		default: return 2;
		}
	j.arg = argv + optind + 1;
	j.n_args = argc - optind - 1;
	int which = optind < argc ? parse(&j, argv[optind]) : -1;
	if (which < 0) {
		fputs("load: see the head of load.c\n", stderr);
		return 2;
	}
	if (root && (chroot(root) || chdir("/")))
		err = errno;
	if (!err && loads[which].op == op_connect)
		err = listen_here(&j);
	if (!err)
		err = run(&j, loads[which].op, proc, pids);
	if (err)
		fprintf(stderr, "load %s: %s\n", argv[optind], strerror(err));
	return err != 0;
}
