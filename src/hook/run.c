#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "hook/run.h"

#define MINUTE_NS	(60 * NS_PER_SEC)
#define MEMORY_BYTES	(1ull << 30)
#define EXIT_NO_PROGRAM	127

bool
run_may(const struct run *r, uint64_t now_ns, uint64_t *next_ns)
{
	unsigned most = r->config->run_per_minute;

	*next_ns = 0;
	if (r->n >= r->config->run_at_once)
		return false;
	if (r->begun < most)
		return true;
	uint64_t free_ns = r->began_ns[r->begun % most] + MINUTE_NS;
	if (now_ns >= free_ns)
		return true;
	*next_ns = free_ns;
	return false;
}

static int
text_fd(const char *text, size_t len)
{
	CLEANUP_FD int fd = memfd_create("alert", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < len; ) {
		ssize_t n = pwrite(fd, text + at, len - at, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
		return -errno;
	return steal_fd(&fd);
}

static void
limit(int resource, uint64_t value)
{
	struct rlimit l = { .rlim_cur = value, .rlim_max = value };

	setrlimit((__rlimit_resource_t)resource, &l);
}

/* All as at birth. Asked of the kernel: libc keeps its hands off two of them, which whoever started us may have ignored. */
static void
reset_signals(void)
{
	static const unsigned long action[4], none;	/* struct sigaction as the kernel has it; struct sigset */

	for (int sig = 1; sig < NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, action, NULL, sizeof(none));
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

/* In the child: nothing is left of us but the filter, the user and the limits. */
static void __attribute__((noreturn))
become(const struct config *c, int in, int out, pid_t parent)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char text[CONFIG_ARGV];
	char *argv[CONFIG_ARGV / 2 + 1], *envp[] = { path, NULL };
	size_t at = 0;

	memcpy(text, c->hook.text, sizeof(text));
	for (unsigned i = 0; i < c->hook.n; i++) {
		argv[i] = text + at;
		at += strlen(text + at) + 1;
	}
	argv[c->hook.n] = NULL;
	reset_signals();
	setsid();
	limit(RLIMIT_AS, MEMORY_BYTES);
	limit(RLIMIT_CPU, c->run_timeout_ns / NS_PER_SEC + 1);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent || chdir("/") || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(out, 2) < 0 || close_range(3, ~0u, 0))
		_exit(EXIT_NO_PROGRAM);
	execve(text, argv, envp);	/* the first of them */
	_exit(EXIT_NO_PROGRAM);
}

int
run_begin(struct run *r, const char *text, size_t len, int null_fd)
{
	CLEANUP_FD int fd = text_fd(text, len);
	pid_t us = getpid();
	unsigned i = 0;

	if (fd < 0)
		return fd;
	while (i < RUN_MOST - 1 && r->running[i].pid)
		i++;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(r->config, fd, null_fd, us);
	uint64_t now = now_boot_ns();
	r->running[i] = (struct running){ .pid = pid, .until_ns = now + r->config->run_timeout_ns };
	r->began_ns[r->begun++ % r->config->run_per_minute] = now;
	r->n++;
	return 0;
}

bool
run_reap(struct run *r, struct run_end *end)
{
	siginfo_t si = { 0 };
	int status;

	if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) || !si.si_pid)
		return false;
	/* What it left behind in its session goes with it, while its number is nobody else's. */
	kill(-si.si_pid, SIGKILL);
	if (waitpid(si.si_pid, &status, 0) != si.si_pid)
		return false;
	end->failed = !WIFEXITED(status) || WEXITSTATUS(status);
	for (unsigned i = 0; i < RUN_MOST; i++)
		if (r->running[i].pid == si.si_pid) {
			r->running[i].pid = 0;
			r->n--;
		}
	return true;
}

unsigned
run_expire(struct run *r, uint64_t now_ns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RUN_MOST; i++) {
		struct running *p = &r->running[i];
		if (!p->pid || p->until_ns > now_ns)
			continue;
		if (kill(-p->pid, SIGKILL))	/* it may not have become a leader yet */
			kill(p->pid, SIGKILL);
		p->until_ns = UINT64_MAX;
		n++;
	}
	return n;
}

uint64_t
run_next_ns(const struct run *r)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < RUN_MOST; i++)
		if (r->running[i].pid && r->running[i].until_ns != UINT64_MAX && (!next || r->running[i].until_ns < next))
			next = r->running[i].until_ns;
	return next;
}
